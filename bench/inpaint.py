"""How well repairs go: of painted faces, real portraits, scratches and leaves; how fast and large.

    python bench/inpaint.py [--first-seed N] [--count M] [--model NAME|FILE]
        [--only PART ...] [--json]

What is measured is the path that users run (`completion` guesses, `inpaint` paints), unless a row
says that the net was told nothing, or the truth. PSNR is that in the hole; rows of gains are
over biharmonic filling of the same holes. The portraits are those that nothing learns from.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from scipy.ndimage import binary_erosion
from skimage import data as skimage_data
from table import (
    Row,
    at_least,
    at_most,
    interleaved,
    options,
    ratio_of_medians,
    report,
    seconds,
)
from upscale_pictures import test_portraits

from trombine.core.conventions import to_picture
from trombine.data.masks import mask
from trombine.eval.methods import biharmonic
from trombine.eval.restoration import by_witness
from trombine.eval.witness import seen
from trombine.faces import Face, read_faces
from trombine.faces.frames import crop_windows
from trombine.inpainting.repairing import repaired, repaired_pictures
from trombine.io.image import as_seen, load_picture, picture_of
from trombine.metrics import psnr
from trombine.metrics.reading import IN_PLACE, between_pupils, organs_off
from trombine.models import Model, load, loaded
from trombine.models.tasks import emptied
from trombine.world import face, paint
from trombine.world.leaves import leaves

BINS: Final = ("10-20", "20-30", "30-40", "40-50")
# Nothing learns from these seeds, and nobody looked at them: leaves from 1,702,000 on were seen.
FIRST: Final = 1_706_000
PHOTOGRAPHS: Final = ("astronaut", "coffee", "chelsea", "rocket")
NEAR: Final = 0.08  # of the distance between the pupils: landmarks are in place
ORGANS: Final = {"eyes": range(36, 48), "nose": range(27, 36), "mouth": range(48, 68)}
EYES: Final = 48  # faces whose eyes are hidden
LARGE: Final = 12  # large ones of which one side is hidden
SIZES: Final = {0.1: (365, 274), 1.0: (1155, 866), 12.0: (4000, 3000)}
Picture = Float32[torch.Tensor, "3 h w"]
Hole = Float32[torch.Tensor, "1 h w"]
Rows = Iterator[Row]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A picture with a hole, and what is true of it where that is known."""

    truth: Picture
    hole: Hole
    bin: str = ""
    parts: UInt8[np.ndarray, "h w"] | None = None
    points: Float32[np.ndarray, "68 2"] | None = None


Method = Callable[[Case], Picture]


def faces_of(first: int, count: int, size: int = 128) -> Iterator[Case]:
    """Painted faces with irregular holes, as many in each bin."""
    for number in range(count):
        share = BINS[number % len(BINS)]
        painted = paint(face(first + number), size, "photo")
        yield Case(
            truth=to_picture(painted.pixels),
            hole=_hole(mask(f"irregular:{share}", first + number, size)),
            bin=share,
            parts=painted.parts,
            points=painted.points,
        )


def portraits(first: int, count: int) -> Iterator[Case]:
    """Real faces in the reader's frame, at 128 pixels, with the same holes."""
    reader = loaded("reader", task="read")
    for number, path in enumerate(test_portraits(count)):
        picture = to_picture(as_seen(load_picture(path)))
        (found,) = read_faces(picture, reader, largest=True)
        share = BINS[number % len(BINS)]
        yield Case(
            truth=crop_windows(picture, [found.frame])[0].clamp(0, 1),
            hole=_hole(mask(f"irregular:{share}", first + number, 128)),
            bin=share,
            parts=found.parts,
        )


def scratched(first: int) -> Iterator[Case]:
    """The photographs that scikit-image ships, with scratches over about 5 % of each."""
    for number, name in enumerate(PHOTOGRAPHS):
        truth = to_picture(np.ascontiguousarray(getattr(skimage_data, name)()[..., :3]))
        truth = truth[:, :384, :384].contiguous()
        height, width = truth.shape[-2:]
        hole, seed = np.zeros((height, width), bool), first + 100 * number
        while hole.mean() < 0.045:
            hole |= mask("scratches", seed, 384)[:height, :width]
            seed += 1
        yield Case(truth=truth, hole=_hole(hole))


def leafy(first: int, count: int) -> Iterator[Case]:
    """Leaves of 256 pixels with irregular holes."""
    for number in range(count):
        truth = to_picture(leaves(first + number, 256))
        yield Case(truth=truth, hole=_hole(mask("irregular:10-20", first + number, 256)))


def _hole(missing: Bool[np.ndarray, "h w"]) -> Hole:
    return torch.from_numpy(missing).float()[None]


