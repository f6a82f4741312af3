"""Pages in a real browser: light, dark, on a phone; by keyboard; and nothing asked of a network."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page as Tab
from tabs import MARKS, Scheme, Tabs

from trombine.report import Plot, Report, Series

DESKTOP, PHONE = (1280, 800), (390, 844)
SERIES = ("#1f5fa6", "#7cb3f2")  # --series-1, light and dark, in style.css

pytestmark = MARKS


def gradient(red: int) -> np.ndarray:
    y, x = np.mgrid[:48, :48]
    return np.stack([np.full((48, 48), red), x * 5, y * 5], -1).astype(np.uint8)


def sample() -> Report:
    """A report with one of everything, wide tables among it."""
    report = Report("Everything on a page", lead="To be looked at.", foot="Made by a test.")
    report.section("Pictures", "Squares in rows.\n\nAnd sliders.")
    squares = [(gradient(30 * i), f"Square {i}") for i in range(6)]
    report.pictures(squares, columns=6, title="Squares")
    report.before_after((gradient(0), gradient(255), "a square"), names=("Cold", "Warm"))
    frames = [gradient(30 * i) for i in range(6)]
    strips = {"One": frames, "Two": frames}
    report.frames(strips, [f"step {i}" for i in range(6)], label="colder to warmer")
    columns = ["Method", *(f"A measure numbered {i}" for i in range(12))]
    row = ["bicubic", *["30.00 (29.00 to 31.00)"] * 12]
    line = Series(name="line", x=[0, 1, 2], y=[1, 3, 2], low=[0, 2, 1], high=[2, 4, 3])
    report.section("Numbers", "A table wider than a phone.")
    report.table(columns, [row, row], caption="Wide", under="Under it.")
    report.curves(Plot(title="Line", x_label="x", y_label="y", series=[line]))
    report.bars("Bars", {"a": 1.0, "b": 3.0}, y_label="y")
    return report.text("A remark.", small=True)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("page") / "index.html"
    file.write_text(sample().html(), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def tab(tabs: Tabs, address: str, request: pytest.FixtureRequest, scheme: Scheme) -> Iterator[Tab]:
    with tabs.shown(address, request.param, scheme) as tab:
        yield tab


@pytest.fixture
def desktop(tabs: Tabs, address: str) -> Iterator[Tab]:
    with tabs.shown(address, DESKTOP) as tab:
        yield tab


def test_axe_finds_nothing(tab: Tab) -> None:
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()


def test_the_page_does_not_scroll_sideways_and_its_table_does(tab: Tab) -> None:
    inner, outer = tab.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert inner <= outer
    assert tab.evaluate("(b => b.scrollWidth > b.clientWidth)(document.querySelector('.scroll'))")
    tab.locator(".scroll").focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_timeout(100)
    assert tab.evaluate("document.querySelector('.scroll').scrollLeft") > 0


def test_every_picture_is_loaded_and_shown(tab: Tab) -> None:
    sizes = tab.evaluate("[...document.images].map(i => [i.naturalWidth, i.clientWidth])")
    assert len(sizes) == 6 + 2 + 12 and all(natural == 48 for natural, _ in sizes)
    assert sum(shown > 30 for _, shown in sizes) == 6 + 2 + 2  # of frames one each


def test_rows_fit_the_screen(tabs: Tabs, address: str) -> None:
    for size, columns in ((DESKTOP, 6), (PHONE, 2)):
        with tabs.shown(address, size) as tab:
            images = "[...document.querySelectorAll('.grid img')].slice(0, 6)"
            tops = tab.evaluate(f"{images}.map(i => Math.round(i.getBoundingClientRect().top))")
            assert tops.count(tops[0]) == columns


def test_the_scheme_changes_paper_ink_and_plots(tabs: Tabs, address: str) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        with tabs.shown(address, DESKTOP, scheme) as tab:
            paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
            text = tab.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
            line = tab.evaluate("getComputedStyle(document.querySelector('svg polyline')).stroke")
            seen[scheme] = (brightness(paper), brightness(text), line)
    assert seen["light"][0] > 200 > 80 > seen["light"][1]
    assert seen["dark"][0] < 60 < 180 < seen["dark"][1]
    assert [seen["light"][2], seen["dark"][2]] == [as_rgb(colour) for colour in SERIES]


def brightness(colour: str) -> float:
    return float(np.mean([float(part) for part in colour.strip("rgb()").split(",")[:3]]))


def as_rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


def test_a_slider_walks_the_frames_by_keyboard(desktop: Tab) -> None:
    """At first the last of six is shown; both strips walk together, and the step is named."""
    slider = desktop.get_by_label("colder to warmer").and_(desktop.get_by_role("slider"))
    assert frames_shown(desktop) == [5, 5]
    slider.focus()
    desktop.keyboard.press("Home")
    assert frames_shown(desktop) == [0, 0]
    for step in range(1, 6):
        desktop.keyboard.press("ArrowRight")
        assert frames_shown(desktop) == [step, step]
        assert slider.get_attribute("aria-valuetext") == f"step {step}"


def frames_shown(tab: Tab) -> list[int]:
    """Of each strip the number of the only frame that is seen."""
    strips = tab.locator(".frames").all()
    seen = [[n for n, one in enumerate(s.locator("img").all()) if one.is_visible()] for s in strips]
    return [number for (number,) in seen]


def test_a_slider_uncovers_the_other_picture(desktop: Tab) -> None:
    """At its left end all is the second picture, at its right end all is the first."""
    slider = desktop.get_by_label("Cold or Warm: a square").and_(desktop.get_by_role("slider"))
    slider.focus()
    reds = []
    for end in ("Home", "End"):
        desktop.keyboard.press(end)
        desktop.wait_for_timeout(60)
        reds.append(middle_red(desktop.locator(".pile").screenshot()))
    assert reds[0] > 240 and reds[1] < 15


def middle_red(png: bytes) -> int:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return np.asarray(picture)[picture.height // 2, picture.width // 2, 0]


def test_without_script_nothing_is_missing(tabs: Tabs, address: str) -> None:
    with tabs.browser.new_page(java_script_enabled=False) as tab:
        tab.goto(address)
        assert frames_shown(tab) == [5, 5]
