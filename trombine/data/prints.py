"""What hands and years do to a print: scratches, dust, hairs, creases, tears; fading, stains.

Marks are drawn by Pillow on a finer canvas, so that edges are soft, and come with a map of the
pixels they damaged (1 = damaged), which is the hole for whoever paints them anew. Lengths are parts
of the picture's shorter side: a mark looks the same at any size. Amounts go from 0, nothing, to 1,
a print that was treated badly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from trombine.core.rng import Rng
from trombine.io.color import LUMA

Pictures = Float32[torch.Tensor, "n 3 h w"]
Maps = Float32[torch.Tensor, "n 1 h w"]
Pixels = Float32[np.ndarray, "3 h w"]
Plane = Float32[np.ndarray, "h w"]
Amounts = Float64[np.ndarray, "n"]

# A pixel counts as damaged when a mark covers more than this share of it.
VISIBLE_SHARE: Final = 0.12
_SEEN: Final = 0.06  # of the range, by which a pixel of a line differs that can be seen
PAPER: Final = np.array([0.96, 0.94, 0.90], np.float32)  # what shows where the layer is gone
DIRT: Final = np.array([0.10, 0.08, 0.07], np.float32)
LIDS: Final = np.array([[0.93, 0.93, 0.92], [0.09, 0.09, 0.10]], np.float32)  # of scanners


@dataclass(frozen=True, kw_only=True)
class Marked:
    """Pictures, and which of their pixels are damaged."""

    pictures: Pictures
    damaged: Maps  # 1 = damaged, 0 = not


class Canvas:
    """One mark's share of each pixel, drawn on a finer grid."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.side = min(height, width)
        self.finer = 4 if max(height, width) <= 512 else 2
        self.image = Image.new("L", (width * self.finer, height * self.finer))
        self.pen = ImageDraw.Draw(self.image)

    def line(self, points: Float64[np.ndarray, "k 2"], width: float, share: float) -> None:
        """A bent line, in pixels of the picture; thinner than the grid is fainter instead."""
        wide = width * self.finer
        level = round(255 * share * min(1.0, wide))
        spots = [tuple(spot) for spot in (points * self.finer).tolist()]
        self.pen.line(spots, fill=level, width=max(1, round(wide)), joint="curve")

    def speck(self, x: float, y: float, radii: tuple[float, float], share: float) -> None:
        """An ellipse."""
        box = (x - radii[0], y - radii[1], x + radii[0], y + radii[1])
        self.pen.ellipse([edge * self.finer for edge in box], fill=round(255 * share))

    def polygon(self, points: Float64[np.ndarray, "k 2"]) -> None:
        """A filled outline."""
        self.pen.polygon([tuple(spot) for spot in (points * self.finer).tolist()], fill=255)

    def shares(self) -> Plane:
        """How much of each pixel is covered, 0 to 1."""
        return np.asarray(self.image.reduce(self.finer), np.float32) / 255


Mark = Callable[[Pixels, float, np.random.Generator], tuple[Pixels, Plane]]
"""What becomes of a picture by an amount above 0, and how much of each pixel is covered."""


def _marked(
    mark: Mark, pictures: Pictures, amount: Amounts, chance: Rng, *, purpose: str = "marks"
) -> Marked:
    """Each picture after this mark by its own amount."""
    results, maps = [], []
    for number, draw in enumerate(chance.generators(purpose)):
        spoilt = pictures[number].cpu().numpy()
        covered = np.zeros(spoilt.shape[1:], np.float32)
        if amount[number] > 0:
            spoilt, covered = mark(spoilt, float(amount[number]), draw)
        results.append(spoilt)
        maps.append((covered > VISIBLE_SHARE)[None].astype(np.float32))
    marked, damaged = (torch.from_numpy(np.stack(a)).to(pictures.device) for a in (results, maps))
    return Marked(pictures=marked.clamp(0, 1), damaged=damaged)


