"""A person of a photograph, drawn by the painter of the face world.

    character_of(picture, face, style)    the person of the world who looks like a face of a picture
    known(path)                           the same of a file, which may be a character's
    cutout(character, style, ...)         the head as it lies in the photograph, and its opacity
    median(characters)                    who is seen in several frames
    Actor                                 a face of a film, followed from frame to frame

How parameters are fitted is in world/fit.py; what is put into the photograph, in drawing.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from PIL import Image as Pillow
from torch import Tensor

from trombine.core.conventions import PART_INDEX, to_pixels
from trombine.core.devices import device_of
from trombine.core.errors import InputError, about, shortened
from trombine.core.progress import Tick, unheard
from trombine.core.texts import from_json
from trombine.faces import Face
from trombine.faces.fields import sure_style
from trombine.faces.frames import WINDOW, Frame, Samples, crop_windows, sample_window, samples_of
from trombine.faces.maps import REFINER
from trombine.faces.reading import NO_FACE, read_picture
from trombine.faces.tracks import OneEuro
from trombine.generation.painting import Known
from trombine.io.files import opened
from trombine.io.image import load_picture
from trombine.metrics.drawing import is_colourful, is_drawing
from trombine.models import loaded
from trombine.world import Face as Person
from trombine.world.faces import FIELDS, from_vector, to_vector
from trombine.world.fit import MOMENT, Seen, Square, fit, fit_moment
from trombine.world.painting import LARGEST, SMALLEST, cut_out
from trombine.world.proportions import EYE_LINE
from trombine.world.shape import seen_in, shape

FITS: Final = 0.08  # of the pupils' distance: a face whose landmarks are off by more is not fitted
_FINEST: Final = 512  # pixels of the window that is fitted
_PARTS: Final = 128  # and of the map of its parts
_KEPT: Final = ("identity", "hair", "worn")  # groups of fields by which a character is known
_WIDE: Final = 1.5  # sides of the world's picture: what is painted of a head
READER: Final = "reader"
_WRITE: Final = "write one: --write-character"
_FRAMED: Final = 0.03  # of the picture: a face that lies further off is framed otherwise
_NO_CLOTH: Final = 9.0  # half widths of the face: clothes that begin so low are not seen
_HALF_FACE: Final = 0.25  # of the side of a painted picture
_UNIT: Final = 256.0  # pixels
_WIDER: Final = 1.45  # times as wide as a face's own window is the one that shows its hair
_LOWER: Final = 0.12  # of the window: by so much for each time it is wider it lies lower
_RIM: Final = 0.08  # of half a window, over which the one beside it takes over

Pixels = UInt8[np.ndarray, "s s 3"]


@dataclass(frozen=True, kw_only=True)
class Character:
    """A person, and where the world's picture of them lies in the photograph."""

    person: Person
    frame: Frame  # in pixels of the photograph
    points_off: float = 0.0  # how far its landmarks are off, in distances of the pupils

    @property
    def fits(self) -> bool:
        return self.points_off <= FITS

    @property
    def bottom(self) -> float:
        """The row of the photograph down to which they are painted."""
        return self.frame.y + _WIDE / 2 * self.frame.side

    def framed(self, height: int, width: int) -> Person:
        """The person as the photograph frames them, where it is framed as portraits are; else in
        the middle."""
        side, frame = max(height, width), self.frame
        seen = {
            "centre_x": (frame.x - width / 2) / side,
            "centre_y": (frame.y - height / 2) / side,
            "scale": _HALF_FACE * frame.side / side,
            "roll": frame.angle,
        }
        cos, sin = math.cos(frame.angle), math.sin(frame.angle)
        up = (EYE_LINE - 0.5) * frame.side / side  # from the middle of its square to its eyes
        seen["centre_x"] -= up * sin
        seen["centre_y"] += up * cos - (EYE_LINE - 0.5)
        within = {info.name: info for info in FIELDS if info.name in seen}
        nearest = {n: min(max(v, within[n].low), within[n].high) for n, v in seen.items()}
        if any(abs(seen[n] - nearest[n]) > _FRAMED for n in ("centre_x", "centre_y", "scale")):
            nearest |= {"centre_x": 0.0, "centre_y": 0.0, "scale": _HALF_FACE}
        return replace(self.person, **nearest)

    def as_json(self) -> dict[str, dict[str, float]]:
        """What a character's file holds: the fields of the person, by name."""
        fields = asdict(self.person).items()
        return {"character": {name: round(value, 6) for name, value in fields}}

    def played(self, other: Person | None, changes: Mapping[str, float]) -> Character:
        """The same with changed fields, or another person in the same moment: pose, expression,
        light and framing stay."""
        person = self.person
        if other is not None:
            names = [info.name for info in FIELDS if info.group in _KEPT]
            person = replace(person, **{name: getattr(other, name) for name in names})
        return replace(self, person=replace(person, **changes))


def read_character(path: Path) -> Person:
    """The person that a character's file describes."""
    with about(path), opened(path) as file:
        try:
            content = from_json(file.read())
        except ValueError as error:
            raise InputError("is no character's file", _WRITE) from error
        return person_in(content)


