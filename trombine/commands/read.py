"""`read`: where faces are, and what is where in each. The work on one is in faces/reading.py."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from json import dumps
from pathlib import Path
from typing import Annotated, Any, Literal, Unpack

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.calls import Files, Recorded
from trombine.core.computing import cores
from trombine.core.devices import CPU, resolve
from trombine.core.progress import Tick
from trombine.faces.reading import (
    CUTOUT,
    FIELDS,
    PARTS,
    PICTURE,
    POINTS,
    READING,
    check_reader,
    read_source,
    table,
)
from trombine.io.batch import Made, run
from trombine.io.convert import is_held
from trombine.io.doors import Source
from trombine.models import shipped
from trombine.models.hub import located

_AT_ONCE_ON_CARD = 4  # pictures, each of which wants some of its memory


@opt.verb
def read(
    pictures: opt.Pictures,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    write_parts: opt.Flag = False,
    write_points: opt.Flag = False,
    write_cutout: opt.Flag = False,
    json: opt.Flag = False,
    faces: Annotated[
        Literal["all", "largest"], Parameter(show_choices=False), opt.RECORDED
    ] = "all",
    traits: opt.Flag = False,
    enlarge: Annotated[opt.Flag, Parameter(group=opt.MORE)] = False,
    model: Annotated[
        str | Path, Parameter(group=opt.MORE), Recorded(lambda name: name in shipped())
    ] = "reader",
    progress: opt.Progress = None,
    **files: Unpack[opt.FolderOptions],
) -> Any:
    """Find the faces of pictures, and read what is where in each.

    It does not recognise people: it says where a face is, not whose.

    For example:
      trombine read faces/000000.png
      trombine read faces --write-parts --write-points --json -o seen

    Parameters
    ----------
    output
        The sheet to write, or their folder; else print a table.
    write_parts
        Write NAME.parts.png: which of 19 parts each pixel is.
    write_points
        Write NAME.points.json: 68 landmarks of each face.
    write_cutout
        Write NAME.cutout.png: the heads, without background.
    json
        Write NAME.json; without -o print a line of JSON each.
    faces
        all, or the largest of each picture alone. [all]
    traits
        Guess age, sex, hair, ... too; often wrong of real faces.
    enlarge
        Enlarge small faces by nets before they are read.
    model
        The reader, or a file that train has made. [reader]
    """
    net, on = model if model in shipped() else Path(located(model)), resolve(Files(**files).device)
    check_reader(net, on)
    held = is_held(pictures)
    outputs = {
        READING: True,
        PARTS: write_parts,
        POINTS: write_points,
        CUTOUT: write_cutout,
        FIELDS: json and (held or output is not None),
        PICTURE: output is not None,
    }
    options = {"largest": faces == "largest", "enlarge": enlarge, "traits": traits}
    look = partial(read_source, model=net, device=on, **options)

    def printed(source: Source, tick: Tick) -> Made:
        made = look(source, tick)
        text = dumps(made.found) if json else table(made.found)
        return replace(made, text=text, notices=made.notices if json else ())

    return run(
        look if held or output is not None else printed,
        wanted=[name for name, is_wanted in outputs.items() if is_wanted],
        chosen={"model": net},
        suffix=".png",
        reads=[net] if isinstance(net, Path) else (),
        beside="" if output is None else ".read",
        at_once=cores() if on == CPU else min(cores(), _AT_ONCE_ON_CARD),
        light=lambda source: True,
    )
