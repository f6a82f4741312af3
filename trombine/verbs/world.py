"""Pictures of the built-in worlds, into a folder or a pack: `data world` and `data leaves`.

What a folder holds is in data/imagefolder.py, what a pack holds in data/pack.py; how they are
written, so that one who is stopped can go on, in data/filling.py and data/packing.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trombine.events import Event

if TYPE_CHECKING:
    from trombine.data.made import Maker


class WorldError(Exception):
    """A request that cannot be followed: one line that says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class WorldRequest:
    """Paint faces, with exact parts, landmarks and parameters.

    A face is a function of its seed, and its files are named by the seed. Run again, only what is
    missing is made.
    """

    count: int
    """How many faces."""
    output: Path
    """The folder to write, or with --pack the pack."""
    size: int = 128
    """Width and height in pixels, 16 to 2048."""
    style: str = "photo"
    """photo, anime, cartoon or sketch; two joined by + for pairs of the same faces."""
    first_seed: int = 0
    """The seed of the first face; the others follow it."""
    workers: int | None = None
    """How many processes paint; as many as there are cores unless given."""
    pack: bool = False
    """Write a pack: fewer and larger files, which are faster to read, in place of pictures."""
    overwrite: bool = False
    """Make again what is there."""


@dataclass(frozen=True, kw_only=True)
class LeavesRequest:
    """Paint overlapping shapes with the statistics of natural pictures.

    A picture is a function of its seed, and its file is named by the seed. Run again, only what
    is missing is made.
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
    """How many processes paint; as many as there are cores unless given."""
    pack: bool = False
    """Write a pack: fewer and larger files, which are faster to read, in place of pictures."""
    overwrite: bool = False
    """Make again what is there."""


Request = WorldRequest | LeavesRequest


def run(request: Request) -> Iterator[Event]:
    """Make what is asked for and not there."""
    from trombine.data.filling import fill_folder
    from trombine.data.packing import write_pack
    from trombine.data.workers import cores

    maker = _maker(request)
    workers = cores() if request.workers is None else request.workers
    if request.count < 1 or request.first_seed < 0 or workers < 1:
        raise WorldError("count and workers are 1 or more, the first seed is 0 or more")
    write = write_pack if request.pack else fill_folder
    yield from write(
        request.output,
        maker,
        first_seed=request.first_seed,
        count=request.count,
        workers=workers,
        overwrite=request.overwrite,
    )


def remake(record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
    """The file that this record is of, made again; there are no inputs."""
    from trombine.data.imagefolder import png
    from trombine.data.made import Maker
    from trombine.provenance import ProvenanceError

    try:
        options, seed = record["options"], int(record["seed"])
        styles = (options["style"],) if record["verb"] == "world" else ()
        maker = Maker(kind=record["verb"], styles=styles, size=options["size"])
    except (LookupError, TypeError, ValueError) as error:
        raise ProvenanceError(f"has a record that is not of a world: {error}") from error
    return png(maker, seed, maker.make(seed).sides[0])


def _maker(request: Request) -> Maker:
    from trombine.data.made import Maker

    try:
        if isinstance(request, LeavesRequest):
            return Maker(kind="leaves", size=request.size)
        return Maker(kind="world", styles=tuple(request.style.split("+")), size=request.size)
    except ValueError as error:
        raise WorldError(str(error)) from error
