"""A net as a page of one file that computes it: what it sees, its layers' maps, what it makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final, final

from jaxtyping import Float
from torch import Tensor, nn

from trombine import __version__
from trombine.conventions import PART_COLOURS
from trombine.inside.graph import trace
from trombine.nets import parameter_count
from trombine.nets.inventor import Inventor
from trombine.pages import Page
from trombine.pages.markup import Html, data_uri, element, join
from trombine.refusal import InputError
from trombine.weights import TASKS, Model
from trombine.weights.tasks import channels

GENERATOR: Final = "trombine microscope"
LARGEST: Final = 256  # pixels a side of what a net sees
_MOST: Final = 4_000_000  # parameters: more would make a page of more than 20 MB
_SIDES: Final = (96, 64, 40, 32, 24, 20, 16)
_PRODUCTS: Final = 185e6  # multiplications of a frame: six frames a second on one core
_CAPTIONS: Final = {
    "picture": "What it makes of it",
    "parts": "The parts of a face that it sees",
    "map": "Where it finds what it looks for, the brighter the surer",
    "numbers": "What it says of it",
}


@final
class _Soft(nn.Module):
    """An Inventor's picture before its details are added: noise to code to picture."""

    def __init__(self, net: Inventor) -> None:
        super().__init__()
        self.net = net

    def forward(self, latents: Float[Tensor, "n latent"]) -> Float[Tensor, "n 3 h w"]:
        """Soft pictures."""
        return self.net.decoder(self.net.invented(latents))


def described(model: Model, size: int | None = None) -> dict[str, Any]:
    """The net as JSON for scope.js; an InputError where it cannot be shown."""
    task, net = TASKS[model.card.task], model.in_rgb
    if len(task.takes) > 1 or (task.sees and channels(model.net.sizes) != 3):
        takes = " and ".join(task.takes) if len(task.takes) > 1 else "pictures without colours"
        text = f"takes {takes}, and the microscope shows nets of one colour picture or vector"
        raise InputError(f"{text}; trombine models list shows others", path=model.path)
    if (count := parameter_count(model.net)) > _MOST:
        text = f"has {count:,} parameters, and a page holds {_MOST:,}"
        raise InputError(f"{text}; take a smaller net", path=model.path)
    fixed = model.net.sizes.get("size")
    if size is not None and (not task.sees or fixed not in (None, size)):
        raise InputError(
            f"makes or takes pictures of {fixed} pixels; leave --size out", path=model.path
        )
    module = _Soft(model.net) if isinstance(model.net, Inventor) else net
    side = size or (int(fixed) if fixed else _side(module, model))
    (example,) = task.examples(model.net.sizes, (1, side, side))
    graph = trace(module.eval(), example)
    for layer in graph.layers:
        layer["name"] = layer["name"].removeprefix("net.").removesuffix(".conv")
    shape = graph.shapes[graph.output]
    gives = "picture" if task.draws else "parts" if model.card.task == "read" else "map"
    gives = gives if len(shape) == 4 else "numbers"
    seen = {"side": side, "picture": _portrait()} if task.sees else {}
    given = seen or {"vector": example[0].tolist()}
    return {
        "gives": gives,
        "caption": _CAPTIONS[gives],
        "palette": PART_COLOURS.tolist() if gives == "parts" else None,
        "parameters": count,
        "layers": len(graph.layers),
        **given,
        "graph": graph.described,
    }


def _side(net: nn.Module, model: Model) -> int:
    """Pixels a side that leave time for six frames a second."""
    (example,) = TASKS[model.card.task].examples(model.net.sizes, (1, 32, 32))
    products = trace(net.eval(), example).products
    fits = [side for side in _SIDES if products * (side / 32) ** 2 <= _PRODUCTS]
    return fits[0] if fits else _SIDES[-1]


def _portrait() -> str:
    """A picture that is there at first."""
    import skimage.data

    return data_uri(skimage.data.astronaut()[12:228, 118:334])


def page(net: Mapping[str, Any], name: str) -> Page:
    """The page of a net that was described: nothing is asked of a server."""
    counted = f"{net['parameters']:,} parameters, {net['layers']} layers of maps."
    lead = (
        f"{counted} Your browser computes all of it, here and now: move what goes in, and watch"
        " the layers; click a map, and the net goes on without it."
    )
    data = json.dumps(net, separators=(",", ":")).replace("<", "\\u003c")
    assets = {name: (files("trombine.inside") / name).read_text("utf-8") for name in ASSETS}
    parts = join(
        element("style", {}, Html(assets["scope.css"])),
        element("script", {"type": "application/json", "id": "net"}, Html(data)),
        element("script", {"type": "text/plain", "id": "engine"}, Html(assets["engine.js"])),
        element("net-microscope"),
        element("script", {"type": "module"}, Html(assets["scope.js"])),
    )
    foot = (
        f"Made by trombine {__version__}. Maps run from their least value, black, to their largest."
    )
    return Page(title=f"Inside {name}", lead=lead, stage=parts, foot=foot, generator=GENERATOR)


ASSETS: Final = ("engine.js", "scope.css", "scope.js")
