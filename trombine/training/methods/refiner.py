"""Refine what is where: edges of parts at the size of the picture, not of the reader's window.

Painted faces that are larger than a reader's window are staged and spoiled as a reader's are. The
shipped reader, which stands still, says of each as a window what is where; from that the net goes
to twice the window's size, and from what it said there to four times. Where a step ends, one is
compared with what was painted there. Some pictures have no more pixels than the window: they were
enlarged. Of real pictures, outlines that people placed by hand are true, and what the reader calls
face beside them is skin; of the rest nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, final

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, cross_entropy, interpolate, one_hot

from trombine.core.conventions import GROUPS, PART_INDEX, PARTS
from trombine.core.errors import InputError
from trombine.data.columns import UNKNOWN, Batch
from trombine.data.morphs import morphed
from trombine.data.source import Source
from trombine.data.staging import Staged, StageOptions, staged
from trombine.faces.frames import WINDOW
from trombine.faces.twice import read_twice
from trombine.losses.damage import chain_of
from trombine.losses.objective import Objective, Samples, Step, Terms
from trombine.metrics.reading import near_edges, overlaps
from trombine.models import load
from trombine.nets.frozen import frozen
from trombine.recipes import MUON, NetSpec, Recipe
from trombine.training.methods.reader import (
    MIXED,
    OUTLINED,
    SURE,
    check_painted,
    coloured,
    spoiled,
)


@final
@dataclass(frozen=True, kw_only=True)
class Refine(Recipe):
    """Refine what is where: from a reader's window to two and four times its size.

    `other` is what faces stand before.
    """

    objective: ClassVar[str] = "refine"

    damage: str = "none"  # what spoils the pictures: a chain as docs/data.md tells
    real: str = ""  # photographs of faces with 189 points placed by hand
    real_every: int = 4  # one of so many pictures is of these


STAGE: Final = StageOptions(
    size=(0.8, 1.2), near=1.0, turn=20.0, shift=0.06, holes=0.0, none=0.0, plain=0.4, people=0.4
)
OF_FACE: Final = (PART_INDEX["skin"], *OUTLINED)
REAL_STAGE: Final = replace(STAGE, grounds=0.0, people=0.0, plain=0.2)
_WINDOW: Final = 160  # pixels, of the part of each picture from which is learned
_ENLARGED: Final = 0.3  # of the pictures: with no more pixels than the reader's window

Pictures = Float[Tensor, "n 3 h w"]
Likely = Float[Tensor, "n 19 k l"]
Labels = UInt8[Tensor, "n h w"]


@final
class RefineObjective(Objective[Refine]):
    """One net; a reader that stands still."""

    measures: Mapping[str, bool] = {"IoU": True, "near edges": True, "enlarged": True}

    def __init__(self, recipe: Refine) -> None:
        super().__init__(recipe)
        self.streams = ("data", "other", "real") if recipe.real else ("data", "other")
        self.chain = chain_of(recipe.damage, "a refiner's windows")
        times = recipe.size // WINDOW
        if times not in (2, 4) or recipe.size % WINDOW:
            raise InputError(f"size is {2 * WINDOW} or {4 * WINDOW}, twice or four times a window")
        self.steps = times.bit_length() - 1
        self.reader = load("reader", task="read")

    def helpers(self) -> Mapping[str, nn.Module]:
        """The reader."""
        return {"reader": self.reader.net}

    def check(self, sources: Mapping[str, Source]) -> None:
        """The data are painted faces, all of them: their parts and landmarks are known. Of real
        ones outlines are."""
        check_painted(sources["data"], "a refiner")
        real = sources.get("real")
        if real and real.batch(np.zeros(1, np.int64)).parts is None:
            problem = f"{real.spec} has no outlines of parts, which a refiner learns from"
            raise InputError(problem, "give a folder of people with 189 points each, or no --real")

    def terms(self, step: Step) -> Terms:
        """What is said of a part of each picture, at the size that its place draws."""
        windows = self._windows(step)
        last = (step.chance.uniforms("steps") * self.steps).astype(int)  # the step that learns
        pictures, labels = spoiled(self.chain, step, windows), windows.parts.to(step.device)
        if self.recipe.real:
            self._put_real(step, pictures, labels)
        pictures = self._enlarged(step, pictures, last == 0)
        reading, wide = self._read(pictures), labels.shape[-1]
        cut: list[tuple[Pictures, Likely, Labels]] = []
        for n, times in enumerate(last.tolist()):
            side = 2 * WINDOW << times
            likely = self._refined(step, pictures[n : n + 1], reading[n : n + 1], times)
            finer = shrunk(pictures[n : n + 1], wide // side)
            truth = labels_shrunk(labels[n : n + 1], wide // side)
            room = (side - _WINDOW) // 2 + 1
            x, y = (int(step.chance.uniforms(name)[n] * room) for name in ("across", "down"))
            cut.append(
                (
                    _part(finer, 2 * x, 2 * y, _WINDOW),
                    _part(likely, x, y, _WINDOW // 2),
                    _part(truth, 2 * x, 2 * y, _WINDOW),
                )
            )
        seen, known, truth = (torch.cat(parts) for parts in zip(*cut, strict=True))
        logits = step.nets["net"](seen, parts=known.to(seen)).float()
        # No Dice of groups: in a part of a picture it favours slivers of them (docs/log/read.md).
        return {"parts": cross_entropy(logits, truth.long(), ignore_index=UNKNOWN["parts"])}

    def samples(self, step: Step) -> Samples:
        """The parts at the finest size, over the pictures, beside the true ones."""
        batch = step.batches["data"]
        assert batch.parts is not None
        pictures = step.pictures().float()
        likely = self._refined(step, pictures, self._read(pictures), self.steps)
        fixed = {"input": pictures, "truth": coloured(pictures, batch.parts)}
        return Samples(output=coloured(pictures, likely.argmax(1)), fixed=fixed)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """IoU of the groups at the finest size; near edges of the truth; and of the reader's own
        labels, enlarged."""
        sums = torch.zeros(len(self.measures), 2, len(GROUPS))
        for step in steps:
            batch = step.batches["data"]
            assert batch.parts is not None
            pictures, truth = step.pictures().float(), batch.parts
            reading = self._read(pictures)
            likely = self._refined(step, pictures, reading, self.steps).float().cpu()
            parts = likely.argmax(1)
            size = list(truth.shape[-2:])
            before = interpolate(reading.float().cpu().log(), size, mode="bilinear").argmax(1)
            beside = truth.masked_fill(~near_edges(truth), UNKNOWN["parts"])
            for k, (said, true) in enumerate(((parts, truth), (parts, beside), (before, truth))):
                said = said.masked_fill(true == UNKNOWN["parts"], UNKNOWN["parts"])
                sums[k] += torch.stack(overlaps(said, true))
        values = (sums[:, 0] / sums[:, 1].clamp(min=1)).mean(1)
        return dict(zip(self.measures, values.tolist(), strict=True))

    def _windows(self, step: Step) -> Staged:
        return staged(step.batches["data"], step.batches["other"], STAGE, step.chance)

    def _put_real(self, step: Step, pictures: Pictures, labels: Labels) -> None:
        """Put real pictures, and what is known of their parts, in the place of some."""
        of_people = step.batches["real"]
        assert of_people.parts is not None
        has_outlines = (of_people.parts != UNKNOWN["parts"]).flatten(1).any(1).numpy()
        rows = np.flatnonzero((step.chance.places % self.recipe.real_every == 0) & has_outlines)
        if not len(rows):
            return
        chance = step.chance.only(rows).fold_in("real")
        batch = morphed(of_people.only(rows), MIXED, chance)
        known = replace(batch, parts=self._known(batch, step.device).cpu())
        windows = staged(known, step.batches["other"].only(rows), REAL_STAGE, chance)
        pictures[rows] = spoiled(self.chain, replace(step, chance=chance), windows)
        labels[rows] = windows.parts.to(step.device)

    def _known(self, batch: Batch, device: torch.device) -> Labels:
        """The parts that are outlined; skin where the reader is sure of face beside them."""
        assert batch.parts is not None
        outlined = batch.parts.to(device)
        likely, labels = self._read(batch.pictures(device)).max(1)
        times = outlined.shape[-1] // WINDOW
        is_face = torch.isin(labels, labels.new_tensor(OF_FACE)) & (likely > SURE)
        is_face = is_face.repeat_interleave(times, 1).repeat_interleave(times, 2)
        skin = torch.where(is_face, PART_INDEX["skin"], UNKNOWN["parts"]).to(torch.uint8)
        return torch.where(outlined == UNKNOWN["parts"], skin, outlined)

    def _enlarged(self, step: Step, pictures: Pictures, first: np.ndarray) -> Pictures:
        """Some of those from whose first step is learned with no more pixels than a window."""
        rows = torch.from_numpy(first & (step.chance.uniforms("enlarged") < _ENLARGED))
        if rows.any():
            size = list(pictures.shape[-2:])
            small = shrunk(pictures[rows], size[0] // WINDOW).float()
            larger = interpolate(small, size, mode="bilinear", align_corners=False)
            pictures[rows] = larger.to(pictures)
        return pictures

    def _read(self, pictures: Pictures) -> Likely:
        """How likely each part is at each pixel of the reader's windows."""
        with torch.no_grad(), frozen(self.reader.net):
            windows = shrunk(pictures, pictures.shape[-1] // WINDOW).float()
            return read_twice(self.reader, windows).parts.softmax(1)

    def _refined(
        self, step: Step, pictures: Pictures, likely: Likely, times: int
    ) -> Float[Tensor, "n 19 p q"]:
        """The same at 2 to the power of `times` as many pixels to each side; no gradient."""
        net = step.nets["net"]
        with torch.no_grad(), frozen(net):
            for done in range(times):
                finer = shrunk(pictures, pictures.shape[-1] // (2 * WINDOW << done))
                likely = net(finer, parts=likely.to(finer)).softmax(1)
        return likely


def shrunk(pictures: Pictures, times: int) -> Float[Tensor, "n 3 h2 w2"]:
    """Pictures so many times smaller, by means over squares."""
    return avg_pool2d(pictures, times) if times > 1 else pictures


def labels_shrunk(labels: Labels, times: int) -> UInt8[Tensor, "n h2 w2"]:
    """Labels so many times smaller: those that most pixels of a square have."""
    if times == 1:
        return labels
    unknown = labels == UNKNOWN["parts"]
    each = one_hot(labels.masked_fill(unknown, len(PARTS)).long(), len(PARTS) + 1)
    most = avg_pool2d(each.movedim(-1, 1).float(), times).argmax(1)
    return most.masked_fill(most == len(PARTS), UNKNOWN["parts"]).to(torch.uint8)


def _part(values: Tensor, x: int, y: int, side: int) -> Tensor:
    return values[..., y : y + side, x : x + side]


# Presets

PRESETS: Final[dict[str, Recipe]] = {
    "refiner": Refine(
        about="follows the edges of what is where, from a reader's window to four times its size",
        task="refine",
        nets={"net": NetSpec("refiner", {"width": 24, "head": 32})},
        data="world:photo#800*2+world:anime#300+world:cartoon#300+world:sketch#300",
        other="leaves#200*3+fractals#100",
        damage="blur:gaussian:0.5-2.0?0.3+noise:gaussian:0.01-0.06/noise:grey:0.01-0.05?0.3+jpeg:30-95?0.4",
        size=512,
        pictures=16_000,
        batch=8,
        **MUON,
        warmup=1_000,
        ema=2_000,
        precision="auto",
        sample_every=4_000,
        measure_every=2_000,
        save_every=2_000,
        log_every=500,
        judged=32,
        faces=6,
    ),
}
