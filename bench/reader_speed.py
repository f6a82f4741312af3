"""How long reading takes beside starting, and what other finders of faces take and find.

    python bench/reader_speed.py [--rounds N] [--json]

Each figure is of the command as users run it, on one core: the time for several files less that
for one, by the number of the others. Peers, where they are installed, find faces alone: OpenCV's
Haar cascade (below version 5), scikit-image's LBP cascade, dlib's HOG. They see the same pictures
in the same run: painted faces before leaves, the test portraits where ../shared/data is, and
pictures without a face.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from evaluations import use_seeds
from jaxtyping import UInt8
from PIL import Image
from table import Row, at_least, at_most, interleaved, options, report, seconds
from upscale_pictures import SHARED, test_portraits

from trombine.core.computing import cores
from trombine.core.conventions import to_picture
from trombine.faces import read_faces
from trombine.faces.scan import Corners, shared
from trombine.io.image import as_seen, load_picture
from trombine.models import load
from trombine.world import face, paint
from trombine.world.leaves import leaves

FIRST: Final = 1_600_000  # seed of the painted faces
MORE: Final = 8  # files beside the first
GROUP: Final = 13
SMALL, LARGE = (640, 480), (4000, 3000)
SCENES: Final = 60  # of each kind, for what is found
OVERLAP: Final = 0.3  # of two boxes: the same face
Pixels = UInt8[np.ndarray, "h w 3"]
Find = Callable[[Pixels], list[Corners]]
Rows = Iterator[Row]


def scene(
    number: int, size: tuple[int, int], count: int, side: int
) -> tuple[Pixels, list[Corners]]:
    """Painted faces before leaves, and their boxes: of what is a face, without hair."""
    width, height = size
    ground = Image.fromarray(leaves(FIRST + number, min(height, 480))).resize(size)
    pixels, boxes = np.array(ground), []
    columns = int(np.ceil(np.sqrt(count * width / height)))
    lines = int(np.ceil(count / columns))
    for place in range(count):
        one = paint(face(FIRST + 100 * number + place), side, "photo")
        left = (place % columns) * width // columns + (width // columns - side) // 2
        top = (place // columns) * height // lines + (height // lines - side) // 2
        inside = one.parts > 0
        region = pixels[top : top + side, left : left + side]
        region[inside] = one.pixels[inside]
        (x, y), (right, bottom) = one.points.min(0), one.points.max(0)
        boxes.append((left + x, top + y, left + right, top + bottom))
    return pixels, boxes


def command_seconds(files: Sequence[Path], threads: int) -> float:
    """Of `trombine read`, on so many cores."""
    env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    words = [sys.executable, "-m", "trombine", "read", *map(str, files)]
    some = sorted(os.sched_getaffinity(0))[:threads]
    start = time.perf_counter()
    subprocess.run(
        words,
        env=env,
        check=True,
        capture_output=True,
        preexec_fn=lambda: os.sched_setaffinity(0, some),
    )
    return time.perf_counter() - start


def command_rows(folder: Path, rounds: int) -> Rows:
    """Of the command, beside its start."""
    kinds = {"one": (SMALL, 1, 300), "group": (SMALL, GROUP, 120), "large": (LARGE, 1, 1500)}
    files: dict[str, list[Path]] = {}
    for kind, (size, count, side) in kinds.items():
        files[kind] = []
        for number in range(MORE + 1):
            path = folder / f"{kind}-{number}.jpg"
            Image.fromarray(scene(number, size, count, side)[0]).save(path, quality=90)
            files[kind].append(path)
    measures = {
        f"{kind}, {count}": (lambda paths=paths[:count]: command_seconds(paths, 1))
        for kind, paths in files.items()
        for count in (1, MORE + 1)
    }
    times = interleaved(measures, rounds)
    each = {
        kind: (
            statistics.median(times[f"{kind}, {MORE + 1}"]) - statistics.median(times[f"{kind}, 1"])
        )
        / MORE
        for kind in kinds
    }
    yield Row("starting, and one picture", statistics.median(times["one, 1"]), "seconds")
    yield at_most("640 x 480, one face", each["one"], "seconds", 0.2)
    yield at_most("12 megapixels, one face", each["large"], "seconds", 0.3)
    further = 1000 * (each["group"] - each["one"]) / (GROUP - 1)
    yield at_most("each further face", further, "ms", 10)


def portrait_files() -> list[Path]:
    """The portraits, where they are at hand."""
    every = sorted((SHARED / "portraits").glob("*.jpg"))
    if not every:
        print("no portraits: their rows are left out", file=sys.stderr)
    return every


def portrait_rows(folder: Path) -> Rows:
    """A thousand portraits by one command; there are fewer, so some are there twice."""
    if not (every := portrait_files()):
        return
    for number in range(1000):
        (folder / f"{number:04}.jpg").write_bytes(every[number % len(every)].read_bytes())
    taken = command_seconds([folder], min(2, cores()))
    yield at_most("1,000 portraits on two cores", taken, "seconds", 60)


# ---------------------------------------------------------------------------------------------
# Peers


def finders() -> dict[str, Find]:
    """Ours, read as faces are read; and each peer that is installed."""
    model = load("reader", task="read")
    found: dict[str, Find] = {
        "trombine": lambda pixels: [
            _round(one.points) for one in read_faces(to_picture(pixels), model)
        ]
    }
    for name, make in {
        "OpenCV's Haar": _haar,
        "scikit-image's LBP": _lbp,
        "dlib's HOG": _hog,
    }.items():
        try:
            found[name] = make()
        except ImportError:
            print(f"{name} is not installed: its rows are left out", file=sys.stderr)
    return found


def _round(points: np.ndarray) -> Corners:
    (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
    return left, top, right, bottom


def _haar() -> Find:
    import cv2  # pyright: ignore[reportMissingImports]

    cv: Any = cv2
    if not hasattr(cv, "CascadeClassifier"):
        raise ImportError("OpenCV 5 has no cascades")
    cv.setNumThreads(1)
    path = Path(cv.data.haarcascades) / "haarcascade_frontalface_default.xml"
    cascade = cv.CascadeClassifier(str(path))

    def find(pixels: Pixels) -> list[Corners]:
        grey = cv.cvtColor(pixels, cv.COLOR_RGB2GRAY)
        boxes = cascade.detectMultiScale(grey, 1.1, 4, minSize=(24, 24))
        return [(x, y, x + w, y + h) for x, y, w, h in np.asarray(boxes).reshape(-1, 4).tolist()]

    return find


def _lbp() -> Find:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    cascade = Cascade(lbp_frontal_face_cascade_filename())

    def find(pixels: Pixels) -> list[Corners]:
        most = min(pixels.shape[:2])
        boxes = cascade.detect_multi_scale(pixels, 1.2, 1, (24, 24), (most, most))
        return [(b["c"], b["r"], b["c"] + b["width"], b["r"] + b["height"]) for b in boxes]

    return find


def _hog() -> Find:
    import dlib  # pyright: ignore[reportMissingImports]

    detect: Any = dlib.get_frontal_face_detector()  # pyright: ignore

    def find(pixels: Pixels) -> list[Corners]:
        return [(b.left(), b.top(), b.right(), b.bottom()) for b in detect(pixels, 1)]

    return find


def peer_rows(rounds: int) -> Rows:
    """Seconds for a picture of 640 x 480, what is found, and what is found that is none."""
    torch.set_num_threads(1)
    every = finders()
    pixels, _ = scene(0, SMALL, 1, 300)
    times = interleaved(
        {name: partial(seconds, partial(find, pixels)) for name, find in every.items()}, rounds
    )
    for name, values in times.items():
        yield Row(f"{name}: 640 x 480", 1000 * statistics.median(values), "ms")
    use_seeds(range(FIRST, FIRST + 5000 + SCENES))
    groups = [scene(number, SMALL, 12, side) for number in range(6) for side in (32, 48, 100)]
    bare = [leaves(FIRST + 5000 + k, 128) for k in range(SCENES)]
    portraits = [as_seen(load_picture(path)) for path in test_portraits()]
    shares: dict[str, float] = {}
    for name, find in every.items():
        hits, false, total = 0, 0, 0
        for picture, boxes in groups:
            found = find(picture)
            right = [any(_same(box, one) for one in found) for box in boxes]
            hits, total = hits + sum(right), total + len(boxes)
            false += sum(not any(_same(box, one) for box in boxes) for one in found)
        shares[name] = hits / total
        yield Row(f"{name}: painted faces", shares[name], "found")
        false += sum(len(find(picture)) for picture in bare)
        yield Row(f"{name}: false faces in {len(groups) + len(bare)} pictures", false, "")
        if portraits:
            share = sum(bool(find(picture)) for picture in portraits) / len(portraits)
            yield Row(f"{name}: test portraits", share, "found")
    best = max((value for name, value in shares.items() if name != "trombine"), default=0.0)
    yield at_least("painted faces, beside the best peer", shares["trombine"] - best, "found", 0)


def _same(a: Corners, b: Corners) -> bool:
    return shared(a, b) > OVERLAP


def rows(rounds: int) -> Mapping[str, Callable[[Path], Rows]]:
    """By what --only names."""
    return {
        "command": lambda folder: command_rows(folder, rounds),
        "portraits": portrait_rows,
        "peers": lambda _: peer_rows(rounds),
    }


def main() -> int:
    """Measure and report."""
    args = options(__doc__, rounds=5, only=rows(1))
    table: list[Row] = []
    for name, make in rows(args.rounds).items():
        if name in args.only:
            with tempfile.TemporaryDirectory() as folder:
                table += make(Path(folder))
    return report(table, json=args.json)


if __name__ == "__main__":
    sys.exit(main())
