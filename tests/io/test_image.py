"""Pictures through files of every format and kind, against Pillow, tifffile and imagecodecs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps

from trombine.core.conventions import PART_COLOURS
from trombine.core.errors import InputError
from trombine.io.image import (
    FORMATS,
    Picture,
    as_seen,
    encode,
    encode_labels,
    load_labels,
    load_picture,
    lost,
    output_suffix,
    picture_of,
    read_head,
    read_record,
    save_picture,
)

RNG = np.random.default_rng(1)
ADOBE = imagecodecs.cms_profile("adobergb")
RECORD = {"verb": "upscale", "options": {"enlarge": "x2"}, "seed": 3}
LOSSLESS = (".png", ".webp", ".tif", ".bmp")
STILLS = (*LOSSLESS, ".jpg", ".avif", ".gif")


def samples(channels: int, dtype: type = np.uint8, size: tuple[int, int] = (17, 23)) -> np.ndarray:
    top = np.iinfo(dtype).max
    return RNG.integers(0, top + 1, (*size, channels)).astype(dtype)


def opacity(picture: Picture) -> np.ndarray:
    alpha = picture.alpha()
    return np.ones(picture.samples.shape[:2], np.float32) if alpha is None else alpha


def exif() -> Image.Exif:
    block = Image.Exif()
    block[0x010F], block[0x0132] = "Maker", "2020:01:02 03:04:05"
    block.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    block.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0)})
    return block


def described(channels: int = 3, dtype: type = np.uint8) -> Picture:
    return Picture(
        samples=samples(channels, dtype),
        profile=ADOBE if channels > 2 else None,
        exif=exif().tobytes(),
        xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
    )


# ---------------------------------------------------------------------------------------------
# Round trips


@pytest.mark.parametrize("suffix", STILLS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_picture_comes_back(tmp_path: Path, suffix: str, dtype: type, channels: int) -> None:
    """Exactly where nothing is `lost`; else as what is said to be lost."""
    picture = picture_of(samples(channels, dtype))
    save_picture(tmp_path / f"a{suffix}", picture, record=RECORD)
    found = load_picture(tmp_path / f"a{suffix}")
    assert (found.height, found.width) == (17, 23)
    losses = lost(picture, FORMATS[suffix])
    if not losses:
        assert np.array_equal(found.rgb(), picture.rgb())
        assert np.array_equal(opacity(found), opacity(picture))
    assert found.bits == (8 if "16 bits a sample become 8" in losses else picture.bits)
    if suffix == ".bmp":
        assert read_record(tmp_path / "a.bmp") is None
    else:
        assert read_record(tmp_path / f"a{suffix}") == found.record == RECORD


def test_others_see_the_same(tmp_path: Path) -> None:
    colours = samples(3, np.uint16)
    for suffix in LOSSLESS:
        save_picture(tmp_path / f"b{suffix}", plain := (colours >> 8).astype(np.uint8))
        with Image.open(tmp_path / f"b{suffix}") as opened:
            assert np.array_equal(np.asarray(opened.convert("RGB")), plain)
    for suffix in (".png", ".tif"):
        save_picture(tmp_path / f"a{suffix}", Picture(samples=colours, profile=ADOBE))
    png = imagecodecs.png_decode((tmp_path / "a.png").read_bytes())
    assert np.array_equal(png, colours)
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), colours)


@pytest.mark.parametrize("suffix", STILLS)
def test_the_same_picture_makes_the_same_bytes(suffix: str) -> None:
    picture = described()
    first = encode(picture, FORMATS[suffix], record=RECORD)
    assert encode(picture, FORMATS[suffix], record=RECORD) == first


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_exif_place_xmp_and_profile_travel(tmp_path: Path, suffix: str, dtype: type) -> None:
    save_picture(tmp_path / f"a{suffix}", described(3, dtype), record=RECORD)
    found = load_picture(tmp_path / f"a{suffix}")
    block = Image.Exif()
    block.load(found.exif)
    assert (block[0x010F], block[0x0132]) == ("Maker", "2020:01:02 03:04:05")
    if not (suffix == ".tif" and dtype == np.uint16):  # tifffile writes no further directories
        assert block.get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
        assert block.get_ifd(0x8825)[2] == (48.0, 51.0, 30.0)
    assert 0x9286 not in block.get_ifd(0x8769)  # the record is not the photograph's
    assert b"xmpmeta" in found.xmp
    assert found.profile == ADOBE
    save_picture(tmp_path / f"b{suffix}", found.stripped)
    bare = load_picture(tmp_path / f"b{suffix}")
    assert (bare.exif, bare.xmp, bare.profile) == (b"", b"", ADOBE)


def test_labels_are_a_palette(tmp_path: Path) -> None:
    numbers = RNG.integers(0, 3, (9, 7)).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(encode_labels(numbers, RECORD))
    assert np.array_equal(load_labels(tmp_path / "a.png"), numbers)
    assert np.array_equal(load_picture(tmp_path / "a.png").samples, PART_COLOURS[numbers])
    assert read_record(tmp_path / "a.png") == RECORD
    save_picture(tmp_path / "b.png", numbers)
    assert np.array_equal(load_labels(tmp_path / "b.png"), numbers)
    save_picture(tmp_path / "c.png", samples(3))
    with pytest.raises(InputError, match="not labels"):
        load_labels(tmp_path / "c.png")


# ---------------------------------------------------------------------------------------------
# What other programs write


def palette_image(alpha: bool) -> Image.Image:
    image = Image.fromarray(samples(1)[..., 0] % 4).convert("P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    if alpha:
        image.info["transparency"] = bytes([255, 0, 128, 255])
    return image


OTHERS: dict[str, Callable[[], tuple[Image.Image, str, str]]] = {
    "1 bit": lambda: (Image.fromarray(samples(1)[..., 0]).convert("1"), "PNG", "L"),
    "palette": lambda: (palette_image(False), "PNG", "RGB"),
    "palette with alpha": lambda: (palette_image(True), "PNG", "RGBA"),
    "palette in GIF": lambda: (palette_image(False), "GIF", "RGB"),
    "grey in JPEG": lambda: (Image.fromarray(samples(1)[..., 0]), "JPEG", "L"),
    "CMYK in JPEG": lambda: (Image.fromarray(samples(4), "CMYK"), "JPEG", "RGB"),
    "CMYK in TIFF": lambda: (Image.fromarray(samples(4), "CMYK"), "TIFF", "RGB"),
    "PPM": lambda: (Image.fromarray(samples(3)), "PPM", "RGB"),
    "JPEG 2000": lambda: (Image.fromarray(samples(3)), "JPEG2000", "RGB"),
    "ICO": lambda: (Image.fromarray(samples(4, size=(16, 16))), "ICO", "RGBA"),
}


@pytest.mark.filterwarnings("ignore:.*mode.*parameter:DeprecationWarning")
@pytest.mark.parametrize("kind", OTHERS)
def test_every_kind_is_seen_as_pillow_shows_it(tmp_path: Path, kind: str) -> None:
    image, format, mode = OTHERS[kind]()
    image.save(tmp_path / "a", format)
    found = load_picture(tmp_path / "a")
    assert found.mode == mode
    with Image.open(tmp_path / "a") as opened:
        assert np.array_equal(found.samples.squeeze(), np.asarray(opened.convert(mode)))
    assert bool(found.changed) == ("CMYK" in kind)


def test_cmyk_goes_through_its_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that fails leaves the plain conversion; Pillow's binding does the rest."""
    image = Image.fromarray(samples(4), "CMYK")
    image.save(tmp_path / "a.tif", icc_profile=b"no profile")
    assert np.array_equal(
        load_picture(tmp_path / "a.tif").samples, np.asarray(image.convert("RGB"))
    )
    seen: list[Any] = []
    monkeypatch.setattr(ImageCms, "ImageCmsProfile", lambda file: file)
    monkeypatch.setattr(
        ImageCms, "profileToProfile", lambda *_, **named: seen.append(named) or image.convert("RGB")
    )
    picture = load_picture(tmp_path / "a.tif")
    assert [named["outputMode"] for named in seen] == ["RGB"]
    assert picture.profile is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_transparent_colour_becomes_alpha(tmp_path: Path, channels: int, dtype: type) -> None:
    plain = samples(channels, dtype, (4, 5))
    plain[1, 2] = plain[3, 0] = key = plain[0, 0].copy()
    data = bytes(imagecodecs.png_encode(plain.squeeze()))
    out = io.BytesIO()
    out.write(data[:33])
    from PIL.PngImagePlugin import putchunk

    putchunk(out, b"tRNS", np.resize(key, channels).astype(">u2").tobytes())
    out.write(data[33:])
    (tmp_path / "a.png").write_bytes(out.getvalue())
    found = load_picture(tmp_path / "a.png")
    assert np.array_equal(found.colours, plain)
    assert np.array_equal(opacity(found), (plain != key).any(2).astype(np.float32))


