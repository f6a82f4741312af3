"""Contact sheets: labelled grids of pictures, as one picture."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

Pixels = UInt8[np.ndarray, "h w 3"]
Cell = UInt8[np.ndarray, "_ _ 3"]  # in and out are of different sizes
Size = tuple[int, int]  # height, width
Colour = tuple[int, int, int]

# Signs that Pillow's own font has beside ASCII's; what is written in place of others, letters among
# them, that are no letter of ASCII with an accent.
_OTHERS: Final = "©«°±´·»‘“”‹›⁄™"
_SIGNS: Final = {
    "×": "x",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "’": "'",
    "ß": "ss",
    "ø": "o",
    "æ": "ae",
}
_SPELLED: Final = str.maketrans(_SIGNS)
PAPER: Final = (250, 249, 246)
INK: Final = (30, 29, 27)
SOFT: Final = (110, 106, 99)


@dataclass(kw_only=True)
class Sheet:
    """Rows of pictures with their titles, in Latin letters. None leaves a place empty."""

    rows: Sequence[Sequence[Pixels | None]]
    title: str = ""
    row_titles: Sequence[str] = ()
    column_titles: Sequence[str] = ()
    key: Sequence[tuple[str, Colour]] = ()  # what colours mean, under the grid
    note: str = ""  # small, under that; one line or several
    gap: int = 6  # between pictures, in pixels

    def __post_init__(self) -> None:
        """Lay it out, in pixels."""
        shapes = [cell.shape for row in self.rows for cell in row if cell is not None]
        count = max(map(len, self.rows))
        if self.row_titles and len(self.row_titles) != len(self.rows):
            raise ValueError("a sheet has as many row titles as rows")
        if self.column_titles and len(self.column_titles) != count:
            raise ValueError("a sheet has as many column titles as columns")
        self._cell = max(shape[1] for shape in shapes), max(shape[0] for shape in shapes)
        wide, high = self._cell
        self._grid = count * (wide + self.gap) - self.gap, len(self.rows) * (high + self.gap)
        letters = min(max(round(wide / 10), 12), 28)  # a tenth of a picture
        self._letters, self._small = letters, round(0.85 * letters)
        self._left = self._top = self._margin = max(letters, 2 * self.gap)
        if self.row_titles:
            self._left += max(_width(name, letters) for name in self.row_titles) + letters
        self._top += round(2.2 * letters) * bool(self.title)
        self._top += round(1.6 * letters) * bool(self.column_titles)

    def place(self, row: int, column: int) -> tuple[int, int]:
        """The left and top pixel of a cell."""
        wide, high = self._cell
        return self._left + column * (wide + self.gap), self._top + row * (high + self.gap)

    def pixels(self) -> Pixels:
        """The sheet as a picture."""
        letters, small, margin = self._letters, self._small, self._margin
        keys, notes = self._key_lines(), self.note.split("\n")
        bottom = self._top + self._grid[1] - self.gap
        lines = [bottom + round((1 + 1.3 * n) * letters) for n in range(len(keys) + len(notes))]
        count = len(keys) + (len(notes) if self.note else 0)
        under = round((0.7 + 1.3 * count) * letters) if count else 0
        title = _width(self.title, round(1.3 * letters))
        widest = max(title, *(_width(line, small) for line in notes))
        wide = max(self._left + self._grid[0], margin + widest) + margin
        sheet = Image.new("RGB", (wide, bottom + under + margin), PAPER)
        draw = ImageDraw.Draw(sheet)
        _write(draw, (margin, margin), self.title, INK, round(1.3 * letters), "lt")
        for number, name in enumerate(self.column_titles):
            x, y = self.place(0, number)
            _write(draw, (x + self._cell[0] // 2, y - letters // 2), name, SOFT, letters, "ms")
        for number, name in enumerate(self.row_titles):
            x, y = self.place(number, 0)
            _write(draw, (x - letters, y + self._cell[1] // 2), name, SOFT, letters, "rm")
        for y, entries in zip(lines, keys, strict=False):
            for x, name, colour in entries:
                draw.rectangle((x, y, x + small, y + small), fill=colour)
                place = x + round(1.5 * small), y + round(0.8 * small)
                _write(draw, place, name, SOFT, small, "ls")
        for y, line in zip(lines[len(keys) :], notes, strict=True):
            _write(draw, (margin, y), line, SOFT, small, "lt")
        for y, row in enumerate(self.rows):
            for x, cell in enumerate(row):
                if cell is not None:
                    sheet.paste(Image.fromarray(cell), self.place(y, x))
        return np.asarray(sheet)

    def _key_lines(self) -> list[list[tuple[int, str, Colour]]]:
        """The key in lines no wider than the grid: from where, which name, which colour."""
        lines: list[list[tuple[int, str, Colour]]] = []
        x = 0
        for name, colour in self.key:
            wide = 2 * self._small + _width(name, self._small)
            if not lines or x + wide > self._grid[0]:
                lines.append([])
                x = 0
            lines[-1].append((self._left + x, name, colour))
            x += wide + self._small
        return lines


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], words: str, colour: Colour, size: int, by: str
) -> None:
    draw.text(at, _spelled(words), colour, _font(size), by)


def _spelled(words: str) -> str:
    """The words in signs that the font has: letters lose their accents, others become ?."""
    return "".join(map(_plain, words.translate(_SPELLED)))


def _plain(sign: str) -> str:
    if sign.isascii() or sign in _OTHERS:
        return sign
    parts = (one for one in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(one))
    return "".join(part if part.isascii() else "?" for part in parts)


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # the other is for Pillow without FreeType
    return font


def _width(words: str, size: int) -> int:
    return round(_font(size).getlength(_spelled(words)))


# ---------------------------------------------------------------------------------------------
# Pictures in cells


def fitting(size: Size, most: int) -> Size:
    """The size at which a picture fits a cell: smaller, or whole times larger."""
    longer = max(size)
    if longer <= most:
        return size[0] * (most // longer), size[1] * (most // longer)
    return max(1, round(size[0] * most / longer)), max(1, round(size[1] * most / longer))


def overview(pixels: Cell, size: Size) -> Cell:
    """Squares where a picture grows, the mean of what falls together where it shrinks."""
    shrinks = pixels.shape[0] > size[0]
    return resized(pixels, size, Image.Resampling.LANCZOS if shrinks else Image.Resampling.NEAREST)


def resized(pixels: Cell, size: Size, how: Image.Resampling) -> Cell:
    """By Pillow, to this height and width."""
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), how))


def centred(pixels: Cell, cell: Size) -> Cell:
    """In the middle of a cell of paper."""
    full = np.full((*cell, 3), PAPER, np.uint8)
    top, left = (cell[0] - pixels.shape[0]) // 2, (cell[1] - pixels.shape[1]) // 2
    full[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return full
