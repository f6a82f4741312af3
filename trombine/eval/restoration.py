"""Results against their truths: on the whole picture, inside the hole, and on the hole's rim.

Pixels are compared where they stand; what the witness reads is compared on the whole picture, where
it shows a face. The report of many pairs is at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64
from scipy.ndimage import binary_dilation, binary_erosion

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError, shown
from trombine.core.texts import aligned, counted
from trombine.eval import witness
from trombine.eval.stats import mean
from trombine.io.image import as_seen, load_picture
from trombine.io.inputs import find
from trombine.metrics import SSIM_RADIUS, luma, ssim_map
from trombine.metrics.reading import between_pupils
from trombine.metrics.similarity import ms_ssim
from trombine.report import Report

Picture = Float32[torch.Tensor, "3 h w"]
AnyPicture = Float32[torch.Tensor, "3 _ _"]  # that two of them agree is checked by hand
Region = Bool[np.ndarray, "h w"]
AnyRegion = Bool[np.ndarray, "_ _"]
Inside = Bool[torch.Tensor, "h w"]

REGIONS: Final = ("whole", "hole", "rim")
RIM: Final = 3  # pixels on each side of the hole's border


@dataclass(frozen=True)
class Measure:
    """One number of a result."""

    unit: str
    more_is_better: bool
    about: str


MEASURES: Final = {
    "PSNR": Measure("dB", True, "over all channels, peak 1"),
    "PSNR-Y": Measure("dB", True, "of the luma, as papers on enlarging"),
    "SSIM": Measure("", True, "Wang et al. 2004, mean of the channels"),
    "MS-SSIM": Measure("", True, "over as many scales as fit, up to 5"),
    "MAE": Measure("", False, "mean absolute error, of 1"),
    "edges": Measure("", False, "mean error of the luma's slope, of 1"),
    "witness": Measure("", False, "distance of features, 0 same, 1 unrelated"),
    "landmarks": Measure("%", False, "drift of 68 landmarks, of the pupils' distance"),
    "parts": Measure("", True, "share of pixels of the same part"),
    "identity": Measure("", False, "drift of what stays the same of a person, of 1"),
}


def judged(
    result: AnyPicture,
    truth: AnyPicture,
    hole: AnyRegion | None = None,
    *,
    border: int = 0,
    names: Container[str] = MEASURES,
    seen: witness.Seen | None = None,
) -> dict[str, dict[str, float]]:
    """The measures of these names by region; those that a picture does not have are left out.

    `border` pixels on each side do not count for PSNR-Y of the whole picture, as papers have it.
    `seen` is what the witness says of the truth, where that is known.
    """
    if result.shape != truth.shape:
        ours, theirs = (f"{p.shape[-1]} x {p.shape[-2]}" for p in (result, truth))
        raise InputError(f"pictures of {ours} and {theirs} do not compare")
    whole = np.ones(truth.shape[-2:], np.bool_)
    regions = {"whole": whole}
    if hole is not None:
        if hole.shape != whole.shape:
            raise InputError("the hole has another size than the picture")
        if hole.any():
            regions |= {"hole": hole, "rim": rim(hole)}
    values: dict[str, dict[str, float]] = {}
    for region, there in regions.items():
        values[region] = {}
        for name in (name for name in BY_PIXELS if name in names):
            inside = there.copy()
            if border and name == "PSNR-Y" and region == "whole":
                inside[:border] = inside[-border:] = False
                inside[:, :border] = inside[:, -border:] = False
            value = BY_PIXELS[name](result, truth, torch.from_numpy(inside))
            if value is not None:
                values[region][name] = value
    if "MS-SSIM" in names and min(truth.shape[-2:]) > 2 * SSIM_RADIUS:
        pair = result[None].double(), truth[None].double()
        values["whole"]["MS-SSIM"] = float(ms_ssim(*pair)[0])
    if any(name in names for name in BY_WITNESS):
        read = by_witness(witness.seen(result[None]), seen or witness.seen(truth[None]))
        values["whole"] |= read
    return values


def rim(hole: Region) -> Region:
    """The pixels within RIM of the hole's border, inside and outside."""
    outside = np.logical_not(binary_erosion(hole, iterations=RIM, border_value=1))
    return np.logical_and(binary_dilation(hole, iterations=RIM), outside)


