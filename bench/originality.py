"""How fast the nearest references are found, and which copies: what judge originality promises.

    python bench/originality.py [--references N] [--faces N] [--rounds N] [--json]

Seconds are by the clock, on two cores, in turn with a loop over scikit-image's SSIM, which is timed
on a few references and scaled to all.

Copies are planted among painted faces, and searched by search.py and by two perceptual hashes of
imagehash, which are given the same windows and mirrors of every reference. Without imagehash (it is
in the extra dev) its rows are left out. Then the commands, as users run them: `judge originality`
of planted copies among new faces, and `data audit` of what they are compared with.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity
from table import Row, at_least, at_most, interleaved, options, ratio_of_medians, report, seconds

from trombine.core.rng import Rng
from trombine.eval.originality import threshold
from trombine.eval.planted import CHANGES
from trombine.eval.search import search, ssim, windows
from trombine.world import face, paint

SIZE: Final = 64
THREADS: Final = 2
AT_ONCE: Final = 25
SLOW: Final = 40  # references of scikit-image's loop
FIRST: Final = 1_200_000  # seed of the painted faces
SAMPLE: Final = 400  # new faces that say what a false alarm is
PLANTED: Final = 100
STYLES: Final = ("photo", "anime")
RATE: Final = 0.01
GOALS: Final = {"cropped": 0.95, "recoloured": 0.95, "patched": 0.95}  # of the others .99
# Of a pair: products; six and then six multiply-adds of a symmetric window with its five sums;
# about fourteen operations of SSIM's quotient.
Rows = Iterator[Row]
Box = tuple[float, float, float, float]


def noise(count: int, seed: int) -> np.ndarray:
    """Coarse noise under fine noise: for time, not for likeness."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 128, (count, SIZE // 8, SIZE // 8, 3), np.uint8)
    fine = rng.integers(0, 128, (count, SIZE, SIZE, 3), np.uint8)
    return coarse.repeat(8, 1).repeat(8, 2) + fine


def by_scikit_image(query: np.ndarray, references: np.ndarray) -> float:
    """Seconds a reference."""

    def loop() -> None:
        for reference in references:
            structural_similarity(
                query,
                reference,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                channel_axis=2,
            )

    return seconds(loop) / len(references)


def speed_rows(count: int, rounds: int) -> Rows:
    """SSIM against scikit-image's."""
    references = noise(count, 1)
    several = iter(noise(AT_ONCE * (rounds + 2), 2).reshape(rounds + 2, AT_ONCE, SIZE, SIZE, 3))
    singles = iter(noise(rounds + 2, 3)[:, None])
    slow = noise(1, 4)[0]
    measures: dict[str, Callable[[], float]] = {
        "scikit-image": lambda: by_scikit_image(slow, references[:SLOW]),
        "one": lambda: seconds(lambda: ssim(next(singles), references, threads=THREADS)) / count,
        "25 at once": lambda: (
            seconds(lambda: ssim(next(several), references, threads=THREADS)) / count / AT_ONCE
        ),
    }
    times = interleaved(measures, rounds)
    for name, values in times.items():
        yield Row(f"{name}, a pair", 1e6 * median(values), "microseconds")
    for name, goal in (("one", 100), ("25 at once", 300)):
        ratio = ratio_of_medians(times["scikit-image"], times[name])
        yield at_least(f"{name} against scikit-image", ratio, "times as fast", goal)


