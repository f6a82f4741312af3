"""Every degradation by name: what it is given, and the function that does it.

A name is a family, or a family and a sort with ":" between them; how a chain of terms is spelled is
in chain.py. The functions themselves are in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Float32, Float64

from trombine.data.degrade import blur, compress, marks, noise, old, smaller
from trombine.data.degrade.marks import Marked
from trombine.data.degrade.resize import How, shrink
from trombine.draws import Chance

Pictures = Float32[torch.Tensor, "n c h w"]
Result = Float32[torch.Tensor, "n c h2 w2"]
Amounts = Float64[np.ndarray, "n"]
Apply = Callable[[Pictures, Sequence[Amounts], Chance], Result | Marked]

SHRINK: Final = "shrink"  # the family whose results are smaller than what they are made of


@final
@dataclass(frozen=True, kw_only=True)
class Amount:
    """One of the numbers a term is given, as a number or a range."""

    name: str
    low: float  # the least it may be
    high: float
    usual: tuple[float, float] | None = None  # what it is where it is not given; None: it must be
    integer: bool = False  # a number without a fraction; of a range, each as often
    fixed: bool = False  # the same for every picture: no range


@final
@dataclass(frozen=True, kw_only=True)
class Degradation:
    """A degradation."""

    about: str
    amounts: tuple[Amount, ...]
    apply: Apply


def _box(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return blur.box_blur(pictures, amounts[0])


def _gaussian(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return blur.gaussian_blur(pictures, amounts[0])


def _long_gaussian(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return blur.long_gaussian_blur(pictures, *amounts)


def _motion(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return blur.motion_blur(pictures, *amounts)


def _resize(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return smaller.smaller_and_back(pictures, amounts[0])


def _bicubic(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance, *, how: How) -> Result:
    return shrink(pictures, int(amounts[0][0]), how)


def _area(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Result:
    return smaller.shrink_area(pictures, int(amounts[0][0]))


def _rescaled(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Result:
    return smaller.shrink_rescaled(pictures, int(amounts[0][0]))


def _nearest(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Result:
    return smaller.shrink_nearest(pictures, int(amounts[0][0]))


def _coloured(
    pictures: Pictures, amounts: Sequence[Amounts], chance: Chance, *, grey: bool
) -> Pictures:
    return noise.gaussian_noise(pictures, amounts[0], chance, grey=grey)


def _poisson(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return noise.poisson_noise(pictures, amounts[0], chance)


def _pattern(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return noise.pattern_noise(pictures, amounts[0], amounts[1].astype(np.int64))


def _jpeg(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return compress.jpeg(pictures, amounts[0].astype(np.int64))


def _webp(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return compress.webp(pictures, amounts[0].astype(np.int64))


def _fade(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Pictures:
    return old.fade(pictures, amounts[0], chance)


def _stains(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Marked:
    return old.stains(pictures, amounts[0], chance)


def _scratches(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Marked:
    return marks.scratches(pictures, amounts[0], chance)


def _dust(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Marked:
    return marks.dust(pictures, amounts[0], chance)


def _creases(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Marked:
    return marks.creases(pictures, amounts[0], chance)


def _torn(pictures: Pictures, amounts: Sequence[Amounts], chance: Chance) -> Marked:
    return marks.torn(pictures, amounts[0], chance)


_SIGMA: Final = Amount(name="sigma", low=0, high=32)
_ANGLE: Final = Amount(name="angle", low=0, high=360, usual=(0, 180))
_FACTOR: Final = Amount(name="factor", low=1, high=64, integer=True, fixed=True)
_STRENGTH: Final = Amount(name="strength", low=0, high=1)
_AMOUNT: Final = Amount(name="amount", low=0, high=1)

KINDS: Final[dict[str, Degradation]] = {
    "blur:box": Degradation(
        about="the mean over a square of WIDTH pixels",
        amounts=(Amount(name="width", low=0, high=64),),
        apply=_box,
    ),
    "blur:gaussian": Degradation(
        about="a round Gaussian of SIGMA pixels", amounts=(_SIGMA,), apply=_gaussian
    ),
    "blur:long": Degradation(
        about="a Gaussian: SIGMA pixels along ANGLE (degrees; any unless given), ACROSS across it",
        amounts=(_SIGMA, Amount(name="across", low=0, high=32), _ANGLE),
        apply=_long_gaussian,
    ),
    "blur:motion": Degradation(
        about="a straight motion over LENGTH pixels in the direction ANGLE (any unless given)",
        amounts=(Amount(name="length", low=0, high=64), _ANGLE),
        apply=_motion,
    ),
    "resize": Degradation(
        about="smaller, to this SHARE of its sides, and back",
        amounts=(Amount(name="share", low=0.05, high=1),),
        apply=_resize,
    ),
    "shrink": Degradation(
        about="FACTOR times smaller, as MATLAB's bicubic imresize, which papers use",
        amounts=(_FACTOR,),
        apply=partial(_bicubic, how="matlab"),
    ),
    "shrink:rescaled": Degradation(
        about="the same; a picture that leaves the range by it is scaled to fit, not cut off",
        amounts=(_FACTOR,),
        apply=_rescaled,
    ),
    "shrink:pillow": Degradation(
        about="FACTOR times smaller, as Pillow's bicubic resize",
        amounts=(_FACTOR,),
        apply=partial(_bicubic, how="pillow"),
    ),
    "shrink:area": Degradation(
        about="the same, by the mean of each square", amounts=(_FACTOR,), apply=_area
    ),
    "shrink:nearest": Degradation(
        about="the same, by the pixel in the middle; even factors move it by half a pixel",
        amounts=(_FACTOR,),
        apply=_nearest,
    ),
    "noise:gaussian": Degradation(
        about="normal noise in each colour, its deviation STRENGTH; 1 is from black to white",
        amounts=(_STRENGTH,),
        apply=partial(_coloured, grey=False),
    ),
    "noise:grey": Degradation(
        about="the same noise in all colours",
        amounts=(_STRENGTH,),
        apply=partial(_coloured, grey=True),
    ),
    "noise:poisson": Degradation(
        about="the noise of light, where white is so many PHOTONS",
        amounts=(Amount(name="photons", low=1, high=1_000_000),),
        apply=_poisson,
    ),
    "noise:pattern": Degradation(
        about="stripes and unequal pixels of a SENSOR: the same number, the same pattern",
        amounts=(
            _STRENGTH,
            Amount(name="sensor", low=0, high=1_000_000, usual=(0, 999), integer=True),
        ),
        apply=_pattern,
    ),
    "jpeg": Degradation(
        about="through a JPEG file of this QUALITY",
        amounts=(Amount(name="quality", low=1, high=100, integer=True),),
        apply=_jpeg,
    ),
    "webp": Degradation(
        about="through a WebP file of this QUALITY",
        amounts=(Amount(name="quality", low=0, high=100, integer=True),),
        apply=_webp,
    ),
    "fade": Degradation(
        about="an old print: colours go, black turns brown, paper yellow or pink, unevenly",
        amounts=(_AMOUNT,),
        apply=_fade,
    ),
    "stains": Degradation(about="blotches with darker rims", amounts=(_AMOUNT,), apply=_stains),
    "scratches": Degradation(about="thin lines", amounts=(_AMOUNT,), apply=_scratches),
    "dust": Degradation(about="specks and hairs", amounts=(_AMOUNT,), apply=_dust),
    "creases": Degradation(about="one to three folds", amounts=(_AMOUNT,), apply=_creases),
    "torn": Degradation(about="a corner torn off", amounts=(_AMOUNT,), apply=_torn),
}


HANDLING: Final = ("scratches", "dust", "creases", "torn")  # what hands do to a print


def limits(name: str) -> str:
    """What the numbers of a term may be: 0 to 64; 0 to 360."""
    return "; ".join(f"{a.low:g} to {a.high:,.12g}" for a in KINDS[name].amounts)


def usage(name: str) -> str:
    """How a term is written: blur:motion:LENGTH[:ANGLE]."""
    words = [
        f"[:{a.name.upper()}]" if a.usual else f":{a.name.upper()}" for a in KINDS[name].amounts
    ]
    return name + "".join(words)
