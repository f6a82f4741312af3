"""One page that shows what trombine does, made here and now without a network: `make demo`.

    python bench/demo.py [FOLDER]

The photograph comes with scikit-image. Every other face is painted or generated, and shows nobody.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported

import numpy as np
from PIL import Image, ImageDraw
from skimage.data import astronaut

import trombine
from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, shown
from trombine.data.degrade import Chain, degrade_one
from trombine.faces.drawing import draw_landmarks
from trombine.io.overlays import draw_parts
from trombine.metrics import CHOOSING_SEEDS
from trombine.report import Report, check_page, command, link
from trombine.world import face, paint

SEED: Final = CHOOSING_SEEDS.start  # no shipped net trains on these, no protocol judges on them
DRAWN: Final = ("anime", "cartoon", "sketch")
PHOTO: Final = np.ascontiguousarray(astronaut()[:384, 40:424])
CLOSE: Final = np.ascontiguousarray(PHOTO[:288, 50:338])
PICTURES: Final = 4800  # that the small net sees
NEXT: Final = (
    "trombine studio --open",
    "trombine portrait photo.jpg --to anime",
    "trombine upscale photo.jpg -x 2",
    "trombine inpaint photo.jpg --mask scratches",
    "trombine train upscale-x2 --data photos",
)


def draw(report: Report, folder: Path) -> None:
    report.section(
        "A drawn portrait",
        "trombine portrait looks for the person who looks like the photograph, as"
        " numbers, and draws that person at any size. trombine restyle draws the faces of a scene.",
    )
    drawn = [trombine.portrait(PHOTO, to=style, size=384) for style in DRAWN]
    report.pictures([(PHOTO, "the photograph"), *zip(drawn, DRAWN, strict=True)], columns=4)
    scene = trombine.restyle(PHOTO, to=DRAWN[0])
    report.before_after((PHOTO, scene, "the scene"), names=("before", f"--to {DRAWN[0]}"))


def enlarge(report: Report, folder: Path) -> None:
    report.section(
        "Enlarged",
        "Each picture was made smaller and enlarged again: left of the slider by bicubic, right of"
        " it by trombine upscale. The nets learned from what trombine paints itself.",
    )
    pairs, drawing = [], paint(face(SEED + 258), 384, "anime").pixels
    for about, large, factor in (
        ("A photograph, 4 times", PHOTO, 4),
        ("A photograph, 2 times", PHOTO, 2),
        ("A painted drawing, 4 times", drawing, 4),
    ):
        side = 384 // factor
        small = Image.fromarray(large).resize((side, side), Image.Resampling.BICUBIC)
        bicubic = np.asarray(small.resize((384, 384), Image.Resampling.BICUBIC))
        pairs.append((bicubic, np.asarray(trombine.upscale(small, scale=factor)), about))
    report.before_after(*pairs, names=("bicubic", "trombine upscale"), columns=3)


def repair(report: Report, folder: Path) -> None:
    report.section(
        "Repaired",
        "--mask scratches finds damage and repairs that alone; a colour is what was painted over;"
        " parts of faces are painted anew. Outside the hole every sample stays as it was.",
    )
    chain = Chain.parse("scratches:0.9+dust:0.7")
    scratched = to_pixels(degrade_one(to_picture(CLOSE), chain, 3))
    image = Image.fromarray(CLOSE)
    for line in ((86, 94, 158, 112), (84, 122, 150, 136), (40, 170, 250, 215), (190, 30, 275, 110)):
        ImageDraw.Draw(image).line(line, "magenta", 7)
    scribbled = np.asarray(image)
    report.before_after(
        (scratched, trombine.inpaint(scratched, mask="scratches"), "inpaint --mask scratches"),
        (scribbled, trombine.inpaint(scribbled, mask="magenta"), "--mask magenta"),
        (CLOSE, trombine.inpaint(CLOSE, mask="nose,mouth"), "--mask nose,mouth"),
        names=("before", "after"),
        columns=3,
    )


def read(report: Report, folder: Path) -> None:
    report.section(
        "Read",
        "A small net finds faces and reads them: 68 landmarks, 19 parts, and what a face is like."
        " It learned from painted faces, whose truth is exact. Mistakes stay in.",
    )
    pixels = PHOTO[:320, 32:352]
    found = trombine.read(pixels, traits=True)
    landmarks, parts = draw_landmarks(pixels, found.faces, 1), draw_parts(pixels, found.parts())
    cells = [(pixels, "a photograph"), (landmarks, "landmarks"), (parts, "parts")]
    report.pictures(cells, columns=3)


def generate(report: Report, folder: Path) -> None:
    report.section(
        "Generated faces",
        "trombine generate paints a person for each seed, the same one in every style;"
        " --attributes asks for more. With --method net a net makes the faces. trombine morph"
        " walks from face to face: from the photograph's person to seeds 7 and 3, and back.",
    )
    asked: dict[str, dict[str, Any]] = {
        "The first seeds, not picked": {"size": 192, "style": "photo"},
        "The same seeds as anime": {"size": 192, "style": "anime"},
        "Older, with glasses": {"size": 192, "attributes": "age=70, glasses"},
        "By a net": {"method": "net", "style": "photo"},
    }
    for number, (title, words) in enumerate(asked.items()):
        made = folder / "generated" / str(number)
        trombine.generate(seeds="0-5", output=made, overwrite=True, **words)
        cells = [(np.asarray(Image.open(path)), path.stem) for path in sorted(made.glob("0*.png"))]
        report.pictures(cells, columns=6, on_phone=3, title=title)
    Image.fromarray(PHOTO).save(folder / "photo.png")
    film, path = folder / "morph.gif", [str(folder / "photo.png"), "7", "3"]
    trombine.morph(path, frames=8, cycle=True, style=DRAWN[0], output=film, overwrite=True)
    report.pictures([(film, "from the photograph to seeds 7 and 3")], columns=4, title="A morph")


def train(report: Report, folder: Path) -> None:
    settings: dict[str, Any] = {"size": 48, "width": 24, "depth": 4, "judged": 32, "faces": 9}
    settings |= {"warmup": 200, "ema": 1000, "precision": "float32", "pictures": PICTURES}
    settings |= {f"{name}_every": PICTURES // 12 for name in ("log", "sample", "measure", "save")}
    run = folder / "run"
    trombine.train("upscale-fast-x2", data="leaves#400", output=run, **settings)
    trombine.runs_show(run)  # which writes its page and its film
    text = f"A smaller enlarger learned from {PICTURES:,} painted pictures, from nothing: what it"
    report.section("A training", f"{text} made on the way. Its page has its curves.")
    report.pictures([(run / "film.gif", "the samples of this run")], columns=2)
    report.text(link("run/index.html", "The page of this run"), small=True)


def build(folder: Path) -> Path:
    """Make the page; return its file."""
    path, start = folder / "index.html", time.perf_counter()
    check_page(path)
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(
        title="What trombine does",
        lead="All of this was made on this machine, without a network. The photograph shows a real"
        " person, and comes with scikit-image. Every other face is painted, or drawn by nets that"
        " learned from painted ones, and shows nobody.",
        foot="Made by make demo.",
    )
    for number, step in enumerate(steps := (draw, enlarge, repair, read, generate, train), 1):
        seconds = time.perf_counter() - start
        print(f"{seconds:6.1f} s  {number}/{len(steps)}  {step.__name__}", flush=True)
        step(report, folder)
    report.section("What to try next", "On a terminal. Each command has --help.")
    for line in NEXT:
        report.text(command(line))
    report.write(path)
    return path.resolve()


if __name__ == "__main__":
    try:
        page = build(Path(*sys.argv[1:] or ["demo"]))
    except InputError as error:
        sys.exit(shown(str(error)))
    opener = f"{shown(sys.executable)} -m webbrowser {page.as_uri()}"
    print(f"the page: {shown(page)}; to open it:\n\n  {opener}\n\nThen try, say:\n")
    print(*(f"  {line}" for line in NEXT), sep="\n")
