"""Pictures in files: what is read, refused, written, and recorded in them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from trombine.images import (
    MAX_PIXELS,
    Image,
    encode_png,
    output_suffix,
    read,
    read_provenance,
    what_is_lost,
    write,
)
from trombine.provenance import dumps, record
from trombine.refusal import InputError

RNG = np.random.default_rng(8)
PIXELS = RNG.integers(0, 256, (20, 30, 3), np.uint8)
RECORD = record("world", {"style": "photo", "size": 64, "odd": "é\n\udc80"}, seed=3)
SUFFIXES = [".png", ".tif", ".tiff", ".webp", ".jpg", ".jpeg", ".PNG"]


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as error:
        read(path, **options)
    line = str(error.value)
    assert line.startswith(f"{path}: ") and "\n" not in line and "; " in line
    return line.removeprefix(f"{path}: ")


def file(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


# --- what is wrong with a file -----------------------------------------------------------------


def test_what_is_no_picture(tmp_path: Path) -> None:
    for name, data in [("a.png", b"hello"), ("b.jpg", bytes(99)), ("c.webp", b"RIFF" + bytes(99))]:
        line = refusal(file(tmp_path, name, data))
        assert line == ("is not a picture; name a PNG, JPEG, WebP, TIFF or other picture file")


def test_the_bytes_count_and_not_the_name(tmp_path: Path) -> None:
    path = file(tmp_path, "photo.jpg", encode_png(PIXELS))
    assert read(path).format == "PNG"
    assert np.array_equal(read(path).samples, PIXELS)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_file_that_is_cut_short(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo{suffix}"
    write(path, PIXELS)
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        line = refusal(path)
        assert line.startswith("is cut short or damaged (")
        assert line.endswith("copy it again from where it came")


def test_an_empty_file_and_a_folder(tmp_path: Path) -> None:
    assert refusal(file(tmp_path, "a.png", b"")).startswith("is empty; ")
    assert refusal(tmp_path).startswith("is a folder; ")


def bomb_png(width: int, height: int) -> bytes:
    """A small file that says it is huge, and would unpack to as much."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body)


def bomb_webp() -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(PIXELS).save(out, "WEBP", lossless=True, exif=b"Exif\0\0x")
    data = bytearray(out.getvalue())
    assert data[12:16] == b"VP8X"
    data[24:30] = (16382).to_bytes(3, "little") * 2
    return bytes(data)


def bomb_tiff() -> bytes:
    out = io.BytesIO()
    empty = (np.zeros((64, 64, 3), np.uint8) for _ in range(1))
    tifffile.imwrite(
        out, empty, shape=(64, 64, 3), dtype=np.uint8, photometric="rgb", compression="zlib"
    )
    data = bytearray(out.getvalue())
    for tag in (b"\x00\x01", b"\x01\x01"):  # width and height
        at = data.index(tag, 8)
        data[at + 8 : at + 12] = (60000).to_bytes(4, "little")
    return bytes(data)


def bomb_gif() -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(PIXELS).convert("P").save(out, "GIF")
    return out.getvalue()[:6] + b"\xff\xff\xff\xff" + out.getvalue()[10:]


@pytest.mark.parametrize("data", [bomb_png(50_000, 50_000), bomb_webp(), bomb_tiff(), bomb_gif()])
def test_a_bomb_is_refused_before_it_is_unpacked(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*arguments: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("trombine.codecs.decode", decode)
    line = refusal(file(tmp_path, "bomb", data))
    assert "pixels, more than the 89,478,485 that are read" in line
    assert line.endswith("if you trust it, set TROMBINE_MAX_PIXELS higher")


def test_the_limit_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "a.png", encode_png(PIXELS))
    assert "has 30 x 20 pixels, more than the 599" in refusal(path, max_pixels=599)
    assert read(path, max_pixels=600).width == 30
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", "599")
    assert "more than the 599" in refusal(path)
    assert read(path, max_pixels=600).width == 30, "the argument comes first"
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", "many")
    assert refusal(path) == "was not read: TROMBINE_MAX_PIXELS is many; make it a number of pixels"


