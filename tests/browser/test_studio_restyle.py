"""Restyle in a real browser: a picture, a film beside its source, what is refused, by keyboard."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from studios import png
from tabs import (
    MARKS,
    PATIENCE,
    PHONE,
    Command,
    Opened,
    choose,
    downloaded,
    face,
    pixels_of,
    run,
    until,
)

from trombine.world import face as world_face
from trombine.world import paint

pytestmark = MARKS


def gif(frames: int) -> bytes:
    """A face that becomes brighter."""
    images = [Image.fromarray((face() * (0.7 + 0.1 * n)).astype(np.uint8)) for n in range(frames)]
    buffer = io.BytesIO()
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=120, loop=0)
    return buffer.getvalue()


def take(tab: Tab, name: str, kind: str, data: bytes) -> None:
    file: Any = {"name": name, "mimeType": kind, "buffer": data}
    tab.locator("#file").set_input_files(file)


def test_a_picture_has_the_commands_bytes(opened: Opened, command: Command, tmp_path: Path) -> None:
    """By keyboard: the arrows choose a style."""
    tab = opened("/restyle")
    choose(tab, "photo.png", face())
    tab.get_by_role("radio", name="anime").focus()
    tab.keyboard.press("ArrowRight")
    expect(tab.get_by_role("radio", name="cartoon")).to_be_checked()
    tab.locator("#from").select_option("photo")
    tab.locator("#model").select_option("restyle")
    tab.get_by_role("slider", name="Strength").fill("0.5")
    tab.get_by_role("checkbox", name="Keep its colours").check()
    tab.locator("#run").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#result-title")).to_be_focused(timeout=PATIENCE)
    data = downloaded(tab, tmp_path / "studio.png")
    assert tab.locator("#download").get_attribute("download") == "photo.cartoon.png"
    (tmp_path / "photo.png").write_bytes(png(face()))
    words = ("--to", "cartoon", "--from", "photo", "--model", "restyle", "--strength", ".5")
    words += ("--keep-colours",)
    assert command("restyle", "photo.png", *words, "-o", "out.png").returncode == 0
    assert (tmp_path / "out.png").read_bytes() == data
    assert (pixels_of(data) != face()).any()
    expect(tab.get_by_role("slider", name="Before or After")).to_be_visible()
    expect(tab.locator("#who")).to_be_hidden()


def test_who_is_drawn_changes_by_sliders(opened: Opened, tmp_path: Path) -> None:
    """The person is drawn at once; the picture, a portrait and a file are of who was changed."""
    tab = opened("/restyle")
    choose(tab, "someone.png", paint(world_face(3), 128).pixels)
    run(tab)
    person, reset = tab.locator("#person"), tab.locator("#reset")
    expect(person).to_have_js_property("naturalWidth", 256, timeout=PATIENCE)
    first = person.get_attribute("src") or ""
    expect(reset).to_be_disabled()
    assert tab.locator("#settings input").count() == 11
    tab.get_by_role("slider", name="Smile").fill("1")
    tab.get_by_role("checkbox", name="Hat").check()
    expect(person).not_to_have_attribute("src", first)
    expect(reset).to_be_enabled()
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
    text = downloaded(tab, tmp_path / "someone.character.json", "#save-character")
    assert json.loads(text)["character"].items() >= {"smile": 1, "hat": 1}.items()
    portrait = downloaded(tab, tmp_path / "portrait.png", "#save-portrait")
    assert pixels_of(portrait).shape == (1024, 1024, 3)
    tab.get_by_role("checkbox", name="The person alone").check()
    expect(tab.locator("#all")).to_be_hidden()
    tab.locator("#run").click()
    expect(tab.get_by_alt_text("The person, drawn alone")).to_be_visible(timeout=PATIENCE)
    reset.click()
    expect(tab.get_by_role("checkbox", name="Hat")).not_to_be_checked()
    tab.locator("#model").select_option("restyle")
    expect(tab.locator("#who")).to_be_hidden()


def test_a_film_stands_beside_its_source(opened: Opened, tmp_path: Path) -> None:
    """A GIF that can be stopped, as it is at first where less motion is asked for."""
    tab = opened("/restyle", size=PHONE)
    take(tab, "clip.gif", "image/gif", gif(2))
    expect(tab.locator("#compare")).to_be_hidden()
    expect(tab.locator("film-pair canvas")).to_have_count(1)
    tab.locator("#from").select_option("photo")
    run(tab)
    expect(tab.locator("film-pair canvas")).to_have_count(2)
    tab.get_by_role("button", name="Play").click()
    expect(tab.get_by_role("img", name="After")).to_be_visible()
    film = Image.open(io.BytesIO(downloaded(tab, tmp_path / "clip.gif")))
    assert getattr(film, "n_frames", 0) == 2
    assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    tab.get_by_role("button", name="Stop").click()
    expect(tab.locator("film-pair canvas")).to_have_count(2)


@pytest.mark.parametrize("kind", ["mp4"])
def test_videos_play_together(kind: str, opened: Opened, command: Command, tmp_path: Path) -> None:
    """What was restyled plays to its end, beside what it was."""
    (tmp_path / "clip.gif").write_bytes(gif(2))
    words = ("--scale", "2", "--model", "upscale-fast", "--format", kind)
    assert command("upscale", "clip.gif", *words, "-o", "films").returncode == 0
    (clip,) = (tmp_path / "films").iterdir()
    tab = opened("/restyle")
    take(tab, f"clip.{kind}", f"video/{kind}", clip.read_bytes())
    expect(tab.locator("film-pair video")).to_have_count(1, timeout=PATIENCE)
    tab.locator("#from").select_option("photo")
    run(tab)
    expect(tab.locator("film-pair video")).to_have_count(2)
    both = "[...document.querySelectorAll('film-pair video')]"
    tab.evaluate(f"{both}[0].play()")
    until(tab, f"{both}.every((one) => !one.paused)")
    tab.evaluate(f"{both}[1].pause()")
    until(tab, f"{both}.every((one) => one.paused)")
    tab.wait_for_timeout(200)  # until each has heard that the other stands still
    tab.evaluate(f"{both}.forEach((one) => {{ one.loop = false; }}); {both}[0].play()")
    # Who ends first stops the other.
    until(tab, f"{both}.every((one) => one.currentTime > 0.12)")


@pytest.mark.parametrize(
    ("pixels", "to", "words"),
    [
        (
            skimage.data.chelsea()[:96, :96],
            "anime",
            "shows no face; if it lies on its side, turn it; “Draw all of it",
        ),
        (face(), "photo", "hat is photo becomes photo by itself"),
    ],
    ids=["no face", "that already"],
)
def test_what_is_refused_says_what_to_do_here(
    opened: Opened, pixels: np.ndarray, to: str, words: str
) -> None:
    tab = opened("/restyle")
    choose(tab, "photo.png", pixels)
    tab.locator(f"[value={to}][name=to]").check()
    tab.locator("#from").select_option("photo")
    tab.locator("#run").click()
    expect(tab.get_by_role("alert")).to_contain_text(words, timeout=PATIENCE)
