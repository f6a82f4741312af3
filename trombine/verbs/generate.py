"""`generate`: faces that a net invents, one a seed, into a folder.

What is asked in words is in inventing/asking.py, how a picture is made in inventing/making.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from trombine.events import Done, Event, Picture, Progress, Started
from trombine.refusal import InputError, OutputError, shown
from trombine.requests import Choice, Integer, Number, Request

if TYPE_CHECKING:
    from trombine.inventing.making import Inventing

_UNIT: Final = "faces"
SHEET: Final = "sheet.png"
_HOLDS: Final = {"size": int, "model": str, "truncation": float}
_MAY: Final = {"with": str}


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
    like: Path | None = None
    """A picture with a face: the nearest invented face is looked for, and it is
    said how near it is."""
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
        asked = {"seeds": self.seeds != "0", "with": self.with_, "sheet": self.sheet}
        asked |= {"truncation": self.truncation != 1}
        if self.like and (others := [name for name, is_asked in asked.items() if is_asked]):
            raise InputError(f"--like says which face, and --{others[0]} too", "leave one out")


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
    if request.output.exists() and not request.output.is_dir():
        raise OutputError("is a file, and faces go into a folder", path=request.output)
    if request.like:
        yield from _like(request, request.like, inventing)
        return
    seeds = seeds_in(request.seeds)
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


def _like(request: GenerateRequest, picture: Path, inventing: Inventing) -> Iterator[Event]:
    """The face that is nearest to the picture's, and how near it is."""
    from trombine.files import opened, write_bytes
    from trombine.inventing.likeness import LOOKED_AT, like, record_of
    from trombine.inventing.making import is_there
    from trombine.judge.invented import apart

    with opened(picture):  # which says in a line why not
        pass
    place = request.output / f"{picture.stem}.like.png"
    yield Started(1, _UNIT)
    if not request.overwrite and is_there(place, record_of(inventing, picture)):
        yield Done(f"{shown(place)}: was there", 0, 0, 1)
        return
    data, found, face, seed = like(inventing, picture)
    write_bytes(place, data)
    yield Picture(place, place.name)
    near, usual = apart(found, face), apart(inventing.pixels(seed), face)
    text = f"{shown(place)}: {near:.2f} from the face (0 is the same, 1 unrelated); the nearest"
    yield Done(f"{text} of seeds 0-{LOOKED_AT - 1} is {seed}, {usual:.2f} from it", 1, 0, 0)


def _done(request: GenerateRequest, inventing: Inventing, count: int, written: int) -> Done:
    kept = count - written
    were = f" ({kept} {'was' if kept == 1 else 'were'} there)" if kept else ""
    what = "face" if count == 1 else "faces"
    text = f"{shown(request.output)}: {count} invented {what} of {inventing.size} px{were}"
    return Done(text, written, 0, kept)


class Remaker:
    """Makes an invented face again, or a sheet of some."""

    def remake(self, record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
        """The file that this record is of."""
        from trombine.inventing.asking import LARGEST, seeds_in
        from trombine.inventing.likeness import like
        from trombine.inventing.making import inventing_of
        from trombine.judge.invented import fields_read
        from trombine.provenance import check_holds, following
        from trombine.upscaling.running import computing

        one, picture = "seed" in record, record["options"].get("like")
        which = {"like": str} if picture is not None else {"seed": int} if one else {"seeds": str}
        check_holds(record, {**_HOLDS, **which}, _MAY)
        with following():
            options = record["options"]
            if one and record["seed"] > LARGEST:
                raise InputError(f"seeds end at {LARGEST:,}")
            inventing = inventing_of(options, inputs, fields_read)
            if picture is not None:
                return like(inventing, inputs[picture])[0]
            with computing(1):
                if one:
                    return inventing.png(record["seed"])
                return inventing.sheet(seeds_in(options["seeds"]), options["seeds"])


def making() -> Remaker:
    """How a face is made again."""
    return Remaker()
