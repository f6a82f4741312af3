"""Smaller views of a step's pictures: each made smaller, or its middle as large as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.losses.objective import Step

_CLOSER: Final = 0.5  # share of the pictures whose middle is seen
_HIGHER: Final = 0.06  # of a picture's side: so much higher than its middle is that of a face
_AROUND: Final = 0.08  # of a picture's side: as far from there a view may be


@final
@dataclass(frozen=True, kw_only=True)
class Views:
    """Of each picture, whether its middle is seen, and where that begins."""

    side: int  # of the views, in pixels; 0: they are the pictures
    closer: Bool[Tensor, "n"]
    top: Int64[Tensor, "n"]
    left: Int64[Tensor, "n"]

    @classmethod
    def drawn(cls, step: Step, side: int) -> Views:
        """Views of a step's pictures, this large."""
        whole = step.batches["data"].pixels.shape[1]
        if side > whole:
            text = f"a window of {side} pixels does not fit"
            raise InputError(text, "give a larger --size, or --window 0")
        draws = [step.uniforms(f"view's {about}").double() for about in ("kind", "top", "left")]
        middle = (whole - side) / 2
        places = [
            (middle - up * whole + (2 * draw - 1) * _AROUND * whole)
            for draw, up in zip(draws[1:], (_HIGHER, 0.0), strict=True)
        ]
        top, left = (place.round().long().clamp(0, max(whole - side, 0)) for place in places)
        return cls(side=side, closer=draws[0] < _CLOSER, top=top, left=left)

    def only(self, rows: Int64[Tensor, "k"]) -> Views:
        """Those of some of the pictures."""
        return replace(self, closer=self.closer[rows], top=self.top[rows], left=self.left[rows])

    def soft(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c k l"]:
        """Views of colours or shares, which are averaged where pictures are made smaller."""
        return self._seen(x, "bilinear")

    def sharp(self, x: Tensor) -> Tensor:
        """Views of labels or holes, N x C x H x W, of which none is averaged."""
        return self._seen(x.float(), "nearest-exact").to(x.dtype)

    def _seen(self, x: Tensor, mode: str) -> Tensor:
        if not self.side or x.shape[-1] == self.side:
            return x
        antialias = mode == "bilinear"
        views = functional.interpolate(x, (self.side,) * 2, mode=mode, antialias=antialias)
        for number in self.closer.nonzero().flatten().tolist():
            top, left = int(self.top[number]), int(self.left[number])
            views[number] = x[number, :, top : top + self.side, left : left + self.side]
        return views

    def moved(self, points: Float[Tensor, "n 68 2"], whole: int) -> Float[Tensor, "n 68 2"]:
        """Landmarks of pictures of this side, in pixels of the views."""
        if not self.side:
            return points
        corner = torch.stack([self.left, self.top], 1)[:, None].to(points)
        return torch.where(
            self.closer[:, None, None], points - corner, points * (self.side / whole)
        )