def test_a_picture_over_pillows_own_limit_is_read_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow would warn over its limit and refuse over twice that, whatever is asked."""
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 100)
    for name in ("a.png", "a.jpg", "a.tif"):
        write(tmp_path / name, PIXELS)
        assert read(tmp_path / name).samples.shape == PIXELS.shape
    gif = file(tmp_path, "a.gif", bomb_gif().replace(b"\xff\xff\xff\xff", b"\x1e\0\x14\0", 1))
    assert read(gif).width == 30


def test_a_file_longer_than_any_picture_is_not_loaded(tmp_path: Path) -> None:
    path = file(tmp_path, "a.png", encode_png(PIXELS))
    with path.open("r+b") as opened:
        opened.truncate(1 << 27)  # a hole in the file: it takes no room
    line = refusal(path, max_pixels=600)
    assert "is 128 MB long, more than a picture of 600 pixels can be" in line


# --- what is written ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_samples_are_written_in_the_format_of_the_name(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    write(path, PIXELS)
    with Pillow.open(path) as opened:
        assert opened.format == read(path).format
        error = np.abs(np.asarray(opened).astype(int) - PIXELS).max()
    assert error == 0 or (suffix in (".jpg", ".jpeg") and error < 60)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_red_is_red_in_the_file(suffix: str, tmp_path: Path) -> None:
    """As another library reads it: a reader and a writer that are both wrong agree."""
    red = np.zeros((4, 5, 3), np.uint8)
    red[..., 0] = 200
    write(tmp_path / f"red{suffix}", red)
    with Pillow.open(tmp_path / f"red{suffix}") as opened:
        assert opened.convert("RGB").getpixel((2, 2)) == (200, 0, 0)
    assert np.array_equal(read(tmp_path / f"red{suffix}").samples, red)


@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_plain_samples_of_every_depth(channels: int | None, dtype: type, tmp_path: Path) -> None:
    shape = (9, 7) if channels is None else (9, 7, channels)
    samples = RNG.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    for suffix in (".png", ".tif"):
        write(tmp_path / f"out{suffix}", samples)
        assert np.array_equal(read(tmp_path / f"out{suffix}").samples, samples.reshape(9, 7, -1))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("out", "has no ending, which would say the format; "),
        ("out.jp2", "ends in .jp2, which is no format to write; "),
        ("out.xyz\n", "ends in .xyz\\n, which is no format to write; "),
    ],
)
def test_a_name_that_says_no_format(name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        write(tmp_path / name, PIXELS)
    assert error.value.why == f"{says}choose .png, .jpg, .webp, .tif, .gif, .bmp or .avif"
    assert not list(tmp_path.iterdir())


def test_a_picture_too_large_for_the_format_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        write(tmp_path / "out.webp", np.zeros((1, 16384), np.uint8))
    assert "cannot hold a picture of 16384 x 1 (" in str(error.value)
    assert not list(tmp_path.iterdir())


def test_the_quality_of_a_jpeg(tmp_path: Path) -> None:
    sizes = []
    for quality in (30, 95):
        write(tmp_path / "out.jpg", PIXELS, quality=quality)
        sizes.append((tmp_path / "out.jpg").stat().st_size)
    assert sizes[0] < sizes[1] / 2


@pytest.mark.parametrize(
    ("name", "options", "suffix"),
    [
        ("a.png", {"format": "PNG"}, ".png"),
        ("a.PNG", {"format": "PNG"}, ".PNG"),
        ("a.tiff", {"format": "TIFF"}, ".tiff"),
        ("a.tif", {"format": "TIFF"}, ".tif"),
        ("a.webp", {"format": "WEBP", "lossless": True}, ".webp"),
        ("a.webp", {"format": "WEBP"}, ".png"),
        ("a.jpg", {"format": "JPEG"}, ".png"),
        ("a.gif", {"format": "GIF"}, ".gif"),
        ("a.bmp", {"format": "BMP"}, ".bmp"),
        ("a.avif", {"format": "AVIF"}, ".png"),
        ("a.ppm", {"format": "PPM"}, ".png"),
        ("misnamed.jpg", {"format": "PNG"}, ".png"),
    ],
)
def test_an_output_keeps_the_format_where_that_is_lossless(
    name: str, options: dict[str, Any], suffix: str, tmp_path: Path
) -> None:
    Pillow.fromarray(PIXELS).save(tmp_path / name, **options)
    assert output_suffix(tmp_path / name) == suffix


def test_lossy_cmyk_becomes_tiff(tmp_path: Path) -> None:
    Pillow.fromarray(PIXELS).convert("CMYK").save(tmp_path / "a.jpg")
    assert output_suffix(tmp_path / "a.jpg") == ".tif"


def test_what_an_output_loses_is_said_in_one_line() -> None:
    wide = Image(samples=PIXELS.astype(np.uint16), mode="RGB")
    assert what_is_lost(wide, Path("out.png")) is None
    assert what_is_lost(wide, Path("out.jpg")) == (
        "pixels that should have been kept are no longer exact:"
        " 16 bits a sample become 8, every pixel is rounded"
    )


def test_a_picture_is_written_back_but_for_the_hole(tmp_path: Path) -> None:
    """The whole way: file, samples, new colours under a hole, file, read by another library."""
    samples = RNG.integers(0, 65536, (20, 30, 4), np.uint16)
    write(tmp_path / "in.tif", samples)
    image = read(tmp_path / "in.tif")
    where = RNG.random((20, 30)) > 0.7
    write(tmp_path / "out.tif", image.replace(np.zeros((20, 30, 3), np.float32), where))
    written = tifffile.imread(tmp_path / "out.tif")
    assert np.array_equal(written[~where], samples[~where])
    assert not written[where][:, :3].any()
    assert np.array_equal(written[..., 3], samples[..., 3])


# --- provenance --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_record_travels_in_every_format(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    write(path, PIXELS, provenance=RECORD)
    assert read_provenance(path) == RECORD
    assert read(path).provenance == RECORD
    plain = tmp_path / f"plain{suffix}"
    write(plain, PIXELS)
    assert read_provenance(plain) is None
    assert np.array_equal(read(path).samples, read(plain).samples)
    # Nothing that was read is written again unless it is given again: the pixels have changed.
    write(path, read(path))
    assert read_provenance(path) is None


@pytest.mark.parametrize("bits", [8, 16])
def test_a_record_beside_a_profile_and_a_palette(bits: int, tmp_path: Path) -> None:
    image = Image(
        samples=RNG.integers(0, 9, (9, 9, 1), np.uint8),
        mode="P",
        palette=RNG.integers(0, 256, (9, 4), np.uint8),
        profile=b"any profile" * 9,
    )
    if bits == 16:
        image = Image(samples=RNG.integers(0, 65536, (9, 9, 3), np.uint16), mode="RGB")
    write(tmp_path / "a.png", image, provenance=RECORD)
    again = read(tmp_path / "a.png")
    assert again.provenance == RECORD and again.profile == image.profile
    assert np.array_equal(again.samples, image.samples)


def test_the_chunks_of_a_png_stand_in_the_order_of_its_standard(tmp_path: Path) -> None:
    """A reader may ignore a profile that comes after the palette."""
    image = Image(
        samples=np.zeros((2, 2, 1), np.uint8),
        mode="P",
        palette=np.zeros((2, 4), np.uint8),
        profile=b"any profile",
    )
    write(tmp_path / "a.png", image, provenance=RECORD)
    data, names = (tmp_path / "a.png").read_bytes(), []
    at = 8
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode())
        at += 12 + int.from_bytes(data[at : at + 4])
    assert names == ["IHDR", "iCCP", "tEXt", "PLTE", "tRNS", "IDAT", "IEND"]


def test_others_can_read_the_record(tmp_path: Path) -> None:
    """Where each format has it, as the documentation says."""
    for suffix in (".png", ".jpg", ".webp", ".tif"):
        write(tmp_path / f"a{suffix}", PIXELS, provenance=RECORD)
    with Pillow.open(tmp_path / "a.png") as opened:
        assert opened.info["trombine"] == dumps(RECORD)
    with Pillow.open(tmp_path / "a.jpg") as opened:
        assert opened.info["comment"].decode() == f"trombine {dumps(RECORD)}"
    for suffix in (".webp", ".tif"):
        with Pillow.open(tmp_path / f"a{suffix}") as opened:
            assert opened.getexif()[270] == f"trombine {dumps(RECORD)}"


@pytest.mark.parametrize(("suffix", "others"), [(".jpg", b"holiday"), (".png", b"")])
def test_the_comment_of_another_program_is_no_record(
    suffix: str, others: bytes, tmp_path: Path
) -> None:
    Pillow.fromarray(PIXELS).save(tmp_path / f"a{suffix}", comment=others)
    assert read_provenance(tmp_path / f"a{suffix}") is None


def test_a_broken_record_spoils_no_picture(tmp_path: Path) -> None:
    newer = b'trombine {"verb":"world","format":99}'
    Pillow.fromarray(PIXELS).save(tmp_path / "a.jpg", comment=newer)
    assert read(tmp_path / "a.jpg").provenance is None
    with pytest.raises(InputError, match="newer trombine; update this one"):
        read_provenance(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_picture_and_record_make_the_same_file(suffix: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}{suffix}", PIXELS, provenance=RECORD)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_a_png_in_memory_is_the_one_in_the_file(tmp_path: Path) -> None:
    write(tmp_path / "a.png", PIXELS, provenance=RECORD)
    assert encode_png(PIXELS, RECORD) == (tmp_path / "a.png").read_bytes()
    grey = encode_png(PIXELS[..., 0])
    with Pillow.open(io.BytesIO(grey)) as opened:
        assert opened.mode == "L" and np.array_equal(np.asarray(opened), PIXELS[..., 0])


def test_the_limit_is_pillows() -> None:
    assert MAX_PIXELS == Pillow.MAX_IMAGE_PIXELS
