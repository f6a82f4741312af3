"""`data generated`: a pack of invented faces, for what reads packs: judge, sweep, train.

How a face is made is in inventing/making.py, how packs are written in data/pack_writer.py.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from trombine.events import Done, Event, Progress, Started
from trombine.inventing.requests import InventRequest
from trombine.refusal import InputError, shown
from trombine.requests import Integer

if TYPE_CHECKING:
    from trombine.data.pack_writer import PackWriter
    from trombine.inventing.making import Inventing

_UNIT: Final = "faces"


@dataclass(frozen=True, kw_only=True)
class GeneratedRequest(InventRequest):
    """Invent faces into a pack, to be judged, compared or learned from.

    Each has its seed beside it, and what the net was told of it. Stopped, it goes on where it was.
    """

    count: Annotated[int, Integer(1, 1_000_000)]
    """How many faces."""
    output: Path
    """The pack to write."""
    first_seed: Annotated[int, Integer(0)] = 0
    """The seed of the first face; the others follow it."""

    def __post_init__(self) -> None:
        """Refuse seeds and fields that there are not."""
        super().__post_init__()
        from trombine.inventing.asking import LARGEST

        if self.first_seed + self.count - 1 > LARGEST:
            raise InputError(f"seeds end at {LARGEST:,}", "ask for fewer or lower ones")


def run(request: GeneratedRequest) -> Iterator[Event]:
    """Invent the faces that the pack lacks."""
    from trombine.data.columns import shapes
    from trombine.data.pack_writer import PackWriter
    from trombine.inventing.asking import spelled

    inventing = request.inventing()
    size = inventing.size
    about = {
        "kind": "generated",
        "model": inventing.model.hash,
        **({"style": inventing.style} if inventing.style else {}),
        "size": size,
        "first_seed": request.first_seed,
        "count": request.count,
        "truncation": float(request.truncation),
        "with": spelled(inventing.asked),
        "vector_names": list(inventing.told),
    }
    about |= {"tries": inventing.tries} if inventing.draws_again else {}
    columns = {name: shapes(size)[name] for name in ("pictures", "seeds")}
    columns |= {"vectors": (len(inventing.told),)} if inventing.told else {}
    writer = PackWriter(request.output, about=about, count=request.count, shapes=columns)
    yield Started(request.count, _UNIT)
    rows = _add_rows(writer, inventing, request.first_seed, request.workers)
    complete = yield from writer.write(rows, overwrite=request.overwrite)
    there = request.count if complete else writer.existing
    summary = f"{shown(request.output)}: a pack of {request.count:,} invented faces of {size} px"
    summary += " (was there)" if complete else ""
    yield Done(summary, request.count - there, 0, there)


def _add_rows(
    writer: PackWriter, inventing: Inventing, first: int, threads: int
) -> Generator[Event, None, None]:
    """Invent and add the rows that a pack lacks."""
    import numpy as np

    from trombine.computing import in_turn

    seeds = range(first + writer.rows, first + writer.count)
    with closing(in_turn(inventing.pixels, seeds, threads)) as pictures:
        for seed, pixels in zip(seeds, pictures, strict=True):
            row = {"pictures": pixels, "seeds": np.array(seed, np.int64)}
            if inventing.told:
                row["vectors"] = inventing.place(seed).fields
            writer.add(row)
            yield Progress(writer.rows, writer.count, _UNIT)
