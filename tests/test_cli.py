"""The functions as commands: help, examples, and what is said when they are asked wrongly."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from snippets import PAGES, snippets

import trombine
from trombine import __version__
from trombine.cli import application
from trombine.commands import COMMANDS, GROUPS
from trombine.commands.options import help_of
from trombine.commands.studio import studio

Command = Callable[..., subprocess.CompletedProcess[str]]


def function_of(line: str) -> Callable[..., object]:
    if line == "studio":  # trombine.studio is a package
        return studio
    return getattr(trombine, line.replace(" ", "_"))


def shown(line: str) -> list[str]:
    """The lines of the examples in a function's docstring."""
    text = (inspect.getdoc(function_of(line)) or "").partition("For example:\n")[2]
    return text.partition("\n\n")[0].splitlines()


def examples(line: str) -> list[str]:
    """The commands that these lines are."""
    lines = "\n".join(shown(line)).replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines]


def test_a_list_of_commands_loads_none(tmp_path: Path) -> None:
    code = "import sys; from trombine.__main__ import main; main(['--help']); print(*sys.modules)"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "numba", "scipy", "PIL"} & set(done.stdout.split())
    for name in COMMANDS:
        assert name.split()[0] in done.stdout


@pytest.mark.parametrize("line", COMMANDS)
def test_a_help_page_fits_a_screen_and_says_what_the_function_says(
    line: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    function = function_of(line)
    assert inspect.getdoc(function).splitlines()[0] == COMMANDS[line][1]  # type: ignore[union-attr]
    page = command(*line.split(), "--help")
    assert page.returncode == 0 and page.stderr == ""
    assert len(page.stdout.splitlines()) <= 40, "common options first, a line each"
    whole = {row.rstrip() for row in page.stdout.splitlines()}
    assert set(shown(line)) <= whole, "pasted, a broken line is another command"
    plain = " ".join(re.sub(r"[│╭╮╰╯─]", " ", page.stdout).split())
    says = help_of(function)
    for name, parameter in inspect.signature(function).parameters.items():
        hidden = name in ("progress",) or parameter.kind is parameter.VAR_KEYWORD
        assert hidden or says.get(name, "").split(".")[0] in plain, f"{line}: {name}"
    assert 1 <= len(examples(line)) <= 2
    for example in examples(line):
        assert f"trombine {line}" in example and example.split(" -")[0] in plain, example


@pytest.mark.parametrize("line", COMMANDS)
def test_every_example_is_run_as_a_command_of_a_page(line: str) -> None:
    """tests/docs/test_commands.py runs those; here none is run a second time."""
    shown = {
        " ".join(s.code.split()) for page in PAGES.values() for s in snippets(page.read_text())
    }
    assert set(examples(line)) <= shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dcotor", 'Did you mean "doctor"'),
        ("data wolrd", 'Did you mean "world"'),
        ("doctor --speed 3", "doctor: unknown option: --speed; trombine doctor --help says"),
        ("data world --count 1 -o x --siz 3", "--siz. Did you mean --size?; trombine data"),
        ("inpaint", "inpaint: PICTURES is missing; "),
        ("data world -o x", "data world: --count is missing; "),
        ("data world --count many -o x", "for --count: many is not a whole number; trombine data"),
        ("data world --count 0 -o x", "for --count. Input should be greater than or equal to 1;"),
        ("replay a.png -o", "-o requires an argument; "),
        ("replay a.png -o ", "one of the words is empty; if it is a variable, it is not set"),
        ("doctor -v -q", "-q and -v ask for less and for more; give one of them"),
    ],
)
def test_a_wrong_word_gets_one_line_and_2(words: str, said: str, command: Command) -> None:
    done = command(*words.split(" "))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("trombine: ") and said in line


@pytest.mark.parametrize("words", ["a b -o c", "-o c a b", "a --overwrite b -o c", "-oc -- a b"])
def test_names_of_files_may_stand_anywhere(words: str, command: Command) -> None:
    done = command("upscale", *words.split())
    assert (done.returncode, done.stdout) == (1, "0 pictures written, 2 bad: a, b\n")


def test_version_and_completion(command: Command) -> None:
    assert command("--version").stdout.strip() == __version__
    for shell in ("bash", "zsh", "fish"):
        script = application().generate_completion(shell=shell)
        assert all(line.split()[-1] in script for line in COMMANDS) and "overwrite" in script
    assert set(GROUPS) <= {line.rpartition(" ")[0] for line in COMMANDS} | {"judge"}