def slopes(picture: Picture) -> Float64[torch.Tensor, "2 h w"]:
    """Sobel's slopes of the luma, of 1 a pixel, across and down; the border is repeated."""
    grey = (luma(picture[None]) - 16)[0] / 219
    padded = torch.nn.functional.pad(grey[None], (1, 1, 1, 1), mode="replicate")
    smooth, step = torch.tensor([1.0, 2.0, 1.0]) / 4, torch.tensor([-1.0, 0.0, 1.0]) / 2
    kernels = torch.stack((torch.outer(smooth, step), torch.outer(step, smooth)))[:, None].double()
    return torch.nn.functional.conv2d(padded, kernels)[0]


def _psnr(result: Picture, truth: Picture, inside: Inside) -> float:
    return _decibels((result.double() - truth.double()).square()[:, inside], 1.0)


def _psnr_y(result: Picture, truth: Picture, inside: Inside) -> float:
    bright = luma(result[None])[0] - luma(truth[None])[0]
    return _decibels(bright.square()[:, inside], 255.0)


def _mae(result: Picture, truth: Picture, inside: Inside) -> float:
    return float((result.double() - truth.double()).abs()[:, inside].mean())


def _edges(result: Picture, truth: Picture, inside: Inside) -> float:
    return float((slopes(result) - slopes(truth)).norm(dim=0)[inside].mean())


def _ssim(result: Picture, truth: Picture, inside: Inside) -> float | None:
    centred = inside[SSIM_RADIUS:-SSIM_RADIUS, SSIM_RADIUS:-SSIM_RADIUS]
    if min(truth.shape[-2:]) <= 2 * SSIM_RADIUS or not centred.any():
        return None
    return float(ssim_map(result[None].double(), truth[None].double())[0][:, centred].mean())


BY_PIXELS: Final = {
    "PSNR": _psnr,
    "PSNR-Y": _psnr_y,
    "MAE": _mae,
    "edges": _edges,
    "SSIM": _ssim,
}


def _decibels(squares: Float64[torch.Tensor, "..."], peak: float) -> float:
    error = float(squares.mean())
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))


def by_witness(result: witness.Seen, truth: witness.Seen) -> dict[str, float]:
    """What the witness says of one picture and its truth; nothing where that shows it no face."""
    if not truth.is_face[0]:
        return {}
    gaps = (result.points[0] - truth.points[0]).norm(dim=-1).mean()
    return {
        "witness": float(witness.distance(truth.features, result.features)[0]),
        "landmarks": float(100 * gaps / between_pupils(truth.points)[0]),
        "parts": float((truth.parts[0] == result.parts[0]).double().mean()),
        "identity": float((result.traits[0] - truth.traits[0]).abs().mean()),
    }


BY_WITNESS: Final = ("witness", "landmarks", "parts", "identity")


