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
    inventing,
    judging,
    masks,
    reading,
    repair,
    restyling,
    training,
    upscaling,
)
from trombine.demo.amounts import Demo
from trombine.files import output_error, write_bytes
from trombine.pages import Html, Page, check_page, command, element
from trombine.world import VECTOR_NAMES

SECTIONS: Final[tuple[tuple[str, Callable[[Demo, Page], None]], ...]] = (
    ("enlarging with a net, measured", upscaling.add_upscaling),
    ("repair, measured", repair.add_repair),
    ("a photograph in other styles", restyling.add_restyling),
    ("faces from seeds", inventing.add_inventing),
    ("what is where in a face", reading.add_reading),
    ("one person in four styles", faces.add_person),
    ("a crowd in each style", faces.add_crowd),
    ("variations of one person", faces.add_variations),
    ("paths between faces", faces.add_paths),
    ("leaves", faces.add_leaves),
    ("fractals", fractals.add_fractals),
    ("masks", masks.add_masks),
    ("degradations", damage.add_damage),
    ("enlarging without a net, measured", enlarging.add_enlarging),
    ("how results are judged", judging.add_judging),
    ("the training that ran meanwhile", training.add_training),
)
LEAD: Final = (
    "All of this was made on this machine, without a network. The photographs show a real person,"
    " and come with scikit-image. Every other face is painted, or drawn by nets that learned from"
    " painted ones, and shows nobody: a painted one is"
    f" {len(VECTOR_NAMES)} numbers, painted in one of four styles with the exact place of every"
    " part, so that a method can be measured against what was really there."
)
# What is said at the end of the page, and on the terminal.
NEXT: Final = {
    "trombine studio --open": "opens all of this in the browser, with a brush for what is to go",
    "trombine upscale photo.jpg -x 2": "enlarges a photograph of yours, to photo.x2.png beside it",
    "trombine inpaint photo.jpg --mask-part mouth": "paints a mouth anew; --mask says what else",
    "trombine restyle photo.jpg --to anime": "draws the faces in it anew",
    "trombine read photo.jpg": "finds the faces in it, and draws what was read beside it",
    "trombine train upscale-x2 --data folder:photos --dry-run": (
        "says what a training on a folder of yours would be, and how long it would take"
    ),
}


def build(demo: Demo, say: Callable[[str], None]) -> Path:
    """Make the page, saying which section comes next, while another process trains; returns where
    the page is."""
    path = demo.folder / "index.html"
    check_page(path)
    training.check_run(demo)
    try:
        demo.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from error
    with training.in_background(demo) as wait_for_training:
        page = Page(
            title="What trombine does", opening=upscaling.opening(), lead=LEAD, foot=_foot(demo)
        )
        for number, (name, add) in enumerate(SECTIONS, start=1):
            say(f"{number}/{len(SECTIONS)}  {name}")
            if add is training.add_training:
                wait_for_training()
            add(demo, page)
    page.section(
        "What to try next",
        "On a terminal, with pictures of yours. Each command has --help.",
        *(element("p", {}, command(line), f" {what}.") for line, what in NEXT.items()),
    )
    write_bytes(path, page.html().encode())
    return path.resolve()


def _foot(demo: Demo) -> Html:
    line = element("code", {}, f"python -m trombine.demo --first-seed {demo.first_seed}")
    return Html(
        f"Made by {line}. The painted faces measure methods and teach nets, and stand for"
        " nobody. The seeds are those for choosing, on which no"
        " shipped net trains and no comparison is judged, so the numbers are to look at, not"
        " to quote."
    )
