"""Parts and landmarks drawn over a picture."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw

from trombine.core.conventions import (
    LANDMARK_GROUPS,
    PART_COLOURS,
    PARTS,
    check_parts,
    check_points,
)

Pixels = UInt8[np.ndarray, "h w 3"]

CLOSED = ("right_eye", "left_eye", "outer_lips", "inner_lips")


def draw_parts(
    pixels: Pixels, parts: UInt8[np.ndarray, "h w"], *, strength: float = 0.72
) -> Pixels:
    """The parts' colours over the picture's light and shade."""
    colours = PART_COLOURS[check_parts(parts)].astype(np.float32)
    grey = pixels.astype(np.float32).mean(axis=2, keepdims=True).repeat(3, axis=2)
    mixed = strength * colours + (1 - strength) * grey
    return np.round(mixed).astype(np.uint8)


def key_of(*parts: UInt8[np.ndarray, "_ _"]) -> list[tuple[str, tuple[int, int, int]]]:
    """The name and the colour of each part that is in one of these maps."""
    labels = np.unique(np.concatenate([check_parts(labelled).ravel() for labelled in parts]))
    used = [PARTS[label] for label in labels.tolist()]
    return [(part.name.replace("_", " "), part.colour) for part in used]


def draw_points(
    pixels: Pixels,
    points: Float[np.ndarray, "68 2"],
    visible: Bool[np.ndarray, "68"] | None = None,
    *,
    strength: float = 0.35,
) -> Pixels:
    """The landmarks over the paled picture: joined in groups, hidden ones as rings."""
    times = 3  # drawn larger and averaged down, since Pillow's strokes have hard edges
    height, width = pixels.shape[:2]
    pale = np.round(255 - (255 - pixels.astype(np.float32)) * (1 - strength)).astype(np.uint8)
    large = Image.fromarray(pale).resize((width * times, height * times), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(large)
    spots = check_points(points) * times
    mask = np.ones(len(spots), bool) if visible is None else visible
    largest = max(times * min(height, width) / 140, times * 0.8)
    # Dots larger than half of the way to the nearest neighbour would touch.
    apart = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    radii = np.clip(0.36 * apart.min(axis=1), times * 0.6, largest)
    for name, group in LANDMARK_GROUPS.items():
        radius = float(radii[list(group)].min())
        path = [tuple(spot) for spot in spots[list(group)].tolist()]
        path += path[:1] if name in CLOSED else []
        draw.line(path, fill="#1f5fa6", width=max(round(radius / 2), 1))
    for (x, y), in_sight, radius in zip(spots.tolist(), mask.tolist(), radii.tolist(), strict=True):
        box = (x - radius, y - radius, x + radius, y + radius)
        fill = "#d1340f" if in_sight else "#ffffff"
        draw.ellipse(box, fill=fill, outline="#d1340f", width=max(round(radius / 3), 1))
    return np.asarray(large.resize((width, height), Image.Resampling.BOX))
