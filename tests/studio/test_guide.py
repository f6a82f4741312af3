"""What docs/studio.md shows to programs is run as it stands: curl's lines, and the client."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import skimage.data
from PIL import Image
from studios import Server


def block(root: Path, start: str) -> str:
    """The block of the guide that begins so."""
    text = (root / "docs" / "studio.md").read_text()
    (found,) = re.findall(rf"^```text\n({re.escape(start)}.*?)^```", text, re.DOTALL | re.MULTILINE)
    return found


def photo(folder: Path) -> None:
    """photo.jpg: a small face."""
    Image.fromarray(skimage.data.astronaut()[40:200:2, 150:310:2]).save(folder / "photo.jpg")


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_the_lines_for_curl(root: Path, tmp_path: Path, server: Server) -> None:
    photo(tmp_path)
    lines = block(root, "H=").replace("TOKEN", server.token).replace("8642", str(server.port))
    *given, add, look, listen, fetch, delete = lines.splitlines()
    assert [line.split("=")[0] for line in given] == ["H", "A"]

    def run(line: str) -> str:
        words = ["bash", "-eu", "-c", "\n".join([*given, line.replace("/ID", f"/{id}")])]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
        return done.stdout

    id = ""
    id = json.loads(run(add))["id"]
    assert json.loads(run(look))["fields"] == {"pictures": ["pictures/photo.jpg"], "scale": "4"}
    assert '"state": "done"' in run(listen).splitlines()[-2]
    run(fetch)
    assert size_of(tmp_path / "photo.png") == (320, 320)
    assert run(delete) == ""
    assert "no such" in json.loads(run(look))["error"]


def test_the_client(root: Path, tmp_path: Path, server: Server) -> None:
    photo(tmp_path)
    code = block(root, "import json").replace("8642", str(server.port))
    file = tmp_path / "client.py"
    file.write_text(f"TOKEN = {server.token!r}\n{code}")
    done = subprocess.run([sys.executable, file.name], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert size_of(tmp_path / "photo.png") == (160, 160)
