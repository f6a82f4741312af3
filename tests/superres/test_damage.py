"""Damage read from pixels, against files that Pillow wrote and noise of known strength."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image as Pillow

import trombine
from trombine.core.errors import InputError
from trombine.io.image import Picture, load_picture, picture_of, read_record
from trombine.io.video import Frames
from trombine.models import load
from trombine.superres.damage import Damage, damage_of, jpeg_quality, noise, quality_of
from trombine.superres.enlarge import model_for
from trombine.superres.pictures import enlarged_image
from trombine.superres.pipelines import plan_pipeline, resolve
from trombine.world import face, paint
from trombine.world.leaves import leaves

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee")


def photograph(name: str) -> np.ndarray:
    return getattr(skimage.data, name)()


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Pillow.open(file).convert("RGB"))


def test_the_quality_of_a_file_is_the_one_it_was_saved_with() -> None:
    for quality in (1, 10, 49, 50, 75, 92, 99, 100):
        file = io.BytesIO()
        Pillow.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        table = Pillow.open(file).quantization[0]  # pyright: ignore[reportAttributeAccessIssue]
        assert quality_of(table) == quality


@pytest.mark.parametrize(
    ("name", "quality"),
    [("astronaut", 30), ("chelsea", 60), ("coffee", 75), ("astronaut", 85), ("chelsea", 90)],
)
def test_the_quality_of_a_jpeg_is_read_from_its_pixels(name: str, quality: int) -> None:
    """Cropped, so that no block begins at the corner; 74 and 75 have the same steps here."""
    found = jpeg_quality(jpeg(photograph(name), quality)[3:, 5:])
    assert found is not None and abs(found - quality) <= 1


def test_grey_small_and_saved_again() -> None:
    grey = np.repeat(photograph("chelsea")[..., 1:2], 3, 2)
    assert jpeg_quality(jpeg(grey, 70)) == 70
    small = photograph("astronaut")[100:160, 200:264]
    assert jpeg_quality(jpeg(small, 70)) == 70
    assert jpeg_quality(jpeg(jpeg(photograph("coffee"), 60), 92)) == 60


def test_what_was_no_jpeg_has_no_quality() -> None:
    """Photographs as they are, shrunk, of high quality; leaves; too small; plain."""
    assert jpeg_quality(photograph("astronaut")) is None
    assert jpeg_quality(photograph("chelsea")[::2, ::2]) is None
    assert jpeg_quality(jpeg(photograph("coffee"), 100)) is None
    assert all(jpeg_quality(leaves(seed, 128)) is None for seed in range(2_000_000, 2_000_004))
    assert jpeg_quality(jpeg(photograph("coffee"), 50)[:31, :90]) is None
    assert jpeg_quality(np.full((64, 64, 3), 90, np.uint8)) is None


@pytest.mark.parametrize("strength", [3.0, 8.0])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_noise_is_as_strong_as_it_was_made(name: str, strength: float) -> None:
    clean, random = photograph(name), np.random.default_rng(3)
    noisy = clean + random.normal(0, strength, clean.shape)
    found = noise(np.clip(noisy, 0, 255).round().astype(np.uint8))
    assert found == pytest.approx(strength, rel=0.35)
    assert noise(clean) < 2
    assert noise(np.repeat(noisy.clip(0, 255).astype(np.uint8)[..., :1], 3, 2)) == 0, "of grey"


@pytest.mark.parametrize(
    ("quality", "noise", "share", "cleaned"),
    [
        (None, 0, 0, 0),
        (100, 0, 0, 0),
        (95, 0, 0.4, 0.18),
        (80, 0, 0.875, 0.6),
        (40, 1, 1, 1),
        (98, 5, 1, 0.85),
        (None, 3, 0.4, 0.41),
    ],
)
def test_the_share_of_the_net_for_damage(
    quality: int | None, noise: float, share: float, cleaned: float
) -> None:
    """Less of it where the size is kept."""
    damage = Damage(quality=quality, noise=noise)
    assert damage.share == pytest.approx(share)
    assert damage.share_cleaned == pytest.approx(cleaned)


# --- which nets are taken ---------------------------------------------------------------------


@pytest.mark.parametrize("quality", [75, 90, 95])
def test_a_cleaned_jpeg_is_nearer_to_what_was_saved(quality: int) -> None:
    """A photograph, a painted face, leaves; what was no JPEG stays."""
    for truth in (
        photograph("coffee")[100:228, 200:328],
        paint(face(3), 128, "photo").pixels,
        leaves(3, 128),
    ):
        small = jpeg(truth, quality)
        clean = trombine.upscale(small, scale=1)
        before, after = (np.square(one - truth.astype(float)).mean() for one in (small, clean))
        assert after <= before, "95 is not seen in every picture, which then stays"
        assert quality == 95 or after < 0.95 * before
    assert quality != 95 or np.array_equal(trombine.upscale(truth, scale=1), truth)


def test_a_file_says_its_quality_where_the_pixels_cannot(tmp_path: Path) -> None:
    """A plain JPEG has no comb; and the worse of the file's quality and the pixels' counts."""
    plain = Pillow.new("RGB", (64, 64), (9, 99, 200))
    twice = Pillow.fromarray(jpeg(photograph("coffee"), 60))
    for picture, quality, wanted in ((plain, 40, 40), (twice, 97, 60)):
        picture.save(tmp_path / "a.jpg", quality=quality)
        image = load_picture(tmp_path / "a.jpg")
        assert damage_of(image.rgb_pixels(), image.quantization).quality == wanted


@pytest.mark.parametrize(
    ("quality", "model"),
    [
        (None, "upscale"),
        (97, "upscale"),
        (91, "upscale+upscale-wild*0.4"),
        (60, "upscale-wild"),
    ],
)
def test_a_photograph_gets_the_net_for_its_damage(quality: int | None, model: str) -> None:
    pixels = photograph("astronaut")
    image = Picture(samples=pixels if quality is None else jpeg(pixels, quality))
    chosen, reason = model_for(Frames(frames=(image,)), 2)
    assert chosen.name == model
    assert reason == ("" if model == "upscale" else f"was a JPEG of quality {quality}")


def test_a_light_damage_twice_as_large_is_one_net_of_both() -> None:
    """Their weights are mixed; with sharpness, or more than twice as large, results are."""
    choice = resolve("upscale+upscale-wild*0.4")
    mixed = plan_pipeline(30, 20, 2, model=choice)
    nets = [load(name).net for name in ("upscale-x2", "upscale-wild-x2")]
    (model,) = mixed.models
    for ours, one, other in zip(*(net.parameters() for net in (model.net, *nets)), strict=True):
        torch.testing.assert_close(ours, 0.6 * one + 0.4 * other)
    assert (mixed.second, mixed.share, mixed.trust) == (None, 0.4, 0.6)
    for scale, sharpness in ((2, 0.5), (4, 0.0)):
        both = plan_pipeline(30, 20, scale, model=choice, sharpness=sharpness)
        assert both.second is not None and both.share == 0.4
    film = Frames(frames=(Picture(samples=jpeg(photograph("astronaut"), 90)),))
    names = [model_for(film, scale, sharp)[0].name for scale, sharp in ((2, 0), (2, 0.5), (4, 0))]
    assert names == ["upscale+upscale-wild*0.4", *["upscale+upscale-wild*0.6"] * 2]


def test_a_blend_is_the_mean_by_shares_and_is_made_again(tmp_path: Path) -> None:
    """Between both nets' results, to rounding; its record says the blend, and replays."""
    small = jpeg(photograph("astronaut")[100:164, 180:244], 91)
    Pillow.fromarray(small).save(tmp_path / "small.png")
    results = {}
    for model in ("auto", "upscale", "upscale-wild"):
        path = tmp_path / f"{model}.png"
        result = trombine.upscale(tmp_path / "small.png", output=path, model=model, scale=4)
        results[model] = load_picture(path).samples.astype(float)
        if model == "auto":
            assert "was a JPEG of quality 91" in str(result.notices)
    mean = 0.4 * results["upscale"] + 0.6 * results["upscale-wild"]
    assert np.abs(results["auto"] - mean).max() <= 1
    assert not np.array_equal(results["auto"], results["upscale"])
    record = read_record(tmp_path / "auto.png") or {}
    assert record["options"]["model"] == "upscale+upscale-wild*0.6"
    assert trombine.replay(tmp_path / "auto.png").summary.endswith("the same pixels")


def test_a_picture_as_it_is_takes_part_where_its_size_stays() -> None:
    part = plan_pipeline(30, 20, 1, model=resolve("input+upscale-wild*0.4"))
    assert part.second is not None and part.share == 0.4
    picture = picture_of(np.random.default_rng(3).integers(0, 256, (30, 20, 3), np.uint8))
    wild = plan_pipeline(30, 20, 1, model=resolve("upscale-wild"))
    made = enlarged_image(picture, wild).samples.astype(float)
    mixed = 0.6 * picture.samples + 0.4 * made
    assert np.abs(enlarged_image(picture, part).samples - mixed).max() <= 1
    kept = plan_pipeline(30, 20, 1, model=resolve("input"))
    assert np.array_equal(enlarged_image(picture, kept).samples, picture.samples)
    assert resolve("input+upscale-wild*0.4").by_factor == resolve("upscale-wild").by_factor
    with pytest.raises(InputError, match="keeps the size; -x 1 does"):
        plan_pipeline(30, 20, 2, model=resolve("input+upscale-wild*0.4"))
