"""Methods by name: each against what it is known to give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError
from trombine.data.resize import enlarge
from trombine.eval.methods import LEARNT_AT, LEARNT_FROM, TASKS
from trombine.models import Card, load, save
from trombine.models.running import enlarged
from trombine.nets import build
from trombine.restyling.filters import drawn
from trombine.superres.pipelines import model_in, resolve
from trombine.world import face, paint


def pictures(count: int = 2, channels: int = 3) -> torch.Tensor:
    levels = torch.randint(0, 256, (count, channels, 12, 14), generator=torch.manual_seed(3))
    return levels / 255


def hole() -> torch.Tensor:
    there = torch.zeros(2, 1, 12, 14)
    there[0, :, 3:6, 4:9] = 1
    there[1, :, 5:, 2:4] = 1
    return there


def test_interpolation_is_that_of_degrade() -> None:
    found = TASKS["upscale"].baselines
    small, wide = pictures(), enlarge(pictures(), 2, kernel="lanczos")
    assert torch.equal(found["bicubic"](small, factor=2), enlarge(small, 2))
    assert torch.equal(found["Lanczos"](small, factor=2), wide)


def test_nearest_repeats_pixels() -> None:
    made = TASKS["upscale"].baselines["nearest pixel"](pictures(), factor=3)
    wanted = pictures().repeat_interleave(3, 2).repeat_interleave(3, 3)
    assert torch.allclose(made, wanted, atol=1e-6)


def test_a_net_is_a_method_and_grey_stays_grey() -> None:
    run = TASKS["upscale"].net("upscale-fast")
    made = run(pictures(), factor=2)
    net = model_in(resolve("upscale-fast").by_factor[2]).in_rgb
    assert (made[1] - enlarged(net, pictures()[1])).abs().max() <= 0.5 / 255 + 1e-6
    assert torch.allclose(made * 255, (made * 255).round(), atol=1e-4)
    assert run(pictures(channels=1), factor=2).shape == (2, 1, 24, 28)


@pytest.mark.parametrize("name", TASKS["repair"].baselines)
def test_what_is_kept_stays_exactly(name: str) -> None:
    if name == "Telea":
        pytest.importorskip("cv2", reason="OpenCV is an extra")
    made = TASKS["repair"].baselines[name](pictures(), hole=hole())
    kept = (hole() == 0).expand_as(made)
    assert torch.equal(made[kept], pictures()[kept])


def test_the_mean_colour_is_that_of_what_is_kept() -> None:
    made = TASKS["repair"].baselines["mean colour"](pictures(), hole=hole())
    first = pictures()[0][:, hole()[0, 0] == 0].mean(1)
    assert (made[0, :, 4, 5] - first).abs().max() <= 0.5 / 255 + 1e-6
    none_kept = TASKS["repair"].baselines["mean colour"](pictures(), hole=torch.ones(2, 1, 12, 14))
    assert torch.allclose(none_kept, torch.full_like(none_kept, 0.5), atol=0.5 / 255)


def test_biharmonic_continues_a_slope() -> None:
    """A plane is biharmonic: it comes back, to the rounding."""
    down, across = torch.meshgrid(torch.arange(12.0), torch.arange(14.0), indexing="ij")
    plane = (0.1 + 0.02 * down + 0.03 * across).expand(2, 3, 12, 14).contiguous()
    made = TASKS["repair"].baselines["biharmonic"](plane, hole=hole())
    assert (made - plane).abs().max() <= 1.5 / 255


def test_the_nearest_pixel_is_that_of_brute_force() -> None:
    """Each pixel of the hole is one of those that are kept nearest to it."""
    made = TASKS["repair"].baselines["nearest pixel"](pictures(), hole=hole())
    for picture, result, mask in zip(pictures(), made, hole()[:, 0], strict=True):
        kept = (mask == 0).nonzero()
        for place in mask.nonzero():
            away = (kept - place).square().sum(1)
            nearest = kept[away == away.min()]
            colours = [picture[:, y, x] for y, x in nearest.tolist()]
            assert any(torch.equal(result[:, place[0], place[1]], colour) for colour in colours)


def test_a_family_enlarges_by_its_nets_one_after_the_other() -> None:
    """Four times by a net for twice is twice by it, twice."""
    run = TASKS["upscale"].net("upscale-fast")
    assert torch.equal(run(pictures(), factor=4), run(run(pictures(), factor=2), factor=2))
    with pytest.raises(InputError, match="upscale-fast enlarges 2 times"):
        run(pictures(), factor=3)


def test_colours_are_those_of_the_style() -> None:
    """Mean and deviation of a channel come out as the style's, where nothing is cut off."""
    noise = 0.5 + 0.02 * torch.randn(1, 3, 64, 64, generator=torch.manual_seed(3))
    made = TASKS["restyle"].baselines["colour transfer"](noise, style="anime")
    faces = [paint(face(seed), LEARNT_AT, "anime").pixels / 255 for seed in LEARNT_FROM]
    assert made.mean((2, 3))[0].numpy() == pytest.approx(np.mean(faces, axis=(0, 1, 2)), abs=0.02)
    assert made.std().item() > 5 * noise.std().item()


