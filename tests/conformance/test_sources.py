"""Every kind of source honours the protocol: one set of tests, a line for each kind."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import trombine
from trombine.core.conventions import check_parts, check_picture, check_points
from trombine.core.rng import Rng
from trombine.data.item import Batch, Item
from trombine.data.made import Maker
from trombine.data.painting import paint_pack
from trombine.data.prepare import PrepareOptions, prepare_pack
from trombine.data.source import Source, batches, source

SIZE = 16


def pictures(folder: Path) -> str:
    """Any pictures, of other sizes, in classes."""
    for i, name in enumerate(("a/1.jpg", "a/2.png", "b/3.webp")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((20 + i, 30), 60).convert("RGB").save(folder / name)
    return f"folder:{folder}"


def drawn(folder: Path, style: str) -> str:
    trombine.data_world(count=3, size=SIZE, style=style, output=folder)
    return f"folder:{folder}"


def drawn_leaves(folder: Path) -> str:
    trombine.data_leaves(count=3, size=SIZE, output=folder)
    return f"folder:{folder}"


def packed(path: Path, maker: Maker) -> str:
    paint_pack(path, maker, first_seed=5, count=3, workers=1)
    return f"pack:{path}"


def prepared(folder: Path) -> str:
    """A pack of a folder that says what its pictures are for; one of them cannot be read."""
    for use in ("train", "validation"):
        pictures(folder / use)
    (folder / "train/a/bad.png").write_bytes(b"no picture")
    path = folder.with_name("prepared")
    prepare_pack(folder, path, PrepareOptions(size=SIZE))
    return f"pack:{path}"


WORLD = Maker(kind="world", styles=("cartoon",), size=SIZE)

KINDS: dict[str, Callable[[Path], str]] = {
    "world": lambda path: "world:sketch#3",
    "pairs": lambda path: "world:photo+anime#3",
    "leaves": lambda path: "leaves#3",
    "pictures": pictures,
    "folder of faces": lambda path: drawn(path, "photo"),
    "folder of pairs": lambda path: drawn(path, "anime+photo"),
    "folder of leaves": drawn_leaves,
    "pack": lambda path: packed(path, WORLD),
    "prepared": prepared,
    "prepared, of one use": lambda path: prepared(path) + "@choose",
    "mix of uses": lambda path: prepared(path) + "@choose*.5+fractals#3",
    "counted": lambda path: packed(path, WORLD) + "#2",
    "mix": lambda path: "leaves#3*.2+" + drawn(path, "photo") + "*3",
    "mix of pairs": lambda path: "world:photo+anime#3+" + drawn(path, "anime+sketch"),
    "mix of classes": lambda path: pictures(path) + "+leaves#3",
}


@pytest.fixture(scope="module", params=KINDS)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source:
    spec = KINDS[request.param](tmp_path_factory.mktemp("source") / "there")
    return source(spec, SIZE, workers=1)


def all_of(opened: Source) -> Batch:
    return opened.batch(np.arange(len(opened), dtype=np.int64))


def test_it_says_what_it_is(opened: Source) -> None:
    assert opened.size == SIZE
    assert len(opened) == sum(opened.lengths) > 0
    assert len(opened.lengths) == len(opened.weights)
    assert len({opened.name(index) for index in range(len(opened))}) > len(opened) / 2


def test_its_spec_opens_it_again(opened: Source) -> None:
    again = source(opened.spec, SIZE)
    assert again.spec == opened.spec and again.weights == opened.weights
    assert torch.equal(all_of(again).pixels, all_of(opened).pixels)


def check(item: Item, opened: Source) -> None:
    assert check_picture(item.picture).shape == (3, SIZE, SIZE)
    assert (item.points is None) == (item.visible is None)
    if item.parts is not None:
        assert check_parts(item.parts.numpy()).shape == (SIZE, SIZE)
    if item.points is not None:
        check_points(item.points.numpy())
    if item.vector is not None:
        assert item.vector.shape == (len(opened.vector_names),)
    if item.label is not None:
        assert 0 <= item.label < len(opened.classes)


def test_its_items_keep_the_conventions(opened: Source) -> None:
    for index in range(len(opened)):
        item = opened.item(index)
        check(item, opened)
        assert (item.pair is not None) == opened.paired
        if item.pair is not None:
            check(item.pair, opened)
            assert item.pair.seed == item.seed
            assert not torch.equal(item.pair.picture, item.picture)


def agree(batch: Batch, row: int, item: Item) -> None:
    """A row of a batch is the item, and what the item lacks is marked."""
    assert torch.equal(batch.pictures()[row], item.picture)
    if batch.parts is not None:
        unknown = torch.full_like(batch.parts[row], 255)
        assert torch.equal(batch.parts[row], unknown if item.parts is None else item.parts)
    if batch.points is not None and item.points is not None:
        assert torch.equal(batch.points[row], item.points)
    if batch.vectors is not None and item.vector is not None:
        assert torch.equal(batch.vectors[row], item.vector)
    if batch.labels is not None:
        assert batch.labels[row] == (-1 if item.label is None else item.label)
    if batch.seeds is not None:
        assert batch.seeds[row] == (-1 if item.seed is None else item.seed)
    # A column that is not there is one that no item knows.
    for column, value in (
        (batch.parts, item.parts),
        (batch.points, item.points),
        (batch.vectors, item.vector),
        (batch.labels, item.label),
        (batch.seeds, item.seed),
    ):
        assert column is not None or value is None


def test_its_batches_are_its_items(opened: Source) -> None:
    indices = np.array([len(opened) - 1, 0, 1, 0], np.int64)
    batch = opened.batch(indices)
    assert len(batch) == 4 and (batch.indices == indices).all()
    for row, index in enumerate(indices.tolist()):
        item = opened.item(index)
        agree(batch, row, item)
        if batch.pair is not None and item.pair is not None:
            agree(batch.pair, row, item.pair)


def test_any_batch_has_the_same_columns(opened: Source) -> None:
    def columns(batch: Batch) -> set[str]:
        return {name for name, value in vars(batch).items() if value is not None}

    whole = columns(all_of(opened))
    for index in range(len(opened)):
        assert columns(opened.batch(np.array([index], np.int64))) == whole
    assert columns(opened.batch(np.zeros(0, np.int64))) == whole


def test_it_is_drawn_whole_and_the_same_each_time(opened: Source) -> None:
    taken = list(islice(batches(opened, seed=1, size=4), 3))
    again = next(batches(opened, seed=1, size=4, start=2))
    assert (taken[2].indices == again.indices).all()
    assert torch.equal(taken[2].pixels, again.pixels)
    drawn = opened.draw(Rng(seed=1, places=np.arange(1000, dtype=np.int64)))
    assert set(drawn.tolist()) == set(range(len(opened)))


def test_another_process_can_have_it(opened: Source) -> None:
    data = pickle.dumps(opened)
    assert len(data) < 100_000  # the way to the pictures, not the pictures
    assert torch.equal(all_of(pickle.loads(data)).pixels, all_of(opened).pixels)
