"""The pictures of README.md and docs/, drawn anew: `make figures`.

    python bench/figures.py [-o docs/figures] [--first-seed N]

Two photographs enlarged, one read, faces restyled and some invented by the commands' defaults; a
sheet of faces in each style (the same people in all), one of their parts and landmarks, one of
leaves; how trainings of bench/results/sharpen-study.json went. Seeds are nobody's: neither trained
on, chosen by, nor in a protocol. The photographs come with scikit-image.
"""

from __future__ import annotations

import argparse
import tempfile
from json import loads
from pathlib import Path
from typing import Any, Final

import numpy as np
import skimage.data
from PIL import Image
from table import ROOT

import trombine
from trombine.conventions import PARTS
from trombine.images import read, write
from trombine.inventing import STYLES as INVENTED
from trombine.pages import Plot, Series
from trombine.pages.overlays import draw_parts, draw_points
from trombine.pages.sheets import Sheet
from trombine.world import STYLES, face, paint
from trombine.world.leaves import leaves

FIRST_SEED: Final = 2_000_000
COLUMNS, ROWS, SIZE = 8, 3, 128
STUDY: Final = ROOT / "bench" / "results" / "sharpen-study.json"
COURSES: Final = {"bare": "Held back by nothing", "gentle": "Held back: its weight .001"}


def enlarged_sheet(folder: Path) -> Sheet:
    """Parts of two photographs, one saved as a JPEG, four times as large: bicubic, trombine."""
    astronaut = Image.fromarray(skimage.data.astronaut()).crop((140, 10, 320, 190))
    astronaut.resize((112, 112), Image.Resampling.LANCZOS).save(folder / "a.jpg", quality=75)
    chelsea = Image.fromarray(skimage.data.chelsea()).crop((60, 20, 284, 244))
    chelsea.resize((112, 112), Image.Resampling.LANCZOS).save(folder / "b.png")
    rows = []
    for path in (folder / "a.jpg", folder / "b.png"):
        trombine.upscale(pictures=path, factor=4, output=folder / f"{path.stem}.large.png")
        bicubic = Image.open(path).resize((448, 448), Image.Resampling.BICUBIC)
        rows.append([np.asarray(bicubic), read(folder / f"{path.stem}.large.png").samples])
    titles = ("JPEG", "PNG")
    columns = ("bicubic", "trombine upscale")
    return Sheet(rows=rows, row_titles=titles, column_titles=columns)


def read_sheet(folder: Path) -> np.ndarray:
    """What is read of a photograph."""
    Image.fromarray(skimage.data.astronaut()[:320, 60:440]).save(folder / "face.png")
    trombine.read(pictures=folder / "face.png", output=folder / "sheet.png")
    return read(folder / "sheet.png").samples


def invented_sheet(folder: Path) -> Sheet:
    """The first seeds in both styles, not picked."""
    rows = []
    for style in INVENTED:
        made = folder / style
        trombine.generate(seeds=f"0-{COLUMNS - 1}", style=style, output=made)
        rows.append([read(path).samples for path in sorted(made.glob("*.png"))])
    return Sheet(rows=rows)


def restyled_sheet(folder: Path, first_seed: int) -> Sheet:
    """A photograph and painted faces, as they are and as the command draws them; not picked."""
    sources = folder / "sources"
    sources.mkdir()
    head = Image.fromarray(skimage.data.astronaut()[:240, 100:340])
    head.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(sources / "a.png")
    for seed in range(first_seed, first_seed + COLUMNS - 1):
        write(sources / f"b{seed}.png", paint(face(seed), SIZE, "photo").pixels)
    rows = [[read(path).samples for path in sorted(sources.glob("*.png"))]]
    for style in STYLES[1:]:
        made = folder / style
        trombine.restyle(pictures=sources, to=style, from_="photo", output=made)
        rows.append([read(path).samples for path in sorted(made.glob("*.png"))])
    return Sheet(rows=rows)


def grid(pictures: list[np.ndarray], columns: int) -> list[list[np.ndarray]]:
    """Pictures in rows."""
    return [pictures[i : i + columns] for i in range(0, len(pictures), columns)]


def style_sheet(style: str, first_seed: int) -> Sheet:
    """A crowd in one style."""
    seeds = range(first_seed, first_seed + COLUMNS * ROWS)
    return Sheet(rows=grid([paint(face(seed), SIZE, style).pixels for seed in seeds], COLUMNS))


def truth_sheet(first_seed: int) -> Sheet:
    """Four people in four styles, their parts and landmarks drawn over them."""
    rows = []
    for style in STYLES:
        painted = [paint(face(seed), 192, style) for seed in range(first_seed, first_seed + 4)]
        shown = [
            draw_points(draw_parts(one.pixels, one.parts), one.points, one.visible)
            for one in painted
        ]
        rows.append([cell for one, over in zip(painted, shown, strict=True)
                     for cell in (one.pixels, over)])  # fmt: skip
    note = f"{len(PARTS)} parts, 68 landmarks; a hidden landmark is hollow"
    return Sheet(rows=rows, row_titles=STYLES, note=note)


def leaves_sheet(first_seed: int) -> Sheet:
    """Overlapping shapes."""
    seeds = range(first_seed, first_seed + COLUMNS * ROWS)
    return Sheet(rows=grid([leaves(seed, SIZE) for seed in seeds], COLUMNS))


def courses() -> dict[str, str]:
    """How losses against a discriminator went, as SVG: with nothing held back, and held back."""
    rows = {row["name"]: row for row in loads(STUDY.read_text())["rows"]}
    return {
        f"discriminator-{name}": course_plot(rows[name], title).svg(standalone=True)
        for name, title in COURSES.items()
    }


def course_plot(row: dict[str, Any], title: str) -> Plot:
    """The losses of a row of the study, and where alarms were given."""
    shown = {
        "discriminator's loss": row["critic"],
        "net's loss against it": row["against"],
        "net's squared error": row["off"],
    }
    series = [
        Series(name=name, x=[n for n, _ in curve], y=[loss for _, loss in curve])
        for name, curve in shown.items()
    ]
    if row["alarms"]:
        places = [place for place, _ in row["alarms"]]
        series.append(Series(name="alarm", x=places, y=[1.0] * len(places), mark="points"))
    return Plot(
        title=title, x_label="windows seen", y_label="loss", series=tuple(series), y_log=True
    )


def main() -> None:
    """Draw every sheet and plot."""
    parser = argparse.ArgumentParser(description="Draw the pictures of the documentation.")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "figures")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    arguments = parser.parse_args()
    sheets = {style: style_sheet(style, arguments.first_seed) for style in STYLES}
    sheets["truth"] = truth_sheet(arguments.first_seed)
    sheets["leaves"] = leaves_sheet(arguments.first_seed)
    figures = {name: sheet.pixels() for name, sheet in sheets.items()}
    with tempfile.TemporaryDirectory() as folder:
        figures["enlarged"] = enlarged_sheet(Path(folder)).pixels()
        figures["read"] = read_sheet(Path(folder))
        figures["invented"] = invented_sheet(Path(folder) / "invented").pixels()
        figures["restyled"] = restyled_sheet(Path(folder), arguments.first_seed).pixels()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, pixels in figures.items():
        path = arguments.output / f"{name}.jpg"
        write(path, pixels)
        print(path)
    for name, svg in courses().items():
        path = arguments.output / f"{name}.svg"
        path.write_text(svg + "\n")
        print(path)


if __name__ == "__main__":
    main()
