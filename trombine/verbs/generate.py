"""`generate`: faces from seeds, by the world's painter or by a net, into a folder.

What is asked in words is in inventing/asking.py, how a picture is made in inventing/painting.py, or
by a net in inventing/making.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from trombine.events import Done, Event, Notice, Picture, Progress, Started
from trombine.inventing import PAINTER, REDRAWN, STYLES
from trombine.inventing.requests import GeneratingRequest
from trombine.refusal import InputError, OutputError, shown

if TYPE_CHECKING:
    from trombine.inventing.making import Inventing
    from trombine.inventing.painting import Painting

_UNIT: Final = "faces"
SHEET: Final = "sheet.png"
NEAREST: Final = "nearest.png"
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".webp")  # endings of what is no folder
_MOST_NEAREST: Final = 100  # faces of such a sheet
_PAINTED: Final = {"method": str, "style": str, "size": int}
_HOLDS: Final = {"size": int, "model": str, "truncation": float}
_MAY_PAINT: Final = {"with": str}
_MAY: Final = {"with": str, "tries": int, "nearest": bool, "style": str}


@dataclass(frozen=True, kw_only=True)
class GenerateRequest(GeneratingRequest):
    """Generate faces from seeds, optionally with given attributes.

    By default the procedural painter draws each person; --method net lets a neural net generate
    it. The same seed is the same person in every style. A face's file is named by its seed. Run
    again, only what is missing is made.
    """

    painted_size: ClassVar[int] = 512

    seeds: str = "0"
    """Which faces: 0-31, or 3,8,21."""
    output: Path
    """The folder to write."""
    like: Path | None = None
    """A picture with a face, or a character's file: that person is painted."""
    sheet: bool = False
    """Write sheet.png too, with all of them."""
    nearest: bool = False
    """Write nearest.png too: below each face of a net, at its own size, the picture
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
        if self.nearest and self.style in REDRAWN:
            raise InputError(
                f"--nearest compares faces as nets invent them; {self.style} is drawn anew",
                f"choose --style {' or '.join(STYLES)}",
            )
        if self.like and self.by_net:
            raise InputError("--like is painted, not made by a net", "leave the net out")
        asked = {"seeds": self.seeds != "0", "sheet": self.sheet}
        if self.like and (others := [name for name, is_asked in asked.items() if is_asked]):
            problem = f"--like gives one face, and --{others[0]} is of others"
            raise InputError(problem, "leave one out")

    def of_nets(self) -> list[str]:
        """And those of this verb."""
        return super().of_nets() + (["nearest"] if self.nearest else [])


def run(request: GenerateRequest) -> Iterator[Event]:
    """Make the faces that are not there."""
    from trombine.computing import in_turn
    from trombine.inventing.asking import seeds_in
    from trombine.inventing.files import is_there
    from trombine.io.files import write_bytes

    inventing = _inventing(request) if request.by_net else None
    making = inventing or request.painting()
    if request.output.exists() and not request.output.is_dir():
        raise OutputError("is a file, and faces go into a folder", path=request.output)
    if request.output.suffix.lower() in _PICTURES and not request.output.exists():
        cure = "name one by -o"
        raise InputError(
            "is a picture's name, and faces go into a folder", cure, path=request.output
        )
    if request.like:
        yield from _like(request, request.like)
        return
    seeds = seeds_in(request.seeds)
    places = {seed: request.output / f"{seed:06d}.png" for seed in seeds}
    sheet = request.output / SHEET
    wanted = {place: making.record(seed) for seed, place in places.items()}
    if request.sheet:
        wanted[sheet] = making.record(seeds=request.seeds)
    nearest = request.output / NEAREST
    if request.nearest and inventing:
        from trombine.judge.learned import learned_from, record_of

        learned_from(inventing)
        wanted[nearest] = record_of(inventing, request.seeds)
    there = {one for one in wanted if not request.overwrite and is_there(one, wanted[one])}
    todo = [seed for seed in seeds if places[seed] not in there]
    yield Started(len(seeds), _UNIT)
    files = zip(todo, in_turn(making.png, todo, request.workers), strict=True)
    for done, (seed, data) in enumerate(files, len(seeds) - len(todo)):
        write_bytes(places[seed], data)
        yield Picture(places[seed], places[seed].name)
        if inventing and (lacks := inventing.drawn(seed).lacks):
            yield Notice(places[seed], f"does not show what was asked ({', '.join(lacks)})")
        yield Progress(done + 1, len(seeds), _UNIT)
    if request.sheet and sheet not in there:
        write_bytes(sheet, making.sheet(seeds, request.seeds, request.workers))
        yield Picture(sheet, SHEET)
    if request.nearest and inventing and nearest not in there:
        from trombine.judge.learned import sheet as sheet_of_nearest

        data, _ = yield from sheet_of_nearest(inventing, seeds, request.seeds)
        write_bytes(nearest, data)
        yield Picture(nearest, NEAREST)
    yield _done(request, making, len(seeds), len(todo))


def _inventing(request: GenerateRequest) -> Inventing:
    """By a net, and what is read of its faces."""
    from trombine.judge.invented import fields_read

    return request.inventing(fields_read)


def _like(request: GenerateRequest, picture: Path) -> Iterator[Event]:
    """The person of a picture or a character's file, painted."""
    from trombine.inventing.files import is_there
    from trombine.io.files import write_bytes
    from trombine.io.image import encode_png
    from trombine.restyling.portrait import known

    place = request.output / f"{picture.name.partition('.')[0]}.like.png"
    yield Started(1, _UNIT)
    painting = request.painting([known(picture)])
    wanted = painting.record(like=picture.name)
    if not request.overwrite and is_there(place, wanted):
        yield Done(f"{shown(place)}: was there", 0, 0, 1)
        return
    write_bytes(place, encode_png(painting.pixels(-1), wanted))
    yield Picture(place, place.name)
    yield Progress(1, 1, _UNIT)
    yield Done(f"{shown(place)}: a face of {painting.size} px", 1, 0, 0)


