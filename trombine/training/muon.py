"""Muon (Jordan et al., 2024): matrices move by the nearest orthogonal matrix to their momentum.

A gradient's few strong directions then teach no more than its many weak ones. A convolution's
kernels are a matrix, one row for each output. What is no matrix (biases, norms) moves by Adam.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

# Of x -> a x + b x^3 + c x^5, which takes every singular value within (0, 1] to about 1.
_POWERS: Final = (3.4445, -4.7750, 2.0315)
_TIMES: Final = 5
_LIKE_ADAM: Final = 0.2  # the mean square of Adam's steps, as parts of its rate (Liu et al., 2025)


@final
class Muon(Optimizer):
    """Rates as Adam's: a matrix's step is, on average, as long as Adam's would be.

    `betas` are the memory of the gradient, and, for what moves by Adam, of its square.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Move everything that has a gradient; `closure`, which torch allows, makes it."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if group["weight_decay"]:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                move = _move_matrix if parameter.ndim >= 2 else _move_other
                move(parameter, parameter.grad, self.state[parameter], group)
        return loss


def _move_matrix(parameter: Tensor, slope: Tensor, state: dict[str, Any], group: Any) -> None:
    if not state:
        state["exp_avg"] = torch.zeros_like(parameter)
    memory = group["betas"][0]
    momentum = state["exp_avg"].lerp_(slope, 1 - memory)
    matrix = orthogonal(slope.lerp(momentum, memory).flatten(1))  # Nesterov's
    long = group["lr"] * _LIKE_ADAM * math.sqrt(max(matrix.shape))
    parameter.sub_(matrix.reshape(parameter.shape), alpha=long)


def _move_other(parameter: Tensor, slope: Tensor, state: dict[str, Any], group: Any) -> None:
    if not state:
        state["step"] = torch.zeros((), dtype=torch.float32)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(slope), torch.zeros_like(slope)
    state["step"] += 1
    first, second = (1 - memory for memory in group["betas"])
    mean = state["exp_avg"].lerp_(slope, first)
    square = state["exp_avg_sq"].lerp_(slope.square(), second)
    mean_scale, square_scale = (1 - memory ** float(state["step"]) for memory in group["betas"])
    divisor = (square / square_scale).sqrt_().add_(group["eps"])
    parameter.addcdiv_(mean, divisor, value=-group["lr"] / mean_scale)


def orthogonal(matrix: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
    """U V' of the matrix U S V', nearly: its singular values are .7 to 1.2, but for the smallest.

    By Newton-Schulz's iteration, which is products of matrices alone.
    """
    high = matrix.shape[0] > matrix.shape[1]
    result = matrix.T if high else matrix
    result = result / result.norm().clamp(min=1e-7)
    once, thrice, fifth = _POWERS
    for _ in range(_TIMES):
        square = result @ result.T
        result = once * result + (thrice * square + fifth * square @ square) @ result
    return result.T if high else result
