"""What was read, drawn over the picture: landmarks on its left, parts on its right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageDraw

from trombine.faces.faces import Face
from trombine.faces.frames import samples_of
from trombine.faces.maps import parts_map
from trombine.io.overlays import draw_parts, draw_points, key_of
from trombine.io.sheets import Sheet

Pixels = UInt8[np.ndarray, "h w 3"]
SIDES: Final = 512, 1280  # pixels: what the longer side of a picture is drawn at, within
_PALE: Final = 0.35
_BOX: Final = "#1f5fa6"
LINES: Final = 12  # of faces that the sheet tells of in words


def drawn(
    pixels: Pixels, faces: Sequence[Face], title: str, *, traits: bool
) -> UInt8[np.ndarray, "k l 3"]:
    """A sheet of a picture of any size, and what was read of it."""
    height, width = pixels.shape[:2]
    longer = max(height, width)
    scale = min(max(longer, SIDES[0]), SIDES[1]) / longer
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    # The map that --write-parts writes: one of the scaled picture would be another.
    own = parts_map(faces, height, width, picture=samples_of(pixels))
    parts = np.asarray(Image.fromarray(own).resize(size, Image.Resampling.NEAREST))
    columns = "landmarks", "parts"
    rows = [[draw_landmarks(picture, faces, scale), draw_parts(picture, parts)]]
    key = key_of(parts) if faces else ()
    note = _note(faces, traits=traits)
    return Sheet(rows=rows, title=title, column_titles=columns, key=key, note=note).pixels()


def draw_landmarks(picture: Pixels, faces: Sequence[Face], scale: float) -> Pixels:
    """Landmarks and boxes over the paled picture."""
    canvas = np.round(255 - (255 - picture.astype(np.float32)) * (1 - _PALE)).astype(np.uint8)
    for face in faces:
        _draw_points(canvas, face.points * scale)
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    for number, face in enumerate(faces, 1):
        box = tuple(side * scale for side in face.box)
        draw.rectangle(box, outline=_BOX, width=2)
        if len(faces) > 1:
            draw.text((box[0] + 5, box[1] + 3), str(number), _BOX)
    return np.asarray(image)


def _draw_points(canvas: Pixels, points: Float32[np.ndarray, "68 2"]) -> None:
    """One face's landmarks, of which only the place where they are is drawn anew."""
    height, width = canvas.shape[:2]
    (left, top), (right, bottom) = points.min(0), points.max(0)
    room = 4 + 0.05 * max(right - left, bottom - top)
    columns = slice(*np.clip([left - room, right + room], 0, width).astype(int).tolist())
    rows = slice(*np.clip([top - room, bottom + room], 0, height).astype(int).tolist())
    region = canvas[rows, columns]
    if region.size:
        inside = points - np.array([columns.start, rows.start], np.float32)
        canvas[rows, columns] = draw_points(region, inside, strength=0)


def _note(faces: Sequence[Face], *, traits: bool) -> str:
    if not faces:
        return "no face was found"
    listed = enumerate(faces[:LINES], 1)
    lines = [f"{number}: {in_words(face, traits=traits)}" for number, face in listed]
    more = [f"and {len(faces) - LINES} more"] if len(faces) > LINES else []
    return "\n".join(lines + more)


def in_words(face: Face, *, traits: bool) -> str:
    """A face in a line: where it turns, what it wears; with `traits` its style and age before."""
    moment, words = face.moment, []
    if traits and face.style:
        words.append(face.style)
    if traits and "age" in face.traits:
        words.append(f"age {face.traits['age']:.0f}")
    if "yaw" in moment:
        degrees = np.degrees([moment["yaw"], moment.get("roll", 0.0)])
        words.append(f"turned {degrees[0]:+.0f}°, tilted {degrees[1]:+.0f}°")
    words += [worn for worn in ("glasses", "hat") if moment.get(worn, 0.0) > 0.5]
    if not traits:
        words += [f"unsure: {doubt}" for doubt in face.unsure]
    return ", ".join(words)
