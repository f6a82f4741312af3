"""The studio by keyboard alone: the whole way of each page. Repair's is in test_studio_pages.py,
Restyle's in test_studio_restyle.py, that of Runs in test_studio_runs.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab
from studios import Server
from tabs import MARKS, PATIENCE, Opened, choose, face, pixels_of, ready

pytestmark = MARKS
MOST = 80  # presses of Tab from anything of a page to anything else
IS_FOCUSED = "e => e === document.activeElement"


def to(tab: Tab, wanted: Locator) -> None:
    """Press Tab until it has the focus, which is seen."""
    expect(wanted).to_be_visible(timeout=PATIENCE)
    expect(wanted).to_be_enabled(timeout=PATIENCE)
    for _ in range(MOST):
        tab.keyboard.press("Tab")
        if wanted.evaluate(IS_FOCUSED):
            ring = "e => getComputedStyle(e).outlineStyle + getComputedStyle(e).boxShadow"
            assert wanted.evaluate(ring) != "nonenone"
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


def press(tab: Tab, wanted: Locator, key: str = "Enter") -> None:
    to(tab, wanted)
    tab.keyboard.press(key)


def download(tab: Tab, wanted: Locator) -> bytes:
    with tab.expect_download() as given:
        press(tab, wanted)
    return given.value.path().read_bytes()


def made(tab: Tab) -> None:
    """Ask for it; a screen reader goes on at its heading."""
    press(tab, tab.locator("#run"))
    expect(tab.locator("#result-title")).to_be_focused(timeout=PATIENCE)


def upscale(tab: Tab, _: Path) -> None:
    choose(tab, "photo.png", face()[::2, ::2])
    to(tab, tab.locator("#scale"))
    tab.keyboard.type("3")
    to(tab, tab.locator("#model"))
    tab.keyboard.type("photographs, fast")
    made(tab)
    assert pixels_of(download(tab, tab.locator("#download"))).shape == (192, 192, 3)
    press(tab, tab.locator("#compare .slides input").first, "Home")
    assert tab.locator("#compare .slides input").first.input_value() == "0"
    press(tab, tab.get_by_role("slider", name="Zoom"), "End")
    assert tab.get_by_role("slider", name="Zoom").get_attribute("aria-valuetext") == "800 %"


def generate(tab: Tab, _: Path) -> None:
    to(tab, tab.locator("#model"))
    tab.keyboard.type("tiny-faces")
    to(tab, tab.locator("#count"))
    tab.keyboard.type("4")
    press(tab, tab.locator("summary", has_text="expression"))
    press(tab, tab.get_by_role("slider", name="smile"), "End")
    expect(tab.get_by_role("checkbox", name="Set smile")).to_be_checked()
    made(tab)
    expect(tab.locator("#faces a")).to_have_count(4)
    assert pixels_of(download(tab, tab.locator("#faces a").last)).ndim == 3
    to(tab, tab.locator("#frames"))
    tab.keyboard.type("12")
    press(tab, tab.locator("#go"))
    expect(tab.locator("#walk-title")).to_be_focused(timeout=PATIENCE)
    press(tab, tab.locator("#scrub"), "End")
    expect(tab.locator("#where")).to_have_text("Frame 13 of 13")
    assert b"ftyp" in download(tab, tab.locator("#film"))[:16]


def read(tab: Tab, _: Path) -> None:
    choose(tab, "photo.png", face())
    made(tab)
    press(tab, tab.get_by_role("checkbox", name="Landmarks"), "Space")
    expect(tab.get_by_role("checkbox", name="Landmarks")).not_to_be_checked()
    cut = download(tab, tab.locator("#downloads >> text=Without its background"))
    assert pixels_of(cut).shape == (128, 128, 4)


def microscope(tab: Tab, _: Path) -> None:
    to(tab, tab.locator("#net-name"))
    tab.keyboard.type("finds faces")
    expect(tab.get_by_role("heading", name="1. first", exact=True)).to_be_visible(timeout=PATIENCE)
    maps = tab.get_by_role("listbox").first
    to(tab, maps)
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    expect(maps.get_by_role("option", selected=True)).to_have_accessible_name("channel 1")


def people(tab: Tab, folder: Path) -> None:
    """A browser's own window chooses folders; its button is reached."""
    for name, side in (("real", "truth"), ("generated", "wild")):
        to(tab, tab.locator(f"#{name}"))
        tab.locator(f"#{name}").set_input_files(folder / side)
    to(tab, tab.locator("#pictures"))
    tab.keyboard.press("Control+a")
    tab.keyboard.type("2")
    made(tab)
    to(tab, tab.locator("#links a").first)


def jobs(tab: Tab, _: Path) -> None:
    """What another page asked for is asked for again, and deleted."""
    press(tab, tab.get_by_role("link", name="Generate"))
    generate_one(tab)
    press(tab, tab.get_by_role("link", name="Jobs"))
    press(tab, tab.get_by_role("button", name="Again"))
    gone = tab.get_by_role("button", name="Delete generate")
    expect(gone).to_have_count(2, timeout=PATIENCE)
    for left in (1, 0):
        press(tab, gone.first)
        expect(gone).to_have_count(left)
    expect(tab.get_by_text("Nothing yet.")).to_be_visible()


def generate_one(tab: Tab) -> None:
    to(tab, tab.locator("#model"))
    tab.keyboard.type("tiny-faces")
    to(tab, tab.locator("#count"))
    tab.keyboard.type("1")
    made(tab)


WAYS = (upscale, generate, read, microscope, people, jobs)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_by_keyboard(opened: Opened, server: Server, way: Callable[[Tab, Path], None]) -> None:
    tab = opened("/jobs")
    if way is not jobs:
        press(tab, tab.get_by_role("link", name=way.__name__.capitalize()))
        ready(tab, way.__name__.capitalize())
    way(tab, server.home or Path())
