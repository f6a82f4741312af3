"""Methods by name: each against what it is known to give."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trombine.data.degrade import enlarge
from trombine.methods import TASKS, methods
from trombine.nets import build
from trombine.refusal import InputError
from trombine.upscaling.pipelines import model_in, nets_of
from trombine.upscaling.running import enlarged
from trombine.weights import Card, save


def pictures(count: int = 2, channels: int = 3) -> torch.Tensor:
    levels = torch.randint(0, 256, (count, channels, 12, 14), generator=torch.manual_seed(3))
    return levels / 255


def hole() -> torch.Tensor:
    there = torch.zeros(2, 1, 12, 14)
    there[0, :, 3:6, 4:9] = 1
    there[1, :, 5:, 2:4] = 1
    return there


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_methods_without_a_net(task: str) -> None:
    assert methods(task).keys() == TASKS[task].baselines.keys()


def test_interpolation_is_that_of_degrade() -> None:
    found = methods("upscale", "bicubic", "Lanczos")
    small, wide = pictures(), enlarge(pictures(), 2, kernel="lanczos")
    assert torch.equal(found["bicubic"](small, factor=2), enlarge(small, 2))
    assert torch.equal(found["Lanczos"](small, factor=2), wide)


def test_nearest_repeats_pixels() -> None:
    made = methods("upscale", "nearest pixel")["nearest pixel"](pictures(), factor=3)
    wanted = pictures().repeat_interleave(3, 2).repeat_interleave(3, 3)
    assert torch.allclose(made, wanted, atol=1e-6)


def test_a_net_is_a_method_and_grey_stays_grey() -> None:
    run = methods("upscale", "upscale-fast")["upscale-fast"]
    made = run(pictures(), factor=2)
    net = model_in(nets_of("upscale-fast")[2]).in_rgb
    assert (made[1] - enlarged(net, pictures()[1])).abs().max() <= 0.5 / 255 + 1e-6
    assert torch.allclose(made * 255, (made * 255).round(), atol=1e-4)
    assert run(pictures(channels=1), factor=2).shape == (2, 1, 24, 28)


@pytest.mark.parametrize("name", TASKS["repair"].baselines)
def test_what_is_kept_stays_exactly(name: str) -> None:
    made = methods("repair", name)[name](pictures(), hole=hole())
    kept = (hole() == 0).expand_as(made)
    assert torch.equal(made[kept], pictures()[kept])


def test_the_mean_colour_is_that_of_what_is_kept() -> None:
    made = methods("repair", "mean colour")["mean colour"](pictures(), hole=hole())
    first = pictures()[0][:, hole()[0, 0] == 0].mean(1)
    assert (made[0, :, 4, 5] - first).abs().max() <= 0.5 / 255 + 1e-6
    none_kept = methods("repair", "mean colour")["mean colour"](
        pictures(), hole=torch.ones(2, 1, 12, 14)
    )
    assert torch.allclose(none_kept, torch.full_like(none_kept, 0.5), atol=0.5 / 255)


def test_biharmonic_continues_a_slope() -> None:
    """A plane is biharmonic: it comes back, to the rounding."""
    down, across = torch.meshgrid(torch.arange(12.0), torch.arange(14.0), indexing="ij")
    plane = (0.1 + 0.02 * down + 0.03 * across).expand(2, 3, 12, 14).contiguous()
    made = methods("repair", "biharmonic")["biharmonic"](plane, hole=hole())
    assert (made - plane).abs().max() <= 1.5 / 255


def test_a_name_that_is_none() -> None:
    with pytest.raises(InputError, match="magic: is neither a shipped model nor a file"):
        methods("repair", "magic")
    with pytest.raises(InputError, match="is neither a shipped model nor a file"):
        methods("upscale", "magic")


def test_a_repairing_net_is_a_method(tmp_path: Path) -> None:
    """It never sees what is in the hole, and keeps all else."""
    sizes = {"width": 4, "levels": 1, "inputs": 4}
    save(
        tmp_path / "it.safetensors",
        build("unet", sizes),
        Card(task="repair", net="unet", sizes=sizes),
    )
    run = methods("repair", str(tmp_path / "it.safetensors")).popitem()[1]
    made = run(pictures(), hole=hole())
    other = torch.where(hole() > 0.5, 1 - pictures(), pictures())
    assert torch.equal(run(other, hole=hole()), made)
    kept = (hole() == 0).expand_as(made)
    assert torch.equal(made[kept], pictures()[kept]) and not torch.equal(made, pictures())
    with pytest.raises(InputError, match="takes no points; it takes picture, hole"):
        run(pictures(), hole=hole(), points=torch.zeros(2, 68, 2))
