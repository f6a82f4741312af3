"""Which pixels are to be painted: by a colour, transparency, parts of a face or scratches.

Masks in files are read by io/holes.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw
from PIL.ImageColor import colormap, getrgb
from scipy.ndimage import binary_closing, distance_transform_edt

from trombine.core.conventions import GROUPS, PART_INDEX, PARTS
from trombine.core.devices import CPU
from trombine.core.errors import InputError, shown
from trombine.core.grammar import instead
from trombine.core.tiles import bounds, cut
from trombine.faces import parts_map
from trombine.faces.faces import Face
from trombine.faces.frames import samples_of
from trombine.faces.reading import read_picture
from trombine.inpainting.scratches import scratches
from trombine.inpainting.windows import Window
from trombine.io.holes import Hole
from trombine.io.image import Picture
from trombine.restyling.portrait import parts_at

# Pixels by which a painted colour's hole grows: a brush has soft edges; where nearly no pixel has
# the very colour, a JPEG has changed it, and carried it beyond the edge (docs/log/repair.md).
_SOFT: Final = 2
_BLED: Final = 5
# Of the distance between the eyes: half a lens's width and height, and how far arms go outwards.
_LENS: Final = (0.5, 0.4)
_ARM: Final = 0.95
_STRIP: Final = 1 << 20  # pixels that are grown at once
_NEAR: Final = 40  # of 255, to a painted colour in each channel: JPEG changes it
_COLOUR: Final = re.compile(r"#?([0-9a-fA-F]{6})")
GLASSES: Final = "glasses"
_WORN: Final = 0.4  # as the reader says it of glasses: from here on they are worn
_LEAST: Final = {GLASSES: 0.001, "hat": 0.01}  # of a face's window; less is a mistake of its reader
_CHEEKS: Final = slice(3, 14)  # of the landmarks of a jaw
_BEARD: Final = 0.05  # sides of a face's window, by which beards are longer than chins
_HAIR_SEEN: Final = 1.6  # sides of a face's window, in which hair is looked for
_HAIR_READ: Final = 256  # places a side that are looked at
_HAIR_LIKELY: Final = 0.3
_GAPS: Final = 0.06  # sides: half of what is between locks
_PART_GROWS: Final = 0.02  # of a face's window: a part's hole covers its rim too
Points = Float[np.ndarray, "68 2"]
Shape = Float[np.ndarray, "n 2"]
Point = Float[np.ndarray, "2"]
HIDEABLE: Final = {
    **{part.name: (index,) for part, index in zip(PARTS, range(len(PARTS)), strict=True) if index},
    **{
        group: tuple(i for i, part in enumerate(PARTS) if part.group == group)
        for group in GROUPS[1:]
    },
    "eyes": (PART_INDEX["left_eye"], PART_INDEX["right_eye"]),
    "lips": (PART_INDEX["upper_lip"], PART_INDEX["lower_lip"]),
    "mouth": tuple(PART_INDEX[name] for name in ("mouth", "upper_lip", "lower_lip")),
}


SCRATCHES: Final = "scratches"
STRONG: Final = f"{SCRATCHES}=strong"  # what is in doubt, too
_GIVE: Final = 'give --mask: a file, eyes,mouth (parts), "#ff00ff" (a colour) or scratches'


@dataclass(frozen=True, kw_only=True)
class Where:
    """What is to be painted, in words."""

    parts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # labels by name
    colour: tuple[int, int, int] | None = None
    scratches: str = ""  # SCRATCHES or STRONG


def where_in(text: str) -> Where | None:
    """What a text names: parts and scratches, as in eyes,mouth,scratches, or a colour; None if
    neither: it is a file's name."""
    words = [word.strip() for word in text.split(",")]
    if all(word in (SCRATCHES, STRONG) or word in HIDEABLE for word in words):
        parts = {word: HIDEABLE[word] for word in words if word in HIDEABLE}
        scratches = next((word for word in (STRONG, SCRATCHES) if word in words), "")
        return Where(parts=parts, scratches=scratches)
    if match := _COLOUR.fullmatch(text):
        red, green, blue = bytes.fromhex(match[1])
    elif text.lower() in colormap:
        red, green, blue = getrgb(text)[:3]
    else:
        return None
    return Where(colour=(red, green, blue))