@pytest.mark.parametrize("photometric", ["miniswhite", "minisblack", "rgb"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tiff_of_sixteen_bits(tmp_path: Path, photometric: Any, planar: Any) -> None:
    stored = samples(3 if photometric == "rgb" else 1, np.uint16)
    data = stored[..., 0] if stored.shape[2] == 1 else stored
    if photometric == "rgb" and planar == "separate":
        data = stored.transpose(2, 0, 1)
    config = planar if photometric == "rgb" else None
    tifffile.imwrite(tmp_path / "a.tif", data, photometric=photometric, planarconfig=config)
    expected = 65535 - stored if photometric == "miniswhite" else stored
    assert np.array_equal(load_picture(tmp_path / "a.tif").samples, expected)


# As EXIF's standard says it: where the stored pixel at row r, column c of 6 x 9 is shown.
SHOWN: dict[int, Callable[[int, int], tuple[int, int]]] = {
    1: lambda r, c: (r, c),
    2: lambda r, c: (r, 8 - c),
    3: lambda r, c: (5 - r, 8 - c),
    4: lambda r, c: (5 - r, c),
    5: lambda r, c: (c, r),
    6: lambda r, c: (c, 5 - r),
    7: lambda r, c: (8 - c, 5 - r),
    8: lambda r, c: (8 - c, r),
}


@pytest.mark.parametrize("orientation", SHOWN)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "TIFF 16"])
def test_a_file_is_read_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    stored = samples(3, size=(6, 9))
    path = tmp_path / "a"
    if kind == "TIFF 16":
        tags: Any = [(274, 3, 1, orientation, True)]
        tifffile.imwrite(path, stored.astype(np.uint16) * 257, photometric="rgb", extratags=tags)
    else:
        block = Image.Exif()
        block[274] = orientation
        options = {"lossless": True} if kind == "WEBP" else {}
        Image.fromarray(stored).save(path, kind, exif=block, **options)
    found = load_picture(path)
    if kind == "JPEG":
        with Image.open(path) as opened:
            assert np.array_equal(found.samples, np.asarray(ImageOps.exif_transpose(opened)))
    else:
        for row, column in np.ndindex(6, 9):
            expected = stored[row, column].astype(found.samples.dtype)
            shown = found.samples[SHOWN[orientation](row, column)]
            assert np.array_equal(shown // (257 if kind == "TIFF 16" else 1), expected)
    save_picture(tmp_path / "b.jpg", found)
    with Image.open(tmp_path / "b.jpg") as opened:
        assert opened.getexif().get(274, 1) == 1


def test_a_comment_of_another_program_is_no_record(tmp_path: Path) -> None:
    Image.fromarray(samples(3)).save(tmp_path / "a.jpg", comment=b"trombine is a fine program")
    assert read_record(tmp_path / "a.jpg") is None
    Image.fromarray(samples(3)).save(tmp_path / "b.jpg", comment=b"trombine {broken")
    assert read_record(tmp_path / "b.jpg") is load_picture(tmp_path / "b.jpg").record is None


# ---------------------------------------------------------------------------------------------
# Refused in one line that names the file


@pytest.mark.parametrize("suffix", STILLS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_file_that_is_cut_short(tmp_path: Path, suffix: str, dtype: type) -> None:
    path = tmp_path / f"a{suffix}"
    save_picture(path, samples(3, dtype, (64, 64)))
    whole = path.read_bytes()
    for share in (0.02, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError) as error:
            load_picture(path)
        assert str(error.value).startswith(f"{path}: ")
        assert "\n" not in str(error.value)


def test_what_is_no_picture(tmp_path: Path) -> None:
    cases = {"a.png": b"", "b.png": b"words", "c.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n" * 9}
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=name):
            load_picture(tmp_path / name)
    with pytest.raises(InputError, match="does not exist"):
        load_picture(tmp_path / "none.png")
    with pytest.raises(InputError, match="is a folder"):
        load_picture(tmp_path)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".gif", ".webp"])
