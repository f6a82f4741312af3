"""`data masks`: masks as files, one line for each, and a page that shows them.

What masks are is in data/masks/; how the folder is filled, so that one who is stopped can go on,
in data/filling.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trombine.events import Done, Event
from trombine.refusal import InputError
from trombine.verbs.batch import refuse_to_write_over

if TYPE_CHECKING:
    from trombine.data.made import Maker

PAGE = "index.html"
_LONGEST_WHY = 200  # letters, of what a record may put into a line


@dataclass(frozen=True, kw_only=True)
class MasksRequest:
    """Draw masks: which pixels are to be painted (white), which are kept.

    A mask is a function of its seed, and its file is named by the seed. Run again, only what is
    missing is made. A page, index.html, shows what the folder holds.
    """

    count: int
    """How many masks."""
    output: Path
    """The folder to write."""
    size: int = 128
    """Width and height in pixels, 16 to 2048."""
    family: str = "irregular*3+squares+huge+half+parts+scratches+text"
    """irregular, huge, squares, half, parts, scratches, text, or files:FOLDER, with details
    (irregular:30-40, parts:eyes) and mixed by weight (irregular*0.7+squares*0.3)."""
    first_seed: int = 0
    """The seed of the first mask; the others follow it."""
    workers: int | None = None
    """How many processes draw; as many as there are cores unless given, and no more than
    that."""
    overwrite: bool = False
    """Make again what is there."""


def run(request: MasksRequest) -> Iterator[Event]:
    """Draw the masks that are not there, and write the page of all that are."""
    from trombine.data.filling import fill_folder
    from trombine.data.masks.gallery import write_page
    from trombine.data.workers import cores
    from trombine.pages import check_page

    _check(request)
    maker = _maker(request)
    check_page(request.output / PAGE)
    _refuse_to_write_over(request, maker)
    workers = cores() if request.workers is None else request.workers
    for event in fill_folder(
        request.output,
        maker,
        first_seed=request.first_seed,
        count=request.count,
        workers=workers,
        overwrite=request.overwrite,
    ):
        if isinstance(event, Done):  # which is the last, and comes when there is a page
            write_page(request.output / PAGE, request.output)
        yield event


def remake(record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
    """The file that this record is of, made again from the file it was made from, if any."""
    from trombine.data.imagefolder import png
    from trombine.data.made import SEEDS, Maker, Side
    from trombine.data.masks import redraw
    from trombine.refusal import InputError

    try:
        options, seed = record["options"], record["seed"]
        if type(seed) is not int or seed not in SEEDS:  # a range is searched for other kinds
            raise ValueError(f"a seed is a whole number of 0 to {SEEDS[-1]}")
        family, size = options["families"], options["size"]
        drawn = redraw(family, seed, size, tuple(inputs.values()))
        side = Side(style=drawn.family, pixels=drawn.pixels, inputs=drawn.inputs)
        return png(Maker(kind="masks", size=size), seed, side)
    except (LookupError, TypeError, ValueError) as error:
        why = str(error)[:_LONGEST_WHY]
        raise InputError(
            f"has a record that is not of a mask: {why}", "make the picture anew"
        ) from error


def _check(request: MasksRequest) -> None:
    """Refuse numbers that cannot be; a program may have given anything."""
    from trombine.data.made import SEEDS

    least = {"count": 1, "size": 1, "first_seed": 0}
    least |= {} if request.workers is None else {"workers": 1}
    for name, lowest in least.items():
        number = getattr(request, name)
        if type(number) is not int or number < lowest:
            called = name.replace("_", " ")
            raise InputError(f"{called} is a whole number, {lowest} or more, not {number!r}")
    last = request.first_seed + request.count - 1
    if last not in SEEDS:
        raise InputError(f"seeds end at {SEEDS[-1]}, before {last}; ask for fewer or lower ones")
    if not isinstance(request.output, Path):
        raise InputError(f"output is a path, not {request.output!r}")


def _refuse_to_write_over(request: MasksRequest, maker: Maker) -> None:
    """Masks that others are drawn from stay as they are."""
    from trombine.data.imagefolder import names
    from trombine.data.masks import files_of, parse_mix

    read = files_of(parse_mix(request.family))
    if read:
        seeds = range(request.first_seed, request.first_seed + request.count)
        written = (request.output / name for seed in seeds for name in names(maker, seed))
        refuse_to_write_over(written, read)


def _maker(request: MasksRequest) -> Maker:
    from trombine.data.made import Maker
    from trombine.data.masks import check_folders, parse_mix, spell

    try:
        mix = parse_mix(request.family)
        check_folders(mix)
        families = tuple(spell(term) for term in mix)
        return Maker(kind="masks", styles=families, size=request.size)
    except ValueError as error:
        raise InputError(str(error)) from error
