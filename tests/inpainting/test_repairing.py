"""One picture repaired: windows there and back, faces upright, grain, what is kept apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch

from trombine.core.tiles import cut
from trombine.data.masks import mask
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.faces import Steering, faces_in
from trombine.inpainting.grain import Noise
from trombine.inpainting.inpaint import seeds_of
from trombine.inpainting.repairing import Painter, repaired
from trombine.inpainting.windows import LARGEST, THICKEST, USUAL, Window, patches, thickness
from trombine.io.image import picture_of
from trombine.models import Model, loaded
from trombine.nets import Net
from trombine.world.painting import paint
from trombine.world.people import face


def whole(pixels: np.ndarray) -> Damaged:
    """A picture in which nothing is missing."""
    damaged = Damaged.of(picture_of(pixels), np.ones(pixels.shape[:2], bool))
    damaged.colours[:] = pixels.astype(np.float32) / 255
    damaged.missing[:] = False
    return damaged


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> list[Window]:
    """A net that paints what really is there, and the windows that it was given."""
    windows: list[Window] = []
    usual = Painter._paint

    def paint_it(self: Painter, window: Window, *rest: object) -> float:
        windows.append(window)
        return usual(self, window, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Painter, "_paint", paint_it)
    return windows


def with_truth(monkeypatch: pytest.MonkeyPatch, pixels: np.ndarray, windows: list[Window]) -> None:
    truth = whole(pixels)

    def through(
        self: Painter, picture: torch.Tensor, unknown: torch.Tensor, steered: object
    ) -> torch.Tensor:
        return torch.where(unknown, truth.seen(windows[-1])[0], picture)

    monkeypatch.setattr(Painter, "_through_net", through)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = ((a.astype(np.float64) - b.astype(np.float64)) ** 2).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def waves(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    planes = [np.sin(rows / 23 + channel) * np.cos(columns / 31) for channel in range(3)]
    return (np.stack(planes, 2) * 100 + 128).round().astype(np.uint8)


# Windows


@pytest.mark.parametrize("kind", ["blob", "thin", "long", "corner", "all"])
def test_a_texture_comes_back_to_its_place(
    kind: str, plain: Model, oracle: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a net paints in a window is put back where it belongs, at any scale."""
    pixels = waves(300, 520)
    hole = np.zeros((300, 520), bool)
    hole[
        {
            "blob": np.s_[100:180, 200:310],
            "thin": np.s_[50:60, 100:140],
            "long": np.s_[140:148, 3:515],
            "corner": np.s_[:70, 430:],
            "all": np.s_[:],
        }[kind]
    ] = True
    with_truth(monkeypatch, pixels, oracle)
    result = repaired(picture_of(pixels), hole, plain).image.samples
    assert np.array_equal(result[~hole], pixels[~hole])
    exact = kind in ("thin", "long")
    assert psnr(result[hole], pixels[hole]) > (90 if exact else 40)
    assert {window.scale == 1 for window in oracle} == {exact}
    assert max(max(window.height, window.width) for window in oracle) <= LARGEST * USUAL
    assert len(oracle) == (3 if kind == "long" else 1)


