"""What a reader is measured on: painted faces with their truth, and pictures that show none.

What is measured is in reader_quality.py. The pictures that show no face are drawn here, in another
way than those that the reader has learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageDraw

from trombine.core.rng import Rng
from trombine.data.columns import to_pictures
from trombine.world import (
    VECTOR_NAMES,
    Painted,
    face,
    paint,
    paint_children,
    paint_posed,
    to_vector,
)
from trombine.world.fractals import fractal, paint_fractal
from trombine.world.leaves import leaves

SIDE: Final = 128
LEAST_TURN: Final = 0.35  # radians of a profile: 20 degrees


@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """Painted faces of one style, and what is true of them."""

    style: str
    seeds: range
    pictures: torch.Tensor  # n 3 128 128
    parts: torch.Tensor
    points: torch.Tensor
    visible: torch.Tensor
    vectors: torch.Tensor


def faces(seeds: range, style: str) -> Faces:
    """The faces of these seeds."""
    people = [face(seed) for seed in seeds]
    painted = [paint(one, SIDE, style) for one in people]
    return Faces(
        style=style,
        seeds=seeds,
        pictures=_pictures([one.pixels for one in painted]),
        parts=torch.from_numpy(np.stack([one.parts for one in painted])),
        points=torch.from_numpy(np.stack([one.points for one in painted])),
        visible=torch.from_numpy(np.stack([one.visible for one in painted])),
        vectors=torch.from_numpy(np.stack([to_vector(one) for one in people])),
    )


def profiles(seeds: range) -> Faces:
    """Photos of those of these people who turn 20 to 60 degrees."""
    turn = VECTOR_NAMES.index("yaw")
    every = [paint_posed(seed, SIDE) for seed in seeds]
    return _photos(
        [(one, vector) for one, vector in every if abs(vector[turn]) >= LEAST_TURN], seeds
    )


def children(seeds: range) -> Faces:
    """Photos of these people as children."""
    return _photos([paint_children(seed, SIDE) for seed in seeds], seeds)


def _photos(made: Sequence[tuple[Painted, np.ndarray]], seeds: range) -> Faces:
    painted, vectors = zip(*made, strict=True)
    return Faces(
        style="photo",
        seeds=seeds,
        pictures=_pictures([one.pixels for one in painted]),
        parts=torch.from_numpy(np.stack([one.parts for one in painted])),
        points=torch.from_numpy(np.stack([one.points for one in painted])),
        visible=torch.from_numpy(np.stack([one.visible for one in painted])),
        vectors=torch.from_numpy(np.stack(vectors)),
    )


def partners(seeds: range) -> torch.Tensor:
    """The same people in another moment: expression, pose, light and background of the next."""
    from dataclasses import replace

    from trombine.world import FIELDS

    names = [
        info.name
        for info in FIELDS
        if info.group in ("pose", "expression", "light", "background", "framing")
    ]
    found = []
    for seed in seeds:
        other = face(seeds[(seed - seeds[0] + 1) % len(seeds)])
        moment = {name: getattr(other, name) for name in names}
        found.append(paint(replace(face(seed), **moment), SIDE, "photo").pixels)
    return _pictures(found)


def _pictures(pixels: list[np.ndarray]) -> torch.Tensor:
    return to_pictures(torch.from_numpy(np.stack(pixels)))


# ---------------------------------------------------------------------------------------------
# No faces


def _leaf(seed: int) -> np.ndarray:
    return leaves(seed, SIDE)


def _fractal(seed: int) -> np.ndarray:
    return paint_fractal(fractal(seed), SIDE)


def _blob(seed: int) -> np.ndarray:
    """A plate with two spots and a bar, in the colours of a face, on leaves."""
    chance = Rng(seed=0, places=np.array([seed])).generator("reader blobs")
    image = Image.fromarray(leaves(seed, SIDE))
    draw = ImageDraw.Draw(image)
    tone = np.array([224, 172, 140]) * chance.uniform(0.4, 1.1)
    skin, dark = tuple(tone.clip(0, 255).astype(int)), tuple((tone * 0.3).astype(int))
    x, y = chance.uniform(50, 78, 2)
    wide, high = chance.uniform(26, 44), chance.uniform(32, 52)
    draw.ellipse((x - wide, y - high, x + wide, y + high), fill=skin)
    for across in (-0.4, 0.4):
        size = chance.uniform(3, 7)
        u, v = x + across * wide, y - 0.2 * high
        draw.ellipse((u - size, v - size * 0.7, u + size, v + size * 0.7), fill=dark)
    draw.rectangle((x - 0.35 * wide, y + 0.4 * high, x + 0.35 * wide, y + 0.5 * high), fill=dark)
    return np.asarray(image)


def _cut(seed: int) -> np.ndarray:
    """Half a face beside leaves, or above them."""
    chance = Rng(seed=0, places=np.array([seed])).generator("reader cuts")
    styles = ("photo", "anime", "cartoon", "sketch")
    pixels = paint(face(seed), SIDE, styles[seed % 4]).pixels.copy()
    other, half = leaves(seed, SIDE), SIDE // 2
    where = int(chance.integers(4))
    if where < 2:
        kept = np.s_[:, half:] if where else np.s_[:, :half]
    else:
        line = int(0.62 * SIDE)  # of the landmarks' middle
        kept = np.s_[line:] if where == 2 else np.s_[:line]
    pixels[kept] = other[kept]
    return pixels


NO_FACES: Final[dict[str, Callable[[int], np.ndarray]]] = {
    "leaves": _leaf,
    "fractals": _fractal,
    "blobs": _blob,
    "faces cut in two": _cut,
}


def no_faces(kind: str, seeds: range) -> torch.Tensor:
    """Pictures that show none."""
    return _pictures([NO_FACES[kind](seed) for seed in seeds])


# ---------------------------------------------------------------------------------------------
# Spoiled ones


def spoiled(pictures: torch.Tensor, *, first: int = 0) -> Iterator[tuple[str, float, torch.Tensor]]:
    """The pictures after each amount of each damage: its name, how much, what is left.

    `first`: the place of the first picture, by which noise and holes are drawn.
    """
    from trombine.data.degrade import Chain
    from trombine.data.masks import draw_masks

    chains = {
        "blur": ("blur:gaussian:{}", (1, 2, 4)),
        "noise": ("noise:gaussian:{}", (0.04, 0.08, 0.16)),
        "JPEG": ("jpeg:{}", (60, 30, 10)),
    }
    chance = Rng(seed=0, places=first + np.arange(len(pictures), dtype=np.int64))
    for name, (text, amounts) in chains.items():
        for amount in amounts:
            chain = Chain.parse(text.format(amount))
            yield name, amount, chain(pictures, chance)
    for side in (96, 64, 32):
        small = torch.nn.functional.interpolate(pictures, (side, side), mode="area")
        back = torch.nn.functional.interpolate(
            small, (SIDE, SIDE), mode="bicubic", align_corners=False
        )
        yield "size", side, back.clamp(0, 1)
    for share in (10, 25, 45):
        masks = draw_masks(f"irregular:{share}-{share + 1}", chance, size=SIDE)
        yield "hole", share, torch.where(masks == 1, torch.full_like(pictures, 0.5), pictures)
