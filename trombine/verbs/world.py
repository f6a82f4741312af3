"""`data world`: painted faces, into a folder or a pack.

What such verbs share is in data/requests.py. What a folder holds is in data/imagefolder.py, what a
pack holds in data/pack.py; how they are written, so that one who is stopped can go on, in
data/filling.py and data/pack_writer.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trombine.data.requests import PackRequest, SeedRemaker, paint
from trombine.events import Event


@dataclass(frozen=True, kw_only=True)
class WorldRequest(PackRequest):
    """Paint faces, with exact parts, landmarks and parameters.

    A face is a function of its seed, and its files are named by the seed. Run again, only what is
    missing is made.
    """

    style: str = "photo"
    """photo, anime, cartoon or sketch; two joined by + for pairs of the same faces; or posed,
    photos of heads that turn by up to 60 degrees, every third with eyes nearly closed; or children,
    photos of people younger than 16."""


def run(request: WorldRequest) -> Iterator[Event]:
    """Paint the faces that are asked for and not there."""
    return paint(request, "world", tuple(request.style.split("+")))


def making() -> SeedRemaker:
    """How a face is made again."""
    return SeedRemaker("world")
