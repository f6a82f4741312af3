"""Pictures of fractals, into a folder that is ready to publish or a pack: `data fractals`.

What such verbs share is in data/asked.py, what a fractal is in world/fractals.py. The card and the
notebook of a folder are written by data/publishing.py, once all its pictures are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trombine.data.asked import make
from trombine.events import Done, Event


@dataclass(frozen=True, kw_only=True)
class FractalsRequest:
    """Paint fractals, each with the numbers it is made from, ready to publish.

    A fractal is a function of its seed, and its file is named by the seed. Run again, only what is
    missing is made. Beside the pictures are a dataset card and a notebook to start from.
    """

    count: int
    """How many pictures."""
    output: Path
    """The folder to write, or with --pack the pack."""
    size: int = 128
    """Width and height in pixels, 16 to 2048."""
    first_seed: int = 0
    """The seed of the first picture; the others follow it."""
    workers: int | None = None
    """How many processes paint; as many as there are cores unless given, and no more than
    that."""
    pack: bool = False
    """Write a pack: fewer and larger files, which are faster to read, in place of pictures."""
    overwrite: bool = False
    """Make again what is there."""


def run(request: FractalsRequest) -> Iterator[Event]:
    """Make what is asked for and not there; then, of a folder, its card and its notebook."""
    for event in make(request, "fractals"):
        if isinstance(event, Done) and not request.pack:
            yield from _publish(request)
        yield event


def _publish(request: FractalsRequest) -> Iterator[Event]:
    from trombine.data.publishing import publish_fractals

    yield from publish_fractals(request.output, overwrite=request.overwrite)
