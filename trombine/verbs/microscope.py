"""`microscope`: a page that computes a net in the browser, and shows its layers at work.

How a net becomes operations of JavaScript is in inside/graph.py, the page in inside/page.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from trombine.events import Done, Event, Picture
from trombine.refusal import shown
from trombine.requests import Integer, Request


@dataclass(frozen=True, kw_only=True)
class MicroscopeRequest(Request):
    """Write a page that runs a net in the browser and shows the maps of its layers.

    Move what goes in, and the maps follow; click one, and the net goes on without that channel. The
    page needs no server and no network.
    """

    model: str | Path
    """The name of a model that comes with trombine, a .safetensors file, or a run's folder."""
    output: Path
    """The page to write; in a folder it is named by the model."""
    size: Annotated[int | None, Integer(8, 256)] = None
    """Pixels a side that a net of pictures sees; as many as leave six frames a second unless
    given."""


def run(request: MicroscopeRequest) -> Iterator[Event]:
    """Write the page."""
    from trombine.inside.page import GENERATOR, described, page
    from trombine.io.files import write_bytes
    from trombine.pages import check_page
    from trombine.weights import load

    model = load(request.model)
    name = model.path.parent.name if model.path.stem == "best" else model.path.stem
    is_folder = request.output.is_dir()
    output = request.output / f"{name}.html" if is_folder else request.output
    check_page(output, GENERATOR)
    net = described(model, request.size)
    write_bytes(output, page(net, name).html().encode())
    yield Picture(output, output.name)
    layers = f"{net['layers']} layers, {net['parameters']:,} parameters"
    yield Done(summary=f"{shown(output)}: {name}, {layers}", written=1, skipped=0, kept=0)
