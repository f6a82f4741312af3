"""Date, camera, place and words of a photograph, carried from file to file: EXIF, XMP and IPTC.

EXIF is a small TIFF: a header, and directories of entries (tag, type, count, value or where it is).
What is kept is laid out anew: upright, without thumbnails, and without what says how the pixels of
the old file lay. A camera's own notes stay at the byte where they were, since many point into
themselves by it. Anybody may have written these bytes: what does not fit together is left out.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from trombine.codecs.kind import described, untagged
from trombine.samples import Image, Metadata

LONGEST: Final = 65_000  # bytes of each kind: a segment of a JPEG has room for no more
PREFIX: Final = b"Exif\0\0"
_MOST_ENTRIES: Final = 1000  # of a directory
# Bytes of a value, by its type.
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TEXT, _SHORT, _LONG, _BYTES = 2, 3, 4, 7
_MAIN, _EXIF, _PLACE, _INTEROP = 0, 34665, 34853, 40965  # directories, by the tag that leads there
_DESCRIPTION, _ORIENTATION, _SOFTWARE, _XMP, _IPTC = 270, 274, 305, 700, 33723  # of the main one
_NOTES, _BITS_A_PIXEL, _WIDTH, _HEIGHT = 37500, 37122, 40962, 40963  # of _EXIF
_OF_PIXELS: Final = {_ORIENTATION, 282, 283, 296, _SOFTWARE}  # which alone tell of no photograph
# Maker, model, date, artist, host, rating, copyright; title, comment, author, keywords, subject.
_OF_PHOTOGRAPHS: Final = {_DESCRIPTION, 271, 272, 306, 315, 316, 18246, 18249, 33432}
_KEPT: Final = {*_OF_PIXELS, *_OF_PHOTOGRAPHS, *range(40091, 40096), _EXIF, _PLACE}
_FURTHEST_NOTES: Final = 1 << 14  # the gap before them is filled with zeros
_PHOTOSHOP: Final = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0"
_TURNED: Final = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|>)\s*)\d+")
_XMP_WIDTH, _XMP_HEIGHT = (
    re.compile(rb"((?:tiff:Image%b|exif:Pixel%bDimension)(?:\s*=\s*[\"']|>)\s*)\d+" % names)
    for names in ((b"Width", b"X"), (b"Length", b"Y"))
)
# What is said of a panorama's angles, of a film or of a map of brightness behind the old picture.
_NO_MORE: Final = re.compile(
    rb"\s(?:GPano|GCamera|hdrgm):\w+\s*=\s*(?:\"[^\"]*\"|'[^']*')"
    rb"|<(GPano|GCamera|hdrgm):(\w+)>[^<]*</\1:\2>"
)
_THUMBNAILS: Final = (b"<xmp:Thumbnails>", b"</xmp:Thumbnails>")


Order = Literal["<", ">"]  # of bytes


class _Entry(NamedTuple):
    """One entry of a directory. Four bytes of a longer value say where it lies."""

    kind: int
    number: int  # of values
    value: bytes


_ORDERS: Final[dict[bytes, Order]] = {b"II*\0": "<", b"MM\0*": ">"}
_Directory = dict[int, _Entry]  # by tag


@dataclass(kw_only=True)
class _Tags:
    """The directories of a block of EXIF, or of a TIFF file."""

    data: bytes
    order: Order = "<"
    room: int = LONGEST  # for values
    is_whole: bool = True
    notes_at: int = 0  # where the camera's own notes lay

    def directory(self, at: int, kept: Container[int] | None = None) -> _Directory:
        """The directory at a byte, but for what is broken."""
        entries: _Directory = {}
        try:
            for tag, kind, count, field in self.fields(at):
                if kept is None or tag in kept:
                    self._add(entries, tag, kind, count, field)
        except struct.error:
            self.is_whole = False
        return entries

    def fields(self, at: int) -> Iterator[tuple[int, int, int, bytes]]:
        """Tag, type, count, and 4 bytes of value or place, of each entry."""
        (count,) = struct.unpack_from(f"{self.order}H", self.data, at)
        for index in range(min(count, _MOST_ENTRIES)):
            yield struct.unpack_from(f"{self.order}HHI4s", self.data, at + 2 + 12 * index)

    def _add(self, entries: _Directory, tag: int, kind: int, count: int, field: bytes) -> None:
        size = _SIZES.get(kind, 0) * count
        value, at = field[:size], self.integer(field)
        if size > len(field):
            value = self.data[at : at + size] if size <= self.room else b""
        if not size or len(value) < size or tag in entries:
            self.is_whole = False
            return
        self.room -= size
        self.notes_at = at if tag == _NOTES and size > len(field) else self.notes_at
        entries[tag] = _Entry(kind, count, value)

    def integer(self, field: bytes) -> int:
        return struct.unpack(f"{self.order}I", field)[0]

    def number(self, value: int) -> _Entry:
        return _Entry(_LONG, 1, struct.pack(f"{self.order}I", value))

    def all(self) -> dict[int, _Directory]:
        """Every directory that is kept, by the tag that leads to it; the main one is there."""
        start = self.integer(self.data[4:8]) if len(self.data) >= 8 else len(self.data)
        directories = {_MAIN: self.directory(start, _KEPT)}
        for outer, tag in ((_MAIN, _EXIF), (_MAIN, _PLACE), (_EXIF, _INTEROP)):
            entry = directories.get(outer, {}).pop(tag, None)
            if entry is not None and len(entry.value) == 4:
                inner = self.directory(self.integer(entry.value))
                directories |= {tag: inner} if inner else {}
        return directories

    def joined(self, directories: dict[int, _Directory], start: bytes) -> bytes:
        """`start`, a TIFF header with what follows, and behind it these directories."""
        data, main = bytearray(start), directories[_MAIN]
        for outer, tag in ((_EXIF, _INTEROP), (_MAIN, _EXIF), (_MAIN, _PLACE)):
            if tag in directories and outer in directories:
                data += b"\0" * (len(data) % 2)
                directories[outer][tag] = self.number(len(data))
                data += self._laid(directories[tag], len(data))
        data += b"\0" * (len(data) % 2)
        data[4:8] = struct.pack(f"{self.order}I", len(data))
        return bytes(data + self._laid(main, len(data)))

    def _laid(self, entries: _Directory, at: int) -> bytes:
        """A directory for byte `at` of a file, and behind it the values that it has no room for."""
        table, values = b"", b""
        end = at + 2 + 12 * len(entries) + 4
        for tag, entry in sorted(entries.items()):
            field = entry.value.ljust(4, b"\0")
            if len(field) > 4:
                field = struct.pack(f"{self.order}I", end + len(values))
                values += entry.value + b"\0" * (len(entry.value) % 2)
            table += struct.pack(f"{self.order}HHI4s", tag, entry.kind, entry.number, field)
        count = struct.pack(f"{self.order}H", len(entries))
        return count + table + bytes(4) + values

    def block(self, directories: dict[int, _Directory]) -> bytes:
        """A block of EXIF, with a camera's notes at the byte where they lay."""
        start = self.data[:4] + bytes(4)
        notes = directories.get(_EXIF, {}).get(_NOTES)
        if notes is not None and len(start) <= self.notes_at <= _FURTHEST_NOTES:
            place = struct.pack(f"{self.order}I", self.notes_at)
            directories[_EXIF][_NOTES] = notes._replace(value=place)
            start = start.ljust(self.notes_at, b"\0") + notes.value
        return self.joined(directories, start)


