"""Whether a file ends where its format says, by its length: a copy that broke off does not."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Final

from trombine.files import Bytes


def is_cut_short(file: Bytes, format: str) -> bool:
    """Whether bytes are missing at the end of a file of this format; False where none tells."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return format in _CHECKS and not _CHECKS[format](file, size)


def _ends_png(file: Bytes, size: int) -> bool:
    at, name = 8, b""
    while name != b"IEND" and at + 12 <= size:
        file.seek(at)
        start = file.read(8)
        at, name = at + 12 + int.from_bytes(start[:4]), start[4:]
    return name == b"IEND" and at <= size


def _ends_jpeg(file: Bytes, size: int) -> bool:
    """Whether the end's mark lies behind that of the last pixels, which hold no mark."""
    data = file.read(size)
    return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")


def _ends_webp(file: Bytes, size: int) -> bool:
    return 8 + int.from_bytes(file.read(8)[4:], "little") <= size


def _ends_bmp(file: Bytes, size: int) -> bool:
    return int.from_bytes(file.read(6)[2:], "little") <= size


def _ends_gif(file: Bytes, size: int) -> bool:
    from trombine.codecs.gif import is_whole

    return is_whole(file)


def _ends_tiff(file: Bytes, size: int) -> bool:
    import tifffile

    with tifffile.TiffFile(file) as opened:
        return all(
            at + count <= size
            for page in opened.pages
            for at, count in zip(page.dataoffsets, page.databytecounts, strict=False)
        )


def _ends_boxes(file: Bytes, size: int) -> bool:
    """Of AVIF and MP4: whether every box is as long as it says."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        start = file.read(16)
        length = int.from_bytes(start[:4])
        if length == 1:
            length = int.from_bytes(start[8:])
        if length == 0:  # up to the end, wherever that is
            return True
        at += max(length, 8)
    return at == size


def _ends_webm(file: Bytes, size: int) -> bool:
    """Whether the header and the segment are as long as they say."""
    for _ in range(2):
        file.seek(_id_length(file.read(1)) - 1, io.SEEK_CUR)
        first = file.read(1)
        more = _id_length(first) - 1
        length = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + file.read(more))
        if length == (1 << 7 * (more + 1)) - 1:  # all bits: up to the end
            return True
        file.seek(length, io.SEEK_CUR)
    return file.tell() <= size


def _id_length(first: bytes) -> int:
    """How many bytes a number of Matroska has, by its first one."""
    return 9 - first[0].bit_length()


_CHECKS: Final[Mapping[str, Callable[[Bytes, int], bool]]] = {
    "PNG": _ends_png,
    "JPEG": _ends_jpeg,
    "WEBP": _ends_webp,
    "BMP": _ends_bmp,
    "GIF": _ends_gif,
    "TIFF": _ends_tiff,
    "AVIF": _ends_boxes,
    "MP4": _ends_boxes,
    "WEBM": _ends_webm,
}