def test_too_many_pixels_are_refused_before_they_are_decoded(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a{suffix}"
    save_picture(path, samples(3, size=(40, 50)))
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("decoded"))
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", "1999")
    with pytest.raises(InputError, match="50 x 40 pixels, more than the 1,999"):
        load_picture(path)
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", "10")
    with pytest.raises(InputError, match="more than the 10 that are read"):
        read_head(path)


def test_a_program_that_imports_keeps_its_filters_and_limits(tmp_path: Path) -> None:
    """Also where the environment sets a limit, which holds for what trombine opens alone."""
    Image.new("1", (40, 40)).save(tmp_path / "a.png")
    code = f"""
import logging, sys, warnings
import PIL.Image
PIL.Image.MAX_IMAGE_PIXELS = 100
from trombine.io.image import load_picture
assert load_picture({str(tmp_path / "a.png")!r}).width == 40
assert PIL.Image.MAX_IMAGE_PIXELS == 100
assert not any("PIL" in str(one[3]) for one in warnings.filters)
assert logging.getLogger("tifffile").level == logging.NOTSET
"""
    here = os.environ | {"TROMBINE_MAX_PIXELS": "2000"}
    subprocess.run([sys.executable, "-c", code], check=True, env=here)


def test_the_terminal_hears_nothing_of_pillow(tmp_path: Path) -> None:
    """A file that Pillow warns of is read or refused in our line alone."""
    Image.new("1", (10_000, 9_500)).save(tmp_path / "large.png")
    Image.new("1", (20_000, 9_500)).save(tmp_path / "huge.png")
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x01\x01"
    Image.fromarray(samples(3)).save(tmp_path / "exif.jpg", exif=broken)
    code = "import sys\nfrom trombine.__main__ import quieten\nquieten()\n"
    code += "from trombine.io.image import load_picture\n"
    code += "for path in sys.argv[1:]:\n    try: load_picture(path)\n"
    code += "    except ValueError as error: print(error)"
    paths = [str(tmp_path / name) for name in ("large.png", "huge.png", "exif.jpg")]
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    large, huge = done.stdout.splitlines()
    assert "has 10000 x 9500 pixels" in large
    assert "has more pixels than are read; if you trust it, set TROMBINE_MAX_PIXELS" in huge
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.png", ".png"),
        ("a.PNG", ".PNG"),
        ("a.tiff", ".tiff"),
        ("a.webp", ".webp"),
        ("a.jpg", ".png"),
        ("a.gif", ".png"),
    ],
)
def test_lossless_formats_are_kept(tmp_path: Path, name: str, suffix: str) -> None:
    save_picture(tmp_path / name, samples(3))
    assert output_suffix(tmp_path / name) == suffix