def _tags_of(data: bytes) -> _Tags | None:
    """A block of EXIF or a TIFF file, opened; None where it is neither."""
    order = _ORDERS.get(data[:4])
    return None if order is None else _Tags(data=data, order=order)


# --- What is read ----------------------------------------------------------------------------


def metadata_of(
    exif: bytes | None, xmp: bytes | str | None = None, iptc: bytes | None = None
) -> Metadata:
    """What a file's blocks say, as it is kept."""
    exif = (exif or b"").removeprefix(PREFIX)
    block, is_whole = _kept(exif)
    texts = [xmp.encode("utf-8", "replace") if isinstance(xmp, str) else xmp or b"", iptc or b""]
    short = [text if len(text) <= LONGEST else b"" for text in texts]
    return Metadata(
        exif=block, xmp=_still_true(short[0]), iptc=short[1], is_cut=not is_whole or short != texts
    )


def metadata_of_tiff(data: bytes) -> Metadata:
    """The same of a TIFF file, whose own main directory says it; a BigTIFF's is not read."""
    tags = _tags_of(data)
    if tags is None:
        return Metadata()
    texts = tags.directory(tags.integer(data[4:8]), {_XMP, _IPTC})
    xmp, iptc = (texts[tag].value if tag in texts else b"" for tag in (_XMP, _IPTC))
    kept = metadata_of(data, xmp, iptc)
    return kept if tags.is_whole else Metadata(**{**vars(kept), "is_cut": True})