# ---------------------------------------------------------------------------------------------
# Files


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A result, its truth, and the hole that was repaired."""

    result: Path
    truth: Path
    hole: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        """All that are read."""
        return tuple(path for path in (self.result, self.truth, self.hole) if path is not None)


def paired(
    results: Iterable[Path], truths: Iterable[Path], holes: Path | None
) -> tuple[list[Pair], list[Path]]:
    """Files that have one name but for the ending, and those that have no partner."""
    ours, theirs = _by_stem(find(results)), _by_stem(find(truths))
    masks = _by_stem(find([holes])) if holes and holes.is_dir() else {}
    if len(ours) == len(theirs) == 1:  # two files, whatever they are called
        theirs = dict(zip(ours, theirs.values(), strict=True))
    pairs = [
        Pair(result=path, truth=theirs[stem], hole=masks.get(stem) if masks else holes)
        for stem, path in ours.items()
        if stem in theirs and (not masks or stem in masks)
    ]
    used = {path for pair in pairs for path in pair.files}
    everything = [*ours.values(), *theirs.values(), *masks.values()]
    return pairs, [path for path in everything if path not in used]


def _by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            problem = f"has the name of {shown(found[path.stem])} but for the ending"
            raise InputError(problem, "keep one of them there", path=path)
        found[path.stem] = path
    return found


@dataclass(frozen=True, eq=False)
class JudgingNet:
    """A net that others published (published.py), as the judge of a result and its truth."""

    name: str
    hash: str  # of its weights
    distance: Callable[[Picture, Picture], float]


def judge_pair(
    pair: Pair, *, border: int = 0, nets: Iterable[JudgingNet] = ()
) -> dict[str, dict[str, float]]:
    """The measures of two files, with the distances of these nets on the whole picture."""
    result, truth = (to_picture(as_seen(load_picture(path))) for path in (pair.result, pair.truth))
    hole = None
    if pair.hole is not None:
        hole = as_seen(load_picture(pair.hole))[..., 0] > 127
    values = judged(result, truth, hole, border=border)
    for net in nets:
        values["whole"][net.name] = net.distance(result, truth)
    return values


# ---------------------------------------------------------------------------------------------
# The report

_WORST: Final = 6  # pictures that the page shows
Values = Mapping[str, Mapping[str, float]]
Measured = Mapping[Pair, Values]


def hashes_of(nets: Iterable[JudgingNet]) -> dict[str, str]:
    """Of all nets that give a number, by name."""
    return {witness.WITNESS: witness.witness().hash, **{net.name: net.hash for net in nets}}


def means_of(measured: Measured) -> dict[str, dict[str, tuple[float, float, float]]]:
    """The means with their intervals, by measure, MEASURES first, and region."""
    columns: dict[str, dict[str, list[float]]] = {name: {} for name in MEASURES}
    for values in measured.values():
        for region in REGIONS:
            for name, value in values.get(region, {}).items():
                columns.setdefault(name, {}).setdefault(region, []).append(value)
    return {
        name: {region: mean(column) for region, column in regions.items()}
        for name, regions in columns.items()
        if regions
    }


def numbers_of(measured: Measured, hashes: Mapping[str, str]) -> dict[str, Any]:
    """All numbers as JSON holds them: the nets that judged, means with intervals, and those of each
    picture. What is not finite is null."""
    means = {
        name: {
            region: dict(zip(("mean", "low", "high"), map(_plain, figures), strict=True))
            for region, figures in regions.items()
        }
        for name, regions in means_of(measured).items()
    }
    pictures = [
        {
            "result": pair.result.name,
            "truth": pair.truth.name,
            "values": {r: {m: _plain(v) for m, v in one.items()} for r, one in values.items()},
        }
        for pair, values in measured.items()
    ]
    return {**hashes, "means": means, "pictures": pictures}


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def rows_of(measured: Measured) -> list[list[str]]:
    """The table of means with intervals: the regions, then a measure a row."""
    means = means_of(measured)
    regions = [region for region in REGIONS if any(region in one for one in means.values())]
    rows = [["", *regions]]
    for name, values in means.items():
        row = [f"{name} {MEASURES[name].unit}".strip() if name in MEASURES else name]
        for region in regions:
            middle, low, high = values.get(region, (None, 0, 0))
            digits = 2 if abs(middle or 0) >= 10 else 4
            interval = f" ({low:.{digits}f} to {high:.{digits}f})" if low < high else ""
            row.append("" if middle is None else f"{middle:.{digits}f}{interval}")
        rows.append(row)
    return rows


def text_of(measured: Measured, hashes: Mapping[str, str]) -> str:
    """The table of means for a terminal."""
    judges = ", ".join(f"{name} {hash}" for name, hash in hashes.items())
    count = counted(len(measured), "picture")
    return "\n".join((*aligned(rows_of(measured)), f"{count}; {judges}"))


def report_of(measured: Measured, hashes: Mapping[str, str]) -> Report:
    """The table, and the pictures that came out worst."""
    judges = ", ".join(f"{name} {hash}" for name, hash in hashes.items())
    report = Report(
        title="Results against their truths",
        lead=f"{counted(len(measured), 'pair')} of pictures.",
        foot=f"Intervals are of 95 %, by Student. Read by {judges}.",
    )
    heads, *rows = rows_of(measured)
    report.section("Numbers", "Means over the pictures, with their intervals.")
    report.table(["measure", *heads[1:]], rows, caption="Means over the pictures", csv=True)
    about = [[name, MEASURES[name].about] for name in means_of(measured) if name in MEASURES]
    report.table(["measure", "what it is"], about, caption="What is measured", words=True)
    region = "hole" if "hole" in heads else "whole"
    report.section("The worst", f"Lowest PSNR of the {region} first: result, then truth.")
    worst = sorted(measured, key=lambda pair: measured[pair].get(region, {}).get("PSNR", math.inf))
    cells = []
    for pair in worst[:_WORST]:
        ours, theirs = (as_seen(load_picture(path)) for path in (pair.result, pair.truth))
        decibels = measured[pair]["whole"]["PSNR"]
        cells += [(ours, f"{shown(pair.result.name)}: {decibels:.2f} dB"), (theirs, "truth")]
    return report.pictures(cells, columns=4)
