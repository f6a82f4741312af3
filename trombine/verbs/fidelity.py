"""How near a set of pictures is to real ones: `judge fidelity`. How it is measured is in judge/."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trombine.events import Done, Event, Picture, Started
from trombine.refusal import InputError, shown
from trombine.requests import Integer, Request

if TYPE_CHECKING:
    from trombine.judge.fidelity_sets import PictureSet


@dataclass(frozen=True, kw_only=True)
class JudgeFidelityRequest(Request):
    """Compare a set of generated pictures with a set of real ones.

    Fréchet distance, KID, precision and recall, density and coverage, a classifier's test and
    diversity, each beside the same of real against real; and which faces are missing or overdone,
    by everything that the witness reads.
    """

    generated: str
    """The pictures to judge: a folder, a pack, or a spec such as world:photo#500."""
    real: str
    """What they should be like: a folder, a pack, or a spec."""
    features: tuple[str, ...] = ("witness",)
    """What figures are computed from: witness, a net that no training learns from; pixels, which is
    naive; or vgg16, vgg19 or inception, whose weights are yours, as NAME:FILE. Given twice there
    are two tables."""
    pictures: Annotated[int, Integer(50, 5000)] = 2000
    """How many pictures of a set are compared at most; of more so many are drawn."""
    size: Annotated[int | None, Integer(16, 512)] = None
    """At what size in pixels a spec's pictures are painted, for pictures that are as small
    themselves; 128, as the witness sees them, unless given. A folder's keep theirs."""
    json: bool = False
    """The numbers as JSON, those of each picture too."""
    output: Path | None = None
    """A page to write, with the numbers, distributions, and the pictures that stand out."""
    overwrite: bool = False
    """Write over a page that trombine did not write."""


def run(request: JudgeFidelityRequest) -> Iterator[Event]:
    """Read both sets, and say how they differ."""
    from trombine.batch.inputs import refuse_to_write_over
    from trombine.judge.fidelity import FEWEST
    from trombine.judge.fidelity_page import write_page
    from trombine.judge.fidelity_report import as_json, as_text, feature_kinds, judge
    from trombine.judge.fidelity_sets import check_apart, check_places, read_set
    from trombine.pages import check_page

    kinds = feature_kinds(request.features)
    check_places(request.generated, request.real)
    if request.output is not None and not request.overwrite:
        check_page(request.output)
    yield Started(2 * request.pictures, "pictures")
    sets: list[PictureSet] = []
    for side, text in (("generated", request.generated), ("real", request.real)):
        pictures = yield from read_set(text, side, most=request.pictures, size=request.size)
        sets.append(pictures)
        if len(pictures) < FEWEST:
            problem = f"{shown(text)} has {len(pictures)} pictures that can be read"
            raise InputError(f"{problem}; figures of a set need {FEWEST}")
    generated, real = sets
    check_apart(generated, real)
    if request.output is not None:
        refuse_to_write_over([request.output], (*generated.files, *real.files))
    report = yield from judge(generated, real, kinds)
    if request.output is not None:
        write_page(request.output, report)
        yield Picture(request.output, request.output.name)
    summary = as_json(report) if request.json else as_text(report)
    yield Done(summary, written=1, skipped=generated.skipped + real.skipped, kept=0)
