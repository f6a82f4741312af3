"""A picture read and written unchanged in a lossless format is the same picture.

The files are made, and compared before and after, by Pillow, tifffile and imagecodecs alone: each
kind of file by one that keeps all of it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow
from PIL import ImageCms

from trombine import codecs
from trombine.images import MAX_PIXELS, Image

RNG = np.random.default_rng(20)
SIZE = (11, 17)  # height, width
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ADOBE = imagecodecs.cms_profile("adobergb")
GREY = imagecodecs.cms_profile("gray", gamma=1.8)


def narrow(*channels: int) -> np.ndarray:
    return RNG.integers(0, 256, (*SIZE, *channels), np.uint8)


def wide(*channels: int) -> np.ndarray:
    return RNG.integers(0, 65536, (*SIZE, *channels), np.uint16)


def bits() -> np.ndarray:
    return RNG.random(SIZE) > 0.5


def pillow(samples: np.ndarray, mode: str, format: str = "PNG", **options: Any) -> bytes:
    """A file that Pillow writes."""
    out = io.BytesIO()
    palette = options.pop("palette", None)
    picture = Pillow.frombytes(mode, (SIZE[1], SIZE[0]), samples.tobytes())
    if palette is not None:
        picture.putpalette(palette.tobytes())
    picture.save(out, format, **options)
    return out.getvalue()


def one_bit() -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(bits()).save(out, "PNG")
    return out.getvalue()


def wide_png(samples: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 16 bits, with chunks after its header."""
    plain = bytes(imagecodecs.png_encode(samples))
    return plain[:33] + b"".join(png_chunk(*chunk) for chunk in chunks) + plain[33:]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def two_bit_png(kind: int = 0, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 2 bits a sample, grey or with a palette, which no library here writes."""
    rows = RNG.integers(0, 256, (SIZE[0], -(-SIZE[1] // 4)), np.uint8)
    rows[:, -1] &= 0xC0  # the bits beyond the width
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", SIZE[1], SIZE[0], 2, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(body)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def tiff(samples: np.ndarray, photometric: str, **options: Any) -> bytes:
    """A file that tifffile writes."""
    out = io.BytesIO()
    options = {"metadata": None, "planarconfig": "contig", **options}
    if samples.ndim == 2:
        del options["planarconfig"]
    tifffile.imwrite(out, samples, photometric=photometric, **options)
    return out.getvalue()


def icc_chunk(profile: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"a name\0\0" + zlib.compress(profile)


PALETTE = RNG.permutation(256 * 3).astype(np.uint8).reshape(256, 3)
UNASSOCIATED, ASSOCIATED, UNSPECIFIED = ["unassalpha"], ["assocalpha"], ["unspecified"]

KINDS: dict[str, Callable[[], bytes]] = {
    "png 1": one_bit,
    "png L of 2 bits": two_bit_png,
    "png P of 2 bits, too short": lambda: two_bit_png(3, (b"PLTE", bytes(range(6)))),
    "png L": lambda: pillow(narrow(), "L"),
    "png L, profile": lambda: pillow(narrow(), "L", icc_profile=GREY),
    "png L, one grey transparent": lambda: pillow(narrow(), "L", transparency=7),
    "png LA": lambda: pillow(narrow(2), "LA"),
    "png P": lambda: pillow(narrow(), "P", palette=PALETTE),
    "png P, profile": lambda: pillow(narrow(), "P", palette=PALETTE, icc_profile=ADOBE),
    "png P, alpha": lambda: pillow(
        narrow(), "P", palette=PALETTE, transparency=narrow().tobytes()[:99]
    ),
    "png P of 4 bits": lambda: pillow(narrow() % 9, "P", palette=PALETTE[:9], bits=4),
    "png RGB": lambda: pillow(narrow(3), "RGB"),
    "png RGB, profile": lambda: pillow(narrow(3), "RGB", icc_profile=ADOBE),
    "png RGB, one colour transparent": lambda: pillow(
        narrow(3) // 200, "RGB", transparency=(0, 1, 0)
    ),
    "png RGBA": lambda: pillow(narrow(4), "RGBA"),
    "png RGBA, profile": lambda: pillow(narrow(4), "RGBA", icc_profile=SRGB),
    "png L16": lambda: wide_png(wide()),
    "png L16, one grey transparent": lambda: wide_png(wide() % 9, (b"tRNS", b"\0\3")),
    "png LA16": lambda: wide_png(wide(2)),
    "png RGB16": lambda: wide_png(wide(3)),
    "png RGB16, profile": lambda: wide_png(wide(3), icc_chunk(ADOBE)),
    "png RGB16, one colour transparent": lambda: wide_png(
        wide(3) // 50000, (b"tRNS", b"\0\1\0\0\0\0")
    ),
    "png RGBA16": lambda: wide_png(wide(4)),
    "webp RGB": lambda: pillow(narrow(3), "RGB", "WEBP", lossless=True),
    "webp RGB, profile": lambda: pillow(narrow(3), "RGB", "WEBP", lossless=True, icc_profile=ADOBE),
    "webp RGBA": lambda: pillow(narrow(4), "RGBA", "WEBP", lossless=True, exact=True),
    "tiff 1": lambda: tiff(bits(), "minisblack"),
    "tiff L": lambda: tiff(narrow(), "minisblack"),
    "tiff L, white is 0": lambda: tiff(narrow(), "miniswhite"),
    "tiff L16": lambda: tiff(wide(), "minisblack", byteorder=">"),
    "tiff LA": lambda: tiff(narrow(2), "minisblack", extrasamples=UNASSOCIATED),
    "tiff LA16": lambda: tiff(wide(2), "minisblack", extrasamples=UNASSOCIATED),
    "tiff P": lambda: tiff(narrow(), "palette", colormap=PALETTE.T.astype(np.uint16) * 257),
    "tiff RGB": lambda: tiff(narrow(3), "rgb"),
    "tiff RGB, profile": lambda: tiff(narrow(3), "rgb", iccprofile=ADOBE, compression="lzw"),
    "tiff RGB in planes": lambda: tiff(
        narrow(3).transpose(2, 0, 1), "rgb", planarconfig="separate"
    ),
    "tiff RGB16": lambda: tiff(wide(3), "rgb", compression="zlib", predictor=True),
    "tiff RGB16, profile, tiles": lambda: tiff(wide(3), "rgb", iccprofile=ADOBE, tile=(16, 16)),
    "tiff RGB16, big": lambda: tiff(wide(3), "rgb", bigtiff=True, byteorder=">"),
    "tiff RGBA": lambda: tiff(narrow(4), "rgb", extrasamples=UNASSOCIATED),
    "tiff RGBA16": lambda: tiff(wide(4), "rgb", extrasamples=UNASSOCIATED),
    "tiff RGB, multiplied by alpha": lambda: tiff(narrow(4), "rgb", extrasamples=ASSOCIATED),
    "tiff RGB and a channel": lambda: tiff(narrow(4), "rgb", extrasamples=UNSPECIFIED),
    "tiff CMYK": lambda: tiff(narrow(4), "separated"),
    "tiff CMYK, profile": lambda: tiff(narrow(4), "separated", iccprofile=b"any bytes"),
    "tiff CMYK16": lambda: tiff(wide(4), "separated"),
    "tiff CMYK and alpha": lambda: tiff(narrow(5), "separated", extrasamples=UNASSOCIATED),
}


def facts(data: bytes) -> dict[str, Any]:
    """What a file holds, by a library that keeps all of it."""
    if data[:4] in (b"II*\0", b"MM\0*", b"MM\0+"):
        return tiff_facts(data)
    with Pillow.open(io.BytesIO(data)) as opened:
        opened.load()
        found = {
            "mode": opened.mode,
            "profile": opened.info.get("icc_profile"),
            "key": None if opened.mode == "P" else opened.info.get("transparency"),
            "samples": np.asarray(opened).tolist(),
        }
        if opened.mode == "P":
            found["seen"] = np.asarray(opened.convert("RGBA")).tolist()
    if (
        data.startswith(b"\x89PNG") and data[24] == 16
    ):  # what Pillow narrows; the header's last words are depth and kind
        found["mode"] = data[24:26]  # depth and kind of colour
        bare = png_without(data, b"tRNS")  # which imagecodecs would turn to alpha
        found["samples"] = imagecodecs.png_decode(bare).tolist()
    return found


def png_without(data: bytes, name: bytes) -> bytes:
    at = data.find(name)
    if at < 0:
        return data
    length = struct.unpack(">I", data[at - 4 : at])[0]
    return data[: at - 4] + data[at + 8 + length :]


def tiff_facts(data: bytes) -> dict[str, Any]:
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        page = opened.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        samples = page.asarray()
        colours = page.colormap
        profile = page.tags.get(34675)
        found = {
            "bits": page.bitspersample,
            "photometric": page.photometric,
            "extra": list(page.extrasamples),
            "profile": None if profile is None else bytes(profile.value),
            "colours": None if colours is None else colours.tolist(),
        }
    if page.axes.startswith("S"):
        samples = samples.transpose(1, 2, 0)
    if found["photometric"] == tifffile.PHOTOMETRIC.MINISWHITE:
        found["photometric"] = tifffile.PHOTOMETRIC.MINISBLACK
        samples = np.iinfo(samples.dtype).max - samples
    return {**found, "samples": samples.tolist()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_lossless_picture_comes_back_the_same(kind: str) -> None:
    original = KINDS[kind]()
    image = codecs.decode(original, MAX_PIXELS)
    assert image.lossless
    again = codecs.encode(image, codecs.kept_format(image))
    assert facts(again) == facts(original)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mode_says_what_is_in_the_file(kind: str) -> None:
    """The kind's own name, as Pillow names modes."""
    image = codecs.decode(KINDS[kind](), MAX_PIXELS)
    named = kind.split(",")[0].split()[1]
    expected = {
        "tiff RGB, multiplied by alpha": "RGBa",
        "tiff RGB and a channel": "RGBX",
        "tiff CMYK and alpha": "CMYKA",
    }.get(kind, named.removesuffix("16"))
    assert (image.mode, image.bits) == (expected, 16 if "16" in named else 8)
    assert (image.height, image.width) == SIZE


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_picture_makes_the_same_bytes(kind: str) -> None:
    image = codecs.decode(KINDS[kind](), MAX_PIXELS)
    format = codecs.kept_format(image)
    assert codecs.encode(image, format) == codecs.encode(image, format)


@pytest.mark.parametrize("profile", [None, ADOBE])
def test_alpha_that_is_all_opaque_is_alpha_still(profile: bytes | None) -> None:
    """In WebP too, whose encoder would leave it out."""
    samples = narrow(4)
    samples[..., 3] = 255
    for format in ("PNG", "WEBP", "TIFF"):
        image = Image(samples=samples, mode="RGBA", profile=profile)
        data = codecs.encode(image, format)
        assert codecs.decode(data, MAX_PIXELS).mode == "RGBA"
        with Pillow.open(io.BytesIO(data)) as opened:
            assert opened.mode == "RGBA" and np.array_equal(np.asarray(opened), samples)


def test_the_file_that_was_written_has_the_samples_that_were_read() -> None:
    """The comparison above looks at files; this looks at what is in memory between."""
    samples = wide(3)
    assert np.array_equal(codecs.decode(wide_png(samples), MAX_PIXELS).samples, samples)
    assert np.array_equal(codecs.decode(tiff(samples, "rgb"), MAX_PIXELS).samples, samples)


def test_the_transparent_grey_of_two_bits_is_spread_as_they_are() -> None:
    image = codecs.decode(two_bit_png(0, (b"tRNS", b"\0\2")), MAX_PIXELS)
    assert image.key == (170,)
    assert set(np.unique(image.samples)) == {0, 85, 170, 255}


@pytest.mark.parametrize(
    ("bits_a_sample", "kind", "clear"),
    [(1, "L", b"\xff\xff"), (2, "L", b"\xff\2"), (8, "L", b"\1\2"), (8, "RGB", b"\1\2\7\0\0\3")],
)
def test_of_a_transparent_colour_only_the_low_bits_count(
    bits_a_sample: int, kind: str, clear: bytes
) -> None:
    """The others are zero by the standard, and are set by programs that do not know it."""
    plain = {
        1: one_bit,
        2: lambda: two_bit_png(0),
        8: lambda: pillow(narrow(3) if kind == "RGB" else narrow(), kind),
    }[bits_a_sample]()
    data = plain[:33] + png_chunk(b"tRNS", clear) + plain[33:]
    image = codecs.decode(data, MAX_PIXELS)
    spread = {1: 255, 2: 85, 8: 1}[bits_a_sample]
    low = [clear[i] & (2**bits_a_sample - 1) for i in range(1, len(clear), 2)]
    assert image.key == tuple(value * spread for value in low)
    again = codecs.decode(codecs.encode(image, "PNG"), MAX_PIXELS)
    assert again.key == image.key and np.array_equal(again.samples, image.samples)


def test_one_bit_with_a_transparent_one_is_grey() -> None:
    plain = one_bit()
    clear = plain[:33] + png_chunk(b"tRNS", b"\0\1") + plain[33:]
    image = codecs.decode(clear, MAX_PIXELS)
    assert (image.mode, image.key) == ("L", (255,))
    assert np.array_equal(image.samples, codecs.decode(plain, MAX_PIXELS).samples)
