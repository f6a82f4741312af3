"""The pages of runs in a real browser: light, dark, on a phone, by keyboard."""

from __future__ import annotations

import importlib.util
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from new_runs import new_run
from playwright.sync_api import Page as Tab
from tabs import MARKS, Tabs

from trombine.runs.page import write_page

DESKTOP, PHONE = (1280, 800), (390, 844)

pytestmark = MARKS


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A restorer's page, a generator's, and that of one that has not begun."""
    path = Path(__file__).parents[1] / "runs" / "made.py"
    spec = importlib.util.spec_from_file_location("made", path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    home = tmp_path_factory.mktemp("runs")
    fine, anime = made.upscale(home / "fine", lines=300), made.adversarial(home / "anime")
    return {
        "restorer": write_page(fine),
        "generator": write_page(anime),
        "begun": write_page(new_run(home / "begun", {"recipe": "new"})),
    }


def opened(
    tabs: Tabs, page: Path, size: tuple[int, int], *, dark: bool = False
) -> AbstractContextManager[Tab]:
    return tabs.shown(page.as_uri(), size, "dark" if dark else "light")


LOOKS = [("restorer", PHONE, True), ("generator", DESKTOP, False), ("begun", PHONE, True)]


@pytest.mark.parametrize(("name", "size", "dark"), LOOKS)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    tabs: Tabs, pages: dict[str, Path], name: str, size: tuple[int, int], dark: bool
) -> None:
    with opened(tabs, pages[name], size, dark=dark) as tab:
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
        assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_slider_begins_at_the_end_and_names_what_it_shows(
    tabs: Tabs, pages: dict[str, Path]
) -> None:
    with opened(tabs, pages["restorer"], DESKTOP) as tab:
        slider = tab.get_by_role("slider")
        shown = tab.locator(".ends strong")
        assert (slider.input_value(), shown.inner_text()) == ("5", "200,000 pictures")
        assert frame_shown(tab) == 5
        slider.focus()
        tab.keyboard.press("ArrowLeft")
        assert shown.inner_text() == "160,000 pictures"
        assert slider.get_attribute("aria-valuetext") == "160,000 pictures"
        assert frame_shown(tab) == 4
        tab.keyboard.press("Home")
        assert (shown.inner_text(), frame_shown(tab)) == ("0 pictures", 0)


def frame_shown(tab: Tab) -> int:
    """The number of the only frame that is seen, of those that the nets made."""
    frames = tab.locator(".frames").nth(1).locator("img")
    (shown,) = [n for n in range(frames.count()) if frames.nth(n).is_visible()]
    return shown
