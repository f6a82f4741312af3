"""Changes of files that know their structure: JSON, headers of tensors and arrays, records.

A flipped bit seldom reaches what reads a value. Here a file is taken apart (JSON, lines of JSON,
safetensors, NumPy's arrays, the record inside a picture), one thing in it is given another type,
range, length or nesting, and it is put together again. attack.py hands such files to the commands
that read them; each is a function of its seed.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from distort_json import LONG, Chance, change_json, change_lines, pick

from trombine import codecs
from trombine.images import format_of, read

Change = Callable[[bytes, Chance], bytes]

_WORDS: Final = (
    *("", "NaN", "-1", "1e999", LONG, "0", "x" * 5000, "..", "/", "\x1b[2J", "\u202e", "*" * 300),
    *("+" * 300, "#", "#0", f"#{LONG}", f"*{LONG}", "*1e400", ":", "@test", '"', "'", "(" * 2000),
    *(
        "files:",
        "files:/",
        "files:.",
        "irregular:",
        "0-0",
        "100-0",
        "30-40",
        "squares*0",
        "=",
        "\t",
    ),
    *(",".join("ab" for _ in range(4000)), "\u0660", "１２", "½", "\ufeff"),
)


# Tensors and arrays --------------------------------------------------------------------------


def change_tensors(data: bytes, chance: Chance) -> bytes:
    """A safetensors file with another header, card, length of the header, or other numbers."""
    end = 8 + int.from_bytes(data[:8], "little")
    header, numbers = data[8:end], data[end:]
    part = chance.random()
    if part < 0.2:
        return _tensors(change_json(header, chance), numbers)
    if part < 0.55:
        return _tensors(_card(header, chance), numbers)
    if part < 0.75:
        return _tensors(_entry(header, chance), numbers)
    if part < 0.85:
        lengths = (0, 1, 7, end - 9, end - 7, len(data), 2**31, 2**63, 2**64 - 1, 10**8, 10**8 + 1)
        return struct.pack("<Q", int(pick(lengths, chance))) + data[8:]
    return _tensors(header, _numbers(numbers, chance))


def _tensors(header: bytes, numbers: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + numbers


def _card(header: bytes, chance: Chance) -> bytes:
    """The JSON text in the header's metadata changed; its own JSON stays sound."""
    tree = json.loads(header)
    held = tree["__metadata__"]
    key = pick(sorted(held), chance)
    held[key] = change_json(held[key].encode(), chance).decode("utf-8", "replace")
    return json.dumps(tree).encode()


def _entry(header: bytes, chance: Chance) -> bytes:
    """Type, shape or place of one tensor changed."""
    tree = json.loads(header)
    names = [name for name in tree if name != "__metadata__"]
    name = pick(names, chance)
    entry, what = tree[name], int(chance.integers(6))
    if what == 0:
        entry["dtype"] = pick(("F16", "BF16", "F64", "I64", "U8", "BOOL", "C64", "F4", ""), chance)
    elif what == 1:
        shapes = ([], [0], [-1], [2**62, 4], [2**33, 2**31], entry["shape"][::-1], [1] * 70)
        entry["shape"] = pick((*shapes, [*entry["shape"], 1]), chance)
    elif what == 2:
        start, stop = entry["data_offsets"]
        moved = ([stop, start], [0, 0], [start, 2**62], [-1, stop], [start, stop - 1], [start])
        entry["data_offsets"] = pick(moved, chance)
    elif what == 3:
        tree[pick(("", "\x1b[2J", "../x", "x" * 5000, "a.b.c"), chance)] = tree.pop(name)
    elif what == 4:
        del tree[name]
    else:
        return change_json(header, chance)
    return json.dumps(tree).encode()


def _numbers(numbers: bytes, chance: Chance) -> bytes:
    """The bytes behind a header cut off, gone on with, or of other numbers."""
    count = len(numbers) // 4
    fills = [float("nan"), float("inf"), 3e38, -3e38, 1e-40, 0.0, 1e19]
    filled = np.full(count, pick(fills, chance), np.float32).tobytes()
    some = bytearray(numbers)
    at = int(chance.integers(max(1, count))) * 4
    some[at : at + 4] = filled[:4]
    cut = numbers[: int(chance.integers(len(numbers) + 1))]
    full = b"\xff" * len(numbers)
    return pick((filled, bytes(some), bytes(some), cut, b"", numbers + b"\x00" * 64, full), chance)


