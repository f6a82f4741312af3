"""The studio in a real browser: by mouse and by keyboard alone; its bytes; axe on each page."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from axe_playwright_python.sync_playwright import Axe
from easels import count, drag, mask, place, until_kept
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route, expect
from scipy import ndimage
from studios import Server, png
from tabs import (
    DESKTOP,
    MARKS,
    PATIENCE,
    PHONE,
    Command,
    Opened,
    Scheme,
    Tabs,
    choose,
    downloaded,
    face,
    pixels_of,
    ready,
    run,
)

PAGES = (
    "/",
    "/upscale",
    "/restyle",
    "/generate",
    "/read",
    "/microscope",
    "/people",
    "/runs",
    "/jobs",
)

WELL = 23.5  # dB inside the example's mask; wide scratches and a large stain came to 22.7

pytestmark = MARKS


def test_at_the_first_visit_one_button_repairs(
    opened: Opened, server: Server, tmp_path: Path
) -> None:
    """The example is loaded and painted over; nothing outside the mask changes, and inside is
    nearly what the scratches hid."""
    tab = opened()
    assert count(tab) > 2000
    run(tab)
    before = pixels_of(server.ask("/api/examples/scratched.png").body)
    after, hole = pixels_of(downloaded(tab, tmp_path / "a.png")), mask(tab) > 0
    assert np.array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).any(axis=1).mean() > 0.8
    truth = pixels_of(server.ask("/api/examples/portrait.png").body)
    off = after[hole].astype(float) - truth[hole]
    assert 10 * np.log10(255**2 / np.mean(off**2)) > WELL
    sent = pixels_of(downloaded(tab, tmp_path / "mask.png", "#download-mask"))
    assert np.array_equal(sent > 0, hole)
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
    tab.get_by_role("link", name="Jobs").click()
    expect(tab.get_by_role("listitem").filter(has_text="Repair").first).to_be_visible()
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()


def test_painted_by_mouse_it_has_the_commands_bytes(
    opened: Opened, command: Command, tmp_path: Path
) -> None:
    tab = opened()
    choose(tab, "photo.png", face())
    assert count(tab) == 0 and tab.locator("#undo").is_disabled()
    tab.keyboard.press("[")
    assert tab.locator("#size").input_value() == "20"
    drag(tab, (50, 88), (76, 90))
    painted = count(tab)
    y, x = np.mgrid[:128, :128] + 0.5
    along = np.clip(((x - 50) * 26 + (y - 88) * 2) / (26**2 + 2**2), 0, 1)
    truth = np.hypot(x - 50 - 26 * along, y - 88 - 2 * along) <= 10
    assert np.count_nonzero((mask(tab) > 0) != truth) < 0.06 * painted  # whole pixels of the screen
    drag(tab, (20, 20), (40, 20))
    assert count(tab) > painted
    tab.keyboard.press("Control+z")
    assert count(tab) == painted
    tab.keyboard.press("Control+Shift+z")
    assert count(tab) > painted
    drag(tab, (14, 20), (46, 20), button="right")
    assert count(tab) == painted
    tab.locator("#undo").click()
    tab.locator("#undo").click()
    assert count(tab) == painted
    tab.locator("#invert").click()
    assert count(tab) == 128 * 128 - painted
    tab.locator("#undo").click()
    tab.locator("#clear").click()
    assert count(tab) == 0
    tab.locator("#undo").click()
    run(tab)
    data = downloaded(tab, tmp_path / "photo.repaired.png")
    downloaded(tab, tmp_path / "mask.png", "#download-mask")
    (tmp_path / "photo.png").write_bytes(png(face()))
    words = ("photo.png", "--mask", "white:mask.png", "-o", "out.png")
    assert command("inpaint", *words).returncode == 0
    made = [Image.open(file) for file in (tmp_path / "out.png", io.BytesIO(data))]
    assert np.array_equal(np.asarray(made[0]), np.asarray(made[1]))


def test_by_keyboard_alone(opened: Opened) -> None:
    """From the top of the page: Tab to the picture, paint by arrows, Tab to the button."""
    tab = opened()
    tab.locator("#clear").focus()
    tab.keyboard.press("Enter")
    assert count(tab) == 0
    tab.evaluate("document.activeElement.blur()")
    canvas = tab.locator("picture-easel canvas")
    for _ in range(40):
        tab.keyboard.press("Tab")
        if canvas.evaluate("e => e === document.activeElement"):
            break
    for key in ("ArrowUp", "Enter", *["Shift+ArrowRight"] * 3, "Enter", "Shift+ArrowDown"):
        tab.keyboard.press(key)
    painted = count(tab)
    assert painted > 60 * 20  # a stroke of 60 pixels and a brush of 24
    tab.keyboard.press("e")
    for key in ("Shift+ArrowUp", "Enter", "Enter"):
        tab.keyboard.press(key)
    assert count(tab) < painted
    button = tab.locator("#run")
    for _ in range(40):
        tab.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    tab.keyboard.press("Enter")
    expect(tab.locator("#result-title")).to_be_focused(timeout=PATIENCE)
    slider = tab.locator("#compare input")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    expect(slider).to_be_focused()
    tab.keyboard.press("Home")
    assert slider.input_value() == "0"


def test_parts_of_a_face_by_a_click(opened: Opened) -> None:
    tab = opened()
    choose(tab, "photo.png", face())
    tab.keyboard.press("p")
    mouth = tab.get_by_role("button", name="mouth")
    expect(mouth).to_be_visible(timeout=PATIENCE)
    mouth.click()
    chosen = mask(tab) > 0
    assert 50 < chosen.sum() < 0.15 * chosen.size
    middle = np.argwhere(chosen).mean(axis=0)
    tab.locator("#clear").click()
    tab.mouse.click(*place(tab, middle[1], middle[0]))
    picked = mask(tab) > 0
    assert 0 < picked.sum() <= chosen.sum() and not (picked & ~chosen).any()


def test_scratches_are_found_for_the_mask(opened: Opened) -> None:
    tab = opened()
    pixels = skimage.data.astronaut()[:256, 96:352].copy()
    scratched = np.zeros(pixels.shape[:2], bool)
    for row in range(20, 236):
        scratched[row, row // 3 + 60 : row // 3 + 62] = True
    pixels[scratched] = 250
    choose(tab, "old.png", pixels)
    tab.get_by_role("button", name="Find scratches").click()
    expect(tab.locator("#status")).to_contain_text("Look at what was found", timeout=PATIENCE)
    found = mask(tab) > 0
    assert (found & scratched).sum() > 0.7 * scratched.sum() and found.mean() < 0.1
    tab.locator("#undo").click()
    assert not mask(tab).any()


def test_the_work_is_there_after_a_reload_of_this_tab_alone(opened: Opened) -> None:
    tab = opened()
    choose(tab, "photo.png", face())
    drag(tab, (50, 88), (76, 90))
    painted = mask(tab)
    tab.keyboard.press("g")
    grown = mask(tab)
    assert grown.sum() > painted.sum() and (grown >= painted).all()
    ring = ndimage.binary_dilation(painted > 0, np.ones((3, 3), bool))
    assert (ring >= (grown > 0)).all()  # by one pixel, of a picture of this size
    until_kept(tab)
    tab.reload()
    expect(tab.locator("#run")).to_be_enabled(timeout=PATIENCE)
    expect(tab.locator("#about")).to_contain_text("photo.png, 128 × 128")
    assert np.array_equal(mask(tab), grown)
    other = tab.context.new_page()
    other.goto(tab.url)
    expect(other.locator("#run")).to_be_enabled(timeout=PATIENCE)
    expect(other.locator("#about")).to_contain_text("scratched.png")
    other.locator("#grow").click()
    until_kept(other)
    other.reload()
    expect(other.locator("#run")).to_be_enabled(timeout=PATIENCE)
    expect(other.locator("#example")).to_have_value("scratched.png")  # still known as an example
    tab.reload()  # and has its own work, whatever the other one kept
    expect(tab.locator("#run")).to_be_enabled(timeout=PATIENCE)
    expect(tab.locator("#about")).to_contain_text("photo.png, 128 × 128")
    assert np.array_equal(mask(tab), grown)


# Entries of tabs that were closed: [when, bytes] of each.
KEEP_OTHERS = """async (sizes) => {
  const { keep } = await import("/static/keep.js");
  const base = await new Promise((had) => {
    indexedDB.open("trombine", 2).onsuccess = ({ target }) => had(target.result);
  });
  const change = base.transaction("work", "readwrite");
  for (const [at, [age, bytes]] of sizes.entries()) {
    change.objectStore("work").put({ when: Date.now() - age, bytes }, `closed ${at}`);
  }
  await new Promise((done) => (change.oncomplete = done));
  await keep({ file: new File(["a"], "a.png"), example: "" });
  const look = base.transaction("work").objectStore("work").getAllKeys();
  const keys = await new Promise((got) => (look.onsuccess = () => got(look.result)));
  base.close();
  return keys.map(String).filter((key) => key.startsWith("closed")).length;
}"""
DAY = 24 * 3600 * 1000


@pytest.mark.parametrize(
    ("sizes", "left"),
    [
        ([(1000, 10)] * 40, 23),  # and this tab's own
        ([(DAY, 1 << 28)] * 5, 1),
        ([(8 * DAY, 10), (6 * DAY, 10)], 1),
    ],
    ids=["many", "large", "old"],
)
def test_what_is_kept_of_closed_tabs_is_bounded(
    opened: Opened, sizes: list[tuple[int, int]], left: int
) -> None:
    tab = opened("/upscale")
    assert tab.evaluate(KEEP_OTHERS, sizes) == left


def test_faces_are_invented_as_they_are_asked_for(
    opened: Opened, server: Server, command: Command, tmp_path: Path
) -> None:
    tab = opened("/generate")
    tab.locator("#model").select_option("tiny-faces")
    tab.locator("#count").select_option("4")
    tab.locator("summary", has_text="expression").click()
    expect(tab.get_by_role("checkbox", name="Set smile")).not_to_be_checked()
    tab.get_by_role("slider", name="smile").fill("0.5")
    expect(tab.get_by_role("checkbox", name="Set smile")).to_be_checked()
    tab.locator("#seed").fill("5")
    run(tab)
    faces = tab.locator("#faces a")
    expect(faces).to_have_count(4)
    with tab.expect_download() as download:
        faces.first.click()
    download.value.save_as(tmp_path / "face.png")
    assert server.home is not None
    model = str(server.home / "runs" / "tiny-faces")
    words = ("--attributes", "smile=.5", "--model", model)
    alone = command("generate", *words, "--seeds", "5", "-o", str(tmp_path))
    assert alone.returncode == 0
    assert (tmp_path / "face.png").read_bytes() == (tmp_path / "000005.png").read_bytes()
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
    tab.get_by_role("button", name="The next seeds").click()
    expect(tab.get_by_role("img", name="Face of seed 9")).to_be_visible(timeout=PATIENCE)
    assert tab.locator("#seed").input_value() == "9"
    tab.get_by_role("button", name="Reset").click()
    expect(tab.get_by_role("checkbox", name="Set smile")).not_to_be_checked()


def test_faces_are_painted(opened: Opened, command: Command, tmp_path: Path) -> None:
    """By the painter, unless a net is chosen; what a net alone can is not offered."""
    tab = opened("/generate")
    expect(tab.locator("#model option").first).to_have_text("anime")
    expect(tab.locator("#like-button")).to_be_visible()
    expect(tab.get_by_role("slider", name="Variety")).to_be_hidden()
    tab.locator("#model").select_option("sketches")
    tab.locator("summary", has_text="worn").click()
    tab.get_by_role("slider", name="hat", exact=True).fill("1")
    tab.locator("#count").select_option("1")
    run(tab)
    with tab.expect_download() as download:
        tab.locator("#faces a").click()
    words = ("--style", "sketch", "--attributes", "hat")
    assert command("generate", *words, "-o", str(tmp_path)).returncode == 0
    assert download.value.path().read_bytes() == (tmp_path / "000000.png").read_bytes()
    tab.locator("#size").select_option("256")
    tab.locator("#frames").select_option("12")
    tab.get_by_role("button", name="Walk").click()
    expect(tab.locator("#where")).to_have_text("Frame 1 of 13", timeout=PATIENCE)
    assert tab.locator("#frame").evaluate("e => e.width") == 256
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
    tab.locator("#model").select_option("tiny-faces")
    expect(tab.locator("#like-button")).to_be_hidden()
    expect(tab.get_by_role("slider", name="Variety")).to_be_visible()


def test_a_walk_between_faces_is_scrubbed(
    opened: Opened, server: Server, command: Command, tmp_path: Path
) -> None:
    """Its ends are the faces of its seeds."""
    tab = opened("/generate")
    tab.locator("#model").select_option("tiny-faces")
    tab.locator("#seeds").fill("3 8")
    tab.locator("#frames").select_option("12")
    tab.get_by_role("button", name="Walk").click()
    scrub = tab.get_by_role("slider", name="How far the walk is")
    expect(scrub).to_be_visible(timeout=PATIENCE)
    expect(tab.locator("#where")).to_have_text("Frame 1 of 13")  # stands still: less motion
    scrub.focus()
    tab.keyboard.press("End")
    expect(tab.locator("#where")).to_have_text("Frame 13 of 13")
    shown = tab.evaluate(
        "(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])"
        "(document.getElementById('frame'))"
    )
    assert server.home is not None
    model = str(server.home / "runs" / "tiny-faces")
    assert command("generate", "--seeds", "8", "--model", model, "-o", "o").returncode == 0
    wanted = pixels_of((tmp_path / "o" / "000008.png").read_bytes())
    assert np.array_equal(np.reshape(shown, (*wanted.shape[:2], 4))[..., :3], wanted)
    tab.get_by_role("button", name="Play").click()
    expect(tab.locator("#where")).not_to_have_text("Frame 13 of 13")
    tab.get_by_role("button", name="Stop").click()


def test_what_the_net_invented_is_reported(opened: Opened, server: Server) -> None:
    tab = opened("/upscale")
    choose(tab, "photo.png", face()[::2, ::2])
    tab.locator("#model").select_option("upscale-fast")
    tab.get_by_role("checkbox", name="Report what the net invented").check()
    run(tab)
    maps = tab.get_by_role("img", name="Input, result, and a map")
    expect(maps).to_be_visible()
    assert maps.evaluate("e => e.naturalWidth") > 300
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Numbers as JSON").click()
    told = json.loads(download.value.path().read_text())
    shown = tab.locator("#figures dd").all_inner_texts()
    assert shown[0] == f"{told['brought_down']['mean']} of 255"
    assert shown[1] == f"{told['brought_down']['worst_percent']} of 255"
    assert tab.locator("#compare img").last.evaluate("e => e.naturalWidth") == 128
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()


def test_what_programs_may_ask_is_shown_offline(opened: Opened) -> None:
    tab = opened("/jobs")
    tab.get_by_role("link", name="over HTTP").click()
    part = tab.locator(".path").filter(has_text="POST /api/inpaint")
    part.locator("summary").click()
    grow = part.locator("dt").filter(has=tab.get_by_text("grow", exact=True))
    expect(grow).to_contain_text("0 to 1000; 0 unless given")
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth") <= DESKTOP[0]


def test_what_is_wrong_is_said_with_what_to_do(opened: Opened) -> None:
    tab = opened()
    tab.locator("#clear").click()
    tab.locator("#run").click()
    said = tab.get_by_role("alert")
    expect(said).to_contain_text("Paint over what is to be replaced, then press Repair.")
    broken: Any = {"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture"}
    tab.locator("#file").set_input_files(broken)
    expect(said).to_contain_text("This browser cannot show notes.png. Save it as PNG or JPEG")
    other: Any = {"name": "mask.png", "mimeType": "image/png", "buffer": png(face())}
    tab.locator("#load-mask").set_input_files(other)
    expect(said).to_contain_text("The mask is 128 × 128, and the picture 384 × 384. Load a mask")


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_an_unknown_address_and_a_stranger_get_a_page_of_ours(
    tabs: Tabs, server: Server, size: tuple[int, int], scheme: Scheme
) -> None:
    """With its style, and a link home for whoever may go there."""
    paper = {"light": "rgb(250, 249, 246)", "dark": "rgb(21, 21, 23)"}[scheme]
    with tabs.lent(size, scheme) as tab:
        for address, says in (
            (f"http://{server.host}/", "This page opens by the link that trombine studio printed"),
            (server.link, ""),
            (f"http://{server.host}/nowhere", "There is no such page or job"),
        ):
            tab.goto(address)
            if not says:
                ready(tab, "Repair")  # from now on nobody is a stranger
                continue
            expect(tab.get_by_role("heading", name="trombine studio")).to_be_visible()
            expect(tab.get_by_text(says)).to_be_visible()
            assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == paper
            assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
        tab.get_by_role("link", name="Open the studio").click()
        ready(tab, "Repair")


@pytest.mark.parametrize("path", ["/", "/upscale"])
def test_the_button_lies_over_no_label(opened: Opened, path: str) -> None:
    """Neither at first nor once what was made can be downloaded."""
    tab = opened(path, size=(1280, 900))
    label, button = tab.get_by_text("Model", exact=True), tab.locator(".go")
    for is_done in (False, True):
        if is_done:
            choose(tab, "photo.png", face()[::4, ::4])
            if path == "/":
                tab.locator("#invert").click()
            run(tab)
            expect(tab.get_by_role("link", name="Download", exact=True).first).to_be_visible()
            tab.evaluate("scrollTo(0, 0)")
        text, lid = label.bounding_box(), button.bounding_box()
        assert text and lid and text["y"] + text["height"] <= lid["y"]


def test_masks_go_down_and_up_again(opened: Opened, tmp_path: Path) -> None:
    tab = opened()
    painted = mask(tab)
    data = downloaded(tab, tmp_path / "mask.png", "#save-mask")
    assert np.array_equal(pixels_of(data)[..., 0] > 0, painted > 0)
    tab.locator("#clear").click()
    tab.locator("#load-mask").set_input_files(tmp_path / "mask.png")
    expect(tab.locator("#clear")).to_be_enabled()
    assert np.array_equal(mask(tab), painted)


def test_upscale_shows_both_at_any_zoom(opened: Opened, command: Command, tmp_path: Path) -> None:
    tab = opened("/upscale")
    choose(tab, "photo.png", face())
    sharpness = tab.get_by_role("slider", name="Sharpness")
    expect(sharpness).to_be_visible()
    tab.locator("#model").select_option("upscale-fast")
    expect(sharpness).to_be_hidden()  # which that net has not
    run(tab)
    data = downloaded(tab, tmp_path / "studio.png")
    (tmp_path / "photo.png").write_bytes(png(face()))
    words = ("photo.png", "-x", "2", "--model", "upscale-fast", "-o", "out.png")
    assert command("upscale", *words).returncode == 0
    made = [Image.open(file) for file in (tmp_path / "out.png", io.BytesIO(data))]
    assert np.array_equal(np.asarray(made[0]), np.asarray(made[1]))
    pile = tab.locator("#compare .pile")
    narrow = pile.evaluate("e => e.clientWidth")
    zoom = tab.get_by_role("slider", name="Zoom")
    zoom.focus()
    tab.keyboard.press("End")
    assert pile.evaluate("e => e.clientWidth") > 1.9 * narrow
    assert zoom.get_attribute("aria-valuetext") == "800 %"
    edge = pile.evaluate("e => e.style.getPropertyValue('--edge')")
    assert 0.4 < float(edge) < 0.6  # of what is seen, its middle


def test_read_shows_a_table_and_json(opened: Opened, tmp_path: Path) -> None:
    tab = opened("/read")
    choose(tab, "photo.png", face())
    run(tab)
    rows = tab.get_by_role("row")
    assert (
        rows.filter(has_text="smile").count() == 1 and rows.filter(has_text="turned").count() == 1
    )
    assert tab.get_by_role("columnheader").count() == 2  # what, and one face
    told = json.loads(tab.locator("#json").text_content() or "")
    assert len(told["faces"]) == 1
    layers = "(document.getElementById('layers'))"
    drawn = (
        "(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
        f".filter((value, at) => at % 4 === 3 && value > 0).length){layers}"
    )
    with_all = tab.evaluate(drawn)
    tab.get_by_role("checkbox", name="Landmarks").uncheck()
    tab.get_by_role("checkbox", name="Faces", exact=True).uncheck()
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Parts").click()
    with Image.open(download.value.path()) as image:
        count = np.count_nonzero(np.asarray(image))
    assert tab.evaluate(drawn) == count and 0 < count < with_all
    tab.get_by_role("checkbox", name="Parts", exact=True).uncheck()
    assert tab.evaluate(drawn) == 0
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Landmarks").click()
    download.value.save_as(tmp_path / "points.json")
    points = json.loads((tmp_path / "points.json").read_text())
    assert len(points["faces"][0]["points"]) == 68


def held(tab: Tab, address: str) -> Route:
    """Go to Upscale, and hold one of its requests back."""
    late: list[Route] = []
    tab.route(address, lambda route: late.append(route))
    tab.get_by_role("link", name="Upscale").click()
    while not late:
        tab.wait_for_timeout(20)
    return late[0]


def test_an_example_that_comes_late_is_not_shown(opened: Opened) -> None:
    """Whoever was quicker has their own picture."""
    tab = opened("/jobs")
    example = held(tab, "**/api/examples/*.png")
    choose(tab, "photo.png", face())
    shown = tab.locator("#compare img").first
    expect(shown).to_have_js_property("naturalWidth", 128)
    with tab.expect_response("**/api/examples/*.png"):
        example.continue_()
    tab.wait_for_timeout(500)  # for it to be decoded
    expect(shown).to_have_js_property("naturalWidth", 128)


def test_a_file_that_is_chosen_before_the_page_listens_is_taken(opened: Opened) -> None:
    tab = opened("/jobs")
    models = held(tab, "**/api/models")
    choose(tab, "photo.png", face())
    models.continue_()
    shown = tab.locator("#compare img").first
    expect(shown).to_have_js_property("naturalWidth", 128)


def test_jobs_are_listed_cancelled_and_deleted(opened: Opened) -> None:
    tab = opened("/upscale")
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), np.uint8)
    choose(tab, "large.png", noise)
    tab.locator("#scale").select_option("4")
    tab.locator("#run").click()
    expect(tab.get_by_role("progressbar")).to_be_visible()
    other = tab.context.new_page()
    other.goto(tab.url.replace("/upscale", "/jobs"))
    expect(other.get_by_role("listitem").filter(has_text="large.png")).to_be_visible()
    other.get_by_role("button", name="Cancel upscale").click()
    expect(other.get_by_text("cancelled,")).to_be_visible()
    expect(tab.get_by_role("alert")).to_contain_text("Cancelled.", timeout=PATIENCE)
    other.get_by_role("button", name="Delete upscale").click()
    expect(other.get_by_text("Nothing yet.")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing(opened: Opened, size: tuple[int, int], scheme: str) -> None:
    tab = opened(size=size, scheme=scheme)
    for path in PAGES:
        if path != "/":
            tab.get_by_role("link", name=path.strip("/").capitalize()).click()
            ready(tab, path.strip("/").capitalize())
        found = Axe().run(tab)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]
