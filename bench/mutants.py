"""Small sound files of every format that is read, and damaged copies of them.

A damaged copy is a function of (first seed, index): bits turned over, ends cut off, pieces of
other files put in, fields set to extremes, sizes in headers changed. fuzz.py reads thousands of
them, tests/property/test_fuzz.py a few.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import tifffile
from PIL import Image as Pillow

from trombine import codecs, draws
from trombine.codecs import Frames
from trombine.images import Image, image_of
from trombine.provenance import record

Chance = np.random.Generator

EXTREMES: Final = {
    "<B": (0, 1, 0x7F, 0x80, 0xFF),
    "<H": (0, 1, 0x7FFF, 0x8000, 0xFFFF, 9000),
    ">H": (0, 1, 0x7FFF, 0x8000, 0xFFFF, 9000),
    "<I": (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 9000, 1 << 24),
    ">I": (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 9000, 1 << 24),
}
_HEADER: Final = 64  # bytes in which most formats have their sizes
_MADE: Final = record("world", {"size": 9}, seed=1)


def sound_files() -> dict[str, bytes]:
    """The files that are damaged, by what they are; HEIC where its extra is installed."""
    colours = _colours()
    return {
        **_by_trombine(colours),
        **_by_pillow(Pillow.fromarray(colours[..., :3])),
        **_by_tifffile(colours),
        **_heic(Pillow.fromarray(colours[..., :3])),
    }


def _colours() -> np.ndarray:
    """Smooth colours with an edge, H x W x 4: neither noise, which nothing packs, nor flat."""
    rows, columns = np.mgrid[0:37, 0:43]
    planes = [rows * 6, columns * 5, (rows + columns) * 3, np.where(rows > columns, 255, 90)]
    return np.stack(planes, axis=2).clip(0, 255).astype(np.uint8)


def _by_trombine(colours: np.ndarray) -> dict[str, bytes]:
    wide = colours.astype(np.uint16) * 257
    palette = np.array([[i * 16, 255 - i * 9, i, 255 * (i > 0)] for i in range(16)], np.uint8)
    plain = Image(samples=colours[..., :3].copy(), mode="RGB", profile=b"profile" * 20)
    listed = Image(samples=colours[..., :1] % 16, mode="P", palette=palette)
    bits = Image(samples=(colours[..., :1] > 99).astype(np.uint8) * np.uint8(255), mode="1")
    kinds = {
        "png": (plain, "PNG"),
        "png 16": (image_of(wide), "PNG"),
        "png P": (listed, "PNG"),
        "png 1": (bits, "PNG"),
        "jpeg": (plain, "JPEG"),
        "jpeg CMYK": (Image(samples=colours, mode="CMYK"), "JPEG"),
        "webp": (image_of(colours), "WEBP"),
        "tiff 16": (Image(samples=wide, mode="CMYK"), "TIFF"),
        "tiff P": (listed, "TIFF"),
        "gif": (listed, "GIF"),
        "avif": (image_of(colours), "AVIF"),
    }
    files = {
        name: codecs.encode(image, format, provenance=_MADE)
        for name, (image, format) in kinds.items()
    }
    for image in (bits, listed, plain, image_of(colours)):
        files[f"bmp {image.mode}"] = codecs.encode(image, "BMP")
    turned = [image_of(np.roll(colours, 5 * turn, axis=1)) for turn in range(4)]
    film = Frames(frames=tuple(turned), durations=(40, 50, 60, 70), loops=0)
    opaque = Frames(frames=(plain, bits, plain), durations=(10, 20, 30))
    for format in ("GIF", "WEBP"):
        files[f"{format} film"] = codecs.encode_frames(film, format, provenance=_MADE)
        files[f"{format} film, opaque"] = codecs.encode_frames(opaque, format)
    return files


def _by_pillow(picture: Pillow.Image) -> dict[str, bytes]:
    exif = Pillow.Exif()
    exif[274] = 6
    kinds: dict[str, tuple[str, str, dict[str, Any]]] = {
        "jpeg, progressive": ("RGB", "JPEG", {"progressive": True, "exif": exif}),
        "png, exif": ("LA", "PNG", {"exif": exif}),
        "webp, lossy": ("RGB", "WEBP", {"exif": exif}),
        "gif, interlaced": ("P", "GIF", {"interlace": 1}),
        "tiff, lzw": ("RGB", "TIFF", {"compression": "tiff_lzw"}),
        "tiff, jpeg": ("RGB", "TIFF", {"compression": "jpeg"}),
        "tiff, group 4": ("1", "TIFF", {"compression": "group4"}),
        "avif, turned": ("RGB", "AVIF", {"exif": exif}),
        "jp2": ("RGB", "JPEG2000", {}),
        **{name: ("RGB", name, {}) for name in ("BMP", "PPM", "ICO", "SGI", "PCX", "QOI")},
        **{f"{name} P": ("P", name, {}) for name in ("BMP", "ICO", "PCX")},
        "DDS": ("RGBA", "DDS", {}),
        "ICNS": ("RGBA", "ICNS", {}),
        "MSP": ("1", "MSP", {}),
        "XBM": ("1", "XBM", {}),
    }
    files: dict[str, bytes] = {}
    for name, (mode, format, options) in kinds.items():
        out = io.BytesIO()
        picture.convert(mode).save(out, format, **options)
        files[name] = out.getvalue()
    return files


def _by_tifffile(colours: np.ndarray) -> dict[str, bytes]:
    kinds: dict[str, dict[str, Any]] = {
        "tiff, plain": {},
        "tiff, tiled": {"tile": (16, 16), "compression": "zlib"},
        "tiff, planes": {"planarconfig": "separate", "compression": "packbits"},
        "tiff, big": {"bigtiff": True, "compression": "lzma"},
    }
    files: dict[str, bytes] = {}
    for name, options in kinds.items():
        out, planes = io.BytesIO(), colours[..., :3]
        planes = planes.transpose(2, 0, 1) if "planarconfig" in options else planes
        tifffile.imwrite(out, planes, photometric="rgb", metadata=None, **options)
        files[name] = out.getvalue()
    return files


def _heic(picture: Pillow.Image) -> dict[str, bytes]:
    if find_spec("pillow_heif") is None:
        return {}
    import pillow_heif

    out = io.BytesIO()
    pillow_heif.from_pillow(picture).save(out, quality=80)
    return {"heic": out.getvalue()}


def mutant(files: dict[str, bytes], first_seed: int, index: int) -> tuple[str, bytes]:
    """The damaged file of this index: the name of what it was, and its bytes."""
    names = list(files)
    name = names[index % len(names)]
    chance = draws.Chance(seed=first_seed, places=np.array([index])).generator("fuzz")
    data = bytearray(files[name])
    for _ in range(int(chance.integers(1, 5))):
        if data:
            DAMAGES[int(chance.integers(len(DAMAGES)))](data, chance, files)
    return name, bytes(data)


Files = dict[str, bytes]


def _bits(data: bytearray, chance: Chance, files: Files) -> None:
    """Turn a few bits over."""
    for at in chance.integers(0, len(data), int(chance.integers(1, 9))):
        data[at] ^= 1 << int(chance.integers(8))


def _cut(data: bytearray, chance: Chance, files: Files) -> None:
    """Lose the end."""
    del data[int(chance.integers(1, len(data) + 1)) :]


def _field(data: bytearray, chance: Chance, files: Files) -> None:
    """Set a number somewhere to an extreme."""
    _set(data, chance, int(chance.integers(0, len(data))))


def _head(data: bytearray, chance: Chance, files: Files) -> None:
    """Set a number near the start, where sizes and lengths are, to an extreme."""
    _set(data, chance, int(chance.integers(0, min(_HEADER, len(data)))))


def _sides(data: bytearray, chance: Chance, files: Files) -> None:
    """Make the picture another size, wherever its own is written: just within the limit, say."""
    layout = ("<H", ">H", "<I", ">I")[int(chance.integers(4))]
    new = int(chance.choice([0, 1, 36, 38, 300, 9000, 9400, 16384, 65535]))
    for side in (37, 43, 36, 42):  # WebP's are one less
        old = struct.pack(layout, side)
        at = data.find(old)
        while at >= 0 and chance.random() < 0.8:
            data[at : at + len(old)] = struct.pack(layout, new)
            at = data.find(old, at + len(old))


def _set(data: bytearray, chance: Chance, at: int) -> None:
    layout = list(EXTREMES)[int(chance.integers(len(EXTREMES)))]
    values = EXTREMES[layout]
    number = struct.pack(layout, values[int(chance.integers(len(values)))])
    data[at : at + len(number)] = number


def _splice(data: bytearray, chance: Chance, files: Files) -> None:
    """Put a piece of another file over, or between, what is there."""
    other = list(files.values())[int(chance.integers(len(files)))]
    start = int(chance.integers(0, len(other)))
    piece = other[start : start + int(chance.integers(1, 200))]
    at = int(chance.integers(0, len(data)))
    data[at : at + (len(piece) if chance.random() < 0.5 else 0)] = piece


def _repeat(data: bytearray, chance: Chance, files: Files) -> None:
    """Say a piece again, perhaps hundreds of times."""
    start = int(chance.integers(0, len(data)))
    piece = data[start : start + int(chance.integers(1, 200))]
    data[start:start] = piece * int(chance.choice([1, 2, 500]))


def _remove(data: bytearray, chance: Chance, files: Files) -> None:
    """Lose a piece of the middle."""
    start = int(chance.integers(0, len(data)))
    del data[start : start + int(chance.integers(1, 60))]


DAMAGES: Final[tuple[Callable[[bytearray, Chance, Files], None], ...]] = (
    _bits,
    _cut,
    _field,
    _head,
    _sides,
    _sides,
    _splice,
    _repeat,
    _remove,
)
