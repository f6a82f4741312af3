"""What stands in a page: pictures with captions, grids, sliders, and tables of numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from trombine.pages.markup import Html, Pixels, data_uri, element, escape, join
from trombine.pages.plots import Plot


def picture(
    pixels: Pixels, alt: str, *, caption: str = "", quality: int = 88, crisp: bool = False
) -> Html:
    """One picture. `alt` says what it shows to who cannot see it; `crisp` enlarges pixels as
    squares."""
    attributes: dict[str, str | int] = {
        "src": data_uri(pixels, quality=quality),
        "alt": alt,
        "width": pixels.shape[1],
        "height": pixels.shape[0],
    }
    if crisp:
        attributes["class"] = "crisp"
    image = element("img", attributes)
    under = element("figcaption", {}, caption) if caption else Html("")
    return element("figure", {}, image, under)


def grid(
    figures: Sequence[str], *, columns: int, on_phone: int = 0, title: str = "", tight: bool = False
) -> Html:
    """Figures in rows of `columns`, of `on_phone` on a narrow screen; `tight`: hardly a gap.

    Without `on_phone` a narrow screen has rows of two, but three stay side by side: two and one
    would leave a gap.
    """
    shape = f"--columns:{columns};--on-phone:{on_phone or (3 if columns == 3 else 2)}"
    name = "grid tight" if tight else "grid"
    cells = element("div", {"class": name, "style": shape}, join(*figures))
    return join(element("h3", {}, title) if title else "", cells)


def fold(title: str, *blocks: str) -> Html:
    """Blocks behind a line that opens them; closed at first."""
    return element("details", {}, element("summary", {}, title), join(*blocks))


def scrubber(
    strips: Sequence[tuple[str, Sequence[Pixels]]],
    *,
    label: str,
    ends: tuple[str, str],
    names: Sequence[str] = (),
    at: float = 0.5,
    columns: int = 0,
) -> Html:
    """A slider that walks through frames. Several strips (a caption and frames) walk together; a
    strip of a single frame stands still beside them.

    `label` says what the frames show; `ends` is written at either end of the slider, and the name
    of the frame that is shown between them, if frames have `names`. It starts at `at`, 0 to 1.
    """
    counts = {len(frames) for _, frames in strips if len(frames) != 1}
    if len(counts) != 1 or min(counts) < 2 or len(names) not in (0, *counts):
        raise ValueError("the strips of a scrubber are equally long, two frames or more")
    figures = [
        picture(frames[0], f"{name}: {label}", caption=name)
        if len(frames) == 1
        else _strip(name, frames, label)
        for name, frames in strips
    ]
    last = counts.pop() - 1
    step = int(at * last)
    rows = grid(figures, columns=columns or len(strips))
    slider = _slider(label, ends, last=last, at=step, names=names)
    box = {"class": "slides scrubber", "style": f"--at:{step / last:.4g}"}
    return element("div", box, join(rows, slider))


def _strip(caption: str, frames: Sequence[Pixels], label: str) -> Html:
    """All frames side by side in one picture, of which the window shows one."""
    height, width = frames[0].shape[:2]
    sprite = data_uri(np.concatenate(list(frames), axis=1))
    style = f"--frames:{len(frames)};aspect-ratio:{width}/{height};background-image:url({sprite})"
    window = element(
        "div",
        {"class": "window", "role": "img", "aria-label": f"{caption}: {label}", "style": style},
    )
    return element("figure", {}, window, element("figcaption", {}, caption))


def compare(
    before: Pixels, after: Pixels, *, names: tuple[str, str], alt: str, crisp: bool = False
) -> Html:
    """Two pictures of one thing under each other; a slider moves the edge between them."""
    images = [
        picture(pixels, f"{alt}: {name}", crisp=crisp)
        for pixels, name in zip((before, after), names, strict=True)
    ]
    pile = element("div", {"class": "pile"}, join(*images))
    slider = _slider(f"{names[0]} or {names[1]}: {alt}", names, last=100)
    return element("div", {"class": "slides compare"}, join(pile, slider))


def _slider(
    label: str,
    ends: tuple[str, str],
    *,
    last: int,
    at: int | None = None,
    names: Sequence[str] = (),
) -> Html:
    """Starts in the middle, or at step `at`; script.js passes its place on to the pictures as
    --at, 0 to 1, and writes the step's name between the ends."""
    step = last // 2 if at is None else at
    attributes: dict[str, str | int] = {
        "type": "range",
        "min": 0,
        "max": last,
        "value": step,
        "aria-label": label,
    }
    if names:
        attributes |= {"data-names": json.dumps(list(names)), "aria-valuetext": names[step]}
    now = [element("strong", {}, names[step])] if names else []
    tags = [element("span", {}, ends[0]), *now, element("span", {}, ends[1])]
    legend = element("div", {"class": "ends", "aria-hidden": "true"}, join(*tags))
    return join(legend, element("input", attributes))


def plots(*drawn: Plot) -> Html:
    """Plots side by side where there is room."""
    return element("div", {"class": "plots"}, join(*(plot.svg() for plot in drawn)))


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str,
    under: str = "",
    words: bool = False,
) -> Html:
    """A table: the first column names the rows, the others hold numbers, or with `words` text.
    `under`: small print."""
    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"a row of this table has other than {len(columns)} cells")
    heads = [element("th", {"scope": "col"}, name) for name in columns]
    lines = []
    for first, *following in rows:
        cells = [element("td", {}, cell) for cell in following]
        lines.append(element("tr", {}, element("th", {"scope": "row"}, first), *cells))
    node = element(
        "table",
        {"class": "words"} if words else {},
        element("caption", {}, caption),
        element("thead", {}, element("tr", {}, *heads)),
        element("tbody", {}, join(*lines)),
    )
    # A wide table scrolls by itself, not the page; a keyboard can reach and scroll it.
    attributes: dict[str, str | int] = {
        "class": "scroll",
        "role": "region",
        "aria-label": caption,
        "tabindex": 0,
    }
    small = element("p", {"class": "note"}, under) if under else Html("")
    return join(element("div", attributes, node), small)


def estimate(mean: float, low: float, high: float, *, digits: int = 2) -> Html:
    """A mean and, smaller, how far its interval reaches to either side."""
    below, above = f"{mean - low:.{digits}f}", f"{high - mean:.{digits}f}"
    reach = f"±\u2009{below}" if below == above else f"−\u2009{below} +\u2009{above}"
    return Html(f"{mean:.{digits}f}{element('span', {'class': 'reach'}, reach)}")


def key(entries: Sequence[tuple[str, tuple[int, int, int] | UInt8[np.ndarray, "3"]]]) -> Html:
    """What the colours mean: a swatch and a name each."""
    items = []
    for name, (red, green, blue) in entries:
        swatch = element(
            "span", {"class": "swatch", "style": f"background:rgb({red} {green} {blue})"}
        )
        items.append(element("li", {}, swatch, escape(name)))
    return element("ul", {"class": "key"}, join(*items))
