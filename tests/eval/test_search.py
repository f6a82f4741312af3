"""SSIM is scikit-image's; copies are found however they were changed; the score is what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import map_coordinates
from skimage.metrics import structural_similarity

import trombine
import trombine.eval.search as searching
from trombine.core.rng import Rng
from trombine.data.pack import Pack
from trombine.eval.planted import CHANGES
from trombine.eval.search import CELL, FLAT, TRUSTED, VISIBLE, likeness, search, ssim
from trombine.world import face, paint

FIRST = 1_400_000
COUNT = 120
ROWS = np.arange(12) * 9


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.stack([paint(face(FIRST + k), 64, "photo").pixels for k in range(COUNT)])


@pytest.fixture(scope="module")
def highest(faces: np.ndarray) -> float:
    """What 30 pictures score that are no copies."""
    return float(search(faces[:30], faces, skip=np.arange(30)).scores.max())


def planted(kind: str, faces: np.ndarray) -> np.ndarray:
    return CHANGES[kind](faces[ROWS], Rng(seed=3, places=ROWS))


@pytest.mark.parametrize("kind", CHANGES)
def test_copies_are_found(kind: str, faces: np.ndarray, highest: float) -> None:
    """The right reference comes first, above all pictures that are no copies, but for one in 12."""
    nearest = search(planted(kind, faces), faces)
    right = (nearest.copy_of == ROWS) & (nearest.scores > highest)
    assert right.sum() >= (12 if kind in ("exact", "mirrored", "blurred", "JPEG") else 11)


def test_where_a_picture_was_cut_out(faces: np.ndarray) -> None:
    """Within two pixels of 64."""
    part = torch.from_numpy(faces[ROWS][:, 8:56, 4:52]).permute(0, 3, 1, 2).float()
    whole = torch.nn.functional.interpolate(part, size=64, mode="bicubic").clamp(0, 255).round()
    nearest = search(whole.byte().permute(0, 2, 3, 1).contiguous().numpy(), faces)
    right = nearest.copy_of == ROWS
    assert right.sum() >= 11
    expected = np.tile([0.75, 4 / 64, 8 / 64], (right.sum(), 1))
    assert nearest.windows[right] == pytest.approx(expected, abs=2 / 64)


def test_one_by_one_as_all_at_once(faces: np.ndarray) -> None:
    queries = np.concatenate((planted("cropped", faces)[:4], faces[:4][:, ::-1]))
    together = search(queries, faces)
    alone = [search(query[None], faces, threads=1) for query in queries]
    assert together.copy_of.tolist() == [int(part.copy_of[0]) for part in alone]
    expected = [float(part.scores[0]) for part in alone]
    assert together.scores == pytest.approx(np.array(expected), abs=1e-5)


def test_flat_pictures_are_no_copies_of_one_another() -> None:
    """Nothing is seen in them, so nothing is said: 0, and no NaN."""
    flat = np.stack([np.full((32, 32, 3), value, np.uint8) for value in (0, 100, 255)])
    assert search(flat, flat, skip=np.arange(3)).scores == pytest.approx(np.zeros(3), abs=1e-6)


def test_the_score_by_brute_force(faces: np.ndarray) -> None:
    """The mean correlation of blocks, weighed by contrast, of the best three quarters."""
    picture, reference = (
        torch.from_numpy(faces[k][8:56, 8:56].max(2) / 255 - 0.5).float()[None] for k in (3, 4)
    )
    places = torch.tensor([[1.0, 0, 0], [0.8, 0.1, 0.05], [0.7, 0.3, 0.2]])
    scores = likeness(picture, reference.expand(3, 1, 48, 48), places).tolist()
    arrays = picture[0].numpy(), reference[0].numpy()
    assert scores == pytest.approx(
        [by_brute_force(*arrays, one) for one in places.numpy()], abs=1e-4
    )
    noise = torch.from_numpy(np.random.default_rng(2).normal(0, 0.1, (1, 1, 48, 48))).float()
    assert likeness(picture, noise, places[:1]) < 0.4


def by_brute_force(picture: np.ndarray, reference: np.ndarray, window: np.ndarray) -> float:
    side, left, top = (float(value) for value in window)
    steps = side * (np.arange(48) + 0.5) - 0.5
    places = np.meshgrid(top * 48 + steps, left * 48 + steps, indexing="ij")
    cut = map_coordinates(reference.astype(np.float64), places, order=1, mode="nearest")
    rows = []
    for y in range(0, 48 - CELL, CELL):
        for x in range(0, 48 - CELL, CELL):
            a, b = (p[y : y + 2 * CELL, x : x + 2 * CELL].ravel() for p in (cut, picture))
            contrast = max(a.std(), b.std())
            if contrast >= FLAT:
                covariance = np.mean((a - a.mean()) * (b - b.mean()))
                alike = covariance / max(a.std() * b.std(), FLAT**2)
                rows.append((alike, contrast / (contrast + VISIBLE)))
    best = np.array(sorted(rows, reverse=True)[: int(np.ceil(TRUSTED * len(rows)))])
    return float((best[:, 0] * best[:, 1]).sum() / best[:, 1].sum())


# ---------------------------------------------------------------------------------------------
# SSIM


def noise(count: int, *, seed: int = 0, side: int = 32, channels: int = 3) -> np.ndarray:
    """Coarse noise under fine noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, side // 4, side // 4, channels))
    large = coarse.repeat(4, 1).repeat(4, 2)
    return (large // 2 + rng.integers(0, 128, large.shape)).astype(np.uint8)


@pytest.mark.parametrize(("side", "channels"), [(32, 3), (64, 3), (40, 1)])
def test_every_pair_is_scikit_images(side: int, channels: int) -> None:
    """Also of flat, dark and bright pictures, where rounding would show."""
    references = noise(20, side=side, channels=channels)
    references[1], references[2], references[3] = 0, 255, references[3] // 64 + 190
    queries = noise(9, seed=1, side=side, channels=channels)
    queries[1], queries[2] = 255, references[3] + 1
    scores = ssim(queries, references)
    for i, query in enumerate(queries):
        for j, reference in enumerate(references):
            value = structural_similarity(
                *(query, reference),
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                channel_axis=2,
            )
            assert scores[i, j] == pytest.approx(value, abs=1e-6)


def test_the_highest_come_first() -> None:
    """Of equal ones the first, of all parts of the references; none is its own neighbour."""
    references = np.concatenate((noise(300), noise(300)))
    queries = np.concatenate((references[[7, 299]], noise(30, seed=5)))
    found, scores = search(queries, references, top=3), ssim(queries, references, threads=2)
    assert found.indices[:2, :2].tolist() == [[7, 307], [299, 599]]
    assert np.allclose(found.ssim, -np.sort(-scores, axis=1)[:, :3], atol=1e-6)
    assert np.allclose(found.means, scores.mean(1), atol=1e-6)
    rows = np.arange(3)
    others = search(references[:3], references[:3], skip=rows)
    assert others.indices.shape == (3, 2) and not (others.indices == rows[:, None]).any()


def test_copies_alone_are_the_same(faces: np.ndarray) -> None:
    both, alone = (search(planted("cropped", faces), faces, top=top) for top in (4, 0))
    assert np.array_equal(alone.scores, both.scores)
    assert np.array_equal(alone.copy_of, both.copy_of)
    assert alone.indices.shape == alone.ssim.shape == (len(both.scores), 0)


def test_shards_of_a_pack_as_one_walk(
    faces: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the nodes of a cluster walk: the same references, to 1e-6."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for number, pixels in enumerate(faces):
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    trombine.data_prepare(folder, size=64, output=tmp_path / "pack")
    known = Pack(tmp_path / "pack").columns["pictures"]
    asked = np.concatenate((planted("cropped", faces), faces[:4][:, ::-1], faces[:6]))
    skip = np.concatenate((np.full(16, -1), np.arange(6)))
    one = search(asked, known, skip=skip)
    monkeypatch.setattr(searching, "_CHUNK", 16)
    monkeypatch.setattr(searching, "_SHARD", 32)
    monkeypatch.setattr(searching, "_SENT", 5 * known[0].nbytes)
    walk = searching.walk_of_pack(tmp_path / "pack", "")
    shards = search(asked, known, skip=skip, walk=walk)
    assert np.array_equal(shards.indices, one.indices) and shards.indices[0, 0] == ROWS[0]
    assert np.array_equal(shards.copy_of, one.copy_of)
    assert np.array_equal(shards.mirrored, one.mirrored)
    for name in ("ssim", "means", "scores", "windows"):
        assert getattr(shards, name) == pytest.approx(getattr(one, name), abs=1e-6)
