"""How good a picture is, and under which conditions that was said.

Here are PSNR and SSIM, as pure functions of pictures; the frozen `Protocol` that names what was
measured; `Figure`, one number of a table with its interval; and the log of evaluations. What
compares methods and draws verdicts is in judge/.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64

from trombine.conventions import ConventionError, check_hole, check_picture

CHOOSING_SEEDS: Final = range(1_000_000, 1_500_000)  # best checkpoint, thresholds, alarms
PROTOCOL_SEEDS: Final = range(1_500_000, 2_000_000)  # frozen protocols: each use is logged

CHECKOUT: Final = Path(__file__).resolve().parents[1]
LOG: Final = "bench/evaluations.jsonl"  # in a checkout

# C x H x W or N x C x H x W; that two of them agree is checked by `_check_pair`.
Picture = Float32[torch.Tensor, "... _ _ _"]
PerPicture = Float64[torch.Tensor, "*n"]


# ---------------------------------------------------------------------------------------------
# PSNR


def psnr(a: Picture, b: Picture, hole: torch.Tensor | None = None) -> PerPicture:
    """Peak signal-to-noise ratio over all channels, in decibels, for each picture.

    With `hole` (1 x H x W or N x 1 x H x W), only what is inside it counts. Equal pictures give
    infinity.
    """
    _check_pair(a, b)
    error = (a.double() - b.double()).square()
    if hole is None:
        return _decibels(error.mean((-3, -2, -1)), peak=1.0)
    inside = check_hole(hole, a).double().expand_as(error)
    area = inside.sum((-3, -2, -1))
    if not area.all():
        raise ConventionError("an empty hole has no PSNR")
    return _decibels((error * inside).sum((-3, -2, -1)) / area, peak=1.0)


def psnr_y(a: Picture, b: Picture, border: int) -> PerPicture:
    """PSNR of the luma, `border` pixels cropped from each side, as papers on enlarging report it.

    Luma is `luma()`, not rounded; the peak is 255 although luma ends at 235, as in those papers.
    """
    _check_pair(a, b)
    if border < 0 or 2 * border >= min(a.shape[-2:]):
        raise ConventionError(f"a border of {border} leaves nothing of {tuple(a.shape[-2:])}")
    error = (luma(a) - luma(b)).square()
    height, width = error.shape[-2:]
    kept = error[..., border : height - border, border : width - border]
    return _decibels(kept.mean((-3, -2, -1)), peak=255.0)


def luma(
    picture: Float32[torch.Tensor, "*n c h w"],
) -> Float64[torch.Tensor, "*n 1 h w"]:
    """Y of ITU-R BT.601 as MATLAB's rgb2ycbcr gives it, 16 (black) to 235 (white).

    A picture of one channel is its own luma, 0 to 255, as those papers take grey pictures.
    """
    samples = picture.double()
    if samples.shape[-3] == 1:
        return 255 * samples
    red, green, blue = samples.unbind(-3)
    return (16 + 65.481 * red + 128.553 * green + 24.966 * blue).unsqueeze(-3)


def _decibels(error: PerPicture, *, peak: float) -> PerPicture:
    return 10 * torch.log10(peak**2 / error)


def _check_pair(a: torch.Tensor, b: torch.Tensor) -> None:
    if check_picture(a).shape != check_picture(b).shape:
        raise ConventionError(f"pictures of {tuple(a.shape)} and {tuple(b.shape)} do not compare")


# ---------------------------------------------------------------------------------------------
# SSIM


SSIM_RADIUS: Final = 5  # the Gaussian of sigma 1.5 is cut at 3.5 sigma, as scikit-image cuts it
_TAPS: Final = np.exp(-0.5 * (np.arange(-SSIM_RADIUS, SSIM_RADIUS + 1) / 1.5) ** 2)
SSIM_TAPS: Final = tuple((_TAPS / _TAPS.sum()).tolist())


def ssim(a: Picture, b: Picture) -> PerPicture:
    """Structural similarity (Wang et al., 2004), the mean over channels, for each picture.

    Equal to scikit-image's structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=1, channel_axis=...): the mean is over the places
    where the whole 11 x 11 window is inside the picture.
    """
    _check_pair(a, b)
    if min(a.shape[-2:]) < len(SSIM_TAPS):
        raise ConventionError(f"SSIM needs pictures of at least {len(SSIM_TAPS)} pixels a side")
    return ssim_map(a.double(), b.double()).mean((-3, -2, -1))


def ssim_map(
    a: Float[torch.Tensor, "*n c h w"], b: Float[torch.Tensor, "*n c h w"]
) -> Float[torch.Tensor, "*n c h-10 w-10"]:
    """SSIM at each place where the window is inside the picture; differentiable, any range."""
    c1, c2 = 0.01**2, 0.03**2
    mean_a, mean_b = _windowed(a), _windowed(b)
    var_a = _windowed(a * a) - mean_a * mean_a
    var_b = _windowed(b * b) - mean_b * mean_b
    cov = _windowed(a * b) - mean_a * mean_b
    above = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    below = (mean_a * mean_a + mean_b * mean_b + c1) * (var_a + var_b + c2)
    return above / below


def _windowed(x: torch.Tensor) -> torch.Tensor:
    """The Gaussian mean of each whole window: one pass down, one across."""
    for axis in (-2, -1):  # sums of shifted views: in float64 faster than a convolution
        kept = x.shape[axis] - 2 * SSIM_RADIUS
        total = SSIM_TAPS[0] * x.narrow(axis, 0, kept)
        for shift, weight in enumerate(SSIM_TAPS[1:], start=1):
            total = total + weight * x.narrow(axis, shift, kept)
        x = total
    return x


# ---------------------------------------------------------------------------------------------
# Under which conditions


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """All that a number depends on besides the method: frozen, and known by its hash."""

    name: str  # what people call it; not part of the hash
    pictures: str  # a source's spec, or the name of a public test set
    seeds: range  # of the pictures, and of all that is drawn for them
    size: int | None  # the side of the pictures in pixels; None: as they are
    degradations: tuple[str, ...]  # masks, factors, methods, rounding: in full
    measures: tuple[str, ...]
    public: bool = False  # public test pictures: each use is logged
    fingerprint: str = ""  # of the pictures' bytes, where they come from files

    def __post_init__(self) -> None:
        if not self.seeds and not self.public:
            raise ValueError("a protocol names the seeds of its pictures, or public pictures")
        if not self.measures:
            raise ValueError("a protocol names its measures")

    def canonical(self) -> dict[str, object]:
        """What is hashed, as plain JSON values."""
        fields: dict[str, object] = {"format": 1, **asdict(self)}
        del fields["name"]
        fields["seeds"] = [self.seeds.start, self.seeds.stop, self.seeds.step]
        return fields

    @property
    def hash(self) -> str:
        """12 hex digits, the same in every process and on every machine."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def logged(self) -> bool:
        """Whether each use is written to bench/evaluations.jsonl."""
        return self.public or any(seed in PROTOCOL_SEEDS for seed in self.seeds)

    def describe(self) -> str:
        """One paragraph for people."""
        size = f" at {self.size} px" if self.size else ""
        seeds = ""
        if self.seeds:
            step = f" by {self.seeds.step}" if self.seeds.step != 1 else ""
            seeds = f", seeds {self.seeds[0]} to {self.seeds[-1]}{step} ({len(self.seeds)})"
        parts = [f"{self.pictures}{size}{seeds}", *self.degradations, ", ".join(self.measures)]
        return f"{self.name}: {'; '.join(parts)}. Protocol {self.hash}."


