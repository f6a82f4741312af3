"""Whole pictures enlarged: colours, greys, transparency, depth, profiles, progress, films."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import torch
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.core.progress import Tick
from trombine.data.resize import imresize_matlab, matlab_weights, resize_large
from trombine.io.image import Picture
from trombine.io.video import Frames
from trombine.models import Card, Model, load
from trombine.nets import Net, build
from trombine.superres import pictures
from trombine.superres.pictures import (
    How,
    enlarged_colours,
    enlarged_film,
    enlarged_image,
)
from trombine.superres.pipelines import Pipeline

RNG = np.random.default_rng(21)
ADOBE = imagecodecs.cms_profile("adobergb")
HEIGHT, WIDTH = 14, 19


def model(factor: int, *, plain: bool = False) -> Model:
    """A net that has learnt nothing: it adds noise, and a tint; or, `plain`, bicubic alone."""
    net = build("residual", {"width": 6, "depth": 2, "factor": factor}, seed=factor).eval()
    if plain:
        torch.nn.init.zeros_(net.get_parameter("tail.weight"))
        torch.nn.init.zeros_(net.get_parameter("tail.bias"))
    card = Card(task="upscale", net="residual", sizes=net.sizes)
    return Model(net=net, card=card, hash="", path=Path())


def way(*factors: int, size: tuple[int, int] | None = None, plain: bool = False) -> Pipeline:
    times = int(np.prod(factors))
    return Pipeline(
        models=tuple(model(factor, plain=plain) for factor in factors),
        size=size or (HEIGHT * times, WIDTH * times),
        last="bicubic" if size else "",
    )


def noise(channels: int, bits: int = 8) -> np.ndarray:
    dtype = {8: np.uint8, 16: np.uint16}[bits]
    return RNG.integers(0, 2**bits, (HEIGHT, WIDTH, channels), dtype)


def bicubic(colours: np.ndarray, factor: int) -> np.ndarray:
    """What a plain net does, h x w x c, by torch."""
    planes = torch.from_numpy(np.ascontiguousarray(colours.transpose(2, 0, 1)))[None]
    large = functional.interpolate(planes, scale_factor=float(factor), mode="bicubic")
    return large[0].clamp(0, 1).permute(1, 2, 0).numpy()


def checker(channels: int = 1) -> np.ndarray:
    """0 and 255 in large areas, so that much of each is far from the other."""
    board = np.zeros((HEIGHT, WIDTH), np.uint8)
    board[:, 9:] = 255
    board[8:, :4] = 255
    return np.repeat(board[..., None], channels, axis=2)


# ---------------------------------------------------------------------------------------------
# The best of eight


def best_of_eight(colours: np.ndarray, alpha: np.ndarray | None, pipeline: Pipeline) -> Any:
    """Colours and alpha, h x w x 3 and h x w: the mean of the eight results, by NumPy alone."""
    results, alphas = [], []
    for number in range(8):
        shown, seen = colours[:, :: -1 if number > 3 else 1], alpha
        if alpha is not None:
            seen = np.rot90(alpha[:, :: -1 if number > 3 else 1], number).copy()
        shown = np.rot90(shown, number).copy()
        made, made_alpha = enlarged_colours(shown, seen, upright(pipeline, number))
        back = [np.rot90(made.permute(1, 2, 0).numpy(), -number)]
        back += [] if made_alpha is None else [np.rot90(made_alpha, -number)]
        results.append(back[0] if number < 4 else back[0][:, ::-1])
        alphas += back[1:] if number < 4 else [one[:, ::-1] for one in back[1:]]
    return np.mean(results, axis=0), np.mean(alphas, axis=0) if alphas else None


WAYS = {
    "one net": way(2),
    "two nets, and shrunk": way(4, 2, size=(5 * HEIGHT, 5 * WIDTH)),
    "blended": replace(way(2), second=way(4, size=(2 * HEIGHT, 2 * WIDTH)), share=0.3),
}


def upright(pipeline: Pipeline, number: int) -> Pipeline:
    """The same nets for a picture that lies, where it was turned by a quarter."""
    if number % 2 == 0:
        return pipeline
    second = None if pipeline.second is None else upright(pipeline.second, 1)
    return replace(pipeline, size=(pipeline.size[1], pipeline.size[0]), second=second)


@pytest.mark.parametrize(("name", "tile"), [*((name, None) for name in WAYS), ("blended", 16)])
def test_best_is_the_mean_of_eight_results(name: str, tile: int | None) -> None:
    """Of transparency, too, within its bounds."""
    colours = Picture(samples=noise(3)).rgb()
    alpha = np.float32(0.2) + checker()[..., 0] / np.float32(400)
    wanted, wanted_alpha = best_of_eight(colours, alpha, WAYS[name])
    best = replace(WAYS[name], best=True)
    made, made_alpha = enlarged_colours(colours, alpha, best, How(tile=tile))
    assert np.abs(made.permute(1, 2, 0).numpy() - wanted).max() < 1e-5
    assert np.abs(made_alpha - wanted_alpha).max() < 2 / 255
    alone, _ = enlarged_colours(colours, None, WAYS[name])
    assert np.abs(made.numpy() - alone.numpy()).max() > 1e-3, "one of them alone is another"


def test_the_best_of_grey_is_grey_and_says_how_far_it_is() -> None:
    heard: list[tuple[int, int]] = []
    image, best = Picture(samples=np.repeat(noise(1, 16), 3, axis=2)), replace(way(2), best=True)
    made = enlarged_image(image, best, How(tick=lambda *done: heard.append(done)))
    assert made.bits == 16 and (made.samples == made.samples[..., :1]).all()
    assert len(heard) == 8 and heard == sorted(heard) and heard[-1][0] == heard[-1][1]


# ---------------------------------------------------------------------------------------------
# Colours


@pytest.mark.parametrize("factors", [(2,), (4,), (4, 2)])
def test_the_colours_are_what_the_nets_make(factors: tuple[int, ...]) -> None:
    """One after the other."""
    image = Picture(samples=noise(3))
    expected = image.tensor()[None]
    with torch.inference_mode():
        for factor in factors:
            expected = model(factor).net(expected).clamp(0, 1)
    made = enlarged_image(image, way(*factors))
    found = made.samples.transpose(2, 0, 1) / 255
    assert np.abs(found - expected[0].numpy()).max() <= 0.5 / 255 + 1e-5
    plain = bicubic(image.rgb(), math.prod(factors))
    assert np.abs(found - plain.transpose(2, 0, 1)).max() > 0.02


def test_three_times_is_four_times_shrunk() -> None:
    image = Picture(samples=noise(3, 16))
    size = (3 * HEIGHT, 3 * WIDTH)
    made = enlarged_image(image, way(4, size=size))
    with torch.inference_mode():
        four = model(4).net(image.tensor()[None])[0].clamp(0, 1)
    expected = imresize_matlab(four, size=size).clamp(0, 1).permute(1, 2, 0).numpy()
    assert made.samples.shape == (*size, 3)
    assert np.abs(made.rgb() - expected).max() < 2e-5


def test_sixteen_bits_are_not_256_levels() -> None:
    """A ramp within one level of 8 bits; its result is a finer one."""
    ramp = np.linspace(30000, 30256, WIDTH).round().astype(np.uint16)
    image = Picture(samples=np.tile(ramp[None, :, None], (HEIGHT, 1, 3)))
    made = enlarged_image(image, way(4, plain=True))
    assert made.samples.dtype == np.uint16
    inside = made.samples[10, 8:-8, 0].astype(float)
    centres = (np.arange(4 * WIDTH) + 0.5) / 4 - 0.5
    assert np.abs(inside - np.interp(centres, np.arange(WIDTH), ramp)[8:-8]).max() <= 1
    wide = np.linspace(0, 65535, HEIGHT * WIDTH).round().astype(np.uint16)
    whole = Picture(samples=wide.reshape(HEIGHT, WIDTH, 1))
    assert len(np.unique(enlarged_image(whole, way(4)).samples)) > 1000


def test_the_last_step_is_imresize_without_its_zeros() -> None:
    """Dense, the weights of a long picture's rows would be 10 GB."""
    for old, new in ((40, 17), (17, 40), (1, 7), (9, 1)):
        picture = torch.from_numpy(RNG.random((1, old, 3), np.float32))
        dense = imresize_matlab(picture, size=(new, 3)).clamp(0, 1)
        assert torch.allclose(resize_large(picture, (new, 3)), dense, atol=1e-6)
    made = resize_large(torch.full((1, 40_000, 2), 0.5), (30_000, 2))
    assert torch.allclose(made, torch.full((), 0.5))
    assert matlab_weights(40_000, 30_000, "bicubic").nnz < 30_000 * 8


