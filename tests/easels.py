"""The picture of the studio's page Repair: what tests do there, in a real browser."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Page as Tab
from tabs import until

# Where the canvas is and what it shows, once both stayed for some frames: a tool that was just
# chosen still moves what is beside it.
STILL = """async () => {
  const easel = document.querySelector("picture-easel");
  const frame = () => new Promise(requestAnimationFrame);
  const look = () => {
    const { left, top, width } = easel.canvas.getBoundingClientRect();
    return [left, top, width / easel.canvas.width, { ...easel.view }];
  };
  let seen = "";
  for (let calm = 0; calm < 4; await frame()) {
    const now = JSON.stringify(look());
    calm = now === seen ? calm + 1 : 0;
    seen = now;
  }
  return look();
}"""


KEPT = """(async () => {
  const { kept } = await import("/static/keep.js");
  const { raster } = document.querySelector("picture-easel"), work = await kept();
  return work?.marks.length === raster.data.length
    && work.marks.every((mark, at) => mark === raster.data[at])
    && JSON.stringify(work.points) === JSON.stringify(raster.marks);
})()"""


def until_kept(tab: Tab) -> None:
    """Wait until the browser keeps what a reload brings back."""
    until(tab, KEPT)


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
    left, top, ratio, view = tab.evaluate(STILL)
    across, down = (view["left"] + x * view["scale"]), (view["top"] + y * view["scale"])
    return left + across * ratio, top + down * ratio


def drag(tab: Tab, *points: tuple[float, float], button: Any = "left") -> None:
    """A stroke through places of the picture."""
    tab.mouse.move(*place(tab, *points[0]))
    tab.mouse.down(button=button)
    for point in points[1:]:
        tab.mouse.move(*place(tab, *point), steps=4)
    tab.mouse.up(button=button)
