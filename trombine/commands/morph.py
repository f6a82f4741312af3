"""`morph`: films that walk from one face to the next, by generation/interpolation.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter, Token

from trombine.commands import options as opt
from trombine.commands.generate import (
    Attributes,
    Method,
    Model,
    Size,
    Style,
    Truncation,
    uses_net,
)
from trombine.core.calls import Recorded, current
from trombine.core.computing import cores
from trombine.core.devices import resolve
from trombine.core.errors import InputError, shown
from trombine.core.progress import Result, log, silent
from trombine.eval.witness import score
from trombine.generation import NET
from trombine.generation.asking import fields_in, seeds_in, spelled
from trombine.generation.by_net import inventing_of
from trombine.generation.interpolation import Walk, film_of
from trombine.generation.painting import Known, Painting, Pixels
from trombine.io.batch import Content, save
from trombine.io.inputs import refuse_to_write_over
from trombine.io.record import record_of
from trombine.io.sheets import Sheet
from trombine.models.zoo import named
from trombine.restyling.portrait import known

ENDINGS: Final = (".gif", ".webp", ".mp4", ".webm")
_SIZE: Final = 256
_FILM, _SHEET = "film", "sheet"
_COLUMNS: Final = 12  # of a sheet


def _words(_: Any, tokens: Sequence[Token]) -> list[str]:
    return [token.value for token in tokens]


@opt.verb
def morph(
    seeds: Annotated[
        str | int | Sequence[str | int | Path],
        Parameter(n_tokens=-1, converter=_words),
        Recorded(lambda text: not Path(text).suffix),
    ],
    *,
    output: opt.Folder,
    frames: Annotated[int, opt.limits(2, 500), opt.WHOLE, opt.RECORDED] = 24,
    cycle: opt.Flag = False,
    attributes: Attributes = "",
    style: Style = "anime",
    size: Size = None,
    sheet: opt.Flag = False,
    film: Annotated[
        Literal["", "gif", "webp", "mp4", "webm"], Parameter(show_choices=False), opt.RECORDED
    ] = "",
    overwrite: opt.Overwrite = False,
    method: Method = None,
    model: Model = "",
    truncation: Truncation = 1.0,
    path: Annotated[
        Literal["linear", "spherical", "truncation"],
        Parameter(show_choices=False, group=opt.MORE),
        opt.RECORDED,
    ] = "linear",
    threads: opt.Threads = None,
    device: opt.Device = "auto",
    progress: opt.Progress = None,
) -> Result:
    """Walk from one face to the next, as a film or a folder of frames.

    For example:
      trombine morph 3 8 --cycle --size 128 --frames 4 --sheet -o walk.gif
      trombine morph 5 --method net --path truncation --frames 4 -o grown

    Parameters
    ----------
    seeds
        The faces in order: 3 8 21, or 0-3, or a.jpg b.jpg 7.
    output
        A film (gif, webp, mp4, webm), or a folder of frames.
    frames
        From a face to the next, 2 to 500. [24]
    cycle
        Go on from the last face to the first.
    size
        Pixels a side. [256; by a net 96]
    sheet
        Write NAME.sheet.png, in a folder all.sheet.png, too.
    film
        In a folder, write film.gif, .webp, .mp4 or .webm too.
    path
        By a net: linear, spherical or truncation. [linear]
    """
    by_net = uses_net(method, model, truncation=truncation != 1, path=path != "linear")
    names = str(seeds).split() if isinstance(seeds, str | int) else list(map(str, seeds))
    files = [Path(name) for name in names if Path(name).suffix]
    asked = fields_in(attributes)
    chosen: dict[str, Any] = {
        "attributes": spelled(asked),
        "method": NET if method == NET else None,
    }
    course: dict[str, Any] = {"frames": frames, "path": path, "cycle": cycle}
    if by_net:
        if files:
            raise InputError("is a file, and nets walk by seeds", "name seeds", path=files[0])
        maker = inventing_of(style, model, size, truncation, asked, resolve(device))
        chosen["model"] = named(maker.path) if model else ""
        walk = Walk(inventing=maker, seeds=seeds_in(",".join(names), way=True), **course)
    else:
        numbers, people = _people(names)
        maker = Painting(size=size or _SIZE, style=style, asked=asked, people=people)
        walk = Walk(inventing=maker, seeds=numbers, **course)
    chosen["size"] = maker.size  # recorded, since the default may change
    wanted = _wanted(output, walk.count, film=film, sheet=sheet)
    refuse_to_write_over(wanted, files)
    todo = [file for file in wanted if overwrite or not file.exists()]
    step, scored, made = progress or silent, None, list[Pixels]()
    if todo:
        for pixels in walk.pixels(min(threads or cores(), cores())):
            made.append(pixels)
            step(len(made), walk.count, "frames")
        scored = score(made, cycle=cycle)
    names = [Path(name).name for name in names]
    for file in todo:
        content: Content
        more = {"seeds": names, "film": "", "sheet": False}
        if isinstance(shows := wanted[file], int):
            content = made[shows]
        elif shows == _FILM:
            content, more["film"] = film_of(made), file.suffix[1:].lower()
        else:
            content, more["sheet"] = _sheet(made, names, score(made, cycle=cycle).text), True
        options, inputs = current().changed(**chosen, **more)
        read = {**inputs, **({"seeds": files} if files else {})}
        save(file, content, record_of("morph", options, files=read, model=maker.hash))
        log.debug(f"{shown(file)}: {maker.size} x {maker.size}")
    were = "" if todo else " (was there)"
    text = f"{shown(output)}: {walk.count} frames of {maker.size} px{were}"
    text += f"; {scored.text}" if scored else ""
    return Result(summary=text, written=tuple(todo), kept=len(wanted) - len(todo))


def _people(names: Sequence[str]) -> tuple[tuple[int, ...], list[Known]]:
    """The named seeds, and people from files, whose numbers are -1, -2 and so on."""
    if not any(Path(name).suffix for name in names):
        return seeds_in(",".join(names), way=True), []
    seeds: list[int] = []
    people: list[Known] = []
    for name in names:
        if Path(name).suffix:
            people.append(known(Path(name)))
            seeds.append(-len(people))
        else:
            seeds += seeds_in(name, way=True)
    return tuple(seeds), people


def _wanted(output: Path, count: int, *, film: str, sheet: bool) -> dict[Path, int | str]:
    """The files to make, and what each is: a frame's number, the film, or the sheet."""
    files: dict[Path, int | str] = {}
    if output.suffix:
        if output.suffix.lower() not in ENDINGS:
            remedy = f"choose {', '.join(ENDINGS)}, or a folder"
            raise InputError("ends as no film does", remedy, path=output)
        if film:
            raise InputError(f"is a film, and --film {film} is for folders", path=output)
        files[output], beside = _FILM, output.with_suffix(".sheet.png")
    else:
        if output.is_file():
            raise InputError("is a file, and frames go into a folder", path=output)
        files |= {output / f"{at:06d}.png": at for at in range(count)}
        files |= {output / f"film.{film}": _FILM} if film else {}
        beside = output / "all.sheet.png"
    return files | ({beside: _SHEET} if sheet else {})


def _sheet(frames: Sequence[Pixels], names: Sequence[str], note: str) -> Pixels:
    """All frames, row after row."""
    rows = [frames[start : start + _COLUMNS] for start in range(0, len(frames), _COLUMNS)]
    return Sheet(rows=rows, title=f"a walk by {', '.join(names)}", note=note).pixels()
