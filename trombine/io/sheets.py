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

# Signs that Pillow's own font has beside ASCII's; what is written in place of others that are no
# letters with an accent.
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


@dataclass(frozen=True, kw_only=True)
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
        if not any(cell is not None for row in self.rows for cell in row):
            raise ValueError("a sheet shows at least one picture")
        if self.row_titles and len(self.row_titles) != len(self.rows):
            raise ValueError("a sheet has as many row titles as rows")
        if self.column_titles and len(self.column_titles) != max(map(len, self.rows)):
            raise ValueError("a sheet has as many column titles as columns")

    def pixels(self) -> Pixels:
        """The sheet as a picture."""
        left, top = self._corner()
        width, height = self._grid_size()
        margin = self._margin
        lines = len(self._key_lines()) + (len(self._notes) if self.note else 0)
        under = round((0.7 + 1.3 * lines) * self._letters) if lines else 0
        wide = max(left + width, margin + self._widest_line()) + margin
        sheet = Image.new("RGB", (wide, top + height + under + margin), PAPER)
        self._write(ImageDraw.Draw(sheet), left, top, height)
        for y, row in enumerate(self.rows):
            for x, cell in enumerate(row):
                if cell is not None:
                    sheet.paste(Image.fromarray(cell), self.place(y, x))
        return np.asarray(sheet)

    def place(self, row: int, column: int) -> tuple[int, int]:
        """The left and top pixel of a cell."""
        left, top = self._corner()
        cell_width, cell_height = self._cell()
        return left + column * (cell_width + self.gap), top + row * (cell_height + self.gap)

    # Sizes, all in pixels --------------------------------------------------------------------

    def _cell(self) -> tuple[int, int]:
        """Width and height of the largest picture."""
        shapes = [cell.shape for row in self.rows for cell in row if cell is not None]
        return max(shape[1] for shape in shapes), max(shape[0] for shape in shapes)

    def _grid_size(self) -> tuple[int, int]:
        (width, height), columns = self._cell(), max(map(len, self.rows))
        gaps = self.gap * (columns - 1), self.gap * (len(self.rows) - 1)
        return columns * width + gaps[0], len(self.rows) * height + gaps[1]

    @property
    def _letters(self) -> int:
        """The size of letters: a tenth of a picture, between 12 and 28."""
        return min(max(round(self._cell()[0] / 10), 12), 28)

    @property
    def _margin(self) -> int:
        return max(self._letters, 2 * self.gap)

    def _corner(self) -> tuple[int, int]:
        """Left and top of the grid: after the row titles, under the title and column titles."""
        left = top = self._margin
        if self.row_titles:
            left += max(_width(name, self._letters) for name in self.row_titles) + self._letters
        if self.title:
            top += round(2.2 * self._letters)
        if self.column_titles:
            top += round(1.6 * self._letters)
        return left, top

    def _widest_line(self) -> int:
        title = _width(self.title, round(1.3 * self._letters))
        return max(title, *(_width(line, self._small) for line in self._notes))

    @property
    def _notes(self) -> list[str]:
        return self.note.split("\n")

    @property
    def _small(self) -> int:
        return round(0.85 * self._letters)

    def _key_lines(self) -> list[list[tuple[int, str, Colour]]]:
        """The key in lines no wider than the grid: from where, which name, which colour."""
        lines: list[list[tuple[int, str, Colour]]] = []
        x, most = 0, self._grid_size()[0]
        for name, colour in self.key:
            wide = 2 * self._small + _width(name, self._small)
            if not lines or x + wide > most:
                lines.append([])
                x = 0
            lines[-1].append((x, name, colour))
            x += wide + self._small
        return lines

    # Words -----------------------------------------------------------------------------------

    def _write(self, draw: ImageDraw.ImageDraw, left: int, top: int, height: int) -> None:
        letters, margin, (wide, high) = self._letters, self._margin, self._cell()
        _word(draw, (margin, margin), self.title, INK, round(1.3 * letters), "lt")
        for number, name in enumerate(self.column_titles):
            middle = left + number * (wide + self.gap) + wide // 2
            _word(draw, (middle, top - letters // 2), name, SOFT, letters, "ms")
        for number, name in enumerate(self.row_titles):
            middle = top + number * (high + self.gap) + high // 2
            _word(draw, (left - letters, middle), name, SOFT, letters, "rm")
        key, small = self._key_lines(), self._small
        for number, entries in enumerate(key):
            y = self._under(top + height, number)
            for x, name, colour in entries:
                draw.rectangle((left + x, y, left + x + small, y + small), fill=colour)
                place = left + x + round(1.5 * small), y + round(0.8 * small)
                _word(draw, place, name, SOFT, small, "ls")
        for number, line in enumerate(self._notes, start=len(key)):
            _word(draw, (margin, self._under(top + height, number)), line, SOFT, small, "lt")

    def _under(self, grid: int, line: int) -> int:
        """Where a line of small words begins, under a grid that ends there."""
        return grid + round((1 + 1.3 * line) * self._letters)


def _word(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    words: str,
    colour: Colour,
    size: int,
    anchor: str,
) -> None:
    draw.text(place, spelled(words), colour, _font(size), anchor)


def spelled(words: str) -> str:
    """The words in signs that the font has: letters lose their accents, others become ?."""
    return "".join(map(_plain, words.translate(_SPELLED)))


def _plain(sign: str) -> str:
    if sign.isascii() or sign in _OTHERS:
        return sign
    parts = (
        part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part)
    )
    return "".join(part if part.isascii() else "?" for part in parts)


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # the other is for Pillow without FreeType
    return font


def _width(words: str, size: int) -> int:
    return round(_font(size).getlength(spelled(words)))


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
