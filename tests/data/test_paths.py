"""Paths of a spec: what is not there is said before anything is painted, with what to write."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from trombine.data import source as source_module
from trombine.data.made import Maker
from trombine.data.painting import paint_pack
from trombine.data.paths import check_paths
from trombine.data.source import source
from trombine.data.split import prepare_split
from trombine.io.image import save_picture
from trombine.refusal import InputError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with folders of a picture each, and a pack."""
    monkeypatch.chdir(tmp_path)
    for name in ("plain", "a+leaves", "x@test", "@test", "pack#1"):
        save_picture(tmp_path / name / "1.png", np.zeros((16, 16, 3), np.uint8))
    maker = Maker(kind="leaves", size=16)
    paint_pack(Path("two"), maker, first_seed=0, count=2, workers=1)
    return tmp_path


CURES = {
    "folder:a+leaves": 'a: is not a folder; write folder:"a+leaves"',
    "folder:plain+folder:a+leaves*0.5": 'a: is not a folder; write folder:"a+leaves"',
    "folder:x@test": 'x: is not a folder; write folder:"x@test"',
    "folder:x@test+leaves": 'x: is not a folder; write folder:"x@test"',
    "pack:pack#1": 'pack: does not exist; write pack:"pack#1"',
    "pack:two@dev": "two@dev: does not exist; write @train, @choose or @test, for @dev is no use",
    "pack:two#5@test": "two#5: does not exist; @ comes before #: write pack:two@test#5",
    "lfw:gone": "gone: is not a folder; check the name",
    "leaves#2+pack:gone": "gone: does not exist; check the name",
    "folder:" + "g" * 999: "g: is not a folder; check the name",
}


@pytest.mark.parametrize("spec", CURES)
def test_what_was_meant_is_named(spec: str) -> None:
    with pytest.raises(InputError, match=re.escape(CURES[spec])) as caught:
        check_paths(spec)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "spec", ["folder:plain+leaves", 'folder:"a+leaves"', "pack:two#1", "hub:x"]
)
def test_what_is_there_is_left_alone(spec: str) -> None:
    check_paths(spec)


def test_a_pack_that_is_begun_is_not_said_to_be_gone(here: Path) -> None:
    (here / ".new.part").mkdir()
    with pytest.raises(InputError, match="is not finished"):
        source("pack:new", 16)


def test_nothing_is_painted_for_a_spec_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def paint(*_: object, **__: object) -> object:
        raise AssertionError("painted")

    monkeypatch.setattr(source_module, "paint_pack", paint)
    with pytest.raises(InputError, match="is not a folder"):
        source("leaves#3+folder:gone", 16)
    with pytest.raises(InputError, match="is not a folder"):
        prepare_split("leaves#3+folder:gone", 16, 2)


HINTS = {
    "plain": "'plain' is not a source; .*; write folder:plain$",
    "plain#3": "; write folder:plain$",
    "x@test": "'x' is not a source; a source is [^;]*$",
    "two": "; write pack:two$",
    "gone": "'gone' is not a source; a source is [^;]*$",
    "folder:@test": "names nothing after 'folder:'; write folder:\"@test\"$",
    "pack:@test": "names nothing after 'pack:'; write pack:\"@test\"$",
    "lfw:#3": "names nothing after 'lfw:'; write lfw:PATH$",
}


@pytest.mark.parametrize("spec", HINTS)
def test_a_wrong_spec_says_what_to_write(spec: str) -> None:
    with pytest.raises(InputError, match=HINTS[spec]):
        check_paths(spec)


def test_a_use_that_nobody_states_and_another_size_have_a_cure() -> None:
    with pytest.raises(InputError, match="for this use; make a pack of the folder: trombine data"):
        source("folder:plain@test", 16)
    with pytest.raises(InputError, match="give --size 16, or make a pack of 32 px: trombine data"):
        source("pack:two", 32)
    with pytest.raises(InputError, match="has only 1 picture; ask for no more"):
        source("folder:plain#3", 16)
