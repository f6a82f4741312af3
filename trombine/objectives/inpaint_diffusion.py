"""Paint what is missing of pictures by taking noise away; what is shown and told is as in inpaint.

Of each picture the part that the smooth fill lacks is mixed with noise, as much as a drawn time
says; the net learns to tell them apart, in the hole alone. Measured are whole repairs: one answer,
the mean of several, which comes nearer to the truth and is blurred, and how sharp one is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast, final

import torch
from jaxtyping import Float
from torch import Tensor

from trombine.measures import psnr
from trombine.nets.diffusion_painter import DiffusionPainter, lacks
from trombine.objectives.inpaint import PaintingObjective, of_holes, painted
from trombine.objectives.objective import Phase, Step, Terms
from trombine.objectives.terms import wide
from trombine.recipes.recipe import InpaintDiffusion
from trombine.refusal import InputError
from trombine.schedules import Flow

ANSWERS: Final = 4  # whose mean is measured
_FLOW: Final = Flow()


@final
class InpaintDiffusionObjective(PaintingObjective[InpaintDiffusion]):
    """One net, which sees the picture without its hole, and noise in the hole."""

    measures: Mapping[str, bool] = {"PSNR": True, "mean PSNR": True, "sharpness": True}

    def __init__(self, recipe: InpaintDiffusion) -> None:
        super().__init__(recipe)
        if (name := recipe.nets["net"].name) != "diffusion_painter":
            raise InputError(f"the net {name} takes no noise away; diffusion_painter does")

    def phases(self) -> tuple[Phase, ...]:
        """The only phase."""
        return (Phase(name="paint", learns=("net",), terms=self.terms),)

    def terms(self, step: Step) -> Terms:
        """What the net says of a mixture of the truth and noise, in the hole."""
        shown = self.shown(step)
        net = cast(DiffusionPainter, step.nets["net"])
        noise, time = step.normals("noise", shown.truth.shape[1:]).float(), step.uniforms("time")
        known = net.known(shown.damaged, shown.hole, shown.parts, shown.points)
        rest = 2 * shown.truth - 1 - known.filled
        said = wide(net.lacking(known, _FLOW.mix(rest, noise, time.float()), time.float()))
        off = (said - lacks(rest, noise, time.float())).square()
        return {"flow": of_holes(off, shown.hole)}

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """Of who is told nothing: PSNR in the hole of one answer and of several answers' mean, and
        how large one's gradients are beside the truth's."""
        one, mean, edges = [], [], torch.zeros(2)
        for step in steps:
            shown = self.measured(step, told=False)
            answers = [painted(step, shown, seed=seed).clamp(0, 1) for seed in range(ANSWERS)]
            one.append(psnr(answers[0], shown.truth, shown.hole))
            mean.append(psnr(torch.stack(answers).mean(0), shown.truth, shown.hole))
            for place, pictures in enumerate((answers[0], shown.truth)):
                edges[place] += float(_edges(pictures, shown.hole))
        values = {"PSNR": torch.cat(one), "mean PSNR": torch.cat(mean)}
        means = {name: float(found[found.isfinite()].mean()) for name, found in values.items()}
        return {**means, "sharpness": float(edges[0] / edges[1].clamp(min=1e-6))}


def _edges(pictures: Float[Tensor, "n 3 h w"], hole: Float[Tensor, "n 1 h w"]) -> Float[Tensor, ""]:
    """The sum of absolute steps from each pixel of the hole to the next one of it."""
    across = (pictures.diff(dim=-1).abs() * hole[..., 1:] * hole[..., :-1]).sum()
    return across + (pictures.diff(dim=-2).abs() * hole[..., 1:, :] * hole[..., :-1, :]).sum()
