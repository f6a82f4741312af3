"""The page Microscope of the studio: the nets that ship, in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from tabs import DESKTOP, MARKS, PATIENCE, Opened, downloaded

from trombine.activations.page import GENERATOR, described
from trombine.models import load
from trombine.report import check_page

pytestmark = MARKS
FRAMES = "net-microscope[data-frames]"


def microscope(opened: Opened, size: tuple[int, int] = DESKTOP, scheme: str = "light") -> Tab:
    tab = opened("/jobs", size, scheme)
    tab.get_by_role("link", name="Microscope").click()
    expect(tab.locator(FRAMES)).to_be_visible(timeout=PATIENCE)
    return tab


def test_nets_are_shown_and_their_pages_are_downloaded(opened: Opened, tmp_path: Path) -> None:
    tab = microscope(opened)
    expect(tab.get_by_role("heading", name="1. decoder.enter")).to_be_visible()
    tab.locator("#net-name").select_option("finder")
    expect(tab.get_by_role("heading", name="1. first", exact=True)).to_be_visible(timeout=PATIENCE)
    tab.get_by_role("listbox").first.get_by_role("option").first.click()
    expect(tab.get_by_text("One channel is silent.")).to_be_visible()
    shown = tab.locator(".maps canvas").first.bounding_box()
    assert shown is not None and min(shown["width"], shown["height"]) >= 20
    expect(tab.locator("#download")).to_be_visible()
    downloaded(tab, tmp_path / "finder.html")
    check_page(tmp_path / "finder.html", GENERATOR)
    tab.get_by_role("link", name="Jobs").click()
    expect(tab.get_by_text("Nothing yet.")).to_be_visible()  # what was fetched is not kept


def test_every_net_that_is_offered_can_be_shown(opened: Opened) -> None:
    tab = microscope(opened)
    names = tab.locator("#net-name option").evaluate_all("all => all.map((one) => one.value)")
    assert len(names) >= 8
    for name in names:
        net = described(load(name), None if name.startswith(("generate-", "restyle")) else 16)
        assert net["layers"] >= 8, name
