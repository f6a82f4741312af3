"""`train | sweep`: a net trained by a recipe, or several. The loops are in training/."""

from __future__ import annotations

import shlex
from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import BeforeValidator

from trombine.commands.options import Progress, Setting, verb
from trombine.core.progress import Result
from trombine.core.texts import aligned
from trombine.data.kinds import split_kinds
from trombine.recipes import differences, is_file, run_name, settings_of, with_settings
from trombine.training import loop
from trombine.training import sweep as sweeps
from trombine.training.config import TrainConfig
from trombine.training.loop import dry_run as dry_run_of
from trombine.training.methods import RECIPES, find, objective_class, open_recipe

# A text for each --grid; a program may give {name: values}.
Varied = Annotated[list[str] | None, BeforeValidator(sweeps.texts_of)]


@verb
def train(
    recipe: str | Path = "",
    /,
    *,
    data: str | Path = "",
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    dry_run: bool = False,
    tensorboard: Annotated[bool, Parameter(negative="--no-tensorboard")] = True,
    progress: Progress = None,
    **settings: Setting,
) -> Result:
    """Train a net by a recipe; the same command again goes on where it was.

    For example:
      trombine train upscale-fast-x2 --dry-run
      trombine train upscale-fast-x2 --data leaves#100 --size 32 --pictures 640 \\
        -o runs/first

    Without a recipe it lists all. A recipe's settings are options, too: --lr,
    --batch, --pictures, --minutes, --size, --width (of nets), --augment, --space,
    --seed, --precision, --device, --threads, --devices, --log-every,
    --sample-every, --measure-every, --save-every and more: --dry-run lists all.

    Parameters
    ----------
    recipe
        A name, or a file of settings: mine.toml, a run's recipe.json.
    data
        What to learn from: a folder of pictures, world:photo#5000, ...
    output
        The run's folder. [runs/RECIPE]
    dry_run
        Show what would be trained, how long, in how much memory.
    tensorboard
        Write events for TensorBoard. [yes]
    """
    if not recipe:
        lines = aligned((name, preset.about) for name, preset in RECIPES.items())
        return Result(summary="\n".join(lines))
    given = {"data": str(data)} if data else {}
    config = config_of(
        str(recipe),
        given | settings,
        output=output,
        tensorboard=tensorboard,
    )
    if dry_run:
        return Result(summary=dry_run_of(config))
    return loop.train(config, progress)


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
    side by side. All other settings, such as --pictures 20000, are the same for
    all runs. The same command again trains only what is missing; a run that fails
    is named, and the others continue.

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
    shared = ({"data": data} if data else {}) | settings
    varied = sweeps.combinations(grid, zip)
    sweeps.check_shared(varied, settings_of(shared))
    folder = output or Path("runs") / f"sweep-{run_name(str(recipe))}"
    config = config_of(str(recipe), shared, output=folder, but=varied[0])
    vary = [
        f"{option} {shlex.quote(text)}"
        for option, asked in (("--grid", grid), ("--zip", zip))
        for text in sweeps.texts_of(asked)
    ]
    words = config.command.split(" ")[3:]
    into = f"-o {shlex.quote(str(folder))}"
    request = sweeps.Sweep(
        name=config.name,
        recipe=config.recipe,
        folder=folder,
        combinations=varied,
        command=config.command,
        sweep_command=" ".join(["trombine sweep", config.name, *vary, *words, into]),
        tensorboard=tensorboard,
    )
    return sweeps.sweep(request, progress)


def config_of(
    recipe: str,
    settings: Mapping[str, Any],
    *,
    output: Path | None = None,
    tensorboard: bool = True,
    but: Container[str] = (),
) -> TrainConfig:
    """What is asked for, as the loop takes it; its command says no setting of `but`."""
    given = settings_of(settings)
    name, base = open_recipe(recipe)
    changed = with_settings(base, given)
    if objective_class(changed.objective).kinds and "data" in given:
        data, second = split_kinds(changed.data, given.get("other", ""))
        changed = replace(changed, data=data, other=second)
    if is_file(recipe):  # the run's command is to say the same without the file
        every = differences(find(name), changed)
        given = {setting: text for setting, text in every.items() if setting not in but}
    words = [f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in given.items()]
    return TrainConfig(
        name=name,
        recipe=changed,
        folder=output or Path("runs") / run_name(recipe),
        tensorboard=tensorboard,
        command=" ".join(["trombine train", name, *words]),
    )
