"""The grammar of specs, ambiguous ones above all."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trombine.core.errors import InputError
from trombine.data import source as source_module
from trombine.data.columns import SPLITS
from trombine.data.painting import Maker, paint_pack
from trombine.data.source import Term, check_paths, parse, source, spell
from trombine.data.split import prepare_split
from trombine.io.image import save_picture
from trombine.world import STYLES

PHOTO = Term(kind="world", styles=("photo",))
PAIR = Term(kind="world", styles=("photo", "anime"))
LEAVES = Term(kind="leaves")


def folder(path: str, count: int | None = None, weight: float = 1) -> Term:
    return Term(kind="folder", path=path, count=count, weight=weight)


MEANINGS = {
    "world:photo": (PHOTO,),
    "world:anime+photo": (Term(kind="world", styles=("anime", "photo")),),
    " world:photo + leaves": (PHOTO, LEAVES),
    "world:photo+anime+leaves": (PAIR, LEAVES),
    "world:photo+world:anime": (PHOTO, Term(kind="world", styles=("anime",))),
    "leaves#5-9": (Term(kind="leaves", first=5, count=5),),
    "leaves#5-5*2": (Term(kind="leaves", first=5, count=1, weight=2),),
    "world:photo+anime#5*.5": (Term(kind="world", styles=("photo", "anime"), count=5, weight=0.5),),
    # Paths: what begins no term belongs to the path before.
    "folder:C:\\faces": (folder("C:\\faces"),),
    "folder:a+b+leaves": (folder("a+b"), LEAVES),
    "folder:a+leaves2": (folder("a+leaves2"),),
    "folder:a#3b": (folder("a#3b"),),
    "folder:a#3*2+pack:b": (folder("a", 3, 2), Term(kind="pack", path="b")),
    "folder:a*0.5#100": (folder("a*0.5", 100),),
    'folder:"a#3"#4*.5+leaves': (folder("a#3", 4, 0.5), LEAVES),
    'folder:a"b': (folder('a"b'),),
    "celeba:faces": (Term(kind="celeba", path="faces"),),
    "pack:a@test#3*.5": (Term(kind="pack", path="a", split="test", count=3, weight=0.5),),
    'folder:"a@test"': (folder("a@test"),),
}


@pytest.mark.parametrize("spec", MEANINGS)
def test_a_spec_means_one_thing_and_is_spelled_so(spec: str) -> None:
    assert parse(spec) == parse(spell(MEANINGS[spec])) == MEANINGS[spec]


WRONG = {
    "photo": "did you mean world:photo?",
    "world:foto": "one of photo, anime, cartoon, sketch, posed, children, two with +",
    "world:photo+photo": "two different styles",
    "world:photo*0.7+anime*0.3": "not photo*0.7+anime",
    "leaves#0": "above 0",
    "leaves#9-5": "#9-5: a count is above 0, and seeds are the first and the last",
    "leaves*-1": "is not a source",
    "folder:": "names nothing after 'folder:'; write folder:PATH",
    "leaves++leaves": "is not a source",
    "leaves@test": "is for pictures of a folder",
    "world:a\x1bb\n": "a style is one of",
}


@pytest.mark.parametrize("spec", WRONG)
def test_a_wrong_spec_is_refused_in_one_line(spec: str) -> None:
    with pytest.raises(InputError, match=re.escape(WRONG[spec])) as caught:
        parse(spec)
    assert str(caught.value).isprintable()


counts = st.none() | st.integers(1, 10**7)
weights = st.just(1.0) | st.floats(1e-9, 1e9)
styles = st.lists(st.sampled_from(STYLES), min_size=1, max_size=2, unique=True).map(tuple)
# Paths of pieces that are likely to be mistaken for something else.
pieces = st.sampled_from(
    ["a", "+", "#", "3", "*", ".5", "leaves", "world:", "photo", "/", " ", ":", "@test", "celeba:"]
)
paths = st.lists(pieces, max_size=6).map(lambda parts: "a" + "".join(parts))
bodies = (
    st.tuples(st.just("world"), styles, st.just(""), st.just(""))
    | st.sampled_from([("leaves", (), "", ""), ("fractals", (), "", "")])
    | st.tuples(
        st.sampled_from(["folder", "pack", "celeba", "celebamask-hq", "hub"]),
        st.just(()),
        paths,
        st.sampled_from(["", *SPLITS]),
    )
)


@given(st.lists(st.tuples(bodies, counts, weights), min_size=1, max_size=4))
def test_any_terms_read_back(drawn: list[tuple[tuple, int | None, float]]) -> None:
    # Made here and not by hypothesis: the check of annotations draws numbers, and it minds.
    terms = tuple(
        Term(kind=kind, styles=styles, path=path, split=split, count=count, weight=weight)
        for (kind, styles, path, split), count, weight in drawn
    )
    assert parse(spell(terms)) == terms


# Paths that are not there


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with folders of a picture each, and a pack."""
    monkeypatch.chdir(tmp_path)
    for name in ("plain", "a+leaves", "x@test"):
        save_picture(tmp_path / name / "1.png", np.zeros((16, 16, 3), np.uint8))
    paint_pack(Path("two"), Maker(kind="leaves", size=16), first_seed=0, count=2, workers=1)
    (tmp_path / ".new.part").mkdir()
    return tmp_path


CURES = {
    "folder:a+leaves": "a: is not a folder; check the name; a path with a sign in it is put",
    "pack:two@dev": 'two@dev: does not exist; check the name; a path .* in quotes, pack:"PATH"$',
    "gone": "^gone: is not a source, and no folder that is there; a source is [^;]*$",
    "leaves+gone": "^leaves.gone: 'gone' is not a source",
    "plane": r"; did you mean folder:plain\?$",
    "folder:plain#2-3": "#2-3 is of seeds; of folder: give a count",
    "folder:" + "g" * 999: "g: is not a folder; check the name",
}


@pytest.mark.parametrize("spec", CURES)
def test_what_was_meant_is_named(spec: str, here: Path) -> None:
    with pytest.raises(InputError, match=CURES[spec]) as caught:
        check_paths(spec)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("spec", ["plain+two*2", 'folder:"a+leaves"', "pack:two#1", "hub:x"])
def test_what_is_there_is_left_alone(spec: str, here: Path) -> None:
    check_paths(spec)


def test_what_cannot_be_has_a_cure(here: Path) -> None:
    with pytest.raises(InputError, match="is not finished"):
        source("pack:new", 16)
    with pytest.raises(InputError, match="for this use; make a pack of the folder: trombine data"):
        source("folder:plain@test", 16)
    with pytest.raises(InputError, match="give --size 16, or make a pack of 32 px: trombine data"):
        source("pack:two", 32)
    assert len(source("pack:two#1", 16)) == 1
    with pytest.raises(InputError, match="has only 1 picture; ask for no more"):
        source("folder:plain#3", 16)


def test_nothing_is_painted_for_a_spec_that_cannot_be(
    monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    monkeypatch.setattr(source_module, "paint_pack", None)
    with pytest.raises(InputError, match="is not a folder"):
        source("leaves#3+folder:gone", 16)
    with pytest.raises(InputError, match="is not a folder"):
        prepare_split("leaves#3+folder:gone", 16, 2)
