"""The search is scikit-image's SSIM with every reference, and finds the highest."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from trombine.core.errors import InputError
from trombine.eval.similar import References


def pictures(count: int, *, seed: int = 0, side: int = 32, channels: int = 3) -> np.ndarray:
    """Coarse noise under fine noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, side // 4, side // 4, channels))
    large = coarse.repeat(4, 1).repeat(4, 2)
    return (large // 2 + rng.integers(0, 128, large.shape)).astype(np.uint8)


def by_scikit_image(a: np.ndarray, b: np.ndarray) -> float:
    value = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=2
    )
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize(("side", "channels"), [(32, 3), (64, 3), (40, 1)])
def test_every_pair_is_scikit_images(side: int, channels: int) -> None:
    """Also of flat, dark and bright pictures, where rounding would show."""
    references = pictures(20, side=side, channels=channels)
    references[1], references[2], references[3] = 0, 255, references[3] // 64 + 190
    queries = pictures(9, seed=1, side=side, channels=channels)
    queries[1], queries[2] = 255, references[3] + 1
    scores = References(references).scores(queries)
    for i, query in enumerate(queries):
        for j, reference in enumerate(references):
            assert scores[i, j] == pytest.approx(by_scikit_image(query, reference), abs=1e-6)


@pytest.mark.parametrize("keep", [False, True])
def test_the_highest_come_first(keep: bool) -> None:
    references = pictures(600)
    queries = np.concatenate((references[[7, 599]], pictures(30, seed=5)))
    search = References(references, keep=keep)
    matches, scores = search.search(queries, top=3), search.scores(queries)
    assert matches.indices[:2, 0].tolist() == [7, 599]
    assert np.allclose(matches.scores, -np.sort(-scores, axis=1)[:, :3], atol=1e-6)
    assert np.allclose(matches.means, scores.mean(1), atol=1e-6)


def test_one_by_one_as_all_at_once() -> None:
    references, queries = pictures(50), pictures(30, seed=2)
    together = References(references).scores(queries)
    alone = [References(references, threads=1).scores(query[None])[0] for query in queries]
    assert np.allclose(together, np.stack(alone), atol=1e-6)


def test_the_screened_search_has_the_same_top() -> None:
    references = pictures(3000)
    queries = np.concatenate((np.clip(references[:5] + 9, 0, 255), pictures(5, seed=3)))
    search = References(references)
    exact, screened = search.search(queries, top=10), search.search(queries, top=10, screened=True)
    assert screened.screened and not exact.screened
    assert np.array_equal(exact.indices, screened.indices)
    assert np.allclose(exact.scores, screened.scores, atol=1e-6)  # not to the last bit everywhere


def test_a_picture_is_not_its_own_neighbour() -> None:
    references = pictures(30)
    rows = np.arange(30)
    matches = References(references).search(references, top=1, skip=rows)
    assert not (matches.indices[:, 0] == rows).any()


def test_of_equal_ones_the_first() -> None:
    references = np.concatenate((pictures(3), pictures(3)))
    matches = References(references).search(references[:3], top=2)
    assert matches.indices.tolist() == [[0, 3], [1, 4], [2, 5]]


def test_other_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="do not compare"):
        References(pictures(3)).search(pictures(1, side=40))
    with pytest.raises(InputError, match="at least 11 pixels"):
        References(np.zeros((2, 8, 8, 3), np.uint8))
