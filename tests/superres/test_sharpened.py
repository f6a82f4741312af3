"""The grid of the pixel shuffle, taken out of what a sharp net adds."""

from __future__ import annotations

import torch

from trombine.models.running import enlarged
from trombine.nets import Net, build
from trombine.superres.sharpened import FAINT, SIDE, Sharpened, grid

FACTOR = 4


def net(seed: int) -> Net:
    return build("residual", {"width": 8, "depth": 2, "factor": FACTOR}, seed=seed).eval()


def test_a_faint_pattern_that_repeats_is_all_that_is_found() -> None:
    """Exactly; also where it is added to a colour, which is none of it."""
    pattern = torch.rand(1, 3, FACTOR, FACTOR, generator=torch.Generator().manual_seed(1))
    pattern = FAINT / 4 * (pattern - pattern.mean((2, 3), keepdim=True))
    repeated = pattern.repeat(1, 1, 12, 10)
    colour = FAINT * torch.tensor([0.2, -0.1, 0.4])[:, None, None]
    assert torch.allclose(grid(repeated + colour, FACTOR), repeated, atol=1e-8)


def test_an_edge_is_no_pattern() -> None:
    """However strong, it leaves no more beside itself than a faint one."""
    edge = torch.zeros(1, 3, 80, 80)
    edge[..., 41] = 1.0
    assert grid(edge, FACTOR).abs().max() <= FAINT / SIDE


def test_tiled_equals_whole_and_equal_nets_have_no_grid() -> None:
    both = Sharpened(net(3), net(4))
    picture = torch.rand(3, 40, 33, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        whole = both(picture[None])[0].clamp(0, 1)
    assert (enlarged(both, picture, tile=7) - whole).abs().max() < 1e-5
    one = net(3)
    with torch.inference_mode():
        assert torch.equal(Sharpened(one, one)(picture[None]), one(picture[None]))
