"""Changes of JSON that know its structure: a value of another type, range, length or nesting.

Texts that no JSON writer makes are among them: numbers of thousands of digits, NaN, a key twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

Chance = np.random.Generator

_DEEP: Final = 100_000
LONG: Final = "9" * 5000  # more digits than Python turns into a number
# What a JSON value is replaced by, as it is written: other types, ranges, lengths, nestings.
TOKENS: Final = (
    *("null", "true", "false", "0", "-1", "1", "0.5", "2", "17", "-0.0", "1e308", "1e-320"),
    *("NaN", "Infinity", "-Infinity", "1e999", LONG, f"-{LONG}", f"{LONG}.5", "1" + "0" * 400),
    *(str(2**31), str(2**53), str(2**63), str(2**64), str(-(2**63)), "100000000", "4294967297"),
    *('""', '" "', '"x"', '"NaN"', '"0"', '"..\\/..\\/x"', '"/"', '"."', '"\\u0000"', '"\\n\\n"'),
    *('"\\u001b[2J\\u001b]0;x\\u0007"', '"\\u202e\\u2066"', '"\\ud800"', '"\\udcff"', '"a+b*c#d"'),
    *(f'"{"x" * 100_000}"', f'"{LONG}"', '"<script>alert(1)</script>"', '"%s%n{0}"'),
    *("[]", "{}", "[null]", "[[]]", "[1, 2, 3]", '["x"]', '{"": ""}', '{"x": {"x": []}}', "[-1]"),
    *("[" * _DEEP + "]" * _DEEP, '{"a":' * _DEEP + "1" + "}" * _DEEP, "[" * 900 + "]" * 900),
    *("[" + "0," * 20_000 + "0]", "[NaN]", '[{"kind": 1}]', "1e", "'x'", "undefined", "\x1b[31m"),
)
_MARK: Final = "@@changed@@"


def change_json(data: bytes, chance: Chance) -> bytes:
    """One value, key or end of a JSON text, changed."""
    changes = (_value, _value, _value, _value, _key, _twice, _more, _swap, _wrap, _end, _around)
    return pick(changes, chance)(data, chance)


def change_lines(data: bytes, chance: Chance) -> bytes:
    """One of several lines of JSON changed, or which lines there are."""
    lines = data.splitlines(keepends=True)
    at = int(chance.integers(len(lines)))
    if chance.random() < 0.7:
        lines[at] = change_json(lines[at].rstrip(b"\n"), chance) + b"\n"
        return b"".join(lines)
    whole = pick((_without, _repeated, _turned, _torn, _blank, _array), chance)
    return whole(lines, at)


def _value(data: bytes, chance: Chance) -> bytes:
    tree = json.loads(data)
    place = _place(tree, chance)
    if place is None or chance.random() < 0.05:
        return pick(TOKENS, chance).encode()
    place[0][place[1]] = _MARK
    return _dumped(tree, pick(TOKENS, chance))


def _key(data: bytes, chance: Chance) -> bytes:
    """A key that is missing."""
    tree = json.loads(data)
    place = _place(tree, chance)
    if place is not None:
        del place[0][place[1]]
    return json.dumps(tree).encode()


def _twice(data: bytes, chance: Chance) -> bytes:
    """A key that is there twice, once with another value."""
    tree = json.loads(data)
    places = [place for place in _places(tree) if isinstance(place[0], dict)]
    if not places:
        return data + data
    holder, key = pick(places, chance)
    held = dict(holder)
    holder.clear()
    holder.update({_MARK: 1, **held} if chance.random() < 0.5 else {**held, _MARK: 1})
    text, token = json.dumps(tree), pick(TOKENS, chance)
    return text.replace(f'"{_MARK}": 1', f"{json.dumps(key)}: {token}").encode()


def _more(data: bytes, chance: Chance) -> bytes:
    """A key that nobody knows."""
    tree = json.loads(data)
    holders = [holder for holder, _ in _places(tree) if isinstance(holder, dict)]
    if not holders:
        return b"[" + data + b"]"
    pick(holders, chance)[str(json.loads(pick(('"x"', '""', '"\\u001b[2J"'), chance)))] = _MARK
    return _dumped(tree, pick(TOKENS, chance))


def _swap(data: bytes, chance: Chance) -> bytes:
    """Two values, each in the other's place."""
    tree = json.loads(data)
    places = list(_places(tree))
    if len(places) > 1:
        (one, key), (other, name) = pick(places, chance), pick(places, chance)
        held = json.dumps(one[key]), json.dumps(other[name])
        one[key] = json.loads(held[1])
        other[name] = json.loads(held[0])
    return json.dumps(tree).encode()


def _wrap(data: bytes, chance: Chance) -> bytes:
    """A value in a list, an object or a text of its own."""
    tree = json.loads(data)
    place = _place(tree, chance)
    if place is None:
        return b"[" + data + b"]"
    holder, key = place
    held = holder[key]
    holder[key] = pick(([held], {"x": held}, json.dumps(held), [held, held]), chance)
    return json.dumps(tree).encode()


def _end(data: bytes, chance: Chance) -> bytes:
    """The text up to a border of its structure."""
    borders = [at for at, letter in enumerate(data) if letter in b'{}[],:"'] or [0]
    return data[: pick(borders, chance) + int(chance.integers(2))]


def _around(data: bytes, chance: Chance) -> bytes:
    """The text in another encoding, or with something before or after it."""
    text = data.decode("utf-8", "replace")
    others = (text.encode("utf-16"), b"\xef\xbb\xbf" + data, b"\xff" + data, data + b"\x00" * 9)
    more = (data + data, b"", b" " * 1_000_000 + data, data.replace(b'"', b"'"), data + b",")
    return pick((*others, *more), chance)


def _place(tree: Any, chance: Chance) -> tuple[Any, Any] | None:
    """One value, one near the root as likely as one of the many far from it; None without any."""
    place = None
    while isinstance(tree, dict | list) and tree and (place is None or chance.random() < 0.6):
        key = pick(list(tree) if isinstance(tree, dict) else range(len(tree)), chance)
        place, tree = (tree, key), tree[key]
    return place


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every value of a tree: what holds it, and under which key or number."""
    if isinstance(tree, dict | list):
        for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
            yield tree, key
            yield from _places(value)


def _dumped(tree: Any, token: str) -> bytes:
    return json.dumps(tree).replace(json.dumps(_MARK), token).encode("utf-8", "surrogatepass")


def _without(lines: list[bytes], at: int) -> bytes:
    return b"".join(lines[:at] + lines[at + 1 :])


def _repeated(lines: list[bytes], at: int) -> bytes:
    return b"".join(lines[:at] + lines[at : at + 1] * 300 + lines[at:])


def _turned(lines: list[bytes], at: int) -> bytes:
    return b"".join(reversed(lines))


def _torn(lines: list[bytes], at: int) -> bytes:
    return b"".join(lines[:at]) + lines[at][: len(lines[at]) // 2]


def _blank(lines: list[bytes], at: int) -> bytes:
    return b"".join([*lines[:at], b"\n\r\n \n\x0b\x0c\xc2\x85\n", *lines[at:]])


def _array(lines: list[bytes], at: int) -> bytes:
    return b"[" + b",".join(line.strip() for line in lines) + b"]"


def pick(of: Any, chance: Chance) -> Any:
    """One of several."""
    return of[int(chance.integers(len(of)))]
