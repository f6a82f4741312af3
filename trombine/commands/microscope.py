"""`microscope`: a page that computes a net in the browser, and shows its layers at work.

How a net becomes operations of JavaScript is in activations/graph.py, the page in page.py there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from trombine.activations.page import GENERATOR, described, page
from trombine.commands.options import WHOLE, Folder, limits, verb
from trombine.core.errors import shown
from trombine.core.progress import Result
from trombine.io.files import write_bytes
from trombine.models import load
from trombine.report import check_page


@verb
def microscope(
    model: str | Path,
    *,
    output: Folder,
    size: Annotated[int | None, limits(8, 256), WHOLE] = None,
) -> Result:
    """Write a page that runs a net in the browser and shows its layers' maps.

    The maps follow the input; a click on one switches its channel off. The page
    needs no server and no network.

    For example:
      trombine microscope upscale-fast-x2 -o inside.html
      trombine microscope finder --size 64 -o finder.html

    Parameters
    ----------
    model
        A shipped model, a .safetensors file, or a run's folder.
    output
        The page, or a folder: it is named by the model.
    size
        Pixels a side; else as many as allow six frames a second.
    """
    net = load(model)
    name = net.path.resolve().parent.name if net.path.stem == "best" else net.path.stem
    file = output / f"{name}.html" if output.is_dir() else output
    check_page(file, GENERATOR)
    about = described(net, size)
    write_bytes(file, page(about, name).html().encode())
    layers = f"{about['layers']} layers, {about['parameters']:,} parameters"
    return Result(summary=f"{shown(file)}: {name}, {layers}", written=(file,))
