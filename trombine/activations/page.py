"""A net as a page of one file that computes it: what it sees, its layers' maps, what it makes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Final

import skimage.data
import torch
from markupsafe import Markup
from torch import Tensor, nn

from trombine import __version__
from trombine.activations.graph import trace
from trombine.core.conventions import PART_COLOURS
from trombine.core.errors import InputError, about
from trombine.models import TASKS, Model
from trombine.models.tasks import channels, emptied
from trombine.nets import parameter_count
from trombine.nets.inventor import Inventor
from trombine.nets.restyler import Restyler
from trombine.report import Report, data_uri

GENERATOR: Final = "trombine microscope"
LARGEST: Final = 256  # pixels a side of what a net sees
_MOST: Final = 4_000_000  # parameters: more would make a page of more than 20 MB
_SIDES: Final = (96, 64, 40, 32, 24, 20, 16)
_PRODUCTS: Final = 185e6  # multiplications of a frame: six frames a second on one core
_CAPTIONS: Final = {
    "repair": "What it paints, told nothing of what belongs there",
    "restyle": "How it draws that, without its details",
    "denoise": "What it says of the noise",
    "picture": "What it makes of it",
    "parts": "The parts of a face that it sees",
    "map": "Where it finds what it looks for, the brighter the surer",
    "numbers": "What it says of it",
}


class _Shown(nn.Module):
    """What of a net is computed: its inputs, one after the other, to what is watched."""

    def __init__(self, net: nn.Module, run: Callable[..., Tensor]) -> None:
        super().__init__()
        self.net, self.run = net, run

    def forward(self, *inputs: Tensor) -> Tensor:
        """By the function."""
        return self.run(*inputs)


Other = dict[str, Any]
"""An input besides the picture or the vector, as scope.js lets people set it."""


def _module(model: Model) -> tuple[nn.Module, list[Other]]:
    """What is computed of a model, and what goes in after its picture or vector. Nets that repair
    see nothing of what was in the hole; what draws or invents is shown without its details."""
    net, task = model.in_rgb, model.card.task
    if isinstance(inventor := model.net, Inventor):
        fields = [
            {"name": field.name, "low": field.low, "high": field.high, "unit": field.unit}
            for field in inventor.fields
        ]

        def soft(latents: Tensor, told: Tensor) -> Tensor:
            return inventor.decoder(inventor.coded(latents, told))

        return _Shown(inventor, soft), [{"kind": "fields", "fields": fields}]
    if isinstance(restyler := model.net, Restyler):
        texts = ("It is taken to be", "Draw it as")
        return _Shown(restyler, restyler.soft), [
            {"kind": "choice", "text": text, "options": restyler.styles, "value": value}
            for value, text in enumerate(texts)
        ]
    if task in ("repair", "complete"):

        def filled(pictures: Tensor, hole: Tensor) -> Tensor:
            made = net(emptied(pictures, hole), hole=hole)
            return (
                made if task == "complete" else torch.where(hole > 0.5, made.clamp(0, 1), pictures)
            )

        return _Shown(net, filled), [{"kind": "hole"}]
    if task == "denoise":
        time = {"text": "How noisy it is told that this is", "min": 0, "max": 1, "value": 0.5}

        def about_grey(pictures: Tensor, times: Tensor) -> Tensor:
            return 0.5 + net(2 * pictures - 1, times) / 2

        return _Shown(net, about_grey), [{"kind": "number", **time}]
    return net, []


def _examples(model: Model, side: int) -> tuple[Tensor, ...]:
    given = TASKS[model.card.task].examples(model.net.sizes, (1, side, side))
    if isinstance(model.net, Inventor):
        return *given, torch.zeros(1, 2 * len(model.net.fields))
    return given


def described(model: Model, size: int | None = None) -> dict[str, Any]:
    """The net as JSON for scope.js; an InputError where it cannot be shown."""
    task = TASKS[model.card.task]
    module, others = _module(model)
    if len(task.takes) > 1 and not others:
        text = f"takes {' and '.join(task.takes)}, which the microscope has no means to set"
        raise InputError(f"{text}; trombine models list shows others", path=model.path)
    planes = channels(model.net.sizes) - ("hole" in task.takes)
    if (task.sees or "noisy" in task.takes) and planes != 3:
        text = "takes pictures without colours, and the microscope shows nets of those with"
        raise InputError(f"{text}; trombine models list shows others", path=model.path)
    if (count := parameter_count(model.net)) > _MOST:
        text = f"has {count:,} parameters, and a page holds {_MOST:,}"
        raise InputError(f"{text}; take a smaller net", path=model.path)
    fixed, sees = model.net.sizes.get("size"), "latents" not in task.takes
    if size is not None and (not sees or fixed not in (None, size)):
        raise InputError(
            f"makes or takes pictures of {fixed} pixels; leave --size out", path=model.path
        )
    side = size or (int(fixed) if fixed else _side(module.eval(), model))
    examples = _examples(model, side)
    with about(model.path):
        graph = trace(module.eval(), *examples)
    for layer in graph.layers:
        layer["name"] = layer["name"].removeprefix("net.").removesuffix(".conv")
    shape = graph.shapes[graph.output]
    is_labels = model.card.task in ("read", "complete")
    gives = "picture" if shape[1:2] == [3] else "parts" if is_labels else "map"
    gives = gives if len(shape) == 4 else "numbers"
    given = {"side": side, "picture": _portrait()} if sees else {"vector": examples[0][0].tolist()}
    return {
        "gives": gives,
        "caption": _CAPTIONS.get(model.card.task) or _CAPTIONS[gives],
        "palette": PART_COLOURS.tolist() if gives == "parts" else None,
        "parameters": count,
        "layers": len(graph.layers),
        **given,
        "others": others,
        "graph": graph.described,
    }


def _side(module: nn.Module, model: Model) -> int:
    """Pixels a side that leave time for six frames a second."""
    products = trace(module, *_examples(model, 32)).products
    fits = [side for side in _SIDES if products * (side / 32) ** 2 <= _PRODUCTS]
    return fits[0] if fits else _SIDES[-1]


def _portrait() -> str:
    return data_uri(skimage.data.astronaut()[12:228, 118:334])


def page(net: Mapping[str, Any], name: str) -> Report:
    """The page of a net that was described: nothing is asked of a server."""
    counted = f"{net['parameters']:,} parameters, {net['layers']} layers of maps."
    lead = (
        f"{counted} Your browser computes all of it, here and now: move what goes in, and watch"
        " the layers; click a map, and the net goes on without it."
    )
    data = json.dumps(net, separators=(",", ":")).replace("<", "\\u003c")
    assets = {name: (files("trombine.activations") / name).read_text("utf-8") for name in ASSETS}
    parts = (
        f"<style>{assets['scope.css']}</style>"
        f'<script type="application/json" id="net">{data}</script>'
        f'<script type="text/plain" id="engine">{assets["engine.js"]}</script>'
        f'<net-microscope></net-microscope><script type="module">{assets["scope.js"]}</script>'
    )
    foot = (
        f"Made by trombine {__version__}. Maps run from their least value, black, to their largest."
    )
    return Report(f"Inside {name}", lead, foot, GENERATOR, stage=Markup(parts))


ASSETS: Final = ("engine.js", "scope.css", "scope.js")
