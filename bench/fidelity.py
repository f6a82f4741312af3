"""Whether `judge fidelity` notices sets that are not real: planted failures.

    python bench/fidelity.py [--first-seed N] [--count M] [--json]

Each failure is planted in painted faces, and 300 of them (or fewer, where it says so) are judged
against 300 others, as `trombine judge fidelity` does by default: by what they show and by how they
look. Beside it the p-value of what they show alone. In the last row sets of real ones are drawn and
judged in the same way. Nothing learned from these seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from typing import Final

import numpy as np
import torch
from jaxtyping import UInt8
from table import Row, at_least, at_most, cpu_seconds, interleaved, options, report

from trombine.data.degrade import jpeg
from trombine.data.source import source
from trombine.eval.fidelity import SIGNIFICANT, VIEWS, classify, feature_kinds, read_features
from trombine.world import VECTOR_NAMES

FIRST: Final = 5_100_000
SIZE: Final = 128
DRAWS: Final = 100
PATCH: Final = 16  # pixels a side

Faces = UInt8[np.ndarray, "n 128 128 3"]


def painted(first: int, count: int, style: str = "photo") -> tuple[Faces, np.ndarray]:
    """Faces, and the numbers of each."""
    opened = source(f"world:{style}#{first}-{first + count - 1}", SIZE, workers=None)
    rows = opened.take(np.arange(count))
    return rows["pictures"], rows["vectors"]


def changed(faces: Faces, change: Callable[[torch.Tensor], torch.Tensor]) -> Faces:
    """Faces after a function of pictures in [0, 1]."""
    pictures = torch.from_numpy(faces).permute(0, 3, 1, 2).float() / 255
    return change(pictures).clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).numpy()


def blurred(pictures: torch.Tensor) -> torch.Tensor:
    """By the mean of 5 x 5."""
    padded = torch.nn.functional.pad(pictures, (2, 2, 2, 2), mode="replicate")
    return torch.nn.functional.avg_pool2d(padded, 5, 1)


def shuffled(faces: Faces) -> Faces:
    """Each four neighbouring patches in another order."""
    chance, side = np.random.default_rng(0), SIZE // PATCH // 2
    blocks = faces.reshape(-1, side, 2, PATCH, side, 2, PATCH, 3).transpose(0, 1, 4, 2, 5, 3, 6, 7)
    fours = blocks.reshape(-1, 4, PATCH, PATCH, 3)
    mixed = np.stack([four[chance.permutation(4)] for four in fours])
    mixed = mixed.reshape(-1, side, side, 2, 2, PATCH, PATCH, 3)
    return mixed.transpose(0, 1, 3, 5, 2, 4, 6, 7).reshape(faces.shape)


def failures(first: int, count: int) -> dict[str, Faces]:
    """What is planted, by name."""
    faces, numbers = painted(first + 2 * count, 2 * count)
    some, masculine = faces[:count], numbers[:, VECTOR_NAMES.index("masculine")]
    noise = 8 / 255 * torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    tint = torch.tensor([12.0, 0.0, -12.0])[:, None, None] / 255
    return {
        "another style": painted(first, count, "anime")[0],
        "rotated channels": some[..., [1, 2, 0]],
        "blur of 5 x 5": changed(some, blurred),
        "one face 64 times": some[:1].repeat(64, 0),
        "ten faces repeated": some[np.arange(count) % 10],
        "half of the population missing": faces[masculine > np.median(masculine)],
        "noise of 8 levels": changed(some, lambda x: x + noise),
        "JPEG 10": changed(some, lambda x: jpeg(x, np.full(len(x), 10))),
        "shifted colours": changed(some, lambda x: x + tint),
        "shuffled patches": shuffled(some),
    }


def main() -> int:
    """All rows."""
    given = options(__doc__, first_seed=FIRST, count=300)
    count, kinds = given.count, feature_kinds(VIEWS)
    real = read_features(painted(given.first_seed, count)[0], kinds)[0]
    rows = []
    for name, faces in failures(given.first_seed, count).items():
        made = read_features(faces, kinds)[0]
        tests = {kind.name: classify(made[kind.name], real[kind.name])[1] for kind in kinds}
        both = min(1.0, len(tests) * min(tests.values()))
        rows.append(at_most(f"{name}: p", both, "", SIGNIFICANT))
        rows.append(Row(f"{name}: p by what they show alone", tests[kinds[0].name], ""))
    many = read_features(painted(given.first_seed + 10_000, 4 * count)[0], kinds)[0]
    passed = 0
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(4 * count)[: 2 * count]
        tests = [classify(f[order[:count]], f[order[count:]], seed=draw)[1] for f in many.values()]
        passed += len(tests) * min(tests) >= SIGNIFICANT
    rows.append(at_least(f"real ones that pass, of {DRAWS} draws", passed, "", 95))
    few = painted(given.first_seed, 64)[0]
    ways = {
        number: lambda some=kinds[: int(number)]: cpu_seconds(lambda: read_features(few, some))
        for number in ("1", "2")
    }
    times = {name: median(found) for name, found in interleaved(ways, 5).items()}
    rows.append(at_most("two views, beside one", times["2"] / times["1"], "times as long", 1.3))
    return report(rows, json=given.json)


if __name__ == "__main__":
    sys.exit(main())
