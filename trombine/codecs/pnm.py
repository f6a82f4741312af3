"""PBM, PGM and PPM without their comments, which Pillow reads a byte at a time, or a copy each.

Pillow does the rest (other.py). A header ends soon: one that is mostly comments is no picture's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from trombine.codecs.kind import damaged

LONGEST: Final = 1 << 16  # bytes of a header
_MARK: Final = re.compile(rb"P[0-6fy]\w{0,4}(?=[\s#])")
_TOKEN: Final = rb"(?:\s|#[^\r\n]*[\r\n])+([^\s#]{1,20})"
_HEADERS: Final = {  # of how many numbers, and the byte after them
    count: re.compile(_MARK.pattern + count * _TOKEN + rb"\s") for count in (2, 3)
}
_BITS: Final = (b"P1", b"P4")  # which give no largest sample
_PLAIN: Final = (b"P1", b"P2", b"P3")  # samples as text, with comments between them
_BLOCK: Final = 1 << 18  # bytes that are looked through at once
_COMMENT: Final = re.compile(rb"#[^\r\n]*[\r\n]?")


def bare(data: bytes) -> bytes:
    """The file with the header that Pillow reads fastest; any other file as it is.

    Of a file's start, LONGEST bytes or more, it makes the start of that.
    """
    mark = _MARK.match(data)
    if mark is None:
        return data
    match = _HEADERS[2 if mark[0] in _BITS else 3].match(data, 0, LONGEST)
    if match is None and len(data) < LONGEST:
        return data  # Pillow says what is wrong with it
    if match is None:
        raise damaged("its header goes on and on")
    samples = data[match.end() :]
    samples = b"".join(_without_comments(samples)) if mark[0] in _PLAIN else samples
    return b" ".join([mark[0], *match.groups()]) + b"\n" + samples


def _without_comments(text: bytes) -> Iterator[bytes]:
    """The text in blocks that end with a line."""
    at = 0
    while at < len(text):
        end = text.find(b"\n", at + _BLOCK) + 1 or len(text)
        yield _COMMENT.sub(b"", text[at:end])
        at = end