# ---------------------------------------------------------------------------------------------
# The picture itself


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_outside_the_hole_every_sample_stays(channels: int, dtype: type) -> None:
    picture = Picture(samples=samples(channels, dtype), profile=ADOBE if channels > 2 else None)
    mask = RNG.random((17, 23)) < 0.3
    colours = (0.2 + 0.8 * RNG.random((17, 23, 3))).astype(np.float32)
    result = picture.recoloured(colours[mask], mask)
    assert np.array_equal(result.samples[~mask], picture.samples[~mask])
    assert np.array_equal(opacity(result), opacity(picture))
    seen = result.rgb()[mask]
    grey = colours @ np.array((0.299, 0.587, 0.114), np.float32)
    expected = np.repeat(grey[..., None], 3, 2) if channels < 3 else colours
    assert np.abs(seen - expected[mask]).max() < 6 / 255


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_without_its_profile_a_picture_looks_the_same(channels: int) -> None:
    picture = described(channels, np.uint16)
    plain = picture.in_srgb()
    assert plain.profile is None and plain.samples.dtype == np.uint16
    grey = picture.rgb() @ np.array((0.299, 0.587, 0.114))
    seen = np.repeat(grey[..., None], 3, 2) if channels < 3 else picture.rgb()
    assert np.abs(plain.rgb() - seen).max() <= 1e-5
    alpha = plain.samples[..., plain.colours.shape[2] :]
    assert np.array_equal(alpha, picture.samples[..., picture.colours.shape[2] :])
    assert (plain.exif, plain.xmp) == (picture.exif, picture.xmp)


def test_transparency_is_cut_and_filled() -> None:
    picture = picture_of(samples(4))
    shares = RNG.random((17, 23)).astype(np.float32)
    cut = picture.cut_out(shares)
    assert np.array_equal(cut.colours, picture.colours)
    alpha = picture.alpha()
    assert alpha is not None
    assert np.abs(cut.samples[..., 3] - alpha * shares * 255).max() <= 0.5
    mask = shares > 0.5
    full = picture.opaque(mask)
    assert (full.samples[mask, 3] == 255).all()
    assert np.array_equal(full.samples[~mask], picture.samples[~mask])


def test_what_is_seen_is_on_white() -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    clear[0, 0] = (10, 20, 30, 255)
    seen = as_seen(picture_of(clear))
    assert seen[0, 0].tolist() == [10, 20, 30]
    assert (seen[1] == 255).all()
    wide = picture_of(samples(3, np.uint16))
    assert np.abs(as_seen(wide) - wide.samples / 257).max() <= 0.5
