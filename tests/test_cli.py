"""The verbs as commands: help, examples, options, and what is said when they are asked wrongly."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Literal

import pytest
import torch
from judge import made

from trombine import __version__
from trombine.cli import _parameters, application
from trombine.commands import GROUPS, VERBS
from trombine.nets import build

HEAVY = ("torch", "numpy", "numba", "scipy", "skimage", "PIL", "tifffile", "rich.progress")
Command = Callable[..., subprocess.CompletedProcess[str]]
Shell = Callable[[str, Path], subprocess.CompletedProcess[str]]
PAGE_WORDS = ["", *GROUPS, *VERBS, "--install-completion"]
# What a help page loads is told after it has been printed.
HELP = """
import json, sys
from trombine.__main__ import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "loaded": sorted(sys.modules)}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def in_shell(on_path: dict[str, str]) -> Shell:
    """Runs a line as it is typed, with this trombine on the path."""

    def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
        here = os.environ | on_path | {"HOME": str(folder)}
        words = ["bash", "-c", line]
        return subprocess.run(
            words, cwd=folder, env=here, capture_output=True, text=True, timeout=600
        )

    return run


def request_of(line: str) -> type:
    """The request behind a command."""
    verb = VERBS[line]
    return getattr(import_module(f"trombine.verbs.{verb.module}"), verb.request)


@pytest.mark.parametrize("words", PAGE_WORDS)
def test_help_shows_two_examples_and_loads_nothing_heavy(words: str, tmp_path: Path) -> None:
    """In as many columns as there are."""
    call = [sys.executable, "-c", HELP, *words.split(), "--help"]
    narrow = os.environ | {"COLUMNS": "80"}
    done = subprocess.run(call, cwd=tmp_path, env=narrow, capture_output=True, text=True)
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["code"] == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    examples = done.stdout.partition("Examples:")[2].replace(" \\\n    ", " ").split("\n")
    lines = [line for line in examples if line.startswith("  ")]
    assert len(lines) == 2
    assert all(f"trombine {words}".strip() in line for line in lines)
    if verb := VERBS.get(words):
        assert [line.strip() for line in lines] == list(verb.examples), "as they can be copied"
    assert '[default: ""]' not in done.stdout and "[default: ()]" not in done.stdout
    assert not set(HEAVY) & set(told["loaded"])


def answer_test(folder: Path) -> None:
    """What people sent: the answers of two, one always right."""
    key = json.loads((folder / "study.key.json").read_text())
    for name, count in (("ann", 4), ("ben", 2)):
        made.write(
            folder / "answers" / f"{name}.json", made.answers(key, name, made.right(count, count))
        )


@pytest.mark.long
def test_every_example_does_what_it_says(in_shell: Shell, tmp_path: Path) -> None:
    """In the order of the table: a later one may use what an earlier one made."""
    torch.save(build("residual", {}).state_dict(), tmp_path / "old.pth")  # which others bring
    for line, verb in VERBS.items():
        if verb.serves:  # tests/studio serve, and ask
            continue
        if line == "judge people score":
            answer_test(tmp_path)
        for example in verb.examples:
            done = in_shell(example, tmp_path)
            assert done.returncode == 0, f"{example}\n{done.stderr}"
            assert done.stdout


@pytest.mark.parametrize("line", VERBS)
def test_a_command_says_what_its_request_says(line: str) -> None:
    request = request_of(line)
    assert VERBS[line].summary == (request.__doc__ or "").splitlines()[0]
    fields = {field.name for field in dataclasses.fields(request)}
    assert set(VERBS[line].positional) <= fields


@pytest.mark.parametrize("line", VERBS)
def test_every_option_is_described(line: str, command: Command) -> None:
    shown = command(*line.split(), "--help").stdout
    for parameter in _parameters(request_of(line), VERBS[line].positional):
        told = parameter.annotation.__metadata__[0]
        assert told.help, f"{line}: {parameter.name} has no sentence below it"
        assert told.help.split()[0] in shown


@pytest.mark.parametrize("line", VERBS)
def test_every_verb_has_its_page(line: str, root: Path) -> None:
    page = root / "docs" / f"{line.split()[0]}.md"
    assert f"trombine {line}" in page.read_text()
    assert f"docs/{page.name}" in (root / "README.md").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dcotor", 'Did you mean "doctor"'),
        ("data wolrd", 'Did you mean "world"'),
        ("doctor --speed 3", "doctor: does not take --speed; trombine doctor --help says"),
        ("data world --count 1 -o x --siz 3", "take --siz; did you mean --size?; trombine data"),
        ("doctor -xyz", "doctor: does not take -xyz; "),
        ("train dcgan --change=oh", 'train: --change: unable to convert "oh" into bool; '),
        ("data world -o x", "--count"),
        (
            "data world --count many -o x",
            "world: --count: many is not a whole number; trombine data",
        ),
        ("data world --count 4.5 -o x", "4.5 is not a whole number"),
        ("data world --count 0 -o x", "1 or more"),
        ("doctor me", "doctor: does not take me; "),
        ("data world --count 1", "--output is missing; "),
        ("data world --count", "--count needs a value after it; "),
        ("replay a.png -o", "-o needs a value after it; "),
        ("data world --count 1 --size 3 -o x", "16"),
        ("data world --count 1 --style oil -o x", "anime"),
        ("replay -o x", "PICTURES"),
        ("replay a.png", "--output"),
        ("replay nowhere.png -o x.png", "nowhere.png"),
        ("replay a.png -o ", "one of the words is empty; if it is a variable, it is not set"),
    ],
)
def test_a_wrong_word_gets_one_line_and_2(words: str, said: str, command: Command) -> None:
    done = command(*words.split(" "))
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("trombine: ")
    assert said in line


@pytest.mark.parametrize("words", ["a b -o c", "-o c a b", "a --overwrite b -o c", "-oc -- a b"])
def test_names_of_files_may_stand_anywhere(words: str, command: Command) -> None:
    done = command("replay", *words.split())
    assert done.returncode == 1
    assert done.stdout == "0 pictures written, 2 skipped: a, b\n"


def test_version(command: Command) -> None:
    done = command("--version")
    assert (done.returncode, done.stdout.strip()) == (0, __version__)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_and_option(
    shell: Literal["bash", "zsh", "fish"],
) -> None:
    script = application().generate_completion(shell=shell)
    for line in VERBS:
        assert line.split()[-1] in script
    assert "overwrite" in script


def test_completion_is_installed_where_it_is_told(in_shell: Shell, tmp_path: Path) -> None:
    done = in_shell("trombine --install-completion --shell bash -o here/completion", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "leaves" in (tmp_path / "here" / "completion").read_text()
    assert in_shell("bash -n here/completion", tmp_path).returncode == 0


def test_completion_in_a_named_file_edits_nothing_else(in_shell: Shell, tmp_path: Path) -> None:
    """With --output only that file is written; without it the shell's start-up file is edited."""
    (tmp_path / ".bashrc").write_text("mine\n")
    done = in_shell("trombine --install-completion --shell bash --output here", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".bashrc", "here"]
    assert (tmp_path / ".bashrc").read_text() == "mine\n" and "bashrc" not in done.stdout
    assert in_shell("trombine --install-completion --shell bash", tmp_path).returncode == 0
    assert "trombine" in (tmp_path / ".bashrc").read_text()
