"""Repair in a real browser: parts and landmarks that are given, tries, enlarging, the camera."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from easels import count, drag, mask, place, until_kept
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from studios import noise, png
from tabs import (
    DESKTOP,
    MARKS,
    PATIENCE,
    PHONE,
    Command,
    Opened,
    choose,
    downloaded,
    face,
    run,
    until,
)

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX

PART = 2  # what a part's label is in the mask, but for the label itself
EYES = {PART + PART_INDEX["left_eye"], PART + PART_INDEX["right_eye"]}

pytestmark = MARKS


def labels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def marks(tab: Tab) -> np.ndarray:
    """The landmarks, one after the other."""
    found = "document.querySelector('picture-easel').raster.marks.points"
    return np.array(tab.evaluate(found))


def take_up(tab: Tab, key: str, says: str) -> None:
    """Choose a tool by its key, and wait until faces are read."""
    tab.keyboard.press(key)
    expect(tab.locator("#status .said")).to_contain_text(says, timeout=PATIENCE)


def masked(opened: Opened, size: tuple[int, int] = DESKTOP) -> Tab:
    """A portrait whose eyes are in the mask."""
    tab = opened(size=size)
    choose(tab, "photo.png", face())
    bar = "e => e.stroke(r => r.capsule(44, 62, 84, 62, 10, 1))"
    tab.locator("picture-easel").evaluate(bar)
    return tab


def same(path: Path, data: bytes) -> bool:
    """Whether the pixels are: their records differ in the options that the page sends."""
    one, other = (Image.open(file) for file in (path, io.BytesIO(data)))
    return np.array_equal(np.asarray(one), np.asarray(other))


def test_given_parts_and_landmarks_it_has_the_commands_bytes(
    opened: Opened, command: Command, tmp_path: Path
) -> None:
    """Painted inside the mask and dragged, undone as strokes are, sent, loaded back, enlarged."""
    tab = masked(opened)
    hole = mask(tab) > 0
    take_up(tab, "f", "Choose a part")
    tab.get_by_role("radio", name="eyes").check()
    drag(tab, (50, 40), (56, 62), (56, 80))
    painted = mask(tab)
    assert np.array_equal(painted > 0, hole)
    assert set(np.unique(painted)) - {0, 1} <= EYES and (painted > 1).sum() > 50
    tab.keyboard.press("Control+z")
    assert not (mask(tab) > 1).any()
    tab.keyboard.press("Control+Shift+z")
    assert np.array_equal(mask(tab), painted)
    tab.get_by_role("checkbox", name="All 19 parts").check()
    tab.get_by_role("radio", name="glasses").check()
    drag(tab, (78, 62), (80, 62))
    tab.get_by_role("radio", name="leave it open").check()
    drag(tab, (56, 30), (56, 50))
    assert (mask(tab) > 1).sum() < (painted > 1).sum() + 400
    painted = mask(tab)
    assert PART + PART_INDEX["glasses"] in painted

    take_up(tab, "l", "Drag a landmark")
    before = marks(tab)
    assert before.shape == (68, 2)
    brow = list(LANDMARK_GROUPS["left_brow"])
    x, y = before[brow[2]]
    tab.keyboard.down("Shift")
    drag(tab, (x, y), (x + 2, y - 8))
    tab.keyboard.up("Shift")
    moved = marks(tab)
    assert np.allclose(moved[brow] - before[brow], moved[brow[2]] - before[brow[2]])
    assert np.hypot(*(moved[brow[2]] - before[brow[2]] - (2, -8))) < 0.5  # of a screen's pixel
    others = np.delete(np.arange(68), brow)
    assert np.array_equal(moved[others], before[others])
    drag(tab, tuple(before[8]), tuple(before[8] + (0, 3)))
    assert np.flatnonzero((marks(tab) != moved).any(axis=1)).tolist() == [8]
    tab.keyboard.press("Control+z")
    assert np.array_equal(marks(tab), moved)

    run(tab)
    data = downloaded(tab, tmp_path / "photo.repaired.png")
    given = labels(downloaded(tab, tmp_path / "parts.png", "#download-given-parts"))
    assert np.array_equal(given, np.where(painted > 1, painted - PART, 255))
    told = json.loads(downloaded(tab, tmp_path / "points.json", "#download-given-points"))
    points = told["faces"][0]["points"]
    assert [at for at, point in enumerate(points) if point] == brow
    assert np.allclose([points[at] for at in brow], moved[brow])
    downloaded(tab, tmp_path / "mask.png", "#download-mask")
    (tmp_path / "photo.png").write_bytes(png(face()))
    words = ("photo.png", "--mask", "white:mask.png", "--parts", "parts.png")
    made = command("inpaint", *words, "--points", "points.json", "-o", "out.png", "--write-parts")
    assert made.returncode == 0, made.stderr
    assert same(tmp_path / "out.png", data)
    parts = downloaded(tab, tmp_path / "studio.parts.png", "#download-parts")
    assert np.array_equal(labels(parts), labels((tmp_path / "out.parts.png").read_bytes()))

    tab.get_by_role("button", name="Enlarge four times").click()
    more = tab.locator("#download")
    expect(more).to_have_text("Download: enlarged", timeout=PATIENCE)
    large = downloaded(tab, tmp_path / "large.png")
    plain = downloaded(tab, tmp_path / "plain.png", "#download-plain")
    assert same(tmp_path / "photo.repaired.png", plain)
    words = ("photo.repaired.png", "-x", "4", "--hole", "white:mask.png")
    assert command("upscale", *words, "-o", "four.png").returncode == 0
    assert same(tmp_path / "four.png", large)
    tab.get_by_role("button", name="Remove the background").click()
    expect(more).to_have_text("Download: without its background", timeout=PATIENCE)
    cut = downloaded(tab, tmp_path / "cut.png")
    assert command("read", "photo.repaired.png", "--write-cutout", "-o", "s.png").returncode == 0
    assert same(tmp_path / "s.cutout.png", cut)

    tab.get_by_role("button", name="Edit its parts and landmarks").click()
    expect(tab.locator("#status .said")).to_contain_text("This is what it was painted by")
    read = tab.locator("picture-easel").evaluate("e => Array.from(e.labels)")
    assert np.array_equal(np.reshape(read, (128, 128)), labels(parts))
    assert np.array_equal(marks(tab), moved) and np.array_equal(mask(tab), painted)


def test_landmarks_by_keys_and_what_stays_over_a_reload(opened: Opened) -> None:
    tab = masked(opened)
    take_up(tab, "l", "Drag a landmark")
    before = marks(tab)
    chosen = tab.get_by_role("combobox", name="Landmark")
    chosen.select_option("36")
    tab.locator("picture-easel canvas").focus()
    tab.keyboard.press(".")
    expect(chosen).to_have_value("37")
    expect(tab.locator("#status .said")).to_have_text("right eye 2")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Shift+ArrowRight")
    eye = list(LANDMARK_GROUPS["right_eye"])
    truth = before.copy()
    truth[37, 1] += 1
    truth[eye, 0] += 1
    assert np.allclose(marks(tab), truth)
    until_kept(tab)
    tab.reload()
    expect(tab.locator("#run")).to_be_enabled(timeout=PATIENCE)
    assert np.allclose(marks(tab), truth)
    take_up(tab, "l", "Drag a landmark")
    assert np.allclose(marks(tab), truth)  # also once the face was read again
    tab.get_by_role("button", name="Reset landmarks").click()
    assert np.allclose(marks(tab), before)
    assert tab.locator("#reset").is_disabled()
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()


def test_by_touch_on_a_phone_landmarks_move_and_parts_are_painted(opened: Opened) -> None:
    tab = masked(opened, PHONE)
    tab.get_by_text("Face: say what is to be there").tap()
    tab.get_by_role("radiogroup").get_by_text("Landmarks").tap()
    expect(tab.locator("#status .said")).to_contain_text("Drag a landmark", timeout=PATIENCE)
    tab.locator("picture-easel canvas").scroll_into_view_if_needed()
    finger = tab.context.new_cdp_session(tab)

    def stroke(*places: tuple[float, float]) -> None:
        for number, spot in enumerate(places):
            kind = "touchMove" if number else "touchStart"
            point = {"x": spot[0], "y": spot[1], "id": 0}
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        tab.wait_for_timeout(100)

    before = marks(tab)
    x, y = before[8]  # the chin
    stroke(place(tab, x, y + 2), place(tab, x, y + 5), place(tab, x, y + 10))
    apart = marks(tab) - before
    assert np.allclose(apart[8], (0, 8), atol=0.5) and np.count_nonzero(apart.any(axis=1)) == 1
    paint = tab.get_by_text("Paint parts", exact=True)
    # The browser makes no click of a tap that comes right after the page was scrolled.
    paint.scroll_into_view_if_needed()
    for _ in range(5):
        tab.wait_for_timeout(600)
        paint.tap()
        tab.wait_for_timeout(300)
        if tab.locator("input[value=paint]").is_checked():
            break
    expect(tab.locator("#status .said")).to_contain_text("Choose a part", timeout=PATIENCE)
    tab.locator("picture-easel canvas").scroll_into_view_if_needed()
    stroke(place(tab, 50, 62), place(tab, 60, 62))
    assert (mask(tab) == PART + PART_INDEX["skin"]).sum() > 50
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_without_a_face_it_says_so_and_parts_can_be_painted(opened: Opened) -> None:
    tab = opened()
    choose(tab, "noise.png", noise(96))
    take_up(tab, "l", "No face was found, so there are no landmarks")
    assert tab.locator("#point").is_disabled()
    take_up(tab, "f", "Choose a part")
    drag(tab, (20, 20), (40, 20))
    expect(tab.locator("#status .said")).to_contain_text("paint the mask first")
    assert count(tab) == 0
    tab.keyboard.press("b")
    drag(tab, (20, 20), (40, 20))
    tab.keyboard.press("f")
    drag(tab, (80, 80), (90, 80))
    expect(tab.locator("#status .said")).to_contain_text("That was outside the mask")
    drag(tab, (20, 20), (40, 20))
    painted = mask(tab)
    assert (painted == PART + PART_INDEX["skin"]).sum() > 0.9 * count(tab)
    drag(tab, (20, 20), (40, 20), button="right")
    assert (mask(tab) == 1).sum() > 0.9 * count(tab)
    tab.keyboard.press("b")
    tab.keyboard.press("Control+z")
    tab.keyboard.press("g")
    grown = mask(tab)
    assert np.array_equal(grown[painted > 0], painted[painted > 0])
    assert np.count_nonzero(grown) > np.count_nonzero(painted)


def test_the_result_is_seen_without_the_parts_that_were_shown(opened: Opened) -> None:
    tab = masked(opened)
    take_up(tab, "f", "Choose a part")
    expect(tab.get_by_role("checkbox", name="Show parts")).to_be_checked()
    run(tab)
    swap = tab.get_by_role("button", name="Show the result")
    expect(swap).to_have_attribute("aria-pressed", "true")
    tab.mouse.move(0, 0)
    is_plain = """() => {
      const easel = document.querySelector("picture-easel");
      easel.drawNow();
      const { canvas, view, result } = easel;
      const { width, height } = canvas;
      const plain = Object.assign(document.createElement("canvas"), { width, height });
      const context = plain.getContext("2d");
      context.setTransform(view.scale, 0, 0, view.scale, view.left, view.top);
      context.imageSmoothingEnabled = view.scale < 3;
      context.drawImage(result, 0, 0);
      return canvas.toDataURL() === plain.toDataURL();
    }"""
    assert tab.evaluate(is_plain)
    tab.keyboard.press("v")  # before the repair, parts are there again
    assert not tab.evaluate(is_plain)


def test_tries_and_the_one_that_was_chosen_are_there_after_a_reload(opened: Opened) -> None:
    tab = masked(opened)
    for count_of in (1, 2):
        tab.locator("#run").click()
        expect(tab.locator("#answers button")).to_have_count(count_of, timeout=PATIENCE)
    tab.locator("#answers button").first.click()
    download = tab.locator("#download").get_attribute("href")
    until(tab, KEPT_TRY)
    tab.reload()
    expect(tab.locator("#answers button")).to_have_count(2, timeout=PATIENCE)
    expect(tab.locator("#answers button").first).to_have_attribute("aria-pressed", "true")
    assert tab.locator("#download").get_attribute("href") == download
    expect(tab.locator("#status .said")).to_have_text("Done.")
    swap = tab.get_by_role("button", name="Show the result")
    expect(swap).to_have_attribute("aria-pressed", "true")
    assert tab.evaluate("document.activeElement === document.body")  # nobody asked for it
    tab.keyboard.press("g")  # the mask is to be seen, and is so after the next reload
    until_kept(tab)
    tab.reload()
    expect(tab.locator("#answers button")).to_have_count(2, timeout=PATIENCE)
    expect(swap).to_have_attribute("aria-pressed", "false")
    choose(tab, "other.png", face())
    until(tab, "sessionStorage['begun /'] === ''")
    tab.reload()
    expect(tab.locator("#about")).to_contain_text("other.png")
    expect(tab.locator("#result")).to_be_hidden()


KEPT_TRY = """(async () => {
  const { kept } = await import("/static/keep.js");
  const first = document.querySelector("#answers button");
  return (await kept())?.shown === first.job.id;
})()"""


def test_tries_of_one_picture_lie_side_by_side(opened: Opened) -> None:
    tab = masked(opened)
    run(tab)
    expect(tab.locator("#answers")).to_be_hidden()
    tab.locator("#model").select_option("tiny-repair")
    tab.locator("#run").click()
    tries = tab.locator("#answers button")
    expect(tries).to_have_count(2, timeout=PATIENCE)
    expect(tries.nth(1)).to_have_attribute("aria-pressed", "true")
    other = tab.locator("#download").get_attribute("href")
    tries.first.click()
    assert tab.locator("#download").get_attribute("href") != other
    shown = "all => all.map(one => one.toDataURL())"
    seen = tab.locator("#answers canvas").evaluate_all(shown)
    assert seen[0] != seen[1]
    other_tab = tab.context.new_page()
    other_tab.goto(f"{tab.url}jobs")
    for one in range(2):  # of each the picture is shown, and not its parts
        expect(other_tab.locator(".thumb").nth(one)).to_have_attribute(
            "src", re.compile("photo.png$")
        )
    choose(tab, "other.png", face())
    expect(tab.locator("#result")).to_be_hidden()
    assert count(tab) == 0


def test_the_camera_gives_a_picture_or_says_why_not(opened: Opened) -> None:
    tab = opened()
    ask = "navigator.mediaDevices.getUserMedia = async () => "
    tab.evaluate(f"() => {{ {ask} {{ throw new DOMException('no', 'NotAllowedError'); }} }}")
    tab.get_by_role("button", name="Take a photo").click()
    expect(tab.get_by_role("alert")).to_contain_text("The camera was not allowed.")
    drawn: Any = """() => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
        const context = canvas.getContext("2d");
        setInterval(() => {
            context.fillStyle = "#00ff00";
            context.fillRect(0, 0, 64, 48);
        }, 50);
        const stream = canvas.captureStream(20);
        globalThis.track = stream.getTracks()[0];
        navigator.mediaDevices.getUserMedia = async () => stream;
    }"""
    tab.evaluate(drawn)
    tab.get_by_role("button", name="Take a photo").click()
    dialog = tab.get_by_role("dialog", name="Camera")
    expect(dialog).to_be_visible()
    until(tab, "document.querySelector('.camera video').videoWidth === 64")
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
    dialog.get_by_role("button", name="Take the photo").click()
    expect(tab.locator("#about")).to_contain_text("photo.png, 64 × 48")
    expect(dialog).to_have_count(0)
    assert tab.evaluate("globalThis.track.readyState") == "ended"
