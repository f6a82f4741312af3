"""What a picture's file can make of the process: one line, some memory, some time, and no more.

Each room has a file that once was misread in silence, took gigabytes or minutes, or had a library
speak on the terminal. Files of our own are in test_bounded_files.py, callers and other people's
weights in test_bounded_callers.py.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow
from PIL import PpmImagePlugin

import trombine
from trombine import codecs, images
from trombine.codecs.png import SIGNATURE, chunk, chunks
from trombine.refusal import InputError

RNG = np.random.default_rng(7)
PIXELS = RNG.integers(0, 256, (24, 30, 3), np.uint8)
LIMIT = 10**7

# The chunks' numbers: white, red, green, blue; and 1/2.2 in hundred thousandths.
PLACES_OF_SRGB = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
PLACES_OF_ADOBE = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
ADOBE_TO_XYZ = np.array(
    [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
)


def gamma(number: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", number))


def places(numbers: tuple[int, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *numbers))


def png(pixels: np.ndarray, *more: bytes) -> bytes:
    """A PNG file with these chunks behind its header."""
    first, *others = [raw for _, _, raw in chunks(images.encode_png(pixels))]
    return b"".join([SIGNATURE, first, *more, *others])


# --- what a PNG says of its colours -------------------------------------------------------------


def test_gamma_of_a_png_is_followed() -> None:
    """A PNG whose gAMA says that its samples are light is seen, and read, as that light."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None], 2, 0)
    light = np.arange(256) / 255
    seen = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    for pixels in (ramp, np.repeat(ramp[..., None], 3, 2)):
        image = codecs.decode(png(pixels, gamma(100_000)), LIMIT)
        assert np.abs(image.rgb()[0, :, 0] - seen).max() < 1 / 255


def test_primaries_of_a_png_are_followed() -> None:
    """A PNG whose cHRM has the colours of Adobe RGB is seen in these."""
    image = codecs.decode(png(PIXELS, gamma(45_455), places(PLACES_OF_ADOBE)), LIMIT)
    light = (PIXELS / 255.0) ** 2.2 @ ADOBE_TO_XYZ.T @ np.linalg.inv(TO_XYZ).T
    inside = ((light > 0.02) & (light < 0.98)).all(2)
    wanted = 1.055 * light[inside] ** (1 / 2.4) - 0.055
    assert inside.sum() > 50 and np.abs(image.rgb()[inside] - wanted).max() < 2 / 255


@pytest.mark.parametrize(
    "more",
    [
        (gamma(45_455),),
        (gamma(45_455), places(PLACES_OF_SRGB)),
        (chunk(b"sRGB", b"\0"), gamma(100_000)),
        (chunk(b"cICP", bytes([1, 13, 0, 1])), gamma(100_000)),
        (gamma(0),),
        (gamma(2**32 - 1),),
        (places((0,) * 8),),
    ],
)
def test_what_is_srgb_or_nonsense_stays_as_it_is(more: tuple[bytes, ...]) -> None:
    """Chunks that say sRGB, or what cannot be, change nothing."""
    image = codecs.decode(png(PIXELS, *more), LIMIT)
    assert image.profile is None and np.array_equal(image.rgb_pixels(), PIXELS)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_colours_go_along_into_what_is_made(format: str) -> None:
    """What the chunks say is in the output too, as a profile, in every format that holds one."""
    image = codecs.decode(png(PIXELS, gamma(55_556)), LIMIT)
    again = codecs.decode(codecs.encode(image, format), LIMIT)
    assert image.profile is not None and again.profile == image.profile
    assert codecs.encode(image, format) == codecs.encode(image, format)


def test_colours_that_cannot_be_followed_are_kept_and_said(tmp_path: Path) -> None:
    """The mark of an HDR picture stays in PNG, and is said where it is not followed or kept."""
    (tmp_path / "hdr.png").write_bytes(png(PIXELS, chunk(b"cICP", bytes([9, 16, 0, 1]))))
    (tmp_path / "p3.png").write_bytes(png(PIXELS, chunk(b"cICP", bytes([12, 13, 0, 1]))))
    result = trombine.upscale(pictures=(tmp_path / "hdr.png",), output=tmp_path / "larger.png")
    assert any("HDR (PQ)" in notice.text for notice in result.notices)
    assert images.read(tmp_path / "larger.png").code == bytes([9, 16, 0, 1])
    result = trombine.upscale(pictures=(tmp_path / "hdr.png",), output=tmp_path / "larger.webp")
    assert any("nothing says any more" in notice.text for notice in result.notices)
    given = {"pictures": (tmp_path / "p3.png",), "model": "upscale"}
    result = trombine.upscale(output=tmp_path / "p3.webp", **given)
    assert not result.notices, "the profile says all of it"
    assert images.read(tmp_path / "p3.webp").profile is not None