def test_a_profile_stays_and_so_do_its_colours() -> None:
    """Adobe RGB has greens that sRGB lacks: through sRGB they would come back weaker."""
    samples = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    samples[..., 1] = 255
    image = Picture(samples=samples, profile=ADOBE)
    made = enlarged_image(image, way(2, plain=True))
    assert made.profile == ADOBE
    assert (made.samples == samples[0, 0]).all()


@pytest.mark.parametrize(("bits", "profile"), [(8, None), (16, ADOBE)])
def test_a_grey_picture_gets_no_tint(bits: int, profile: bytes | None) -> None:
    grey = noise(1, bits)
    size = (3 * HEIGHT, 3 * WIDTH)
    by_way = way(4, size=size)
    of_one = enlarged_image(Picture(samples=grey, profile=profile), by_way)
    image = Picture(samples=np.repeat(grey, 3, axis=2), profile=profile)
    of_three = enlarged_image(image, by_way)
    assert (of_three.samples == of_three.samples[..., :1]).all()
    assert np.array_equal(of_one.samples, of_three.samples[..., :1])
    with torch.inference_mode():
        raw = model(4).net(replace(image, profile=None).tensor()[None])[0]
    assert (raw[0] - raw[1]).abs().max() > 0.02, "this net does tint"


# ---------------------------------------------------------------------------------------------
# Transparency


