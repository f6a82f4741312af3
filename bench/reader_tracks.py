"""How steady landmarks of films are, and how late, beside those that are read of each frame.

    python bench/reader_tracks.py [--first-seed N] [--people N] [--seconds S] [--json]

Each face turns, speaks, blinks and moves before leaves, in the noise of a sensor, once saved as
JPEG; each frame is read, and the face is followed. Errors are of visible landmarks; jitter is by
how much they are off otherwise than in the frame before; they are late by how much of their speed
they are off. The same films are followed once more with landmarks that are not read, but true ones
with noise of their own: what a reader is off by in every frame alike, a filter cannot know.
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
from table import Row, at_most, report

from trombine.core.conventions import to_picture
from trombine.faces import Face, Tracker, read_faces
from trombine.models import Model, load
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
    return Film(
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


def measured(one: Film) -> dict[str, float]:
    """Of landmarks as read and as followed: error and jitter in pixels, by how many seconds they
    are late, blinks' depth beside the truth's; and how many numbers the one face had."""
    tracker = Tracker()
    tracked = [tracker.update(faces, t) for faces, t in zip(one.faces, one.times, strict=True)]
    film = {
        "read": [face.points for (face,) in one.faces],
        "followed": [track.face.points for (track,) in tracked],
    }
    found = {"numbers": float(len({track.number for (track,) in tracked}))}
    speed = np.gradient(one.truth, one.times, axis=0)
    true = np.mean([depth(one.truth, one.times, blink) for blink in one.blinks])
    for name, points in film.items():
        off = (np.array(points) - one.truth) * one.visible[..., None]
        found[f"{name}: error"] = float(np.linalg.norm(off, axis=2).sum() / one.visible.sum())
        found[f"{name}: jitter"] = float(np.sqrt((np.diff(off, axis=0) ** 2).sum(2).mean()))
        found[f"{name}: lag"] = float(-(off * speed).sum() / (speed**2).sum())
        depths = [depth(np.array(points), one.times, blink) for blink in one.blinks]
        found[f"{name}: blink"] = float(np.mean(depths) / true)
    return found


def depth(points: np.ndarray, times: np.ndarray, start: float) -> float:
    """Of a blink: by what share of their usual distance the lids come nearer to one another."""
    gap = np.mean([np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in LIDS], 0)
    since = times - start
    usual = np.median(gap[(abs(since - BLINK / 2) < 0.45) & ((since < 0) | (since > BLINK))])
    return 1 - float(gap[(since >= 0) & (since <= BLINK)].min() / usual)


def rows(films: Sequence[Film]) -> Iterator[Row]:
    """Of films that were read, and of the same ones with true landmarks in noise."""
    yield Row("frames", sum(len(one.faces) for one in films), "")
    true = [with_true_points(one, seed) for seed, one in enumerate(films)]
    for kind, some in (("read", films), ("true points in noise", true)):
        results = [measured(one) for one in some]
        mean = {name: float(np.mean([each[name] for each in results])) for name in results[0]}
        if kind == "read":
            yield at_most("numbers that a face has", mean["numbers"], "", 1)
        for name in ("error", "jitter"):
            before = mean[f"read: {name}"]
            yield Row(f"{kind}: {name} before", before, "px")
            yield at_most(f"{kind}: {name}", mean[f"followed: {name}"] / before, "of before", 1)
        lag = mean["followed: lag"] - mean["read: lag"]
        yield at_most(f"{kind}: late", 1000 * lag, "ms", 1000 / RATE / 4)
        yield Row(f"{kind}: a blink's depth before", mean["read: blink"], "of the truth")
        yield Row(f"{kind}: a blink's depth", mean["followed: blink"], "of the truth")


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
