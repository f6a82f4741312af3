"""What a page says: how far a job is, in the words of its fields, also after a reload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from easels import count, drag, mask
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from studios import Server, noise, png
from tabs import MARKS, PATIENCE, PHONE, Opened, Tabs, choose, face, ready, run, until

pytestmark = MARKS
SENTENCE = """async (text) => {
  const { sentence } = await import("/static/api.js");
  return sentence(text);
}"""


def step(tab: Tab) -> str:
    return tab.locator("#status .working .soft").inner_text()


@pytest.mark.parametrize(
    ("path", "line", "said"),
    [
        ("/upscale", "was; --model upscale keeps it", "was; “Model: photographs” keeps it."),
        ("/upscale", "is large; set TROMBINE_MAX_PIXELS higher", "Is large."),
        ("/upscale", "is a pickle; trombine models import FILE", "Is a pickle."),
        ("/generate", "is many; give fewer --frames", "Is many; give fewer “Frames”."),
        ("/restyle", "no; --full-image draws", "no; “Draw all of it, not only faces” draws."),
        ("/people", "is no; --size 64 shows it", "Is no; “Pixels a side: 64” shows it."),
    ],
)  # fmt: skip
def test_options_are_called_as_the_fields_are(
    opened: Opened, path: str, line: str, said: str
) -> None:
    """And what only a terminal can do is not advised."""
    assert opened(path).evaluate(SENTENCE, line) == said


def test_a_problem_offers_to_fill_in_what_it_advises(opened: Opened, tmp_path: Path) -> None:
    tab = opened("/people")
    for name, side in (("real", 128), ("generated", 64)):
        (tmp_path / name).mkdir()
        for number in range(2):
            step_of = 128 // side
            (tmp_path / name / f"{number}.png").write_bytes(png(face()[::step_of, ::step_of]))
        tab.locator(f"#{name}").set_input_files(tmp_path / name)
    tab.locator("#pictures").fill("2")
    tab.locator("#run").click()
    expect(tab.get_by_role("alert")).to_contain_text("“Pixels a side: 64”", timeout=PATIENCE)
    tab.get_by_role("button", name="Set Pixels a side: 64").click()
    expect(tab.locator("#size")).to_have_value("64")
    expect(tab.locator("#size")).to_be_focused()
    tab.locator("#run").click()
    expect(tab.locator("#result-title")).to_be_visible(timeout=PATIENCE)


def test_how_far_a_job_is_from_its_first_second(opened: Opened) -> None:
    """Sent, waiting for others, at work, and how long that takes."""
    tab = opened("/upscale")
    status = tab.locator("#status")

    def hear(**event: Any) -> None:
        status.evaluate("(e, event) => e.hear({ job: 'a', ...event })", event)

    status.evaluate("e => e.begin([])")
    assert step(tab) == "Sending it"
    status.evaluate("e => e.begin(['a'])")
    assert step(tab) == "Waiting for its turn"
    hear(kind="state", state="queued", ahead=2)
    assert step(tab) == "Waiting: 2 jobs come before it"
    hear(kind="state", state="running")
    assert step(tab) == "Working"  # how far is not known yet
    bar = status.get_by_role("progressbar")
    assert bar.get_attribute("aria-valuenow") is None
    status.evaluate("e => { e.began -= 8000; }")
    until(tab, "document.querySelector('#status .working .soft').textContent.includes(' so far')")
    hear(kind="progress", done=1, total=4, unit="a.png")
    assert step(tab).startswith("Working, 25 %, 2") and step(tab).endswith(" s left")
    assert bar.get_attribute("aria-valuenow") == "25"
    hear(kind="broken")
    assert step(tab) == "The studio does not answer. Waiting for it"
    hear(kind="state", state="running")
    assert step(tab).startswith("Working, 25 %")


def test_a_reload_goes_on_with_the_job(opened: Opened) -> None:
    tab = opened("/upscale")
    choose(tab, "photo.png", face())
    tab.locator("#tta").check()
    tab.locator("#run").click()
    until(tab, "Object.values(sessionStorage).some((one) => one.length > 20)")
    tab.reload()
    expect(tab.locator("#result")).to_be_visible(timeout=PATIENCE)
    assert tab.locator("#compare img").last.evaluate("e => e.naturalWidth") == 256
    other = tab.context.new_page()
    other.goto(tab.url)
    expect(other.locator("#run")).to_be_enabled(timeout=PATIENCE)
    assert other.locator("#example").input_value() == "cat.png"  # the job is of the other tab


def test_picture_and_result_are_there_after_a_reload(opened: Opened, tmp_path: Path) -> None:
    """The picture before any job, and those that were given with it; the result once it is done."""
    tab = opened("/upscale")
    names = ["photo.png", "more.png"]
    for name in names:
        (tmp_path / name).write_bytes(png(face()[::4, ::4]))
    tab.locator("#file").set_input_files([tmp_path / name for name in names])
    said = "photo.png is shown; Upscale does all 2."
    expect(tab.locator("#status")).to_contain_text(said)
    until(tab, KEPT_TWO)
    tab.reload()
    expect(tab.locator("#status")).to_contain_text(said, timeout=PATIENCE)
    shown = tab.locator("#compare img")
    expect(shown.first).to_have_js_property("naturalWidth", 32)
    tab.locator("#model").select_option("upscale-fast")
    run(tab)
    download = tab.locator("#download").get_attribute("href")
    tab.reload()
    expect(tab.locator("#result")).to_be_visible(timeout=PATIENCE)
    expect(shown.last).to_have_js_property("naturalWidth", 64)
    assert tab.locator("#download").get_attribute("href") == download
    expect(tab.get_by_role("link", name="All 2 files as ZIP")).to_be_visible()
    assert tab.evaluate("document.activeElement === document.body")
    choose(tab, "other.png", face())
    until(tab, "sessionStorage['begun /upscale'] === ''")
    tab.reload()
    expect(shown.first).to_have_js_property("naturalWidth", 128, timeout=PATIENCE)
    expect(tab.locator("#result")).to_be_hidden()


KEPT_TWO = """(async () => {
  const { kept } = await import("/static/keep.js");
  return (await kept())?.others?.length === 1;
})()"""


@pytest.mark.parametrize("how", ["stays", "reloads"])
def test_a_studio_that_is_started_again_says_so(tabs: Tabs, tmp_path: Path, how: str) -> None:
    """In the middle of a job: that is gone, picture and button are there."""
    server = Server(tmp_path / "data")
    try:
        with tabs.lent() as tab:
            tab.goto(server.link.replace("/?", "/upscale?"))
            ready(tab, "Upscale")
            choose(tab, "photo.png", noise(600))
            tab.locator("#tta").check()
            tab.locator("#run").click()
            expect(tab.locator("#status")).to_contain_text("Working", timeout=PATIENCE)
            server.kill()
            said = tab.locator("#status .working .soft")
            expect(said).to_have_text("The studio does not answer. Waiting for it", timeout=30_000)
            server.start(server.port)
            if how == "reloads":
                tab.reload()
            gone = "The studio was started again, and this job is gone; ask for it once more."
            expect(tab.get_by_role("alert")).to_have_text(gone, timeout=30_000)
            expect(tab.locator("#run")).to_be_enabled()
            expect(tab.locator("#compare img").first).to_have_js_property("naturalWidth", 600)
    finally:
        server.close()


def test_a_repair_goes_on_after_a_reload_and_is_seen_in_its_place(opened: Opened) -> None:
    tab = opened()
    tab.locator("#run").click()
    until(tab, "Object.entries(sessionStorage).some(([k, v]) => k.startsWith('begun') && v)")
    tab.reload()
    swap = tab.get_by_role("button", name="Show the result")
    expect(swap).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(tab.locator("#status").get_by_role("link", name="Download")).to_be_visible()
    box, window = swap.bounding_box(), tab.viewport_size
    assert box and window and box["y"] + box["height"] <= window["height"]
    shot = "document.querySelector('picture-easel canvas').toDataURL()"
    after = tab.evaluate(shot)
    tab.keyboard.press("v")
    expect(swap).to_have_attribute("aria-pressed", "false")
    tab.wait_for_timeout(100)
    assert tab.evaluate(shot) != after
    tab.keyboard.press("v")
    tab.keyboard.press("g")  # what changes the mask shows it
    expect(swap).to_have_attribute("aria-pressed", "false")


def test_several_pictures_are_done_at_once(opened: Opened, tmp_path: Path) -> None:
    tab = opened("/upscale")
    names = [f"{number}.png" for number in range(3)]
    for name in names:
        (tmp_path / name).write_bytes(png(face()[::4, ::4]))
    tab.locator("#model").select_option("upscale-fast")
    tab.locator("#file").set_input_files([tmp_path / name for name in names])
    expect(tab.locator("#status")).to_contain_text("0.png is shown; Upscale does all 3.")
    run(tab)
    with tab.expect_download() as download:
        tab.get_by_role("link", name="All 3 files as ZIP").click()
    assert download.value.suggested_filename == "pictures.zip"
    tab.goto(tab.url.replace("upscale", ""))
    expect(tab.locator("#run")).to_be_enabled(timeout=PATIENCE)


def test_a_picture_that_is_too_large_is_refused_before_it_is_sent(
    opened: Opened, tmp_path: Path
) -> None:
    Image.new("1", (9000, 10000)).save(tmp_path / "huge.png")
    tab = opened("/upscale")
    tab.locator("#file").set_input_files(tmp_path / "huge.png")
    said = "huge.png is 9000 × 10000, which is too large here. Make it at most 8973 wide first."
    expect(tab.get_by_role("alert")).to_have_text(said)


def test_a_folder_is_dropped(opened: Opened, tmp_path: Path) -> None:
    """With what is in its folders; what is no picture is left out."""
    (tmp_path / "faces" / "more").mkdir(parents=True)
    for name in ("faces/b.png", "faces/more/a.png"):
        (tmp_path / name).write_bytes(png(face()))
    (tmp_path / "faces" / "notes.txt").write_text("none")
    tab = opened("/upscale")
    drop = tab.context.new_cdp_session(tab)
    data = {"items": [], "files": [str(tmp_path / "faces")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        drop.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": data})
    expect(tab.locator("#status")).to_contain_text("a.png is shown; Upscale does all 2.")


def test_areas_are_painted_by_their_corners_and_outlines(opened: Opened) -> None:
    """By mouse and by keys; undone as strokes are, erased by the right button."""
    tab = opened()
    choose(tab, "photo.png", face())
    tab.keyboard.press("r")
    expect(tab.locator("#sizing")).to_be_hidden()
    drag(tab, (20, 20), (60, 50))
    wanted = np.zeros((128, 128), bool)
    wanted[20:50, 20:60] = True
    assert np.array_equal(mask(tab) > 0, wanted)
    tab.keyboard.press("a")
    drag(tab, (70, 70), (110, 70), (70, 110))
    assert 0.8 < (count(tab) - 1200) / 800 < 1.2
    tab.keyboard.press("Control+z")
    assert count(tab) == 1200
    tab.keyboard.press("r")
    drag(tab, (20, 20), (40, 50), button="right")
    assert count(tab) == 600
    tab.keyboard.press("Control+z")
    tab.locator("picture-easel canvas").focus()
    for key in ("ArrowRight", "Enter", *["ArrowRight"] * 4, *["ArrowDown"] * 3, "Enter"):
        tab.keyboard.press(key)
    assert count(tab) == 1200 + 8 * 6


@pytest.mark.parametrize("path", ["/", "/jobs"])
def test_on_a_phone_pages_lie_in_one_row(opened: Opened, path: str) -> None:
    tab = opened(path, size=PHONE)
    tops = "[...document.querySelectorAll('.bar a')].map((e) => e.getBoundingClientRect().top)"
    assert len(set(tab.evaluate(tops))) == 1
    here = tab.locator(".bar [aria-current]").bounding_box()
    assert here and here["x"] >= 0 and here["x"] + here["width"] <= PHONE[0]


def test_what_is_set_is_taken_back_by_keys(opened: Opened) -> None:
    """A slider and the box that it ticks, a choice; the fields of text have the browser's own."""
    tab = opened("/generate")
    tab.locator("summary", has_text="expression").click()
    smile, box = (
        tab.get_by_role("slider", name="smile"),
        tab.get_by_role("checkbox", name="Set smile"),
    )
    before = smile.input_value()
    smile.focus()
    tab.keyboard.press("End")
    expect(box).to_be_checked()
    tab.locator("#count").focus()
    tab.keyboard.press("ArrowDown")
    count_of = tab.locator("#count").input_value()
    tab.keyboard.press("Control+z")
    assert tab.locator("#count").input_value() != count_of
    tab.keyboard.press("Control+z")
    expect(box).not_to_be_checked()
    assert smile.input_value() == before
    tab.keyboard.press("Control+Shift+z")
    expect(box).to_be_checked()
    assert smile.input_value() != before
