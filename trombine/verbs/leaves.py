"""`data leaves`: painted textures, into a folder or a pack; what they are is in world/leaves.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trombine.data.requests import PackRequest, SeedRemaker, paint
from trombine.events import Event


@dataclass(frozen=True, kw_only=True)
class LeavesRequest(PackRequest):
    """Paint overlapping shapes with the statistics of natural pictures.

    A picture is a function of its seed, and its file is named by the seed. Run again, only what
    is missing is made.
    """


def run(request: LeavesRequest) -> Iterator[Event]:
    """Paint what is asked for and not there."""
    return paint(request, "leaves")


def making() -> SeedRemaker:
    """How a picture is made again."""
    return SeedRemaker("leaves")
