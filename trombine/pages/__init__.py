"""What people look at: self-contained pages, plots, and contact sheets.

page.py       a page of one file: sections, prose, tables, and nothing from another host
figures.py    what stands in a page: pictures, grids of them, sliders, tables of numbers
plots.py      lines, points and bars with axes and intervals, as SVG
axes.py       nice ticks, and where a number lies on an axis
sheets.py     contact sheets: labelled grids of pictures as one picture
overlays.py   parts and landmarks drawn over a picture
markup.py     escaping, elements, pictures as data
style.css     how it looks, light and dark, on a phone and on a desktop
script.js     the sliders; a page without script shows the same, still
"""

from trombine.pages.figures import (
    compare,
    estimate,
    fold,
    grid,
    key,
    picture,
    plots,
    scrubber,
    table,
)
from trombine.pages.markup import Html, element, escape
from trombine.pages.overlays import draw_parts, draw_points, key_of
from trombine.pages.page import Page, check_page, command, note, paragraphs, unbroken
from trombine.pages.plots import Plot, Series
from trombine.pages.sheets import Sheet

__all__ = [
    "Html",
    "Page",
    "Plot",
    "Series",
    "Sheet",
    "check_page",
    "command",
    "compare",
    "draw_parts",
    "draw_points",
    "element",
    "escape",
    "estimate",
    "fold",
    "grid",
    "key",
    "key_of",
    "note",
    "paragraphs",
    "picture",
    "plots",
    "scrubber",
    "table",
    "unbroken",
]
