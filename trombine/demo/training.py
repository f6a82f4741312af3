"""What training looks like: a tiny enlarger trained by another process while the page is made."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Final

from trombine.data.workers import undisturbed
from trombine.demo.amounts import Demo
from trombine.pages import Page, element, plots
from trombine.recipes import find, with_settings
from trombine.refusal import InputError, OutputError
from trombine.runs.curves import measure_plots
from trombine.runs.folder import RunFolder
from trombine.runs.frames import Pixels, read_small, read_strip
from trombine.runs.log import read
from trombine.runs.page import sample_block
from trombine.training.expect import seconds_a_step
from trombine.training.loop import Order, train

NET: Final = "upscale-fast-x2"
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
RUN: Final = "run"  # its folder
SAMPLE_COUNT: Final = 12  # samples and measures of the tiny training


@contextmanager
def in_background(demo: Demo) -> Iterator[Callable[[], None]]:
    """Train the tiny enlarger in a process of its own, which ends with this block.

    What is yielded waits for the training's end.
    """
    rmtree(demo.folder / RUN, ignore_errors=True)
    process = multiprocessing.get_context("spawn").Process(target=_train, args=(demo,))
    with undisturbed():
        process.start()

    def wait() -> None:
        process.join()
        if process.exitcode:
            raise InputError(f"the training of the demo ended with exit code {process.exitcode}")

    try:
        yield wait
    finally:
        process.terminate()
        process.join()


def _train(demo: Demo) -> None:
    for _ in train(tiny(demo, demo.folder / RUN)):
        pass


def add_training(demo: Demo, page: Page) -> None:
    """What the tiny enlarger learned, and a link to its run's page."""
    folder = RunFolder(demo.folder / RUN)
    summary = read(folder)
    (curves,) = summary.measures.values()
    values = curves["PSNR"].values
    link = element("a", {"href": f"{folder.path.name}/index.html"}, "The page of this run")
    page.section(
        "A training",
        f"While this page was made, another process trained a smaller enlarger on leaves for"
        f" {summary.cost.seconds:.0f} seconds, on one core: {summary.pictures:,} pictures. On"
        f" leaves that it never saw, its PSNR went from {values[0]:.2f} to {values[-1]:.2f} dB.\n\n"
        "Every run keeps its log, samples, checkpoints, a film and its best model.",
        sample_block("this training", read_strip(folder.sample_files()), _still(folder)),
        plots(*measure_plots(curves, summary.best)),
        element("p", {}, link, "."),
    )


def check_run(demo: Demo) -> None:
    """Refuse to train where something else stands than the run of an earlier demo."""
    folder = RunFolder(demo.folder / RUN)
    inside = set(folder.path.iterdir()) if folder.path.is_dir() else set()
    if inside <= {folder.lock}:  # the first file of a run that was stopped early
        return
    command = folder.read_recipe().get("command") if folder.exists else ""
    if not str(command).startswith(_command(TINY)):
        raise OutputError(
            "is there and was not made by the demo", "choose another -o", path=folder.path
        )


def _still(folder: RunFolder) -> dict[str, Pixels]:
    """What never changes beside the samples."""
    rows = {row: read_small(path) for row, path in folder.fixed_files().items()}
    return {row: pixels for row, pixels in rows.items() if pixels is not None}


def tiny(demo: Demo, place: Path) -> Order:
    """A training that takes about as many seconds here as the demo is to give it."""
    recipe = with_settings(find(NET), TINY)
    order = Order(name=NET, recipe=recipe, folder=place, board=False)
    steps = max(SAMPLE_COUNT, round(demo.seconds / seconds_a_step(order)))
    often = str(recipe.batch * (steps // SAMPLE_COUNT))
    clocks = {f"{name}_every": often for name in ("log", "sample", "measure", "save")}
    words = {**TINY, "pictures": str(recipe.batch * steps), **clocks}
    return replace(
        order,
        recipe=with_settings(recipe, {"pictures": words["pictures"], **clocks}),
        command=_command(words),
    )


def _command(words: Mapping[str, str]) -> str:
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in words.items())
    return f"trombine train {NET} {options}"
