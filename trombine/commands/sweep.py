"""`sweep`: a recipe trained several times with other settings, by training/sweep.py."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import BeforeValidator

from trombine.commands.options import Progress, Setting, verb
from trombine.core.progress import Result
from trombine.recipes import settings_of, with_settings
from trombine.recipes.file import differences, is_file, run_name
from trombine.training import sweep as sweeps
from trombine.training.methods import find, open_recipe

# A text for each --grid; a program may give {name: values}.
Varied = Annotated[list[str] | None, BeforeValidator(sweeps.texts_of)]


@verb
def sweep(
    recipe: str | Path,
    /,
    *,
    grid: Varied = None,
    zip: Varied = None,
    data: str = "",
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    tensorboard: Annotated[bool, Parameter(negative="--no-tensorboard")] = True,
    progress: Progress = None,
    **settings: Setting,
) -> Result:
    """Train a recipe once for each combination of settings; one page shows all.

    For example:
      trombine sweep upscale-fast-x2 --grid lr=1e-3,2e-3 --grid width=8,16 \\
        --data leaves#100 --size 32 --pictures 160 -o runs/widths
      trombine sweep upscale-fast-x2 --zip width=8,16 --zip depth=4,2 \\
        --data leaves#100 --size 32 --pictures 160 -o runs/shapes

    Every value of a --grid is combined with every other; those of several --zip go
    side by side. Any other setting, as --pictures 20000, is the same for all. Run
    again, only what is missing is trained; a run that fails is named, and the rest
    go on.

    Parameters
    ----------
    recipe
        Its name, or a file of settings, as train takes it.
    grid
        NAME=VALUE,VALUE; again for another NAME.
    zip
        NAME=VALUE,VALUE; the first values of all go together.
    data
        What to learn from: folder:PATH, world:photo#5000, ...
    output
        The sweep's folder. [runs/sweep-RECIPE]
    tensorboard
        Write events for TensorBoard. [yes]
    """
    shared = settings_of(({"data": data} if data else {}) | settings)
    varied = sweeps.combinations(grid, zip)
    sweeps.check_shared(varied, shared)
    name, base = open_recipe(str(recipe))
    changed = with_settings(base, shared)
    if is_file(str(recipe)):  # the commands are to say the same without the file
        given = differences(find(name), changed)
        shared = {setting: text for setting, text in given.items() if setting not in varied[0]}
    folder = output or Path("runs") / f"sweep-{run_name(str(recipe))}"
    words = [f"--{name.replace('_', '-')} {shlex.quote(v)}" for name, v in shared.items()]
    vary = [
        f"{option} {shlex.quote(text)}"
        for option, asked in (("--grid", grid), ("--zip", zip))
        for text in sweeps.texts_of(asked)
    ]
    into = f"-o {shlex.quote(str(folder))}"
    request = sweeps.Sweep(
        name=name,
        recipe=changed,
        folder=folder,
        combinations=varied,
        command=" ".join(["trombine train", name, *words]),
        sweep_command=" ".join(["trombine sweep", name, *vary, *words, into]),
        tensorboard=tensorboard,
    )
    return sweeps.sweep(request, progress)
