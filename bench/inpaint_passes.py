"""What each pass of a repair is worth: the repair without it, beside the one with all.

    python bench/inpaint_passes.py [--passes NAME,NAME] [--people N] [--scenes N] [--json]

Holes in photographs in colour that taught no net that repairs: of people an eye, the nose, the
mouth, half of the face, the top of the head, a part of the cheek and what is behind it; of scenes
squares and blots. A row says by how much leaving a pass out changes a measure in the hole, in the
mean over the holes that the pass changes; of all kinds of holes together with the ends of the
interval. A pass is worth what is lost without it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from intervals import figure
from jaxtyping import Bool, Float32
from reader_people import files, points_of, scenes
from table import Row, options, report

from trombine.core.conventions import to_picture
from trombine.core.tiles import bounds
from trombine.data.masks import mask
from trombine.data.people import landmarks_of
from trombine.inpainting.repairing import PASSES, repaired
from trombine.io.image import Picture, load_picture
from trombine.metrics import psnr, ssim
from trombine.metrics.similarity import edge_energy
from trombine.models.pipelines import repairer

MEASURES: Final = {"PSNR": "dB", "SSIM": "", "edges off": "of the truth's, log"}
ALL: Final = "all"
AROUND: Final = 16  # pixels round a hole, for measures that see neighbours
Hole = Bool[np.ndarray, "h w"]


def holes_of_face(points: Float32[np.ndarray, "68 2"], size: tuple[int, int]) -> dict[str, Hole]:
    """Rectangles over parts of a face."""
    left, top = points.min(0)
    right, bottom = points.max(0)
    wide, high = right - left, bottom - top

    def box(x: float, y: float, to_x: float, to_y: float) -> Hole:
        result = np.zeros(size, np.bool_)
        x, y = max(x, 0), max(y, 0)
        result[int(y) : int(to_y), int(x) : int(to_x)] = True
        return result

    def over(numbers: range, margin: float) -> Hole:
        (x, y), (to_x, to_y) = points[numbers].min(0), points[numbers].max(0)
        m = margin * wide
        return box(x - m, y - m, to_x + m, to_y + m)

    middle = (left + right) / 2
    return {
        "eye": over(range(36, 42), 0.08),
        "nose": over(range(27, 36), 0.05),
        "mouth": over(range(48, 68), 0.06),
        "half": box(left, top, middle, bottom),
        "head": box(left, top - 0.7 * high, right, top - 0.1 * high),
        "side": box(right - 0.2 * wide, top + 0.3 * high, right + 0.35 * wide, bottom),
    }


def of_people(count: int) -> Iterator[tuple[str, Picture, Hole]]:
    """Holes in faces of people who may teach: what is hidden, the picture, the hole."""
    every = ((path, points_of(path)) for path in files("taught"))
    known = [(path, points) for path, points in every if points is not None]
    for path, points in known[:: max(1, len(known) // max(1, count))][:count]:
        picture = load_picture(path)
        size = picture.height, picture.width
        for name, hole in holes_of_face(landmarks_of(points), size).items():
            if hole.any():
                yield name, picture, hole


def of_scenes(count: int) -> Iterator[tuple[str, Picture, Hole]]:
    """Holes in scenes that may teach."""
    paths = scenes()
    for number, path in enumerate(paths[:: max(1, len(paths) // max(1, count))][:count]):
        picture = load_picture(path)
        height, width = picture.height, picture.width
        draw = np.random.default_rng(number)
        square, blots = np.zeros((2, height, width), np.bool_)
        side = int(draw.integers(80, 160))
        y, x = (int(draw.integers(s // 8, s - s // 8 - side)) for s in (height, width))
        square[y : y + side, x : x + side] = True
        large = mask("irregular:10-20", number, 512)
        y, x = (int(draw.integers(0, s - 512)) for s in (height, width))
        blots[y : y + 512, x : x + 512] = large
        yield "square", picture, square
        yield "blots", picture, blots


def measured(found: Picture, truth: Picture, hole: Hole) -> list[float]:
    """The measures, in the hole."""
    tight = bounds(hole)
    assert tight is not None
    box = tight.grown(AROUND, *hole.shape)
    rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
    made, real = (to_picture(p.rgb_pixels()[rows, columns])[None] for p in (found, truth))
    inside = torch.from_numpy(hole[rows, columns])[None, None]
    energies = [float(edge_energy(torch.where(inside, p, real))) + 1e-6 for p in (made, real)]
    off = abs(float(np.log(energies[0] / energies[1])))
    return [float(psnr(made, real, inside)), float(ssim(made, real, inside)), off]


def main() -> None:
    args = options(__doc__, passes=",".join(PASSES), people=16, scenes=10)
    model = repairer("inpaint")
    found: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    for kind, picture, hole in (*of_people(args.people), *of_scenes(args.scenes)):
        whole = repaired(picture, hole, model)
        best = measured(whole.image, picture, hole)
        print(kind, *(round(value, 3) for value in best), file=sys.stderr, flush=True)
        for name in args.passes.split(","):
            other = repaired(picture, hole, model, without=(name,))
            if not np.array_equal(other.colours, whole.colours):
                change = np.subtract(measured(other.image, picture, hole), best)
                found[name, kind].append(change.tolist())
                found[name, ALL].append(change.tolist())
    rows = []
    for (name, kind), changes in sorted(found.items()):
        for number, (measure, unit) in enumerate(MEASURES.items()):
            values = np.array(changes)[:, number]
            about = f"without {name}, {kind} ({len(values)} holes): {measure}"
            rows.append(Row(about, float(values.mean()), unit))
            if kind == ALL and len(values) > 1:
                interval = figure(values)
                rows.append(Row(f"{about}, low end", interval.low, unit))
                rows.append(Row(f"{about}, high end", interval.high, unit))
    sys.exit(report(rows, json=args.json))


if __name__ == "__main__":
    main()