def recall_rows(count: int, style: str) -> Rows:
    """Which planted copies are found at 1 % false alarms."""
    faces = np.stack([paint(face(FIRST + k), SIZE, style).pixels for k in range(count + SAMPLE)])
    references, new = faces[:count], faces[count:]
    rows = np.arange(PLANTED) * (count // PLANTED)
    chance = Rng(seed=1, places=rows)
    copies = {kind: change(references[rows], chance) for kind, change in CHANGES.items()}
    limit = threshold(search(new, references, threads=THREADS).scores, RATE)
    ours = {}
    for kind, pictures in copies.items():
        nearest = search(pictures, references, threads=THREADS)
        right = (nearest.scores > limit) & (nearest.copy_of == rows)
        ours[kind] = float(right.mean())
        yield at_least(f"{style}: {kind}", ours[kind], "found", GOALS.get(kind, 0.99))
    for name in ("phash", "dhash"):
        theirs = by_hash(name, references, new, copies, rows)
        for kind, value in theirs.items():
            yield Row(f"{style}: {kind} by {name}", value, "found")
        if theirs:
            ahead = min(ours[kind] - theirs[kind] for kind in ours)
            yield at_least(f"{style}: ahead of {name}, the least", ahead, "of copies", 0)
            ahead = float(np.mean([ours[kind] - theirs[kind] for kind in ours]))
            yield at_least(f"{style}: ahead of {name}, the mean", ahead, "of copies", 0.01)


def command_rows(count: int) -> Rows:
    """The commands as users run them: planted copies among new faces are judged against many, and
    the many are audited."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        faces = f"--count {count} --size {SIZE} --style photo --first-seed {FIRST} -o references"
        trombine(folder, "data", "world", *faces.split())
        planted = plant(folder / "generated", count)
        start = time.perf_counter()
        judged = json.loads(
            trombine(folder, "judge", "originality", "generated", "references", "--json")
        )
        taken = time.perf_counter() - start
        verdicts = {Path(item["picture"]).stem: item["verdict"] for item in judged["pictures"]}
        copies = [verdicts[each] == "copy" for each in planted]
        false = [verdict == "copy" for each, verdict in verdicts.items() if each not in planted]
        against = f"{len(false)} new faces and {len(copies)} copies against {count:,}"
        yield at_least(f"{against}: copies", sum(copies) / len(copies), "found", 0.97)
        yield at_most(f"{against}: new ones called copies", sum(false), "faces", 5)
        yield Row(f"{against}: judge originality", taken, "seconds")
        start = time.perf_counter()
        trombine(folder, "data", "audit", "references")
        taken = time.perf_counter() - start
        yield at_most(f"data audit of {count:,} pictures", taken, "seconds", 300)


def plant(folder: Path, count: int) -> set[str]:
    """Write 200 new faces, and changed copies of 40 of the references, whose names it gives."""
    folder.mkdir()
    planted = set()
    for number in range(200):
        pixels = paint(face(FIRST + count + number), SIZE, "photo").pixels
        Image.fromarray(pixels).save(folder / f"new-{number:03}.png")
    for number in range(40):
        kind = list(CHANGES)[number % len(CHANGES)]
        row = number * (count // 40)
        pixels = paint(face(FIRST + row), SIZE, "photo").pixels
        chance = Rng(seed=2, places=np.array([row]))
        name = f"{kind}-{number:02}"
        Image.fromarray(CHANGES[kind](pixels[None], chance)[0]).save(folder / f"{name}.png")
        planted.add(name)
    return planted


def trombine(folder: Path, *words: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "trombine", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


def by_hash(
    name: str,
    references: np.ndarray,
    new: np.ndarray,
    copies: dict[str, np.ndarray],
    rows: np.ndarray,
) -> dict[str, float]:
    """The recall of a perceptual hash by kind; nothing without imagehash."""
    try:
        import imagehash  # pyright: ignore[reportMissingImports]
    except ImportError:
        print("no imagehash: its rows are left out", file=sys.stderr)
        return {}
    hashed = getattr(imagehash, name)

    def bits(picture: np.ndarray, box: Box | None = None) -> np.ndarray:
        image = Image.fromarray(picture)
        if box is not None:
            image = image.resize((SIZE, SIZE), Image.Resampling.BICUBIC, box)
        return np.packbits(hashed(image).hash.ravel())

    boxes: list[Box] = [
        (left, top, min(left + side, SIZE), min(top + side, SIZE))
        for side, left, top in (SIZE * windows()).tolist()
    ]
    table = np.stack([[bits(picture, box) for box in boxes] for picture in references])
    words = table.reshape(len(references), len(boxes), 8).view(np.uint64)[..., 0]

    def nearest(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = []
        for picture in pictures:
            mirror = np.ascontiguousarray(picture[:, ::-1])
            codes = [bits(p).view(np.uint64)[0] for p in (picture, mirror)]
            apart = np.minimum(*(np.bitwise_count(words ^ code).min(1) for code in codes))
            found.append((int(apart.argmin()), int(apart.min())))
        index, distance = np.array(found).T
        return index, distance

    negatives = nearest(new)[1]
    # The largest distance that calls at most 1 % of the new faces copies.
    allowed = max(d for d in range(-1, 65) if (negatives <= d).mean() <= RATE)
    recall = {}
    for kind, pictures in copies.items():
        index, distance = nearest(pictures)
        recall[kind] = float(((distance <= allowed) & (index == rows)).mean())
    return recall


def main() -> int:
    """Measure all; 1 unless every goal is met."""
    args = options(
        __doc__,
        references=21_000,
        faces=1_000,
        judged=20_000,
        rounds=7,
        only=("speed", "recall", "commands"),
    )
    parts: dict[str, Callable[[], list[Row]]] = {
        "speed": lambda: list(speed_rows(args.references, args.rounds)),
        "commands": lambda: list(command_rows(args.judged)),
        "recall": lambda: [row for style in STYLES for row in recall_rows(args.faces, style)],
    }
    rows = [row for name, part in parts.items() if name in args.only for row in part()]
    return report(rows, json=args.json)


if __name__ == "__main__":
    sys.exit(main())
