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
from trombine.data.columns import Batch
from trombine.data.painting import Maker, paint_pack
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


def test_it_says_what_each_picture_is_for_or_nothing(opened: Source) -> None:
    assert opened.splits is None or opened.splits.shape == (len(opened),)
    columns = opened.take(np.arange(len(opened), dtype=np.int64))
    assert (opened.splits is None) == ("splits" not in columns)
    assert opened.splits is None or np.array_equal(opened.splits, columns["splits"])


def test_its_spec_opens_it_again(opened: Source) -> None:
    again = source(opened.spec, SIZE)
    assert again.spec == opened.spec and again.weights == opened.weights
    assert torch.equal(all_of(again).pixels, all_of(opened).pixels)


def test_its_batches_keep_the_conventions(opened: Source) -> None:
    whole = all_of(opened)
    assert (whole.pair is not None) == opened.paired
    for side in (whole, *([whole.pair] if whole.pair else [])):
        for row, picture in enumerate(side.pictures()):
            assert check_picture(picture).shape == (3, SIZE, SIZE)
            if side.parts is not None and side.parts[row].min() != 255:
                assert check_parts(side.parts[row].numpy()).shape == (SIZE, SIZE)
            if side.points is not None and side.points[row].isfinite().all():
                check_points(side.points[row].numpy())
        assert (side.points is None) == (side.visible is None)
        assert side.vectors is None or side.vectors.shape[1] == len(opened.vector_names)
        assert side.labels is None or int(side.labels.max()) < len(opened.classes)
    if whole.pair is not None:
        assert not torch.equal(whole.pair.pixels, whole.pixels)


def test_a_batch_is_its_rows(opened: Source) -> None:
    indices, whole = np.array([len(opened) - 1, 0, 1, 0], np.int64), all_of(opened)
    batch = opened.batch(indices)
    assert len(batch) == 4 and (batch.indices == indices).all()
    for found, every in ((batch, whole), (batch.pair, whole.pair)):
        for name in ("pixels", "parts", "points", "visible", "vectors", "labels", "seeds"):
            ours, theirs = getattr(found, name, None), getattr(every, name, None)
            assert (ours is None) == (theirs is None), name
            if ours is not None and theirs is not None:
                torch.testing.assert_close(ours, theirs[indices], rtol=0, atol=0, equal_nan=True)


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
