"""Runs and People in a real browser: curves that grow, a test taken."""

from __future__ import annotations

import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from studios import Server
from tabs import DESKTOP, MARKS, PATIENCE, PHONE, Opened

from trombine.runs.folder import RunFolder

pytestmark = MARKS
COUNT = 4  # pictures of the test


def looked_at(tab: Tab, width: int) -> None:
    """Nobody is kept out, and nothing is wider than the screen."""
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_runs_are_shown_and_grow(opened: Opened, server: Server) -> None:
    tab = opened("/jobs")
    tab.get_by_role("link", name="Runs").click()
    tab.get_by_role("link", name="fine").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#result-title")).to_be_focused()
    expect(tab.locator("#lead")).to_contain_text("200,000 pictures")
    slider = tab.get_by_role("slider", name="Samples over the run")
    last = tab.locator("#samples figure").filter(has_text="made by the nets").locator("img")
    newest = last.get_attribute("src")
    slider.focus()
    tab.keyboard.press("Home")
    assert last.get_attribute("src") != newest
    expect(slider).to_have_attribute("aria-valuetext", "0 pictures seen")
    red = tab.locator("#sections svg g[color]").first.evaluate("e => getComputedStyle(e).color")
    assert red == "rgb(31, 95, 166)"
    looked_at(tab, DESKTOP[0])
    assert server.home is not None
    RunFolder(server.home / "runs" / "fine").append(
        {"kind": "alarm", "pictures": 200_000, "alarm": "tint", "text": "green", "did": "warned"}
    )
    expect(tab.get_by_role("cell", name="green")).to_be_visible(timeout=PATIENCE)


def test_a_test_is_made_taken_and_scored(opened: Opened, server: Server) -> None:
    tab, other = opened("/jobs", size=PHONE, scheme="dark"), opened("/jobs")
    tab.get_by_role("link", name="People").click()
    home: Path = server.home or Path()
    # The page's script has run when it says which tests are there.
    expect(tab.locator("#list li, #none:visible").first).to_be_visible()
    tab.get_by_label("Choose a folder of real pictures").set_input_files(home / "truth")
    tab.locator("#generated").set_input_files(home / "wild")
    tab.locator("#pictures").fill(str(COUNT))
    tab.locator("#subjects").fill("2")
    tab.locator("#run").click()
    expect(tab.locator("#result-title")).to_have_text("truth or wild", timeout=PATIENCE)
    # The studio of all tests may have others' here.
    listed = tab.locator("#list li").filter(has_text="of 2 subjects")
    expect(listed).to_contain_text(
        re.compile(r"Made \w+ \d.*4 pictures, no answers; 0 of 2 subjects")
    )
    looked_at(tab, PHONE[0])
    other.context.clear_cookies()  # a subject is not signed in
    other.goto(tab.locator("#links a").first.get_attribute("href") or "")
    other.locator("#experience").select_option("some")
    other.get_by_role("button", name="Begin").click()
    for number in range(COUNT):
        expect(other.locator("#progress")).to_have_text(f"Picture {number + 1} of {COUNT}")
        if number == 2:  # on another device: nothing is known there but by the server
            expect(tab.get_by_role("cell", name=f"2 of {COUNT}")).to_be_visible(timeout=PATIENCE)
            other.evaluate("localStorage.clear()")
            other.reload()
            expect(other.locator("#progress")).to_have_text(f"Picture 3 of {COUNT}")
        other.keyboard.press("r")
        other.keyboard.press("Enter")
    expect(other.locator("#sent")).to_contain_text("have been sent", timeout=PATIENCE)
    looked_at(other, DESKTOP[0])
    expect(tab.locator("#lead")).to_contain_text(
        f"2 of {COUNT} answers are right", timeout=PATIENCE
    )
    expect(listed).to_contain_text("4 answers; 1 of 2 subjects have finished")
    looked_at(tab, PHONE[0])