def disc() -> np.ndarray:
    """How much of each pixel a disc covers, as alpha of 8 bits."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return (np.clip(5.5 - np.hypot(y - 6.5, x - 9), 0, 1) * 255).round().astype(np.uint8)


def test_hidden_colours_do_not_bleed_into_edges() -> None:
    """A red disc on black that nobody sees is as red as one on red."""
    alpha = disc()
    samples = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    samples[alpha > 0] = (230, 20, 30, 0)
    samples[..., 3] = alpha
    red = samples.copy()
    red[..., :3] = (230, 20, 30)
    on_black, on_red = (
        enlarged_image(Picture(samples=one), way(4, plain=True)) for one in (samples, red)
    )
    assert (on_red.samples[..., :3] == (230, 20, 30)).all()
    assert np.array_equal(on_black.samples, on_red.samples)
    careless = bicubic(samples[..., :3] / np.float32(255), 4)[on_red.samples[..., 3] > 40]
    assert careless[:, 0].min() < 0.75, "there would be a dark edge"


def test_alpha_goes_through_the_net_as_grey_and_does_not_ring() -> None:
    """It stays between the least and the largest of the nine small pixels round it."""
    alpha = noise(1)
    image = Picture(samples=np.concatenate([noise(3), alpha], axis=2))
    made = enlarged_image(image, way(2))
    assert made.mode == "RGBA"
    grey = enlarged_image(Picture(samples=alpha), way(2))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(alpha[..., 0], 1, "edge"), (3, 3))
    low, high = (np.kron(edge((2, 3)), np.ones((2, 2))) for edge in (around.min, around.max))
    assert np.array_equal(made.samples[..., 3], np.clip(grey.samples[..., 0], low, high))
    assert not np.array_equal(made.samples[..., 3:], grey.samples), "this net rings"


def test_alpha_stays_exactly_0_and_1_within() -> None:
    """Three pixels from its edges; a net that adds noise would leave neither."""
    size = (3 * HEIGHT - 1, 3 * WIDTH + 2)
    samples = np.concatenate([noise(3, 16), checker().astype(np.uint16) * 257], axis=2)
    made = enlarged_image(Picture(samples=samples), way(4, size=size)).samples[..., 3]
    high, wide = made.shape[0] / HEIGHT, made.shape[1] / WIDTH
    assert (made[: int(5 * high), : int(6 * wide)] == 0).all()
    assert (made[:, int(13 * wide) :] == 65535).all()
    assert (made[int(11 * high) :, : int(1 * wide)] == 65535).all()
    assert ((made > 0) & (made < 65535)).any()
    raw = enlarged_image(Picture(samples=samples[..., 3:]), way(4, size=size)).samples
    assert (raw[:, int(13 * wide) :] < 65535).mean() > 0, "this net would not keep it"


def test_one_alpha_everywhere_stays_so() -> None:
    """A picture without visible pixels too."""
    for level in (0, 77):
        alpha = np.full((HEIGHT, WIDTH, 1), level, np.uint8)
        made = enlarged_image(Picture(samples=np.concatenate([noise(3), alpha], axis=2)), way(2))
        assert (made.samples[..., 3] == level).all()


# ---------------------------------------------------------------------------------------------
# Progress


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_progress_covers_all_nets_and_alpha(mode: str) -> None:
    heard: list[tuple[int, int]] = []
    image = Picture(samples=noise(len(mode)))
    enlarged_image(image, way(2, 2), How(tick=lambda done, of: heard.append((done, of))))
    passes = len(mode) - 2
    assert {of for _, of in heard} == {passes * 5 * HEIGHT * WIDTH}
    done = [done for done, _ in heard]
    assert done == sorted(done) and done[0] > 0 and done[-1] == heard[-1][1]
    assert len(heard) >= 2 * passes, "each net tells at least once"
    ends = [HEIGHT * WIDTH * (5 * index + one) for index in range(passes) for one in (1, 5)]
    assert set(ends) <= set(done)


Asked = tuple[int | None, int | None, bool]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """The tile, the threads and the precision of each time that a net runs."""
    found: list[Asked] = []
    run = pictures.running.enlarged

    def spy(
        net: Net,
        picture: torch.Tensor,
        *,
        tile: int | None = None,
        threads: int | None = None,
        half: bool = False,
        tick: Tick | None = None,
    ) -> torch.Tensor:
        found.append((tile, threads, half))
        return run(net, picture, tile=tile, threads=threads, tick=tick)

    monkeypatch.setattr(pictures.running, "enlarged", spy)
    return found


def test_tiles_and_threads_reach_every_net(asked: list[Asked]) -> None:
    image = Picture(samples=noise(4))
    enlarged_image(image, way(2, 2), How(tile=64, threads=1))
    assert asked == [(64, 1, False)] * 4


@pytest.mark.parametrize(("name", "bits", "half"), [
    ("upscale-fast-x2", 8, True), ("upscale-fast-x2", 16, False), ("upscale-sharp-x4", 8, False)
])  # fmt: skip
def test_half_precision_is_for_nets_that_allow_it_and_eight_bits(
    asked: list[Asked], name: str, bits: int, half: bool
) -> None:
    net = load(name)
    times = net.net.factor
    one = Pipeline(models=(net,), size=(HEIGHT * times, WIDTH * times), last="")
    enlarged_image(Picture(samples=noise(3, bits)), one, How(half=True))
    assert asked == [(None, None, half)]


# ---------------------------------------------------------------------------------------------
# Films


def film(*samples: np.ndarray) -> Frames:
    frames = tuple(Picture(samples=one) for one in samples)
    durations = tuple(range(20, 10 * len(frames) + 20, 10))
    return Frames(frames=frames, durations=durations, loops=3)


def test_each_frame_of_a_film_is_enlarged_as_a_picture_is(
    asked: list[tuple[int | None, int | None]],
) -> None:
    """Of equal frames in a row the first alone is computed."""
    one, other = noise(3), noise(3)
    heard: list[tuple[int, int]] = []
    given = film(one, one.copy(), one.copy(), other, one, one)
    made = enlarged_film(given, way(2), How(tick=lambda done, of: heard.append((done, of))))
    assert (made.durations, made.loops) == (given.durations, 3)
    assert len(asked) == 3 and len(made.frames) == 6
    assert heard == sorted(heard) and heard[-1] == (3 * HEIGHT * WIDTH, 3 * HEIGHT * WIDTH)
    for frame, before in zip(made.frames, given.frames, strict=True):
        assert np.array_equal(frame.samples, enlarged_image(before, way(2)).samples)


def test_all_frames_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", "200000000")
    one = noise(3)
    with pytest.raises(InputError, match="would become 3 frames of 9,000 x 9,000"):
        enlarged_film(film(one, one, one), way(2, size=(9000, 9000)))
