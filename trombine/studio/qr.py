"""A link as a QR code for a terminal: version 5, level L, bytes, as ISO/IEC 18004 has it.

One version is enough for our links, and its code words are one block: nothing is interleaved.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool

_SIDE: Final = 37
_DATA, _CHECK = 108, 26  # code words
MOST: Final = _DATA - 2  # letters
_FORMAT: Final = 0b111011111000100  # level L and mask 0, with their own check bits
_ALIGNED: Final = 30  # the middle of the alignment pattern
Modules = Bool[np.ndarray, "37 37"]  # True is dark


def modules(text: str) -> Modules:
    """The code of a text of up to 106 letters of ASCII."""
    data = text.encode("ascii")
    if len(data) > MOST:
        raise ValueError("too long for one code")
    bits = "0100" + f"{len(data):08b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    words += [(0xEC, 0x11)[at % 2] for at in range(_DATA - len(words))]
    stream = "".join(f"{word:08b}" for word in words + checks(words))
    dark, taken = _patterns()
    places = [place for place in _walk() if not taken[place]]
    for (y, x), bit in zip(places, stream.ljust(len(places), "0"), strict=True):
        dark[y, x] = (bit == "1") ^ ((y + x) % 2 == 0)  # mask 0
    return dark


def terminal(text: str) -> str:
    """The code in half blocks, two rows a line, with its quiet margin; dark on light."""
    light = ~np.pad(modules(text), 4)
    light = np.pad(light, ((0, light.shape[0] % 2), (0, 0)), constant_values=True)
    marks = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    return "\n".join(
        "".join(marks[bool(one), bool(other)] for one, other in zip(upper, lower, strict=True))
        for upper, lower in zip(light[::2], light[1::2], strict=True)
    )


def times(one: int, other: int) -> int:
    """The product in GF(256) of 0x11d."""
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ ((product >> 7) * 0x11D) ^ ((other >> bit & 1) * one)
    return product


def checks(words: list[int]) -> list[int]:
    """The check words of Reed and Solomon: what is left of the words, divided by the product of
    x - 2^i for i from 0 to 25."""
    divisor, root = [1], 1  # factors of falling powers; the first is left out below
    for _ in range(_CHECK):
        shifted = [*divisor, 0]
        divisor = [a ^ times(b, root) for a, b in zip(shifted, [0, *divisor], strict=True)]
        root = times(root, 2)
    rest = [0] * _CHECK
    for word in words:
        lead = word ^ rest[0]
        rest = [a ^ times(b, lead) for a, b in zip([*rest[1:], 0], divisor[1:], strict=True)]
    return rest


def _patterns() -> tuple[Modules, Modules]:
    """What every code of this version has, and which modules that takes."""
    dark, taken = np.zeros((_SIDE, _SIDE), bool), np.zeros((_SIDE, _SIDE), bool)
    last = _SIDE - 1
    taken[6, :] = taken[:, 6] = True  # timing
    dark[6, ::2] = dark[::2, 6] = True
    y, x = np.mgrid[:_SIDE, :_SIDE]
    for row, column in ((3, 3), (3, last - 3), (last - 3, 3)):  # finders, with their light rims
        apart = np.maximum(abs(y - row), abs(x - column))
        taken |= apart <= 4
        dark = np.where(apart <= 4, (apart <= 3) & (apart != 2), dark)
    apart = np.maximum(abs(y - _ALIGNED), abs(x - _ALIGNED))
    taken |= apart <= 2
    dark = np.where(apart <= 2, apart != 1, dark)
    taken[8, :9] = taken[:9, 8] = taken[8, last - 7 :] = taken[last - 7 :, 8] = True
    beside = [0, 1, 2, 3, 4, 5, 7, 8]  # the format, twice: round one corner, and at the other two
    for at in range(15):
        bit = bool(_FORMAT >> at & 1)
        upper = (beside[at], 8) if at < 8 else (8, beside[14 - at])
        other = (8, last - at) if at < 8 else (last - 14 + at, 8)
        dark[upper] = dark[other] = bit
    dark[last - 7, 8] = True
    return dark, taken


def _walk() -> list[tuple[int, int]]:
    """The order in which modules are filled: up and down in pairs of columns from the right."""
    order, rises = [], True
    for right in (*range(_SIDE - 1, 6, -2), 5, 3, 1):  # the column of the timing is left out
        rows = range(_SIDE - 1, -1, -1) if rises else range(_SIDE)
        order += [(row, column) for row in rows for column in (right, right - 1)]
        rises = not rises
    return order
