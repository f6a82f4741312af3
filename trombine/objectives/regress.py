"""Read numbers from pictures, where the data has them as vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

import torch
from jaxtyping import Float

from trombine.data.augment import Augment
from trombine.data.source import Source
from trombine.objectives.alarms import Alarm, NoGradient, NoProgress, NotFinite
from trombine.objectives.objective import Objective, Phase, Step, Terms
from trombine.objectives.terms import TERMS
from trombine.recipes.recipe import Regress
from trombine.refusal import InputError

# What each change of a picture makes untrue of a face or a fractal: vectors do not change with it.
_FRAMED: Final = ("centre_x", "centre_y")
UNTRUE: Final = {
    "zoom": ("scale", *_FRAMED),
    "shift": _FRAMED,
    "mirror": ("yaw", "roll", "gaze_x", "light_turn", "parting", "centre_x", *"abcdxy"),
    "rotate": ("roll", "gaze_x", "gaze_y", "light_turn", "light_height", *_FRAMED),
    "colour": (
        *("tone", "undertone", "ruddy", "iris", "iris_light", "lip_red", "lipstick"),
        *("lipstick_hue", "hair_light", "hair_red", "hair_grey", "hair_hue", "light_warm"),
        *("exposure", "glasses_hue", "hat_hue", "hat_light", "cloth_hue", "cloth_grey"),
        *("cloth_light", "ground_hue", "ground_grey", "ground_light", "palette"),
    ),
    "crop": ("scale", *_FRAMED),
}


@final
class RegressObjective(Objective[Regress]):
    """One net from a picture to the numbers that are wanted."""

    main = "net"
    measures: Mapping[str, bool] = {"unexplained": False}

    def __init__(self, recipe: Regress) -> None:
        super().__init__(recipe)
        self.wanted = tuple(name for name in recipe.wanted.split("+") if name)
        outputs = recipe.nets["net"].sizes.get("outputs")
        if not self.wanted or outputs != len(self.wanted):
            raise InputError(
                f"wanted names {len(self.wanted)} numbers and the net has {outputs} outputs;"
                " name as many as net.outputs says, with + between them"
            )
        self._check_augment(Augment.parse(recipe.augment))

    def _check_augment(self, augment: Augment) -> None:
        """Refuse changes of pictures after which what is learned of them is no longer true."""
        for change, names in UNTRUE.items():
            wrong = [name for name in self.wanted if name in names]
            if wrong and getattr(augment, change) != getattr(Augment(), change):
                raise InputError(
                    f"augment {change} changes the {' and '.join(wrong)} of a picture, and its"
                    f" vector says what it was; leave {change} out"
                )

    def check(self, sources: Mapping[str, Source]) -> None:
        """The data must have all the numbers that are wanted."""
        names = sources["data"].vector_names
        missing = [name for name in self.wanted if name not in names]
        if missing:
            there = ", ".join(names) or "none"
            raise InputError(
                f"{sources['data'].spec} has no numbers called {', '.join(missing)}; it has {there}"
            )

    def phases(self) -> tuple[Phase, ...]:
        """The one there is."""
        return (Phase(name="regress", learns=("net",), terms=self.terms),)

    def terms(self, step: Step) -> Terms:
        """What is read, compared with what is so."""
        read = step.nets["net"](step.pictures())
        return {self.recipe.loss: TERMS[self.recipe.loss](read, self.truth(step).to(read))}

    def truth(self, step: Step) -> Float[torch.Tensor, "n k"]:
        """The numbers that are wanted, in their order."""
        vectors = step.batches["data"].vectors
        if vectors is None:
            raise InputError("the data has no vectors to learn from")
        places = [step.vector_names.index(name) for name in self.wanted]
        return vectors[:, places].to(step.device)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """Which part of the numbers' variance is left: 0 is perfect, 1 is to say the mean."""
        read = torch.cat([step.nets["net"](step.pictures()).double() for step in steps])
        truth = torch.cat([self.truth(step) for step in steps])
        left = (read - truth).square().mean(0) / truth.var(0, correction=0)
        return {"unexplained": float(left.mean())}

    def alarms(self) -> tuple[Alarm, ...]:
        """What goes wrong with one net."""
        name, higher = next(iter(self.measures.items()))
        stop = self.recipe.on_nan == "stop"
        return (
            NotFinite(action="stop" if stop else "roll back"),
            NoProgress(name, higher=higher, total=self.recipe.pictures),
            NoGradient(),
        )
