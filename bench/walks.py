"""What a picture passes on its way through the package, written into docs/how-it-is-built.md.

Each walk is made by running it, with a profiler that notes the calls from one part of the package
into another, each function once; so it cannot be out of date: a test makes it again and compares.

    python bench/walks.py            prints all
    python bench/walks.py --write    puts them between their marks in docs/how-it-is-built.md
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from table import ROOT

PAGE: Final = ROOT / "docs" / "how-it-is-built.md"
MOST: Final = 25  # functions that a walk may pass
Walk = Callable[[], object]
_PACKAGE: Final = str(ROOT / "trombine") + os.sep
# What everything passes and nobody needs to read on the way.
_BESIDE: Final = tuple(
    f"/{name}.py"
    for name in (
        *("refusal", "requests", "texts", "files", "lock", "memory", "devices", "events", "draws"),
        *(
            "computing",
            "samples",
            "colour",
            "conventions",
            "provenance",
            "columns",
            "places",
            "spaces",
            "listing",
        ),
        *("freeze", "machine", "launch", "beside", "tasks", "workers", "compiled", "grammar"),
    )
)


def main() -> int:
    """Print the walks, or put them into the page."""
    parser = argparse.ArgumentParser(description="List what a picture passes.")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.name}")
    walks = {name: walk() for name, walk in WALKS.items()}
    if parser.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text(), walks))
    else:
        for name, lines in walks.items():
            print(f"{name}: {len(lines)} functions", *lines, "", sep="\n")
    return 0


def filled(page: str, walks: dict[str, list[str]]) -> str:
    """The page with each walk between its marks."""
    for name, lines in walks.items():
        begin, end = f"<!-- walk: {name} -->", "<!-- /walk -->"
        text = "\n".join(lines)
        block = f"{begin}\n\n```text\n{text}\n```\n\n{end}"
        page = re.sub(rf"{begin}.*?{end}", lambda _, block=block: block, page, flags=re.DOTALL)
    return page


# Walks ---------------------------------------------------------------------------------------


def upscaling() -> list[str]:
    """One picture through `upscale`."""
    from trombine.verbs.upscale import UpscaleRequest, run

    def walk(folder: Path) -> Walk:
        request = UpscaleRequest(
            pictures=(folder / "a.png",), output=folder / "b.png", model="upscale-fast"
        )
        return lambda: list(run(request))

    return noted_in_folders(walk, "a.png")


def preparing() -> list[str]:
    """One picture through `data prepare`."""
    from trombine.verbs.prepare import PrepareRequest, run

    def walk(folder: Path) -> Walk:
        request = PrepareRequest(
            folder=folder / "faces", output=folder / "pack", size=16, workers=1
        )
        return lambda: list(run(request))

    return noted_in_folders(walk, "faces/a.png")


def a_step_of(recipe: str, settings: dict[str, str]) -> list[str]:
    """One step of a training."""
    from trombine.data.split import prepare_split
    from trombine.objectives import objective_of
    from trombine.recipes import find, with_settings
    from trombine.training.launch import Mesh
    from trombine.training.machine import choose
    from trombine.training.material import endless, open_material, parts_of
    from trombine.training.state import fresh
    from trombine.training.steps import Plan, advance, update_phases

    small = with_settings(find(recipe), settings)
    objective = objective_of(small)
    for stream in objective.streams:
        for _ in prepare_split(getattr(small, stream), small.size, small.judged):
            pass
    plan = Plan(
        recipe=small,
        objective=objective,
        phases=objective.phases(),
        machine=choose(small),
        mesh=Mesh(),
    )
    state = fresh(small, objective, plan.machine, plan.mesh.device)
    material = open_material(small, objective.streams)
    feed = endless(small, material, state)

    def step() -> None:
        list(update_phases(state, plan.phases))
        whole = next(feed)
        advance(state, plan, parts_of(plan, state, material, whole))

    return noted(step)


WALKS: Final[dict[str, Callable[[], list[str]]]] = {
    "upscale": upscaling,
    "prepare": preparing,
    "a step of a DCGAN": lambda: a_step_of(
        "dcgan", {"data": "leaves#48", "size": "16", "batch": "4", "width": "4", "latent": "8"}
    ),
    "a step of the reader": lambda: a_step_of(
        "reader", {"data": "world:photo#48", "other": "leaves#48", "real": "", "size": "64"}
    ),
}


# Noting --------------------------------------------------------------------------------------


def noted_in_folders(walk: Callable[[Path], Walk], picture: str) -> list[str]:
    """A walk through a new folder with a picture, after one through another such folder."""
    from trombine.images import write

    lines: list[str] = []
    for heard in ([], lines):  # on the first all is loaded and compiled
        with tempfile.TemporaryDirectory() as folder:
            pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
            write(Path(folder, picture), pixels)
            do = walk(Path(folder))
            with noting(heard):
                do()
    return lines


def noted(do: Walk) -> list[str]:
    """A walk, after one on which all is loaded and compiled."""
    do()
    lines: list[str] = []
    with noting(lines):
        do()
    return lines


@contextmanager
def noting(lines: list[str]) -> Iterator[None]:
    """Note the first call of each function that comes from another part of the package."""
    depths: dict[CodeType, int] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or not _is_ours(code) or code in depths or _is_property(frame):
            return
        above = _above(frame)
        if above is not None and _part(above.f_code) == _part(code):
            return
        door = _door(above, depths)
        depths[code] = 0 if door is None else depths[door] + 1
        module = Path(code.co_filename).relative_to(_PACKAGE).as_posix()
        lines.append(f"{'  ' * depths[code]}{code.co_qualname} ({module})")

    sys.setprofile(note)
    threading.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _door(frame: FrameType | None, depths: Iterable[CodeType]) -> CodeType | None:
    """The nearest caller that stands in the list."""
    while frame is not None and frame.f_code not in depths:
        frame = frame.f_back
    return None if frame is None else frame.f_code


def _part(code: CodeType) -> str:
    """The part of the package that a function stands in: a folder; in data and training a file."""
    path = Path(code.co_filename).relative_to(_PACKAGE)
    is_file = len(path.parts) == 1 or path.parts[:-1] in (("data",), ("training",))
    return path.as_posix() if is_file else path.parent.as_posix()


def _is_ours(code: CodeType) -> bool:
    """A named function of the package that is worth a line."""
    if not code.co_filename.startswith(_PACKAGE) or code.co_name.startswith(("<", "__")):
        return False
    return not code.co_filename.endswith(_BESIDE)


def _is_property(frame: FrameType) -> bool:
    held = frame.f_locals.get("self")
    return isinstance(getattr(type(held), frame.f_code.co_name, None), property | cached_property)


def _above(frame: FrameType) -> FrameType | None:
    """The nearest caller that is ours."""
    caller = frame.f_back
    while caller is not None and not _is_ours(caller.f_code):
        caller = caller.f_back
    return caller


if __name__ == "__main__":
    sys.exit(main())
