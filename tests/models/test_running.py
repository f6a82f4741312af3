"""A net in tiles: the whole picture's result, on any number of threads, and stopped at any tile."""

from __future__ import annotations

import copy
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import final

import numpy as np
import pytest
import torch
from jaxtyping import Float

from trombine.io.image import load_picture
from trombine.models import load, read_card, running, shipped
from trombine.models.running import enlarged, prepare, resolved_tile
from trombine.models.zoo import HALF
from trombine.nets import Net, build

ENLARGERS = [name for name, path in shipped().items() if read_card(path).task == "upscale"]
ROUNDS = 30  # of random sizes and tiles, over all shipped nets
INPUTS = Path(__file__).parents[1] / "golden" / "inputs"
DEEP = 5  # of the small nets here


def some(height: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def small(factor: int = 2) -> Net:
    """A net that is quick, whose every weight matters."""
    net = build("residual", {"width": 6, "depth": DEEP, "factor": factor}, seed=3)
    with torch.no_grad():
        for number, parameter in enumerate(net.parameters()):
            drawn = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number))
            parameter += 0.03 * drawn
    return net


def whole(net: Net, picture: torch.Tensor) -> torch.Tensor:
    """Plain torch, all at once."""
    return net(picture[None])[0].detach().clamp(0, 1)


def gap(one: torch.Tensor, other: torch.Tensor) -> float:
    assert one.shape == other.shape
    return float((one - other).abs().max())


@final
class Mean(Net):
    """A net that looks at the whole picture."""

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c h w"]:
        return (x + x.mean((-2, -1), keepdim=True)) / 2


def drawn_sizes(net: Net, draw: np.random.Generator) -> tuple[int, int, int]:
    """A height, a width and a tile's side that make four tiles.

    A tile counts for `tile` pixels and sees `reach` more on each side; a picture that is up to
    `tile` longer than all of that has two of them along that axis.
    """
    assert net.reach is not None
    tile = int(draw.integers(2, 10))
    seen = tile + 2 * net.reach
    height, width = (seen + int(n) for n in draw.integers(1, tile + 1, size=2))
    return height, width, tile


def is_of_four(done: int, of: int) -> None:
    assert 1 <= done <= of == 4


