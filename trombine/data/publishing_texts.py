"""What the dataset card and the starter notebook of published fractals say.

The notebook's cells run where trombine is not installed: they use NumPy, Pillow and Python's own
library. publishing.py makes files of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from trombine.world.fractals import MARGIN, POINTS, TRANSIENT
from trombine.world.fractals_colours import PALETTES, STEPS, ramp

STOPS: Final = 17  # colours of a palette that the notebook has
_SHOWN: Final = 40  # pictures in its sheet, at most


def cells(count: int) -> Iterator[tuple[str, str, str]]:
    """Name, kind and text of each cell, of a folder with so many pictures."""
    drawn = {"points": POINTS, "transient": TRANSIENT, "inner": 1 - 2 * MARGIN}
    yield "about", "markdown", _ABOUT
    yield "read", "code", _READ
    yield "sheet-says", "markdown", "## Some of the pictures"
    yield "sheet", "code", _SHEET.format(shown=min(count, _SHOWN))
    yield "numbers-say", "markdown", _NUMBERS_SAY
    yield "numbers", "code", _NUMBERS
    yield "again-says", "markdown", _AGAIN_SAYS
    yield "again", "code", _AGAIN.format(palettes=_palettes(), **drawn)
    yield "compare", "code", _COMPARE


def _palettes() -> str:
    """The palettes as lines of Python."""
    at = np.linspace(0, STEPS - 1, STOPS).round().astype(np.int64)
    lines = []
    for number, name in enumerate(PALETTES):
        colours = (ramp(number)[at] * 255).round().astype(np.uint8)
        half = [colour.tobytes().hex() for colour in colours]
        first, second = " ".join(half[:9]), " ".join(half[9:])
        lines.append(f'    "{first}"  # {name}\n    " {second}",')
    return "\n".join(lines)


_ABOUT = """
# Fractals with their numbers

Each picture shows where the points of one orbit fall, and comes with the numbers that it was made
from. This notebook needs NumPy and Pillow. Run it in the folder that holds `metadata.jsonl`.
"""

_READ = """
import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

folder = Path()
with (folder / "metadata.jsonl").open() as file:
    lines = [json.loads(line) for line in file]
names = list(lines[0]["fractal"])
vectors = np.array([[line["fractal"][name] for name in names] for line in lines])
print(len(lines), "pictures of", lines[0]["size"], "px; numbers:", ", ".join(names))
print(lines[0])
"""

_SHEET = """
def picture(line):
    with Image.open(folder / line["file_name"]) as opened:
        return opened.convert("RGB")


