"""How good results are: `judge restoration`. How it is measured is in judge/."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from trombine.events import Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.refusal import InputError, shown
from trombine.requests import Integer, Request


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
    json: bool = False
    """The numbers as JSON, those of each picture too."""
    output: Path | None = None
    """A page to write, with the numbers and the worst pictures."""
    overwrite: bool = False
    """Write over a page that trombine did not write."""


def run(request: JudgeRestorationRequest) -> Iterator[Event]:
    """Measure every pair; a file without a partner is named."""
    from trombine.batch.inputs import refuse_to_write_over
    from trombine.judge.restoration import judge_pair, paired
    from trombine.judge.restoration_page import as_json, as_text, write_page
    from trombine.pages import check_page

    if request.output is not None and not request.overwrite:
        check_page(request.output)
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
            measured[pair] = judge_pair(pair, border=request.border)
        except InputError as error:
            skipped += 1
            yield Skipped(error.path or pair.result, error.why)
        yield Progress(number, len(pairs), "pictures")
    written = 0
    if request.output is not None and measured:
        write_page(request.output, measured)
        written = 1
        yield Picture(request.output, request.output.name)
    summary = as_json(measured) if request.json else as_text(measured)
    yield Done(
        summary if measured else "", written=written or len(measured), skipped=skipped, kept=0
    )
