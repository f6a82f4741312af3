"""Pictures of fractals, into a folder that is ready to publish or a pack: `data fractals`.

What such verbs share is in data/requests.py, a fractal in world/fractals.py. The card of a folder
is written by data/publishing.py, once all its pictures are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trombine.data.requests import PackRequest, SeedRemaker, paint
from trombine.events import Done, Event


@dataclass(frozen=True, kw_only=True)
class FractalsRequest(PackRequest):
    """Paint fractals, each with the numbers it is made from, ready to publish.

    A fractal is a function of its seed, and its file is named by the seed. Run again, only what is
    missing is made. Beside the pictures is a dataset card, which says how to begin.
    """


def run(request: FractalsRequest) -> Iterator[Event]:
    """Make what is asked for and not there; then, of a folder, its card."""
    for event in paint(request, "fractals"):
        if isinstance(event, Done) and not request.pack:
            yield from _publish(request)
        yield event


def _publish(request: FractalsRequest) -> Iterator[Event]:
    from trombine.data.publishing import publish_fractals

    yield from publish_fractals(request.output, overwrite=request.overwrite)


def making() -> SeedRemaker:
    """How a picture is made again."""
    return SeedRemaker("fractals")
