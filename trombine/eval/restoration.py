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
from trombine.core.texts import counted
from trombine.eval import witness
from trombine.eval.stats import Estimate, mean, spelled
from trombine.io.image import as_seen, load_picture
from trombine.io.inputs import find
from trombine.metrics import SSIM_RADIUS, look, luma, psnr, psnr_y, ssim
from trombine.metrics.reading import between_pupils
from trombine.metrics.similarity import ms_ssim
from trombine.report import Report, as_json

Picture = Float32[torch.Tensor, "3 _ _"]  # that two of them agree is checked by hand
Region = Bool[np.ndarray, "_ _"]
Inside = Float32[torch.Tensor, "1 h w"]  # 1 where it counts

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
    "look": Measure("", False, "how unlike it looks: style, colour, sharpness, noise, compression"),
    "witness": Measure("", False, "distance of features, 0 same, 1 unrelated"),
    "landmarks": Measure("%", False, "drift of 68 landmarks, of the pupils' distance"),
    "parts": Measure("", True, "share of pixels of the same part"),
    "identity": Measure("", False, "drift of what stays the same of a person, of 1"),
}


def judged(
    result: Picture,
    truth: Picture,
    hole: Region | None = None,
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
    is_large = min(whole.shape) > 2 * SSIM_RADIUS
    known = [name for name in BY_PIXELS if name in names and (is_large or name != "SSIM")]
    for region, there in regions.items():
        inside = torch.from_numpy(there)[None].float()
        found = {name: float(BY_PIXELS[name](result, truth, inside)) for name in known}
        values[region] = {name: value for name, value in found.items() if not math.isnan(value)}
    if border and "PSNR-Y" in names:
        values["whole"]["PSNR-Y"] = float(psnr_y(result, truth, border))
    if "MS-SSIM" in names and is_large:
        pair = result[None].double(), truth[None].double()
        values["whole"]["MS-SSIM"] = float(ms_ssim(*pair)[0])
    if "look" in names:
        values["whole"]["look"] = look_apart(result, truth)
    if any(name in names for name in BY_WITNESS):
        values["whole"] |= by_witness(witness.seen(result[None]), seen or witness.seen(truth[None]))
    return values


def rim(hole: Region) -> Region:
    """The pixels within RIM of the hole's border, inside and outside."""
    outside = np.logical_not(binary_erosion(hole, iterations=RIM, border_value=1))
    return np.logical_and(binary_dilation(hole, iterations=RIM), outside)


def slopes(picture: Picture) -> Float64[torch.Tensor, "2 _ _"]:
    """Sobel's slopes of the luma, of 1 a pixel, across and down; the border is repeated."""
    grey = (luma(picture[None]) - 16)[0] / 219
    padded = torch.nn.functional.pad(grey[None], (1, 1, 1, 1), mode="replicate")
    smooth, step = torch.tensor([1.0, 2.0, 1.0]) / 4, torch.tensor([-1.0, 0.0, 1.0]) / 2
    kernels = torch.stack((torch.outer(smooth, step), torch.outer(step, smooth)))[:, None].double()
    return torch.nn.functional.conv2d(padded, kernels)[0]


def _errors(a: Picture, b: Picture, inside: Inside) -> torch.Tensor:
    return (a.double() - b.double()).abs()[:, inside[0] > 0].mean()


def _edges(a: Picture, b: Picture, inside: Inside) -> torch.Tensor:
    return (slopes(a) - slopes(b)).norm(dim=0)[inside[0] > 0].mean()


BY_PIXELS: Final[Mapping[str, Callable[[Picture, Picture, Inside], torch.Tensor]]] = {
    "PSNR": psnr,
    "PSNR-Y": lambda a, b, inside: psnr_y(a, b, hole=inside),
    "MAE": _errors,
    "edges": _edges,
    "SSIM": ssim,
}


def look_apart(result: Picture, truth: Picture) -> float:
    """The mean difference of the numbers of how two pictures look, 0 for the same."""
    ours, theirs = (look(picture[None]) for picture in (result, truth))
    return float((ours - theirs).abs().mean())


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
# Numbers and report

_WORST: Final = 6  # pictures that the page shows
Values = Mapping[str, Mapping[str, float]]
Measured = Mapping[Pair, Values]
Means = Mapping[str, Mapping[str, Estimate]]


def hashes_of(nets: Iterable[JudgingNet]) -> dict[str, str]:
    """Of all nets that give a number, by name."""
    return {witness.WITNESS: witness.witness().hash, **{net.name: net.hash for net in nets}}


def means_of(measured: Measured) -> Means:
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
    """The nets that judged, means with intervals, and the measures of each picture, as JSON holds
    them."""
    ends = ("mean", "low", "high")
    means = {
        name: {region: dict(zip(ends, figures, strict=True)) for region, figures in regions.items()}
        for name, regions in means_of(measured).items()
    }
    pictures = [
        {"result": pair.result.name, "truth": pair.truth.name, "values": values}
        for pair, values in measured.items()
    ]
    return as_json({**hashes, "means": means, "pictures": pictures})


def report_of(measured: Measured, hashes: Mapping[str, str], *, pictures: bool) -> Report:
    """The means, and with `pictures` those that came out worst."""
    judges = ", ".join(f"{name} {hash}" for name, hash in hashes.items())
    report = Report(
        title="Results against their truths",
        lead=f"{counted(len(measured), 'pair')} of pictures.",
        foot=f"Intervals are of 95 %, by Student. Read by {judges}.",
    )
    means = means_of(measured)
    regions = [region for region in REGIONS if any(region in one for one in means.values())]
    rows = [
        [
            f"{name} {MEASURES[name].unit}".strip() if name in MEASURES else name,
            *(spelled(*one[region]) if region in one else "" for region in regions),
        ]
        for name, one in means.items()
    ]
    report.section("Numbers", "Means over the pictures, with their intervals.")
    caption = "Means over the pictures"
    report.table(["measure", *regions], rows, caption=caption, csv=True, printed=True)
    about = [[name, MEASURES[name].about] for name in means if name in MEASURES]
    report.table(["measure", "what it is"], about, caption="What is measured", words=True)
    region = "hole" if "hole" in regions else "whole"
    report.section("The worst", f"Lowest PSNR of the {region} first: result, then truth.")
    worst = sorted(measured, key=lambda pair: measured[pair].get(region, {}).get("PSNR", math.inf))
    cells = []
    for pair in worst[:_WORST] if pictures else ():
        ours, theirs = (as_seen(load_picture(path)) for path in (pair.result, pair.truth))
        decibels = measured[pair]["whole"]["PSNR"]
        cells += [(ours, f"{shown(pair.result.name)}: {decibels:.2f} dB"), (theirs, "truth")]
    return report.pictures(cells, columns=4)
