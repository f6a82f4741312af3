"""Every function of trombine that one training step passes, written into how-it-is-built.md.

A tiny DCGAN is begun and takes one step, with a profiler that notes each call; the list is made by
running, so it cannot be out of date: a test makes it again and compares.

    python bench/trace_of_a_step.py            prints it
    python bench/trace_of_a_step.py --write    puts it between its marks in docs/how-it-is-built.md
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from table import ROOT

PAGE: Final = ROOT / "docs" / "how-it-is-built.md"
BEGIN: Final = "<!-- trace: a training step -->"
END: Final = "<!-- /trace -->"
_PACKAGE: Final = str(ROOT / "trombine") + os.sep
SMALL: Final = {"data": "leaves#48", "size": "16", "batch": "4", "width": "4", "latent": "8"}


def main() -> int:
    """Print the list, or put it into the page."""
    parser = argparse.ArgumentParser(description="List what a training step passes.")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.name}")
    text = "\n".join(traced())
    if not parser.parse_args().write:
        print(text)
        return 0
    PAGE.write_text(filled(PAGE.read_text(), text))
    return 0


def filled(page: str, text: str) -> str:
    """The page with this list between its marks."""
    block = f"{BEGIN}\n\n```text\n{text}\n```\n\n{END}"
    return re.sub(rf"{BEGIN}.*?{END}", lambda _: block, page, flags=re.DOTALL)


def traced() -> list[str]:
    """The functions in the order in which they are first called, each below what called it."""
    from trombine.data.split import prepare_split
    from trombine.objectives import objective_of
    from trombine.recipes import find, with_settings
    from trombine.training.launch import Mesh
    from trombine.training.machine import choose
    from trombine.training.material import endless, open_material, parts_of
    from trombine.training.state import fresh
    from trombine.training.steps import Plan, advance, turn

    recipe = with_settings(find("dcgan"), SMALL)
    for _ in prepare_split(recipe.data, recipe.size, recipe.judged):
        pass
    objective = objective_of(recipe)
    plan = Plan(
        recipe=recipe,
        objective=objective,
        phases=objective.phases(),
        machine=choose(recipe),
        mesh=Mesh(),
    )
    state = fresh(recipe, objective, plan.machine, plan.mesh.device)
    material = open_material(recipe, objective.streams)
    lines: list[str] = []
    feed = endless(recipe, material, state)
    with noting(lines):
        list(turn(state, plan.phases))
        whole = next(feed)
        advance(state, plan, parts_of(plan, state, material, whole))
    return lines


@contextmanager
def noting(lines: list[str]) -> Iterator[None]:
    """Note the first call of each of trombine's functions from each place of the tree of calls."""
    depths: dict[CodeType, int] = {}
    seen: set[tuple[CodeType | None, CodeType]] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or not _is_ours(code):
            return
        above = _above(frame)
        parent = above.f_code if above else None
        if (parent, code) in seen or parent is code:
            return
        seen.add((parent, code))
        depth = depths[parent] + 1 if parent in depths else 0
        depths.setdefault(code, depth)
        module = Path(code.co_filename).relative_to(_PACKAGE).as_posix()
        lines.append(f"{'  ' * depth}{code.co_qualname} ({module})")

    profile: Callable[[FrameType, str, Any], None] = note
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)


def _is_ours(code: CodeType) -> bool:
    """A named function of the package; comprehensions and dataclasses' own methods are not."""
    return code.co_filename.startswith(_PACKAGE) and not code.co_name.startswith(("<", "__"))


def _above(frame: FrameType) -> FrameType | None:
    """The nearest caller that is ours."""
    caller = frame.f_back
    while caller is not None and not _is_ours(caller.f_code):
        caller = caller.f_back
    return caller


if __name__ == "__main__":
    sys.exit(main())
