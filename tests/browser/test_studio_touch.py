"""The studio by touch alone, on a phone: the pages with gestures, and a job from page to page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from easels import count, place
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab
from studios import Server, png
from tabs import MARKS, PATIENCE, PHONE, Opened, choose, downloaded, face, ready

pytestmark = MARKS


def touching(tab: Tab) -> Callable[..., None]:
    """Fingers that go down, move and leave the screen."""
    screen = tab.context.new_cdp_session(tab)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        spots = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    return touch


def tap_at(slider: Locator, share: float) -> None:
    """Touch a slider at a place of its length."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    slider.tap(position={"x": share * box["width"], "y": box["height"] / 2})


def made_by_tap(tab: Tab) -> None:
    tab.locator("#run").tap()
    expect(tab.locator("#result")).to_be_visible(timeout=PATIENCE)


def repair(tab: Tab, folder: Path) -> None:
    """One finger paints, two zoom and undo what the first began."""
    choose(tab, "photo.png", face())
    tab.locator("picture-easel canvas").scroll_into_view_if_needed()
    touch = touching(tab)
    touch("touchStart", place(tab, 40, 60))
    touch("touchMove", place(tab, 80, 60))
    touch("touchEnd")
    tab.wait_for_timeout(100)
    painted = count(tab)
    assert painted > 40 * 20
    scale = tab.evaluate("document.querySelector('picture-easel').view.scale")
    one, other = place(tab, 50, 64), place(tab, 70, 64)
    touch("touchStart", one)
    touch("touchStart", one, other)
    for step in range(1, 6):
        touch("touchMove", (one[0] - 8 * step, one[1]), (other[0] + 8 * step, other[1]))
    touch("touchEnd")
    tab.wait_for_timeout(100)
    assert tab.evaluate("document.querySelector('picture-easel').view.scale") > 1.5 * scale
    assert count(tab) == painted
    # The browser makes no click of a tap that comes right after the page was scrolled.
    tab.locator("#invert").scroll_into_view_if_needed()
    tab.wait_for_timeout(600)
    tab.locator("#invert").tap()
    assert count(tab) == 128 * 128 - painted
    tab.locator("#undo").tap()
    made_by_tap(tab)
    downloaded(tab, folder / "repaired.png")


def generate(tab: Tab, folder: Path) -> None:
    tab.locator("#model").select_option("tiny-faces")
    tab.locator("#count").select_option("1")
    tab.locator("summary", has_text="expression").tap()
    tap_at(tab.get_by_role("slider", name="smile"), 0.8)
    expect(tab.get_by_role("checkbox", name="Set smile")).to_be_checked()
    made_by_tap(tab)
    tab.locator("#frames").select_option("12")
    tab.locator("#go").tap()
    expect(tab.locator("#walk")).to_be_visible(timeout=PATIENCE)
    tap_at(tab.locator("#scrub"), 0.99)
    expect(tab.locator("#where")).to_have_text("Frame 13 of 13")
    assert b"ftyp" in downloaded(tab, folder / "walk.mp4", "#film")[:16]


def people(tab: Tab, folder: Path) -> None:
    """Made by its maker, and begun by a subject, who taps too."""
    for name, place_of in (("real", "truth"), ("generated", "wild")):
        tab.locator(f"#{name}").set_input_files(folder / place_of)
    tab.locator("#pictures").fill("2")
    tab.locator("#run").tap()
    expect(tab.locator("#result-title")).to_have_text("truth or wild", timeout=PATIENCE)
    tab.goto(tab.locator("#links a").first.get_attribute("href") or "")
    tab.locator("#experience").select_option("some")
    tab.get_by_role("button", name="Begin").tap()
    for number in range(2):
        expect(tab.locator("#progress")).to_have_text(f"Picture {number + 1} of 2")
        expect(tab.locator(".note").filter(has_text="Answers of")).to_contain_text("of subject 1.")
        tab.get_by_role("radio", name="real" if number else "generated").tap()
        tab.get_by_role("button", name="Next").tap()
    expect(tab.get_by_role("heading", name="Thank you")).to_be_visible()
    tab.go_back()
    tab.go_back() if "/people/" in tab.url else None
    ready(tab, "People")
    tab.get_by_role("button", name="Links and results").first.tap()
    expect(tab.locator("#lead")).to_contain_text("1 subject", timeout=PATIENCE)


def jobs(tab: Tab, folder: Path) -> None:
    """What another page asked for is asked for again, made again from its file, and deleted."""
    tab.get_by_role("link", name="Upscale").tap()
    choose(tab, "photo.png", face()[::4, ::4])
    tab.locator("#model").select_option("upscale-fast")
    made_by_tap(tab)
    with tab.expect_download() as made:
        tab.locator("#download").tap()
    made.value.save_as(folder / "photo.large.png")
    (folder / "photo.png").write_bytes(png(face()[::4, ::4]))
    tab.get_by_role("link", name="Jobs").tap()
    tab.get_by_text("Make a picture again").tap()
    tab.locator("#made").set_input_files(folder / "photo.large.png")
    tab.locator("#inputs").set_input_files(folder / "photo.png")
    expect(tab.locator("#inputs-said")).to_have_text("photo.png")
    tab.get_by_role("button", name="Replay", exact=True).tap()
    expect(tab.get_by_text("the same pixels")).to_be_visible(timeout=PATIENCE)
    # The list may know before the form, which would ask for a job that is deleted by now.
    expect(tab.get_by_text("Made again: the list above says")).to_be_visible(timeout=PATIENCE)
    tab.get_by_role("button", name="Delete replay").tap()
    tab.get_by_role("button", name="Again upscale").tap()
    expect(tab.get_by_role("button", name="Delete upscale")).to_have_count(2, timeout=PATIENCE)
    for left in (1, 0):
        tab.get_by_role("button", name="Delete upscale").first.tap()
        expect(tab.get_by_role("button", name="Delete upscale")).to_have_count(left)
    expect(tab.get_by_text("Nothing yet.")).to_be_visible()


WAYS = (repair, generate, people, jobs)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_by_touch(
    opened: Opened, server: Server, tmp_path: Path, way: Callable[[Tab, Path], None]
) -> None:
    tab = opened("/jobs", size=PHONE)
    name = way.__name__.capitalize()
    tab.get_by_role("link", name=name, exact=True).tap()
    ready(tab, name)
    way(tab, server.home if name == "People" and server.home else tmp_path)
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