class ProtocolError(ValueError):
    """Numbers that must not be put side by side."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of a table: the mean over a protocol's pictures, and its 95 % interval."""

    protocol: str  # the hash
    method: str
    measure: str
    mean: float
    low: float
    high: float
    count: int  # of pictures


def figure(
    protocol: Protocol, method: str, measure: str, values: Float[np.ndarray, "n"] | PerPicture
) -> Figure:
    """The mean of one measure of one method, with Student's 95 % interval of the mean."""
    from scipy.special import stdtrit  # scipy.stats has it too, and takes .45 s to import

    if measure not in protocol.measures:
        raise ProtocolError(f"protocol {protocol.hash} does not measure {measure!r}")
    samples = np.asarray(values, np.float64)
    if len(samples) < 2:
        raise ProtocolError("an interval needs at least two pictures")
    if protocol.seeds and len(samples) != len(protocol.seeds):
        raise ProtocolError(f"{len(samples)} values for a protocol of {len(protocol.seeds)} seeds")
    if not np.isfinite(samples).all():
        raise ProtocolError(f"{measure} of {method} is not finite on every picture")
    mean = float(samples.mean())
    error = float(samples.std(ddof=1)) / math.sqrt(len(samples))
    reach = float(stdtrit(len(samples) - 1, 0.975)) * error
    return Figure(
        protocol=protocol.hash,
        method=method,
        measure=measure,
        mean=mean,
        low=mean - reach,
        high=mean + reach,
        count=len(samples),
    )