def test_the_nearest_face_of_one_that_is_known_is_itself() -> None:
    pairs = [[paint(face(seed), 96, style).pixels for style in ("photo", "sketch")]
             for seed in LEARNT_FROM[5:8]]  # fmt: skip
    shown, wanted = (torch.stack([to_picture(np.ascontiguousarray(one)) for one in side])
                     for side in zip(*pairs, strict=True))  # fmt: skip
    run = TASKS["restyle"].baselines["nearest face"]
    assert torch.equal(run(shown, style="sketch", source="photo"), wanted)


@pytest.mark.parametrize("style", ["photo", "anime", "sketch"])
def test_filters_are_those_of_whole_pictures(style: str) -> None:
    made = TASKS["restyle"].baselines["filters"](pictures(), style=style)
    for picture, result in zip(pictures(), made, strict=True):
        wanted = picture if style == "photo" else drawn(picture, style)
        assert (result - wanted).abs().max() <= 0.5 / 255 + 1e-6


def test_a_repairing_net_is_a_method(tmp_path: Path) -> None:
    """It never sees what is in the hole, and keeps all else."""
    sizes = {"width": 4, "levels": 1, "inputs": 4}
    save(
        tmp_path / "it.safetensors",
        build("unet", sizes),
        Card(task="repair", net="unet", sizes=sizes),
    )
    run = TASKS["repair"].net(str(tmp_path / "it.safetensors"))
    made = run(pictures(), hole=hole())
    other = torch.where(hole() > 0.5, 1 - pictures(), pictures())
    assert torch.equal(run(other, hole=hole()), made)
    kept = (hole() == 0).expand_as(made)
    assert torch.equal(made[kept], pictures()[kept]) and not torch.equal(made, pictures())


def test_a_restyling_net_is_told_both_styles(tmp_path: Path) -> None:
    sizes = {"size": 16, "width": 4, "latent": 4, "details": 4, "levels": 1, "finish": 1}
    net = build("restyler", {**sizes, "styles": "sketch+photo+anime"}, seed=2)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.manual_seed(1))
    path = tmp_path / "it.safetensors"
    save(path, net, Card(task="restyle", net="restyler", sizes=net.sizes))
    run = TASKS["restyle"].net(str(path))
    shown = torch.rand(2, 3, 16, 16, generator=torch.manual_seed(2))
    with torch.inference_mode():
        wanted = net.eval()(shown, torch.tensor([1, 1]), torch.tensor([2, 2])).clamp(0, 1)
    assert torch.equal(run(shown, style="anime", source="photo"), (wanted * 255).round() / 255)
    assert not torch.equal(run(shown, style="photo", source="anime"), (wanted * 255).round() / 255)
    with pytest.raises(InputError, match="knows sketch, photo, anime, not cartoon"):
        run(shown, style="cartoon")
    with pytest.raises(InputError, match="is for repair, not for restyling"):
        TASKS["restyle"].net("inpaint")


@pytest.mark.parametrize(
    ("styles", "why"),
    [
        ((torch.tensor([0, 4]), torch.tensor([1, 1])), "styles are 0 to 3: photo"),
        ((torch.tensor([-1, 0]), torch.tensor([1, 1])), "styles are 0 to 3"),
        ((torch.tensor([0]), torch.tensor([1, 1])), "source as int64 2, not int64 1"),
        ((torch.tensor([0.0, 0.0]), torch.tensor([1, 1])), "source as int64 2, not float32 2"),
    ],
)
def test_styles_of_no_picture_are_refused(
    tmp_path: Path, styles: tuple[torch.Tensor, ...], why: str
) -> None:
    sizes = {"size": 16, "width": 4, "latent": 4, "details": 4, "levels": 1, "finish": 1}
    net = build("restyler", sizes)
    save(tmp_path / "it.safetensors", net, Card(task="restyle", net="restyler", sizes=net.sizes))
    with pytest.raises(InputError, match=why):
        load(tmp_path / "it.safetensors")(torch.zeros(2, 3, 16, 16), *styles)