# ---------------------------------------------------------------------------------------------
# Who repairs


def default(model: str) -> Method:
    """The path that users run."""
    return lambda case: repaired_pictures(case.truth[None], hole=case.hole[None], model=model)[0]


def net_alone(model: Model, *, told: bool) -> Method:
    """The net, told nothing or the truth, as far as it takes any."""

    def method(case: Case) -> Picture:
        steering = {}
        if told and case.parts is not None and case.points is not None:
            truth = {"parts": case.parts, "points": case.points}
            steering = {
                name: torch.from_numpy(one)[None]
                for name, one in truth.items()
                if name in model.net.optional
            }
        return model(case.truth[None], hole=case.hole[None], **steering)[0]

    return method


def smooth(case: Case) -> Picture:
    """Biharmonic filling."""
    return biharmonic(case.truth[None], hole=case.hole[None])[0]


def decibels(cases: Sequence[Case], results: Sequence[Picture]) -> np.ndarray:
    """PSNR in the hole of each."""
    return np.array(
        [
            float(psnr(result[None], case.truth[None], case.hole[None]))
            for case, result in zip(cases, results, strict=True)
        ]
    )


# ---------------------------------------------------------------------------------------------
# Rows


def quality(first: int, count: int, name: str) -> Rows:
    """Painted faces: gains over biharmonic, by bin, and how far a witness is from the truth."""
    cases, model = list(faces_of(first, count)), loaded(name, task="repair")
    methods = {
        "biharmonic": smooth,
        "default": default(name),
        "told nothing": net_alone(model, told=False),
        "told the truth": net_alone(model, told=True),
    }
    results = {who: [method(case) for case in cases] for who, method in methods.items()}
    scores = {who: decibels(cases, made) for who, made in results.items()}
    yield Row("PSNR in the hole, biharmonic", float(scores["biharmonic"].mean()), "dB")
    goals = {"told nothing": 3.0, "told the truth": 6.0, "default": 2.2}
    gains = {who: scores[who] - scores["biharmonic"] for who in goals}
    for who, goal in goals.items():
        gain = gains[who]
        yield at_least(f"gain, {who}", float(gain.mean()), "dB", goal)
        worst = min(float(gain[[case.bin == share for case in cases]].mean()) for share in BINS)
        yield at_least(f"gain in the worst bin, {who}", worst, "dB", 0.0)
    far = {who: witnessed(cases, made) for who, made in results.items()}
    yield Row("witness distance, biharmonic", far["biharmonic"], "")
    share = far["default"] / far["biharmonic"]
    yield at_most("witness distance, default / biharmonic", share, "", 0.5)
    share = far["default"] / far["told nothing"]
    yield at_most("witness distance, default / told nothing", share, "", 1.0)


def both_eyes(first: int, count: int, name: str) -> Rows:
    """Painted faces whose eyes are hidden, both: those of which a witness sees both in place."""
    cases = [
        replace(case, hole=_hole(mask("parts:eyes", first + k, 128, parts=case.parts)))
        for k, case in enumerate(faces_of(first, count))
    ]
    for who, method in {"biharmonic": smooth, "default": default(name)}.items():
        read = seen(torch.stack([method(case) for case in cases]))
        there = organs_off(read.parts, read.points)[:, :2].amax(1) <= IN_PLACE
        yield Row(f"both eyes hidden, both found in place, {who}", float(there.float().mean()), "")


def witnessed(cases: Sequence[Case], results: Sequence[Picture]) -> float:
    """How far what a witness reads is from what it reads of the truth, the mean."""
    pairs = zip(results, cases, strict=True)
    rows = [by_witness(seen(made[None]), seen(case.truth[None])) for made, case in pairs]
    return float(np.mean([row["witness"] for row in rows if row]))


def real(first: int, count: int, name: str) -> Rows:
    """Portraits: gains, and whether what was hidden is painted where it is."""
    cases = list(portraits(first, count))
    if not cases:
        return
    reader, method = loaded("reader", task="read"), default(name)
    results = [method(case) for case in cases]
    gain = decibels(cases, results) - decibels(cases, [smooth(case) for case in cases])
    yield at_least("portraits: gain, default", float(gain.mean()), "dB", 1.5)
    placed: list[bool] = []
    for case, result in zip(cases, results, strict=True):
        true, made = (
            next(iter(read_faces(picture, reader, largest=True)), None)
            for picture in (case.truth, result)
        )
        if true is None:
            continue
        for organ in ORGANS.values():
            places = true.points[list(organ)].astype(int).clip(0, 127)
            if case.hole[0][places[:, 1], places[:, 0]].mean() < 0.5:
                continue
            pupils = float(between_pupils(torch.from_numpy(true.points)[None]))
            off = np.inf
            if made is not None:
                off = np.linalg.norm((made.points - true.points)[list(organ)], axis=1).mean()
            placed.append(bool(off <= NEAR * pupils))
    yield at_least("portraits: hidden features in place", float(np.mean(placed)), "", 0.8)
    yield Row("portraits: hidden features", float(len(placed)), "")


