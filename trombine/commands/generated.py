"""`data generated`: a pack of faces that a net generates, to judge or to learn from.

How a face is made is in generation/by_net.py, how packs are written in data/pack_writer.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from cyclopts import Parameter

from trombine.commands.options import WHOLE, Overwrite, Progress, Threads, limits, verb
from trombine.core.computing import cores, in_turn
from trombine.core.errors import InputError, shown
from trombine.core.progress import Result
from trombine.data.columns import shapes
from trombine.data.pack_writer import Made, write_pack
from trombine.generation import REDRAWN
from trombine.generation.asking import LARGEST, fields_in, spelled
from trombine.generation.by_net import Inventing, model_of
from trombine.models import read_card

_SHARD = 16  # faces that are made before they are kept


@verb
def data_generated(
    *,
    count: Annotated[int, limits(1, 1_000_000), WHOLE],
    output: Annotated[Path, Parameter(alias="-o")],
    style: Annotated[
        Literal["anime", "photo", "cartoon", "sketch"], Parameter(show_choices=False)
    ] = "anime",
    attributes: str = "",
    size: Annotated[int | None, limits(16, 4096), WHOLE] = None,
    first_seed: Annotated[int, limits(0), WHOLE] = 0,
    truncation: Annotated[float, limits(0.1, 1)] = 1.0,
    model: str | Path = "",
    overwrite: Overwrite = False,
    threads: Threads = None,
    progress: Progress = None,
) -> Result:
    """Generate faces into a pack, to be judged, compared or learned from.

    For example:
      trombine data generated --count 12 -o crowd

    Parameters
    ----------
    count
        How many faces.
    output
        The pack to write; it goes on if begun.
    style
        anime or photo; cartoon, sketch: drawn from photo. [anime]
    attributes
        What all of them have: "age=60, glasses, no hat".
    size
        Width and height: 1, 2 or 4 times the net's own. [96]
    first_seed
        The seed of the first; the others follow. [0]
    truncation
        How varied they are, .1 to 1; lower: fewer odd ones. [1]
    model
        A net that generates, in place of the style's own.
    """
    if first_seed + count - 1 > LARGEST:
        raise InputError(f"seeds end at {LARGEST:,}", "ask for fewer or lower ones")
    path = model_of(style, model)
    inventing = Inventing(
        path=path,
        size=size or int(read_card(path).sizes.get("size", 0)),
        truncation=truncation,
        asked=fields_in(attributes),
        style=style if style in REDRAWN else "",
    )
    about = {
        "kind": "generated",
        "model": inventing.model.hash,
        **({"style": inventing.style} if inventing.style else {}),
        "size": inventing.size,
        "first_seed": first_seed,
        "count": count,
        "truncation": float(truncation),
        "with": spelled(inventing.asked),
        "vector_names": list(inventing.told),
    }
    about |= {"tries": inventing.tries} if inventing.draws_again else {}
    columns = {name: shapes(inventing.size)[name] for name in ("pictures", "seeds")}
    columns |= {"vectors": (len(inventing.told),)} if inventing.told else {}
    threads = min(threads or cores(), cores())

    def rows(places: Sequence[int]) -> list[Made]:
        seeds, made = [first_seed + place for place in places], list[Made]()
        for seed, pixels in zip(seeds, in_turn(inventing.pixels, seeds, threads), strict=True):
            row = {"pictures": pixels, "seeds": np.array(seed, np.int64)}
            if inventing.told:
                row["vectors"] = inventing.place(seed).fields
            made.append((None, row))
        return made

    written = write_pack(
        output,
        rows,
        about=about,
        count=count,
        shapes=columns,
        shard=_SHARD,
        overwrite=overwrite,
        progress=progress,
        unit="faces",
    )
    summary = f"{shown(output)}: a pack of {count:,} generated faces of {inventing.size} px"
    if written.was_whole:
        return Result(summary=f"{summary} (was there)", kept=count)
    return Result(summary=summary, written=(output,), kept=written.kept)
