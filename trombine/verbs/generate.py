"""`generate`: faces that a net invents, one a seed, into a folder.

What is asked in words is in inventing/asking.py, how a picture is made in inventing/making.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trombine.events import Done, Event, Notice, Picture, Progress, Started
from trombine.inventing import REDRAWN, STYLES
from trombine.inventing.requests import InventRequest
from trombine.refusal import InputError, OutputError, shown

if TYPE_CHECKING:
    from trombine.inventing.making import Inventing

_UNIT: Final = "faces"
SHEET: Final = "sheet.png"
NEAREST: Final = "nearest.png"
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".webp")  # endings of what is no folder
_MOST_NEAREST: Final = 100  # faces of such a sheet
_HOLDS: Final = {"size": int, "model": str, "truncation": float}
_MAY: Final = {"with": str, "tries": int, "nearest": bool, "style": str}


@dataclass(frozen=True, kw_only=True)
class GenerateRequest(InventRequest):
    """Invent faces, each a function of its seed, told what is to be of them or not.

    A face's file is named by its seed. The same seed is the same person in every style. Run again,
    only what is missing is made.
    """

    seeds: str = "0"
    """Which faces: 0-31, or 3,8,21."""
    output: Path
    """The folder to write."""
    like: Path | None = None
    """A picture with a face: the nearest invented face is looked for, and it is
    said how near it is."""
    sheet: bool = False
    """Write sheet.png too, with all of them."""
    nearest: bool = False
    """Write nearest.png too: below each face, at the net's own size, the picture
    that it is most like of those that the net learned from."""

    def __post_init__(self) -> None:
        """Refuse seeds and fields that there are not."""
        super().__post_init__()
        from trombine.inventing.asking import seeds_in

        if self.nearest and len(seeds_in(self.seeds)) > _MOST_NEAREST:
            raise InputError(
                f"--nearest is for {_MOST_NEAREST} seeds at most", "name fewer --seeds"
            )
        seeds_in(self.seeds)
        for option in ("like", "nearest"):
            if getattr(self, option) and self.style in REDRAWN:
                raise InputError(
                    f"--{option} compares faces as nets invent them; {self.style} is drawn anew",
                    f"choose --style {' or '.join(STYLES)}",
                )
        asked = {"seeds": self.seeds != "0", "with": self.with_, "sheet": self.sheet}
        asked |= {"truncation": self.truncation != 1, "nearest": self.nearest}
        if self.like and (others := [name for name, is_asked in asked.items() if is_asked]):
            problem = f"--like gives one face, and --{others[0]} is of others"
            raise InputError(problem, "leave one out")


def run(request: GenerateRequest) -> Iterator[Event]:
    """Invent the faces that are not there."""
    from trombine.files import write_bytes
    from trombine.inventing.asking import seeds_in
    from trombine.inventing.making import files_of, is_there
    from trombine.judge.invented import fields_read
    from trombine.judge.learned import learned_from, record_of
    from trombine.judge.learned import sheet as sheet_of_nearest

    inventing = request.inventing(fields_read)
    if request.output.exists() and not request.output.is_dir():
        raise OutputError("is a file, and faces go into a folder", path=request.output)
    if request.output.suffix.lower() in _PICTURES and not request.output.exists():
        cure = "name one by -o"
        raise InputError(
            "is a picture's name, and faces go into a folder", cure, path=request.output
        )
    if request.like:
        yield from _like(request, request.like, inventing)
        return
    seeds = seeds_in(request.seeds)
    places = {seed: request.output / f"{seed:06d}.png" for seed in seeds}
    sheet = request.output / SHEET
    wanted = {place: inventing.record(seed) for seed, place in places.items()}
    if request.sheet:
        wanted[sheet] = inventing.record(seeds=request.seeds)
    nearest = request.output / NEAREST
    if request.nearest:
        learned_from(inventing)
        wanted[nearest] = record_of(inventing, request.seeds)
    there = {one for one in wanted if not request.overwrite and is_there(one, wanted[one])}
    todo = [seed for seed in seeds if places[seed] not in there]
    yield Started(len(seeds), _UNIT)
    files = files_of(inventing, todo, request.workers)
    for done, (seed, data) in enumerate(files, len(seeds) - len(todo)):
        write_bytes(places[seed], data)
        yield Picture(places[seed], places[seed].name)
        if lacks := inventing.drawn(seed).lacks:
            yield Notice(places[seed], f"does not show what was asked ({', '.join(lacks)})")
        yield Progress(done + 1, len(seeds), _UNIT)
    if request.sheet and sheet not in there:
        write_bytes(sheet, inventing.sheet(seeds, request.seeds, request.workers))
        yield Picture(sheet, SHEET)
    if request.nearest and nearest not in there:
        data, _ = yield from sheet_of_nearest(inventing, seeds, request.seeds)
        write_bytes(nearest, data)
        yield Picture(nearest, NEAREST)
    yield _done(request, inventing, len(seeds), len(todo))


def _like(request: GenerateRequest, picture: Path, inventing: Inventing) -> Iterator[Event]:
    """The face that is nearest to the picture's, and how near it is."""
    from trombine.files import opened, write_bytes
    from trombine.inventing.likeness import LOOKED_AT, STEPS, UNIT, like, record_of
    from trombine.inventing.making import is_there
    from trombine.judge.invented import apart, is_whole

    with opened(picture):  # which says in a line why not
        pass
    place = request.output / f"{picture.stem}.like.png"
    yield Started(LOOKED_AT + STEPS, UNIT)
    if not request.overwrite and is_there(place, record_of(inventing, picture)):
        yield Done(f"{shown(place)}: was there", 0, 0, 1)
        return
    data, pixels, face, found = yield from like(inventing, picture, is_whole)
    write_bytes(place, data)
    yield Picture(place, place.name)
    yield Progress(LOOKED_AT + STEPS, LOOKED_AT + STEPS, UNIT)
    if not found.is_whole:
        yield Notice(picture, "is like no whole face of the model: parts of this one are misplaced")
    seed = found.seed
    near, usual = apart(pixels, face), apart(inventing.pixels(seed), face)
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
        from trombine.computing import computing
        from trombine.events import returned
        from trombine.inventing.asking import LARGEST, seeds_in
        from trombine.inventing.likeness import like
        from trombine.inventing.making import inventing_of
        from trombine.judge.invented import fields_read, is_whole
        from trombine.judge.learned import sheet
        from trombine.provenance import check_holds, following

        one, picture = "seed" in record, record["options"].get("like")
        which = {"like": str} if picture is not None else {"seed": int} if one else {"seeds": str}
        check_holds(record, {**_HOLDS, **which}, _MAY)
        with following():
            options = record["options"]
            if one and record["seed"] > LARGEST:
                raise InputError(f"seeds end at {LARGEST:,}")
            inventing = inventing_of(options, inputs, fields_read)
            if picture is not None:
                return returned(like(inventing, inputs[picture], is_whole))[0]
            with computing(1):
                if one:
                    return inventing.png(record["seed"])
                seeds = seeds_in(options["seeds"])
                if options.get("nearest"):
                    return returned(sheet(inventing, seeds, options["seeds"]))[0]
                return inventing.sheet(seeds, options["seeds"])


def making() -> Remaker:
    """How a face is made again."""
    return Remaker()