def person_in(content: Any) -> Person:
    """The person that a character's content, {"character": {...}}, describes."""
    try:
        fields = dict(content["character"])
    except (ValueError, LookupError, TypeError) as error:
        raise InputError("is no character's file", _WRITE) from error
    return person_of(fields)


def person_of(fields: Mapping[str, float]) -> Person:
    """The person of whom these are the fields, by name."""
    names = {info.name for info in FIELDS}
    if unknown := sorted(fields.keys() - names):
        raise InputError(f"has no field {shortened(unknown[0])}", _WRITE)
    if missing := sorted(names - fields.keys()):
        raise InputError(f"lacks {missing[0]}", _WRITE)
    try:
        return Person(**{name: float(value) for name, value in fields.items()})
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"is no character: {error}") from error


def character_of(picture: Samples, face: Face, style: str, tick: Tick = unheard) -> Character:
    """The person of the world who looks like a face of a picture in this style."""
    found = fit(seen_of(picture, face, style), tick)
    frame = _in_picture(found.square, face, style)
    return Character(person=found.person, frame=frame, points_off=found.points_off)


def median(characters: Sequence[Character]) -> Character:
    """Who is seen in several frames: of each field the median, the lower of two."""
    vectors = np.stack([to_vector(one.person) for one in characters])
    person = from_vector(np.quantile(vectors, 0.5, axis=0, method="lower"))
    off = float(np.median([one.points_off for one in characters]))
    return replace(characters[0], person=person, points_off=off)


def in_moment(character: Character, picture: Samples, face: Face, style: str) -> Character:
    """A known character as a face of a picture shows it: pose, mood and place."""
    person, square = fit_moment(seen_of(picture, face, style), character.person)
    return replace(character, person=person, frame=_in_picture(square, face, style))


def _in_picture(square: Square, face: Face, style: str) -> Frame:
    """A square of a face's window, as one of the picture."""
    places = torch.from_numpy(square.to_window(np.array([[0.5, 0.5], [1.0, 0.5]])) * WINDOW)
    middle, right = face.as_painted(style).to_picture(places).numpy()
    across, (x, y) = right - middle, middle.tolist()
    angle = math.atan2(across[1], across[0])
    return Frame(x=x, y=y, side=2 * float(np.hypot(*across)), angle=angle)


class Actor:
    """One face of a film. Who it is stays; pose, mood and place are followed from frame to frame,
    and smoothed."""

    def __init__(self, character: Character, time: float) -> None:
        self.character = character
        self._filter = OneEuro(self._state(character), time)

    def step(self, picture: Samples, face: Face, style: str, time: float) -> Character:
        """The character in the next frame, `time` in seconds."""
        now = in_moment(self.character, picture, face, style)
        *moment, x, y, side, angle = self._filter.step(self._state(now), time).tolist()
        known = dict(zip(MOMENT, moment, strict=True))
        frame = Frame(x=x * _UNIT, y=y * _UNIT, side=math.exp(side), angle=angle)
        self.character = replace(now, person=replace(now.person, **known), frame=frame)
        return self.character

    def _state(self, character: Character) -> Float64[np.ndarray, "n"]:
        """What moves, in numbers that move about as fast."""
        moment = [getattr(character.person, name) for name in MOMENT]
        frame = character.frame
        place = [frame.x / _UNIT, frame.y / _UNIT, math.log(frame.side), frame.angle]
        return np.array([*moment, *place])


def seen_of(picture: Samples, face: Face, style: str) -> Seen:
    """What was read of a face, in the square in which it stands as painted faces do."""
    frame = face.as_painted(style)
    size = int(min(max(frame.side, WINDOW), _FINEST))
    window = crop_windows(picture, [frame], size)
    rows, columns = (np.mgrid[:_PARTS, :_PARTS] + 0.5) * (WINDOW / _PARTS)
    places = torch.from_numpy(np.stack([columns, rows], -1).reshape(-1, 2))
    likely = parts_at(picture, face, frame.to_picture(places), narrow=face.logits.softmax(0))
    points = torch.from_numpy(face.points)
    return Seen(
        pixels=to_pixels(window[0]),
        parts=likely.argmax(0).to(torch.uint8).view(_PARTS, _PARTS).numpy(),
        points=frame.to_window(points).numpy() / WINDOW,
        errors=face.errors.astype(np.float64) / frame.side,
        numbers={**face.traits, **face.moment},
        spreads=face.spreads,
        style=style,
    )


def parts_at(
    picture: Samples,
    face: Face,
    places: Float64[Tensor, "n 2"],
    *,
    narrow: Float32[Tensor, "p s s"],
    both: bool = True,
) -> Float32[Tensor, "p n"]:
    """How likely each part is at places of the picture: as it is read of the face's own window,
    `narrow`, and of one round it, since hair reaches farther; within the first of `both`."""
    wide = face.frame.lower(_LOWER * (_WIDER - 1) * face.frame.side)
    wide = replace(wide, side=_WIDER * face.frame.side)
    reader = loaded(READER, task="read")
    window = crop_windows(picture, [wide]).to(device_of(reader.net))
    around = reader(window).parts[0].float().cpu().softmax(0)
    own = face.frame.to_window(places)
    inner = sample_window(narrow.float(), own)
    outer = sample_window(around, wide.to_window(places))
    depth = (1 - (2 * own / WINDOW - 1).abs().amax(1)).float()
    share = (depth / _RIM).clamp(0, 1) * (0.5 if both else 1.0)
    return share * inner + (1 - share) * outer


