"""Strokes, shapes and letters of a plot, as SVG elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from trombine.pages.markup import Html, element, join

Mark = Literal["line", "points", "bars"]

COLOURS: Final = ("#1f5fa6", "#b5500f", "#16775a", "#7f3f98", "#86690a", "#ab2a52")
DARK: Final = ("#7cb3f2", "#f2a263", "#62c9a2", "#cf9be2", "#d9bd57", "#f2869f")
DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "12 4", "1 4")
TEXT: Final = 12  # pixels; a letter is taken as TEXT * .56 wide
LETTER: Final = 0.56 * TEXT


def coloured(number: int, *content: str) -> Html:
    """What is drawn in the colour of one series."""
    colour = f"var(--series-{number + 1},{COLOURS[number]})"
    return element("g", {"class": f"series-{number + 1}", "color": colour}, join(*content))


def group(name: str, *content: str) -> Html:
    """Elements under one class name."""
    return element("g", {"class": name}, join(*content))


def rounded(value: float | int) -> str:
    """A number of pixels, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def points(spots: Sequence[tuple[float, float]]) -> str:
    """Places as an attribute of a polyline or polygon."""
    return " ".join(f"{rounded(x)},{rounded(y)}" for x, y in spots)


def path(spots: Sequence[tuple[float, float]], dashes: str) -> Html:
    """A line through places."""
    attributes = {"points": points(spots), "fill": "none", "stroke": "currentColor"}
    attributes |= {"stroke-width": "2", "stroke-linejoin": "round", "stroke-linecap": "round"}
    return element("polyline", attributes | ({"stroke-dasharray": dashes} if dashes else {}))


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    *,
    width: float = 1.0,
    opacity: float = 1.0,
    name: str = "",
) -> Html:
    """A straight line."""
    ends = {"x1": rounded(x1), "y1": rounded(y1), "x2": rounded(x2), "y2": rounded(y2)}
    paint = {"stroke": "currentColor", "stroke-width": rounded(width)}
    faint = {"stroke-opacity": rounded(opacity)} if opacity < 1 else {}
    return element("line", ({"class": name} if name else {}) | ends | paint | faint)


def shape(number: int, x: float, y: float) -> Html:
    """A circle, square, triangle, diamond... about (x, y)."""
    if number == 0:
        return element(
            "circle", {"cx": rounded(x), "cy": rounded(y), "r": "4", "fill": "currentColor"}
        )
    corners = {
        1: ((-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)),
        2: ((0, -4.9), (4.7, 3.5), (-4.7, 3.5)),
        3: ((0, -5), (5, 0), (0, 5), (-5, 0)),
        4: ((0, 4.9), (4.7, -3.5), (-4.7, -3.5)),
        5: ((-5, -2), (5, -2), (5, 2), (-5, 2)),
    }[number]
    outline = points([(x + dx, y + dy) for dx, dy in corners])
    return element("polygon", {"points": outline, "fill": "currentColor"})


def text(
    x: float | int,
    y: float | int,
    words: str,
    *,
    anchor: str = "start",
    size: int = TEXT,
    weight: int = 400,
    soft: bool = False,
) -> Html:
    """Words on a base line; `soft`: in the page's colour for what matters less."""
    attributes: dict[str, str | int] = {
        "x": rounded(x),
        "y": rounded(y),
        "text-anchor": anchor,
        "font-size": size,
        "font-weight": weight,
        "fill": "currentColor",
    }
    if soft:
        attributes["fill"] = "var(--soft,currentColor)"
    return element("text", attributes, words)


def rectangle(x: float, y: float, width: float, height: float) -> Html:
    """A bar."""
    sizes = {"x": x, "y": y, "width": width, "height": height}
    attributes = {name: rounded(value) for name, value in sizes.items()}
    return element("rect", {**attributes, "fill": "currentColor", "fill-opacity": "0.75"})


def legend_width(name: str) -> float:
    """How wide an entry of the legend is, with the gap after it."""
    return 43 + LETTER * len(name)


def legend_sample(number: int, mark: Mark, left: float, base: float) -> Html:
    """What a series looks like, before its name in the legend."""
    middle = base - 4
    if mark == "line":
        return coloured(number, path([(left, middle), (left + 20, middle)], DASHES[number]))
    if mark == "points":
        return coloured(number, shape(number, left + 10, middle))
    return coloured(number, rectangle(left + 5, middle - 5, 10.0, 10.0))


def standalone_style() -> Html:
    """For a file of its own, which no page gives its colours: ink and series, light and dark."""
    light = "".join(f"--series-{i}:{colour};" for i, colour in enumerate(COLOURS, start=1))
    dark = "".join(f"--series-{i}:{colour};" for i, colour in enumerate(DARK, start=1))
    return Html(
        f".plot{{color:#1e1d1b;--soft:#5f5c56;font-family:system-ui,sans-serif;{light}}}"
        f"@media (prefers-color-scheme:dark){{.plot{{color:#ebe9e4;--soft:#a5a29b;{dark}}}}}"
    )