@pytest.mark.parametrize("name", ENLARGERS)
def test_tiles_are_the_whole_for_every_shipped_net(name: str) -> None:
    net, draw = load(name).in_rgb, np.random.default_rng(len(name))
    for seed in range(-(-ROUNDS // len(ENLARGERS))):
        height, width, tile = drawn_sizes(net, draw)
        picture = some(height, width, seed)
        found = enlarged(net, picture, tile=tile, tick=is_of_four)
        assert gap(found, whole(net, picture)) < 1e-5, (height, width, tile)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_tiles_are_the_whole_for_every_factor(factor: int) -> None:
    net, draw = small(factor), np.random.default_rng(factor)
    for seed in range(4):
        height, width, tile = drawn_sizes(net, draw)
        picture = some(height, width, seed)
        assert gap(enlarged(net, picture, tile=tile), whole(net, picture)) < 5e-6


def test_one_pixel_less_of_overlap_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the tests above can fail."""
    net = small()
    picture = some(40, 40)
    wanted = whole(net, picture)
    assert gap(enlarged(net, picture, tile=7), wanted) < 2e-6
    monkeypatch.setattr(type(net), "reach", DEEP + 1)
    assert gap(enlarged(net, picture, tile=7), wanted) > 1e-5


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (33, 2)])
def test_tiny_and_thin_pictures(height: int, width: int) -> None:
    net, picture = small(), some(height, width)
    for tile in (None, 5):
        assert gap(enlarged(net, picture, tile=tile), whole(net, picture)) < 2e-6


def test_the_bits_do_not_depend_on_the_threads() -> None:
    net, picture = small(4), some(70, 55)
    first = enlarged(net, picture, tile=16, threads=1)
    for threads in (1, 2, 3, 7):
        assert torch.equal(enlarged(net, picture, tile=16, threads=threads), first)


def test_calls_at_the_same_time() -> None:
    """As a batch of small pictures makes them; threads begun later have torch's usual number."""
    net, before = small(), torch.get_num_threads()
    pictures = [some(40, 41, seed) for seed in range(12)]
    try:
        torch.set_num_threads(3)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(partial(enlarged, net, tile=9, threads=1), pictures))
        later: list[int] = []
        run([threading.Thread(target=lambda: later.append(torch.get_num_threads()))])
        assert [*later, torch.get_num_threads()] == [3, 3]
    finally:
        torch.set_num_threads(before)
    for picture, made in zip(pictures, found, strict=True):
        assert torch.equal(made, enlarged(net, picture, tile=9))


def test_a_net_that_is_kept_is_got_ready_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks, and for as long as it lives; the bits are those of one that is not."""
    net, picture = small(), some(40, 40)
    wanted, tile = enlarged(net, picture), resolved_tile(net, 40, 40, None)
    copied, copy_of = [], running._copied

    def spy(net: Net) -> Net:
        copied.append(net)
        return copy_of(net)

    monkeypatch.setattr(running, "_copied", spy)
    run([threading.Thread(target=prepare, args=(net,)) for _ in range(4)])
    assert len(copied) == 2, "to run, and to be measured"
    assert torch.equal(enlarged(net, picture), wanted)
    assert resolved_tile(net, 40, 40, None) == tile and len(copied) == 2
    assert all(one.is_contiguous() and one.requires_grad for one in net.parameters())
    others = len(running._PREPARED)
    copied.clear()
    del net
    gc.collect()
    assert len(running._PREPARED) == others - 1


def run(threads: list[threading.Thread]) -> None:
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def test_what_is_outside_the_range_is_held_at_its_edge() -> None:
    net = small()
    picture = (3 * some(30, 30) - 1).clamp(0, 1)
    found = enlarged(net, picture)
    plain = net(picture[None]).detach()
    assert float(plain.min()) < 0 and float(plain.max()) > 1
    assert (float(found.min()), float(found.max())) == (0, 1)


def test_the_callers_net_stays_as_it_is() -> None:
    net = build("srresnet", {"width": 4, "blocks": 1}).train()
    before, picture = copy.deepcopy(net.state_dict()), some(20, 20)
    found = enlarged(net, picture, tile=8)
    assert net.training and all(one.requires_grad for one in net.parameters())
    assert all(torch.equal(before[name], now) for name, now in net.state_dict().items())
    assert all(one.is_contiguous() for one in net.parameters())
    assert not found.is_inference() and not found.requires_grad
    assert gap(found, whole(net.eval(), picture)) < 5e-6


# ---------------------------------------------------------------------------------------------
# Progress, and stopping


def test_every_tile_is_told_of_in_the_callers_thread() -> None:
    told: list[tuple[int, int]] = []

    def tick(done: int, of: int) -> None:
        assert threading.current_thread() is threading.main_thread()
        told.append((done, of))

    enlarged(small(), some(40, 40), tile=9, tick=tick)
    # By hand: tiles of 9 + 2 * 7 see 23 pixels; the other 17 take two more of 9.
    assert told == [(n, 9) for n in range(1, 10)]


def test_what_a_tick_raises_stops_the_rest() -> None:
    net, begun = small(), list[int]()

    def tick(done: int, of: int) -> None:
        if done == 3:
            raise KeyboardInterrupt("enough")

    torch.nn.Module.register_forward_pre_hook(net, lambda *_: begun.append(1))
    with pytest.raises(KeyboardInterrupt, match="enough"):
        enlarged(net, some(60, 60), tile=4, tick=tick)
    assert len(begun) == 3


# ---------------------------------------------------------------------------------------------
# Which tiles


def test_a_net_that_looks_everywhere_has_one_tile() -> None:
    net, picture = Mean(), some(40, 30)
    net.sizes = {}
    assert resolved_tile(net, 40, 30, 8) == 40
    told: list[int] = []
    found = enlarged(net, picture, tile=8, tick=lambda done, of: told.append(of))
    assert gap(found, whole(net, picture)) < 1e-6 and told == [1]


@pytest.mark.parametrize(("height", "width"), [(7, 9), (300, 200), (750, 1000), (3000, 40)])
def test_the_tile_that_is_chosen(height: int, width: int) -> None:
    """It depends on nothing but net and picture, and computes little twice."""
    net = build("residual", {"width": 64, "depth": 14, "factor": 4})
    side = resolved_tile(net, height, width, None)
    assert side == resolved_tile(copy.deepcopy(net).train(), height, width, None)
    count, box = 1, 1
    for length in (height, width):
        size = min(side + 32, length)
        count *= 1 + max(0, -(-(length - size) // side))
        box *= size
    assert box * 64 * 4 <= 32 << 20, "features are blocks that are kept"
    assert count * box < (1.4 if min(height, width) > 60 else 2) * height * width + 64**2


# In half precision


def levels(picture: torch.Tensor) -> torch.Tensor:
    return (255 * picture).round()


@pytest.mark.parametrize("name", sorted(HALF))
def test_half_precision_is_off_by_one_level_at_most(name: str) -> None:
    net = load(name).in_rgb
    for path in sorted(INPUTS.iterdir()):
        colours = load_picture(path).plain.rgb()[-64:, -64:]
        picture = torch.from_numpy(np.ascontiguousarray(colours.transpose(2, 0, 1)))
        exact, half = enlarged(net, picture), enlarged(net, picture, half=True)
        assert half.dtype == torch.float32
        assert not torch.equal(half, exact)
        assert gap(levels(half), levels(exact)) <= 1


def test_only_nets_that_were_measured_compute_in_half_precision() -> None:
    assert set(ENLARGERS) - HALF == {"upscale-sharp-x4"}
    assert load("upscale-x2").half
    assert not load("upscale-sharp-x4").half
    assert not replace(load("upscale-x2"), path=Path("upscale-x2.safetensors")).half
