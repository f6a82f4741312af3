"""Faces of one picture: read, and as the files or the words that are wanted of them.

Where faces are and what they are like is found in faces/; the verb is commands/read.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from scipy.ndimage import binary_erosion, binary_propagation, gaussian_filter

from trombine.core.computing import computing
from trombine.core.devices import CPU
from trombine.core.errors import InputError, shortened, shown
from trombine.core.progress import Tick
from trombine.core.texts import counted
from trombine.faces import fields_of
from trombine.faces.drawing import drawn
from trombine.faces.faces import Face, read_faces
from trombine.faces.fields import beyond, sure_style
from trombine.faces.frames import samples_of
from trombine.faces.maps import REFINER, parts_map
from trombine.io.batch import Made
from trombine.io.doors import Source
from trombine.io.image import Labels, Picture, as_seen
from trombine.metrics.drawing import is_drawing
from trombine.models import loaded
from trombine.models.running import enlarged, enlarger

# Outputs: the picture is one of what was read; a program gets the reading itself.
READING, PICTURE, PARTS, POINTS = "reading", "picture", "parts", "points"
CUTOUT, FIELDS = "cutout", "json"
_ENLARGERS: Final = {2: "upscale-x2", 4: "upscale-x4"}
_NO_ROUNDING: Final = 3  # digits after the point, of pixels and numbers in JSON
NO_FACE: Final = "no face found"
_SOFT: Final = 0.6  # pixels: the deviation of what softens the outline of a cut-out
# Of a moment, what is read well enough to be said unasked.
SHOWN: Final = (
    *("yaw", "pitch", "roll", "smile", "mouth_open", "lid_open", "gaze_x", "gaze_y"),
    *("glasses", "hat"),
)
GUESSES: Final = ("traits", "styles")
_COLUMNS: Final = ("yaw", "pitch", "roll", "smile", "mouth_open", "lid_open", "glasses", "hat")
_TURNS: Final = ("yaw", "pitch", "roll")
_GUESSED: Final = ("masculine", "age", "tone", "hair_light", "beard")


@dataclass(frozen=True, kw_only=True)
class PictureReading:
    """A picture, and what was read of it."""

    pixels: UInt8[np.ndarray, "h w 3"]
    faces: Sequence[Face]

    def parts(self) -> UInt8[np.ndarray, "h w"]:
        """The label of each pixel."""
        return parts_map(self.faces, *self.pixels.shape[:2], picture=samples_of(self.pixels))

    def opacity(self) -> Float32[np.ndarray, "h w"]:
        """1 where there is a part, 0 in the background, with an edge that is soft over a pixel;
        specks of a pixel or two are background, and holes of a pixel or two are closed."""
        whole = ~_without_specks(~_without_specks(self.parts() > 0))
        return gaussian_filter(whole.astype(np.float32), _SOFT, mode="nearest")


def _without_specks(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    return np.asarray(binary_propagation(binary_erosion(mask), mask=mask), np.bool_)


def as_known(reading: PictureReading) -> PictureReading:
    """A reading without the guesses that are made only where they are wished for."""

    def known(fields: Mapping[str, float]) -> dict[str, float]:
        return {name: value for name, value in fields.items() if name in SHOWN}

    faces = [
        replace(face, traits={}, moment=known(face.moment), spreads=known(face.spreads))
        for face in reading.faces
    ]
    return replace(reading, faces=faces)


def read_source(
    source: Source,
    tick: Tick,
    *,
    model: str | Path,
    largest: bool,
    enlarge: bool,
    traits: bool,
    device: str = CPU,
) -> Made:
    """What is read of a picture: all of it, and as the files that are wanted."""
    with computing(1 if source.together else None):
        reading = read_picture(source.picture, model, largest=largest, small=enlarge, device=device)
        title = f"{shortened(source.name)}: {shortened(Path(model).name)}"
        makers: dict[str, Callable[[], Any]] = {
            READING: lambda: reading if traits else as_known(reading),
            FIELDS: lambda: as_json(source.name, reading, traits=traits),
            POINTS: lambda: points_json(source.name, reading),
            CUTOUT: lambda: source.picture.cut_out(reading.opacity()),
            PARTS: lambda: Labels(numbers=reading.parts()),
            PICTURE: lambda: drawn(reading.pixels, reading.faces, title, traits=traits),
        }
        wanted = [name for name in makers if name in source.wanted]
        if not reading.faces and CUTOUT in wanted:  # nothing would be left of it
            wanted.remove(CUTOUT)
        used = [model, *(_ENLARGERS.values() if enlarge else ())]
        nets = [loaded(net, device=device) for net in used]
        if {PARTS, CUTOUT, PICTURE} & set(wanted):
            nets.append(loaded(REFINER))
        return Made(
            files={name: makers[name]() for name in wanted},
            model="+".join(net.hash for net in nets),
            facts=counted(len(reading.faces), "face"),
            details=tuple(net.described for net in nets),
            notices=() if reading.faces else (NO_FACE,),
            counts={"face": len(reading.faces)},
            found=as_json(source.label, reading, traits=traits),
        )


def check_reader(model: str | Path, device: str = CPU) -> None:
    """Refuse a model that reads no faces."""
    try:
        fields_of(loaded(model, task="read", device=device))
    except InputError as error:
        if error.path is not None:
            raise
        remedy = "give a file as trombine train reader makes it"
        raise InputError(error.problem, remedy, path=model) from error


def read_picture(
    image: Picture,
    model: str | Path,
    *,
    largest: bool = False,
    small: bool = False,
    device: str = CPU,
) -> PictureReading:
    """The faces of a picture, all or the largest; `small` ones are enlarged before."""
    pixels = as_seen(image)
    net = loaded(model, task="read", device=device)
    larger = partial(enlarge, device=device) if small else None
    try:
        faces = read_faces(samples_of(pixels), net, largest=largest, enlarge=larger)
    except InputError as error:
        problem, _, remedy = str(error).partition("; ")
        raise InputError(f"cannot be read by {problem}", remedy) from error
    is_drawn = bool(faces) and is_drawing(pixels)
    styled = [replace(face, style=sure_style(face.styles, drawn=is_drawn)) for face in faces]
    return PictureReading(pixels=pixels, faces=styled)


def enlarge(picture: torch.Tensor, times: int, device: str = CPU) -> torch.Tensor:
    """The picture 2 or 4 times as large, by the nets that trombine upscale takes."""
    return enlarged(enlarger(_ENLARGERS[times], device).in_rgb, picture)


def as_json(name: str, reading: PictureReading, *, traits: bool) -> dict[str, Any]:
    """What was read of each face, but for its points and its parts; with `traits` the guesses."""
    if not traits:
        reading = as_known(reading)
    faces = [
        {
            "box": _rounded(face.box),
            "likely": _rounded(face.likely),
            "style": face.style,
            "moment": _rounded(face.moment),
            **({name: _rounded(getattr(face, name)) for name in GUESSES} if traits else {}),
            "spreads": _rounded(face.spreads),
            "unsure": list(face.unsure),
            "features": _rounded(face.features),
        }
        for face in reading.faces
    ]
    return {**_picture(name, reading), "faces": faces}


def points_json(name: str, reading: PictureReading) -> dict[str, Any]:
    """The landmarks of each face in pixels, and by how many pixels each may be off."""
    faces = [
        {"points": _rounded(face.points), "errors": _rounded(face.errors)} for face in reading.faces
    ]
    return {**_picture(name, reading), "faces": faces}


def _picture(name: str, reading: PictureReading) -> dict[str, Any]:
    height, width = reading.pixels.shape[:2]
    return {"picture": name, "width": width, "height": height}


def _rounded(value: Any) -> Any:
    """A number, or all numbers inside, with no more digits than mean anything."""
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return _rounded(value.tolist())
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return round(float(value), _NO_ROUNDING)


def table(value: dict[str, Any]) -> str:
    """A line for the picture, and a few for each of its faces; see as_json."""
    count = counted(len(value["faces"]), "face")
    size = f"{value['width']} x {value['height']}"
    lines = [f"{shown(value['picture'])} ({size}): {count}"]
    for number, face in enumerate(value["faces"], 1):
        box = ", ".join(f"{side:.0f}" for side in face["box"])
        style = face["style"] or "style unsure"
        moment, traits = face["moment"], face.get("traits", {})
        rows = [
            f"{number}: at {box} (left, top, right, bottom), likely {face['likely']:.2f}, {style}",
            " ".join(_number(name, moment[name]) for name in _COLUMNS if name in moment),
        ]
        if traits:
            guesses = " ".join(_number(name, traits[name]) for name in _GUESSED if name in traits)
            rows.append(f"guesses, learned from painted faces: {guesses}")
        rows += [f"unsure: {'; '.join(face['unsure'])}"] if face["unsure"] else []
        for row in rows:
            first = " " * (2 if row is rows[0] else 5)
            lines += wrap(row, 100, initial_indent=first, subsequent_indent=" " * 5)
    return "\n".join(lines)


def _number(name: str, value: float) -> str:
    """A field and its value, turns in degrees; one as far as the reader can tell is more than
    that."""
    if name not in _TURNS:
        return f"{name}={value:.0f}" if name == "age" else f"{name}={value:.2f}"
    more = (">" if value > 0 else "<") if beyond(name, value) else ""
    return f"{name}={more}{round(math.degrees(value))}°"