def halves(first: int, name: str) -> Rows:
    """Large faces of which something is hidden: on one side, or all of the eyes or the mouth."""
    reader, method = loaded("reader", task="read"), default(name)
    pictures = {
        f"painted faces, {size} px": [
            to_picture(paint(face(first + k), size, "photo").pixels) for k in range(LARGE)
        ]
        for size in (256, 512)
    }
    if real := [to_picture(as_seen(load_picture(path))) for path in test_portraits(LARGE)]:
        pictures["portraits, twice their size"] = [twice(picture) for picture in real]
    for about, some in pictures.items():
        for what, hidden in HIDDEN.items():
            cases, frames = [], []
            for picture in some:
                (found,) = read_faces(picture, reader, largest=True)
                hole = _hole(hidden(found, *picture.shape[-2:]))
                cases.append(Case(truth=picture, hole=hole))
                frames.append(found.frame)
            for who, by in {"biharmonic": smooth, "default": method}.items():
                made = [by(case) for case in cases]
                sharp = float(np.mean([sharpness(c, m) for c, m in zip(cases, made, strict=True)]))
                label = f"{about}, {what} hidden: edges, {who}"
                if who == "default":
                    yield at_least(label, sharp, "of the truth's", 0.7)
                else:
                    yield Row(label, sharp, "of the truth's")
                windows = [
                    Case(truth=crop_windows(case.truth, [frame])[0].clamp(0, 1), hole=case.hole)
                    for case, frame in zip(cases, frames, strict=True)
                ]
                crops = [
                    crop_windows(m, [frame])[0].clamp(0, 1)
                    for m, frame in zip(made, frames, strict=True)
                ]
                far = witnessed(windows, crops)
                yield Row(f"{about}, {what} hidden: witness distance, {who}", far, "")


def twice(picture: Picture) -> Picture:
    """A picture of twice the size, by bicubic interpolation."""
    made = torch.nn.functional.interpolate(
        picture[None], scale_factor=2, mode="bicubic", align_corners=False
    )
    return made[0].clamp(0, 1)


