"""One picture read as it is asked for: its faces, what is written of them, the same bytes again.

What a record says is all that determines the bytes: what was asked, the models, the picture. Where
faces are and what they are like is found in reader/; what is done with many files is in
verbs/read.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import UInt8

from trombine import codecs
from trombine.conventions import to_picture
from trombine.images import Image, as_seen, encode_png, read, read_provenance
from trombine.provenance import digest, loads, not_followed, record, shortened
from trombine.reader.faces import Face, parts_map, read_faces
from trombine.readings.drawing import PALETTE, drawn
from trombine.refusal import InputError
from trombine.texts import from_json
from trombine.weights import load, shipped

SHEET, PARTS, POINTS, FIELDS = "sheet", "parts", "points", "fields"  # what a file shows
EVERY, LARGEST = "all", "largest"  # faces
_ENLARGERS: Final = {2: "upscale-x2", 4: "upscale-x4"}
_NO_ROUNDING: Final = 3  # digits after the point, of pixels and numbers in JSON


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a picture is to be read."""

    model: str | Path  # a shipped one, or a file
    faces: str = EVERY  # or LARGEST
    enlarge: bool = False  # small faces, before they are read


@dataclass(frozen=True, kw_only=True)
class Told:
    """A picture, and what was read of it."""

    pixels: UInt8[np.ndarray, "h w 3"]
    faces: Sequence[Face]

    def parts(self) -> UInt8[np.ndarray, "h w"]:
        """The label of each pixel."""
        return parts_map(self.faces, *self.pixels.shape[:2])


def read_as(image: Image, asked: Asked) -> Told:
    """The faces of a picture; an InputError where there is no such model."""
    pixels = as_seen(image)
    picture = to_picture(pixels)
    model = load(asked.model, task="read")
    largest = asked.faces == LARGEST
    larger = enlarge if asked.enlarge else None
    return Told(pixels=pixels, faces=read_faces(picture, model, largest=largest, enlarge=larger))


def enlarge(picture: torch.Tensor, times: int) -> torch.Tensor:
    """The picture 2 or 4 times as large, by the nets that trombine upscale takes."""
    from trombine.upscaling.running import enlarged

    return enlarged(load(_ENLARGERS[times], task="upscale").in_rgb, picture)


def as_json(source: Path, told: Told) -> dict[str, Any]:
    """What was read of each face, but for its points and its parts."""
    faces = [
        {
            "box": _rounded(face.box),
            "likely": _rounded(face.likely),
            "style": _rounded(face.style),
            "traits": _rounded(face.traits),
            "moment": _rounded(face.moment),
            "features": _rounded(face.features),
        }
        for face in told.faces
    ]
    return {**_picture(source, told), "faces": faces}


def points_json(source: Path, told: Told) -> dict[str, Any]:
    """The landmarks of each face in pixels, and by how many pixels each may be off."""
    faces = [
        {"points": _rounded(face.points), "errors": _rounded(face.errors)} for face in told.faces
    ]
    return {**_picture(source, told), "faces": faces}


def _picture(source: Path, told: Told) -> dict[str, Any]:
    height, width = told.pixels.shape[:2]
    return {"picture": source.name, "width": width, "height": height}


def _rounded(value: Any) -> Any:
    """A number, or all numbers inside, with no more digits than mean anything."""
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, np.ndarray):
        return _rounded(value.tolist())
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return round(float(value), _NO_ROUNDING)


# ---------------------------------------------------------------------------------------------
# The record, and the same bytes again


def record_of(
    source: Path, asked: Asked, shows: str, digests: Mapping[Path, str]
) -> dict[str, Any]:
    """What determines the bytes of one of a picture's files; `digests` is of the files read."""
    inputs, file = {source.name: digests[source]}, model_file(asked.model)
    called = str(asked.model) if file is None else _called(file, source)
    if file is not None:
        inputs[called] = digests[file]
    options = {
        "picture": source.name,
        "model": called,
        "faces": asked.faces,
        "enlarge": int(asked.enlarge),
        "shows": shows,
    }
    return record("read", options, inputs=inputs, model=_hashes(asked), needs=("torch", "scipy"))