@pytest.mark.parametrize("turn", [0, 17])
def test_a_face_is_painted_upright_and_turned_back(
    turn: int, plain: Model, oracle: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turned face's window is turned as the face is, and what is painted comes back to it."""
    from PIL import Image

    upright = Image.fromarray(paint(face(900_003), 192, "photo").pixels)
    grey = (128, 128, 128)
    pixels = np.asarray(upright.rotate(turn, Image.Resampling.BICUBIC, fillcolor=grey))
    hole = np.zeros((192, 192), bool)
    hole[84:112, 66:126] = True
    with_truth(monkeypatch, pixels, oracle)
    repair = repaired(picture_of(pixels), hole, plain)
    (window,) = oracle
    assert len(repair.faces) == 1 and (window.height, window.width) == (128, 128)
    # Both eyes are hidden: of 24 such faces the angle is off by 3 degrees on average, by 9 at most.
    assert np.degrees(window.angle) == pytest.approx(-turn, abs=10)
    assert psnr(repair.image.samples[hole], pixels[hole]) > 27


def test_holes_apart_are_windows_apart(plain: Model, oracle: list[Window]) -> None:
    """Two holes far from each other are two crops; two near each other are one."""
    hole = np.zeros((300, 900), bool)
    hole[10:20, 10:20] = hole[40:50, 40:50] = hole[280:290, 880:890] = True
    repaired(picture_of(waves(300, 900)), hole, plain)
    assert len(oracle) == 2


def test_every_missing_pixel_is_painted_once() -> None:
    """Windows share out all of a hole, whatever its shape, each no thicker than nets can mend."""
    rng = np.random.default_rng(0)
    for number in range(20):
        hole = np.zeros(rng.integers(20, 700, 2), bool)
        for _ in range(number):
            top, left = (rng.integers(0, side) for side in hole.shape)
            hole[top : top + rng.integers(1, 90), left : left + rng.integers(1, 200)] = True
        count = np.zeros(hole.shape, int)
        for patch in patches(hole):
            cut(count, patch.area.box)[...] += patch.area.inside
            assert patch.window.scale <= 1
        assert np.array_equal(count == 1, hole) and count.max(initial=0) <= 1


def test_a_face_of_which_half_is_hidden_is_completed_and_none_is_seen_in_grass() -> None:
    """Of six lower halves that are hidden at least four become faces, where fewer are found at
    first; strokes over grass and gravel become none."""
    model, reader = loaded("inpaint", task="repair"), loaded("reader", task="read")
    hole = np.zeros((128, 128), bool)
    hole[66:] = True
    people = [picture_of(paint(face(1_100_000 + k), 128, "photo").pixels) for k in range(6)]
    at_once = [faces_in(Damaged.of(image, hole), reader, Steering()) for image in people]
    completed = [repaired(image, hole, model).faces for image in people]
    assert sum(map(bool, at_once)) < sum(map(bool, completed)) >= 4
    for pixels in (skimage.data.grass(), skimage.data.gravel()):
        image = picture_of(np.repeat(pixels[:256, :256, None], 3, 2))
        strokes = mask("irregular:30-40", 1_200_104, 256)
        assert not repaired(image, strokes, model).faces


@pytest.mark.parametrize("side", [64, 128])
def test_windows_are_as_large_as_a_net_learned_from(
    side: int, plain: Model, oracle: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A face and a thick hole, and each as sharp as so few pixels can be; a nonsensical size of a
    card counts for nothing."""
    card = replace(plain.card, settings={"size": side})
    model = replace(plain, card=card)
    pixels = paint(face(900_003), 256, "photo").pixels
    hole = np.zeros((256, 256), bool)
    hole[110:150, 90:170] = True
    with_truth(monkeypatch, pixels, oracle)
    repaired(picture_of(pixels), hole, model)
    (window,) = oracle
    assert (window.height, window.width) == (side, side)
    oracle.clear()
    pixels = waves(300, 520)
    hole = np.zeros((300, 520), bool)
    hole[100:180, 200:310] = True
    with_truth(monkeypatch, pixels, oracle)
    result = repaired(picture_of(pixels), hole, model).image.samples
    (window,) = oracle
    assert window.scale == pytest.approx(24 / 128 * side / 80, rel=0.02)
    assert side <= max(window.height, window.width) <= 2 * side
    assert psnr(result[hole], pixels[hole]) > (40 if side == 128 else 33)
    oracle.clear()
    for wrong in (True, 0, "64", 10**9):
        odd = replace(plain, card=replace(card, settings={"size": wrong}))
        repaired(picture_of(pixels), hole, odd)
    assert {max(window.height, window.width) for window in oracle} == {
        max(window.height, window.width) for window in oracle[:1]
    }


def test_a_large_face_is_painted_closer_by_a_net_that_knows_it(
    plain: Model, oracle: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the picture has as many pixels of the face."""
    card = replace(plain.card, settings={"size": 192, "window": 128})
    model = replace(plain, card=card)
    for size, wanted in ((320, 192), (140, 128)):
        pixels = paint(face(900_003), size, "photo").pixels
        hole = np.zeros((size, size), bool)
        hole[int(0.42 * size) : int(0.52 * size), int(0.4 * size) : int(0.6 * size)] = True
        with_truth(monkeypatch, pixels, oracle)
        repaired(picture_of(pixels), hole, model)
        (window,) = oracle
        assert window.width == pytest.approx(wanted, abs=0 if size > 200 else 12)
        oracle.clear()


def test_a_net_that_takes_a_seed_is_given_one_for_each_window(plain: Model) -> None:
    """The request's and the number of the window, so that no two windows have the same noise."""
    seeds: list[int] = []

    class Seeded(Net):
        optional = ("seed",)
        sizes = {"inputs": 4}  # noqa: RUF012

        def forward(self, x: torch.Tensor, hole: torch.Tensor, seed: torch.Tensor) -> torch.Tensor:
            seeds.extend(seed.tolist())
            return torch.full_like(x, int(seed) / 100)

    model = replace(plain, net=Seeded())
    hole = np.zeros((300, 900), bool)
    hole[10:20, 10:20] = hole[280:290, 880:890] = True
    pixels = waves(300, 900)
    results = [repaired(picture_of(pixels), hole, model, seed=seed) for seed in (40, 70)]
    assert seeds == [40, 41, 70, 71]
    assert not (results[0].image.samples[hole] == results[1].image.samples[hole]).any()
    assert seeds_of(model, 40, 3) == [40, 41, 42] and seeds_of(plain, 40, 3) == [40]


def test_thickness_is_of_the_thickest_place() -> None:
    """A line counts by its width, not by its length; a hole at an edge reaches beyond it."""
    hole = np.zeros((100, 300), bool)
    hole[40:60, 5:295] = True
    assert thickness(hole) == pytest.approx(20)
    hole[:30, 100:200] = True
    assert thickness(hole) == pytest.approx(60)
    assert thickness(np.ones((64, 256), bool)) == pytest.approx(256 * THICKEST)


def test_an_edge_of_what_is_transparent_is_not_context(plain: Model) -> None:
    """Colours behind what is invisible may be any, and change nothing."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    pixels[:, 20:, 3] = 0
    other = pixels.copy()
    other[:, 20:, :3] = 255 - other[:, 20:, :3]
    hole = np.zeros((40, 40), bool)
    hole[10:20, 10:20] = True
    results = [repaired(picture_of(p), hole, plain).image.samples for p in (pixels, other)]
    assert np.array_equal(results[0][hole], results[1][hole])


# Steering


def test_what_the_user_gives_counts_before_the_reader(
    faces: list[np.ndarray], steered: Model
) -> None:
    """Points and parts that are given change what is painted; none given, the reader's do."""
    hole = np.zeros((96, 96), bool)
    hole[40:60, 30:62] = True
    image = picture_of(faces[0])
    own = repaired(image, hole, steered)
    (seen,) = own.faces
    moved = Steering(points=[(seen.points * np.float32(1.02)).astype(np.float32)])
    partly = Steering(points=[np.where(np.arange(68)[:, None] < 60, np.nan, seen.points)])
    labels = Steering(parts=np.full((96, 96), 13, np.uint8))
    nothing = Steering(parts=np.full((96, 96), 255, np.uint8))
    colours = {
        name: repaired(image, hole, steered, steering=steering).colours
        for name, steering in {
            "moved": moved,
            "partly": partly,
            "labels": labels,
            "nothing": nothing,
        }.items()
    }
    assert not np.allclose(colours["moved"][:, 0], own.colours[:, 0], atol=1e-3)
    assert not np.allclose(colours["labels"][:, 1], own.colours[:, 1], atol=1e-3)
    assert np.allclose(colours["partly"], own.colours, atol=1e-3)
    assert np.array_equal(colours["nothing"], own.colours)


def test_points_say_where_a_face_is_that_the_reader_does_not_see(steered: Model) -> None:
    """All points of a face are enough to set it upright and to paint it."""
    rng = np.random.default_rng(0)
    image = picture_of(np.full((160, 160, 3), 120, np.uint8))
    hole = np.zeros((160, 160), bool)
    hole[60:100, 60:100] = True
    points = (paint(face(900_003), 160, "photo").points + rng.random(2)).astype(np.float32)
    assert not repaired(image, hole, steered).faces
    repair = repaired(image, hole, steered, steering=Steering(points=[points]))
    assert len(repair.faces) == 1 and not repair.notices
    assert repair.colours[:, 0].max() > 0, "the net was given points"


# Grain


@pytest.mark.parametrize("blur", [0.0, 1.5])
def test_noise_is_as_strong_and_as_coarse_as_around(blur: float) -> None:
    """The new noise has the spread, the correlation and the shared colour of the measured one."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    field = rng.normal(0, 0.03, (160, 160, 3)).astype(np.float32)
    field[..., 1] = field[..., 0] * 0.5
    field = gaussian_filter(field, (blur, blur, 0)) if blur else field
    squares = field.reshape(10, 16, 10, 16, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 16, 16, 3)
    grain = Noise(squares, 220, np.random.default_rng(1))
    noise = np.concatenate([grain.rows(1), grain.rows(120), grain.rows(79)])
    whole = Noise(squares, 220, np.random.default_rng(1)).rows(200)
    assert noise == pytest.approx(whole, abs=1e-6), "however many rows at once"
    assert noise.std((0, 1)) == pytest.approx(field.std((0, 1)), rel=0.25)

    def beside(plane: np.ndarray) -> float:
        return float(np.corrcoef(plane[:, 1:].ravel(), plane[:, :-1].ravel())[0, 1])

    assert beside(noise[..., 0]) == pytest.approx(beside(field[..., 0]), abs=0.15)
    assert np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1] > 0.9


def test_no_grain_where_none_is_around(
    plain: Model, monkeypatch: pytest.MonkeyPatch, oracle: list[Window]
) -> None:
    """A thick hole in a clean picture gets no noise; in a noisy one as much as is around."""
    rng, hole = np.random.default_rng(0), np.zeros((300, 300), bool)
    hole[100:200, 100:200] = True
    clean = np.full((300, 300, 3), 120, np.uint8)
    noisy = (clean + rng.normal(0, 8, clean.shape)).round().clip(0, 255).astype(np.uint8)
    spreads = []
    for pixels in (clean, noisy):
        with_truth(monkeypatch, pixels, oracle)
        result = repaired(picture_of(pixels), hole, plain, seed=4).image.samples
        spreads.append(result[hole].astype(np.float64).std())
    assert spreads[0] < 1 and spreads[1] == pytest.approx(8, rel=0.3)


def test_grain_is_of_the_seed(plain: Model) -> None:
    """The same seed gives the same bytes, another other noise."""
    rng, hole = np.random.default_rng(0), np.zeros((200, 200), bool)
    hole[50:130, 50:130] = True
    image = picture_of(rng.integers(100, 140, (200, 200, 3), dtype=np.uint8))
    first, again, other = (
        repaired(image, hole, plain, seed=seed).image.samples for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


# What is kept


def test_a_grey_picture_stays_grey(plain: Model) -> None:
    """Where all that is kept is grey, so is what is painted."""
    grey = np.repeat(waves(120, 120)[..., :1], 3, axis=2)
    hole = np.zeros((120, 120), bool)
    hole[40:100, 40:100] = hole[5:9, 5:9] = True
    result = repaired(picture_of(grey), hole, plain).image.samples
    assert not np.ptp(result.astype(int), axis=2).any()


def test_a_large_picture_is_never_in_floats_as_a_whole(
    plain: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large picture with a small hole only strips and windows are converted."""
    largest = 0
    known = Damaged.known

    def counted(self: Damaged, box: object) -> np.ndarray:
        nonlocal largest
        result = known(self, box)  # pyright: ignore[reportArgumentType]
        largest = max(largest, result.size // 4)
        return result

    monkeypatch.setattr(Damaged, "known", counted)
    pixels = np.zeros((1800, 2400, 3), np.uint8)
    hole = np.zeros((1800, 2400), bool)
    hole[700:800, 700:760] = True
    repaired(picture_of(pixels), hole, plain)
    assert largest <= 1 << 20
