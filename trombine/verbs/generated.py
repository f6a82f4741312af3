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
from trombine.refusal import InputError, shown
from trombine.requests import Choice, Integer, Number, Request

if TYPE_CHECKING:
    from trombine.data.pack_writer import PackWriter
    from trombine.inventing.making import Inventing

_UNIT: Final = "faces"


@dataclass(frozen=True, kw_only=True)
class GeneratedRequest(Request):
    """Invent faces into a pack, to be judged, compared or learned from.

    Each has its seed beside it, and what the net was told of it. Stopped, it goes on where it was.
    """

    count: Annotated[int, Integer(1, 1_000_000)]
    """How many faces."""
    output: Path
    """The pack to write."""
    first_seed: Annotated[int, Integer(0)] = 0
    """The seed of the first face; the others follow it."""
    style: Annotated[str, Choice(("anime", "photo"))] = "anime"
    """How they are drawn: anime or photo."""
    with_: str = ""
    """What is to be of all of them: "age=60, glasses", as trombine generate takes it."""
    size: Annotated[int | None, Integer(16, 4096)] = None
    """Width and height in pixels: the net's own, 96, unless given; 192 and 384 by the net that
    enlarges."""
    truncation: Annotated[float, Number(0.1, 1)] = 1.0
    """How varied faces are, 0.1 to 1: lower ones are more alike, and fewer of them are odd."""
    model: str | Path = ""
    """A model that invents, by name, file or run's folder, in place of the style's own."""
    threads: Annotated[int | None, Integer()] = None
    """How many threads work: by default one for each core, and never more. The bytes are the
    same."""
    overwrite: bool = False
    """Make the pack anew if it is there."""

    def __post_init__(self) -> None:
        """Refuse seeds and fields that there are not."""
        super().__post_init__()
        from trombine.inventing.asking import LARGEST, fields_in

        if self.first_seed + self.count - 1 > LARGEST:
            raise InputError(f"seeds end at {LARGEST:,}", "ask for fewer or lower ones")
        fields_in(self.with_)


def run(request: GeneratedRequest) -> Iterator[Event]:
    """Invent the faces that the pack lacks."""
    from trombine.data.columns import shapes
    from trombine.data.pack_writer import PackWriter
    from trombine.data.workers import cores
    from trombine.inventing.asking import fields_in, spelled
    from trombine.inventing.making import Inventing, model_of
    from trombine.weights import read_card

    path = model_of(request.style, request.model)
    size = request.size or int(read_card(path).sizes.get("size", 0))
    asked = fields_in(request.with_)
    inventing = Inventing(path=path, size=size, truncation=request.truncation, asked=asked)
    about = {
        "kind": "generated",
        "model": inventing.model.hash,
        "size": size,
        "first_seed": request.first_seed,
        "count": request.count,
        "truncation": float(request.truncation),
        "with": spelled(asked),
        "vector_names": list(inventing.told),
    }
    columns = {name: shapes(size)[name] for name in ("pictures", "seeds")}
    columns |= {"vectors": (len(inventing.told),)} if inventing.told else {}
    writer = PackWriter(request.output, about=about, count=request.count, shapes=columns)
    yield Started(request.count, _UNIT)
    threads = min(request.threads or cores(), cores())
    rows = _add_rows(writer, inventing, request.first_seed, threads)
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

    from trombine.inventing.making import in_turn

    seeds = range(first + writer.rows, first + writer.count)
    with closing(in_turn(inventing.pixels, seeds, threads)) as pictures:
        for seed, pixels in zip(seeds, pictures, strict=True):
            row = {"pictures": pixels, "seeds": np.array(seed, np.int64)}
            if inventing.told:
                row["vectors"] = inventing.place(seed).fields
            writer.add(row)
            yield Progress(writer.rows, writer.count, _UNIT)
