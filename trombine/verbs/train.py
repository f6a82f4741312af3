"""Train a net by a recipe: `train`. The loop is in training/, recipes are in recipes/."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trombine.events import Done, Event
from trombine.recipes import find, open_recipe, settings_of, with_settings
from trombine.recipes.file import differences, is_file, run_name
from trombine.refusal import InputError
from trombine.requests import Request

if TYPE_CHECKING:
    from trombine.training.loop import Order


@dataclass(frozen=True, kw_only=True)
class TrainRequest(Request):
    """Train a net by a recipe; the same command again goes on where it was.

    Any setting of the recipe can be changed by its name: --lr 1e-4, --pictures 50000, --batch 8,
    a net's size as --width 64 or --generator.width 64. --dry-run lists them all. Of a recipe in a
    file, these win over the file's.
    """

    recipe: str
    """Its name: upscale-x2, upscale-x4, upscale-fast-x2, upscale-fast-x4, upscale-drawings-x2,
    upscale-drawings-x4, upscale-wild-x2, upscale-wild-x4, upscale-grown-x4, upscale-sharp-x4,
    srresnet-x2, srresnet-x4, srgan-x2, srgan-x4, esrgan-x4, upscale-unseen-x2, upscale-unseen-x4,
    sharpener-x2, cleaner, autoencoder, restorer, repairer, inpaint, inpaint-sharp,
    inpaint-diffusion, completion, scratches, generate-anime, generate-photo, restyle, dcgan,
    dcgan-r1, stylegan, class-gan, sdpc-gan, adversarial-autoencoder, fractal-gan, flow, diffusion,
    restyle-cyclegan, restyle-ugatit, restyle-cut, restyle-shared, reader, witness, finder, refiner
    or pose. Or a file of settings: MINE.toml, which begins with recipe =
    "upscale-x2" and has lines such as lr = 1e-4, or the recipe.json of a run, to train the same
    again."""
    data: str = ""
    """What to learn from, in place of the recipe's own: a spec such as folder:PATH."""
    output: Path | None = None
    """The run's folder: by default runs/RECIPE, for a file runs/ and its name without ending."""
    dry_run: bool = False
    """Say what would be trained, on what, with how much memory and time, and stop."""
    change: bool = False
    """Go on with a run under other settings than it was begun with."""
    no_board: bool = False
    """Write no TensorBoard events."""
    settings: tuple[str, ...] = ()
    """NAME=VALUE, a setting of the recipe; --NAME VALUE says the same.

    The most used: --lr, --batch, --pictures, --size (of the pictures, in pixels), --width (of the
    nets), --augment, --space, --seed, --precision, --threads, --devices, and how often (in
    pictures) --log-every, --sample-every, --measure-every and --save-every. --dry-run lists them
    all.
    """


def run(request: TrainRequest) -> Iterator[Event]:
    """Train, or say what would be trained."""
    order = order_of(request)
    if request.dry_run:
        from trombine.training.expect import expectation

        yield Done(expectation(order), 0, 0, 0)
        return
    from trombine.training.loop import train

    yield from train(order)


def order_of(request: TrainRequest) -> Order:
    """What is asked for, as the loop takes it."""
    from trombine.training.loop import Order

    settings = settings_of(request.settings)
    if request.data:
        if "data" in settings:
            raise InputError("data is given twice; give each setting once")
        settings["data"] = request.data
    name, base = open_recipe(request.recipe)
    recipe = with_settings(base, settings)
    if is_file(request.recipe):  # the run's command is to say the same without the file
        settings = differences(find(name), recipe)
    words = [f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in settings.items()]
    return Order(
        name=name,
        recipe=recipe,
        folder=request.output or Path("runs") / run_name(request.recipe),
        change=request.change,
        board=not request.no_board,
        command=" ".join(["trombine train", name, *words]),
    )
