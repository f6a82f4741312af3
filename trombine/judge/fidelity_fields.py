"""What the witness reads of two sets, field by field: which faces are missing, which overdone.

Every field is compared as a distribution (Kolmogorov and Smirnov), and in bins, whose bounds are
quantiles of both sets together: so the test of a bin (Fisher's) is exact. P-values are Holm's, over
all fields and over all bins, so one in twenty reports says anything of sets that do not differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64
from scipy import stats

from trombine.conventions import PARTS
from trombine.judge.witness import Seen, field_names
from trombine.world import STYLES

LEVEL: Final = 0.05
QUANTILES: Final = (0.1, 0.5, 0.9)
FACES: Final = 50  # that a set needs, for its fields to be compared
_BOUNDS: Final = (0.1, 0.3, 0.5, 0.7, 0.9)  # quantiles of both sets together, between bins
_TIMES: Final = 2.0  # how many times rarer or more frequent a bin is that is named

Values = Float64[np.ndarray, "_"]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """A range of a field, and how many pictures of either set are in it."""

    low: float | None  # None: no bound
    high: float | None
    generated: float  # shares
    real: float
    p: float

    @property
    def verdict(self) -> str:
        """Whether the bin's pictures are missing, overdone, or neither."""
        if self.p >= LEVEL:
            return ""
        if self.generated * _TIMES < self.real:
            return "missing"
        return "overdone" if self.generated > _TIMES * self.real else ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of two sets."""

    name: str
    distance: float  # the largest difference of the cumulative distributions, 0 to 1
    p: float
    generated: tuple[float, ...]  # QUANTILES
    real: tuple[float, ...]
    bins: tuple[Bin, ...]

    @property
    def differs(self) -> bool:
        """Whether its distributions are not the same."""
        return self.p < LEVEL


def columns(seen: Seen) -> dict[str, Values]:
    """Everything that is compared, by name: fields, styles, the parts' areas in percent.

    All of it of the faces alone; the share of faces is a column itself.
    """
    faces = seen.is_face
    values = {"is a face": faces.double().numpy()}
    for number, name in enumerate(field_names()):
        values[name] = seen.fields[faces, number].double().numpy()
    styles = seen.styles[faces].argmax(1).numpy()
    for number, name in enumerate(STYLES):
        values[f"style {name}"] = (styles == number).astype(np.float64)
    parts = seen.parts[faces].flatten(1)
    for number, part in enumerate(PARTS):
        area = 100 * (parts == number).double().mean(1).numpy()
        values[f"area of {part.name.replace('_', ' ')}"] = area
    return values


def compare(generated: Mapping[str, Values], real: Mapping[str, Values]) -> list[Field]:
    """The columns of two sets, those that differ most first."""
    names = [name for name in real if len(generated[name]) >= FACES <= len(real[name])]
    tests = [kolmogorov(generated[name], real[name]) for name in names]
    p_values = holm(np.array([p for _, p in tests]))
    bins = {name: list(_bins(generated[name], real[name])) for name in names}
    bin_p = iter(holm(np.array([p for name in names for *_, p in bins[name]])))
    fields = [
        Field(
            name=name,
            distance=distance,
            p=float(p),
            generated=_quantiles(generated[name]),
            real=_quantiles(real[name]),
            bins=tuple(
                Bin(low=low, high=high, generated=ours, real=theirs, p=float(next(bin_p)))
                for low, high, ours, theirs, _ in bins[name]
            ),
        )
        for name, (distance, _), p in zip(names, tests, p_values, strict=True)
    ]
    return sorted(fields, key=lambda field: -field.distance)


def kolmogorov(a: Values, b: Values) -> tuple[float, float]:
    """The largest difference of two cumulative distributions, and its p-value for large samples;
    of values with ties it is too large rather than too small."""
    both = np.concatenate([a, b])
    shares = [np.searchsorted(np.sort(v), both, side="right") / len(v) for v in (a, b)]
    distance = float(np.abs(shares[0] - shares[1]).max())
    effective = round(len(a) * len(b) / (len(a) + len(b)))
    return distance, float(stats.kstwo.sf(distance, effective))


def _quantiles(values: Values) -> tuple[float, ...]:
    return tuple(np.quantile(values, QUANTILES).tolist())


def _bins(a: Values, b: Values) -> Iterator[tuple[float | None, float | None, float, float, float]]:
    """Bounds, shares and p-value of each bin; none where all are equal."""
    bounds = _bounds(np.concatenate([a, b]))
    if not len(bounds):
        return
    places = [np.searchsorted(bounds, values) for values in (a, b)]
    counts = np.stack([np.bincount(place, minlength=len(bounds) + 1) for place in places])
    for number, (ours, theirs) in enumerate(counts.T.tolist()):
        table = [[ours, len(a) - ours], [theirs, len(b) - theirs]]
        p = float(np.asarray(stats.fisher_exact(table))[1])
        low = float(bounds[number - 1]) if number else None
        high = float(bounds[number]) if number < len(bounds) else None
        yield low, high, ours / len(a), theirs / len(b), p


def _bounds(values: Values) -> Float64[np.ndarray, "_"]:
    """Where bins end, rounded; the order of sets has no part in it."""
    bounds = np.quantile(values, _BOUNDS)
    spread = bounds[-1] - bounds[0] or np.ptp(values)
    if not spread:
        return bounds[:0]
    step = 10.0 ** np.floor(np.log10(spread / 10))
    rounded = np.unique(np.round(np.round(bounds / step) * step, 6))
    inside = rounded[(rounded >= values.min()) & (rounded < values.max())]
    # Of what is nearly always the same, as whether there is a hat, the rest is one bin.
    return inside if len(inside) else np.array([(values.min() + values.max()) / 2])


def holm(p_values: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """Holm's p-values: below a level with that probability at most, if nothing differs at all."""
    order = np.argsort(p_values)
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.maximum.accumulate(steps).clip(0, 1)
    return adjusted


