"""GIF: a still's samples through Pillow, the blocks of the file here. Provenance is a comment.

A GIF is a row of pictures with palettes of their own; `layout` finds them without decoding any,
and `packed` and `assembled` write them. How they are laid over each other as a film is in
frames.py, how colours become 256 in indexed.py.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image as Pillow
from PIL.GifImagePlugin import GifImageFile

from trombine.codecs.kind import MOST_CHUNKS, Head, damaged, exactly, samples_of, unpack, untagged
from trombine.codecs.other import palette_of
from trombine.files import Bytes
from trombine.samples import Image

_EXTENSION, _PICTURE, _END = b"!", b",", b";"
_CONTROL, _COMMENT, _APPLICATION = 0xF9, 0xFE, 0xFF
_LOOPS: Final = b"NETSCAPE2.0"
_BLACK_AND_WHITE: Final = np.array([[0, 0, 0, 255], [255, 255, 255, 255]], np.uint8)
_GREYS: Final = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class GifPart:
    """One of the pictures in a GIF, where it goes on the canvas, and for how long."""

    left: int
    top: int
    width: int
    height: int
    palette: bytes  # red, green, blue; empty: grey
    data: bytes  # the bits of a code, and the blocks of codes
    interlaced: bool = False
    duration: int = 0  # ms
    disposal: int = 0  # when its time is over: 0, 1 leave it, 2 clear its place, 3 put back
    clear: int | None = None  # the index that is transparent


@dataclass(frozen=True, kw_only=True, slots=True)
class GifLayout:
    """A whole GIF, its pictures still packed."""

    width: int
    height: int
    parts: tuple[GifPart, ...]
    comments: tuple[bytes, ...] = ()
    repeats: int | None = None  # how often it starts again, 0 for ever; None: it does not


def head(file: Bytes) -> Head:
    """What the blocks before the first pixels say."""
    start, _ = _start(file)
    width, height = unpack("<HH", start[6:])
    left, top, wide, high = unpack("<HHHH", exactly(file, 8))
    width, height = max(width, left + wide), max(height, top + high)
    return Head(format="GIF", width=width, height=height, lossless=True, space="P")


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image that is a GIF's first picture: "P", "L" or "1"."""
    file = io.BytesIO(data)
    start, control = _start(file)
    bare = b"".join([start, control, _PICTURE, file.read()])
    with GifImageFile(io.BytesIO(bare)) as opened:
        opened.load()
        samples = samples_of(opened)[..., None]
        if opened.mode == "L" and "transparency" not in opened.info:
            return {"samples": samples, "mode": "L"}
        if opened.mode == "L":
            opened.putpalette(_GREYS.tobytes())  # which is what no palette means
        table = opened.palette.palette if opened.palette else b""
        palette = palette_of(opened)[: max(len(table) // 3, int(samples.max()) + 1)]
    if np.array_equal(palette, _BLACK_AND_WHITE):
        return {"samples": samples * np.uint8(255), "mode": "1"}
    return {"samples": samples, "mode": "P", "palette": palette}


def text(file: Bytes) -> str | None:
    """The record of provenance, as `encode` wrote it."""
    records = (untagged(comment) for comment in layout(file.read()).comments)
    return next((record for record in records if record is not None), None)


def encode(image: Image, comment: str | None) -> bytes:
    """A GIF file of a "P", "L" or "1" image."""
    indices = image.samples[..., 0]
    part = packed(indices // 255 if image.mode == "1" else indices, _palette(image))
    content = GifLayout(width=image.width, height=image.height, parts=(part,))
    return assembled(content, [] if comment is None else [comment.encode("ascii")])


def _palette(image: Image) -> UInt8[np.ndarray, "n 4"]:
    if image.palette is not None:
        return image.palette
    return _BLACK_AND_WHITE if image.mode == "1" else np.insert(_GREYS, 3, 255, axis=1)


# --- reading -----------------------------------------------------------------------------------


def _start(file: Bytes) -> tuple[bytes, bytes]:
    """The header with its palette, and the control of the first picture; behind whose mark the
    file then is. Pillow would copy all comments for each that comes after them.
    """
    start = exactly(file, 13)
    start += _table(file, start[10])
    control = b""
    for mark in _marks(file):
        if mark == _PICTURE:
            return start, control
        label, body = exactly(file, 1), b"".join(_blocks(file))
        if label[0] == _CONTROL:
            control = b"".join([_EXTENSION, label, *_in_blocks(body)])
    raise damaged("no picture in it")


def _marks(file: Bytes) -> Iterator[bytes]:
    """The mark of each picture and extension, behind which the file then is; other bytes between
    them are passed over.
    """
    count = 0
    while (mark := file.read(1)) not in (b"", _END):
        if mark in (_PICTURE, _EXTENSION):
            yield mark
            count += 1
        if count > MOST_CHUNKS:
            raise damaged("it has more pictures and comments than a film has")


def layout(data: bytes) -> GifLayout:
    """The blocks of a GIF file, in order; an InputError where one is cut short."""
    width, height, flags = unpack("<HHB", data[6:])
    file = io.BytesIO(data)
    file.seek(13)
    shared = _table(file, flags)
    parts: list[GifPart] = []
    comments: list[bytes] = []
    repeats, control = None, b""
    for mark in _marks(file):
        if mark == _PICTURE:
            parts.append(_part(file, shared, control))
            control = b""
        else:
            label, body = exactly(file, 1)[0], b"".join(_blocks(file))
            control = body if label == _CONTROL else control
            comments += [body] if label == _COMMENT else []
            if label == _APPLICATION and body.startswith(_LOOPS + b"\1") and not parts:
                repeats = unpack("<H", body[12:])[0]
    if parts:  # Pillow lets the first picture, and no other, make the canvas larger
        width = max(width, parts[0].left + parts[0].width)
        height = max(height, parts[0].top + parts[0].height)
    return GifLayout(
        width=width, height=height, parts=tuple(parts), comments=tuple(comments), repeats=repeats
    )


def is_whole(file: Bytes) -> bool:
    """Whether the mark of the end stands where the last block ends."""
    file.seek(13 - 3)
    flags = exactly(file, 3)[0]
    _table(file, flags)
    for mark in _marks(file):
        if mark == _PICTURE:
            _table(file, exactly(file, 9)[8])
        exactly(file, 1)
        for _ in _blocks(file):
            pass
    file.seek(-1, io.SEEK_CUR)
    return file.read(1) == _END


def _part(file: io.BytesIO, shared: bytes, control: bytes) -> GifPart:
    left, top, width, height, flags = unpack("<HHHHB", exactly(file, 9))
    palette = _table(file, flags) or shared
    start = file.tell()
    exactly(file, 1)
    for _ in _blocks(file):
        pass
    how, delay, clear = unpack("<BHB", control) if len(control) >= 4 else (0, 0, 0)
    return GifPart(
        left=left,
        top=top,
        width=width,
        height=height,
        palette=palette,
        data=file.getbuffer()[start : file.tell()].tobytes(),
        interlaced=bool(flags & 64),
        duration=10 * delay,
        disposal=how >> 2 & 7,
        clear=clear if how & 1 else None,
    )


def _table(file: Bytes, flags: int) -> bytes:
    return exactly(file, 3 << (flags & 7) + 1) if flags & 128 else b""


def _blocks(file: Bytes) -> Iterator[bytes]:
    """The blocks up to the empty one, which is read too."""
    while count := exactly(file, 1)[0]:
        yield exactly(file, count)


def unpacked(part: GifPart) -> UInt8[np.ndarray, "h w"]:
    """The indices of one picture: Pillow's, of a file that holds nothing else."""
    screen = struct.pack("<HHBBB", part.width, part.height, 0, 0, 0)
    place = struct.pack("<HHHHB", 0, 0, part.width, part.height, 64 * part.interlaced)
    alone = b"".join([b"GIF89a", screen, _PICTURE, place, part.data, _END])
    with GifImageFile(io.BytesIO(alone)) as opened:
        opened.load()
        return samples_of(opened)


# --- writing -----------------------------------------------------------------------------------


def packed(
    indices: UInt8[np.ndarray, "h w"],
    palette: UInt8[np.ndarray, "n 4"],
    *,
    left: int = 0,
    top: int = 0,
    duration: int = 0,
    disposal: int = 0,
) -> GifPart:
    """One picture of a GIF; an entry of the palette with alpha 0 is the one that is transparent."""
    height, width = indices.shape
    out = io.BytesIO()
    plain = Pillow.frombytes("L", (width, height), np.ascontiguousarray(indices).tobytes())
    plain.save(out, "GIF", optimize=False, interlace=0)
    clear = np.flatnonzero(palette[:, 3] == 0)
    return GifPart(
        left=left,
        top=top,
        width=width,
        height=height,
        palette=palette[:, :3].tobytes(),
        data=layout(out.getvalue()).parts[0].data,
        duration=duration,
        disposal=disposal,
        clear=int(clear[0]) if len(clear) else None,
    )


def assembled(content: GifLayout, comments: Iterable[bytes] = ()) -> bytes:
    """The bytes of a GIF file; each picture has its own palette."""
    pieces = [b"GIF89a", struct.pack("<HHBBB", content.width, content.height, 0x70, 0, 0)]
    if content.repeats is not None:
        loops = struct.pack("<BBHB", 3, 1, content.repeats, 0)
        pieces += [_EXTENSION, bytes([_APPLICATION, len(_LOOPS)]), _LOOPS, loops]
    for comment in comments:
        pieces += [_EXTENSION, bytes([_COMMENT]), *_in_blocks(comment)]
    for part in content.parts:
        pieces += _written(part)
    return b"".join([*pieces, _END])


def _written(part: GifPart) -> Iterator[bytes]:
    how = part.disposal << 2 | (part.clear is not None)
    yield struct.pack(
        "<cBBBHBB", _EXTENSION, _CONTROL, 4, how, part.duration // 10, part.clear or 0, 0
    )
    bits = max(1, (len(part.palette) // 3 - 1).bit_length())
    yield _PICTURE
    yield struct.pack("<HHHHB", part.left, part.top, part.width, part.height, 0x80 | (bits - 1))
    yield part.palette.ljust(3 << bits, b"\0")
    yield part.data


def _in_blocks(body: bytes) -> Iterator[bytes]:
    """Blocks of at most 255 bytes, each after its length, and the empty one."""
    for start in range(0, len(body), 255):
        block = body[start : start + 255]
        yield bytes([len(block)]) + block
    yield b"\0"