def _done(request: GenerateRequest, making: Inventing | Painting, count: int, written: int) -> Done:
    kept = count - written
    were = f" ({kept} {'was' if kept == 1 else 'were'} there)" if kept else ""
    what = "face" if count == 1 else "faces"
    text = f"{shown(request.output)}: {count} {what} of {making.size} px{were}"
    return Done(text, written, 0, kept)


class Remaker:
    """Makes a face again, or a sheet of some."""

    def remake(self, record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
        """The file that this record is of."""
        if record["options"].get("method") == PAINTER:
            return self._painted(record, inputs)
        from trombine.computing import computing
        from trombine.events import returned
        from trombine.inventing.asking import LARGEST, seeds_in
        from trombine.inventing.making import inventing_of
        from trombine.judge.invented import fields_read
        from trombine.judge.learned import sheet
        from trombine.provenance import check_holds, following

        one = "seed" in record
        check_holds(record, {**_HOLDS, **({"seed": int} if one else {"seeds": str})}, _MAY)
        with following():
            options = record["options"]
            if one and record["seed"] > LARGEST:
                raise InputError(f"seeds end at {LARGEST:,}")
            inventing = inventing_of(options, inputs, fields_read)
            with computing(1):
                if one:
                    return inventing.png(record["seed"])
                seeds = seeds_in(options["seeds"])
                if options.get("nearest"):
                    return returned(sheet(inventing, seeds, options["seeds"]))[0]
                return inventing.sheet(seeds, options["seeds"])

    def _painted(self, record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
        from trombine.inventing.asking import LARGEST, seeds_in
        from trombine.inventing.painting import painting_of
        from trombine.io.image import encode_png
        from trombine.provenance import check_holds, following

        one, options = "seed" in record, record["options"]
        like = options.get("like")
        which = {"like": str} if like is not None else {"seed": int} if one else {"seeds": str}
        check_holds(record, {**_PAINTED, **which}, _MAY_PAINT)
        with following():
            if like is not None:
                from trombine.restyling.portrait import known

                painting = painting_of(options, [known(inputs[like], like)])
                return encode_png(painting.pixels(-1), painting.record(like=like))
            painting = painting_of(options)
            if not one:
                return painting.sheet(seeds_in(options["seeds"]), options["seeds"])
            if record["seed"] > LARGEST:
                raise InputError(f"seeds end at {LARGEST:,}")
            return painting.png(record["seed"])


def making() -> Remaker:
    """How a face is made again."""
    return Remaker()
