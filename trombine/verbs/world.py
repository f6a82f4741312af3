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


_LONGEST_WHY = 200  # letters, of what a record may put into a line


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

    _check(request)
    maker = _maker(request)
    workers = cores() if request.workers is None else request.workers
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
    from trombine.data.made import MakeError
    from trombine.provenance import ProvenanceError

    try:
        maker, seed = _recorded(record)
        return png(maker, seed, maker.make(seed).sides[0])
    except (LookupError, TypeError, ValueError, MakeError) as error:
        why = str(error)[:_LONGEST_WHY]
        raise ProvenanceError(f"has a record that is not of a world: {why}") from error


def _recorded(record: Mapping[str, Any]) -> tuple[Maker, int]:
    """What a record says was made, and of which seed; an error where it says anything else."""
    from trombine.data.made import SEEDS, Maker

    kind, options, seed = record["verb"], record["options"], record["seed"]
    names = {"size", "style"} if kind == "world" else {"size"}
    if options.keys() != names:
        raise ValueError(f"its options are {' and '.join(sorted(names))}")
    size, style = options["size"], options.get("style", "")
    if type(seed) is not int or seed not in SEEDS:
        raise ValueError(f"a seed is a whole number of 0 to {SEEDS[-1]}")
    if type(size) is not int or type(style) is not str:
        raise ValueError("a size is a whole number, and a style a text")
    return Maker(kind=kind, styles=(style,) if kind == "world" else (), size=size), seed


def _check(request: Request) -> None:
    """Refuse numbers that cannot be; a program may have given anything."""
    from trombine.data.made import SEEDS

    _check_whole("count", request.count, 1)
    _check_whole("size", request.size, 1)
    if request.workers is not None:
        _check_whole("workers", request.workers, 1)
    _check_whole("first seed", request.first_seed, 0)
    last = request.first_seed + request.count - 1
    if last not in SEEDS:
        raise WorldError(f"seeds end at {SEEDS[-1]}, before {last}; ask for fewer or lower ones")
    if not isinstance(request.output, Path):
        raise WorldError(f"output is a path, not {request.output!r}")


def _check_whole(what: str, number: object, least: int) -> None:
    if type(number) is not int or number < least:
        raise WorldError(f"{what} is a whole number, {least} or more, not {number!r}")


def _maker(request: Request) -> Maker:
    from trombine.data.made import Maker

    try:
        if isinstance(request, LeavesRequest):
            return Maker(kind="leaves", size=request.size)
        styles = tuple(str(request.style).split("+"))
        return Maker(kind="world", styles=styles, size=request.size)
    except ValueError as error:
        raise WorldError(str(error)) from error