columns, size = 10, min(lines[0]["size"], 128)
shown = lines[:{shown}]
sheet = Image.new("RGB", (columns * size, -(-len(shown) // columns) * size), "white")
for place, line in enumerate(shown):
    row, column = divmod(place, columns)
    sheet.paste(picture(line).resize((size, size)), (column * size, row * size))
sheet
"""

_NUMBERS_SAY = """
## How the numbers are distributed

They were drawn evenly; what lacks was nearly empty, and was drawn again.
"""

_NUMBERS = """
def histogram(values, name, width=240, height=120):
    bars, edges = np.histogram(values, bins=24)
    chart = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(chart)
    for place, bar in enumerate(bars):
        left = place * width // len(bars)
        top = height - 20 - (height - 40) * int(bar) // max(int(bars.max()), 1)
        pen.rectangle((left, top, left + width // len(bars) - 2, height - 20), fill="#3b6ea5")
    pen.text((4, height - 16), f"{name}: {edges[0]:.2f} to {edges[-1]:.2f}", fill="black")
    return chart


charts = [histogram(vectors[:, place], name) for place, name in enumerate(names)]
board = Image.new("RGB", (4 * 250, -(-len(charts) // 4) * 130), "white")
for place, chart in enumerate(charts):
    board.paste(chart, (place % 4 * 250, place // 4 * 130))
board
"""

_AGAIN_SAYS = """
## A picture from its numbers

The same points, counted and histogram-equalised, without the smoothing of sparse places.
"""

_AGAIN = '''
palettes = [  # from tone 0 to tone 1
{palettes}
]


def orbit(a, b, c, d, x, y, points={points}, transient={transient}):
    """The points after the transient."""
    found = np.empty((points, 2))
    for i in range(-transient, points):
        x, y = math.sin(b * y) + c * math.sin(b * x), math.sin(a * x) + d * math.sin(a * y)
        if i >= 0:
            found[i] = x, y
    return found


def draw(numbers, size):
    """A fractal, size x size x 3."""
    points = orbit(*(numbers[name] for name in "abcdxy"))
    low, high = points.min(0), points.max(0)
    place = ((points - (low + high) / 2) / (high - low) * {inner:g} + 0.5) * size
    column, row = place.astype(int).T
    counts = np.bincount((size - 1 - row) * size + column, minlength=size * size)
    hit = counts > 0
    values, rank, many = np.unique(counts[hit], return_inverse=True, return_counts=True)
    tone = (np.cumsum(many) / many.sum())[rank]
    colours = np.array([list(bytes.fromhex(c)) for c in palettes[int(numbers["palette"])].split()])
    stops = np.linspace(0, 1, len(colours))
    painted = np.full((size * size, 3), 255.0)
    painted[hit] = np.stack([np.interp(tone, stops, c) for c in colours.T], axis=1)
    return painted.reshape(size, size, 3).round().astype(np.uint8)
'''

_COMPARE = """
line = lines[0]
stored = np.asarray(picture(line))
again = draw(line["fractal"], line["size"])
likeness = np.corrcoef(stored.ravel(), again.ravel())[0, 1]
print(f"correlation with the stored picture: {likeness:.3f}")
Image.fromarray(np.concatenate([stored, again], axis=1))
"""

FRONT: Final = """\
---
license: {licence}
pretty_name: Fractals with their numbers
size_categories:
- {amount}
task_categories:
- unconditional-image-generation
tags:
- fractals
- strange-attractors
- synthetic
- trombine
configs:
- config_name: default
  data_files:
  - split: train
    path:
    - "*.png"
    - {metadata}
---
"""
BODY: Final = """
# Fractals with their numbers

{pictures} of {size} x {size} pixels, each with the exact numbers that it was painted from. Nothing
in them was photographed or collected.

## How they were made

A picture shows where the points of one orbit fall:

    x' = sin(b y) + c sin(b x)
    y' = sin(a x) + d sin(a y)

From a start point, {transient:,} points are dropped, and the next {points:,} are painted. Their
extent fills the picture but for a margin of {margin:.0%}, in width and in height; y goes up. How
many points fall on a pixel is its density; where fewer than {smooth:g} do, those around it count
too. Densities are histogram-equalised: the colour says which share of what is covered is visited no
more often, from pale (few points) to dark (many), in one of {palettes} palettes, on white.

| number | drawn evenly from |
| --- | --- |
| `a`, `b` | {bends} |
| `c`, `d` | {shares} |
| `x`, `y`, the start point | {starts} |
| `palette` | {names} |

All are drawn independently of one another. A draw is rejected, and the seed draws again, if its
picture would be nearly empty: if the points {early}, or the points {late}, hit fewer than {fewest}
of {cells} x {cells} cells over their extent. Those are fixed points, cycles and thin loops: about
four of five draws. The rule does not depend on the pictures' size. Among what is left, the numbers
are no longer independent.

## What is here

One line of `{metadata}` for each picture:

| key | what |
| --- | --- |
| `file_name` | the picture, named by its seed |
| `seed` | what all else follows from |
| `size` | width and height in pixels |
| `fractal` | `{numbers}`, to the last bit |

`{notebook}` shows the pictures and the distribution of the numbers, and draws a picture again from
its numbers. It needs NumPy and Pillow.

## Making them again

With trombine {version}:

{commands}

The same seed gives the same numbers and picture. On another machine, where the last bit of a sine
may differ, an orbit takes another way through the same shape. Each file says which versions made
it, and `trombine replay` makes its bytes again.
"""
