"""One page that shows what trombine does, made here and now without a network: `make demo`.

    python bench/demo.py [-o demo]

The photograph comes with scikit-image. Every other face is painted or generated, and shows nobody.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported

import numpy as np
from jaxtyping import UInt8
from markupsafe import Markup
from PIL import Image, ImageDraw, ImageOps
from skimage.data import astronaut

import trombine
from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, shown
from trombine.data.degrade import Chain, degrade_one
from trombine.eval.methods.invent import framed
from trombine.faces.drawing import draw_landmarks
from trombine.io.overlays import draw_parts, key_of
from trombine.metrics import CHOOSING_SEEDS
from trombine.metrics.similarity import psnr_y
from trombine.report import Report, check_page, command, link
from trombine.runs.folder import RunFolder
from trombine.runs.log import read
from trombine.runs.page import add_samples, measure_plots
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]

SEED: Final = CHOOSING_SEEDS.start  # no shipped net trains on these, no protocol judges on them
PERSON: Final = SEED + 258  # chosen by looking
WAYS: Final = ("bicubic", "trombine upscale")
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
}


def portrait(report: Report) -> None:
    report.section(
        "A drawn portrait",
        "trombine restyle --portrait looks for the person who looks like the photograph, as"
        " numbers, and draws that person at any size. Without --portrait the faces of a scene are"
        " drawn in it.",
    )
    drawn = [trombine.restyle(PHOTO, to=style, portrait=True, size=384) for style in DRAWN]
    cells = [(PHOTO, "the photograph"), *zip(drawn, DRAWN, strict=True)]
    report.pictures(cells, columns=4)
    scene = trombine.restyle(PHOTO, to=DRAWN[0])
    report.before_after((PHOTO, scene, "the scene"), names=("before", f"--to {DRAWN[0]}"))


def enlarging(report: Report) -> None:
    report.section(
        "Enlarged",
        "Each picture was made smaller and enlarged again: left of the slider by bicubic, right of"
        " it by trombine upscale. The nets learned from what trombine paints itself.",
    )
    pairs, rows, drawing = [], [], paint(face(PERSON), 384, "anime").pixels
    for about, large, factor in (
        ("A photograph, 4 times", PHOTO, 4),
        ("A photograph, 2 times", PHOTO, 2),
        ("A painted drawing, 4 times", drawing, 4),
    ):
        small, size = Image.fromarray(large), (384, 384)
        small = small.resize((384 // factor, 384 // factor), Image.Resampling.BICUBIC)
        bicubic = np.asarray(small.resize(size, Image.Resampling.BICUBIC))
        ours = np.asarray(trombine.upscale(small, scale=factor))
        pairs.append((bicubic, ours, about))
        truth, *guesses = (to_picture(pixels)[None] for pixels in (large, bicubic, ours))
        values = (psnr_y(truth, guess, border=factor).item() for guess in guesses)
        rows.append([about, *(f"{value:.2f}" for value in values)])
    report.before_after(*pairs, names=WAYS, columns=3)
    report.table(["PSNR of the luma, dB", *WAYS], rows, caption="Against the original")


def repairing(report: Report) -> None:
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


def reading(report: Report) -> None:
    report.section(
        "Read",
        "A small net finds faces and reads them: 68 landmarks, 19 parts, and what a face is like."
        " It learned from painted faces, whose truth is exact. Mistakes stay in.",
    )
    crowd = np.concatenate([paint(face(PERSON + n), 256, s).pixels for n, s in enumerate(DRAWN)], 1)
    for about, pixels in (("A photograph", PHOTO[:320, 32:352]), ("Painted people", crowd)):
        found = trombine.read(pixels, traits=True)
        landmarks, parts = draw_landmarks(pixels, found.faces, 1), found.parts()
        cells = [(pixels, about), (landmarks, "landmarks"), (draw_parts(pixels, parts), "parts")]
        report.pictures(cells, columns=3)
    report.key(key_of(parts))


def generating(report: Report, folder: Path) -> None:
    report.section(
        "Generated faces",
        "trombine generate paints a person for each seed, the same one in every style;"
        " --attributes asks for more. With --method net a net makes the faces. trombine morph"
        " walks from face to face: from the photograph's person to seeds 7 and 3, and back.",
    )
    for title, words in {
        "The first seeds, not picked": {"seeds": "0-5", "size": 192, "style": "photo"},
        "The same seeds as anime": {"seeds": "0-5", "size": 192, "style": "anime"},
        "Older, with glasses": {"seeds": "0-5", "size": 192, "attributes": "age=70, glasses"},
        "By a net": {"seeds": "0-5", "method": "net", "style": "photo"},
    }.items():
        report.pictures(generated(folder, **words), columns=6, on_phone=3, title=title)
    Image.fromarray(PHOTO).save(folder / "photo.png")
    film, path = folder / "morph.gif", [str(folder / "photo.png"), "7", "3"]
    trombine.morph(path, frames=8, cycle=True, style=DRAWN[0], output=film, overwrite=True)
    report.pictures([(film, "from the photograph to seeds 7 and 3")], columns=4, title="A morph")


def generated(folder: Path, **words: Any) -> list[tuple[Pixels, str]]:
    """Faces that `trombine generate` makes, by their seeds."""
    output = folder / "generated" / "-".join(map(str, words.values()))
    trombine.generate(output=output, overwrite=True, **words)
    files = sorted(output.glob("0*.png"))
    return [(np.asarray(Image.open(path)), f"seed {int(path.stem)}") for path in files]


def training(report: Report, folder: Path, pictures: int) -> None:
    settings: dict[str, Any] = {"size": 48, "width": 24, "depth": 4, "judged": 32, "faces": 9}
    settings |= {"warmup": 200, "ema": 1000, "precision": "float32", "pictures": pictures}
    settings |= {f"{name}_every": pictures // 12 for name in ("log", "sample", "measure", "save")}
    run = RunFolder(folder / "run")
    trombine.train("upscale-fast-x2", data="leaves#400", output=run.path, **settings)
    trombine.runs_show(run.path)  # which writes its film
    summary = read(run)
    (curves,) = summary.measures.values()
    add_samples(report, run)
    section = report.sections[-1]
    section.title, psnr = "A training", curves["PSNR"].values
    section.text = (
        f"A smaller enlarger learned from {summary.pictures:,} painted pictures in"
        f" {summary.cost.seconds:.0f} seconds. On pictures that it never saw, its PSNR went from"
        f" {psnr[0]:.2f} to {psnr[-1]:.2f} dB."
    )
    section.blocks = section.blocks[:1]  # its film is beside the page of the run
    report.curves(*measure_plots(curves, summary.best))
    report.text(link("run/index.html", "The page of this run"), small=True)


def judging(report: Report, folder: Path, count: int) -> None:
    report.section(
        "Judged",
        f"{count} faces by a net beside {count} painted ones of the kind it learned from. Three"
        " copies were put among the net's: mirrored, cropped and compressed. trombine judge"
        " originality finds them; trombine judge fidelity says how the sets differ.",
    )
    real, net = folder / "real", folder / "net"
    real.mkdir(exist_ok=True)
    trombine.generate(seeds=f"0-{count - 1}", method="net", style="photo", output=net)
    for number in range(count):
        image = Image.fromarray(framed(SEED + number, "photo", 128, 96))
        image.save(real / f"{number:03}.png")
        if number == 0:
            ImageOps.mirror(image).save(net / "mirrored.png")
        if number == 1:
            image.crop((8, 4, 92, 88)).resize(image.size).save(net / "cropped.png")
        if number == 2:
            image.save(net / "compressed.jpg", quality=60)
    page = {name: folder / f"{name}.html" for name in ("originality", "fidelity")}
    said = trombine.judge_originality(
        net, real, false_alarms=0.02, output=page["originality"], overwrite=True
    )
    cells = []
    for one in sorted(said.found[net]["pictures"], key=lambda one: -one["score"])[:5]:
        files = net / one["picture"], real / one["copy_of"]["reference"]
        pair = np.concatenate([np.asarray(Image.open(p).convert("RGB")) for p in files], 1)
        cells.append((pair, f"{files[0].name}: {one['verdict']}"))
    report.pictures(cells, columns=5, title="The most suspicious, and what each is like")
    said = trombine.judge_fidelity(net, real, output=page["fidelity"], overwrite=True)
    figures = said.found[net]["tables"][0]["figures"]
    rows = [[name, f"{one['half']:.2f}", f"{one['real']:.2f}"] for name, one in figures.items()]
    report.table(["figure", "by the net", "real against real"], rows, caption="Fidelity")
    links = Markup(", ").join(link(path.name, name) for name, path in page.items())
    report.text(Markup("The pages: {}").format(links), small=True)


def build(folder: Path, say: Callable[[str], None], count: int = 60, pictures: int = 4800) -> Path:
    """Make the page, with so many faces judged and pictures trained on; return its file."""
    path = folder / "index.html"
    check_page(path)
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(
        title="What trombine does",
        lead="All of this was made on this machine, without a network. The photograph shows a real"
        " person, and comes with scikit-image. Every other face is painted, or drawn by nets that"
        " learned from painted ones, and shows nobody.",
        foot="Made by make demo. The numbers are to look at, not to quote.",
    )
    steps = {
        "draws a portrait from a photograph (first, painters are compiled)": portrait,
        "enlarges pictures": enlarging,
        "repairs a scratched photograph": repairing,
        "reads faces": reading,
        "generates faces": lambda report: generating(report, folder),
        "trains a small net": lambda report: training(report, folder, pictures),
        "judges whether generated faces are copies": lambda report: judging(report, folder, count),
    }
    for number, (what, step) in enumerate(steps.items(), 1):
        say(f"{number}/{len(steps)}  {what}")
        step(report)
    report.section("What to try next", "On a terminal. Each command has --help.")
    for line, what in NEXT.items():
        report.text(Markup("{} {}.").format(command(line), what))
    report.write(path)
    return path.resolve()


def main() -> None:
    words = argparse.ArgumentParser(description="Make one page that shows what trombine does.")
    words.add_argument("-o", "--output", type=Path, default=Path("demo"), help="the page's folder")
    folder, start = words.parse_args().output, time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - start:6.1f} s  {text}", flush=True)

    try:
        path = build(folder, say)
    except InputError as error:
        sys.exit(shown(str(error)))
    say(f"the page: {shown(path)}; to open it:")
    print(f"\n  {shown(sys.executable)} -m webbrowser {path.as_uri()}\n\nThen try, say:\n")
    for line, what in list(NEXT.items())[:3]:
        print(f"  {line:50} {what}")


if __name__ == "__main__":
    main()
