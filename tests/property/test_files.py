"""Files, whatever they hold: any picture comes back, any bytes are read or refused in one line."""

from __future__ import annotations

import dataclasses
import io
import os
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image as Pillow

from trombine import codecs
from trombine.files import write_bytes
from trombine.images import Image, read, write
from trombine.provenance import dumps, loads, record
from trombine.refusal import InputError, shown

LIMIT = 1 << 20  # small, so that no broken header asks for much
SPACES = {"1": 1, "L": 1, "P": 1, "RGB": 3, "CMYK": 4}
# What each format keeps as it is: modes, and depths.
KEPT = {
    "PNG": (("1", "L", "LA", "P", "RGB", "RGBA"), (8, 16)),
    "WEBP": (("RGB", "RGBA"), (8,)),
    "TIFF": (
        (
            *("1", "L", "LA", "La", "LX", "P", "RGB", "RGBA", "RGBa", "RGBX"),
            *("CMYK", "CMYKA", "CMYKa", "CMYKX"),
        ),
        (8, 16),
    ),
    "GIF": (("1", "L", "P"), (8,)),
    "BMP": (("1", "L", "P", "RGB", "RGBA"), (8,)),
}


@st.composite
def fields(draw: st.DrawFn, modes: tuple[str, ...], depths: tuple[int, ...]) -> dict[str, Any]:
    """The fields of an Image of at most 9 x 9 pixels, with everything that goes with its mode.

    Not the Image: the annotations' checker draws from `random`, which hypothesis forbids here.
    """
    mode = draw(st.sampled_from(modes))
    space = mode.rstrip("AaX")
    bits = 8 if space in "1P" else draw(st.sampled_from(depths))
    dtype = {8: np.uint8, 16: np.uint16}[bits]
    sides = st.integers(1, 9)
    shape = (draw(sides), draw(sides), SPACES[space] + len(mode) - len(space))
    entries = draw(st.integers(1, 256)) if space == "P" else 0
    top = {"1": 1, "P": entries - 1}.get(space, 2**bits - 1)
    samples = draw(npst.arrays(dtype, shape, elements=st.integers(0, top)))
    return {
        "samples": samples * np.uint8(255) if space == "1" else samples,
        "mode": mode,
        "palette": draw(npst.arrays(np.uint8, (entries, 4))) if entries else None,
        "profile": draw(st.none() | st.binary(min_size=1, max_size=300)),
    }


def seen(image: Image) -> np.ndarray:
    return image.samples if image.palette is None else image.palette[image.samples[..., 0]]


def same(one: Image, other: Image) -> bool:
    """Whether two pictures are the same, palettes by what is seen through them."""
    return (
        one.mode == other.mode
        and one.samples.dtype == other.samples.dtype
        and np.array_equal(one.samples, other.samples)
        and np.array_equal(seen(one), seen(other))
        and one.profile == other.profile
    )


@pytest.mark.parametrize("format", KEPT)
@given(data=st.data())
def test_any_picture_comes_back_from_a_lossless_format(format: str, data: st.DataObject) -> None:
    modes, depths = KEPT[format]
    image = Image(**data.draw(fields(modes, depths)))
    if format != "PNG" and image.palette is not None:
        image.palette[:, 3] = 255  # only PNG has palettes of any transparency
        if format == "GIF" and data.draw(st.booleans()):
            image.palette[data.draw(st.integers(0, len(image.palette) - 1)), 3] = 0
    if format in ("GIF", "BMP"):  # nor do all have a place for profiles
        image = dataclasses.replace(image, profile=None)
    assert codecs.fit(image, format) is image
    again = codecs.decode(codecs.encode(image, format), LIMIT)
    assert same(image, again)
    assert (again.format, again.lossless) == (format, True)


@given(given=fields(*KEPT["TIFF"]), format=st.sampled_from(codecs.FORMATS))
def test_any_picture_goes_into_any_format(given: dict[str, Any], format: str) -> None:
    image = Image(**given)
    again = codecs.decode(codecs.encode(image, format), LIMIT)
    assert again.samples.shape[:2] == image.samples.shape[:2]
    colours = image.rgb()
    assert colours.min() >= 0 and colours.max() <= 1


@given(given=fields(*KEPT["TIFF"]), data=st.data())
def test_outside_any_hole_any_picture_stays(given: dict[str, Any], data: st.DataObject) -> None:
    image = Image(**given)
    shape = image.samples.shape[:2]
    shares = st.floats(0, 1, width=32)
    colours = data.draw(npst.arrays(np.float32, (*shape, 3), elements=shares))
    hole = data.draw(npst.arrays(bool, shape))
    after = image.replace(colours, hole)
    assert after.mode == image.mode and after.samples.dtype == image.samples.dtype
    assert np.array_equal(after.samples[~hole], image.samples[~hole])
    if image.palette is not None:
        assert after.palette is not None
        index = image.samples[..., 0][~hole]
        assert np.array_equal(after.palette[index], image.palette[index])