def change_array(data: bytes, chance: Chance) -> bytes:
    """A .npy file with another head, or other rows."""
    file = io.BytesIO(data)
    np.lib.format.read_magic(file)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    rows, part = data[file.tell() :], chance.random()
    if part < 0.35:
        return data[: file.tell()] + _numbers(rows, chance)
    if part < 0.5:
        lengths = (0, 1, 0xFFFF, 5)
        heads = (data[:6], data[:3], b"\x93NUMPY\x09\x09" + data[8:], b"PK\x03\x04" + data[4:])
        long = data[:8] + struct.pack("<H", pick(lengths, chance)) + data[10:]
        return pick((*heads, long, b"\x93NUMPY\x02\x00" + b"\xff" * 4 + data[12:]), chance)
    descr = repr(np.lib.format.dtype_to_descr(dtype))
    head = {"descr": descr, "fortran_order": repr(fortran), "shape": repr(shape)}
    other = {
        "descr": (
            "'|O'",
            "'<f8'",
            "'>u1'",
            "'|V16'",
            "'<U4'",
            "[('a', '<i4')]",
            "'x'",
            "None",
            "1",
        ),
        "fortran_order": ("True", "None", "'x'", "[]"),
        "shape": ("()", "(0,)", "(-1,)", f"({2**62}, 2)", f"({LONG},)", "None", "'x'", "(1.5,)"),
    }
    name = pick(sorted(other), chance)
    head[name] = pick(other[name], chance)
    text = "{" + ", ".join(f"'{key}': {value}" for key, value in head.items()) + ", }"
    if chance.random() < 0.1:
        text = pick(("(" * 5000, "{" * 300, "{'descr': __import__('os')}", "[" * 90, ""), chance)
    head_bytes = text.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head_bytes)) + head_bytes + rows


# Pictures, lists, words ----------------------------------------------------------------------


def change_record(path: Path, chance: Chance) -> bytes:
    """The picture of a file with another record: the JSON in it changed, the picture sound."""
    image, format = read(path), format_of(path)
    assert image.provenance is not None
    sound = codecs.dumps  # pyright: ignore[reportPrivateImportUsage]

    def changed(record: Any) -> str:
        data = change_json(sound(record).encode(), chance)
        return data.decode("utf-8", "replace").encode("ascii", "replace").decode()

    codecs.dumps = changed  # pyright: ignore[reportPrivateImportUsage]
    try:
        return codecs.encode(image, format, provenance=image.provenance)
    except Exception:  # a text that this format does not hold
        return change_bytes(path.read_bytes(), chance)
    finally:
        codecs.dumps = sound  # pyright: ignore[reportPrivateImportUsage]


def change_bytes(data: bytes, chance: Chance) -> bytes:
    """Bits turned over, the end cut off, a piece repeated: where nothing better is known."""
    at = int(chance.integers(max(1, len(data))))
    turned = bytearray(data)
    if turned:
        turned[at] ^= 1 << int(chance.integers(8))
    return pick((bytes(turned), data[:at], data[:at] + data[at : at + 60] * 30 + data[at:]), chance)


def change_list(data: bytes, chance: Chance) -> bytes:
    """A list of names, one a line: a line changed, doubled, or of another encoding."""
    lines = data.split(b"\n")
    at = int(chance.integers(len(lines)))
    word = pick(_WORDS, chance).encode("utf-8", "surrogatepass")
    lines[at] = pick((word, lines[at] + word, word + b" " + lines[at], b"\xff\xfe\0"), chance)
    data = b"\n".join(lines)
    return pick((data, data, data * 2000, b"\x00" + data, data.replace(b"\n", b"\r")), chance)


def change_words(text: str, chance: Chance) -> str:
    """A short text as one types it, with a piece of it changed."""
    at = int(chance.integers(len(text) + 1))
    end = min(len(text), at + int(chance.integers(4)))
    changed = text[:at] + pick(_WORDS, chance) + text[end:]
    return pick((changed, changed, changed, f"{text}+" * 300 + text, text * 2, text[:at]), chance)


# A file in its place -------------------------------------------------------------------------

CHANGES: Final[dict[str, Change]] = {
    "json": change_json,
    "lines": change_lines,
    "tensors": change_tensors,
    "array": change_array,
    "list": change_list,
    "bytes": change_bytes,
}
_OTHER_PLACE: Final = 0.12  # of the files are not changed, but something else stands there


def distort(path: Path, format: str, chance: Chance, others: list[Path]) -> str:
    """Change the file at `path`, or put something else in its place; in words, what was done.

    `others` are files of other kinds, which may take its place.
    """
    if chance.random() < _OTHER_PLACE:
        return _replace(path, chance, others)
    data = change_record(path, chance) if format == "record" else None
    changed = CHANGES[format](path.read_bytes(), chance) if data is None else data
    path.write_bytes(changed)
    return "changed"


def _replace(path: Path, chance: Chance, others: list[Path]) -> str:
    """A folder, a link or another file in place of a file, or nothing at all."""
    data = path.read_bytes()
    path.unlink()
    kinds = ("folder", "link to nothing", "link to itself", "other file", "empty", "gone", "cut")
    kind = pick(kinds, chance)
    if kind == "folder":
        path.mkdir()
    elif kind.startswith("link"):
        path.symlink_to("nothing" if kind == "link to nothing" else path.name)
    elif kind == "other file":
        path.write_bytes(pick(others, chance).read_bytes())
    elif kind == "empty":
        path.touch()
    elif kind == "cut":
        path.write_bytes(data)
        os.truncate(path, int(chance.integers(len(data) + 1)))
    return kind