def style_by_looks(face: Face, pixels: UInt8[np.ndarray, "h w 3"]) -> str:
    """What a face is drawn in: as the reader is sure of it, else as the picture looks; a photograph
    where both doubt. Of real people the reader says cartoon or sketch, too, but never anime."""
    left, top, right, bottom = (max(round(side), 0) for side in face.box)
    alone = np.ascontiguousarray(pixels[top : bottom + 1, left : right + 1])
    is_drawn = is_drawing(alone)
    style = face.style or sure_style(face.styles, drawn=is_drawn)
    if style is None and (is_drawn or is_drawing(pixels)):
        style = max(face.styles, key=lambda name: face.styles[name])
    if style is None:
        style = "anime" if face.styles["anime"] > 0.5 else "photo"
    return "photo" if style == "sketch" and is_colourful(alone) else style


def known(path: Path) -> Known:
    """The person of a file: of a character's, or of the largest face of a picture."""
    if path.suffix.lower() == ".json":
        return Known(person=read_character(path))
    with about(path):
        image = load_picture(path)
        reading = read_picture(image, READER, largest=True)
        if not reading.faces:
            raise InputError(NO_FACE)
        face = reading.faces[0]
        style = style_by_looks(face, reading.pixels)
        character = character_of(samples_of(reading.pixels), face, style)
    model = "+".join(loaded(net).hash for net in (READER, REFINER))
    return Known(person=character.framed(image.height, image.width), model=model)


@dataclass(frozen=True, kw_only=True)
class Cutout:
    """A drawn head as it lies in a photograph: a square, parts of which may lie outside."""

    left: int
    top: int
    colours: Float32[np.ndarray, "h w 3"]  # times the opacity
    opacity: Float32[np.ndarray, "h w"]
    parts: UInt8[np.ndarray, "h w"]

    def inside(self, height: int, width: int) -> tuple[Cutout, slice, slice]:
        """What of it lies in a picture of this size, and in which rows and columns."""
        side = len(self.parts)
        top, left = max(self.top, 0), max(self.left, 0)
        bottom, right = min(self.top + side, height), min(self.left + side, width)
        rows, columns = slice(top, max(bottom, top)), slice(left, max(right, left))
        own = (
            slice(rows.start - self.top, rows.stop - self.top),
            slice(columns.start - self.left, columns.stop - self.left),
        )
        part = Cutout(
            left=left,
            top=top,
            colours=self.colours[own],
            opacity=self.opacity[own],
            parts=self.parts[own],
        )
        return part, rows, columns


def cutout(character: Character, style: str, *, clothes: bool = False, neck: float = 0.0) -> Cutout:
    """The head of a character as it lies in the photograph; with its clothes, or with a neck at
    least so wide (in half widths of the face)."""
    frame, person = character.frame, character.person
    side = max(round(_WIDE * frame.side), 2)
    left, top = round(frame.x - side / 2), round(frame.y - side / 2)
    view = Square(left + side / 2, top + side / 2, side).within(
        Square(frame.x, frame.y, frame.side, frame.angle)
    )
    form = seen_in(shape(person, style), view.x, view.y, view.side, view.angle)
    if not clothes:
        form.record["shoulder"], form.record["necklace"] = _NO_CLOTH, 0.0
        form.record["neck"] = np.maximum(form.record["neck"], neck)
    size = min(max(side, SMALLEST), LARGEST)
    colours, opacity, parts = cut_out(person, form, size, style)
    if size != side:
        colours = np.stack([_sized(plane, side) for plane in np.moveaxis(colours, 2, 0)], 2)
        opacity = _sized(opacity, side)
        parts = np.asarray(Pillow.fromarray(parts).resize((side, side), Pillow.Resampling.NEAREST))
    return Cutout(
        left=left,
        top=top,
        colours=np.clip(colours, 0, 1).astype(np.float32),
        opacity=np.clip(opacity, 0, 1).astype(np.float32),
        parts=parts,
    )


def _sized(plane: Float64[np.ndarray, "n m"], side: int) -> Float32[np.ndarray, "s s"]:
    image = Pillow.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((side, side), Pillow.Resampling.BICUBIC))


def neck_of(face: Face) -> float:
    """Half the width of a face's neck, in half widths of a painted face; 0 where none is seen."""
    widths = (face.parts == PART_INDEX["neck"]).sum(1)
    if not (seen := widths[widths > 0]).size:
        return 0.0
    pixels = float(np.quantile(seen, 0.9)) * face.frame.side / WINDOW
    return pixels / 2 / (_HALF_FACE * face.as_painted("photo").side)