# ---------------------------------------------------------------------------------------------
# What is said of it


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Faces that are missing or overdone: a run of bins of one field."""

    field: str
    verdict: str
    low: float | None
    high: float | None
    generated: float
    real: float

    def __str__(self) -> str:
        shares = f"{spell_share(self.generated)} of generated, {spell_share(self.real)} of real"
        return f"{self.verdict}: {self.field}{self.range}: {shares}"

    @property
    def range(self) -> str:
        """The bounds in words, as they follow the field's name."""
        if _is_yes_or_no(self.field):
            return ""
        unit = " %" if self.field.startswith("area ") else ""
        if self.low is None:
            return f" up to {self.high:g}{unit}" if self.high else f" 0{unit}"
        if self.high is None:
            return f" above {self.low:g}{unit}"
        return f" {self.low:g} to {self.high:g}{unit}"


def findings(fields: list[Field]) -> list[Finding]:
    """What is missing, then what is overdone, in the order of the fields: as what is missing drags
    other fields along, the one that differs most comes first."""
    named = [finding for field in fields for finding in _runs(field)]
    return sorted(named, key=lambda finding: finding.verdict)  # m before o; sorting is stable


def _runs(field: Field) -> Iterator[Finding]:
    """Bins side by side with one verdict, as one; of what is so or not, the faces that are so."""
    run: list[Bin] = []
    bins = field.bins[1:] if _is_yes_or_no(field.name) else field.bins
    for bin_ in (*bins, None):
        if run and (bin_ is None or bin_.verdict != run[0].verdict):
            yield Finding(
                field=field.name,
                verdict=run[0].verdict,
                low=run[0].low,
                high=run[-1].high,
                generated=sum(part.generated for part in run),
                real=sum(part.real for part in run),
            )
            run = []
        if bin_ is not None and bin_.verdict:
            run.append(bin_)


def _is_yes_or_no(field: str) -> bool:
    return field.startswith(("style ", "is a "))


def spell_share(share: float) -> str:
    """A share in whole percent, but for what would be none or all."""
    percent = 100 * share
    digits = 0 if share in (0, 1) or 1 <= percent <= 99 else 1
    return f"{percent:.{digits}f} %"
