"""`morph`: films that walk from one face to the next.

The walk is in inventing/walking.py, what it is worth in judge/invented.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from trombine.events import Done, Event, Picture, Progress, Started
from trombine.inventing import PAINTER, PATHS
from trombine.inventing.requests import GeneratingRequest
from trombine.refusal import InputError, shown
from trombine.requests import Choice, Integer

if TYPE_CHECKING:
    from trombine.inventing.files import Pixels
    from trombine.inventing.painting import Known
    from trombine.inventing.walking import PaintedWalk, Walk

ENDINGS: Final = (".gif", ".webp", ".mp4", ".webm")
FILM, SHEET, FRAME = "film", "sheet", "frame"  # what a file shows; frame 7 is the eighth
_HOLDS: Final = {
    "size": int,
    "seeds": str,
    "frames": int,
    "path": str,
    "cycle": int,
    "shows": str,
    "format": str,
}
_BY_NET: Final = {"model": str, "truncation": float}
_PAINTED: Final = {"method": str, "style": str}
_MAY_PAINT: Final = {"with": str}
_MAY: Final = {"with": str, "tries": int, "style": str}


@dataclass(frozen=True, kw_only=True)
class MorphRequest(GeneratingRequest):
    """Walk from one face to the next, as a film or a folder of frames.

    Faces are of seeds, as `trombine generate` makes them, or of files: people of photographs, or
    characters that `trombine restyle` wrote. What becomes of the parts on the way, and how even
    the steps are, is said.
    """

    painted_size: ClassVar[int] = 256

    seeds: tuple[str, ...]
    """Which faces, in this order: 3 8 21, or 0-3, or a.jpg b.jpg 7."""
    output: Path
    """The film to write, .gif, .webp, .mp4 or .webm, or a folder for its frames."""
    frames: Annotated[int, Integer(2, 500)] = 24
    """Frames from a seed to the next."""
    cycle: bool = False
    """Go on from the last seed to the first."""
    path: Annotated[str, Choice(PATHS)] = "linear"
    """linear; or by a net spherical, or truncation, of one seed, from a face like all to its
    own."""
    film: Annotated[str, Choice(("", *(ending[1:] for ending in ENDINGS)))] = ""
    """gif, webp, mp4 or webm: write film.gif and so on too, beside the frames in the folder."""
    sheet: bool = False
    """Write all frames on NAME.sheet.png beside the film, or sheet.png in the folder."""
    json: bool = False
    """The score of each frame as JSON, for a program, in place of text."""

    def __post_init__(self) -> None:
        """Refuse seeds and fields that there are not, and a film that is none."""
        super().__post_init__()
        from trombine.inventing.asking import seeds_in

        if not (files := files_in(self.seeds)):
            seeds_in(",".join(self.seeds), way=True)
        if files and self.by_net:
            raise InputError(f"{files[0]} is a file, and nets walk by seeds", "name seeds")
        if self.output.suffix and self.output.suffix.lower() not in ENDINGS:
            problem = "ends as no film does"
            remedy = f"choose {', '.join(ENDINGS)}, or a folder"
            raise InputError(problem, remedy, path=self.output)
        if self.output.suffix and self.film:
            problem = f"is a film already, and --film {self.film} is one beside frames"
            raise InputError(problem, "leave one out", path=self.output)

    def of_nets(self) -> list[str]:
        """And those of this verb."""
        return super().of_nets() + (["path"] if self.path != PATHS[0] else [])


def run(request: MorphRequest) -> Iterator[Event]:
    """Make the film that is not there, and say how good the walk is."""
    from trombine.inventing.files import is_there
    from trombine.io.files import write_bytes
    from trombine.judge.invented import score

    walk = _walk(request)
    yield Started(walk.count, "frames")
    wanted = _wanted(request, walk)
    todo = [
        (file, shows)
        for file, shows in wanted.items()
        if request.overwrite or not is_there(file, _record(walk, shows, file.suffix))
    ]
    scored = None
    if todo or request.json:
        frames: list[Pixels] = []
        for pixels in walk.pixels(request.workers):
            frames.append(pixels)
            yield Progress(len(frames), walk.count, "frames")
        scored = score(frames, cycle=request.cycle)
        for file, shows in todo:
            some = frames[_shown(shows, walk.count)]
            write_bytes(file, _file(walk, shows, file.suffix, some))
            yield Picture(file, file.name)
    were = "" if todo else " (was there)"
    text = f"{shown(request.output)}: {walk.count} frames of {walk.inventing.size} px{were}"
    text += f"; {scored.text}" if scored else ""
    if request.json and scored:
        text = json.dumps({**asdict(scored), "unevenness": scored.unevenness}, indent=1)
    yield Done(text, len(todo), 0, len(wanted) - len(todo))


def _walk(request: MorphRequest) -> Walk | PaintedWalk:
    from trombine.inventing.asking import seeds_in
    from trombine.inventing.walking import PaintedWalk, Walk

    course: dict[str, Any] = {
        "frames": request.frames,
        "path": request.path,
        "cycle": request.cycle,
    }
    if request.by_net:
        seeds = seeds_in(",".join(request.seeds), way=True)
        return Walk(inventing=request.inventing(), seeds=seeds, **course)
    seeds, files = _people(request.seeds, {})
    return PaintedWalk(inventing=request.painting(files), seeds=seeds, **course)


def files_in(names: Sequence[str]) -> list[str]:
    """Those of the names that are of files: seeds have no ending."""
    return [name for name in names if Path(name).suffix]


def _people(
    names: Sequence[str], inputs: Mapping[str, Path]
) -> tuple[tuple[int, ...], list[Known]]:
    """The seeds that are named, and people of files, whose numbers are -1, -2 and so on."""
    from trombine.inventing.asking import seeds_in

    if not files_in(names):
        return seeds_in(",".join(names), way=True), []
    from trombine.restyling.portrait import known

    seeds: list[int] = []
    files: list[Known] = []
    for name in names:
        if Path(name).suffix:
            path = inputs.get(name, Path(name))
            files.append(known(path, path.name))
            seeds.append(-len(files))
        else:
            seeds += seeds_in(name, way=True)
    return tuple(seeds), files


def _wanted(request: MorphRequest, walk: Walk | PaintedWalk) -> dict[Path, str]:
    """The files to make, and what each shows."""
    output = request.output
    if output.suffix:
        sheet = output.with_suffix(".sheet.png")
        files = {output: FILM}
    else:
        if output.exists() and not output.is_dir():
            raise InputError("is a file, and frames go into a folder", path=output)
        sheet = output / "sheet.png"
        files = {output / f"{at:06d}.png": f"{FRAME} {at}" for at in range(walk.count)}
        files |= {output / f"film.{request.film}": FILM} if request.film else {}
    return files | ({sheet: SHEET} if request.sheet else {})


def _record(walk: Walk | PaintedWalk, shows: str, ending: str) -> dict[str, Any]:
    """What determines a file of a walk."""
    from trombine.io.image import FORMATS

    options = {**walk.options(), "shows": shows, "format": FORMATS[ending.lower()]}
    return walk.inventing.record(verb="morph", **options)


def _file(walk: Walk | PaintedWalk, shows: str, ending: str, frames: Sequence[Pixels]) -> bytes:
    """The bytes of a file of a walk, by the frames that it shows."""
    from trombine.batch.contents import encoded
    from trombine.inventing.walking import film, sheet
    from trombine.judge.invented import score

    record = _record(walk, shows, ending)
    if shows == FILM:
        content: Any = film(frames)
    elif shows == SHEET:
        seeds = walk.options()["seeds"].replace(",", ", ")
        content = sheet(frames, f"a walk by {seeds}", score(frames, cycle=walk.cycle).text)
    else:
        (content,) = frames
    return encoded(content, record["options"]["format"], record)


def _shown(shows: str, count: int) -> slice:
    """Which of the frames a file shows; an InputError where there are none."""
    if shows in (FILM, SHEET):
        return slice(count)
    number = shows.removeprefix(f"{FRAME} ")
    if not (number.isascii() and number.isdecimal() and int(number[:6]) < count):
        raise InputError(f"a walk of {count} frames shows no {shows}")
    return slice(int(number), int(number) + 1)


class Remaker:
    """Makes a walk's files again."""

    def remake(self, record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
        """The file that this record is of."""
        from trombine.inventing.asking import seeds_in
        from trombine.inventing.making import inventing_of
        from trombine.inventing.painting import painting_of
        from trombine.inventing.walking import PaintedWalk, Walk
        from trombine.io.image import SUFFIX_OF
        from trombine.provenance import check_holds, following

        options = record["options"]
        painted = options.get("method") == PAINTER
        holds, may = (_PAINTED, _MAY_PAINT) if painted else (_BY_NET, _MAY)
        check_holds(record, {**_HOLDS, **holds}, may)
        with following():
            course = {name: options[name] for name in ("frames", "path")}
            course["cycle"] = bool(options["cycle"])
            if painted:
                seeds, files = _people(options["seeds"].split(","), inputs)
                walk = PaintedWalk(inventing=painting_of(options, files), seeds=seeds, **course)
            else:
                walk = Walk(
                    inventing=inventing_of(options, inputs),
                    seeds=seeds_in(options["seeds"], way=True),
                    **course,
                )
            shows = options["shows"]
            frames = list(walk.pixels(1, _shown(shows, walk.count)))
            return _file(walk, shows, SUFFIX_OF[options["format"]], frames)


def making() -> Remaker:
    """How a walk is made again."""
    return Remaker()
