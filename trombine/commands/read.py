"""`read`: where faces are, and what is where in each. The work on one is in faces/reading.py."""

from __future__ import annotations

from dataclasses import replace
from json import dumps
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.computing import computing, cores
from trombine.core.devices import CPU, resolve
from trombine.core.progress import Tick
from trombine.faces.reading import (
    CUTOUT,
    FIELDS,
    PARTS,
    POINTS,
    SHEET,
    PictureReading,
    as_json,
    as_known,
    check_reader,
    read_files,
    read_held,
    read_picture,
    table,
)
from trombine.io.batch import Made, each, find
from trombine.io.convert import is_held
from trombine.io.image import Picture
from trombine.io.video import SourceFile
from trombine.models import shipped
from trombine.models.hub import located

_AT_ONCE_ON_CARD = 4  # pictures, each of which wants some of its memory


@opt.verb
def read(
    pictures: opt.Pictures,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    write_parts: bool = False,
    write_points: bool = False,
    write_cutout: bool = False,
    json: bool = False,
    faces: Annotated[Literal["all", "largest"], Parameter(show_choices=False)] = "all",
    traits: bool = False,
    overwrite: opt.Overwrite = False,
    enlarge: Annotated[bool, Parameter(group=opt.MORE)] = False,
    model: Annotated[str | Path, Parameter(group=opt.MORE)] = "reader",
    recursive: opt.Recursive = False,
    suffix: opt.Suffix = "",
    device: opt.Device = "auto",
    cluster: opt.Cluster = "",
    progress: opt.Progress = None,
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
    model = model if model in shipped() else Path(located(model))
    arguments, on = locals(), resolve(device)
    check_reader(model, on)

    def look(picture: Picture) -> PictureReading:
        return read_picture(picture, model, largest=faces == "largest", small=enlarge, device=on)

    if is_held(pictures):
        known = look if traits else lambda picture: as_known(look(picture))
        return read_held(pictures, known)
    paths = opt.paths_of(pictures)
    several = len(find(paths, recursive=recursive)) > 1
    wanted = {
        PARTS: write_parts,
        POINTS: write_points,
        CUTOUT: write_cutout,
        FIELDS: json and output is not None,
        SHEET: output is not None,
    }
    endings = tuple(end for end, is_wanted in wanted.items() if is_wanted)

    def work(source: SourceFile, target: Path, tick: Tick) -> Made:
        with computing(1 if several else None):
            reading = look(source.film.first)
            made = read_files(
                source, reading, endings, model=model, enlarge=enlarge, traits=traits, device=on
            )
        found = as_json(str(source.path), reading, traits=traits)
        if output is not None:
            return replace(made, found=found)
        text = dumps(found) if json else table(found)
        return replace(made, found=found, text=text, notices=made.notices if json else ())

    return each(
        paths,
        work,
        read,
        arguments,
        endings=endings,
        suffix=".png",
        reads=filter(None, (model if isinstance(model, Path) else None,)),
        beside="" if output is None else ".read",
        at_once=cores() if on == CPU else min(cores(), _AT_ONCE_ON_CARD),
        light=lambda source: True,
        cluster=cluster,
        progress=progress,
    )