# Marks on one picture


def _scratched(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """Thin, slightly bent lines, most of them bright: the layer is gone; some dark: dirt in it."""
    bright, dark = _canvases(pixels)
    main = draw.uniform(0, math.pi)  # a print is pulled through something in one direction
    for _ in range(1 + draw.poisson(7 * amount)):
        along = draw.normal(main, 0.12) if draw.random() < 0.6 else draw.uniform(0, math.pi)
        length = bright.side * min(1.4, 0.12 + draw.exponential(0.35))
        points = _bent(draw, bright, along, length, bend=0.04)
        width = bright.side * draw.uniform(0.002, 0.002 + 0.006 * amount)
        canvas = bright if draw.random() < 0.75 else dark
        _scratch(draw, canvas, points, max(width, 0.7))
    return _covered(pixels, bright.shares(), dark.shares())


def _scratch(
    draw: np.random.Generator, canvas: Canvas, points: Float64[np.ndarray, "k 2"], width: float
) -> None:
    """One line, pressed harder here than there, that begins and ends faintly."""
    share, last = draw.uniform(0.5, 1.0), len(points) - 1
    pressed = draw.uniform(0.75, 1.0, last)
    pressed[draw.random(last) < 0.05] = 0
    for step, hard in enumerate(pressed.tolist()):
        ends = min(1.0, 5 * (step + 0.5) / last, 5 * (last - step - 0.5) / last)
        canvas.line(points[step : step + 2], width * (0.4 + 0.6 * ends), share * hard * ends)


def _lined(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """Lines of any width and colour, pressed evenly, some in pairs, some right through; and spots.

    Damaged is what can be seen: no white line on white.
    """
    result, size = pixels, pixels.shape[1:]
    for _ in range(1 + draw.poisson(2)):
        canvas = Canvas(size[0], size[1])
        main = draw.choice([0.0, math.pi / 2, draw.uniform(0, math.pi)])
        for _ in range(1 + draw.poisson(2 * amount)):
            length = canvas.side * (3 if draw.random() < 0.3 else 0.1 + draw.exponential(0.4))
            bend = draw.choice([0.004, 0.02, 0.06])
            points = _bent(draw, canvas, draw.normal(main, 0.12), length, bend=bend)
            width = max(0.8, canvas.side * 0.0025 * math.exp(draw.uniform(0, 1 + 1.6 * amount)))
            aside = np.array([-math.sin(main), math.cos(main)]) * width * draw.uniform(2, 6)
            share = draw.uniform(0.45, 1.0)
            pieces = _pieces(draw, len(points), gaps=draw.choice([0.0, 0.0, 0.15]))
            for first, last in pieces:
                canvas.line(points[first:last], width, share)
                if draw.random() < 0.2:
                    canvas.line(points[first:last] + aside, width, share)
        for _ in range(draw.poisson(2 * amount)):
            radius = canvas.side * 0.002 * math.exp(draw.uniform(0, 2.2))
            x, y = draw.uniform(0, canvas.width), draw.uniform(0, canvas.height)
            canvas.speck(x, y, (radius, radius * draw.uniform(0.6, 1)), draw.uniform(0.6, 1))
        tone = draw.choice([draw.uniform(0.85, 1.0), draw.uniform(0.0, 0.2), draw.uniform(0, 1)])
        colour = (tone * draw.uniform(0.9, 1.0, 3)).astype(np.float32)
        result = _over(result, colour, canvas.shares())
    return result, (np.abs(result - pixels).max(0) > _SEEN).astype(np.float32)


def _dusty(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """Specks and hairs, bright and dark."""
    bright, dark = _canvases(pixels)
    for _ in range(1 + draw.poisson(45 * amount)):
        canvas = bright if draw.random() < 0.65 else dark
        radius = canvas.side * min(0.012, 0.0015 + draw.exponential(0.0022))
        radii = (max(0.3, radius), max(0.3, radius * draw.uniform(0.5, 1.0)))
        x, y = draw.uniform(0, canvas.width), draw.uniform(0, canvas.height)
        canvas.speck(x, y, radii, draw.uniform(0.4, 0.95))
    for _ in range(draw.poisson(4 * amount)):
        canvas = bright if draw.random() < 0.5 else dark
        points = _curl(draw, canvas)
        canvas.line(points, max(0.4, canvas.side * 0.0028), draw.uniform(0.5, 0.9))
    return _covered(pixels, bright.shares(), dark.shares())


def _hairy(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """Hairs and threads on the glass of the scanner: long, thin, curled, most of them dark."""
    bright, dark = _canvases(pixels)
    for _ in range(1 + draw.poisson(3 * amount)):
        canvas = bright if draw.random() < 0.3 else dark
        points = _curl(draw, canvas, steps=60, longer=draw.uniform(0.6, 1.6))
        width = canvas.side * draw.uniform(0.0012, 0.0015 + 0.0025 * amount)
        canvas.line(points, max(width, 0.5), draw.uniform(0.5, 0.95))
    return _covered(pixels, bright.shares(), dark.shares())


def _ripped(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """A tear from a border inwards, or right through: bare paper on both sides of a gap."""
    gap, paper = _canvases(pixels)
    side, steps = gap.side, 64
    along, at = draw.uniform(0, 2 * math.pi), np.linspace(0, 1, steps)
    forward, ends = np.array([math.cos(along), math.sin(along)]), np.array([gap.width, gap.height])
    through = ends * draw.uniform(0.35, 0.65, 2)  # a place on its way, or on its line
    before, after = (
        float((np.where(way > 0, through, ends - through) / np.maximum(np.abs(way), 1e-9)).min())
        for way in (forward, -forward)
    )
    reach = 1.02 if draw.random() < 0.4 * amount else draw.uniform(0.2, 0.8)
    first, length = through - 1.02 * before * forward, reach * 1.02 * (before + after)
    jags = np.cumsum(draw.normal(0, 0.008, steps)) + draw.normal(0, 0.003, steps)
    aside = np.array([-forward[1], forward[0]])
    middle = first + np.outer(length * at, forward) + np.outer(side * jags, aside)
    open_wide = side * draw.uniform(0.0, 0.006 + 0.012 * amount) * (1 - at)
    bare = np.convolve(np.abs(draw.normal(0, 0.5, steps + 4)), np.full(5, 0.2), "valid")
    bare = side * draw.uniform(0.004, 0.006 + 0.012 * amount) * bare * np.minimum(1, 6 * (1 - at))
    for canvas, one, other in ((gap, open_wide, open_wide), (paper, open_wide + bare, open_wide)):
        edges = [middle + np.outer(one, aside), middle - np.outer(other, aside)]
        canvas.polygon(np.concatenate([edges[0], edges[1][::-1]]))
        canvas.line(middle, max(0.0015 * side, 0.5), 0.8)
    lid = LIDS[int(draw.integers(len(LIDS)))]
    lost, covered = gap.shares(), paper.shares()
    return _over(_over(pixels, PAPER, covered), lid, lost), np.maximum(lost, covered)


def _spotted(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """Blots that hide what is under them, of ink, paint or developer, and where the layer came off;
    some with soft edges. Damaged is what can be seen."""
    result, size = pixels, pixels.shape[1:]
    for _ in range(1 + draw.poisson(5 * amount)):
        canvas = Canvas(size[0], size[1])
        radius = canvas.side * 0.005 * math.exp(draw.uniform(0, 1 + 1.4 * amount))
        turns, reach = np.linspace(0, 2 * math.pi, 48), np.ones(48)
        for wave in range(2, 7):
            reach += draw.normal(0, 0.25 / wave) * np.cos(wave * turns + draw.uniform(0, 6.3))
        outline = (
            np.stack([np.cos(turns), draw.uniform(0.6, 1) * np.sin(turns)], 1) * reach[:, None]
        )
        canvas.polygon(draw.uniform(0, 1, 2) * (size[1], size[0]) + radius * outline)
        soft = radius * draw.choice([0.0, draw.uniform(0.05, 0.3)])
        share = draw.uniform(0.6, 1.0) * gaussian_filter(canvas.shares(), soft)
        tone = draw.choice([draw.uniform(0.85, 1.0), draw.uniform(0.0, 0.3), draw.uniform(0, 1)])
        brown = draw.choice([0.0, 1.0]) * np.array([0.0, 0.3, 0.55])
        colour = tone * draw.uniform(0.9, 1.0, 3) * (1 - brown)
        result = _over(result, colour.astype(np.float32), share)
    return result, (np.abs(result - pixels).max(0) > _SEEN).astype(np.float32)


def _creased(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """One to three folds from border to border: a broken white line between light and shade.

    Damaged is the line; light and shade leave the picture beside it to be seen.
    """
    white, _ = _canvases(pixels)
    shade = np.zeros(pixels.shape[1:], np.float32)
    for _ in range(int(draw.integers(1, 2 + round(2 * amount)))):
        along = draw.choice([0.0, math.pi / 2, math.pi / 4, -math.pi / 4]) + draw.normal(0, 0.12)
        points = _bent(draw, white, along, 3.0 * white.side, bend=0.004, steps=90)
        shade += _fold(points, along, pixels.shape[1:], 0.02 * white.side)
        for first, last in _pieces(draw, len(points), gaps=0.35 * (1 - 0.6 * amount)):
            width = white.side * draw.uniform(0.003, 0.004 + 0.006 * amount)
            white.line(points[first:last], max(width, 0.5), draw.uniform(0.5, 1.0))
    lit = 1 + 0.2 * (0.4 + 0.6 * amount) * np.clip(shade, -1, 1)
    shaded = np.clip(pixels * lit, 0, 1)
    return _covered(shaded, white.shares(), np.zeros_like(shade))


def _torn(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """A corner that is gone, up to two fifths of the side, behind a rim of bare paper."""
    gone, paper = _canvases(pixels)
    high, wide = (gone.side * draw.uniform(0.14, 0.16 + 0.3 * amount) for _ in range(2))
    at = np.linspace(0, 1, 48)
    ragged = np.cumsum(draw.normal(0, 0.004, (48, 2)), axis=0)
    ragged -= np.outer(at, ragged[-1])  # as if it had to end where the straight line does
    edge = np.stack([wide * (1 - at), high * at], axis=1) + gone.side * ragged
    edge[0, 1], edge[-1, 0] = -1.0, -1.0  # from border to border
    rim = np.convolve(np.abs(draw.normal(0, 0.022, 52)), np.full(5, 0.2), "valid")
    corner = np.array([[-2.0, -2.0]])
    gone.polygon(np.concatenate([edge, corner]))
    paper.polygon(np.concatenate([edge + gone.side * rim[:, None], corner]))
    corner_number, lid = int(draw.integers(4)), LIDS[int(draw.integers(len(LIDS)))]
    corner_steps = (-1 if corner_number & 1 else 1, -1 if corner_number & 2 else 1)
    lost, bare = (
        np.ascontiguousarray(canvas.shares()[:: corner_steps[0], :: corner_steps[1]])
        for canvas in (gone, paper)
    )
    result = _over(_over(pixels, PAPER, bare), lid, lost)
    return result, np.maximum(lost, bare)


def _canvases(pixels: Pixels) -> tuple[Canvas, Canvas]:
    height, width = pixels.shape[1:]
    return Canvas(height, width), Canvas(height, width)


def _covered(pixels: Pixels, bright: Plane, dark: Plane) -> tuple[Pixels, Plane]:
    result = _over(_over(pixels, DIRT, 0.85 * dark), PAPER, bright)
    return result, np.maximum(bright, dark)


def _over(pixels: Pixels, colour: Float32[np.ndarray, "3"], share: Plane) -> Pixels:
    return pixels + (colour[:, None, None] - pixels) * share


# Lines, in pixels


def _bent(
    draw: np.random.Generator,
    canvas: Canvas,
    along: float,
    length: float,
    *,
    bend: float,
    steps: int = 24,
) -> Float64[np.ndarray, "k 2"]:
    """A line through a drawn place that strays from straight by about `bend` of its length."""
    middle = draw.uniform(0.1, 0.9, 2) * (canvas.width, canvas.height)
    at = np.linspace(-0.5, 0.5, steps) * length
    sway = np.cumsum(draw.normal(0, 1, steps)) / steps
    sway += draw.normal(0, 1) * np.linspace(-1, 1, steps) ** 2
    aside = bend * length * (sway - sway.mean())
    cosine, sine = math.cos(along), math.sin(along)
    return middle + np.stack([at * cosine - aside * sine, at * sine + aside * cosine], axis=1)


def _curl(
    draw: np.random.Generator, canvas: Canvas, *, steps: int = 18, longer: float = 1.0
) -> Float64[np.ndarray, "k 2"]:
    """A hair: a line whose direction turns steadily, and a little by chance."""
    bent = 18 / steps  # by each step
    turns = draw.normal(bent * draw.normal(0, 0.14), math.sqrt(bent) * 0.12, steps)
    turns = np.cumsum(turns) + draw.uniform(0, 2 * math.pi)
    step = longer * canvas.side * draw.uniform(0.004, 0.014)
    moves = step * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return draw.uniform(0, 1, 2) * (canvas.width, canvas.height) + np.cumsum(moves, axis=0)


def _pieces(draw: np.random.Generator, count: int, *, gaps: float = 0.08) -> list[tuple[int, int]]:
    """The stretches of a line of so many points that are there: some are missing."""
    drawn = draw.random(count - 1) >= gaps
    edges = np.flatnonzero(np.diff(np.concatenate([[False], drawn, [False]])))
    return [(int(first), int(last) + 1) for first, last in edges.reshape(-1, 2)]


def _fold(
    points: Float64[np.ndarray, "k 2"], along: float, size: tuple[int, ...], reach: float
) -> Plane:
    """Light on one side of a fold and shade on the other, gone at a few times `reach`."""
    y, x = np.mgrid[: size[0], : size[1]]
    middle = points.mean(axis=0)
    aside = (y + 0.5 - middle[1]) * math.cos(along) - (x + 0.5 - middle[0]) * math.sin(along)
    return (np.sign(aside) * np.exp(-np.abs(aside) / reach)).astype(np.float32)


# Years: fading, stains

INK: Final = np.array([0.30, 0.22, 0.15], np.float32)  # how far black rises: it turns brown
YELLOW: Final = np.array([0.03, 0.10, 0.28], np.float32)  # how far paper darkens: it turns yellow
RED: Final = np.array([0.02, 0.13, 0.15], np.float32)  # the same of a colour print, whose cyan goes
STAIN: Final = np.array([0.20, 0.38, 0.62], np.float32)  # what tea takes of red, green, blue


def _faded(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """Colours go, black turns brown and paper yellow, more so in some places than in others."""
    luma = np.tensordot(np.array(LUMA, np.float32), pixels, axes=1)[None]
    monochrome = draw.random() < 0.5
    saturation = 0.0 if monochrome else 1 - amount * draw.uniform(0.3, 0.8)
    coloured = luma + np.float32(saturation) * (pixels - luma)
    tint = YELLOW if monochrome or draw.random() < 0.5 else RED
    black = amount * draw.uniform(0.5, 1.0) * INK
    paper = 1 - amount * draw.uniform(0.5, 1.2) * tint
    black, paper = black.astype(np.float32), paper.astype(np.float32)
    toned = black[:, None, None] + (paper - black)[:, None, None] * coloured
    # More towards the borders, most at one of them, with soft patches.
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in pixels.shape[1:])
    lean = draw.normal(0, 0.35, 2)
    field = ((x[None] - lean[0]) ** 2 + (y[:, None] - lean[1]) ** 2) / 2.6
    field = field + 0.25 * _patches(pixels.shape[1:], draw, 4)
    share = np.float32(0.4 * amount) * np.clip(field, 0, 1).astype(np.float32)
    return toned + (paper[:, None, None] - toned) * share, np.zeros_like(share)


def _patches(size: tuple[int, ...], draw: np.random.Generator, count: int) -> Plane:
    """Normal numbers on a coarse grid, count x count, joined by smooth curves."""
    grid = draw.normal(0, 1, (count, count))
    weights = []  # of the grid's points at each pixel: a raised cosine each
    for side in size:
        places = (np.arange(side) + 0.5) / side * (count - 1)
        apart = np.abs(places[:, None] - np.arange(count))
        weights.append(np.where(apart < 1, 0.5 + 0.5 * np.cos(math.pi * apart), 0.0))
    return (weights[0] @ grid @ weights[1].T).astype(np.float32)


def _stained(pixels: Pixels, amount: float, draw: np.random.Generator) -> tuple[Pixels, Plane]:
    """Brown blotches with soft edges, darker at the rim, where the water stopped."""
    depth = np.zeros(pixels.shape[1:], np.float32)
    for _ in range(1 + draw.poisson(3 * amount)):
        depth = np.maximum(depth, _blotch(pixels.shape[1:], amount, draw))
    return pixels * (1 - STAIN[:, None, None] * depth), depth


def _blotch(size: tuple[int, ...], amount: float, draw: np.random.Generator) -> Plane:
    """How deep one stain is at each pixel, 0 to 1."""
    side = min(size)
    radius = side * draw.uniform(0.05, 0.08 + 0.24 * amount)
    middle = (draw.uniform(-0.05, 1.05, 2) * size).tolist()
    y = np.arange(size[0], dtype=np.float32)[:, None] + (0.5 - middle[0])
    x = np.arange(size[1], dtype=np.float32)[None, :] + (0.5 - middle[1])
    angles = np.arctan2(y, x)
    edge = np.ones(size, np.float32)
    for wave in range(2, 9):
        height, phase = draw.normal(0, 0.3 / wave**1.4), draw.uniform(0, 2 * math.pi)
        edge += height * np.cos(wave * angles + phase)
    out = np.sqrt(x * x + y * y) / (radius * np.maximum(edge, 0.2))  # 1 at the rim
    soft, rim_width = draw.uniform(0.08, 0.3), draw.uniform(0.03, 0.08)
    # No sharper than the pixels, however small the stain.
    body = np.clip((1.04 - out) / max(soft, 3 / radius), 0, 1)
    rim = np.exp(-(((out - 0.97) / max(rim_width, 1.5 / radius)) ** 2))
    mottle = 1 + 0.2 * _patches(size, draw, 9)
    strength = draw.uniform(0.3, 0.5) * (0.6 + 0.8 * amount)
    depth = strength * (draw.uniform(0.4, 0.9) * body * mottle + draw.uniform(0.3, 0.9) * rim)
    return np.clip(depth, 0, 1).astype(np.float32)


# The marks as degradations: of pictures, the amount of each, and chance

scratches = partial(_marked, _scratched)
lines = partial(_marked, _lined)
dust = partial(_marked, _dusty)
hairs = partial(_marked, _hairy)
creases = partial(_marked, _creased)
torn = partial(_marked, _torn)
tears = partial(_marked, _ripped)
spots = partial(_marked, _spotted)
stains = partial(_marked, _stained, purpose="stains")
fade = partial(_marked, _faded, purpose="fading")
