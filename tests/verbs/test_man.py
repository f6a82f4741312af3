"""The manual: every command and every option, in roff that man(1) takes without a warning."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from importlib import import_module

import pytest

from trombine.commands import VERBS
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
                assert f"--{field.name.replace('_', '-')}" in section


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
