"""The demo page: its sections in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from trombine.demo import (
    damage,
    enlarging,
    faces,
    fractals,
    masks,
    reading,
    repair,
    training,
    upscaling,
)
from trombine.demo.amounts import Demo
from trombine.files import write_bytes
from trombine.pages import Html, Page, check_page, element
from trombine.world import VECTOR_NAMES

SECTIONS: Final[tuple[tuple[str, Callable[[Demo, Page], None]], ...]] = (
    ("enlarging with a net, measured", upscaling.add_upscaling),
    ("what is where in a face", reading.add_reading),
    ("one person in four styles", faces.add_person),
    ("a crowd in each style", faces.add_crowd),
    ("variations of one person", faces.add_variations),
    ("paths between faces", faces.add_paths),
    ("leaves", faces.add_leaves),
    ("fractals", fractals.add_fractals),
    ("masks", masks.add_masks),
    ("degradations", damage.add_damage),
    ("repair without a net, measured", repair.add_repair),
    ("enlarging without a net, measured", enlarging.add_enlarging),
    ("a training, while you wait", training.add_training),
)


def build(demo: Demo, say: Callable[[str], None]) -> Path:
    """Make the page, saying which section comes next; returns where it is."""
    path = demo.folder / "index.html"
    check_page(path)
    training.check_run(demo)
    page = Page(
        title="Faces whose truth is known",
        lead=(
            f"The painted faces on this page are of nobody. Each is {len(VECTOR_NAMES)} numbers,"
            " painted in one of four styles together with the exact place of every part, so that"
            " whatever repairs or enlarges a face can be measured against what was really there."
            " The photographs are real, and come with scikit-image. All of it was made on this"
            " machine, without a network."
        ),
        foot=_foot(demo),
    )
    for number, (name, add) in enumerate(SECTIONS, start=1):
        say(f"{number}/{len(SECTIONS)}  {name}")
        add(demo, page)
    write_bytes(path, page.html().encode())
    return path.resolve()


def _foot(demo: Demo) -> Html:
    command = element("code", {}, f"python -m trombine.demo --first-seed {demo.first_seed}")
    return Html(
        f"Made by {command}. The painted faces measure methods and teach nets, and stand for"
        " nobody. The seeds are those for choosing, on which no"
        " shipped net trains and no comparison is judged, so the numbers are to look at, not"
        " to quote."
    )
