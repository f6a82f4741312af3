"""People of photographs as the world would draw them: pairs to learn restyling from.

Nobody drew these people. But the reader says how they look, in the fields of the world's faces; the
world paints a face with these fields, as a photograph and in a style; and the drawing is bent by
what takes the painted photograph's landmarks to those of the person. So each feature is drawn, as
the style has it, where the person has theirs. Hair, hats, clothes and the skin's colour are
somebody's: these stay as `restyle` draws the photograph, and between the two no part is known, so
that learning passes it over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, UInt8
from scipy.ndimage import binary_dilation

from trombine.core.conventions import PART_INDEX, to_picture, to_pixels
from trombine.data.columns import UNKNOWN
from trombine.data.kernel_resample import nearest, resample
from trombine.data.proportions import bends, carried
from trombine.data.reading import framed_parts
from trombine.faces.frames import WINDOW, Frame, in_window, resized
from trombine.generation.looking import looked_at, numbers, redrawn
from trombine.nets.reader import Reading
from trombine.world import face, paint
from trombine.world.faces import FIELDS, Face

_WHOLE: Final = Frame(x=WINDOW / 2, y=WINDOW / 2, side=WINDOW, angle=0.0)
_LEAST: Final = 0.5  # how sure it is that there is a face
_THERE: Final = {"glasses": 0.5, "hat": 0.5, "beard": 0.35, "moustache": 0.35}  # less is none
_NONE: Final = (
    *("lipstick", "eye_makeup", "earrings", "necklace", "freckles"),
    *("stubble", "bun", "hair_dye", "glasses_tint"),
)
_GLASSES: Final = 0.0015  # of the picture: glasses that are there cover so much, at least
_WORN, _NOT_WORN = 0.4, 0.3  # how likely glasses are at least where they show, at most elsewhere
_BETWEEN: Final = 2 / 64  # of the side: a seam's width, on either side
_OF_HEADS: Final = ("background", "hair", "hat", "earring", "necklace", "neck", "cloth")

Pixels = UInt8[np.ndarray, "s s 3"]
Points = Float32[np.ndarray, "68 2"]


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """A person as a style draws them."""

    pixels: Pixels
    parts: UInt8[np.ndarray, "s s"]  # 255 between the face and what is round it
    points: Points


@dataclass(frozen=True, kw_only=True)
class Person:
    """A photograph, and what the reader says of who is in it."""

    index: int  # of the picture in its source
    pixels: Pixels
    points: Points
    is_face: Bool[np.ndarray, "s s"]  # where the reader sees parts of the face
    looks: Mapping[str, float]

    def drawn(self, style: str) -> Likeness:
        """The person as this style draws them."""
        side = len(self.pixels)
        someone = with_looks(self.looks, face(self.index))
        photo, drawing = (paint(someone, side, name) for name in ("photo", style))
        old = drawing.points.astype(np.float64)[None]
        photographed = photo.points.astype(np.float64)[None]
        new = carried(drawing.points[None], photographed, self.points.astype(np.float64)[None])
        pixels, parts = _bent(drawing.pixels, drawing.parts, old, new)
        around = _as_restyled(self.pixels, style)
        beside = _labels(looked_at(to_picture(around)[None]), side)
        own = self.is_face & _is_face(parts)
        pixels = _coloured(pixels, around, own & _is_face(beside))
        width = round(_BETWEEN * side)
        inside, kept = ~_wider(~own, width), ~_wider(own | _is_face(beside), width)
        return Likeness(
            pixels=np.where(own[..., None], pixels, around),
            parts=np.select([inside, kept], [parts, beside], UNKNOWN["parts"]).astype(np.uint8),
            points=new[0].astype(np.float32),
        )


def person_in(pixels: Pixels, index: int) -> Person | None:
    """Who is in a picture that is framed as the reader's windows are; None where no face is seen,
    or where it is not sure whether it wears glasses. Read by itself: batch mates would change last
    bits, and what goes on after a stop would be another pack."""
    found, side = looked_at(to_picture(pixels)[None]), len(pixels)
    looks, labels = numbers(found), _labels(found, side)
    shows = (labels == PART_INDEX["glasses"]).mean() >= _GLASSES
    is_sure = looks["glasses"] > _WORN if shows else looks["glasses"] < _NOT_WORN
    if not is_sure or float(found.face.sigmoid()) <= _LEAST:
        return None
    return Person(
        index=index,
        pixels=pixels,
        points=(found.points[0] * (side / WINDOW)).float().numpy(),
        is_face=_is_face(labels),
        looks={**looks, "glasses": float(shows)},
    )


def with_looks(looks: Mapping[str, float], like: Face) -> Face:
    """A face of the world with these looks; of what they do not say, proportions are the usual
    ones, what few people wear is left out, and the rest is that of `like`."""
    usual = {field.name: 0.0 for field in FIELDS if field.low < 0}
    known = {
        field.name: min(max(looks[field.name], field.low), field.high)
        for field in FIELDS
        if field.name in looks
    }
    known |= {name: 0.0 for name, least in _THERE.items() if known.get(name, 0.0) < least}
    known |= {name: 1.0 for name in ("glasses", "hat") if known[name]}
    return replace(like, **{**usual, **dict.fromkeys(_NONE, 0.0), **known})


def _is_face(labels: UInt8[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    return np.isin(labels, [PART_INDEX[name] for name in _OF_HEADS], invert=True)


def _as_restyled(pixels: Pixels, style: str) -> Pixels:
    """The photograph as `restyle` draws it, at the size of what it learned from."""
    window = to_pixels(in_window(to_picture(pixels)[None])[0].clamp(0, 1))
    drawn = to_picture(redrawn(window, "photo", style))[None]
    return to_pixels(resized(drawn, len(pixels))[0].clamp(0, 1))


def _labels(reading: Reading, side: int) -> UInt8[np.ndarray, "s s"]:
    """Which part the reader sees where, in a picture that is `side` pixels large."""
    labels = reading.parts[0].argmax(0).to(torch.uint8).numpy()
    return framed_parts(labels, _WHOLE, side)


def _coloured(
    pixels: Pixels, like: Pixels, where: Bool[np.ndarray, "s s"]
) -> UInt8[np.ndarray, "s s 3"]:
    """A face in the colours, in the mean, that another has there."""
    if not where.any():
        return pixels
    shift = like[where].mean(0) - pixels[where].mean(0)
    return (pixels + shift).round().clip(0, 255).astype(np.uint8)


def _wider(mask: Bool[np.ndarray, "s s"], width: int) -> Bool[np.ndarray, "s s"]:
    return binary_dilation(mask, np.ones((2 * width + 1, 2 * width + 1), bool))


def _bent(
    pixels: Pixels,
    parts: UInt8[np.ndarray, "s s"],
    old: Float64[np.ndarray, "1 68 2"],
    new: Float64[np.ndarray, "1 68 2"],
) -> tuple[Pixels, UInt8[np.ndarray, "s s"]]:
    bend = bends(old, new, parts.shape)
    stays = np.concatenate([np.eye(2), np.zeros((2, 1))], 1)[None]
    colours = np.concatenate([np.eye(3), np.zeros((3, 1))], 1)[None]
    result, labels = np.empty_like(pixels[None]), np.empty_like(parts[None])
    resample(np.ascontiguousarray(pixels)[None], stays, bend, np.ones(1), colours, result)
    nearest(np.ascontiguousarray(parts)[None], stays, bend, labels)
    return result[0], labels[0]
