"""How well faces are drawn in other styles; how fast, how large, and how steady films are.

    python bench/restyle.py [--first-seed N] [--count M] [--portraits N] [--model NAME]
                            [--only PART ...] [--json]

Painted faces beside their truths are measured in restyle_pairs.py, as the net alone draws them;
here in pictures, as users do it: found, drawn and blended in. Portraits are in
restyle_portraits.py. A film is restyled by faces that are followed, and each frame by itself; what
changes from frame to frame after the head's true motion is undone is compared with what changes in
the truth.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from json import loads
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image as Pillow
from restyle_pairs import SIDE, every_pair, witnessed
from restyle_portraits import real
from skimage import data as skimage_data
from table import Row, at_most, options, report
from torch.nn import functional

from trombine.core.conventions import PART_INDEX, to_picture
from trombine.eval.methods import restyle_by
from trombine.faces import Tracker
from trombine.io.image import Picture, as_seen, picture_of
from trombine.metrics import psnr
from trombine.restyling.drawing import Restyling, faces_in, restyled, soft_in_tiles
from trombine.restyling.stylize import model_of
from trombine.world import STYLES, Painted, face, paint
from trombine.world.leaves import leaves

FIRST: Final = 1_708_000  # of the seeds that nothing learns from or is chosen by
FRAMES: Final = 12
SHOWN: Final = 200  # pixels of a painted face on a sheet and in a picture
ROUND: Final = 60  # pixels of a picture round a face
RATE: Final = 25
NOISE: Final = 0.02  # of a film's sensor
SIZES: Final = {0.1: (365, 274), 1.0: (1155, 866), 12.0: (4000, 3000)}
FACES: Final = ((300, 400, 700), (1500, 900, 900), (2700, 1700, 800))  # left, top, side at 12
Rows = Iterator[Row]
Pixels = UInt8[np.ndarray, "h w 3"]
LAUNCHER: Final = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
used = {"seconds": time.perf_counter() - start, "memory": usage.ru_maxrss * 1024}
print(json.dumps(used))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def placed(first: int, count: int, asked: Restyling) -> Rows:
    """How near heads in pictures come to what is painted, for every ordered pair of styles."""
    seeds = range(first, first + count)
    people = {style: [paint(face(seed), SHOWN, style) for seed in seeds] for style in STYLES}
    for source in STYLES:
        pictures = [before_leaves(*one) for one in zip(seeds, people[source], strict=True)]
        faces = [faces_in(picture) for picture in pictures]
        for style in STYLES:
            if style == source:
                continue
            drawing = replace(asked, source=source, target=style)
            psnrs = []
            for picture, found, truth in zip(pictures, faces, people[style], strict=True):
                drawn = as_seen(restyled(picture, drawing, found, source).image)
                psnrs.append(psnr_of_head(drawn[ROUND:-ROUND, ROUND:-ROUND], truth))
            yield Row(f"{source} to {style}, in a picture: PSNR of heads", fmean(psnrs), "dB")


def before_leaves(seed: int, painted: Painted) -> Picture:
    """A person in the middle of a picture of leaves."""
    ground = leaves(seed, SHOWN + 2 * ROUND)
    _put(ground[ROUND:-ROUND, ROUND:-ROUND], painted)
    return picture_of(ground)


def _put(ground: Pixels, painted: Painted) -> None:
    """Put a person before a ground as large as they are painted."""
    inside = painted.parts != PART_INDEX["background"]
    ground[inside] = painted.pixels[inside]


def psnr_of_head(drawn: Pixels, truth: Painted) -> float:
    """The PSNR, in dB, of what is not ground or clothes, which stay as they are."""
    is_head = ~np.isin(truth.parts, [PART_INDEX["background"], PART_INDEX["cloth"]])
    both = to_picture(np.ascontiguousarray(drawn)), to_picture(truth.pixels)
    return float(psnr(*both, hole=torch.from_numpy(is_head)[None].float()))


def tiles(asked: Restyling) -> Rows:
    """All of a picture in tiles and in one pass."""
    picture = to_picture(np.ascontiguousarray(skimage_data.astronaut()[:400]))
    styles = asked.styles("photo")
    once, tiled = (soft_in_tiles(picture, asked.net, styles, tile=tile) for tile in (1024, 128))
    yield at_most("tiles, apart from one pass", float((once - tiled).abs().max()), "", 0.01)


def speed(first: int, asked: Restyling) -> Rows:
    """Time and memory of the command over sizes, starting included, each with three faces."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for megapixels, (width, height) in SIZES.items():
            image = scene(first, width, height)
            Pillow.fromarray(as_seen(image)).save(folder / "scene.png")
            if megapixels == 12:
                yield Row("12 megapixels: faces", float(len(faces_in(image))), "")
            for words in ((), ("--full-image",)):
                used = taken(folder, asked, words)
                about = f"{megapixels:g} megapixels{', whole' if words else ''}"
                if megapixels == 12 and not words:
                    yield at_most(f"{about}, three faces", used["seconds"], "s", 10.0)
                else:
                    yield Row(about, used["seconds"], "s")
                yield Row(f"{about}: peak memory", used["memory"] / 1e6, "MB")


