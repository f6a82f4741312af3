"""A face as named numbers: ranges, vectors, draws that follow people."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trombine.world import FIELDS, VECTOR_NAMES, Face, face, from_vector, to_vector, vary

SEEDS = st.integers(min_value=0, max_value=2**31 - 1)
GROUP_OF = {info.name: info.group for info in FIELDS}


def changed(a: Face, b: Face) -> set[str]:
    """The names of the fields in which two faces differ."""
    return {name for name in VECTOR_NAMES if getattr(a, name) != getattr(b, name)}


@given(SEEDS)
def test_a_face_comes_back_from_its_vector(seed: int) -> None:
    assert from_vector(to_vector(face(seed))) == face(seed)


@given(SEEDS)
def test_every_field_is_within_its_range_and_finite(seed: int) -> None:
    vector = to_vector(face(seed))
    assert np.isfinite(vector).all()
    for info, value in zip(FIELDS, vector, strict=True):
        assert info.low <= value <= info.high, info.name


def test_a_field_outside_its_range_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"yaw is between -0\.34 and 0\.34"):
        face(0, yaw=0.5)
    with pytest.raises(ValueError, match="tone"):
        dataclasses.replace(face(0), tone=float("nan"))


def test_fixed_fields_are_set_and_the_others_drawn_as_without_them() -> None:
    assert changed(face(5), face(5, smile=0.123, tone=0.456)) == {"smile", "tone"}


@pytest.mark.parametrize("group", ["expression", "light", "pose", "background"])
def test_vary_changes_its_group_and_nothing_else(group: str) -> None:
    person = face(11)
    other = vary(person, **{group: 4})
    assert {GROUP_OF[name] for name in changed(person, other)} == {group}
    assert other == vary(person, **{group: 4})
    assert other != vary(person, **{group: 5})


def test_skin_and_age_are_spread_evenly() -> None:
    crowd = [face(seed) for seed in range(1000)]
    for name in ("tone", "age"):
        info = next(info for info in FIELDS if info.name == name)
        values = np.array([getattr(person, name) for person in crowd])
        counts, _ = np.histogram(values, bins=8, range=(info.low, info.high))
        # 125 each; five standard deviations of a binomial are 52.
        assert abs(counts - 125).max() < 52, (name, counts)
    women = sum(person.masculine < 0.5 for person in crowd)
    assert 421 < women < 579


def test_draws_follow_people() -> None:
    crowd = [face(seed) for seed in range(800)]

    def correlation(a: str, b: str) -> float:
        x, y = ([getattr(person, name) for person in crowd] for name in (a, b))
        return float(np.corrcoef(x, y)[0, 1])

    assert correlation("tone", "hair_light") < -0.3
    assert correlation("age", "hair_grey") > 0.4
    assert correlation("masculine", "brow_thick") > 0.4
    assert not any(person.beard > 0 for person in crowd if person.masculine < 0.5)
