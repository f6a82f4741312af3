"""`data masks`: masks as files, one line for each, and a page that shows them.

What masks are is in data/masks/; how the folder is filled, so that one who is stopped can go on,
in data/filling.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trombine.batch.inputs import refuse_to_write_over
from trombine.data.requests import PaintRequest, SeedRemaker, paint
from trombine.events import Done, Event

PAGE = "index.html"


@dataclass(frozen=True, kw_only=True)
class MasksRequest(PaintRequest):
    """Draw masks: which pixels are to be painted (white), which are kept.

    A mask is a function of its seed, and its file is named by the seed. Run again, only what is
    missing is made. A page, index.html, shows what the folder holds.
    """

    family: str = "irregular*3+squares+huge+half+parts+scratches+text"
    """irregular, huge, squares, half, parts, scratches, text, or files:FOLDER, with details
    (irregular:30-40, parts:eyes) and mixed by weight (irregular*0.7+squares*0.3)."""


def run(request: MasksRequest) -> Iterator[Event]:
    """Draw the masks that are not there, and write the page of all that are."""
    from trombine.data.masks.gallery import write_page
    from trombine.pages import check_page

    families = _families(request.family)
    check_page(request.output / PAGE)
    _refuse_to_write_over(request, families)
    for event in paint(request, "masks", families):
        if isinstance(event, Done):  # which is the last, and comes when there is a page
            write_page(request.output / PAGE, request.output)
        yield event


def _refuse_to_write_over(request: MasksRequest, families: tuple[str, ...]) -> None:
    """Masks that others are drawn from stay as they are."""
    from trombine.data.imagefolder import names
    from trombine.data.made import Maker
    from trombine.data.masks import files_of, parse_mix

    maker = Maker(kind="masks", styles=families, size=request.size)
    read = files_of(parse_mix(request.family))
    if read:
        seeds = range(request.first_seed, request.first_seed + request.count)
        written = (request.output / name for seed in seeds for name in names(maker, seed))
        refuse_to_write_over(written, read)


def _families(family: str) -> tuple[str, ...]:
    """The families of a mix, each as its record says it; there must be such folders."""
    from trombine.data.masks import check_folders, parse_mix, spell

    mix = parse_mix(family)
    check_folders(mix)
    return tuple(spell(term) for term in mix)


def making() -> SeedRemaker:
    """How a mask is made again."""
    return SeedRemaker("masks")
