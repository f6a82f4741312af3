"""Train a recipe several times with other settings: `sweep`. What it does is in sweeps.py."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trombine.events import Event
from trombine.recipes import find, open_recipe, settings_of, with_settings
from trombine.recipes.file import differences, is_file, run_name
from trombine.requests import Request


@dataclass(frozen=True, kw_only=True)
class SweepRequest(Request):
    """Train a recipe once for each combination of settings; one page shows all.

    Every value of a --grid is combined with every other; those of several --zip go side by side.
    Any other setting, as --pictures 20000, is the same for all. Run again, only what is missing
    is trained; a run that fails is named, and the rest go on.
    """

    recipe: str
    """Its name, or a file of settings, as train takes it."""
    grid: tuple[str, ...] = ()
    """NAME=VALUE,VALUE; several grids are combined. With a ; in it, values stand between ;."""
    zip: tuple[str, ...] = ()
    """NAME=VALUE,VALUE; several go side by side, the first values together."""
    data: str = ""
    """What to learn from, in place of the recipe's own: a spec such as folder:PATH."""
    output: Path | None = None
    """The sweep's folder; runs/sweep-RECIPE unless given."""
    no_board: bool = False
    """Write no TensorBoard events."""
    settings: tuple[str, ...] = ()
    """NAME=VALUE, a setting of every run; --NAME VALUE says the same."""


def run(request: SweepRequest) -> Iterator[Event]:
    """Train what is not trained yet."""
    from trombine.sweeps import Sweep, check_shared, combinations, sweep

    settings = settings_of(request.settings)
    if request.data:
        settings["data"] = request.data
    varied = combinations(request.grid, request.zip)
    check_shared(varied, settings)
    name, base = open_recipe(request.recipe)
    recipe = with_settings(base, settings)
    if is_file(request.recipe):  # the commands are to say the same without the file
        given = differences(find(name), recipe)
        settings = {setting: text for setting, text in given.items() if setting not in varied[0]}
    folder = request.output or Path("runs") / f"sweep-{run_name(request.recipe)}"
    shared = [f"--{name.replace('_', '-')} {shlex.quote(v)}" for name, v in settings.items()]
    options = {"--grid": request.grid, "--zip": request.zip}
    vary = [f"{option} {shlex.quote(text)}" for option, texts in options.items() for text in texts]
    into = f"-o {shlex.quote(str(folder))}"
    yield from sweep(
        Sweep(
            name=name,
            recipe=recipe,
            folder=folder,
            combinations=varied,
            command=" ".join(["trombine train", name, *shared]),
            sweep_command=" ".join(["trombine sweep", name, *vary, *shared, into]),
            board=not request.no_board,
        )
    )
