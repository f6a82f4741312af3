"""Fréchet's distance of sets that are read in pieces is that of sets that are held whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.linalg import sqrtm

import trombine
from trombine.core.errors import InputError
from trombine.eval import fidelity, moments
from trombine.eval.moments import Moments, frechet
from trombine.world import face, paint

COUNT = 60


def features(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 6)) @ rng.normal(size=(6, 6)) + seed


def test_moments_add_up() -> None:
    """To numpy's, however the pieces are cut."""
    values = features(50, 1)
    pieces = [Moments.of(part) for part in np.split(values, [1, 4, 30])]
    found = pieces[3] + (pieces[0] + pieces[2]) + pieces[1]
    assert found.count == 50 and found.mean == pytest.approx(values.mean(0), abs=1e-12)
    assert found.scatter / 49 == pytest.approx(np.cov(values.T), abs=1e-12)


def test_the_distance_is_the_formula() -> None:
    """Of means and covariances, with scipy's root of a matrix."""
    a, b = features(40, 1), features(70, 2)
    first, second = np.cov(a.T), np.cov(b.T)
    root = np.trace(np.real(np.asarray(sqrtm(first @ second))))
    shift = np.square(a.mean(0) - b.mean(0)).sum()
    expected = shift + np.trace(first) + np.trace(second) - 2 * root
    found = frechet(Moments.of(a), Moments.of(b))
    assert found == pytest.approx(expected, rel=1e-9)
    assert found == pytest.approx(fidelity.frechet(a, b), rel=1e-9)
    assert frechet(Moments.of(a), Moments.of(a)) == pytest.approx(0, abs=1e-9)


def folder(path: Path, first: int) -> Path:
    path.mkdir()
    for k in range(COUNT):
        Image.fromarray(paint(face(first + k), 32, "photo").pixels).save(path / f"{k:03}.png")
    return path


def test_all_pictures_count_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has the distance of all beside that of those that are compared; what cannot be
    read is left out of both."""
    ours, theirs = folder(tmp_path / "a", 4_000_000), folder(tmp_path / "b", 4_100_000)
    (theirs / "005.png").write_bytes(b"no picture")
    whole = trombine.judge_fidelity(ours, theirs, pictures=COUNT, json=True)
    monkeypatch.setattr(fidelity, "MOST", 55)
    monkeypatch.setattr(moments, "_PIECE", 17)
    result = trombine.judge_fidelity(ours, theirs, pictures=COUNT, json=True)
    tables = zip(*(json.loads(r.summary)["tables"] for r in (whole, result)), strict=True)
    for before, after in tables:
        expected = before["figures"]["Fréchet"]["value"]
        assert after["figures"]["Fréchet of all"]["value"] == pytest.approx(expected, rel=1e-5)
        assert after["figures"]["Fréchet"]["value"] != pytest.approx(expected, rel=1e-3)
        assert "Fréchet of all" not in before["figures"] and result.skipped
    with pytest.raises(InputError, match="give --pictures more than 55"):
        trombine.judge_fidelity(ours, theirs, pictures=50, cluster="auto")
