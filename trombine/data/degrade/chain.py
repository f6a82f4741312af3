"""Degradations one after another, spelled as one line of text and drawn by seed.

    blur:gaussian:0.4-2+shrink:4/shrink:area:4+noise:gaussian:strength=0-0.06?0.5+jpeg:60-95

Steps are joined by "+". A step is one term, or several with "/" between them, of which each picture
gets one; "?0.5" after it: half of the pictures get it. A term is a name of terms.KINDS and its
amounts, each a number or a range, from which every picture draws its own. A name of PRESETS stands
for its steps.

All that is drawn is a function of the seed, the number of the step, and the picture's place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32
from torch.nn.functional import max_pool2d

from trombine.core.conventions import check_picture
from trombine.core.errors import InputError
from trombine.core.grammar import NUMBER, Piece, decimal, instead, pieces, span, spelled, weighed
from trombine.core.rng import FIRST, Rng
from trombine.data.degrade.prints import Marked
from trombine.data.degrade.resize import crop_to_multiple
from trombine.data.degrade.terms import KINDS, SHRINK, Amount, usage

Pictures = Float32[torch.Tensor, "n 3 h w"]
Degraded = Float32[torch.Tensor, "n 3 h2 w2"]


@dataclass(frozen=True)
class Range:
    """What an amount is drawn from, evenly; one number where both are the same."""

    low: float
    high: float

    def __str__(self) -> str:
        low, high = decimal(self.low), decimal(self.high)
        return low if low == high else f"{low}-{high}"

    def draw(self, chance: Rng, amount: Amount) -> np.ndarray:
        """The amount of each picture."""
        if self.low == self.high:
            drawn = np.full(len(chance.places), self.low)
        elif amount.integer:  # both ends as often as what is between them
            steps = np.floor(chance.uniforms(amount.name) * (self.high - self.low + 1))
            drawn = np.minimum(self.low + steps, self.high)
        else:
            drawn = self.low + (self.high - self.low) * chance.uniforms(amount.name)
        return drawn.astype(np.int64) if amount.integer else drawn


@dataclass(frozen=True, kw_only=True)
class DegradeTerm:
    """One degradation and its amounts."""

    name: str
    amounts: tuple[Range, ...]

    def __str__(self) -> str:
        return ":".join((self.name, *map(str, self.amounts)))

    @property
    def scale(self) -> int:
        """How many times smaller the result is."""
        return int(self.amounts[0].low) if self.name.partition(":")[0] == SHRINK else 1

    def __call__(self, pictures: Pictures, chance: Rng) -> Degraded | Marked:
        """The pictures after it."""
        mine, kind = chance.fold_in(self.name), KINDS[self.name]
        pairs = zip(self.amounts, kind.amounts, strict=True)
        return kind.apply(pictures, [limits.draw(mine, amount) for limits, amount in pairs], mine)


@dataclass(frozen=True, kw_only=True)
class DegradeStep:
    """A step: each picture gets one of these terms, or is left as it is."""

    terms: tuple[DegradeTerm, ...]
    probability: float = 1.0  # that it gets one

    def __str__(self) -> str:
        listed = "/".join(map(str, self.terms))
        return spelled(listed, "", {"?": weighed(self.probability)})

    def __call__(self, batch: Marked, chance: Rng, by: Collection[str]) -> Marked:
        """The pictures, and what terms of these names damaged of them, after this step."""
        which = np.floor(chance.uniforms("which") * len(self.terms)).astype(np.int64)
        which[chance.uniforms("whether") >= self.probability] = len(self.terms)
        scale = self.terms[0].scale
        pictures, damaged = batch.pictures.clone(), batch.damaged.clone()
        if scale > 1:  # then every picture gets one of the terms
            count, channels, height, width = pictures.shape
            pictures = torch.empty(count, channels, height // scale, width // scale)
            damaged = max_pool2d(damaged, scale)
        for number, term in enumerate(self.terms):
            if not (chosen := which == number).any():
                continue
            rows = torch.from_numpy(np.flatnonzero(chosen))
            result = term(batch.pictures[rows], chance.only(chosen))
            if isinstance(result, Marked):
                if term.name in by:
                    damaged[rows] = torch.maximum(damaged[rows], result.damaged)
                result = result.pictures
            pictures[rows] = result
        return Marked(pictures=pictures, damaged=damaged)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Steps, in their order."""

    steps: tuple[DegradeStep, ...]

    @classmethod
    def parse(cls, text: str) -> Chain:
        """The chain that this text spells; an InputError if it spells none."""
        found = pieces(text, {"?": NUMBER})
        return cls(steps=tuple(step for piece in found for step in _steps(piece)))

    def __str__(self) -> str:
        return "+".join(map(str, self.steps))

    @property
    def scale(self) -> int:
        """How many times smaller the result is."""
        return prod(step.terms[0].scale for step in self.steps)

    def __call__(self, pictures: Pictures, chance: Rng) -> Degraded:
        """The pictures, degraded."""
        return self.marked(pictures, chance).pictures

    def marked(
        self, pictures: Pictures, chance: Rng, *, by: Collection[str] = tuple(KINDS)
    ) -> Marked:
        """The same, with a map of the pixels that scratches, stains and the like damaged.

        `by` names the terms whose damage is mapped; the pictures do not depend on it. Where a later
        step spreads the damage, as a blur does, the map does not grow with it.
        It is computed on the processor: the codecs are there, and no device rounds otherwise.
        """
        device = check_picture(pictures).device
        source = pictures.detach().cpu().contiguous()
        result = Marked(pictures=source, damaged=torch.zeros_like(source[:, :1]))
        with torch.autocast("cpu", enabled=False):  # nets may be computed in fewer bits, not this
            for number, step in enumerate(self.steps):
                result = step(result, chance.fold_in(f"degrade {number}"), by)
        return Marked(pictures=result.pictures.to(device), damaged=result.damaged.to(device))


