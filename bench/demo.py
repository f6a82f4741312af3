"""One page that shows what trombine does, made here and now without a network: `make demo`.

    python bench/demo.py [-o demo]

The photograph comes with scikit-image. Every other face is painted or generated, and shows nobody.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageOps
from skimage.data import astronaut

import trombine
from trombine import pages
from trombine.conventions import to_picture, to_pixels
from trombine.data.degrade import Chain, degrade_one
from trombine.io.files import write_bytes
from trombine.measures import CHOOSING_SEEDS
from trombine.measures.similarity import psnr_y
from trombine.methods.invent import framed
from trombine.pages import Html, draw_parts, element, grid, note, picture
from trombine.readings.drawing import draw_landmarks, in_words
from trombine.refusal import InputError, shown
from trombine.runs.curves import measure_plots
from trombine.runs.folder import RunFolder
from trombine.runs.frames import read_strip
from trombine.runs.log import read
from trombine.runs.page import sample_block
from trombine.world import STYLES, face, paint
from trombine.world.fractals import fractal, paint_fractal
from trombine.world.leaves import leaves

Pixels = UInt8[np.ndarray, "h w 3"]
Section = Iterator[str]  # its text, then its blocks

SEED: Final = CHOOSING_SEEDS.start  # no shipped net trains on these, no protocol judges on them
PERSON: Final = SEED + 258  # chosen by looking
WAYS: Final = ("bicubic", "trombine upscale")
DRAWN: Final = ("anime", "cartoon", "sketch")
PHOTO: Final = np.ascontiguousarray(astronaut()[:384, 40:424])
CLOSE: Final = np.ascontiguousarray(PHOTO[:288, 50:338])
FIGURES: Final = {
    "Fréchet": "Fréchet distance: 0 for equal sets",
    "precision": "Precision: the share of the net's faces that look real",
    "recall": "Recall: the share of real faces that the net reaches",
    "accuracy": "A classifier's accuracy: .5 where it cannot tell the sets apart",
}
NEXT: Final = {
    "trombine studio --open": "opens all of this in the browser, with a brush for what is to go",
    "trombine upscale photo.jpg -x 2": "enlarges a photograph of yours, to photo.x2.png beside it",
    "trombine inpaint photo.jpg --mask-part mouth": "paints a mouth anew; --mask says what else",
    "trombine restyle photo.jpg --to anime": "draws the faces in it anew",
    "trombine read photo.jpg": "finds the faces in it, and draws what was read beside it",
    "trombine train upscale-x2 --data folder:photos": "trains a net on a folder of yours",
}


def slider(pair: Sequence[Pixels], names: tuple[str, str], about: str) -> Html:
    return element("div", {}, pages.compare(*pair, names=names, alt=about), note(about))


def enlarged(large: Pixels, smaller: int, factor: int) -> list[Pixels]:
    """A square made so many times smaller, and enlarged by bicubic and by trombine."""
    sides = [len(large) // smaller, len(large) // smaller * factor]
    cubic = Image.Resampling.BICUBIC
    small = Image.fromarray(large).resize((sides[0], sides[0]), cubic)
    bicubic = small.resize((sides[1], sides[1]), cubic)
    return [np.asarray(bicubic), np.asarray(trombine.upscale(small, scale=factor))]


def damaged(pixels: Pixels, chain: str, seed: int) -> Pixels:
    return to_pixels(degrade_one(to_picture(pixels), Chain.parse(chain), seed))


def enlarging() -> Section:
    yield (
        "Each picture was made smaller and enlarged again: left of the slider by bicubic, right of"
        " it by trombine upscale. The nets learned from what trombine paints itself; drawings have"
        " nets of their own."
    )
    sliders, rows, drawing = [], [], paint(face(PERSON), 384, "anime").pixels
    for about, large, factor in (
        ("A photograph, 2 times", PHOTO, 2),
        ("A photograph, 4 times", PHOTO, 4),
        ("A painted drawing, 2 times", drawing, 2),
        ("A painted drawing, 4 times", drawing, 4),
    ):
        guesses = enlarged(large, factor, factor)
        sliders.append(slider(guesses, WAYS, about))
        truth, *pair = (to_picture(pixels)[None] for pixels in (large, *guesses))
        values = (psnr_y(truth, guess, border=factor).item() for guess in pair)
        rows.append([about, *(f"{value:.2f}" for value in values)])
    yield grid(sliders, columns=2, on_phone=1)
    yield pages.table(["PSNR of the luma, dB", *WAYS], rows, caption="Against the original")


def repairing() -> Section:
    yield (
        "--scratches finds damage and repairs that alone. --mask-colour repairs what was painted"
        " over, --mask-part paints parts of faces anew. Outside the hole every sample stays as it"
        " was."
    )
    scratched = damaged(CLOSE, "scratches:0.9+dust:0.7", 3)
    image = Image.fromarray(CLOSE)
    for line in ((86, 94, 158, 112), (84, 122, 150, 136), (40, 170, 250, 215), (190, 30, 275, 110)):
        ImageDraw.Draw(image).line(line, "magenta", 7)
    scribbled = np.asarray(image)
    pairs = {
        "--scratches": [scratched, trombine.inpaint(scratched, scratches=True)],
        "--mask-colour magenta": [scribbled, trombine.inpaint(scribbled, mask_colour="magenta")],
        "--mask-part nose,mouth": [CLOSE, trombine.inpaint(CLOSE, mask_part="nose,mouth")],
    }
    sliders = [slider(pair, ("before", "after"), f"inpaint {how}") for how, pair in pairs.items()]
    yield grid(sliders, columns=3, on_phone=1)


def restyling() -> Section:
    yield (
        "trombine restyle looks for the person who looks like each face, as numbers, and paints"
        " that person into the scene; with --portrait alone, at any size."
    )
    drawn = [trombine.restyle(PHOTO, to=style) for style in DRAWN]
    cells = [picture(p, s, caption=f"--to {s}") for s, p in zip(DRAWN, drawn, strict=True)]
    photo = picture(PHOTO, "a photograph", caption="The photograph")
    yield grid([photo, *cells], columns=4)
    drawn = [trombine.restyle(PHOTO, to=style, portrait=True, size=384) for style in DRAWN]
    yield grid([picture(pixels, "portrait") for pixels in drawn], columns=3, title="--portrait")


def reading() -> Section:
    yield (
        "A small net finds faces and reads them: 68 landmarks, 19 parts, and what a face is like."
        " It learned from painted faces, whose truth is exact, and from photographs of which"
        " nobody told it anything. Mistakes stay in."
    )
    people = [paint(face(PERSON + n), 256, style).pixels for n, style in enumerate(STYLES)]
    crowd = np.concatenate([np.concatenate(people[:2], 1), np.concatenate(people[2:], 1)])
    for about, pixels in (("A photograph", PHOTO[:320, 32:352]), ("Four painted people", crowd)):
        found = trombine.read(pixels, traits=True)
        cells = [
            picture(pixels, about),
            picture(draw_landmarks(pixels, found.faces, 1), f"{about}: landmarks"),
            picture(draw_parts(pixels, found.parts()), f"{about}: parts"),
        ]
        yield grid(cells, columns=3, on_phone=1, title=about)
        yield note("; ".join(in_words(one, traits=True) for one in found.faces))
    yield pages.key(pages.key_of(found.parts()))


def generating(folder: Path) -> Section:
    yield (
        "trombine generate paints a person for each seed; the same seed is the same person in"
        " every style. --attributes asks for more. With --method net a net makes the faces, as it"
        " learned from painted ones. trombine morph walks from face to face: here from the"
        " photograph's person to seeds 7 and 3, and back."
    )
    seeds = [f"seed {seed}" for seed in range(6)]
    cells, styles = [], ("photo", *DRAWN)
    for style in styles:
        cells += generated(folder, seeds, seeds="0-5", size=192, style=style)
    yield grid(cells, columns=6, on_phone=3, title="The first seeds, not picked")
    cells = []
    for text in ("glasses", "hat", "beard", "smile=.9", "hair_light=.9", "age=70"):
        cells += generated(folder, [text], seeds="7", size=192, style="photo", attributes=text)
    yield grid(cells, columns=6, on_phone=3, title="Seed 7, as asked")
    cells = generated(folder, seeds, seeds="0-5", method="net", style="photo")
    yield grid(cells, columns=6, on_phone=3, title="By a net")
    Image.fromarray(PHOTO).save(folder / "photo.png")
    path = [str(folder / "photo.png"), "7", "3"]
    films = {style: folder / f"morph-{style}.gif" for style in styles}
    asked: dict[str, Any] = {"frames": 8, "cycle": True, "overwrite": True}
    for style, film in films.items():
        trombine.morph(path, output=film, **{**asked, "style": style})
    cells = [moving(film, f"morph --style {style}") for style, film in films.items()]
    yield grid(cells, columns=4, on_phone=2, title="A morph")


def generated(folder: Path, captions: Sequence[str], **words: Any) -> list[Html]:
    """Faces that `trombine generate` makes, with their captions."""
    output = folder / "generated" / "-".join(map(str, words.values()))
    trombine.generate(output=output, overwrite=True, **words)
    cells = zip(sorted(output.glob("0*.png")), captions, strict=True)
    return [picture(np.asarray(Image.open(p)), f"generated: {c}", caption=c) for p, c in cells]


def moving(path: Path, caption: str) -> Html:
    """A GIF inside the page."""
    source = "data:image/gif;base64," + base64.b64encode(path.read_bytes()).decode()
    image = element("img", {"src": source, "alt": caption, "width": 256, "height": 256})
    return element("figure", {}, image, element("figcaption", {}, caption))


def painting() -> Section:
    yield (
        "A painted face is numbers, painted with the exact place of every part, so that a method"
        " is measured against what was really there. Leaves have the edges and contrasts of"
        " photographs. A fractal comes with the seven numbers that it was made from. Nets that"
        " mend pictures learn from whole ones that were spoilt on purpose."
    )
    painted = {style: paint(face(PERSON), 256, style) for style in STYLES}
    cells = [picture(one.pixels, style) for style, one in painted.items()]
    cells += [picture(draw_parts(o.pixels, o.parts), f"{s}: parts") for s, o in painted.items()]
    yield grid(cells, columns=4, title="One person in four styles")
    cells = [picture(leaves(SEED + n, 256), "leaves") for n in range(4)]
    cells += [picture(paint_fractal(fractal(SEED + n), 256), "a fractal") for n in (18, 4, 26, 11)]
    yield grid(cells, columns=4, tight=True, title="Leaves and fractals")
    chains = ("wild-x2", "old-photo", "noise:gaussian:0.08", "jpeg:12", "blur:motion:10:30")
    cells = [picture(damaged(painted["photo"].pixels, c, 7), c, caption=c) for c in chains]
    yield grid(cells, columns=5, title="Damage")


def training(folder: Path, pictures: int) -> Section:
    settings: dict[str, Any] = {"size": 48, "width": 24, "depth": 4, "judged": 32, "faces": 9}
    settings |= {"warmup": 200, "ema": 1000, "precision": "float32", "pictures": pictures}
    for name in ("log", "sample", "measure", "save"):
        settings[f"{name}_every"] = pictures // 12
    run = RunFolder(folder / "run")
    data = "leaves#400"
    trombine.train("upscale-fast-x2", data=data, output=run.path, **settings)
    trombine.runs_show(run.path)  # which writes its film
    summary = read(run)
    (curves,) = summary.measures.values()
    first, last = curves["PSNR"].values[0], curves["PSNR"].values[-1]
    yield (
        f"A smaller enlarger learned from {summary.pictures:,} pictures of leaves in"
        f" {summary.cost.seconds:.0f} seconds. On leaves that it never saw, its PSNR went from"
        f" {first:.2f} to {last:.2f} dB."
    )
    still = {row: np.asarray(Image.open(path)) for row, path in run.fixed_files().items()}
    yield sample_block("this training", read_strip(run.sample_files()), still)
    yield pages.plots(*measure_plots(curves, summary.best))
    yield note(Html('<a href="run/index.html">The page of this run</a>'))


def judging(folder: Path, count: int) -> Section:
    yield (
        f"{count} faces by a net beside {count} painted ones of the kind it learned from. Three"
        " copies were put among the net's: mirrored, cropped and compressed. trombine judge"
        " originality finds them; trombine judge fidelity says how the sets differ."
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
    worst = sorted(said.found[net]["pictures"], key=lambda one: -one["score"])
    for one in worst[:5]:
        files = net / one["picture"], real / one["copy_of"]["reference"]
        pair = np.concatenate([np.asarray(Image.open(p).convert("RGB")) for p in files], 1)
        caption = f"{files[0].name}: {one['verdict']}"
        cells.append(picture(pair, f"{caption} of {files[1].name}", caption=caption))
    yield grid(cells, columns=5, on_phone=2, title="The most suspicious, and what each is like")
    said = trombine.judge_fidelity(net, real, output=page["fidelity"], overwrite=True)
    figures = said.found[net]["tables"][0]["figures"]
    rows = [
        [text, *(f"{figures[name][side]['value']:.2f}" for side in ("value", "real"))]
        for name, text in FIGURES.items()
    ]
    columns = ["Figure", "by the net", "real against real"]
    yield pages.table(columns, rows, caption="Fidelity")
    links = (f'<a href="{name}.html">{name}</a>' for name in page)
    yield note(Html(f"The pages: {', '.join(links)}"))


def build(folder: Path, say: Callable[[str], None], count: int = 60, pictures: int = 4800) -> Path:
    """Make the page, with so many faces judged and pictures trained on; return its file."""
    path = folder / "index.html"
    pages.check_page(path)
    folder.mkdir(parents=True, exist_ok=True)
    say("the first time, painters are compiled: a minute in which little is said")
    first = enlarged(PHOTO[:208, 84:292], 2, 4)
    page = pages.Page(
        title="What trombine does",
        opening=pages.compare(*first, names=WAYS, alt="a photograph enlarged four times"),
        lead="All of this was made on this machine, without a network. The photograph shows a real"
        " person, and comes with scikit-image. Every other face is painted, or drawn by nets that"
        " learned from painted ones, and shows nobody.",
        foot="Made by make demo. The numbers are to look at, not to quote.",
    )
    sections = {
        "Enlarging": enlarging(),
        "Repair": repairing(),
        "In another style": restyling(),
        "What is where in a face": reading(),
        "Generated faces": generating(folder),
        "What nets learn from": painting(),
        "A training": training(folder, pictures),
        "How results are judged": judging(folder, count),
    }
    for number, (title, parts) in enumerate(sections.items(), 1):
        say(f"{number}/{len(sections)}  {title}")
        page.section(title, *parts)
    lines = (element("p", {}, pages.command(line), f" {what}.") for line, what in NEXT.items())
    page.section("What to try next", "On a terminal. Each command has --help.", *lines)
    write_bytes(path, page.html().encode())
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
    print(f"\n  {shown(sys.executable)} -m webbrowser {path.as_uri()}")


if __name__ == "__main__":
    main()