def check_named(text: str) -> None:
    """Refuse a text that names no file and looks like no name of one."""
    if not Path(text).exists() and re.fullmatch(r"[\w ,=]+", text):
        wrong = next(word for word in map(str.strip, text.split(",")) if word not in HIDEABLE)
        known = (*HIDEABLE, SCRATCHES, STRONG)
        raise InputError(f"--mask: no file, part or colour {shown(wrong)}", instead(wrong, known))


def hole_of_transparency(image: Picture) -> Bool[np.ndarray, "h w"]:
    """What is not opaque."""
    alpha = image.alpha()
    if alpha is None or not bool((alpha < 1).any()):
        raise InputError("has no transparent pixels, and no mask is given", _GIVE)
    return alpha < 1


def hole_of_colour(image: Picture, colour: tuple[int, int, int]) -> Bool[np.ndarray, "h w"]:
    """The pixels of nearly this colour, with their rim; refused where there are none."""
    pixels = image.rgb_pixels()
    hole, exact = (np.ones(pixels.shape[:2], bool) for _ in range(2))
    for channel, level in enumerate(colour):
        plane = pixels[..., channel]
        exact &= plane == level
        hole &= (plane >= max(level - _NEAR, 0)) & (plane <= min(level + _NEAR, 255))
    if not hole.any():
        text = "#{:02x}{:02x}{:02x}".format(*colour)
        raise InputError(f"has no pixel of the colour {text}", "look it up in the picture")
    is_exact = 2 * np.count_nonzero(exact) > np.count_nonzero(hole)
    return grown(hole, _SOFT if is_exact else _BLED)


def hole_of_scratches(
    image: Picture, hidden: Bool[np.ndarray, "h w"], *, strong: bool = False
) -> Hole:
    """What a net takes for scratches, dust, creases and torn corners; what is `hidden` it sees as
    the nearest pixels that are kept."""
    if hidden.all():
        return Hole(mask=hidden)
    if hidden.any():
        nearest = distance_transform_edt(hidden, return_distances=False, return_indices=True)
        rows, columns = np.asarray(nearest)
        image = replace(image, samples=image.samples[rows, columns])
    found = scratches(image.tensor(), strong=strong)
    damaged = found.mask.numpy()
    notices = [f"{np.count_nonzero(damaged) / damaged.size:.1%} of it is taken for damage"]
    if found.left:
        looks = "place looks" if found.left == 1 else "places look"
        notices.append(f"{found.left} {looks} damaged and stayed; --mask {STRONG} takes them, too")
    return Hole(mask=damaged, notices=tuple(notices))


def hole_of_parts(image: Picture, labels: Mapping[str, tuple[int, ...]], device: str = CPU) -> Hole:
    """Parts of the faces that the reader sees, with their rims."""
    reading = read_picture(image, "reader", device=device)
    faces = reading.faces
    if not faces:
        raise InputError("shows no face, so none of its parts", "give --mask")
    hole, worn = (np.zeros((image.height, image.width), bool) for _ in range(2))
    shown = set[int]()
    for name, numbers in labels.items():
        having = [number for number, face in enumerate(faces) if has(face, name, numbers)]
        if not having:
            raise InputError(f"shows no {name} in its faces", "give --mask")
        for number in having:
            parts = parts_map([faces[number]], *hole.shape)
            part = _part(faces[number], name, numbers, parts)
            if name == "hair":
                worn |= np.isin(parts, numbers)
                part |= hair(reading.pixels, faces[number])
                part &= ~beard(faces[number], hole.shape)
            hole |= part
        shown |= {*having}
    said = f"{', '.join(labels)} of {len(shown)} of {len(faces)} faces"
    notices = (said,) if len(faces) > 1 else ()
    return Hole(mask=hole, notices=notices, own_hair=worn if worn.any() else None)


def has(face: Face, name: str, numbers: tuple[int, ...]) -> bool:
    """Whether a face shows a part. A few pixels of a hat are none; of glasses they may be all
    that is seen of thin rims."""
    pixels = np.count_nonzero(np.isin(face.parts, numbers))
    if name == GLASSES and face.moment.get(GLASSES, 0.0) > _WORN:
        return True
    return bool(pixels > _LEAST.get(name, 0.0) * face.parts.size)