# --- several pictures in a file -----------------------------------------------------------------


def test_a_heic_of_several_pictures_is_said(tmp_path: Path) -> None:
    """Of a HEIC that holds more than one picture it is said that one is taken."""
    pillow_heif = pytest.importorskip("pillow_heif")
    pictures = pillow_heif.from_pillow(Pillow.fromarray(PIXELS))
    pictures.save(tmp_path / "one.heic")
    pictures.add_from_pillow(Pillow.fromarray(255 - PIXELS))
    pictures.save(tmp_path / "two.heic")
    assert images.holds_others(tmp_path / "two.heic")
    assert not images.holds_others(tmp_path / "one.heic")


# --- pictures that ask for more than they show --------------------------------------------------


def tiff(piece: bytes, packed: int, side: int = 16) -> bytes:
    """A TIFF whose one strip of grey pixels is this piece."""
    tags = {256: side, 257: side, 258: 8, 259: packed, 262: 1, 273: 0, 277: 1, 278: side, 279: 0}
    tags |= {273: 8 + 2 + 12 * len(tags) + 4, 279: len(piece)}
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + body + bytes(4) + piece


LARGE = np.zeros((500, 500), np.uint8)
PIECES: dict[str, Callable[[np.ndarray], bytes | bytearray]] = {
    "JPEG": lambda a: imagecodecs.jpeg_encode(a),
    "JPEG2000": lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="j2k"),
    "JPEG_2000_LOSSY": lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="jp2"),
    "WEBP": lambda a: imagecodecs.webp_encode(np.repeat(a[..., None], 3, 2), lossless=True),
    "PNG": lambda a: imagecodecs.png_encode(a),
    "JPEGXL": lambda a: imagecodecs.jpegxl_encode(a, effort=1),
    "JPEGXR": lambda a: imagecodecs.jpegxr_encode(a),
    "LERC": lambda a: imagecodecs.lerc_encode(a),
}


@pytest.mark.parametrize("kind", PIECES)
def test_a_strip_that_is_larger_than_the_picture_is_not_decoded(kind: str) -> None:
    """A TIFF of 16 x 16 pixels whose strip holds a picture of millions is refused before that."""
    data = tiff(bytes(PIECES[kind](LARGE)), tifffile.COMPRESSION[kind])
    with pytest.raises(InputError) as error:
        codecs.decode(data, LIMIT)
    assert error.value.problem.endswith(("larger than it says)", f"packed as {kind}"))


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000", "JPEG_2000_LOSSY"])
def test_a_strip_as_large_as_the_picture_is_read(kind: str) -> None:
    """A TIFF whose strips are pictures of the right size is read as before."""
    pixels = np.repeat(np.arange(0, 256, 16, dtype=np.uint8)[None], 16, 0)
    image = codecs.decode(tiff(bytes(PIECES[kind](pixels)), tifffile.COMPRESSION[kind]), LIMIT)
    assert np.abs(image.samples[..., 0].astype(int) - pixels).max() < 8


def test_a_tiff_of_jpeg_in_strips_and_tiles_is_read() -> None:
    """A JPEG in strips, of which the last is shorter, or in tiles, is read as before."""
    ways: tuple[dict[str, Any], ...] = ({"rowsperstrip": 16}, {"tile": (16, 16)})
    for how in ways:
        out = io.BytesIO()
        tifffile.imwrite(out, PIXELS, photometric="rgb", compression="jpeg", **how)
        assert codecs.decode(out.getvalue(), LIMIT).samples.shape == PIXELS.shape


