"""The picture of the studio's page Repair: what tests do there, in a real browser."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Page as Tab


def count(tab: Tab) -> int:
    """Pixels of the mask."""
    return tab.evaluate("document.querySelector('picture-easel').raster?.count ?? 0")


def mask(tab: Tab) -> np.ndarray:
    """The mask that is painted."""
    found = tab.evaluate(
        "(r => [r.height, r.width, Array.from(r.data)])"
        "(document.querySelector('picture-easel').raster)"
    )
    return np.array(found[2]).reshape(found[:2])


def place(tab: Tab, x: float, y: float) -> tuple[float, float]:
    """Where a place of the picture is on the screen."""
    box = tab.locator("picture-easel canvas").bounding_box()
    assert box is not None
    view = tab.evaluate(
        "(e => [e.view.left, e.view.top, e.view.scale, e.canvas.width])"
        "(document.querySelector('picture-easel'))"
    )
    ratio = box["width"] / view[3]
    return box["x"] + (view[0] + x * view[2]) * ratio, box["y"] + (view[1] + y * view[2]) * ratio


def drag(tab: Tab, *points: tuple[float, float], button: Any = "left") -> None:
    """A stroke through places of the picture."""
    tab.mouse.move(*place(tab, *points[0]))
    tab.mouse.down(button=button)
    for point in points[1:]:
        tab.mouse.move(*place(tab, *point), steps=4)
    tab.mouse.up(button=button)
