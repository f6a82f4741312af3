"""What a net invented: numbers and a sheet of a result, by the input, by faces, by other answers.

Three questions, none of which needs the true picture. Brought down again, is the result still the
input? Are the faces in it still those of the input? And where do the net's answers for the eight
turned and mirrored pictures differ: there it guesses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, final

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from trombine.core.conventions import to_picture
from trombine.faces import Frame, crop_windows, read_faces
from trombine.io.image import Picture, as_seen
from trombine.io.overlays import draw_points
from trombine.io.sheets import Sheet, centred, fitting, overview
from trombine.metrics import psnr
from trombine.metrics.reading import point_errors
from trombine.models import loaded
from trombine.superres.last import resized
from trombine.superres.pictures import How, deviations
from trombine.superres.pipelines import Pipeline
from trombine.superres.sheet import PLAIN, bicubic, window_sums

Pixels = UInt8[np.ndarray, "_ _ 3"]
Map = Float32[np.ndarray, "_ _"]  # of 0 to 1, as the pictures' own samples

READER: Final = "reader"  # for the landmarks
WITNESS: Final = "witness"  # for who it is: no net of trombine has learnt by it
CELL: Final = 384  # pixels a side of a sheet's pictures
FULL: Final = 16 / 255  # what a map shows black
_FACES: Final = 8  # that are shown, the largest


@final
@dataclass(frozen=True, kw_only=True)
class Report:
    """What was invented."""

    numbers: Mapping[str, Any]  # for JSON
    sheet: Pixels


@final
@dataclass(frozen=True, kw_only=True)
class _Drift:
    """What became of a face."""

    frame: Frame  # in the result
    landmarks: float  # how far they are off, of the distance between the pupils
    identity: float  # the witness's distance: 0 the same, 1 unrelated, 2 at most
    points: tuple[Float32[np.ndarray, "68 2"], Float32[np.ndarray, "68 2"]]  # in the window
    windows: tuple[Pixels, Pixels]  # of input and result


def report_of(
    image: Picture,
    result: Picture,
    pipeline: Pipeline,
    title: str,
    how: How,
) -> Report:
    """The report of what the pipeline made of a picture; it runs the pipeline eight times."""
    small, large = as_seen(image), as_seen(result)
    down = resized(to_picture(large), (small.shape[0], small.shape[1]))
    apart = (down - to_picture(small)).square().mean(0).sqrt().numpy()
    decibels = float(psnr(down[None], to_picture(small)[None]))
    varies = deviations(image, pipeline, how)
    drifts = _drifts(small, large)
    numbers = {
        "brought_down": {
            "psnr": round(decibels, 2) if isfinite(decibels) else None,
            **_of_map(apart),
        },
        "answers": _of_map(varies),
        "faces": [
            {
                "x": round(drift.frame.x, 1),
                "y": round(drift.frame.y, 1),
                "side": round(drift.frame.side, 1),
                "landmarks": round(drift.landmarks, 4),
                "identity": round(drift.identity, 4),
            }
            for drift in drifts
        ],
        "judges": {name: loaded(name, task="read").hash for name in (READER, WITNESS)},
    }
    return Report(
        numbers=numbers, sheet=_sheet(small, large, apart, varies, drifts, title, decibels)
    )


def _of_map(values: Map) -> dict[str, float]:
    """Of differences of 255: how large they are on average, and where they are large."""
    return {
        "mean": round(255 * float(values.mean()), 3),
        "worst_percent": round(255 * float(np.quantile(values, 0.99)), 3),
    }


@torch.inference_mode()
def _drifts(small: Pixels, large: Pixels) -> list[_Drift]:
    """The faces of the result, the largest first, beside the same places of the input."""
    before, after = to_picture(small), to_picture(large)
    reader, witness = (loaded(name, task="read") for name in (READER, WITNESS))
    faces = sorted(read_faces(after, reader), key=lambda face: -face.size)
    frames = [face.frame for face in faces]
    if not frames:
        return []
    times = small.shape[0] / large.shape[0]
    windows = (
        crop_windows(before, [frame.scaled(times) for frame in frames]).float(),
        crop_windows(after, frames).float(),
    )
    points = [reader.in_rgb(each).points for each in windows]
    features = [witness.in_rgb(each).features.double() for each in windows]
    off = point_errors(points[1], points[0]).mean(1)
    identity = 1 - torch.nn.functional.cosine_similarity(features[0], features[1])
    shown = [
        (each.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy() for each in windows
    ]
    return [
        _Drift(
            frame=frame,
            landmarks=float(off[at]),
            identity=float(identity[at]),
            points=(points[0][at].numpy(), points[1][at].numpy()),
            windows=(shown[0][at], shown[1][at]),
        )
        for at, frame in enumerate(frames)
    ]


# ---------------------------------------------------------------------------------------------
# The sheet


def _sheet(
    small: Pixels,
    large: Pixels,
    apart: Map,
    varies: Map,
    drifts: Sequence[_Drift],
    title: str,
    decibels: float,
) -> Pixels:
    """The whole picture with both maps, where the answers vary most, and the faces."""
    size = fitting((large.shape[0], large.shape[1]), CELL)
    rows = {"whole": [overview(each, size) for each in (small, large, _grey(apart), _grey(varies))]}
    plain = bicubic(small, (large.shape[0], large.shape[1]))
    below = bicubic(_grey(apart), (large.shape[0], large.shape[1]))
    place = _most(varies, CELL // 3)
    pieces = (plain, large, below, _grey(varies))
    rows["3 : 1"] = [_zoomed(each[place]) for each in pieces]
    for number, drift in enumerate(drifts[:_FACES], 1):
        zoomed = [_zoomed(each) for each in drift.windows]
        drawn = [
            draw_points(pixels, 3 * points)
            for pixels, points in zip(zoomed, drift.points, strict=True)
        ]
        rows[f"face {number}"] = [*zoomed, *drawn]
    every = [each for row in rows.values() for each in row]
    cell = max(len(each) for each in every), max(each.shape[1] for each in every)
    note = (
        f"Brought down again: {decibels:.2f} dB from the input. Maps: white 0, black 16 of 255."
        " 3 : 1 is where the eight answers differ most."
        f"{' Faces: input and result, plain and with landmarks.' if drifts else ''}"
    )
    lines = [
        f"Face {number}: landmarks {100 * drift.landmarks:.1f} % of the eyes' distance off,"
        f" identity {drift.identity:.3f} (0 the same, 1 unrelated)."
        for number, drift in enumerate(drifts[:_FACES], 1)
    ]
    return Sheet(
        rows=[[centred(each, cell) for each in row] for row in rows.values()],
        title=title,
        row_titles=list(rows),
        column_titles=[
            f"input, {PLAIN} where large",
            "result",
            "brought down - input",
            "the eight answers differ",
        ],
        note="\n".join([note, *lines]),
    ).pixels()


def _grey(values: Map) -> Pixels:
    """A map as a picture: white is 0, black is FULL or more."""
    level = np.round(255 * (1 - np.clip(values / np.float32(FULL), 0, 1))).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=2)


def _most(values: Map, side: int) -> tuple[slice, slice]:
    """The square of a map, or what of it there is, with the largest sum."""
    height, width = (min(side, length) for length in values.shape)
    sums = window_sums(values.astype(np.float64), (height, width))
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    return slice(int(top), int(top) + height), slice(int(left), int(left) + width)


def _zoomed(pixels: Pixels) -> Pixels:
    """Three times as large, each pixel a square."""
    return pixels.repeat(3, axis=0).repeat(3, axis=1)
