"""`generate`: faces that a net invents, one a seed, into a folder.

What is asked in words is in inventing/asking.py, how a picture is made in inventing/making.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from trombine.events import Done, Event, Picture, Progress, Started
from trombine.refusal import OutputError, shown
from trombine.requests import Choice, Integer, Number, Request

if TYPE_CHECKING:
    from trombine.inventing.making import Inventing, Remaker

_UNIT: Final = "faces"
SHEET: Final = "sheet.png"


@dataclass(frozen=True, kw_only=True)
class GenerateRequest(Request):
    """Invent faces, each a function of its seed, told what is to be of them or not.

    A face's file is named by its seed. The same seed is the same person in every style. Run again,
    only what is missing is made.
    """

    seeds: str = "0"
    """Which faces: 0-31, or 3,8,21."""
    output: Path
    """The folder to write."""
    style: Annotated[str, Choice(("anime", "photo"))] = "anime"
    """How they are drawn: anime or photo."""
    with_: str = ""
    """What is to be of all of them: "age=60, glasses, no hat, smile=.8", of the fields of the
    world's faces; the rest is the seed's."""
    size: Annotated[int | None, Integer(16, 4096)] = None
    """Width and height in pixels: the net's own, 96, unless given; 192 and 384 by the net that
    enlarges."""
    truncation: Annotated[float, Number(0.1, 1)] = 1.0
    """How varied faces are, 0.1 to 1: lower ones are more alike, and fewer of them are odd."""
    model: str | Path = ""
    """A model that invents, by name, file or run's folder, in place of the style's own."""
    sheet: bool = False
    """Write sheet.png too, with all of them."""
    threads: Annotated[int | None, Integer()] = None
    """How many threads work: by default one for each core, and never more. The bytes are the
    same."""
    overwrite: bool = False
    """Make pictures again that are there already."""

    def __post_init__(self) -> None:
        """Refuse seeds and fields that there are not."""
        super().__post_init__()
        from trombine.inventing.asking import fields_in, seeds_in

        seeds_in(self.seeds)
        fields_in(self.with_)


def run(request: GenerateRequest) -> Iterator[Event]:
    """Invent the faces that are not there."""
    from trombine.data.workers import cores
    from trombine.files import write_bytes
    from trombine.inventing.asking import fields_in, seeds_in
    from trombine.inventing.making import Inventing, files_of, is_there, model_of
    from trombine.judge.invented import fields_read
    from trombine.weights import read_card

    path = model_of(request.style, request.model)
    size = request.size or int(read_card(path).sizes.get("size", 0))
    asked = fields_in(request.with_)
    inventing = Inventing(
        path=path, size=size, truncation=request.truncation, asked=asked, reads=fields_read
    )
    seeds = seeds_in(request.seeds)
    if request.output.exists() and not request.output.is_dir():
        raise OutputError("is a file, and faces go into a folder", path=request.output)
    places = {seed: request.output / f"{seed:06d}.png" for seed in seeds}
    sheet = request.output / SHEET
    wanted = {place: inventing.record(seed) for seed, place in places.items()}
    if request.sheet:
        wanted[sheet] = inventing.record(seeds=request.seeds)
    there = {one for one in wanted if not request.overwrite and is_there(one, wanted[one])}
    todo = [seed for seed in seeds if places[seed] not in there]
    yield Started(len(seeds), _UNIT)
    threads = min(request.threads or cores(), cores())
    for done, (seed, data) in enumerate(files_of(inventing, todo, threads), len(seeds) - len(todo)):
        write_bytes(places[seed], data)
        yield Picture(places[seed], places[seed].name)
        yield Progress(done + 1, len(seeds), _UNIT)
    if request.sheet and sheet not in there:
        write_bytes(sheet, inventing.sheet(seeds, request.seeds))
        yield Picture(sheet, SHEET)
    yield _done(request, inventing, len(seeds), len(todo))


def _done(request: GenerateRequest, inventing: Inventing, count: int, written: int) -> Done:
    kept = count - written
    were = f" ({kept} {'was' if kept == 1 else 'were'} there)" if kept else ""
    what = "face" if count == 1 else "faces"
    text = f"{shown(request.output)}: {count} invented {what} of {inventing.size} px{were}"
    return Done(text, written, 0, kept)


def making() -> Remaker:
    """How a face is made again."""
    from trombine.inventing.making import Remaker
    from trombine.judge.invented import fields_read

    return Remaker(fields_read)
