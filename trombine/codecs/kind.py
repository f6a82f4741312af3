"""What every codec here shares: how a file is recognised, described, turned upright and refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from trombine.files import Bytes
from trombine.provenance import KEY

SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
)


class CodecError(Exception):
    """Bytes that make no picture, or a picture that a format cannot hold: what, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what, self.remedy = what, remedy


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a file says of its picture before any pixel is decoded."""

    format: str  # as Pillow names it
    width: int  # as stored, before the orientation is applied
    height: int
    lossless: bool
    space: str  # "CMYK", or anything else


def damaged(detail: object) -> CodecError:
    """A picture whose bytes break off or contradict each other."""
    text = " ".join(str(detail).split())[:120]
    return CodecError(f"is cut short or damaged ({text})", "copy it again from where it came")


def unsupported(what: str) -> CodecError:
    """A sound picture of a kind that is not read."""
    return CodecError(what, "save it as PNG or TIFF with 8 or 16 bits a sample")


def recognise(start: bytes) -> str:
    """PNG, JPEG, WEBP or TIFF by a file's first 12 bytes; "" for anything else."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    return next((name for signature, name in SIGNATURES if start.startswith(signature)), "")


def exactly(file: Bytes, count: int) -> bytes:
    """The next `count` bytes, or a refusal."""
    found = file.read(count)
    if len(found) < count:
        raise damaged(f"{count - len(found)} bytes are missing")
    return found


def unpack(layout: str, data: bytes) -> tuple[int, ...]:
    """`struct.unpack` of the start of `data`, or a refusal."""
    if len(data) < struct.calcsize(layout):
        raise damaged("its header is short")
    return struct.unpack_from(layout, data)


def upright(samples: np.ndarray, orientation: object) -> np.ndarray:
    """Samples, H x W x C, turned as EXIF's orientation, 1 to 8, asks; nothing else turns them."""
    turned = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: a[::-1].transpose(1, 0, 2),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: a[:, ::-1].transpose(1, 0, 2),
    }
    turn = turned.get(orientation) if isinstance(orientation, int) else None
    return np.ascontiguousarray(turn(samples) if turn else samples)


def orientation(exif: bytes) -> object:
    """The orientation in a block of EXIF; None where there is none or the block is broken."""
    from PIL import Image as Pillow

    block = Pillow.Exif()
    try:
        block.load(exif)
        return block.get(274)
    except Exception:  # whatever a broken block does to the parser, the picture itself is sound
        return None


def tagged(text: str) -> str:
    """A record as it stands in a comment or a description, where other programs write too."""
    return f"{KEY} {text}"


def untagged(text: str | bytes | object) -> str | None:
    """The record in a comment that `tagged` made; None where another program wrote it."""
    if isinstance(text, bytes):
        text = text.decode("ascii", "replace")
    if not isinstance(text, str) or not text.startswith(f"{KEY} "):
        return None
    return text[len(KEY) + 1 :].rstrip("\0")