def taken(folder: Path, asked: Restyling, words: Sequence[str]) -> dict[str, float]:
    """The seconds and the bytes that `trombine restyle` takes for the folder's scene."""
    call = [sys.executable, "-P", "-m", "trombine", "restyle", str(folder / "scene.png"), *words]
    call += ["--to", asked.target, "--model", str(asked.path)]
    call += ["--overwrite", "-o", str(folder / "drawn.png")]
    # From a small process: what a process has used before it starts another counts as the other's.
    launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, *call]
    done = subprocess.run(launch, check=True, capture_output=True, text=True)
    return loads(done.stdout.splitlines()[-1])


def scene(first: int, width: int, height: int) -> Picture:
    """Three painted faces before leaves."""
    ground = np.tile(leaves(first, 512), (height // 512 + 1, width // 512 + 1, 1))
    pixels = np.ascontiguousarray(ground[:height, :width])
    for number, places in enumerate(FACES):
        left, top, side = (round(one * width / 4000) for one in places)
        place = pixels[top : top + side, left : left + side]
        _put(place, paint(face(first + number), side, "photo"))
    return picture_of(pixels)


def films(first: int, count: int, asked: Restyling) -> Rows:
    """How much of a film changes that its motion does not explain."""
    errors = np.array([_film(seed, asked) for seed in range(first, first + count)])
    truth, followed, alone = errors.mean(0)
    yield Row("film: temporal error of the truth", 100 * truth, "%")
    yield Row("film: of the restyled film", 100 * followed, "%")
    yield Row("film: of each frame by itself", 100 * alone, "%")
    yield at_most("film / truth", followed / truth, "", 1.3)
    yield at_most("film / each frame by itself", followed / alone, "", 0.5)


def _film(seed: int, asked: Restyling) -> tuple[float, float, float]:
    """The temporal errors of the true film, of the restyled, and of single frames restyled."""
    chance, tracker = np.random.default_rng(seed), Tracker()
    truth, followed, alone, points, heads = [], [], [], [], []
    for number in range(FRAMES):
        turn = 2 * np.pi * number / RATE
        moved = {"centre_x": 0.03 * np.sin(turn), "roll": 0.1 * np.sin(0.7 * turn + 1)}
        person = replace(face(seed), **moved, smile=float(0.3 * np.sin(turn)))
        shown, true = (paint(person, SIDE, style) for style in ("photo", asked.target))
        noisy = shown.pixels + 255 * chance.normal(0, NOISE, shown.pixels.shape)
        image = picture_of(noisy.round().clip(0, 255).astype(np.uint8))
        faces = faces_in(image)
        steady = [one.face for one in tracker.update(faces, number / RATE)]
        truth.append(to_picture(true.pixels))
        heads.append(torch.from_numpy((true.parts > 0) & (shown.parts > 0)))
        points.append(shown.points.astype(np.float64))
        for frames, used in ((followed, steady), (alone, faces)):
            frames.append(to_picture(as_seen(restyled(image, asked, used, "photo").image)))
    first, second, third = (_temporal(one, points, heads) for one in (truth, followed, alone))
    return first, second, third


def _temporal(
    frames: Sequence[torch.Tensor], points: Sequence[np.ndarray], heads: Sequence[torch.Tensor]
) -> float:
    """The mean change of a head's pixels from a frame to the next, which is moved back as the
    landmarks moved: turned, scaled and shifted."""
    changes = []
    for first, second in pairwise(range(len(frames))):
        ways = points[first], points[second]
        moved = _moved(frames[second], *ways)
        both = heads[first] & (_moved(heads[second].float()[None], *ways)[0] > 0.999)
        changes.append(float((moved - frames[first]).abs().mean(0)[both].mean()))
    return float(np.mean(changes))


def _moved(picture: torch.Tensor, here: np.ndarray, there: np.ndarray) -> torch.Tensor:
    """What a picture shows, with the landmarks that are `there` moved to where they were `here`."""
    a, b = (points[:, 0] + 1j * points[:, 1] for points in (here, there))
    across = a - a.mean()
    turn = np.vdot(across, b - b.mean()) / np.vdot(across, across)
    rows, columns = np.mgrid[: picture.shape[-2], : picture.shape[-1]] + 0.5
    places = turn * (columns + 1j * rows - a.mean()) + b.mean()
    grid = np.stack([places.real, places.imag], -1) / SIDE * 2 - 1
    sampled = functional.grid_sample(
        picture[None],
        torch.from_numpy(grid).float()[None],
        mode="bicubic" if len(picture) == 3 else "bilinear",
        align_corners=False,
    )
    return sampled[0]


PARTS: Final[Mapping[str, Callable[[argparse.Namespace, Restyling], Rows]]] = {
    "pairs": lambda given, _: every_pair(given.first_seed, given.count, given.model),
    "witness": lambda given, _: witnessed(
        given.first_seed, 3 * given.count, restyle_by(given.model)
    ),
    "portraits": lambda given, asked: real(given.first_seed, given.portraits, asked),
    "pictures": lambda given, asked: placed(given.first_seed, max(given.count // 4, 1), asked),
    "tiles": lambda _, asked: tiles(asked),
    "films": lambda given, asked: films(given.first_seed, max(given.count // 20, 1), asked),
    "speed": lambda given, asked: speed(given.first_seed, asked),
}


def main() -> int:
    """All rows."""
    given = options(__doc__, first_seed=FIRST, count=80, portraits=102, model="restyle", only=PARTS)
    asked = Restyling(path=model_of(given.model), target="anime", source="photo")
    rows = [row for part in given.only for row in PARTS[part](given, asked)]
    return report(rows, json=given.json)


if __name__ == "__main__":
    sys.exit(main())