def model_file(model: str | Path) -> Path | None:
    """The file of a model that is no shipped one."""
    return None if isinstance(model, str) and model in shipped() else Path(model)


def _called(file: Path, source: Path) -> str:
    """What a record calls a model, which may be named as the picture elsewhere is."""
    return file.name if file.name != source.name else f"model-{file.name}"


def _hashes(asked: Asked) -> str:
    names = [asked.model, *(_ENLARGERS.values() if asked.enlarge else ())]
    return "+".join(load(name).hash for name in names)


def record_in(path: Path) -> dict[str, Any] | None:
    """The record in one of a picture's files; None where trombine did not write it."""
    try:
        if path.suffix != ".json":
            return read_provenance(path)
        return loads(json.dumps(from_json(path.read_bytes())["record"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None  # JSON of somebody else's


def otherwise(path: Path, shows: str, source: Path, asked: Asked) -> str:
    """What keeps a file from being the one that is asked for; empty if it is.

    The hash of a shipped net does not count: a newer trombine need not make all sheets again.
    """
    made = record_in(path)
    if made is None:
        return "trombine did not make it"
    files = {path: digest(path) for path in (source, model_file(asked.model)) if path}
    wanted = record_of(source, asked, shows, files)
    if (made["verb"], made.get("options")) != (wanted["verb"], wanted["options"]):
        return "was made otherwise"
    then = made.get("inputs", {})
    changed = [name for name, hash in wanted["inputs"].items() if then.get(name) != hash]
    return f"was made from another {shortened(changed[0])}" if changed else ""


def encoded(source: Path, told: Told, made: dict[str, Any]) -> bytes:
    """The bytes of the file that the record is of."""
    shows = made["options"]["shows"]
    if shows in (POINTS, FIELDS):
        found = (points_json if shows == POINTS else as_json)(source, told)
        return (json.dumps({**found, "record": made}, indent=1, allow_nan=False) + "\n").encode()
    if shows == SHEET:
        title = f"{shortened(source.name)}: {shortened(made['options']['model'])}"
        return encode_png(drawn(told.pixels, told.parts(), told.faces, title), made)
    labels = Image(samples=told.parts()[..., None], mode="P", palette=PALETTE)
    return codecs.encode(labels, "PNG", provenance=made)


def remake(made: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
    """The file that this record is of, made again from its inputs; anyone may have edited it."""
    try:
        source, asked = _asked(made["options"], inputs)
        here, then = _hashes(asked), shortened(str(made.get("model")))
        if here != then:
            version = shortened(str(made.get("versions", {}).get("trombine", "unknown")))
            what = f"was read by other models ({then}) than are here ({here})"
            remedy = f"replay it with the trombine that made it, version {version}"
            raise InputError(what, remedy)
        return encoded(source, read_as(read(source), asked), dict(made))
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        raise not_followed(error) from error


def _asked(options: Mapping[str, Any], inputs: Mapping[str, Path]) -> tuple[Path, Asked]:
    """The picture, and what a record asks for. Its model is a shipped one or among its inputs."""
    if options["shows"] not in (SHEET, PARTS) or options["faces"] not in (EVERY, LARGEST):
        raise ValueError(f"{options['shows']} of {options['faces']} is no file")
    name = options["model"]
    own = name in inputs and name != options["picture"]
    model = _input(name, inputs) if own or name not in shipped() else name
    asked = Asked(model=model, faces=options["faces"], enlarge=bool(options["enlarge"]))
    return _input(options["picture"], inputs), asked


def _input(name: str, inputs: Mapping[str, Path]) -> Path:
    if name not in inputs:
        raise ValueError(f"{name} is not among its inputs")
    return inputs[name]