def good_files() -> dict[str, bytes]:
    """Small files of many kinds, with all that may stand in them."""
    pixels = np.random.default_rng(12).integers(0, 256, (9, 11, 4), np.uint8)
    wide = pixels.astype(np.uint16) * 257
    made = record("world", {"size": 9}, seed=1)
    coloured = Image(samples=pixels[..., :3].copy(), mode="RGB", profile=b"profile" * 20)
    listed = Image(samples=pixels[..., :1] % 16, mode="P", palette=pixels[0, [0] * 16])
    kinds = {
        "png": (coloured, "PNG"),
        "png 16": (Image(samples=wide, mode="RGBA"), "PNG"),
        "png P": (listed, "PNG"),
        "jpeg": (coloured, "JPEG"),
        "jpeg CMYK": (Image(samples=pixels, mode="CMYK"), "JPEG"),
        "webp": (Image(samples=pixels, mode="RGBA"), "WEBP"),
        "tiff": (Image(samples=wide, mode="CMYK", profile=b"profile" * 20), "TIFF"),
    }
    files = {
        name: codecs.encode(image, format, provenance=made)
        for name, (image, format) in kinds.items()
    }
    picture = Pillow.fromarray(pixels[..., :3])
    for format, options in {
        "GIF": {},
        "BMP": {},
        "WEBP": {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"},
        "TIFF": {},  # not packed: nothing in it but the length says where it ends
        "JPEG": {"progressive": True, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"},
    }.items():
        out = io.BytesIO()
        picture.save(out, format, **options)
        files[f"{format}, by Pillow"] = out.getvalue()
    return files


FILES = good_files()


def decoded(data: bytes) -> Image | InputError:
    """What becomes of the bytes: there is no third possibility, and nothing is printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return codecs.decode(data, LIMIT)
        except InputError as error:
            assert error.problem and error.remedy
            assert "\n" not in error.problem + error.remedy
            assert "type hint" not in error.problem and "Type-check" not in error.problem
            return error


@pytest.mark.parametrize("name", FILES)
def test_every_start_of_a_file_is_refused_or_is_enough(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Cut short anywhere: either the pixels were all there already, or it is said."""
    whole = decoded(FILES[name])
    assert isinstance(whole, Image)
    refused = 0
    for end in range(1, len(FILES[name])):
        found = decoded(FILES[name][:end])
        refused += isinstance(found, InputError)
        assert isinstance(found, InputError) or np.array_equal(found.samples, whole.samples), end
    assert refused > len(FILES[name]) / 3
    assert capfd.readouterr() == ("", "")


@settings(max_examples=150)
@given(name=st.sampled_from(list(FILES)), data=st.data())
def test_a_damaged_file_is_read_or_refused(name: str, data: st.DataObject) -> None:
    broken = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(broken) - 1))
        patch = data.draw(st.binary(min_size=1, max_size=4))
        broken[at : at + data.draw(st.integers(0, 4))] = patch
    decoded(bytes(broken))


@given(
    start=st.sampled_from([b"", *(data[:count] for data in FILES.values() for count in (12, 40))]),
    rest=st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused(start: bytes, rest: bytes) -> None:
    decoded(start + rest)


@given(data=st.binary(max_size=200), name=st.text(min_size=1, max_size=20))
def test_whatever_file_it_is_there_is_one_line(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name.replace("/", "_")
        with suppress(OSError, ValueError):  # where this is no name for a file
            path.write_bytes(data)
        with pytest.raises(InputError) as error:
            read(path)
        line = str(error.value)
        assert line.isprintable()
        line.encode("utf-8")


@given(name=st.binary(min_size=1, max_size=40))
def test_any_name_is_printed_on_one_line(name: bytes) -> None:
    line = shown(os.fsdecode(name))
    assert line.isprintable()
    line.encode("utf-8")


@given(given=fields(("RGB",), (8,)), suffix=st.sampled_from([".png", ".tif", ".webp"]))
def test_a_file_is_replaced_whole(given: dict[str, Any], suffix: str) -> None:
    image = Image(**given)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out{suffix}"
        write_bytes(path, b"old")
        write(path, image)
        assert same(read(path), image)
        assert list(Path(folder).iterdir()) == [path]


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(options=st.dictionaries(st.text(), JSON, max_size=5), seed=st.none() | st.integers(0))
def test_any_record_comes_back_from_any_file(options: dict[str, Any], seed: int | None) -> None:
    made = record("verb", options, seed=seed)
    assert loads(dumps(made)) == made
    image = Image(samples=np.zeros((2, 2, 3), np.uint8), mode="RGB")
    for format in set(codecs.FORMATS) - set(codecs.BESIDE):
        assert (
            codecs.decode(codecs.encode(image, format, provenance=made), LIMIT).provenance == made
        )
