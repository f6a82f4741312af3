"""Sources: what a spec opens, which pictures come when, and what a mix knows."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.columns import Batch
from trombine.data.painting import Maker, paint_pack
from trombine.data.source import batches, cache_path, prepare, source

SIZE = 16
MIX = "world:photo#12*0.7+leaves#20*0.3"


def same(left: Batch, right: Batch) -> None:
    """Two batches agree in every column."""
    assert (left.indices == right.indices).all()
    for name in ("pixels", "parts", "points", "visible", "vectors", "labels", "seeds"):
        pair = getattr(left, name), getattr(right, name)
        assert (pair[0] is None) == (pair[1] is None), name
        if pair[0] is not None:
            torch.testing.assert_close(*pair, rtol=0, atol=0, equal_nan=True)


def save(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (SIZE, SIZE), (value, value, value)).save(path)


def test_world_comes_from_a_pack_that_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path))
    steps: list[tuple[float, float, str]] = []
    prepare("world:photo#5", SIZE, progress=lambda *step: steps.append(step))
    assert steps == [(5, 5, "pictures")]

    def refuse(maker: Maker, seed: int) -> None:
        raise AssertionError(f"{maker} was painted again")

    monkeypatch.setattr(Maker, "make", refuse)
    prepare("world:photo#5", SIZE)
    assert len(source("world:photo#5", SIZE)) == 5


def test_items_are_the_seeds() -> None:
    faces = source("world:photo+anime#4", SIZE, first_seed=1_000_000, workers=1)
    batch = faces.batch(np.array([3], np.int64))
    row = Maker(kind="world", styles=("photo", "anime"), size=SIZE).make(1_000_003).row
    assert faces.name(3) == "1000003" and batch.pair is not None
    assert torch.equal(batch.pictures()[0], to_picture(row["pictures"]))
    for mark, side in (("", batch), ("pair_", batch.pair)):
        assert side.seeds is not None and side.seeds.tolist() == [1_000_003]
        assert side.vectors is not None and (side.vectors[0].numpy() == row["vectors"]).all()
        assert (side.pixels[0].numpy() == row[f"{mark}pictures"]).all()
        for name in ("parts", "points", "visible"):
            assert (getattr(side, name)[0].numpy() == row[f"{mark}{name}"]).all(), name


def test_seeds_of_two_uses_do_not_meet() -> None:
    with pytest.raises(InputError, match="cross 1000000, where another use begins"):
        source("leaves#10", SIZE, first_seed=999_991)
    with pytest.raises(InputError, match="seeds end at"):
        source("leaves#2", SIZE, first_seed=2**31 - 1)


def test_a_damaged_pack_of_the_cache_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path))
    whole = source("leaves#2", SIZE, workers=1).batch(np.arange(2, dtype=np.int64))
    path = cache_path(Maker(kind="leaves", size=SIZE), 0, 2)
    for name in ("pictures.npy", "index.json"):
        (path / name).write_bytes(b"")
        again = source("leaves#2", SIZE, workers=1).batch(np.arange(2, dtype=np.int64))
        assert torch.equal(again.pixels, whole.pixels)


# Which pictures come when


def test_a_batch_depends_on_its_number_alone() -> None:
    """Resumed is uninterrupted, also across the blocks in which draws are made ahead."""
    opened = source(MIX, SIZE, workers=1)
    whole = list(islice(batches(opened, seed=3, size=600), 8))
    for start in (1, 3, 7):
        resumed = next(iter(batches(opened, seed=3, size=600, start=start)))
        same(resumed, whole[start])
    small = list(islice(batches(opened, seed=3, size=200), 6))
    joined = np.concatenate([batch.indices for batch in small])
    assert (joined == np.concatenate([whole[0].indices, whole[1].indices])).all()


def test_every_item_comes_once_a_round() -> None:
    opened = source("leaves#20", SIZE, workers=1)
    drawn = opened.draw(Rng(seed=0, places=np.arange(60, dtype=np.int64))).reshape(3, 20)
    assert all(sorted(round_) == list(range(20)) for round_ in drawn.tolist())
    assert len({tuple(round_) for round_ in drawn.tolist()}) == 3


def test_a_mix_draws_by_weight_and_evenly_within() -> None:
    opened = source(MIX, SIZE, workers=1)
    assert len(opened) == 32
    drawn = opened.draw(Rng(seed=1, places=np.arange(24_000, dtype=np.int64)))
    counts = np.bincount(drawn, minlength=32)
    # 16,800 of the 12 faces and 7,200 of the 20 leaves; 5 standard deviations of a share.
    assert abs(counts[:12].sum() - 16_800) < 5 * np.sqrt(24_000 * 0.7 * 0.3)
    assert np.abs(counts[:12] - 1400).max() < 5 * np.sqrt(1400)
    assert np.abs(counts[12:] - 360).max() < 5 * np.sqrt(360)


# What a mix knows


def test_a_mix_marks_what_it_does_not_know() -> None:
    opened = source(MIX, SIZE, workers=1)
    batch = opened.batch(np.array([31, 0, 12, 11], np.int64))
    assert batch.parts is not None and batch.points is not None and batch.visible is not None
    assert batch.vectors is not None
    unknown = torch.tensor([True, False, True, False])
    assert torch.equal((batch.parts == 255).all(dim=(1, 2)), unknown)
    assert torch.equal(batch.points.isnan().all(dim=(1, 2)), unknown)
    assert torch.equal(batch.vectors.isnan().all(dim=1), unknown)
    assert not batch.visible[unknown].any()
    assert batch.labels is not None and opened.classes == ("photo",)
    assert batch.labels.tolist() == [-1, 0, -1, 0]


def test_painted_faces_are_of_the_class_of_their_style() -> None:
    opened = source("world:photo#2+world:sketch#3", SIZE, workers=1)
    assert opened.classes == ("photo", "sketch")
    labels = opened.batch(np.arange(5, dtype=np.int64)).labels
    assert labels is not None and labels.tolist() == [0, 0, 1, 1, 1]


def test_a_pair_is_of_the_packs_of_its_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was painted of one style is painted for no pair; each side has its style's label."""
    for style in ("photo", "anime", "sketch"):
        source(f"world:{style}#4", SIZE, workers=1)

    def refuse(maker: Maker, seed: int) -> None:
        raise AssertionError(f"{maker} was painted again")

    monkeypatch.setattr(Maker, "make", refuse)
    opened = source("world:anime+photo#4+world:sketch+anime#4", SIZE)
    assert opened.classes == ("anime", "photo", "sketch") and opened.vector_names
    batch = opened.batch(np.array([1, 6], np.int64))
    assert batch.pair is not None and batch.labels is not None and batch.pair.labels is not None
    assert batch.labels.tolist() == [0, 2] and batch.pair.labels.tolist() == [1, 0]
    assert batch.seeds is not None and batch.seeds.tolist() == [1, 2]
    anime = source("world:anime#4", SIZE).batch(np.array([1, 2], np.int64))
    assert torch.equal(batch.pixels[0], anime.pixels[0])
    assert torch.equal(batch.pair.pixels[1], anime.pixels[1])


