"""A pack made of a folder in any layout gives back what went into the folder."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from trombine.data.columns import SPLITS
from trombine.data.pack import Pack
from trombine.data.prepare import PrepareOptions, prepare_pack


def packed(tiny: ModuleType, kind: str, tmp_path: Path, layout: str) -> tuple[Pack, Any]:
    (tmp_path / "in").mkdir()
    truth = tiny.MAKERS[kind](tmp_path / "in")
    options = PrepareOptions(size=truth.size)
    prepare_pack(tmp_path / "in", tmp_path / "pack", options, layout=layout)
    return Pack(tmp_path / "pack"), truth


def test_a_pack_gives_back_what_went_in(tiny: ModuleType, kind: str, tmp_path: Path) -> None:
    pack, truth = packed(tiny, kind, tmp_path, "")
    assert [pack.name(row) for row in range(len(pack))] == list(truth.pixels)
    for row, pixels in enumerate(truth.pixels.values()):
        assert np.array_equal(pack.columns["pictures"][row], pixels)
    _check(pack, truth.parts, "parts")
    _check(pack, truth.points, "points")
    _check(pack, truth.five, "five")
    _check(pack, truth.vectors, "vectors")
    assert pack.vector_names == truth.vector_names
    labels = pack.columns.get("labels")
    if truth.classes is None:
        assert labels is None
    else:
        assert labels is not None
        named = [pack.classes[label] if label >= 0 else "" for label in labels.tolist()]
        assert named == list(truth.classes)
    if truth.splits is not None:
        said = [split for split in truth.splits if split >= 0]
        found = pack.columns["splits"][np.array(truth.splits) >= 0].tolist()
        assert found == said
    assert set(pack.columns["splits"].tolist()) <= set(range(len(SPLITS)))


def test_a_named_layout_is_what_is_recognised(tiny: ModuleType, kind: str, tmp_path: Path) -> None:
    layout = tiny.layout_of(kind)
    pack, _ = packed(tiny, kind, tmp_path, layout)
    assert pack.about["layout"] == layout


def _check(pack: Pack, wanted: np.ndarray | None, name: str) -> None:
    """The column is what went in, or is not there."""
    if wanted is None:
        assert name not in pack.columns
    else:
        assert np.array_equal(pack.columns[name], wanted.astype(pack.columns[name].dtype), True)
