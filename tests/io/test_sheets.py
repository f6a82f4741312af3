"""Contact sheets hold every picture unchanged, in its place, under its titles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trombine.io.sheets import Sheet

SIDE = 48


def pictures(rows: int, columns: int) -> list[list[np.ndarray]]:
    draw = np.random.default_rng(0)
    shape = (rows, columns, SIDE, SIDE, 3)
    return [list(row) for row in draw.integers(0, 256, shape, np.uint8)]


@pytest.mark.parametrize("titled", [False, True])
def test_every_picture_is_there_unchanged(titled: bool) -> None:
    rows = pictures(2, 3)
    sheet = Sheet(rows=rows)
    if titled:
        titles = {"row_titles": ["a", "b"], "column_titles": ["x", "y", "z"]}
        sheet = replace(sheet, title="Sheet", note="small\nand more", **titles)
    drawn = sheet.pixels()
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            left, top = sheet.place(y, x)
            assert np.array_equal(drawn[top : top + SIDE, left : left + SIDE], picture)


def test_titles_are_written_beside_their_rows_and_columns() -> None:
    """Each title, when taken away, leaves paper where it was, and nothing else changes."""
    rows = pictures(2, 2)
    names = ["the first row", "second"], ["left", "right"]
    with_all = Sheet(rows=rows, row_titles=names[0], column_titles=names[1])
    without = Sheet(rows=rows, row_titles=[names[0][0], ""], column_titles=["left", ""])
    changed = np.argwhere((with_all.pixels() != without.pixels()).any(axis=2))
    left, top = with_all.place(1, 1)
    in_row_title = (changed[:, 1] < with_all.place(0, 0)[0]) & (changed[:, 0] >= top)
    in_column_title = (changed[:, 0] < with_all.place(0, 0)[1]) & (changed[:, 1] >= left)
    assert in_row_title.any() and in_column_title.any()
    assert (in_row_title | in_column_title).all()


def test_a_key_has_each_colour_in_lines_no_wider_than_the_grid() -> None:
    key = [(f"colour {n}", (n, 255 - n, 9)) for n in range(7)]
    rows = pictures(1, 4)
    without, drawn = Sheet(rows=rows).pixels(), Sheet(rows=rows, key=key, note="n").pixels()
    assert drawn.shape[1] == without.shape[1] and drawn.shape[0] > without.shape[0] + 3 * 12
    corners = [np.argwhere((drawn == colour).all(axis=2))[0].tolist() for _, colour in key]
    assert corners == sorted(corners) and len({y for y, _ in corners}) > 1
    assert len({x for _, x in corners}) < len(corners), "they stand under one another"


def test_signs_the_font_has_not_are_spelled() -> None:
    """Letters of other alphabets too; an accent is left out."""
    [row] = pictures(1, 1)
    titles = "2×–−… Straße øæé", "2x--... Strasse oaee"
    signs, letters = (Sheet(rows=[row], title=title).pixels() for title in titles)
    assert np.array_equal(signs, letters)
