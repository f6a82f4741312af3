"""Learning from small pictures alone: no large one is seen, and each term is what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.resize import imresize_matlab, matlab_weights, shrink
from trombine.losses.objective import Step
from trombine.metrics import psnr
from trombine.nets import build
from trombine.recipes import with_settings
from trombine.training.methods import find, objective_of
from trombine.training.methods.unseen import SMALLER, Unseen, UnseenObjective

COUNT, SIDE = 3, 24


def objective(**weights: float) -> UnseenObjective:
    recipe = find("upscale-unseen-x2")
    assert isinstance(recipe, Unseen)
    none = {"measured": 0.0, "smaller": 0.0, "between": 0.0}
    return UnseenObjective(replace(recipe, size=SIDE, augment="none", **{**none, **weights}))


def step(pictures: Tensor, net: nn.Module) -> Step:
    chance = Rng(seed=1, places=np.arange(len(pictures)))
    made = Step(nets={"net": net}, batches={}, chance=chance, device=torch.device("cpu"))
    made.cache["pictures of data"] = pictures
    return made


def pictures() -> Tensor:
    generator = torch.Generator().manual_seed(8)
    return 0.2 + 0.6 * torch.rand(COUNT, 3, SIDE, SIDE, generator=generator)


def other_pictures(large: Tensor) -> Tensor:
    """Pictures that shrink to the same: something that shrinking takes away is added."""
    rows = torch.from_numpy(matlab_weights(SIDE, SIDE // 2, "bicubic").toarray())
    unseen = torch.eye(SIDE, dtype=torch.float64) - torch.linalg.pinv(rows) @ rows
    drawn = torch.rand(large.shape, generator=torch.Generator().manual_seed(9)).double() - 0.5
    found = large + 0.2 * (unseen @ drawn @ unseen.T).float()
    assert torch.equal(shrink(found, 2), shrink(large, 2)), "it can be seen in the small ones"
    return found


def slopes(objective: UnseenObjective, large: Tensor) -> list[Tensor]:
    net = build("residual", {"width": 4, "depth": 2, "factor": 2}, seed=3)
    total = torch.stack([*objective.terms(step(large, net)).values()]).sum()
    return [*torch.autograd.grad(total, [*net.parameters()])]


def test_no_large_picture_is_seen() -> None:
    """What is learned of two sets of pictures that shrink to the same is the same, bit for bit."""
    learning, large = objective(measured=1, smaller=1, between=1), pictures()
    same, other = other_pictures(large), 1 - large
    one = slopes(learning, large)
    assert all(torch.equal(a, b) for a, b in zip(one, slopes(learning, same), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(one, slopes(learning, other), strict=True))


class Repeats(nn.Module):
    """Each pixel four times, and a little brighter."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=2, mode="nearest") * 0.9 + 0.2


def test_each_term_is_what_it_says() -> None:
    large, net = pictures(), Repeats()
    small = shrink(large, 2)
    found = objective(measured=1, smaller=1, between=1).terms(step(large, net))
    made = net(small)
    # Shrinking is linear and keeps what is even: of repeated pixels, too.
    measured = imresize_matlab(made / 2, size=(SIDE // 2, SIDE // 2)) * 2
    torch.testing.assert_close(found["measured"], (measured - small).abs().mean())
    torch.testing.assert_close(found["smaller"], (net(shrink(small, 2)) - small).abs().mean())
    between = imresize_matlab(made / 2, size=(16, 16)) * 2
    between = between.clamp(0, 1)
    torch.testing.assert_close(found["between"], (net(shrink(between, 2)) - between).abs().mean())


def test_shrinking_samples_of_any_range_is_that_of_pictures() -> None:
    large = pictures().requires_grad_()
    torch.testing.assert_close(
        imresize_matlab(large * 4 - 2, (12, 16)), imresize_matlab(large, size=(12, 16)) * 4 - 2
    )
    imresize_matlab(large, (12, 16)).sum().backward()
    assert large.grad is not None and float(large.grad.sum()) == pytest.approx(COUNT * 3 * 12 * 16)


def test_best_is_chosen_without_a_large_picture() -> None:
    large, net, learning = pictures(), Repeats(), objective(smaller=1)
    found = learning.measure([step(large, net)])
    assert next(iter(learning.measures)) == SMALLER and found.keys() == learning.measures.keys()
    small = shrink(large, 2)
    again = net(shrink(small, 2)).clamp(0, 1)
    assert found[SMALLER] == pytest.approx(float(psnr(again, small).mean()))
    differs = learning.measure([step(other_pictures(large), net)])
    assert found[SMALLER] == differs[SMALLER] and found["PSNR"] != differs["PSNR"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"damage": "shrink:area:2"}, "damage: what is known is shrink:FACTOR, not shrink:area:2"),
        (
            {"augment": "mirror+crop:58"},
            "crop 58 cannot be shrunk 2 times, and as much again; let it be 56",
        ),
    ],
)
def test_what_it_cannot_learn_from(settings: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=f"^{said}$"):
        objective_of(with_settings(find("upscale-unseen-x2"), settings))