def test_a_small_icon_does_not_hold_a_huge_picture() -> None:
    """An ICNS whose picture inside is beyond Pillow's bound is refused before it is decoded."""
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 6, 0, 0, 0)
    inside = (
        SIGNATURE
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    data = b"ic07" + struct.pack(">I", 8 + len(inside)) + inside
    with pytest.raises(InputError, match="more memory"):
        codecs.decode(b"icns" + struct.pack(">I", 8 + len(data)) + data, LIMIT)


class Counted(io.BytesIO):
    """A file that counts how often it is read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.count += 1
        return super().read(size)


@pytest.mark.parametrize("fill", [b"#a\n", b"\n", b"#a"])
def test_a_header_of_comments_is_not_gone_through_byte_by_byte(fill: bytes) -> None:
    """A PGM that begins with megabytes of comments is refused after a few reads."""
    file = Counted(b"P5\n" + fill * 500_000 + b"\n2 2 255\nabcd")
    with pytest.raises(InputError):
        codecs.read_head(file, LIMIT)
    assert file.count < 100


@pytest.mark.parametrize("magic", [b"P1", b"P2", b"P3"])
def test_comments_between_samples_do_not_reach_pillow(
    magic: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PGM with half a million comments between its samples is read, and in one go."""
    blocks: list[bytes] = []
    honest = PpmImagePlugin.PpmPlainDecoder._ignore_comments

    def noted(self: PpmImagePlugin.PpmPlainDecoder, block: bytes) -> bytes:
        blocks.append(block)
        return honest(self, block)

    monkeypatch.setattr(PpmImagePlugin.PpmPlainDecoder, "_ignore_comments", noted)
    header = b"2 2\n" if magic == b"P1" else b"2 2\n# the brightest\n1\n"
    samples = b"1 0 1 0 " * (3 if magic == b"P3" else 1)
    data = magic + b" # a comment\n" + header + b"# more\n" * 500_000 + samples + b"\n#end"
    image = codecs.decode(data, LIMIT)
    assert (image.height, image.width) == (2, 2) and len(np.unique(image.samples)) == 2
    assert blocks and not any(b"#" in block for block in blocks)


MANY = 200_000


def gif(*more: bytes) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(PIXELS).save(out, "GIF")
    data = out.getvalue()
    at = 13 + (3 << (data[10] & 7) + 1)  # behind the palette
    return b"".join([data[:at], *more, data[at:]])


def jpeg(*more: bytes) -> bytes:
    data = codecs.encode(images.image_of(PIXELS), "JPEG")
    return b"".join([data[:2], *more, data[2:]])


@pytest.mark.parametrize(
    "data",
    [
        jpeg(b"\xff\xe1\0\x09Exif\0\0x" * MANY),
        jpeg(b"\xff\xe3\0\x02" * MANY),
        png(PIXELS, chunk(b"abCd", b"") * MANY),
        gif(b"!\xfe\x01a\0" * MANY),
    ],
    ids=["exif", "segments", "chunks", "comments"],
)
def test_more_pieces_than_any_picture_has_are_not_gone_through(data: bytes) -> None:
    """A file of hundreds of thousands of tiny pieces is refused."""
    with pytest.raises(InputError, match=r"more (segments|chunks|pictures and comments) than"):
        codecs.decode(data, LIMIT)


def test_a_gif_with_comments_is_read_as_without_them() -> None:
    """Comments before the picture change nothing of it."""
    with_comments = gif(b"!\xfe\x05hello\0" * 100)
    plain, other = codecs.decode(gif(), LIMIT), codecs.decode(with_comments, LIMIT)
    assert np.array_equal(plain.rgb_pixels(), other.rgb_pixels())


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_no_decoder_speaks_by_itself(channels: int, capfd: pytest.CaptureFixture[str]) -> None:
    """A 16-bit PNG that libpng would remark on is read without a word on the terminal."""
    samples = RNG.integers(0, 65536, (9, 7, channels), np.uint16)
    whole = codecs.encode(images.image_of(samples), "PNG")
    pieces = [(name, body + b"abc" if name == b"IDAT" else body) for name, body, _ in chunks(whole)]
    data = SIGNATURE + b"".join(chunk(name, body) for name, body in pieces)
    assert np.array_equal(codecs.decode(data, LIMIT).samples, samples)
    assert capfd.readouterr() == ("", "")
