"""Every degradation by name: what it is given, and the function that does it.

A name is a family, or a family and a sort with ":" between them; how a chain of terms is spelled is
in chain.py. The functions themselves are in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Float32, Float64

from trombine.core.rng import Rng
from trombine.data.degrade import blur, camera, prints, resize
from trombine.data.degrade.prints import Marked

Pictures = Float32[torch.Tensor, "n c h w"]
Result = Float32[torch.Tensor, "n c h2 w2"]
Amounts = Float64[np.ndarray, "n"]
Apply = Callable[[Pictures, Sequence[Amounts], Rng], Result | Marked]

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


Do = Callable[..., Result | Marked]


def _by(function: Do) -> Apply:
    """What is given all its numbers for each picture."""
    return lambda pictures, amounts, chance: function(pictures, *amounts)


def _whole(function: Do) -> Apply:
    """The same of a function whose last number is a whole one."""
    return lambda pictures, amounts, chance: function(
        pictures, *amounts[:-1], amounts[-1].astype(np.int64)
    )


def _times(function: Do) -> Apply:
    """What makes all pictures smaller by one factor."""
    return lambda pictures, amounts, chance: function(pictures, int(amounts[0][0]))


def _drawn(function: Do) -> Apply:
    """What is given one number for each picture, and chance."""
    return lambda pictures, amounts, chance: function(pictures, amounts[0], chance)


_SIGMA: Final = Amount(name="sigma", low=0, high=32)
_ANGLE: Final = Amount(name="angle", low=0, high=360, usual=(0, 180))
_FACTOR: Final = Amount(name="factor", low=1, high=64, integer=True, fixed=True)
_STRENGTH: Final = Amount(name="strength", low=0, high=1)
_AMOUNT: Final = Amount(name="amount", low=0, high=1)

KINDS: Final[dict[str, Degradation]] = {
    "blur:box": Degradation(
        about="the mean over a square of WIDTH pixels",
        amounts=(Amount(name="width", low=0, high=64),),
        apply=_by(blur.box_blur),
    ),
    "blur:gaussian": Degradation(
        about="a round Gaussian of SIGMA pixels", amounts=(_SIGMA,), apply=_by(blur.gaussian_blur)
    ),
    "blur:long": Degradation(
        about="a Gaussian: SIGMA pixels along ANGLE (degrees; any unless given), ACROSS across it",
        amounts=(_SIGMA, Amount(name="across", low=0, high=32), _ANGLE),
        apply=_by(blur.long_gaussian_blur),
    ),
    "blur:motion": Degradation(
        about="a straight motion over LENGTH pixels in the direction ANGLE (any unless given)",
        amounts=(Amount(name="length", low=0, high=64), _ANGLE),
        apply=_by(blur.motion_blur),
    ),
    "sharpen": Degradation(
        about="edges with rims, as phones draw them: what a Gaussian of SIGMA pixels (0.5 to 1.5"
        " unless given) takes away is added AMOUNT times",
        amounts=(Amount(name="amount", low=0, high=8), replace(_SIGMA, usual=(0.5, 1.5))),
        apply=_by(blur.sharpened),
    ),
    "resize": Degradation(
        about="smaller, to this SHARE of its sides, and back",
        amounts=(Amount(name="share", low=0.05, high=1),),
        apply=_by(resize.smaller_and_back),
    ),
    "shrink": Degradation(
        about="FACTOR times smaller, as MATLAB's bicubic imresize, which papers use",
        amounts=(_FACTOR,),
        apply=_times(resize.shrink),
    ),
    "shrink:rescaled": Degradation(
        about="the same; a picture that leaves the range by it is scaled to fit, not cut off",
        amounts=(_FACTOR,),
        apply=_times(resize.shrink_rescaled),
    ),
    "shrink:pillow": Degradation(
        about="FACTOR times smaller, as Pillow's bicubic resize",
        amounts=(_FACTOR,),
        apply=_times(resize.shrink_pillow),
    ),
    "shrink:area": Degradation(
        about="the same, by the mean of each square",
        amounts=(_FACTOR,),
        apply=_times(resize.shrink_area),
    ),
    "noise:gaussian": Degradation(
        about="normal noise in each colour, its deviation STRENGTH; 1 is from black to white",
        amounts=(_STRENGTH,),
        apply=_drawn(camera.gaussian_noise),
    ),
    "noise:grey": Degradation(
        about="the same noise in all colours",
        amounts=(_STRENGTH,),
        apply=_drawn(partial(camera.gaussian_noise, grey=True)),
    ),
    "noise:poisson": Degradation(
        about="the noise of light, where white is so many PHOTONS",
        amounts=(Amount(name="photons", low=1, high=1_000_000),),
        apply=_drawn(camera.poisson_noise),
    ),
    "noise:pattern": Degradation(
        about="stripes and unequal pixels of a SENSOR: the same number, the same pattern",
        amounts=(
            _STRENGTH,
            Amount(name="sensor", low=0, high=1_000_000, usual=(0, 999), integer=True),
        ),
        apply=_whole(camera.pattern_noise),
    ),
    "jpeg": Degradation(
        about="through a JPEG file of this QUALITY",
        amounts=(Amount(name="quality", low=1, high=100, integer=True),),
        apply=_whole(camera.jpeg),
    ),
    "webp": Degradation(
        about="through a WebP file of this QUALITY",
        amounts=(Amount(name="quality", low=0, high=100, integer=True),),
        apply=_whole(camera.webp),
    ),
    "shade": Degradation(
        about="light from one side: the other in shade, midtones lighter or darker",
        amounts=(_AMOUNT,),
        apply=_drawn(camera.shade),
    ),
    "fade": Degradation(
        about="an old print: colours go, black turns brown, paper yellow or pink, unevenly",
        amounts=(_AMOUNT,),
        apply=_drawn(prints.fade),
    ),
    "stains": Degradation(
        about="blotches with darker rims", amounts=(_AMOUNT,), apply=_drawn(prints.stains)
    ),
    "scratches": Degradation(
        about="thin lines", amounts=(_AMOUNT,), apply=_drawn(prints.scratches)
    ),
    "dust": Degradation(about="specks and hairs", amounts=(_AMOUNT,), apply=_drawn(prints.dust)),
    "creases": Degradation(
        about="one to three folds", amounts=(_AMOUNT,), apply=_drawn(prints.creases)
    ),
    "torn": Degradation(about="a corner torn off", amounts=(_AMOUNT,), apply=_drawn(prints.torn)),
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