def eye_of(found: Face, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """A rectangle over the eye at the right."""
    eye = found.points[42:48]
    half = np.array([0.85, 0.6]) * np.ptp(eye[:, 0])
    return _within(eye.mean(0) - half, eye.mean(0) + half, height, width)


def quarter_of(found: Face, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """All that is at the right of the nose and above its tip, with the hair."""
    points, side = found.points, found.frame.side
    first = points[27:31, 0].mean() + 0.02 * side, points[17:27, 1].min() - 0.35 * side
    return _within(first, (points[:, 0].max() + 0.25 * side, points[33, 1]), height, width)


def eyes_of(found: Face, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """A strip over both eyes."""
    return _over(found, slice(36, 48), height, width)


def mouth_of(found: Face, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """A strip over the mouth."""
    return _over(found, slice(48, 68), height, width)


HIDDEN: Final = {"an eye": eye_of, "a quarter": quarter_of, "eyes": eyes_of, "a mouth": mouth_of}


def _over(found: Face, organ: slice, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    points, rim = found.points[organ], np.array([0.05, 0.04]) * found.frame.side
    return _within(points.min(0) - rim, points.max(0) + rim, height, width)


def _within(first: Sequence[float], last: Sequence[float], h: int, w: int) -> np.ndarray:
    rows, columns = np.mgrid[:h, :w]
    inside = (columns > first[0]) & (columns < last[0])
    return inside & (rows > first[1]) & (rows < last[1])


def sharpness(case: Case, made: Picture) -> float:
    """The mean slope of luma in the hole where the truth's is in its top fifth, of the truth's."""
    inner = binary_erosion(case.hole[0].numpy() > 0.5, iterations=3)
    true, ours = (np.hypot(*np.gradient(picture.mean(0).numpy())) for picture in (case.truth, made))
    strong = inner & (true >= np.quantile(true[inner], 0.8))
    return float(ours[strong].mean() / true[strong].mean())


def textures(first: int, name: str) -> Rows:
    """Where there is no face: scratches over photographs, and leaves."""
    method = default(name)
    sets = {
        "scratches of 5 % on photographs": (list(scratched(first)), 0.5),
        "leaves": (list(leafy(first, 12)), 1.0),
    }
    for about, (cases, goal) in sets.items():
        gain = decibels(cases, [method(case) for case in cases])
        gain = gain - decibels(cases, [smooth(case) for case in cases])
        yield at_least(f"gain on {about}", float(gain.mean()), "dB", goal)


def speed(first: int, name: str) -> Rows:
    """Time and memory over sizes; the default path of a window beside plain torch."""
    costs: dict[float, Cost] = {}
    for megapixels in SIZES:
        costs[megapixels] = cost = alone(name, megapixels, everything=False)
        about = f"{megapixels:g} megapixels, a hole of 400 x 300 at most"
        yield Row(about, cost.seconds, "s")
        yield Row(f"{about}: memory", cost.gigabytes, "GB")
    yield at_most("12 megapixels, a hole of 400 x 300", costs[12.0].seconds, "s", 3.0)
    yield at_most("12 megapixels, a hole of 400 x 300: memory", costs[12.0].gigabytes, "GB", 1.5)
    most = alone(name, 12.0, everything=True)
    yield Row("12 megapixels, nearly all of it a hole", most.seconds, "s")
    yield at_most("12 megapixels, nearly all: memory", most.gigabytes, "GB", 1.5)
    yield from _beside_torch(first, loaded(name, task="repair"))


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a repair takes."""

    seconds: float
    gigabytes: float  # of the whole process at most


def alone(name: str, megapixels: float, *, everything: bool) -> Cost:
    """The cost of a repair in a process of its own, whose memory is its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_cost, name, megapixels, everything).result()


def _cost(name: str, megapixels: float, everything: bool) -> Cost:
    width, height = SIZES[megapixels]
    image = picture_of(mosaic(height, width))
    hole = np.zeros((height, width), bool)
    if everything:
        hole[20:-20, 20:-20] = True
    else:
        down, across = min(300, height // 3), min(400, width // 3)
        hole[height // 3 :][:down, width // 3 : width // 3 + across] = True
    model = loaded(name, task="repair")
    if not everything:  # the first repair loads nets and compiles
        repaired(image, hole, model)
    taken = seconds(lambda: repaired(image, hole, model))
    return Cost(seconds=taken, gigabytes=_most_memory())


def mosaic(height: int, width: int) -> UInt8[np.ndarray, "h w 3"]:
    """Parts of photographs, turned and mirrored, side by side: none is there twice within some
    thousand pixels, for what repeats itself is continued sooner than other pictures."""
    parts = list[np.ndarray]()
    for name in PHOTOGRAPHS:
        part = getattr(skimage_data, name)()[:300, :300, :3]
        parts += [np.rot90(one, turn) for one in (part, part[:, ::-1]) for turn in range(4)]
    down, across = -(-height // 300), -(-width // 300)
    rows = [[parts[(7 * i + j) % len(parts)] for j in range(across)] for i in range(down)]
    pixels = np.concatenate([np.concatenate(row, 1) for row in rows])
    return np.ascontiguousarray(pixels[:height, :width])


def _most_memory() -> float:
    """GB that this process has held; since it began, as Linux counts it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9  # macOS: bytes
    (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e9


def _beside_torch(first: int, model: Model) -> Rows:
    """The net as it is run, beside plain torch."""
    (case,) = faces_of(first, 1)
    pictures, hole = case.truth[None].contiguous(), case.hole[None]
    plain = load(model.path, task="repair").net

    def eager() -> torch.Tensor:
        return plain(emptied(pictures, hole), hole=hole).detach()

    def ours() -> torch.Tensor:
        return model(pictures, hole=hole)

    measures = {"plain": lambda: seconds(eager), "ours": lambda: seconds(ours)}
    times = interleaved(measures, rounds=30)
    ratio = ratio_of_medians(times["plain"], times["ours"])
    yield at_least("a window, times faster than plain torch", ratio, "", 1.5)


PARTS: Final[dict[str, Callable[[int, int, str], Rows]]] = {
    "quality": quality,
    "eyes": lambda first, count, name: both_eyes(first, min(count, EYES), name),
    "portraits": real,
    "halves": lambda first, _, name: halves(first, name),
    "textures": lambda first, _, name: textures(first, name),
    "speed": lambda first, _, name: speed(first, name),
}


def main() -> int:
    """All rows, or those of some parts."""
    given = options(__doc__, first_seed=FIRST, count=80, model="inpaint", only=PARTS)
    asked = given.first_seed, given.count, given.model
    rows = [row for part in given.only for row in PARTS[part](*asked)]
    return report(rows, json=given.json)


if __name__ == "__main__":
    sys.exit(main())
