"""A picture's samples: the view in sRGB, alpha, and new colours under a hole."""

from __future__ import annotations

import dataclasses

import imagecodecs
import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from trombine.codecs import lost
from trombine.conventions import to_picture
from trombine.refusal import InputError
from trombine.samples import Image

RNG = np.random.default_rng(6)
ADOBE = imagecodecs.cms_profile("adobergb")
HOLE = np.zeros((12, 15), bool)
HOLE[3:8, 4:12] = True
HOLE[10, 0] = True


def noise(channels: int, bits: int = 8) -> np.ndarray:
    return RNG.integers(0, 2**bits, (12, 15, channels), {8: np.uint8, 16: np.uint16}[bits])


def palette(clear: bool = False) -> np.ndarray:
    colours = RNG.integers(0, 256, (256, 4), np.uint8)
    colours[:, 3] = RNG.choice([0, 128, 255], 256) if clear else 255
    return colours


def multiplied(samples: np.ndarray) -> np.ndarray:
    samples[..., :-1] = np.minimum(samples[..., :-1], samples[..., -1:])
    return samples


KINDS = {
    "1": Image(samples=(noise(1) > 99).astype(np.uint8) * np.uint8(255), mode="1"),
    "L": Image(samples=noise(1), mode="L"),
    "L16": Image(samples=noise(1, 16), mode="L"),
    "L, one grey transparent": Image(samples=noise(1) // 9, mode="L", key=(3,)),
    "LA": Image(samples=noise(2), mode="LA"),
    "La": Image(samples=multiplied(noise(2)), mode="La"),
    "P": Image(samples=noise(1), mode="P", palette=palette()),
    "P, few": Image(samples=noise(1) % 9, mode="P", palette=palette()[:9]),
    "P, clear": Image(samples=noise(1), mode="P", palette=palette(clear=True)),
    "RGB": Image(samples=noise(3), mode="RGB"),
    "RGB, profile": Image(samples=noise(3), mode="RGB", profile=ADOBE),
    "RGB16": Image(samples=noise(3, 16), mode="RGB"),
    "RGB16, profile": Image(samples=noise(3, 16), mode="RGB", profile=ADOBE),
    "RGB, one transparent": Image(samples=noise(3) // 200, mode="RGB", key=(0, 1, 0)),
    "RGBA": Image(samples=noise(4), mode="RGBA"),
    "RGBA16": Image(samples=noise(4, 16), mode="RGBA"),
    "RGBa": Image(samples=multiplied(noise(4)), mode="RGBa"),
    "RGBX": Image(samples=noise(4), mode="RGBX"),
    "CMYK": Image(samples=noise(4), mode="CMYK"),
    "CMYK16": Image(samples=noise(4, 16), mode="CMYK"),
    "CMYKA": Image(samples=noise(5), mode="CMYKA"),
}


def seen(image: Image) -> np.ndarray:
    """What each pixel looks like: for a palette the colours, else the samples."""
    return image.samples if image.palette is None else image.palette[image.samples[..., 0]]


@pytest.mark.parametrize("kind", KINDS)
def test_outside_the_hole_every_sample_stays(kind: str) -> None:
    image = KINDS[kind]
    before = image.samples.copy()
    after = image.replace(RNG.random((12, 15, 3), np.float32), HOLE)
    assert np.array_equal(after.samples[~HOLE], before[~HOLE])
    assert np.array_equal(seen(after)[~HOLE], seen(image)[~HOLE])
    assert np.array_equal(image.samples, before), "the picture that was given is not touched"
    for field in dataclasses.fields(Image):
        if field.name not in ("samples", "palette"):
            assert getattr(after, field.name) == getattr(image, field.name)
    assert after.samples.dtype == image.samples.dtype


@pytest.mark.parametrize("kind", KINDS)
def test_transparency_stays_everywhere(kind: str) -> None:
    then = KINDS[kind].alpha()
    now = KINDS[kind].replace(RNG.random((12, 15, 3), np.float32), HOLE).alpha()
    assert (then is None) == (now is None)
    assert then is None or (now is not None and np.array_equal(then, now))


# How far from what was asked a colour may come out: half a level, or what the space can show.
EXACT = {"RGB": 0.51 / 255, "RGBX": 0.51 / 255, "RGBA": 0.51 / 255, "CMYK": 0.51 / 255}
EXACT |= {"RGB16": 0.51 / 65535, "RGBA16": 0.51 / 65535, "CMYK16": 0.51 / 65535}
EXACT |= {"CMYKA": 0.51 / 255}
# A dark sRGB channel is a small difference of large ones in Adobe RGB.
EXACT |= {"RGB, profile": 8 / 255, "RGB16, profile": 8 / 65535}
EXACT |= {"P, few": 0.51 / 255}  # there is room for every new colour


@pytest.mark.parametrize("kind", EXACT)
def test_inside_the_hole_are_the_new_colours(kind: str) -> None:
    colours = RNG.random((12, 15, 3), np.float32)
    after = KINDS[kind].replace(colours, HOLE).rgb()
    assert np.abs(after[HOLE] - colours[HOLE]).max() <= EXACT[kind]


@pytest.mark.parametrize("kind", ["1", "L", "L16", "LA"])
def test_a_grey_picture_takes_the_grey_of_a_colour(kind: str) -> None:
    colours = RNG.random((12, 15, 3), np.float32)
    image = KINDS[kind]
    grey = colours @ [0.299, 0.587, 0.114]
    if kind == "1":
        grey = (grey * 255).round() > 127
    after = image.replace(colours, HOLE).rgb()
    assert np.abs(after[HOLE] - grey[HOLE][:, None]).max() <= 0.51 / (2**image.bits - 1)


def test_a_full_palette_gives_the_nearest_of_what_it_has() -> None:
    image = KINDS["P"]
    grown = Image(
        samples=np.arange(256, dtype=np.uint8).reshape(16, 16, 1), mode="P", palette=image.palette
    )
    hole = np.zeros((16, 16), bool)
    hole[4, 4] = True
    colours = np.full((16, 16, 3), 0.5, np.float32)
    assert image.palette is not None
    after = grown.replace(colours, hole)
    assert np.array_equal(after.rgb()[4, 4], np.full(3, 128 / 255, np.float32)), "its own entry"
    assert after.palette is not None
    assert np.array_equal(np.delete(after.palette, 68, 0), np.delete(image.palette, 68, 0))


def test_a_new_colour_never_becomes_the_transparent_one() -> None:
    image = Image(samples=np.full((12, 15, 3), 9, np.uint8), mode="RGB", key=(255, 255, 255))
    after = image.replace(np.ones((12, 15, 3), np.float32), HOLE)
    assert (after.alpha() == 1).all()
    assert after.samples[HOLE].tolist() == [[255, 255, 254]] * int(HOLE.sum())


@pytest.mark.parametrize(("mode", "bits"), [("L", 8), ("RGB", 8), ("RGBA", 8), ("CMYK", 8)])
def test_the_view_is_what_pillow_shows(mode: str, bits: int) -> None:
    image = KINDS[mode]
    picture = Pillow.frombytes(mode, (15, 12), image.samples.tobytes()).convert("RGB")
    assert np.abs(image.rgb() * 255 - np.asarray(picture)).max() <= (1 if mode == "CMYK" else 1e-4)


def test_the_view_of_plain_samples_is_the_convention_exactly() -> None:
    for kind in ("RGB", "RGB16"):
        image = KINDS[kind]
        assert torch.equal(image.picture(), to_picture(image.samples))
    assert torch.equal(KINDS["RGBA"].picture(), to_picture(KINDS["RGBA"].samples[..., :3]))


def test_a_palette_is_seen_through_its_profile() -> None:
    image = KINDS["P"]
    assert image.palette is not None
    plain = Image(samples=image.palette[image.samples[..., 0], :3], mode="RGB", profile=ADOBE)
    assert np.array_equal(dataclasses.replace(image, profile=ADOBE).rgb(), plain.rgb())


def test_alpha_is_read_from_wherever_it_is() -> None:
    assert KINDS["RGB"].alpha() is None
    assert KINDS["RGBX"].alpha() is None
    rgba, clear = KINDS["RGBA16"], KINDS["P, clear"]
    keyed = KINDS["RGB, one transparent"]
    assert clear.palette is not None
    expected = [
        (rgba, rgba.samples[..., 3] / np.float32(65535)),
        (clear, clear.palette[clear.samples[..., 0], 3] / np.float32(255)),
        (keyed, (keyed.samples != [0, 1, 0]).any(axis=2)),
    ]
    for image, alpha in expected:
        found = image.alpha()
        assert found is not None and np.array_equal(found, alpha)


def test_an_opaque_palette_is_no_transparency() -> None:
    clear = KINDS["P, clear"]
    assert clear.palette is not None
    opaque = clear.palette.copy()
    opaque[:, 3] = 255
    image = dataclasses.replace(clear, palette=opaque)
    assert image.alpha() is None
    assert "transparency becomes white" in lost(clear, "JPEG")
    assert lost(image, "JPEG") == ["every pixel is rounded"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_out_keeps_its_colours(kind: str) -> None:
    """Also those that are hidden; and what was transparent stays so."""
    image = KINDS[kind]
    opacity = RNG.random((12, 15), np.float32)
    cut = image.cut_out(opacity)
    assert cut.bits == image.bits and np.array_equal(cut.rgb(), image.rgb())
    own, alpha = image.alpha(), cut.alpha()
    assert alpha is not None
    wanted = opacity if own is None else own * opacity
    np.testing.assert_allclose(alpha, wanted, rtol=0, atol=0.51 / (2**image.bits - 1))


def test_pictures_and_holes_are_checked_at_the_door() -> None:
    image = KINDS["RGB"]
    picture, hole = image.picture(), torch.from_numpy(HOLE)[None].float()
    after = image.replace_picture(1 - picture, hole)
    assert np.array_equal(after.samples[HOLE], 255 - image.samples[HOLE])
    assert np.array_equal(after.samples[~HOLE], image.samples[~HOLE])
    grey = image.replace_picture(picture[:1], hole)
    assert np.array_equal(grey.samples[HOLE], np.repeat(image.samples[HOLE][:, :1], 3, axis=1))
    with pytest.raises(InputError, match="nothing between"):
        image.replace_picture(picture, hole * 255)
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        image.replace_picture(picture * 2 - 1, hole)
    with pytest.raises(InputError, match="size"):
        image.replace_picture(picture, hole[:, 1:])


def test_colours_are_checked_too() -> None:
    image = KINDS["RGB"]
    for wrong in (1.5, -0.1, np.nan):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            image.replace(np.full((12, 15, 3), wrong, np.float32), HOLE)
    with pytest.raises(ValueError, match="do not fit"):
        image.replace(np.zeros((11, 15, 3), np.float32), HOLE[1:])
    # Outside the hole nothing is looked at.
    colours = np.full((12, 15, 3), np.nan, np.float32)
    colours[HOLE] = 0.5
    assert (image.replace(colours, HOLE).samples[HOLE] == 128).all()


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_the_colours_rounded(kind: str) -> None:
    pixels = KINDS[kind].rgb_pixels()
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    assert np.array_equal(pixels, (KINDS[kind].rgb() * 255).round())


def test_every_sample_of_8_bits_is_its_own_pixel() -> None:
    """The short way and the long one, over all there is."""
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    image = Image(samples=ramp, mode="L")
    assert np.array_equal(image.rgb_pixels(), np.repeat(ramp, 3, axis=2))
    assert np.array_equal(image.rgb_pixels(), (image.rgb() * 255).round())


def test_an_empty_hole_changes_nothing() -> None:
    image = KINDS["RGB"]
    assert image.replace(image.rgb(), np.zeros_like(HOLE)) is image


@pytest.mark.parametrize(
    "wrong",
    [
        {"samples": noise(3), "mode": "L"},
        {"samples": noise(3), "mode": "BGR"},
        {"samples": noise(4), "mode": "PAAA"},
        {"samples": noise(1, 16), "mode": "1"},
        {"samples": noise(1), "mode": "P"},
        {"samples": noise(1), "mode": "L", "palette": palette()},
        {"samples": np.full((2, 2, 1), 9, np.uint8), "mode": "P", "palette": palette()[:9]},
        {"samples": noise(3)[:0], "mode": "RGB"},
    ],
)
def test_what_no_file_holds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Image(**wrong)  # pyright: ignore[reportArgumentType]


def own(image: Image) -> Image:
    """The picture enlarged once, with the colours and the alpha that it has."""
    return image.enlarged(image.rgb(), image.alpha())


@pytest.mark.parametrize("kind", ["L", "L16", "LA", "RGB", "RGB16", "RGBA", "RGBA16"])
def test_a_picture_of_its_own_colours_is_itself(kind: str) -> None:
    image = KINDS[kind]
    again = own(image)
    assert (again.mode, again.bits) == (image.mode, image.bits)
    assert np.array_equal(again.samples, image.samples)


@pytest.mark.parametrize("kind", ["La", "RGBa"])
def test_colours_are_multiplied_by_the_new_alpha(kind: str) -> None:
    image = KINDS[kind]
    assert np.array_equal(own(image).samples, image.samples)
    halved = image.enlarged(image.rgb(), np.full((12, 15), 128 / 255, np.float32))
    assert halved.mode == kind and (halved.samples[..., -1] == 128).all()
    expected = image.rgb()[..., : halved.samples.shape[2] - 1] * 128
    assert np.abs(halved.samples[..., :-1] - expected).max() <= 1
    assert image.enlarged(image.rgb(), None).mode == image.space


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("1", "L"),
        ("P", "RGB"),
        ("P, clear", "RGBA"),
        ("RGBX", "RGB"),
        ("L, one grey transparent", "LA"),
        ("RGB, one transparent", "RGBA"),
        ("CMYK", "CMYK"),
        ("CMYK16", "CMYK"),
        ("CMYKA", "CMYKA"),
    ],
)
def test_another_size_needs_a_richer_mode(kind: str, mode: str) -> None:
    image = KINDS[kind]
    again = own(image)
    assert (again.mode, again.bits, again.key, again.palette) == (mode, image.bits, None, None)
    assert np.array_equal((again.rgb() * 255).round(), (image.rgb() * 255).round())
    then, now = image.alpha(), again.alpha()
    assert (then is None) == (now is None)
    assert then is None or (now is not None and np.array_equal(then, now))


@pytest.mark.parametrize("kind", ["RGB, profile", "RGB16, profile"])
def test_another_size_keeps_the_profile(kind: str) -> None:
    """Colours go in as sRGB, become what the profile means by them, and are seen as they were."""
    image = KINDS[kind]
    colours = RNG.uniform(0.2, 0.8, (9, 11, 3)).astype(np.float32)
    after = image.enlarged(colours, None)
    assert (after.profile, after.bits) == (image.profile, image.bits)
    assert np.abs(after.rgb() - colours).max() <= EXACT[kind] / 4
    assert np.abs(after.samples / (2**image.bits - 1) - colours).max() > 0.02


def test_another_size_is_rounded_once_and_belongs_to_no_record() -> None:
    """Between two levels of 8 bits there are 256 of 16, and a large picture has all its rows."""
    ramp = np.linspace(0, 1, 700 * 500, dtype=np.float32).reshape(700, 500)
    colours = np.repeat(ramp[..., None], 3, axis=2)
    made = dataclasses.replace(KINDS["RGB16"], provenance={"verb": "x"}, format="TIFF", reduced=2)
    after = made.enlarged(colours, None)
    assert np.array_equal(after.samples, (colours.astype(np.float64) * 65535).round())
    assert len(np.unique(after.samples)) == 65536
    assert (after.provenance, after.format, after.reduced) == (None, "TIFF", 1)


def test_what_is_no_colour_and_no_alpha_is_refused() -> None:
    image, colours = KINDS["RGB"], np.full((4, 5, 3), 0.5, np.float32)
    for wrong in (1.5, -0.1, np.nan):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            image.enlarged(np.full((4, 5, 3), wrong, np.float32), None)
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            image.enlarged(colours, np.full((4, 5), wrong, np.float32))
    with pytest.raises(Exception, match=r"does not fit|violates type hint"):
        image.enlarged(colours, np.ones((5, 4), np.float32))
