"""How good pictures are: `judge restoration | originality`. How it is measured is in judge/."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trombine.events import Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.refusal import InputError, shown
from trombine.requests import Integer, Number, Request

if TYPE_CHECKING:
    from trombine.judge.sets import PictureSet


@dataclass(frozen=True, kw_only=True)
class JudgeRestorationRequest(Request):
    """Compare repaired, enlarged or cleaned pictures with what they should be.

    Files are paired by their names without the ending. Measured are PSNR, SSIM, MS-SSIM, mean
    absolute and edge error, and what a net reads of faces: landmarks, parts, who it is.
    """

    results: Path
    """The pictures to judge: a file, or a folder of them."""
    truth: Path
    """What they should be: a file, or a folder with pictures of the same names."""
    holes: Path | None = None
    """Masks, white where was repaired: one for all, or a folder of the same names. Inside of them
    and on their rims is measured too."""
    border: Annotated[int, Integer(0, 64)] = 0
    """Pixels on each side that do not count for PSNR-Y, as papers on enlarging have it."""
    features: tuple[str, ...] = ()
    """Distances in nets that others published, too: lpips, vgg16, vgg19 or inception, each with
    weights of yours as NAME:FILE (lpips:VGG16+LPIPS), or from where torch keeps them."""
    json: bool = False
    """The numbers as JSON, those of each picture too."""
    output: Path | None = None
    """A page to write, with the numbers and the worst pictures."""
    overwrite: bool = False
    """Write over a page that trombine did not write."""


@dataclass(frozen=True, kw_only=True)
class JudgeOriginalityRequest(Request):
    """Say which generated pictures are copies of those that a net learned from.

    Each is compared with every reference: by SSIM at the same places, and by a search that finds
    copies that were mirrored, cropped, recoloured, compressed, blurred or patched too. Where copies
    begin the references say; planted copies show what that finds.
    """

    generated: str
    """The pictures to judge: a folder, a pack, or a data spec."""
    references: str
    """Those that they may be copies of: a folder, a pack, or a data spec."""
    top: Annotated[int, Integer(1, 20)] = 4
    """How many nearest references of each picture are reported."""
    size: Annotated[int | None, Integer(16, 512)] = None
    """Width and height in pixels at which all are compared; that of the generated pictures unless
    given."""
    false_alarms: Annotated[float, Number(0.0001, 0.1)] = 0.01
    """The share of real pictures, none a copy of another, that would be called copies."""
    flips: bool = False
    """SSIM of each mirrored picture too, which takes twice as long; copies are found mirrored
    without it."""
    features: bool = False
    """Also the nearest by what a net reads of faces: the references are read once, some 30 ms
    each."""
    screened: bool = False
    """SSIM of a sixth of the rows first, and of all with the best 200: faster, nearly always the
    same."""
    seed: Annotated[int, Integer(0)] = 0
    """Which references the thresholds and the planted copies are taken from."""
    show: Annotated[int, Integer(1, 1000)] = 24
    """How many pictures the page has, the most suspicious."""
    json: bool = False
    """The numbers as JSON, those of each picture too."""
    output: Path | None = None
    """A page to write, with the most suspicious pictures and their nearest references."""
    overwrite: bool = False
    """Write over a page that trombine did not write."""


def run(request: JudgeRestorationRequest | JudgeOriginalityRequest) -> Iterator[Event]:
    """Do what is asked."""
    if isinstance(request, JudgeRestorationRequest):
        return _restoration(request)
    return _originality(request)


def _restoration(request: JudgeRestorationRequest) -> Iterator[Event]:
    """Measure every pair; a file without a partner is named."""
    from trombine.batch.inputs import refuse_to_write_over
    from trombine.judge.published import judging_nets
    from trombine.judge.restoration import judge_pair, paired
    from trombine.judge.restoration_page import as_json, as_text, write_page
    from trombine.pages import check_page

    if request.output is not None and not request.overwrite:
        check_page(request.output)
    nets = judging_nets(request.features)
    pairs, alone = paired([request.results], [request.truth], request.holes)
    if not pairs:
        problem = f"holds no picture of which {shown(request.truth)} has the truth"
        raise InputError(problem, "files are paired by name", path=request.results)
    if request.output is not None:
        refuse_to_write_over([request.output], [path for pair in pairs for path in pair.files])
    for path in alone:
        yield Notice(path, "has no partner of its name, and is left out")
    yield Started(len(pairs), "pictures")
    measured, skipped = {}, 0
    for number, pair in enumerate(pairs, 1):
        try:
            measured[pair] = judge_pair(pair, border=request.border, nets=nets)
        except InputError as error:
            skipped += 1
            yield Skipped(error.path or pair.result, error.why)
        yield Progress(number, len(pairs), "pictures")
    written = 0
    if request.output is not None and measured:
        write_page(request.output, measured, nets)
        written = 1
        yield Picture(request.output, request.output.name)
    summary = as_json(measured, nets) if request.json else as_text(measured, nets)
    yield Done(
        summary if measured else "", written=written or len(measured), skipped=skipped, kept=0
    )


def _originality(request: JudgeOriginalityRequest) -> Iterator[Event]:
    """Compare every picture with every reference."""
    from trombine.batch.inputs import refuse_to_write_over
    from trombine.data.workers import cores
    from trombine.judge.originality import Options, judge
    from trombine.judge.originality_page import Report, about, as_json, as_text, write_page
    from trombine.pages import check_page

    if request.output is not None and not request.overwrite:
        check_page(request.output)
    yield Started(1, "sets")
    generated, references = yield from _sets(request)
    if request.output is not None:
        refuse_to_write_over([request.output], [*generated.files, *references.files])
    options = Options(
        top=request.top,
        screened=request.screened,
        flips=request.flips,
        features=request.features,
        false_alarms=request.false_alarms,
        seed=request.seed,
        threads=cores(),
    )
    result = yield from judge(generated.pictures, references.pictures, options)
    report = Report(generated, references, result, request.show)
    if generated.resized or references.resized:
        yield Notice(None, about(report))
    written = 0
    if request.output is not None:
        write_page(request.output, report)
        written = 1
        yield Picture(request.output, request.output.name)
    yield Done(
        as_json(report) if request.json else as_text(report),
        written=written or len(generated),
        skipped=generated.skipped + references.skipped,
        kept=0,
    )


def _sets(
    request: JudgeOriginalityRequest,
) -> Generator[Event, None, tuple[PictureSet, PictureSet]]:
    """Both sets at one size."""
    from trombine.judge.sets import natural_size, open_set, same_place

    if same_place(request.generated, request.references):
        raise InputError("the generated pictures and the references are the same; name two sets")
    size = request.size or natural_size(request.generated) or natural_size(request.references)
    if size is None:
        raise InputError("pictures that are painted have any size; give one, as in --size 64")
    generated = yield from open_set(request.generated, size)
    references = yield from open_set(request.references, size)
    for pictures, spec in ((generated, request.generated), (references, request.references)):
        if not len(pictures):
            raise InputError("holds no picture that can be read", path=Path(spec))
    return generated, references
