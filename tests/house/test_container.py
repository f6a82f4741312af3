"""The Containerfile, read: no container is built here."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from configparser import ConfigParser
from dataclasses import fields
from pathlib import Path

import pytest

from trombine.verbs.studio import PORT, StudioRequest

Lines = list[tuple[str, str]]


class Unit(ConfigParser):
    """A unit of systemd, whose words keep their capitals."""

    def optionxform(self, optionstr: str) -> str:
        """The word as it is."""
        return optionstr


@pytest.fixture(scope="module")
def lines(root: Path) -> Lines:
    """Instructions and their arguments, in order."""
    text = (root / "Containerfile").read_text()
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = plain.replace("\\\n", " ")
    pairs = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name, " ".join(rest.split())) for name, _, rest in pairs]


def of(lines: Lines, instruction: str) -> list[str]:
    return [rest for name, rest in lines if name == instruction]


def copied(lines: Lines) -> set[str]:
    return {path for rest in of(lines, "COPY") for path in rest.split()[:-1]}


def test_it_begins_with_python_and_names_no_other_place(lines: Lines) -> None:
    """The image is Python's own, of the version that is tested, from wherever images come."""
    assert of(lines, "FROM") == ["python:3.11-slim"]


def test_what_it_copies_is_there(root: Path, lines: Lines) -> None:
    """Every path that is copied exists, and is all that building a wheel needs."""
    assert copied(lines) >= {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert all((root / path).exists() for path in copied(lines))


def test_nothing_else_is_sent_to_who_builds(root: Path, lines: Lines) -> None:
    """.dockerignore leaves exactly what is copied: no .venv, no runs, no pictures."""
    listed = (root / ".dockerignore").read_text().splitlines()
    assert "*" in listed
    assert {line[1:] for line in listed if line.startswith("!")} == copied(lines)


def test_it_installs_as_the_readme_says(root: Path, lines: Lines) -> None:
    """It installs by the README's command and index, torch for the CPU under the constraints."""
    readme, (install,) = (root / "README.md").read_text(), of(lines, "RUN")
    index, _ = of(lines, "ARG")
    assert index.partition("=")[2] in readme
    assert "pip install -c constraints.txt ." in readme
    commands = [re.sub(r"--no-cache-dir ", "", part) for part in re.split(r"&&|;", install)]
    assert any(part.strip().startswith("pip install -c constraints.txt ") for part in commands)
    torch = next(part for part in commands if part.rstrip().endswith(" torch"))
    assert '-c constraints.txt --no-deps --index-url "$TORCH_INDEX" torch' in torch
    assert [part for part in commands if "http" in part] == []


@pytest.mark.parametrize(
    ("extras", "what"), [("", "."), ("opencv", ".[opencv]"), ("heif,hub", ".[heif,hub]")]
)
def test_extras_are_named_when_it_is_built(lines: Lines, extras: str, what: str) -> None:
    """--build-arg EXTRAS=opencv installs an extra; without it, none is."""
    assert "EXTRAS=" in of(lines, "ARG")
    (install,) = of(lines, "RUN")
    stubs = 'pip() { echo "$*"; }; useradd() { :; }; install() { :; }; '
    environment = {"EXTRAS": extras, "TORCH_INDEX": "here"}
    done = subprocess.run(
        ["sh", "-c", stubs + install], env=environment, capture_output=True, text=True, check=True
    )
    installs = done.stdout.splitlines()
    assert installs[-1] == f"install --no-cache-dir -c constraints.txt {what}"
    assert "torch" in installs[0]


def test_it_runs_trombine_as_a_user_without_rights(lines: Lines) -> None:
    """The entry is trombine, and who runs it is not root and may write where volumes are."""
    assert json.loads(of(lines, "ENTRYPOINT")[0]) == ["trombine"]
    (user,), (install,) = of(lines, "USER"), of(lines, "RUN")
    assert user != "root" and f"useradd --create-home {user}" in install
    names = [name for name, _ in lines]
    assert names.index("USER") > names.index("RUN")
    volumes = json.loads(of(lines, "VOLUME")[0])
    assert f"install -d -m 1777 {' '.join(volumes)}" in install


def test_the_guide_says_what_to_mount(root: Path, lines: Lines) -> None:
    """docs/install.md has a row for each volume, and the words that build the image."""
    guide = (root / "docs" / "install.md").read_text()
    for volume in json.loads(of(lines, "VOLUME")[0]):
        assert f"| `{volume}` |" in guide
    assert "TROMBINE_CACHE=/cache" in of(lines, "ENV")
    assert of(lines, "WORKDIR")[-1] == "/pictures"
    assert "podman build -t trombine ." in guide and "TORCH_INDEX" in guide
    assert "--build-arg EXTRAS=" in guide
    assert "has parts under the GPL" in guide, "whoever passes an image on is told"


def test_the_service_of_the_guide_starts_a_studio_as_a_user_without_rights(
    root: Path, tmp_path: Path
) -> None:
    """docs/studio-class.md: options that there are, in places that it may write."""
    text = (root / "docs" / "studio-class.md").read_text()
    (unit,) = re.findall(r"^```ini\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    service = Unit(interpolation=None)
    service.read_string(unit)
    told = service["Service"]
    program, verb, *words = told["ExecStart"].split()
    assert (Path(program).name, verb) == ("trombine", "studio")
    names = [word for word in words if word.startswith("--")]
    assert names == ["--lan", "--port", "--data"]
    assert {name[2:] for name in names} <= {field.name for field in fields(StudioRequest)}
    home = f"/var/lib/{told['StateDirectory']}"
    assert words[-1].startswith(home) and told["WorkingDirectory"] == home
    assert told["Environment"] == f"TROMBINE_CACHE={home}/cache"
    assert int(told["SuccessExitStatus"]) == 128 + signal.SIGTERM
    if shutil.which("systemd-analyze"):
        file = tmp_path / "trombine-studio.service"
        file.write_text(unit.replace(program, sys.executable))
        checked = subprocess.run(
            ["systemd-analyze", "verify", str(file)], capture_output=True, text=True
        )
        assert "trombine-studio.service" not in checked.stderr, checked.stderr


def test_the_guide_s_container_serves_under_the_address_that_it_is_told(root: Path) -> None:
    guide = (root / "docs" / "studio-class.md").read_text()
    (line,) = re.findall(r"^podman run .*studio.*$", guide, re.MULTILINE)
    words = line.split()
    port = words[words.index("-p") + 1].rpartition(":")[2]
    assert int(port) == PORT and words[-1].endswith(f":{port}")
    assert StudioRequest(lan=True, root_path=words[-1]).root_path in line
    assert "-v trombine:/cache trombine studio --lan" in line