def _kept(data: bytes) -> tuple[bytes, bool]:
    """The EXIF to keep of a block or a TIFF, nothing if it tells of no photograph; and whether all
    of it was sound.
    """
    tags = _tags_of(data)
    if tags is None:
        return b"", not data
    directories = tags.all()
    main = directories[_MAIN]
    for tag in (_DESCRIPTION, _SOFTWARE):  # a record of another file than the one to come
        if tag in main and untagged(main[tag].value) is not None:
            del main[tag]
    directories.get(_EXIF, {}).pop(_BITS_A_PIXEL, None)
    if not main.keys() - _OF_PIXELS and len(directories) == 1:
        return b"", tags.is_whole
    if _ORIENTATION in main:
        main[_ORIENTATION] = _Entry(_SHORT, 1, struct.pack(f"{tags.order}H", 1))
    block = tags.block(directories)
    return (block, tags.is_whole) if len(block) <= LONGEST else (b"", False)


def _still_true(xmp: bytes) -> bytes:
    """XMP of a picture that is upright and alone in its file."""
    start, end = (xmp.find(mark) for mark in _THUMBNAILS)
    if 0 <= start < end:
        xmp = xmp[:start] + xmp[end + len(_THUMBNAILS[1]) :]
    return _TURNED.sub(rb"\g<1>1", _NO_MORE.sub(b"", xmp))


# --- What is written -------------------------------------------------------------------------


def exif_for(image: Image, record: str | None, *, turns: bool = True) -> bytes:
    """The block of EXIF for a file of this image, with a record in it if given.

    Without `turns` it has no orientation, not even that of a picture which is upright.
    """
    tags = _tags_of(image.metadata.exif)
    if tags is None:
        return described(record)
    directories = _true_of(image, tags, record)
    if not turns:
        directories[_MAIN].pop(_ORIENTATION, None)
    return PREFIX + tags.block(directories)


def xmp_for(image: Image) -> bytes:
    """The XMP for a file of this image."""
    xmp = _XMP_WIDTH.sub(rb"\g<1>%d" % image.width, image.metadata.xmp)
    return _XMP_HEIGHT.sub(rb"\g<1>%d" % image.height, xmp)


def segments_for(image: Image) -> dict[str, bytes]:
    """What Pillow writes into a JPEG beside its profile and comment."""
    options = {name: text for name, text in (("xmp", xmp_for(image)),) if text}
    if image.metadata.exif:
        options["exif"] = exif_for(image, None)
    if iptc := image.metadata.iptc:
        body = _PHOTOSHOP + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    return options


def order_of(image: Image) -> Order:
    """The order of bytes, "<" or ">", of a TIFF file that is to take this image's EXIF."""
    tags = _tags_of(image.metadata.exif)
    return "<" if tags is None else tags.order


def in_tiff(data: bytes, image: Image, record: str | None) -> bytes:
    """The TIFF file `data` of this image, with what is known of the image and a record in it."""
    tags, held = _tags_of(data), image.metadata
    exif = _tags_of(held.exif) or _Tags(data=b"", order=order_of(image))
    assert tags is not None and tags.order == exif.order
    directories = _true_of(image, exif, record)
    main = directories[_MAIN]
    for tag, text in ((_XMP, xmp_for(image)), (_IPTC, held.iptc)):
        main |= {tag: _Entry(_BYTES, len(text), text)} if text else {}
    own = tags.fields(tags.integer(data[4:8]))
    main |= {tag: _Entry(kind, number, field) for tag, kind, number, field in own}
    return tags.joined(directories, data)


def _true_of(image: Image, tags: _Tags, record: str | None) -> dict[int, _Directory]:
    """The directories of an image's EXIF as a file of it has them, with a record if given."""
    directories = tags.all() if tags.data else {_MAIN: {}}
    exif = directories.get(_EXIF, {})
    sides = {_WIDTH: image.width, _HEIGHT: image.height}
    exif |= {tag: tags.number(side) for tag, side in sides.items() if tag in exif}
    if record is not None:  # a description of the picture's own keeps its place
        text, main = record.encode("ascii") + b"\0", directories[_MAIN]
        main[_SOFTWARE if _DESCRIPTION in main else _DESCRIPTION] = _Entry(_TEXT, len(text), text)
    return directories


def record_in(exif: bytes) -> str | None:
    """The record in a block of EXIF, or a TIFF file, as its description or its software."""
    tags = _tags_of(exif.removeprefix(PREFIX))
    if tags is None:
        return None
    wanted = {_DESCRIPTION, _SOFTWARE}
    tags.room = len(exif)
    main = tags.directory(tags.integer(tags.data[4:8]), wanted)
    texts = (untagged(entry.value) for tag, entry in sorted(main.items()))
    return next((text for text in texts if text is not None), None)
