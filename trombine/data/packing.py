"""Packs of what is made of seeds: faces, leaves, fractals. How one is written: pack_writer.py."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from trombine.data.columns import PAIR, base, shapes
from trombine.data.made import Maker, Sample, make_all, painter_hash
from trombine.data.pack_writer import PackWriter
from trombine.data.places import warn_uncached
from trombine.data.workers import check_start
from trombine.events import Done, Event, Progress, Started
from trombine.refusal import shown


def about(maker: Maker, first_seed: int, count: int) -> dict[str, Any]:
    """What determines the rows of a maker's pack."""
    return {
        "kind": maker.kind,
        "styles": list(maker.styles),
        "size": maker.size,
        "first_seed": first_seed,
        "count": count,
        "painter": painter_hash(),
        "vector_names": list(maker.vector_names),
    }


def write_pack(
    path: Path,
    maker: Maker,
    *,
    first_seed: int,
    count: int,
    workers: int | None,
    overwrite: bool = False,
) -> Generator[Event, None, None]:
    """Make the pack of `count` seeds at `path`, or what is missing of it; keep a whole one."""
    check_start(workers)
    content = about(maker, first_seed, count)
    writer = PackWriter(path, about=content, count=count, shapes=_shapes(maker))
    yield Started(total=count, unit=maker.plural)
    warn_uncached()
    with writer.opened(overwrite=overwrite) as complete:
        if not complete:
            yield from _add_rows(writer, maker, first_seed, workers)
    existing = count if complete else writer.existing
    summary = f"{shown(path)}: a pack of {maker.several(count)} of {maker.size} px"
    summary = f"{summary} (was there)" if complete else summary
    yield Done(summary=summary, written=count - existing, skipped=0, kept=existing)


def _shapes(maker: Maker) -> dict[str, tuple[int, ...]]:
    """Of a cell of each column of a maker's pack."""
    names = ["pictures", "parts", "points", "visible"] if maker.kind == "world" else ["pictures"]
    names += [f"{PAIR}{name}" for name in names] if maker.paired else []
    vectors = {"vectors": (len(maker.vector_names),)} if maker.vector_names else {}
    return {name: shapes(maker.size)[base(name)] for name in (*names, "seeds")} | vectors


def _add_rows(
    writer: PackWriter, maker: Maker, first_seed: int, workers: int | None
) -> Generator[Event, None, None]:
    """Paint and add the rows that a pack lacks."""
    seeds = range(first_seed + writer.rows, first_seed + writer.count)
    with closing(make_all(maker, seeds, workers)) as samples:
        for sample in samples:
            writer.add(row(sample))
            yield Progress(done=writer.rows, total=writer.count, unit=maker.plural)


def row(sample: Sample) -> dict[str, np.ndarray]:
    """A sample as the row of a pack."""
    cells: dict[str, np.ndarray | None] = {}
    for prefix, side in zip(("", PAIR), sample.sides, strict=False):
        cells[f"{prefix}pictures"] = side.pixels
        cells[f"{prefix}parts"] = side.parts
        cells[f"{prefix}points"] = side.points
        cells[f"{prefix}visible"] = side.visible
    cells |= {"vectors": sample.vector, "seeds": np.array(sample.seed, np.int64)}
    return {name: cell for name, cell in cells.items() if cell is not None}
