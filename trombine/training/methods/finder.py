"""Find faces: whether the middle of one is here, and how large it is.

It learns from painted faces, made as small as a finder sees them, as staging.py puts them anywhere
before leaves and fractals; a part of the windows shows none. Photographs of faces are staged alike,
cut out along what the shipped reader, which stands still, says of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from trombine.data.columns import Batch, to_pictures
from trombine.data.source import Source
from trombine.data.staging import Staged, StageOptions, staged
from trombine.losses.damage import chain_of
from trombine.losses.objective import Objective, Step, Terms
from trombine.losses.reading import centres_loss
from trombine.models import load
from trombine.nets.faces import LARGEST, SMALLEST
from trombine.nets.reader import CENTRE_STEP
from trombine.recipes import MUON, NetSpec, Recipe
from trombine.training.methods.reader import FACES, READER, check_painted, pseudo_labels


@final
@dataclass(frozen=True, kw_only=True)
class Find(Recipe):
    """Find small faces: painted ones, made small, anywhere before other pictures.

    `other` is what they stand before.
    """

    objective: ClassVar[str] = "find"

    damage: str = "none"  # what spoils the windows: a chain as docs/data.md tells
    real: str = ""  # photographs of faces
    real_every: int = 8  # one of so many pictures is of these


_BOX: Final = 64.0  # pixels: the longer side of the landmarks' box of a painted face of 128
STAGE: Final = StageOptions(
    size=(SMALLEST / _BOX, LARGEST / _BOX),
    near=0.0,
    grounds=0.8,
    holes=0.1,
    plain=0.0,
    none=0.3,
)
_BESIDE: Final = 2  # places from a middle: what is found there is the face
_FALSE: Final = 0.01  # false faces a window, at which it is measured how many are found


@final
class FindObjective(Objective[Find]):
    """One net and one term."""

    measures: Mapping[str, bool] = {"found": True, "size": False}

    def __init__(self, recipe: Find) -> None:
        super().__init__(recipe)
        self.streams = ("data", "other", "real") if recipe.real else ("data", "other")
        self.chain = chain_of(recipe.damage, "a finder's windows")
        self.reader = load("reader", task="read") if recipe.real else None

    def helpers(self) -> Mapping[str, nn.Module]:
        """The reader, where it is asked."""
        return {"reader": self.reader.net} if self.reader else {}

    def check(self, sources: Mapping[str, Source]) -> None:
        """The data are painted faces, all of them: their parts and landmarks are known."""
        check_painted(sources["data"], "a finder")

    def terms(self, step: Step) -> Terms:
        """Where the middles of faces are found, and how large they are."""
        windows = self._windows(step, self._mixed(step))
        return {"centres": centres_loss(self._found(step, windows), windows)}

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """The share of faces that is found where a hundredth of the windows has a false one; and by
        how many parts of a face's size its size is off."""
        true, false, off = [], [], []
        for step in steps:
            windows = self._windows(step, step.batches["data"])
            maps = self._found(step, windows).float().cpu()
            places = (windows.middles / CENTRE_STEP).floor().long()
            here = _round(places, maps.shape[-2:]) & windows.shows[:, None, None]
            logits = maps[:, 0]
            true.append(logits.masked_fill(~here, -torch.inf).amax((1, 2))[windows.shows])
            false.append(logits.masked_fill(here, -torch.inf).amax((1, 2)))
            rows = torch.arange(len(maps))[windows.shows]
            x, y = places[windows.shows].unbind(1)
            sizes = maps[rows, 1, y, x] - windows.sizes[windows.shows].log()
            off.append(sizes.abs())
        bound = torch.cat(false).quantile(1 - _FALSE)
        found = (torch.cat(true) > bound).float().mean()
        return {"found": float(found), "size": float(torch.cat(off).mean())}

    def _windows(self, step: Step, faces: Batch) -> Staged:
        return staged(faces, step.batches["other"], STAGE, step.chance)

    def _mixed(self, step: Step) -> Batch:
        """Painted faces, some of which are photographs of which the reader is sure."""
        faces = step.batches["data"]
        rows = np.flatnonzero(step.chance.places % self.recipe.real_every == 0)
        if self.reader is None or not len(rows):
            return faces
        real = step.batches["real"].only(rows)
        labelled, sure = pseudo_labels(self.reader.net, real, step.device, step.dtype)
        kept = torch.from_numpy(rows)[sure]
        changed: dict[str, Tensor] = {}
        for name in ("pixels", "parts", "points", "visible"):
            changed[name] = getattr(faces, name).clone()
            changed[name][kept] = getattr(labelled, name)[sure].to(changed[name])
        return replace(faces, **changed)

    def _found(self, step: Step, windows: Staged) -> Float[Tensor, "n 2 k l"]:
        pictures = to_pictures(windows.pixels)
        if self.chain:
            pictures = self.chain(pictures, step.chance)
        return step.nets["net"](pictures.to(step.device, step.dtype))


def _round(places: Tensor, shape: Sequence[int]) -> Tensor:
    """The places of maps of this shape that are beside these, x and y."""
    marks = torch.zeros(len(places), *shape)
    x, y = places[:, 0].clamp(0, shape[1] - 1), places[:, 1].clamp(0, shape[0] - 1)
    marks[torch.arange(len(places)), y, x] = 1
    return max_pool2d(marks[:, None], 2 * _BESIDE + 1, 1, _BESIDE)[:, 0] > 0


# Presets

PRESETS: Final[dict[str, Recipe]] = {
    "finder": Find(
        about="finds where faces may be, for what reads them",
        task="find",
        nets={"net": NetSpec("finder", {"width": 16})},
        data=FACES,
        other=READER.other,
        damage="blur:gaussian:0.3-1.0?0.5+noise:gaussian:0.01-0.06?0.5+jpeg:30-95?0.5",
        size=128,
        pictures=400_000,
        batch=32,
        **MUON,
        warmup=4_000,
        ema=8_000,
        sample_every=50_000,
        measure_every=20_000,
        save_every=20_000,
        log_every=4_000,
        judged=512,
    ),
}
