"""Specs of masks: what can be written, what it means, and what is said about what cannot."""

from __future__ import annotations

import pytest

from trombine.core.errors import InputError
from trombine.data.masks import parse, parse_mix, spell
from trombine.data.masks.spec import MaskStage, MaskTerm

IRREGULAR = MaskTerm(family="irregular", share=(0, 60))
HUGE = MaskTerm(family="huge", share=(50, 80))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("irregular", IRREGULAR),
        ("irregular:share=30-40", MaskTerm(family="irregular", share=(30, 40))),
        (
            "irregular*0.25",
            MaskTerm(family="irregular", share=(0, 60), weight=0.25),
        ),
        ("squares*2", MaskTerm(family="squares", weight=2)),
        ("half:left,slanted", MaskTerm(family="half", names=("left", "slanted"))),
        ("parts:eyes,mouth", MaskTerm(family="parts", names=("eyes", "mouth"))),
        ("inverted:a+b", MaskTerm(family="inverted", path="a+b")),
        ('nvidia:"a+huge"*2', MaskTerm(family="nvidia", path="a+huge", weight=2)),
        ('files:"a>b@3"', MaskTerm(family="files", path="a>b@3")),
        ("files:a@b", MaskTerm(family="files", path="a@b")),
    ],
)
def test_a_term(text: str, term: MaskTerm) -> None:
    assert parse_mix(text) == (term,)
    assert parse_mix(spell(term)) == (term,)


def test_a_mix() -> None:
    mix = parse_mix("irregular*0.7+squares*0.3+files:a+b+text")
    assert [(term.family, term.weight) for term in mix] == [
        ("irregular", 0.7),
        ("squares", 0.3),
        ("files", 1),
        ("text", 1),
    ]
    assert mix[2].path == "a+b"
    assert parse_mix("+".join(map(spell, mix))) == mix


def test_a_curriculum() -> None:
    masks = parse("squares > huge@1000 > irregular*2+text@50000-200000")
    text = MaskTerm(family="text")
    assert masks.stages == (
        MaskStage(mix=(MaskTerm(family="squares"),)),
        MaskStage(mix=(HUGE,), first=1000, last=1000),
        MaskStage(
            mix=(MaskTerm(family="irregular", share=(0, 60), weight=2), text),
            first=50000,
            last=200000,
        ),
    )
    assert parse(str(masks)) == masks
    assert parse(str(parse("huge>squares@0"))) == parse("huge>squares@0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("blobs", "'blobs' is no family of masks; there are irregular"),
        ("squares+iregular:3-9", r"'iregular:3-9' is no family of masks; did you mean irregular\?"),
        ("huge:50-60,60-70", "takes one share"),
        ("squares*-1", r"'squares\*-1' is no family"),
        ("files:", "name the folder, as in files:PATH"),
        ("irregular:40-30", "A below B"),
        ("irregular:30-95", "at most 90"),
        ("squares:3", "'3' is none of"),
        ("half:middle", "'middle' is none of left, right"),
        ("squares*0", "above 0"),
        ("squares>huge", "say when 'huge' comes"),
        ("squares>huge@9>text@5", "one after another"),
        ("squares+", "'' is no family"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_a_curriculum_is_no_mix() -> None:
    with pytest.raises(InputError, match=r"counts the pictures of a run, .*draw_masks in Python"):
        parse_mix("squares>huge@5")