def degrade_one(
    picture: Float32[torch.Tensor, "3 h w"], chain: Chain, seed: int
) -> Float32[torch.Tensor, "3 h2 w2"]:
    """One picture of any size; rows and columns that do not divide by the scale are cut off."""
    height, width = picture.shape[-2:]
    if min(height, width) < chain.scale:
        raise InputError(f"{width} x {height} pixels cannot become {chain.scale} times fewer")
    cropped = crop_to_multiple(picture, chain.scale)[None]
    return chain(cropped, Rng(seed=seed, places=FIRST))[0]


def _steps(piece: Piece) -> Iterator[DegradeStep]:
    """The step that a piece spells, or those of a preset."""
    often = piece.marks["?"]
    if piece.body in PRESETS and not often:
        yield from Chain.parse(PRESETS[piece.body]).steps
        return
    terms, probability = tuple(map(_term, piece.body.split("/"))), float(often or 1)
    if not 0 < probability <= 1:
        raise InputError(f"after ? stands how often, above 0 and at most 1, not {probability:g}")
    scales = {term.scale for term in terms}
    if len(scales) > 1 or (scales != {1} and probability < 1):
        raise InputError(f"all results must be of one size, so no / and no ? as in {piece.body!r}")
    yield DegradeStep(terms=terms, probability=probability)


def _term(text: str) -> DegradeTerm:
    text = text.strip()
    family, name = text.partition(":")[0], ":".join(text.split(":")[:2])
    name = name if name in KINDS else family
    if name not in KINDS:
        sorts = [usage(name) for name in KINDS if name.partition(":")[0] == family]
        families = dict.fromkeys(name.partition(":")[0] for name in KINDS)
        cure = f"write {' or '.join(sorts)}" if sorts else instead(family, (*families, *PRESETS))
        raise InputError(f"there is no degradation {text!r}; {cure}")
    amounts = KINDS[name].amounts
    keys = [amount.name for amount in amounts]
    given = Piece(body=f"{family}:{text[len(name) + 1 :]}", marks={}).values(*keys)
    return DegradeTerm(
        name=name, amounts=tuple(_range(name, a, given.get(a.name)) for a in amounts)
    )


