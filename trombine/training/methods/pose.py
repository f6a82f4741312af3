"""Read numbers from pictures, where the data has them as vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, final

import torch
from jaxtyping import Float

from trombine.core.errors import InputError
from trombine.losses.objective import Objective, Phase, Step, Terms
from trombine.losses.terms import l2
from trombine.recipes import NetSpec, Recipe


@final
@dataclass(frozen=True, kw_only=True)
class Regress(Recipe):
    """Read numbers from pictures: those of a world's faces, or of a pack's vectors."""

    objective: ClassVar[str] = "regress"

    wanted: str = ""  # the vector's numbers that are learned, by name, with + between them


@final
class RegressObjective(Objective[Regress]):
    """One net from a picture to the numbers that are wanted."""

    main = "net"
    measures: Mapping[str, bool] = {"unexplained": False}

    def __init__(self, recipe: Regress) -> None:
        super().__init__(recipe)
        self.required = tuple(name for name in recipe.wanted.split("+") if name)
        outputs = recipe.nets["net"].sizes.get("outputs")
        if not self.required or outputs != len(self.required):
            raise InputError(
                f"wanted names {len(self.required)} numbers and the net has {outputs} outputs;"
                " name as many as net.outputs says, with + between them"
            )

    def phases(self) -> tuple[Phase, ...]:
        """The only phase."""
        return (Phase(name="regress", learns=("net",), terms=self.terms),)

    def terms(self, step: Step) -> Terms:
        """The numbers read, compared with the true ones."""
        read = step.nets["net"](step.pictures())
        return {"l2": l2(read, self.truth(step).to(read))}

    def truth(self, step: Step) -> Float[torch.Tensor, "n k"]:
        """The true numbers, in the recipe's order."""
        truth = step.numbers(self.required)
        known = truth.isfinite().all(0).tolist()
        if not all(known):
            unknown = [
                name for name, is_known in zip(self.required, known, strict=True) if not is_known
            ]
            problem = f"some pictures have no number for {', '.join(unknown)}"
            raise InputError(problem, "leave it out of --wanted, or give other data")
        return truth.to(step.device)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """The unexplained share of the numbers' variance: 0 is perfect, 1 is the mean's."""
        read = torch.cat([step.nets["net"](step.pictures()).double() for step in steps])
        truth = torch.cat([self.truth(step) for step in steps])
        unexplained = (read - truth).square().mean(0) / truth.var(0, correction=0)
        return {"unexplained": float(unexplained.mean())}


# Presets

PRESETS: Final[dict[str, Recipe]] = {
    "pose": Regress(
        about="reads where a face turns, from a picture",
        task="regress",
        nets={"net": NetSpec("encoder", {"width": 16, "levels": 4, "outputs": 3})},
        data="world:photo",
        size=64,
        wanted="yaw+pitch+roll",
        pictures=400_000,
        batch=32,
        lr=1e-3,
        warmup=2_000,
        clip=1.0,
        ema=10_000,
    ),
}
