"""How near tracked landmarks are to the truth, in films of painted faces.

    python bench/reader_tracks.py [--first-seed N] [--people N] [--seconds S] [--json]

Each face turns, speaks, blinks and moves before leaves, in the noise of a sensor, once saved as
JPEG; each frame is read, and the film is tracked: as it comes, and whole. Errors are of visible
landmarks. The same films are tracked once more with landmarks that are not read, but true ones
with noise of their own: what a reader is off by in every frame alike, tracking cannot know.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image
from table import Row, at_least, at_most, report

from trombine.conventions import to_picture
from trombine.reader import Face, Tracker, read_faces, track
from trombine.weights import Model, load
from trombine.world import face, paint
from trombine.world.leaves import leaves

FIRST: Final = 1_730_000
RATE: Final = 25
SIDE: Final = 128  # of a painted face; the film is larger
WIDTH, HEIGHT = 224, 176
NOISE: Final = ((0.04, None), (0.03, 40), (0.06, None), (0.1, None))  # and JPEG's quality
CLOSING, SHUT, BLINK = 0.1, 0.13, 0.3  # seconds after a blink's begin: shut, opening, open
LIDS: Final = ((37, 41), (38, 40), (43, 47), (44, 46))
SYNTHETIC: Final = 0.6  # of the reader's errors: the noise of true landmarks


@dataclass(frozen=True, kw_only=True)
class Film:
    """What was read of a film, and what is true of it."""

    name: str
    times: np.ndarray
    truth: np.ndarray  # n 68 2
    visible: np.ndarray
    faces: Sequence[Sequence[Face]]
    blinks: Sequence[float]  # when each begins


def film(seed: int, seconds: float, noise: tuple[float, int | None], model: Model) -> Film:
    """A person who turns, moves, speaks and blinks, read frame by frame."""
    chance = np.random.default_rng(seed)
    phases = iter(chance.uniform(0, 2 * np.pi, 16))
    times = np.arange(int(RATE * seconds)) / RATE

    def wave(height: float, period: float) -> np.ndarray:
        return height * np.sin(2 * np.pi * times / period + next(phases))

    speaks = (2 * wave(1, 2.6)).clip(0, 1) * (0.3 + wave(0.3, 0.27) + wave(0.15, 0.19)).clip(0, 1)
    blinks = np.arange(0.7 + chance.uniform(0, 0.3), seconds - 0.5, 1.3)
    shut = sum(np.interp(times - b, [0, CLOSING, SHUT, BLINK], [0, 1, 1, 0]) for b in blinks)
    moment = {
        "yaw": (wave(0.22, 2.7) + wave(0.1, 1.1)).clip(-0.34, 0.34),
        "pitch": (wave(0.12, 1.9) + wave(0.05, 0.9)).clip(-0.2, 0.2),
        "roll": (wave(0.09, 3.1) + wave(0.04, 1.3)).clip(-0.14, 0.14),
        "mouth_open": speaks,
        "smile": wave(0.5, 2.3),
        "brow_raise": wave(0.4, 2.9),
        "lid_open": 0.65 * (1 - shut),
        "scale": 0.25 + wave(0.02, 3.7),
    }
    path = np.stack([40 + wave(28, 3.3), 20 + wave(14, 2.1)], 1)
    # A film's noise is drawn below, anew in each frame; glasses and a squint would hide lids.
    person = replace(face(seed), glasses=0.0, squint=0.1, grain=0.0)
    ground = np.array(Image.fromarray(leaves(seed, 256)).resize((WIDTH, HEIGHT)))
    truth, visible, faces = [], [], []
    for k in range(len(times)):
        corner = np.floor(path[k]).astype(int)
        centre_x, centre_y = (path[k] - corner - 0.5) / SIDE
        fields = {name: float(values[k]) for name, values in moment.items()}
        one = paint(
            replace(person, **fields, centre_x=float(centre_x), centre_y=float(centre_y)),
            SIDE,
            "photo",
        )
        pixels = ground.copy()
        region = pixels[corner[1] : corner[1] + SIDE, corner[0] : corner[0] + SIDE]
        region[one.parts > 0] = one.pixels[one.parts > 0]
        faces.append(read_faces(to_picture(spoiled(pixels, noise, chance)), model, largest=True))
        truth.append(one.points + corner)
        visible.append(one.visible)
    amount, quality = noise
    return Film(
        name=f"noise {amount:g}" + (f", JPEG {quality}" if quality else ""),
        times=times,
        truth=np.array(truth),
        visible=np.array(visible),
        faces=faces,
        blinks=blinks.tolist(),
    )


def spoiled(
    pixels: np.ndarray, noise: tuple[float, int | None], chance: np.random.Generator
) -> np.ndarray:
    """A frame after the noise of a sensor, and JPEG."""
    amount, quality = noise
    noisy = pixels / 255 + chance.normal(0, amount, pixels.shape)
    frame = np.round(255 * noisy.clip(0, 1)).astype(np.uint8)
    if quality is None:
        return frame
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def with_true_points(one: Film, seed: int) -> Film:
    """The film, as if its landmarks were read without any fault but noise."""
    chance = np.random.default_rng(seed)
    faces = []
    for read, truth in zip(one.faces, one.truth, strict=True):
        off = [chance.normal(size=(68, 2)) * SYNTHETIC * face.errors[:, None] for face in read]
        pairs = zip(read, off, strict=True)
        faces.append([replace(face, points=(truth + o).astype(np.float32)) for face, o in pairs])
    return replace(one, faces=faces)


def measured(one: Film) -> dict[str, tuple[float, float, float]]:
    """As read, tracked as it comes, and whole: error in pixels, blinks' depth beside the truth's,
    and how many numbers the one face had."""
    tracker = Tracker()
    comes = [tracker.update(faces, t) for faces, t in zip(one.faces, one.times, strict=True)]
    whole = track(zip(one.times, one.faces, strict=True))
    numbers = float(len({tracked.number for frame in comes for tracked in frame}))
    films = {
        "read": [[face.points for face in faces] for faces in one.faces],
        "as it comes": [[tracked.face.points for tracked in frame] for frame in comes],
        "whole": [[tracked.face.points for tracked in frame] for frame in whole],
    }
    seen = np.array([bool(faces) for faces in one.faces])
    found = {}
    for name, frames in films.items():
        points = np.array([frame[0] for frame in frames if frame])
        off = np.linalg.norm(points - one.truth[seen], axis=2)[one.visible[seen]].mean()
        depths = [
            depth(points, one.times[seen], blink) / depth(one.truth, one.times, blink)
            for blink in one.blinks
        ]
        found[name] = float(off), float(np.mean(depths)), numbers
    return found


def depth(points: np.ndarray, times: np.ndarray, start: float) -> float:
    """Of a blink: by what share of their usual distance the lids come nearer to one another."""
    gap = np.mean([np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in LIDS], 0)
    since = times - start
    usual = np.median(gap[(abs(since - BLINK / 2) < 0.45) & ((since < 0) | (since > BLINK))])
    return 1 - float(gap[(since >= 0) & (since <= BLINK)].min() / usual)


def rows(films: Sequence[Film]) -> Iterator[Row]:
    """Of films that were read, and of the same ones with true landmarks in noise."""
    frames = [faces for one in films for faces in one.faces]
    yield Row("frames", len(frames), "")
    yield at_least("frames in which the face is read", sum(map(len, frames)) / len(frames), "", 1)
    true = [with_true_points(one, seed) for seed, one in enumerate(films)]
    for kind, some in (("read", films), ("true points in noise", true)):
        results = [measured(one) for one in some]
        if kind == "read":
            numbers = float(np.mean([result["read"][2] for result in results]))
            yield at_most("numbers that a face has", numbers, "", 1)
        names = list(dict.fromkeys(one.name for one in some)) if kind == "read" else []
        for name in names:
            mine = [r for one, r in zip(some, results, strict=True) if one.name == name]
            yield Row(f"{name}: error as read", mean(mine, "read", 0), "px")
            for way in ("as it comes", "whole"):
                share = mean(mine, way, 0) / mean(mine, "read", 0)
                yield Row(f"{name}: error, {way}", share, "of that as read")
        for way in ("as it comes", "whole"):
            share = mean(results, way, 0) / mean(results, "read", 0)
            yield at_most(f"{kind}: error, {way}", share, "of that before", 0.7)
            kept = mean(results, way, 1) / mean(results, "read", 1)
            yield Row(f"{kind}: a blink's depth, {way}", kept, "of that before")
            yield at_least(
                f"{kind}: a blink's depth, {way}, of the truth",
                mean(results, way, 1),
                "of the truth",
                0.9,
            )
        before = mean(results, "read", 1)
        yield Row(f"{kind}: a blink's depth before, of the truth", before, "of the truth")


def mean(results: Sequence[dict[str, tuple[float, float, float]]], way: str, place: int) -> float:
    """Of all films."""
    return float(np.mean([result[way][place] for result in results]))


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first-seed", type=int, default=FIRST)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    model = load("reader", task="read")
    films = [
        film(args.first_seed + k, args.seconds, NOISE[k % len(NOISE)], model)
        for k in range(args.people)
    ]
    return report(list(rows(films)), json=args.json)


if __name__ == "__main__":
    sys.exit(main())