def test_a_mix_gives_each_item_as_its_own_source_does() -> None:
    opened = source(MIX, SIZE, workers=1)
    faces, leaves = source("world:photo#12", SIZE), source("leaves#20", SIZE)
    batch = opened.batch(np.array([14, 3], np.int64))
    assert torch.equal(batch.pixels[0], leaves.batch(np.array([2], np.int64)).pixels[0])
    assert torch.equal(batch.pixels[1], faces.batch(np.array([3], np.int64)).pixels[0])
    assert (opened.name(14), opened.name(3)) == (leaves.name(2), faces.name(3))


def test_labels_of_a_mix_go_by_the_classes_names(tmp_path: Path) -> None:
    for name in ("a/cat/1.png", "a/dog/2.png", "b/ant/1.png", "b/cat/2.png"):
        save(tmp_path / name, 9)
    opened = source(f"folder:{tmp_path}/a+folder:{tmp_path}/b+leaves#2", SIZE, workers=1)
    assert opened.classes == ("cat", "dog", "ant")
    batch = opened.batch(np.arange(6, dtype=np.int64))
    assert batch.labels is not None and batch.labels.tolist() == [0, 1, 2, 0, -1, -1]


def test_pairs_do_not_mix_with_single_pictures() -> None:
    with pytest.raises(InputError, match="pairs do not mix"):
        source("world:photo+anime#4+leaves#20", SIZE, workers=1)


def test_a_pack_may_be_counted_but_not_stretched(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    paint_pack(path, Maker(kind="leaves", size=SIZE), first_seed=0, count=6, workers=1)
    assert len(source(f"pack:{path}#4", SIZE)) == 4
    with pytest.raises(InputError, match="has only 6 pictures; ask for no more"):
        source(f"pack:{path}#7", SIZE)
    with pytest.raises(InputError, match="is of 16 px, and 32 px are wanted"):
        source(f"pack:{path}", 32)


def test_a_batch_is_its_readers_own(tmp_path: Path) -> None:
    """Who changes a batch in place must not change the pack."""
    opened = source("leaves#20", SIZE, workers=1)
    indices = np.array([4], np.int64)
    batch = opened.batch(indices)
    batch.pixels.zero_()
    assert opened.batch(indices).pixels.any()
