"""One page that shows what trombine does, made here and now without a network: `make demo`.

    python bench/demo.py [-o demo]

The photograph comes with scikit-image. Every other face is painted or generated, and shows nobody.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported

import numpy as np
from markupsafe import Markup
from PIL import Image, ImageDraw
from skimage.data import astronaut

import trombine
from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, shown
from trombine.data.degrade import Chain, degrade_one
from trombine.faces.drawing import draw_landmarks
from trombine.io.overlays import draw_parts, key_of
from trombine.metrics import CHOOSING_SEEDS
from trombine.report import Report, check_page, command, link
from trombine.world import face, paint

SEED: Final = CHOOSING_SEEDS.start  # no shipped net trains on these, no protocol judges on them
DRAWN: Final = ("anime", "cartoon", "sketch")
PHOTO: Final = np.ascontiguousarray(astronaut()[:384, 40:424])
CLOSE: Final = np.ascontiguousarray(PHOTO[:288, 50:338])
NEXT: Final = {
    "trombine studio --open": "opens all of this in the browser, with a brush for what is to go",
    "trombine restyle photo.jpg --to anime --portrait": "draws the person on a photograph of yours",
    "trombine upscale photo.jpg -x 2": "enlarges it, to photo.x2.png beside it",
    "trombine inpaint photo.jpg --mask-part mouth": "paints a mouth anew; --mask says what else",
    "trombine read photo.jpg": "finds the faces in it, and draws what was read beside it",
    "trombine train upscale-x2 --data folder:photos": "trains a net on a folder of yours",
    "trombine judge originality faces photos": "says which faces of a generator are copies",
}


def draw(report: Report) -> None:
    report.section(
        "A drawn portrait",
        "trombine restyle --portrait looks for the person who looks like the photograph, as"
        " numbers, and draws that person at any size. Without it the faces of a scene are drawn.",
    )
    drawn = [trombine.restyle(PHOTO, to=style, portrait=True, size=384) for style in DRAWN]
    report.pictures([(PHOTO, "the photograph"), *zip(drawn, DRAWN, strict=True)], columns=4)
    scene = trombine.restyle(PHOTO, to=DRAWN[0])
    report.before_after((PHOTO, scene, "the scene"), names=("before", f"--to {DRAWN[0]}"))


def enlarge(report: Report) -> None:
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


def repair(report: Report) -> None:
    report.section(
        "Repaired",
        "--scratches finds damage and repairs that alone; --mask-colour what was painted over;"
        " --mask-part paints parts of faces anew. Outside the hole every sample stays as it was.",
    )
    chain = Chain.parse("scratches:0.9+dust:0.7")
    scratched = to_pixels(degrade_one(to_picture(CLOSE), chain, 3))
    image = Image.fromarray(CLOSE)
    for line in ((86, 94, 158, 112), (84, 122, 150, 136), (40, 170, 250, 215), (190, 30, 275, 110)):
        ImageDraw.Draw(image).line(line, "magenta", 7)
    scribbled = np.asarray(image)
    report.before_after(
        (scratched, trombine.inpaint(scratched, scratches=True), "inpaint --scratches"),
        (scribbled, trombine.inpaint(scribbled, mask_colour="magenta"), "--mask-colour magenta"),
        (CLOSE, trombine.inpaint(CLOSE, mask_part="nose,mouth"), "--mask-part nose,mouth"),
        names=("before", "after"),
        columns=3,
    )


def read(report: Report) -> None:
    report.section(
        "Read",
        "A small net finds faces and reads them: 68 landmarks, 19 parts, and what a face is like."
        " It learned from painted faces, whose truth is exact. Mistakes stay in.",
    )
    pixels = PHOTO[:320, 32:352]
    found = trombine.read(pixels, traits=True)
    landmarks, parts = draw_landmarks(pixels, found.faces, 1), draw_parts(pixels, found.parts())
    cells = [(pixels, "a photograph"), (landmarks, "landmarks"), (parts, "parts")]
    report.pictures(cells, columns=3).key(key_of(found.parts()))


def generate(report: Report, folder: Path) -> None:
    report.section(
        "Generated faces",
        "trombine generate paints a person for each seed, the same one in every style;"
        " --attributes asks for more. With --method net a net makes the faces. trombine morph"
        " walks from face to face: from the photograph's person to seeds 7 and 3, and back.",
    )
    for title, words in {
        "The first seeds, not picked": {"size": 192, "style": "photo"},
        "The same seeds as anime": {"size": 192, "style": "anime"},
        "Older, with glasses": {"size": 192, "attributes": "age=70, glasses"},
        "By a net": {"method": "net", "style": "photo"},
    }.items():
        made = folder / "generated" / "-".join(map(str, words.values()))
        asked: dict[str, Any] = words
        trombine.generate(seeds="0-5", output=made, overwrite=True, **asked)
        files = sorted(made.glob("0*.png"))
        cells = [(np.asarray(Image.open(path)), f"seed {int(path.stem)}") for path in files]
        report.pictures(cells, columns=6, on_phone=3, title=title)
    Image.fromarray(PHOTO).save(folder / "photo.png")
    film, path = folder / "morph.gif", [str(folder / "photo.png"), "7", "3"]
    trombine.morph(path, frames=8, cycle=True, style=DRAWN[0], output=film, overwrite=True)
    report.pictures([(film, "from the photograph to seeds 7 and 3")], columns=4, title="A morph")


def train(report: Report, folder: Path, pictures: int) -> None:
    settings: dict[str, Any] = {"size": 48, "width": 24, "depth": 4, "judged": 32, "faces": 9}
    settings |= {"warmup": 200, "ema": 1000, "precision": "float32", "pictures": pictures}
    settings |= {f"{name}_every": pictures // 12 for name in ("log", "sample", "measure", "save")}
    run = folder / "run"
    trombine.train("upscale-fast-x2", data="leaves#400", output=run, **settings)
    trombine.runs_show(run)  # which writes its page and its film
    text = f"A smaller enlarger learned from {pictures:,} painted pictures, from nothing: what it"
    report.section("A training", f"{text} made on the way. Its page has its curves.")
    report.pictures([(run / "film.gif", "the samples of this run")], columns=2)
    report.text(link("run/index.html", "The page of this run"), small=True)


def build(folder: Path, pictures: int = 4800) -> Path:
    """Make the page, with so many pictures trained on; return its file."""
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
    steps = {
        "draws a portrait from a photograph (first, painters are compiled)": (draw,),
        "enlarges pictures": (enlarge,),
        "repairs a scratched photograph": (repair,),
        "reads faces": (read,),
        "generates faces": (generate, folder),
        "trains a small net": (train, folder, pictures),
    }
    for number, (what, (step, *rest)) in enumerate(steps.items(), 1):
        print(f"{time.perf_counter() - start:6.1f} s  {number}/{len(steps)}  {what}", flush=True)
        step(report, *rest)
    report.section("What to try next", "On a terminal. Each command has --help.")
    for line, what in NEXT.items():
        report.text(Markup("{} {}.").format(command(line), what))
    report.write(path)
    return path.resolve()


def main() -> None:
    words = argparse.ArgumentParser(description="Make one page that shows what trombine does.")
    words.add_argument("-o", "--output", type=Path, default=Path("demo"), help="the page's folder")
    try:
        path = build(words.parse_args().output)
    except InputError as error:
        sys.exit(shown(str(error)))
    print(f"the page: {shown(path)}; to open it:")
    print(f"\n  {shown(sys.executable)} -m webbrowser {path.as_uri()}\n\nThen try, say:\n")
    for line, what in list(NEXT.items())[:3]:
        print(f"  {line:50} {what}")


if __name__ == "__main__":
    main()