def one_table(figures: Iterable[Figure]) -> dict[str, dict[str, Figure]]:
    """Figures by method and measure; refused unless all are under one protocol."""
    figures = list(figures)
    hashes = sorted({one.protocol for one in figures})
    if len(hashes) > 1:
        raise ProtocolError(f"numbers under different protocols: {', '.join(hashes)}")
    table: dict[str, dict[str, Figure]] = {}
    for one in figures:
        row = table.setdefault(one.method, {})
        if one.measure in row:
            raise ProtocolError(f"two numbers for {one.measure} of {one.method}")
        row[one.measure] = one
    return table


# ---------------------------------------------------------------------------------------------
# The log of evaluations


def log_evaluation(
    protocol: Protocol,
    model_hash: str | None,
    figures: Sequence[Figure],
    path: Path | None = None,
) -> bool:
    """Append these figures to bench/evaluations.jsonl, if the protocol's uses are logged.

    One line: commit, model hash (None: no model), protocol, figures. The log is committed, so
    that choosing by peeking would show. Without a checkout there is no log to commit: nothing
    is written unless a path is given. Returns whether a line was written.
    """
    if any(one.protocol != protocol.hash for one in figures):
        raise ProtocolError(f"these figures are not all under protocol {protocol.hash}")
    path = path or _log_of_checkout()
    if not protocol.logged or path is None:
        return False
    entry = {
        "commit": commit_of(CHECKOUT),
        "model": model_hash,
        "protocol": protocol.hash,
        "name": protocol.name,
        "conditions": protocol.canonical(),
        "figures": [_plain(one) for one in figures],
    }
    _append_line(path, json.dumps(entry, sort_keys=True, allow_nan=False))
    return True


def _plain(one: Figure) -> dict[str, object]:
    numbers = {"mean": one.mean, "low": one.low, "high": one.high}
    rounded = {name: round(value, 6) for name, value in numbers.items()}
    return {"method": one.method, "measure": one.measure, "count": one.count, **rounded}


def _log_of_checkout() -> Path | None:
    return CHECKOUT / LOG if (CHECKOUT / ".git").exists() else None


def commit_of(checkout: Path) -> str | None:
    """The commit of a checkout, with + if it has changes other than to the log."""
    head = _git(checkout, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        return None
    return head + ("+" if _git(checkout, "status", "--porcelain", "--", f":(exclude){LOG}") else "")


def _git(checkout: Path, *words: str) -> str:
    # Without optional locks, so that a git command run by somebody else is never in the way.
    command = ["git", "--no-optional-locks", "-C", str(checkout), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git on this machine
        return ""


def _append_line(path: Path, line: str) -> None:
    """Append in one write, so that processes that log at the same time never mix their lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        data = (line + "\n").encode()
        if os.write(handle, data) != len(data):
            raise OSError(f"{path}: the disk is full")
    finally:
        os.close(handle)
