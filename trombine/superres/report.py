"""What shows a result: the standard sheet of it, and the report of what a net invented.

The sheet has what went in, bicubic, what came out, and the truth where it is known. The report asks
two questions, which need no truth: Brought down again, is the result still the input? Are the faces
in it still those of the input?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite, log10
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from PIL import Image

from trombine.core.conventions import to_picture, to_pixels
from trombine.data.resize import resize_large
from trombine.faces import Frame, crop_windows, read_faces
from trombine.io.image import Picture, as_seen
from trombine.io.overlays import draw_points
from trombine.io.sheets import Sheet, centred, fitting, overview, resized
from trombine.metrics import SSIM_TAPS, luma, psnr, ssim
from trombine.metrics.reading import point_errors
from trombine.models import loaded

Pixels = UInt8[np.ndarray, "_ _ 3"]  # pictures of different sizes meet here
Map = Float32[np.ndarray, "_ _"]  # of 0 to 1, as the pictures' own samples
Size = tuple[int, int]  # height, width
Place = tuple[int, int, int, int]  # top, left, height, width

# The longer side of a cell by columns: a sheet stays below 2000.
CELL: Final = {2: 480, 3: 480, 4: 440}
NARROWEST: Final = 320  # of a cell, so that a column's title has room
LOWEST: Final = 120
ZOOM: Final = 3
PLAIN: Final = "bicubic"
RESULT: Final = "result"
_BAND: Final = 256  # rows that are measured at once


class Similarity(NamedTuple):
    """How near the luma of a picture is to that of the truth."""

    psnr: float  # in dB
    ssim: float


def standard_sheet(
    small: Pixels,
    result: Pixels,
    truth: Pixels | None,
    title: str,
    near: Mapping[str, Similarity] = MappingProxyType({}),
) -> Pixels:
    """The whole pictures, a detail pixel for pixel, and a detail three times larger.

    Columns: the input with its pixels as squares, bicubic, the result, and the truth where it is
    known, with how `near` both are to it: PSNR-Y and SSIM-Y. A detail is where the input has most
    of it. Rows and columns that would show the same again are left out: bicubic is, of a result as
    large as the input. At most 2000 pixels wide, whatever the pictures.
    """
    columns, size = _columns(small, result, truth, near), _size(result)
    fitted = fitting(size, CELL[len(columns)])
    cell = max(fitted[0], LOWEST), max(fitted[1], NARROWEST)
    rows = {"whole": [overview(pixels, fitted) for pixels in columns.values()]}
    for zoom in (1, ZOOM):
        if fitted[0] / size[0] < zoom:
            piece = min(cell[0] // zoom, size[0]), min(cell[1] // zoom, size[1])
            place = detail(small, size, piece)
            rows[f"{zoom} : 1"] = [_squares(one, place, size, zoom) for one in columns.values()]
    note = f"Result: {result.shape[1]} × {result.shape[0]} pixels."
    return Sheet(
        rows=[[centred(picture, cell) for picture in row] for row in rows.values()],
        title=title,
        row_titles=list(rows) if len(rows) > 1 else (),
        column_titles=list(columns),
        note=note if RESULT in columns else f"{note} Numbers: PSNR-Y in dB, SSIM-Y.",
    ).pixels()


def _columns(
    small: Pixels, result: Pixels, truth: Pixels | None, near: Mapping[str, Similarity]
) -> dict[str, Pixels]:
    def titled(title: str, name: str) -> str:
        score = near.get(name)
        return title if score is None else f"{title}  {score.psnr:.2f}, {score.ssim:.4f}"

    if _size(small) == _size(result):  # bicubic is the input
        columns = {titled("input", PLAIN): small}
    else:
        columns = {f"input, {small.shape[1]} × {small.shape[0]}": small}
        columns[titled(PLAIN, PLAIN)] = bicubic(small, _size(result))
    columns[titled(RESULT, RESULT)] = result
    return columns if truth is None else {**columns, "truth": truth}


def bicubic(small: Pixels, size: Size) -> Pixels:
    """The input as most programs would enlarge it."""
    return resized(small, size, Image.Resampling.BICUBIC)


def scores(small: Pixels, result: Pixels, truth: Pixels) -> dict[str, Similarity]:
    """How near bicubic and the result are to the truth, by these names.

    As papers on enlarging measure: of the luma, without a border. None are there where the picture
    is too small to say.
    """
    border = max(1, round(result.shape[0] / small.shape[0]))
    if min(truth.shape[:2]) < len(SSIM_TAPS) + 2 * border:
        return {}
    pictures = {PLAIN: bicubic(small, _size(result)), RESULT: result}
    inside = slice(border, -border), slice(border, -border)
    return {name: _score(truth[inside], pixels[inside]) for name, pixels in pictures.items()}


def _score(truth: Pixels, result: Pixels) -> Similarity:
    """By bands of rows: the sums of a large picture would fill the memory."""
    height, more = truth.shape[0], len(SSIM_TAPS) - 1  # rows that a window has beside its first
    error = similarity = 0.0
    for start in range(0, height, _BAND):
        a, b = (_luma(picture[start : start + _BAND + more]) for picture in (truth, result))
        rows = min(_BAND, height - start)
        error += rows * 10 ** (-psnr(a[..., :rows, :], b[..., :rows, :]).item() / 10)
        places = a.shape[-2] - more
        similarity += places * ssim(a, b).item() if places > 0 else 0.0
    return Similarity(-10 * log10(error / height) if error else inf, similarity / (height - more))


def _luma(pixels: Pixels) -> torch.Tensor:
    return (luma(to_picture(np.ascontiguousarray(pixels))[None]) / 255).float()


def _size(pixels: Pixels) -> Size:
    return pixels.shape[0], pixels.shape[1]


def detail(small: Pixels, result: Size, piece: Size) -> Place:
    """Where a piece of the result has most detail: the sum of steps between the input's pixels.

    Of equally detailed ones (a plain picture) the one nearest to the middle.
    """
    up = result[0] / small.shape[0], result[1] / small.shape[1]
    window = tuple(
        min(max(1, round(side / times)), of)
        for side, times, of in zip(piece, up, small.shape, strict=False)
    )
    sums = _window_sums(_steps(small), (window[0], window[1]))
    best = np.argwhere(sums >= sums.max() - 1e-6)  # sums of whole numbers: equal is equal
    middle = (np.array(sums.shape) - 1) / 2
    y, x = best[np.abs(best - middle).sum(axis=1).argmin()]
    top = min(round(int(y) * up[0]), result[0] - piece[0])
    left = min(round(int(x) * up[1]), result[1] - piece[1])
    return top, left, *piece


def _steps(pixels: Pixels) -> Float64[np.ndarray, "h w"]:
    """How far each pixel is from the next ones right and below, channels together."""
    steps = np.zeros(pixels.shape[:2])
    for axis in (0, 1):
        far = np.abs(np.diff(pixels.astype(np.int16), axis=axis)).sum(axis=2)
        steps[: far.shape[0], : far.shape[1]] += far
    return steps


def _window_sums(values: Float64[np.ndarray, "h w"], size: Size) -> Float64[np.ndarray, "y x"]:
    """The sum under each placing of a window, by differences of running sums."""
    running = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    rows = running[size[0] :] - running[: -size[0]]
    return rows[:, size[1] :] - rows[:, : -size[1]]


def _squares(pixels: Pixels, place: Place, result: Size, zoom: int) -> Pixels:
    """A piece of a picture as large as the result, or of the input, each of its pixels a square."""
    top, left, height, width = place
    rows, columns = (
        np.minimum((np.arange(start, start + count) + 0.5) * of / length, of - 1).astype(int)
        for start, count, of, length in zip(
            (top, left), (height, width), pixels.shape[:2], result, strict=True
        )
    )
    return pixels[rows][:, columns].repeat(zoom, axis=0).repeat(zoom, axis=1)


# ---------------------------------------------------------------------------------------------
# What was invented

READER: Final = "reader"  # for the landmarks
WITNESS: Final = "witness"  # for who it is: no net of trombine has learnt by it
WHOLE: Final = 384  # pixels a side of a report's pictures
FULL: Final = 16 / 255  # what a map shows black
_FACES: Final = 8  # that are shown, the largest


class _Drift(NamedTuple):
    """What became of a face."""

    frame: Frame  # in the result
    landmarks: float  # how far they are off, of the distance between the pupils
    identity: float  # the witness's distance: 0 the same, 1 unrelated, 2 at most
    shown: Sequence[Pixels]  # input and result, each with its landmarks


def report_of(image: Picture, result: Picture, title: str) -> tuple[Pixels, dict[str, Any]]:
    """What was invented in the result of a picture: as a sheet, and as numbers for JSON."""
    small, large = as_seen(image), as_seen(result)
    down = resize_large(to_picture(large), _size(small))
    apart = (down - to_picture(small)).square().mean(0).sqrt().numpy()
    decibels = float(psnr(down[None], to_picture(small)[None]))
    drifts = _drifts(small, large)
    numbers = {
        "brought_down": {
            "psnr": round(decibels, 2) if isfinite(decibels) else None,
            "mean": round(255 * float(apart.mean()), 3),  # differences, of 255
            "worst_percent": round(255 * float(np.quantile(apart, 0.99)), 3),
        },
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
    fitted = fitting(_size(large), WHOLE)
    level = np.round(255 * (1 - np.clip(apart / np.float32(FULL), 0, 1))).astype(np.uint8)
    cells = [overview(one, fitted) for one in (small, large, level[..., None].repeat(3, 2))]
    cell = max(fitted[0], WHOLE), max(fitted[1], WHOLE)
    rows = {"whole": cells} | {
        f"face {number}": list(drift.shown) for number, drift in enumerate(drifts[:_FACES], 1)
    }
    lines = [
        f"Brought down again: {decibels:.2f} dB from the input. Map: white 0, black 16 of 255.",
        *(
            f"Face {number}: landmarks {100 * drift.landmarks:.1f} % of the eyes' distance off,"
            f" identity {drift.identity:.3f} (0 the same, 1 unrelated)."
            for number, drift in enumerate(drifts[:_FACES], 1)
        ),
    ]
    sheet = Sheet(
        rows=[[centred(each, cell) for each in row] for row in rows.values()],
        title=title,
        row_titles=list(rows),
        column_titles=["input", "result", "brought down - input"],
        note="\n".join(lines),
    )
    return sheet.pixels(), numbers


@torch.inference_mode()
def _drifts(small: Pixels, large: Pixels) -> list[_Drift]:
    """The faces of the result, the largest first, beside the same places of the input."""
    before, after = to_picture(small), to_picture(large)
    reader, witness = (loaded(name, task="read") for name in (READER, WITNESS))
    faces = sorted(read_faces(after, reader), key=lambda face: -face.size)
    if not faces:
        return []
    frames, times = [face.frame for face in faces], small.shape[0] / large.shape[0]
    windows = (
        crop_windows(before, [frame.scaled(times) for frame in frames]).float(),
        crop_windows(after, frames).float(),
    )
    points = [reader.in_rgb(each).points for each in windows]
    features = [witness.in_rgb(each).features.double() for each in windows]
    off = point_errors(points[1], points[0]).mean(1)
    identity = 1 - torch.nn.functional.cosine_similarity(features[0], features[1])
    pixels = [np.stack([to_pixels(one) for one in each.clamp(0, 1)]) for each in windows]
    return [
        _Drift(
            frame=frame,
            landmarks=float(off[at]),
            identity=float(identity[at]),
            shown=[
                draw_points(one[at].repeat(ZOOM, 0).repeat(ZOOM, 1), ZOOM * spots[at].numpy())
                for one, spots in zip(pixels, points, strict=True)
            ],
        )
        for at, frame in enumerate(frames)
    ]
