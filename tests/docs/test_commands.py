"""Every command and every Python snippet of README.md and docs/ is run, page by page, in order.

A page starts in a folder with a few files that all guides name; what its first command makes, its
next one finds. What is not run is on a list in snippets.py, with its reason.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image
from snippets import NOT_RUN, PAGES, Snippet, reason_not_to_run, snippets

import trombine
from trombine import world
from trombine.world import paint

Command = Callable[..., subprocess.CompletedProcess[str]]
QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
FOR_THE_SHELL = re.compile(r"[|&;<>$`*?~]")


def run(snippet: Snippet, folder: Path, command: Command) -> subprocess.CompletedProcess[str]:
    """Run it as a reader would, but for warnings, which are errors here; in this process, where it
    is trombine alone: an error of a block of Python is the test's."""
    code = snippet.code
    if snippet.language == "python":
        with chdir(folder):
            exec(compile(code, "snippet", "exec"), {"__name__": "snippet"})
        return subprocess.CompletedProcess(code, 0)
    first, *words = shlex.split(code)
    if first == "trombine" and not FOR_THE_SHELL.search(QUOTED.sub("", code)):
        return command(*words, cwd=folder)
    python = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    here = os.environ | {"PATH": python, "PYTHONWARNINGS": "error"}
    line = ["bash", "-euo", "pipefail", "-c", code]
    return subprocess.run(line, cwd=folder, env=here, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the guides call photo.jpg, mask.png, painting.jpg, holiday, photos, clip.mp4,
    dance.webm, faces and she.character.json: painted and small, so that commands take moments."""
    folder = tmp_path_factory.mktemp("files")
    face = Image.fromarray(paint(world.face(2_000_000), 80, "photo").pixels)
    (folder / "holiday" / "day 1").mkdir(parents=True)
    for path in ("photo.jpg", "holiday/0.jpg", "holiday/day 1/6.jpg"):
        face.save(folder / path)
    hole = np.zeros((80, 80), np.uint8)
    hole[50:56, 30:48] = 255
    Image.fromarray(hole).save(folder / "mask.png")
    Image.fromarray(paint(world.face(9), 64, "cartoon").pixels).save(folder / "painting.jpg")
    (folder / "photos").mkdir()
    for number in range(5):  # an enlarger learns from squares of this size, five at least
        face.resize((240, 240)).save(folder / "photos" / f"{number}.jpg")
    for path, codec in (("clip.mp4", "libx264"), ("dance.webm", "libvpx-vp9")):
        with av.open(str(folder / path), "w") as film:
            stream: Any = film.add_stream(codec, rate=25)
            stream.width = stream.height = 80
            stream.pix_fmt = "yuv420p"
            film.mux([*stream.encode(VideoFrame.from_image(face)), *stream.encode(None)])
    trombine.data_world(count=4, size=64, output=folder / "faces")
    person = {"character": asdict(world.face(2_000_001))}
    (folder / "she.character.json").write_text(dumps(person))
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(command: Command, files: Path, page: str, tmp_path: Path) -> None:
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    for snippet in snippets(PAGES[page].read_text()):
        if snippet.language == "python" or not reason_not_to_run(snippet.code, page):
            done = run(snippet, tmp_path, command)
            assert done.returncode == 0, f"{page}: {snippet.code}\n{done.stdout}\n{done.stderr}"


def test_the_list_names_nothing_that_no_page_has() -> None:
    found = [s.code for page in PAGES.values() for s in snippets(page.read_text())]
    unused = [start for start in NOT_RUN if not any(code.startswith(start) for code in found)]
    assert not unused


EXAMPLE = """
```sh
# a comment
trombine data world --count 1 \\
  --size 16
make test
```
```
trombine doctor
Versions
```
```console
$ trombine --version
0.1.0
```
```python
import trombine
```
```text
trombine is not run here
```
"""


def test_the_test_finds_the_commands_of_a_page() -> None:
    found = [snippet.code.split() for snippet in snippets(EXAMPLE)]
    assert found == [
        ["trombine", "data", "world", "--count", "1", "--size", "16"],
        ["make", "test"],
        ["trombine", "doctor"],
        ["trombine", "--version"],
        ["import", "trombine"],
    ]


def test_a_failing_command_is_seen(command: Command, tmp_path: Path) -> None:
    assert run(Snippet("sh", "trombine no-such-verb"), tmp_path, command).returncode == 2
    assert run(Snippet("sh", "false | true"), tmp_path, command).returncode == 1
    with pytest.raises(AttributeError):
        run(Snippet("python", "import trombine; trombine.no_such_verb"), tmp_path, command)
