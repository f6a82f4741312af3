"""`generate`: faces from seeds, by the painter or by a net, into a folder.

Pictures are made in generation/painting.py, or by a net in generation/by_net.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.calls import Recorded, current
from trombine.core.computing import cores, in_turn
from trombine.core.devices import resolve
from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, Result, log, silent
from trombine.eval.witness import fields_read
from trombine.generation import NET
from trombine.generation.asking import fields_in, seeds_in, spelled
from trombine.generation.by_net import Inventing, found, inventing_of
from trombine.generation.painting import Painting, Pixels, sheet_of
from trombine.io.batch import save
from trombine.io.image import PICTURE_SUFFIXES
from trombine.io.inputs import refuse_to_write_over
from trombine.io.record import record_of
from trombine.models.zoo import named, shipped
from trombine.restyling.portrait import known

SHEET: Final = "all.sheet.png"
SHOWN: Final = 400  # pictures of a sheet
_ON_SHEET: Final = 256  # pixels of one of them, at most, of the painter's
_SIZE: Final = 512

# Options that `morph` has, too.
Attributes = Annotated[
    str, Parameter(help='Of every face: "age=60, glasses, no hat, smile=.8".'), opt.RECORDED
]
Style = Annotated[
    Literal["anime", "photo", "cartoon", "sketch"],
    Parameter(help="anime, photo, cartoon or sketch. [anime]", show_choices=False),
    opt.RECORDED,
]
Size = Annotated[int | None, opt.limits(16, 2048), opt.WHOLE, opt.RECORDED]
Method = Annotated[
    Literal["painter", "net"] | None,
    Parameter(
        help="painter, or net: a neural network. [painter]", show_choices=False, group=opt.MORE
    ),
    opt.RECORDED,
]
Model = Annotated[
    str | Path,
    Parameter(help="A net that generates, by name or file.", group=opt.MORE),
    Recorded(lambda name: name in shipped()),
]
Truncation = Annotated[
    float,
    opt.limits(0.1, 1),
    Parameter(help="By a net: lower is more alike, fewer are odd. [1]", group=opt.MORE),
    opt.RECORDED,
]


@opt.verb
def generate(
    *,
    output: opt.Folder,
    seeds: Annotated[str | int, opt.RECORDED] = "0",
    attributes: Attributes = "",
    style: Style = "anime",
    size: Size = None,
    like: Annotated[Path | None, opt.RECORDED] = None,
    sheet: opt.Flag = False,
    overwrite: opt.Overwrite = False,
    method: Method = None,
    model: Model = "",
    truncation: Truncation = 1.0,
    threads: opt.Threads = None,
    device: opt.Device = "auto",
    progress: opt.Progress = None,
) -> Result:
    """Generate faces from seeds, optionally with given attributes.

    By default the procedural painter draws each person; --method net lets a
    neural net generate it.

    For example:
      trombine generate --seeds 0-11 --sheet -o drawn
      trombine generate --seeds 0-3 --attributes "age=60, smile=.8" -o steered

    Parameters
    ----------
    output
        The folder to write; a face is named by its seed.
    seeds
        Which faces: 0-31, or 3,8,21. [0]
    size
        Pixels a side. [512; by a net 96]
    like
        A picture or a character's file: who to draw.
    sheet
        Write all.sheet.png too.
    """
    by_net = uses_net(method, model, truncation=truncation != 1)
    numbers, asked = seeds_in(str(seeds)), fields_in(attributes)
    chosen: dict[str, Any] = {
        "attributes": spelled(asked),
        "method": NET if method == NET else None,
        "sheet": False,
    }
    workers = min(threads or cores(), cores())
    step = progress or silent
    if output.is_file() or output.suffix.lower() in PICTURE_SUFFIXES:
        raise InputError("is a file, and faces go into a folder", path=output)
    if like and (by_net or sheet or seeds != "0"):
        raise InputError("--like draws one person, by the painter", "leave nets and seeds out")
    if by_net:
        maker = inventing_of(style, model, size, truncation, asked, resolve(device))
        chosen["model"] = named(maker.path) if model else ""
    else:
        people = [known(like)] if like else []
        maker = Painting(size=size or _SIZE, style=style, asked=asked, people=people)
    chosen["size"] = maker.size  # recorded, since the default may change
    places = {seed: output / f"{seed:06d}.png" for seed in numbers}
    if like:
        places = {-1: output / f"{like.name.partition('.')[0]}.like.png"}
        refuse_to_write_over(places.values(), [like])
    todo = [seed for seed, path in places.items() if overwrite or not path.exists()]
    on_sheet = output / SHEET
    missing = [on_sheet] if sheet and (overwrite or not on_sheet.exists()) else []
    options, files = current().changed(**chosen)
    plain = record_of("generate", options, files=files, model=maker.hash)

    def record(**more: Any) -> Mapping[str, Any]:
        return {**plain, "options": {**options, **more}}

    def make(seed: int) -> None:
        of_seed = {} if like else {"seeds": str(seed)}
        save(places[seed], maker.pixels(seed), record(**of_seed))

    account = Account(written=[*(places[seed] for seed in todo), *missing])
    for done, (seed, _) in enumerate(zip(todo, in_turn(make, todo, workers), strict=True)):
        log.debug(f"{shown(places[seed])}: {maker.size} x {maker.size}")
        if isinstance(maker, Inventing) and (lacks := maker.drawn(seed).lacks):
            account.notice(f"does not show {', '.join(lacks)}", places[seed])
        step(len(places) - len(todo) + done + 1, len(places), "faces")
    for path in missing:
        save(path, _sheet(maker, numbers, str(seeds), workers), record(sheet=True))
    kept = len(places) + sheet - len(todo) - len(missing)
    count = f"{len(places):,} face{'s' * (len(places) > 1)}"
    were = f" ({kept:,} {'files were' if kept > 1 else 'file was'} there)" if kept else ""
    return account.result(f"{shown(output)}: {count} of {maker.size} px{were}", kept=kept)


def uses_net(method: str | None, model: str | Path, **of_nets: bool) -> bool:
    """Whether a net makes the faces; options for nets are refused if not."""
    by_net = method == NET or bool(model and method is None)
    for option, is_given in {"model": bool(model), **of_nets}.items():
        if is_given and not by_net:
            raise InputError(f"--{option} needs --method net", "add that, or leave it out")
    return by_net


def _sheet(maker: Painting | Inventing, seeds: Sequence[int], text: str, threads: int) -> Pixels:
    """A sheet of the first seeds, with the attributes asked for and, by a net, those read."""
    small = maker
    if isinstance(maker, Painting):
        small = replace(maker, size=min(maker.size, _ON_SHEET))
    pictures = list(in_turn(small.pixels, seeds[:SHOWN], threads))
    note = f"with {spelled(maker.asked)}" if maker.asked else ""
    if maker.asked and isinstance(maker, Inventing):
        note += f"\n{found([fields_read(pixels, tuple(maker.asked)) for pixels in pictures])}"
    title = f"seeds {text}" if len(text) < 40 else f"{len(pictures)} seeds"
    return sheet_of(pictures, title, note)