def _range(name: str, amount: Amount, text: str | None) -> Range:
    if text is None:
        if not amount.usual:
            raise InputError(f"{name} lacks its {amount.name}; write {usage(name)}")
        return Range(*amount.usual)
    parsed = Range(*(span(text) or (1, 0)))
    whole = not (amount.integer and (parsed.low % 1 or parsed.high % 1))
    one = not (amount.fixed and parsed.low != parsed.high)
    if not (amount.low <= parsed.low <= parsed.high <= amount.high and whole and one):
        what = "a whole number" if amount.integer else "a number"
        what += "" if amount.fixed else " or a range such as 1-2"
        within = f"{decimal(amount.low)} to {decimal(amount.high)}"
        raise InputError(f"{amount.name} of {name} is {what} within {within}, not {text!r}")
    return parsed


# Chains by name: what becomes of pictures in the wild, and of prints in an album.
#
# wild-xN    once through a phone or a web page, and N times smaller
# wilder-x4  twice: spoilt, shown smaller and large again, spoilt once more (the second order of
#            Wang et al. 2021, Real-ESRGAN)
# old-photo  a print that faded and was handled, then scanned
#
# Blurs are in pixels of the large picture, so they grow with the factor; noise is added to the
# small one. None shrinks to nearest pixels: by an even factor that moves the picture by half a
# pixel, and a net that cannot see it moved learns to draw it unsharp.

_SMALL_NOISE: Final = (
    "noise:gaussian:0.005-0.04/noise:grey:0.005-0.03/noise:poisson:300-4000?0.75"
    "+noise:pattern:0.003-0.012?0.2"
)
_FILE: Final = "jpeg:45-95/jpeg:75-95/webp:45-95?0.9"

PRESETS: Final[dict[str, str]] = {
    "wild-x2": (
        "blur:gaussian:0.2-1.2/blur:long:0.2-1.6:0.2-0.8/blur:motion:1-4/blur:box:1-2.5?0.8"
        f"+shrink:2/shrink:pillow:2/shrink:area:2+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x3": (
        "blur:gaussian:0.3-1.8/blur:long:0.3-2.4:0.3-1.2/blur:motion:1-6/blur:box:1-3.5?0.8"
        f"+shrink:3/shrink:pillow:3/shrink:area:3+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x4": (
        "blur:gaussian:0.4-2.4/blur:long:0.4-3.2:0.4-1.6/blur:motion:1-8/blur:box:1-5?0.8"
        f"+shrink:4/shrink:pillow:4/shrink:area:4+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x8": (
        "blur:gaussian:0.8-4.8/blur:long:0.8-6:0.8-3.2/blur:motion:2-14/blur:box:1-9?0.8"
        f"+shrink:8/shrink:pillow:8/shrink:area:8+{_SMALL_NOISE}+{_FILE}"
    ),
    "wilder-x4": (
        "blur:gaussian:0.4-2.4/blur:long:0.4-3.2:0.4-1.6/blur:motion:1-8/blur:box:1-5?0.8"
        "+resize:0.4-1?0.6+noise:gaussian:0.005-0.06/noise:grey:0.005-0.05/noise:poisson:200-3000"
        "?0.7+jpeg:40-95/webp:40-95?0.8+blur:gaussian:0.3-1.6?0.5"
        f"+shrink:4/shrink:pillow:4/shrink:area:4+{_SMALL_NOISE}+{_FILE}"
    ),
    "old-photo": (
        "blur:gaussian:0.3-1+noise:grey:0.01-0.05+fade:0.3-1+stains:0.1-0.8?0.5+creases:0.1-0.8?0.3"
        "+scratches:0.1-0.9?0.7+dust:0.1-0.9?0.8+torn:0.3-1?0.12+jpeg:75-95?0.5"
    ),
}
