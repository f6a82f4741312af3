"""How far each sampler comes in so many steps, with nets that learned and with the best there is.

    python research/samplers.py [--count M] [--json]

The nets are of the arms `flow` and `v` of generate_study.py, trained first where runs/ lacks them.
The ideal denoiser is the mean of what a noisy picture may be of, where data is a set of painted
faces and nothing else: what a sampler lacks with it is its own doing. Sets are measured as in the
study.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from generate_study import COUNT, SIZE, STEPS, STUDY, denoised, faces, of_arm, scores
from table import Row, options, report
from torch import Tensor

from trombine.models import load
from trombine.nets.samplers import METHODS
from trombine.nets.schedules import Diffusion, Flow
from trombine.training.methods.diffusion import process_of

ARMS: Final = ("flow", "v")


@dataclass(frozen=True, kw_only=True)
class Ideal:
    """The net that none beats: it knows all `data` there is, each as likely as the others."""

    process: Diffusion | Flow
    data: Tensor  # n 3 h w, in [-1, 1]

    def __call__(self, mixed: Tensor, t: Tensor) -> Tensor:
        """What a net is to say of pictures that are all of one time."""
        data_level, noise_level = (level[0] for level in self.process.levels(t.double()))
        off = torch.cdist(mixed.flatten(1).double(), data_level * self.data.flatten(1).double())
        shares = torch.softmax(-(off**2) / (2 * noise_level**2), 1).to(mixed.dtype)
        clean = (shares @ self.data.flatten(1)).view_as(mixed)
        return self.process.prediction_for(mixed, clean, t)


def rows(count: int) -> Iterator[Row]:
    """Of each net, each sampler and each number of steps."""
    _, data = faces(count, SIZE)
    for name in ARMS:
        path = STUDY.folder(name) / "best.safetensors"
        if not path.exists() and (why := STUDY.train(name)):
            raise SystemExit(f"{name}: {why}")
        process = process_of(of_arm(STUDY.arms[name]))
        nets = {"learned": load(path).net, "ideal": Ideal(process=process, data=2 * data - 1)}
        for kind, net in nets.items():
            for method in METHODS:
                for steps in STEPS:
                    pictures = denoised(net, process, count, steps, method)
                    value = scores(pictures, count, SIZE, False)["value"]
                    yield Row(f"{name}, {kind}: {method}, {steps} steps", value, "of a Gaussian's")


def main() -> int:
    """All rows."""
    asked = options(__doc__, count=COUNT)
    return report(list(rows(asked.count)), json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
