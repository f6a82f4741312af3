"""What training looks like: the shipped enlarger beside bicubic, and a tiny one trained now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Final

import torch
from jaxtyping import Float32

from trombine.conventions import to_pixels
from trombine.data.degrade import crop_to_multiple, enlarge, shrink
from trombine.demo.amounts import Demo
from trombine.demo.enlarging import as_batch
from trombine.demo.numbers import numbers_table
from trombine.demo.repair import as_jpeg
from trombine.measures import Figure, Protocol, figure, psnr, psnr_y, ssim
from trombine.pages import Page, compare, element, grid, note, plots
from trombine.recipes import find, with_settings
from trombine.runs.curves import measure_plots
from trombine.runs.folder import RunFolder
from trombine.runs.frames import Pixels, read_small, read_strip
from trombine.runs.log import read
from trombine.runs.page import sample_block
from trombine.training.expect import seconds_a_step
from trombine.training.loop import Order, train
from trombine.weights import Model, load
from trombine.world import face, paint

Pictures = Float32[torch.Tensor, "n 3 h w"]

NET: Final = "enlarger-x2"
FACTOR: Final = 2
MEASURES: Final = ("PSNR-Y", "PSNR", "SSIM")
# Small enough to be seen learning in seconds.
TINY: Final = {
    "data": "leaves#2000",
    "size": "48",
    "width": "24",
    "depth": "4",
    "judged": "32",
    "faces": "9",
    "warmup": "200",
    "ema": "1000",
    "precision": "float32",
    "threads": "1",
}
LOOKS: Final = 12  # samples and measures of the tiny training


def add_net(demo: Demo, page: Page) -> None:
    """The enlarger that comes with trombine, beside enlarging without a net."""
    from trombine.world.leaves import leaves

    model = load(NET, task="upscale")
    people = enlarged_protocol(demo, "world:photo")
    shapes = enlarged_protocol(demo, "leaves")
    faces = as_batch([paint(face(s), demo.measured_size, "photo").pixels for s in people.seeds])
    others = as_batch([leaves(s, demo.measured_size) for s in shapes.seeds])
    person = as_batch([paint(face(demo.first_seed + 501), demo.portrait, "photo").pixels])
    page.section(
        "Enlarging with a net",
        "A net that comes with trombine enlarges twice. It learned from leaves alone: never from a"
        " face, never from a photograph, and it sharpens both.\n\n"
        f"{model.card.pictures:,} pictures in training,"
        f" {sum(p.numel() for p in model.net.parameters()):,} parameters, on a CPU.",
        grid(
            [
                _slider(person, model, "a face"),
                _slider(photograph(demo.portrait), model, "a photograph"),
            ],
            columns=2,
            on_phone=1,
        ),
        numbers_table(people, measured(people, faces, model), "Faces, enlarged twice"),
        numbers_table(shapes, measured(shapes, others, model), "Leaves, enlarged twice"),
        note(
            "The photograph is one that scikit-image brings along; it is here to look at, not to"
            " measure."
        ),
    )


def enlarged_protocol(demo: Demo, pictures: str) -> Protocol:
    """What the numbers for one kind of pictures are measured on."""
    first = demo.first_seed + 500
    return Protocol(
        name=f"Enlarging {'faces' if pictures.startswith('world') else pictures} twice",
        pictures=pictures,
        seeds=range(first, first + demo.measured),
        size=demo.measured_size,
        degradations=(f"shrunk {FACTOR} times as MATLAB's bicubic imresize, rounded to 8 bits",),
        measures=MEASURES,
    )


def measured(protocol: Protocol, truth: Pictures, model: Model) -> list[Figure]:
    """Without a net, with it, and the ceiling."""
    small = shrink(truth, FACTOR)
    made = {
        "bicubic": enlarge(small, FACTOR),
        "Lanczos": enlarge(small, FACTOR, kernel="lanczos"),
        NET: model(small),
        "truth as JPEG 95": as_batch([as_jpeg(to_pixels(one)) for one in truth]),
    }
    figures = []
    for name, guess in made.items():
        values = (psnr_y(truth, guess, border=FACTOR), psnr(truth, guess), ssim(truth, guess))
        pairs = zip(MEASURES, values, strict=True)
        figures += [figure(protocol, name, measure, value) for measure, value in pairs]
    return figures


def photograph(size: int) -> Pictures:
    """The face of a photograph that a dependency brings along, as it was taken."""
    from skimage.data import astronaut

    return crop_to_multiple(as_batch([astronaut()[:size, 60 : 60 + size]]), FACTOR)


def _slider(truth: Pictures, model: Model, about: str) -> str:
    """Enlarged by bicubic and by the net, at the size at which pixels can be told apart."""
    small = shrink(truth, FACTOR)
    plain, sharp = enlarge(small, FACTOR)[0], model(small)[0]
    names = ("bicubic", "the net")
    return compare(to_pixels(plain), to_pixels(sharp), names=names, alt=f"{about} enlarged twice")


# ---------------------------------------------------------------------------------------------


def add_training(demo: Demo, page: Page) -> None:
    """Train a tiny enlarger for some seconds; show what it learned, and link its run's page."""
    folder = RunFolder(demo.folder / "run")
    rmtree(folder.path, ignore_errors=True)
    order = tiny(demo, folder.path)
    for _ in train(order):
        pass
    story = read(folder)
    (curves,) = story.measures.values()
    values = curves["PSNR"].values
    link = element("a", {"href": f"{folder.path.name}/index.html"}, "The whole story of this run")
    page.section(
        "A training",
        f"Just now, while this page was made, a smaller enlarger learned from leaves for"
        f" {story.cost.seconds:.0f} seconds, on one core: {story.pictures:,} pictures. On leaves"
        f" that it never saw, its PSNR went from {values[0]:.2f} to {values[-1]:.2f} dB.\n\n"
        "Every run keeps its log, samples, checkpoints, a film and its best model.",
        sample_block("this training", read_strip(folder.sample_files()), _still(folder)),
        plots(*measure_plots(curves, story.best)),
        element("p", {}, link, "."),
    )


def _still(folder: RunFolder) -> dict[str, Pixels]:
    """What never changes beside the samples."""
    found = {row: read_small(path) for row, path in folder.fixed_files().items()}
    return {row: pixels for row, pixels in found.items() if pixels is not None}


def tiny(demo: Demo, place: Path) -> Order:
    """A training that takes about as many seconds here as the demo is to give it."""
    recipe = with_settings(find(NET), TINY)
    order = Order(name=NET, recipe=recipe, folder=place, board=False)
    steps = max(LOOKS, round(demo.seconds / seconds_a_step(order)))
    often = str(recipe.batch * (steps // LOOKS))
    clocks = {f"{what}_every": often for what in ("log", "sample", "measure", "save")}
    words = {**TINY, "pictures": str(recipe.batch * steps), **clocks}
    told = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in words.items())
    return replace(
        order,
        recipe=with_settings(recipe, {"pictures": words["pictures"], **clocks}),
        command=f"trombine train {NET} {told}",
    )
