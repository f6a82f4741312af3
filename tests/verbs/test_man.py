"""The manual: every command and every option, in roff that man(1) takes without a warning."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from importlib import import_module

import pytest

from trombine.cli import application
from trombine.commands import VARIABLES, VERBS
from trombine.files import cache_folder
from trombine.verbs.man import _escaped, page


def test_every_command_and_option_is_there() -> None:
    text = page().replace(r"\-", "-")
    for line, verb in VERBS.items():
        assert f".SS trombine {line}" in text and verb.examples[0] in text
        request = getattr(import_module(f"trombine.verbs.{verb.module}"), verb.request)
        section = (
            text.partition(f".SS trombine {line}\n")[2]
            or text.partition(f".SS trombine {line} ")[2]
        )
        section = section.partition(".SS ")[0]
        for field in dataclasses.fields(request):
            if field.name not in verb.positional:
                assert f"--{field.name.strip('_').replace('_', '-')}" in section


def test_its_first_line_is_that_of_help() -> None:
    """The manual says of trombine what --help does: nothing that no command can do."""
    line = page().replace(r"\-", "-").partition(".SH NAME\n")[2].partition("\n")[0]
    help_line = str(application().help)
    assert line.casefold() == f"trombine - {help_line.rstrip('.')}".casefold()


@pytest.mark.parametrize(
    "option",
    [
        "--as STR",
        "--output, -o PATH",
        "--model STR|PATH",
        "--size INT",
        "--recursive",
        "--tile INT|STR",
        "--grid STR...",
        "--install-completion",
        "--version",
    ],
)
def test_options_name_their_values(option: str) -> None:
    """An option stands in the manual with what it takes, as --help shows it."""
    plain = re.sub(r"\\f[BIR]", "", page().replace(r"\-", "-")).splitlines()
    assert option in [line.replace(" (default)", "") for line in plain]


def test_it_names_variables_and_files() -> None:
    """Variables that change how trombine runs are in the manual, and where it keeps files."""
    text = re.sub(r"\\f[BIR]", "", page().replace(r"\-", "-"))
    environment = text.partition(".SH ENVIRONMENT\n")[2].partition(".SH ")[0]
    for name, does in VARIABLES.items():
        assert f".TP\n{name}\n{does}" in environment
    files = text.partition(".SH FILES\n")[2].partition(".SH ")[0]
    assert "~/.cache/trombine" in files and "TROMBINE_CACHE" in files
    assert str(cache_folder()) not in text, "the page is the same on every machine"


def test_no_text_is_taken_for_a_macro() -> None:
    assert _escaped(".x -y \\n") == r"\&.x \-y \en"


def test_groff_takes_it_without_a_warning() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    done = subprocess.run(
        [groff, "-man", "-ww", "-Tascii"], input=page(), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "TROMBINE(1)" in done.stdout and "trombine upscale" in done.stdout