def _part(
    face: Face, name: str, numbers: tuple[int, ...], parts: UInt8[np.ndarray, "h w"]
) -> Bool[np.ndarray, "h w"]:
    part = grown(np.isin(parts, numbers), round(face.frame.side * _PART_GROWS))
    if name == GLASSES:  # the eyes that are seen behind them stay
        eyes = grown(np.isin(parts, HIDEABLE["eyes"]), round(0.01 * face.frame.side))
        part |= glasses(face.points, parts.shape) & ~eyes
    return part


def hair(pixels: UInt8[np.ndarray, "h w 3"], face: Face) -> Bool[np.ndarray, "h w"]:
    """Where a face's hair is, read in a wider window too: much of it lies outside the face's own;
    locks and gaps between are taken along."""
    size, side = pixels.shape[:2], face.frame.side
    box = Window.of_frame(replace(face.frame, side=_HAIR_SEEN * side)).reach(*size)
    step = max(1.0, _HAIR_SEEN * side / _HAIR_READ)
    shape = (math.ceil(box.height / step), math.ceil(box.width / step))
    rows, columns = (np.mgrid[: shape[0], : shape[1]] + 0.5) * step
    places = torch.from_numpy(np.stack([columns + box.left, rows + box.top], -1).reshape(-1, 2))
    likely = parts_at(samples_of(pixels), face, places, narrow=face.logits.float().softmax(0))
    found = (likely[PART_INDEX["hair"]] > _HAIR_LIKELY).view(shape).numpy()
    ends = zip((box.height, box.width), shape, strict=True)
    reach = max(1, round(_GAPS * side / step))
    found = binary_closing(np.pad(found, reach), iterations=reach)[reach:-reach, reach:-reach]
    y, x = (np.minimum(np.arange(n) / step, m - 1).astype(np.int64) for n, m in ends)
    hole = np.zeros(size, bool)
    cut(hole, box)[...] = found[np.ix_(y, x)]
    return grown(hole, round(1.5 * _PART_GROWS * side))


def beard(face: Face, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Where a beard may be, which a reader calls hair: from cheek to cheek, round the chin."""
    return grown(_filled([face.points[_CHEEKS]], size), round(_BEARD * face.frame.side))


def glasses(points: Points, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Where a face's glasses are, by its landmarks: round both eyes, between them, and to the ears.

    A reader sees the rims of few pixels in part, or not at all.
    """
    right, left = points[36:42].mean(0), points[42:48].mean(0)
    across = left - right
    down = np.array([-across[1], across[0]])
    turns = np.linspace(0, 2 * np.pi, 32)[:, None]
    shapes = [_bar(right, left, 0.3 * down)]
    for eye, outward in ((right, -across), (left, across)):
        width, height = _LENS[0] * across, _LENS[1] * down
        shapes += [
            eye + 0.04 * down + np.cos(turns) * width + np.sin(turns) * height,
            _bar(eye, eye + _ARM * outward, 0.14 * down),
        ]
    return _filled(shapes, size)


def _filled(shapes: Sequence[Shape], size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """What lies in any of these polygons."""
    plane = Image.new("1", (size[1], size[0]))
    for shape in shapes:
        ImageDraw.Draw(plane).polygon([(float(x), float(y)) for x, y in shape], fill=1)
    return np.array(plane, bool)


def _bar(first: Point, last: Point, half: Point) -> Float[np.ndarray, "4 2"]:
    return np.stack([first - half, last - half, last + half, first + half])


def grown(hole: Bool[np.ndarray, "h w"], pixels: int) -> Bool[np.ndarray, "h w"]:
    """The hole, and what is at most so many pixels away from it."""
    box = bounds(hole)
    if not pixels or box is None:
        return hole
    near, result = box.grown(pixels, *hole.shape), hole.copy()
    step = max(pixels, _STRIP // near.width)
    for top in range(near.top, near.bottom, step):
        strip = replace(near, top=top, bottom=min(top + step, near.bottom))
        seen = strip.grown(pixels, *hole.shape)
        kept = ~cut(hole, seen)
        if not kept.all():
            close = np.asarray(distance_transform_edt(kept)) <= pixels
            cut(result, strip)[...] = cut(close, strip.within(seen))
    return result
