"""Every degradation by name: what it is given, and the function that does it.

A name is a family, or a family and a sort with ":" between them; how a chain of terms is spelled is
in chain.py. The functions themselves are in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32

from trombine.core.rng import Rng
from trombine.data.degrade import blur, camera, prints, resize
from trombine.data.degrade.prints import Marked

Pictures = Float32[torch.Tensor, "n c h w"]
Result = Float32[torch.Tensor, "n c h2 w2"]
Amounts = Sequence[np.ndarray]  # of each, a number for each picture; of whole ones int64
Apply = Callable[[Pictures, Amounts, Rng], Result | Marked]

SHRINK: Final = "shrink"  # the family whose results are smaller than what they are made of


@dataclass(frozen=True)
class Amount:
    """One of the numbers a term is given, as a number or a range."""

    name: str
    low: float  # the least it may be
    high: float
    usual: tuple[float, float] | None = None  # what it is where it is not given; None: it must be
    integer: bool = False  # a number without a fraction; of a range, each as often
    fixed: bool = False  # the same for every picture: no range


@dataclass(frozen=True)
class Degradation:
    """A degradation."""

    about: str
    amounts: tuple[Amount, ...]
    apply: Apply


def _plain(function: Callable[..., Any]) -> Apply:
    """What is given its numbers alone."""
    return lambda pictures, amounts, chance: function(pictures, *amounts)


def _drawn(function: Callable[..., Any]) -> Apply:
    """What is given its numbers, and chance."""
    return lambda pictures, amounts, chance: function(pictures, *amounts, chance)


def _times(function: Callable[..., Any]) -> Apply:
    """What makes all pictures smaller by one factor."""
    return lambda pictures, amounts, chance: function(pictures, int(amounts[0][0]))


_SIGMA: Final = Amount("sigma", 0, 32)
_ANGLE: Final = Amount("angle", 0, 360, usual=(0, 180))
_FACTOR: Final = (Amount("factor", 1, 64, integer=True, fixed=True),)
_STRENGTH: Final = Amount("strength", 0, 1)
_AMOUNT: Final = (Amount("amount", 0, 1),)

KINDS: Final[dict[str, Degradation]] = {
    "blur:box": Degradation(
        "the mean over a square of WIDTH pixels", (Amount("width", 0, 64),), _plain(blur.box_blur)
    ),
    "blur:gaussian": Degradation(
        "a round Gaussian of SIGMA pixels", (_SIGMA,), _plain(blur.gaussian_blur)
    ),
    "blur:long": Degradation(
        "a Gaussian: SIGMA pixels along ANGLE (degrees; any unless given), ACROSS across it",
        (_SIGMA, Amount("across", 0, 32), _ANGLE),
        _plain(blur.long_gaussian_blur),
    ),
    "blur:motion": Degradation(
        "a straight motion over LENGTH pixels in the direction ANGLE (any unless given)",
        (Amount("length", 0, 64), _ANGLE),
        _plain(blur.motion_blur),
    ),
    "sharpen": Degradation(
        "edges with rims, as phones draw them: what a Gaussian of SIGMA pixels (0.5 to 1.5"
        " unless given) takes away is added AMOUNT times",
        (Amount("amount", 0, 8), Amount("sigma", 0, 32, usual=(0.5, 1.5))),
        _plain(blur.sharpened),
    ),
    "resize": Degradation(
        "smaller, to this SHARE of its sides, and back",
        (Amount("share", 0.05, 1),),
        _plain(resize.smaller_and_back),
    ),
    "shrink": Degradation(
        "FACTOR times smaller, as MATLAB's bicubic imresize, which papers use",
        _FACTOR,
        _times(resize.shrink),
    ),
    "shrink:rescaled": Degradation(
        "the same; a picture that leaves the range by it is scaled to fit, not cut off",
        _FACTOR,
        _times(resize.shrink_rescaled),
    ),
    "shrink:pillow": Degradation(
        "FACTOR times smaller, as Pillow's bicubic resize", _FACTOR, _times(resize.shrink_pillow)
    ),
    "shrink:area": Degradation(
        "the same, by the mean of each square", _FACTOR, _times(resize.shrink_area)
    ),
    "noise:gaussian": Degradation(
        "normal noise in each colour, its deviation STRENGTH; 1 is from black to white",
        (_STRENGTH,),
        _drawn(camera.gaussian_noise),
    ),
    "noise:grey": Degradation(
        "the same noise in all colours",
        (_STRENGTH,),
        _drawn(partial(camera.gaussian_noise, grey=True)),
    ),
    "noise:poisson": Degradation(
        "the noise of light, where white is so many PHOTONS",
        (Amount("photons", 1, 1_000_000),),
        _drawn(camera.poisson_noise),
    ),
    "noise:pattern": Degradation(
        "stripes and unequal pixels of a SENSOR: the same number, the same pattern",
        (_STRENGTH, Amount("sensor", 0, 1_000_000, usual=(0, 999), integer=True)),
        _plain(camera.pattern_noise),
    ),
    "jpeg": Degradation(
        "through a JPEG file of this QUALITY",
        (Amount("quality", 1, 100, integer=True),),
        _plain(camera.jpeg),
    ),
    "webp": Degradation(
        "through a WebP file of this QUALITY",
        (Amount("quality", 0, 100, integer=True),),
        _plain(camera.webp),
    ),
    "shade": Degradation(
        "light from one side: the other in shade, midtones lighter or darker",
        _AMOUNT,
        _drawn(camera.shade),
    ),
    "fade": Degradation(
        "an old print: colours go, black turns brown, paper yellow or pink, unevenly",
        _AMOUNT,
        _drawn(prints.fade),
    ),
    "stains": Degradation("blotches with darker rims", _AMOUNT, _drawn(prints.stains)),
    "scratches": Degradation("thin lines", _AMOUNT, _drawn(prints.scratches)),
    "dust": Degradation("specks and hairs", _AMOUNT, _drawn(prints.dust)),
    "creases": Degradation("one to three folds", _AMOUNT, _drawn(prints.creases)),
    "torn": Degradation("a corner torn off", _AMOUNT, _drawn(prints.torn)),
}

HANDLING: Final = ("scratches", "dust", "creases", "torn")  # what hands do to a print


def limits(name: str) -> str:
    """What the numbers of a term may be: 0 to 64; 0 to 360."""
    return "; ".join(f"{a.low:g} to {a.high:,.12g}" for a in KINDS[name].amounts)


def usage(name: str) -> str:
    """How a term is written: blur:motion:LENGTH[,ANGLE]."""
    first, *others = KINDS[name].amounts
    words = (f"[,{a.name.upper()}]" if a.usual else f",{a.name.upper()}" for a in others)
    return "".join((f"{name}:{first.name.upper()}", *words))
