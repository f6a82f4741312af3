"""Paint what is missing of pictures by taking noise away; what is shown and told is as in inpaint.

Of each picture the part that the fill lacks is mixed with noise, as much as a drawn time says; the
net learns to tell them apart, in the hole alone. A painter that fills the holes stands still, as it
is in the model that `start` names. Measured are the loss and whole repairs: one answer, the mean of
several, which comes nearer to the truth and is blurred, and how sharp one is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, cast, final

import torch
from jaxtyping import Float
from torch import Tensor

from trombine.core.errors import InputError
from trombine.losses.objective import Phase, Step, Terms
from trombine.losses.terms import wide
from trombine.nets.diffusion_painter import DiffusionPainter, Known
from trombine.nets.frozen import frozen
from trombine.nets.schedules import Flow
from trombine.recipes import NetSpec, Recipe
from trombine.training.methods.inpaint import (
    FACES,
    SHARED,
    Painting,
    PaintingObjective,
    Shown,
    of_holes,
    painted,
    psnr_in_holes,
)


@final
@dataclass(frozen=True, kw_only=True)
class InpaintDiffusion(Painting):
    """Paint what is missing by taking noise away: another answer for each seed."""

    objective: ClassVar[str] = "inpaint_diffusion"


ANSWERS: Final = 4  # whose mean is measured
_FLOW: Final = Flow()
# The layers of the net that take noise away, as `Timed` calls them; all else is the painter's.
_TAKES_NOISE_AWAY: Final = (
    "time",
    "first",
    "block",
    "down",
    "attention",
    "middle",
    "up",
    "norm",
    "last",
)


@final
class InpaintDiffusionObjective(PaintingObjective[InpaintDiffusion]):
    """One net, which sees the picture without its hole, and noise in the hole."""

    measures: Mapping[str, bool] = {
        "loss": False,
        "PSNR": True,
        "mean PSNR": True,
        "sharpness": True,
    }

    def __init__(self, recipe: InpaintDiffusion) -> None:
        super().__init__(recipe)
        if (name := recipe.nets["net"].name) != "diffusion_painter":
            raise InputError(f"the net {name} takes no noise away; diffusion_painter does")
        self.painter_first = bool(recipe.nets["net"].sizes.get("painted"))
        if self.painter_first and not recipe.start:
            raise InputError("its painter does not learn here", "give --start inpaint")

    def phases(self) -> tuple[Phase, ...]:
        """The only phase."""
        parts = _TAKES_NOISE_AWAY if self.painter_first else ()
        return (Phase(name="paint", learns=("net",), parts=parts, terms=self.terms),)

    def terms(self, step: Step) -> Terms:
        """What the net says of a mixture of the truth and noise, in the hole."""
        return {"flow": self.flow(step, self.shown(step))}

    def flow(self, step: Step, shown: Shown) -> Float[Tensor, ""]:
        """How far off that is."""
        net = cast(DiffusionPainter, step.nets["net"])
        noise, time = step.normals("noise", shown.truth.shape[1:]).float(), step.uniforms("time")
        known = self.known(step, shown)
        rest = (2 * shown.truth - 1 - known.filled) / net.spread
        said = wide(net.lacking(known, _FLOW.mix(rest, noise, time.float()), time.float()))
        off = (said - net.lacks(rest, noise, time.float())).square()
        return of_holes(off, shown.hole)

    def known(self, step: Step, shown: Shown) -> Known:
        """What the net goes by; a painter works as in finished models."""
        net = cast(DiffusionPainter, step.nets["net"])
        told = shown.damaged, shown.hole, shown.parts, shown.points
        if not self.painter_first:
            return net.known(*told)
        with frozen(net.stages), torch.no_grad():
            known = net.known(*told)
        return known._replace(filled=wide(known.filled))

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """What training makes small; of who is told nothing PSNR in the hole of one answer and of
        several answers' mean, and how large one's gradients are beside the truth's."""
        one, mean, edges, losses = [], [], torch.zeros(2), []
        for step in steps:
            shown = self.measured(step, told=False)
            losses.append(len(step) * float(self.flow(step, shown).detach()))
            answers = [painted(step, shown, seed=seed).clamp(0, 1) for seed in range(ANSWERS)]
            one.append(psnr_in_holes(answers[0], shown))
            mean.append(psnr_in_holes(torch.stack(answers).mean(0), shown))
            for place, pictures in enumerate((answers[0], shown.truth)):
                edges[place] += float(_edges(pictures, shown.hole))
        values = {"PSNR": torch.cat(one), "mean PSNR": torch.cat(mean)}
        means = {name: float(found[found.isfinite()].mean()) for name, found in values.items()}
        means["sharpness"] = float(edges[0] / edges[1].clamp(min=1e-6))
        return {"loss": sum(losses) / sum(map(len, steps)), **means}


def _edges(pictures: Float[Tensor, "n 3 h w"], hole: Float[Tensor, "n 1 h w"]) -> Float[Tensor, ""]:
    """The sum of absolute steps from each pixel of the hole to the next one of it."""
    across = (pictures.diff(dim=-1).abs() * hole[..., 1:] * hole[..., :-1]).sum()
    return across + (pictures.diff(dim=-2).abs() * hole[..., 1:, :] * hole[..., :-1, :]).sum()


# Presets

PRESETS: Final[dict[str, Recipe]] = {
    # What `inpaint` leaves blurred, decided: it begins with that, which then stands still.
    "inpaint-diffusion": InpaintDiffusion(
        about="paints what is missing, then details by taking noise away, others for each seed",
        nets={
            "net": NetSpec.parse(
                "diffusion_painter:width=32,levels=2,parts=all,points=true,steps=8,"
                "painted=true,painter=48,widest=128,halved=true"
            )
        },
        start="inpaint",
        data=f"{FACES}+leaves#3000*3",
        size=192,
        window=128,
        real_every=6,
        pictures=64_000,
        sample_every=8_000,
        measure_every=8_000,
        save_every=4_000,
        judged=128,
        **SHARED,
    ),
}
