"""Old generated pictures, shown to a discriminator again, so that it does not forget them.

A pool's pictures are part of a run's state (`state` and `load`); which picture is swapped is a
draw of trombine/core/rng.py. The losses are in critics.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

import torch
from jaxtyping import Float

from trombine.core.rng import Rng

_STATE: Final = "pictures"


@final
class Pool:
    """Up to `capacity` old pictures; a `share` of the new ones is exchanged for one of them.

    A capacity of 50 and a share of .5 is CycleGAN's (Shrivastava et al. 2017). Nothing comes back
    before the pool is full; a capacity or a share of 0 is no pool.
    """

    def __init__(self, *, capacity: int = 50, share: float = 0.01) -> None:
        if capacity < 0 or not 0 <= share <= 1:
            raise ValueError(f"no pool of {capacity} pictures with a share of {share}")
        self.capacity = capacity
        self.share = share
        self._pictures: list[torch.Tensor] = []  # C x H x W each, never changed in place

    def __len__(self) -> int:
        """How many pictures are in it."""
        return len(self._pictures)

    def swap(self, fakes: Float[torch.Tensor, "n *s"], chance: Rng) -> Float[torch.Tensor, "n *s"]:
        """These pictures, detached, some of them exchanged for old ones.

        The pictures pass one by one, in order: the pool takes them until it is full; from then on
        each, with the probability `share`, takes the place of one in the pool, which comes out
        instead.

        So one call with a batch does exactly what calls with its consecutive pieces do. It is not
        so for pieces in another order, nor for pools that each see a part: processes that share a
        batch each call this with the whole batch, gathered, and keep equal pools.
        """
        if not self.capacity or not self.share:
            return fakes.detach()
        swapped = chance.uniforms("pool swap") < self.share
        places = chance.uniforms("pool place") * self.capacity
        passed = zip(fakes.detach(), swapped.tolist(), places.astype(int).tolist(), strict=True)
        return torch.stack([self._pass(*one) for one in passed])

    def _pass(self, picture: torch.Tensor, swapped: bool, place: int) -> torch.Tensor:
        if len(self._pictures) < self.capacity:
            self._pictures.append(picture.clone())
            return picture
        if not swapped:
            return picture
        old, self._pictures[place] = self._pictures[place], picture.clone()
        return old.to(picture)

    def state(self) -> dict[str, torch.Tensor]:
        """All that changes: the pictures, in their places (empty before the first)."""
        return {_STATE: torch.stack(self._pictures) if self._pictures else torch.empty(0)}

    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from a `state`."""
        pictures = state[_STATE]
        if len(pictures) > self.capacity:
            raise ValueError(f"{len(pictures)} pictures for a pool of {self.capacity}")
        self._pictures = [picture.clone() for picture in pictures]
