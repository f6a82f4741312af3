"""The pictures that a model learned from, and which of them an invented face is most like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from trombine.core.errors import InputError
from trombine.eval import learned
from trombine.eval.methods.invent import framed
from trombine.generation.by_net import Inventing, Place
from trombine.models import Card, save
from trombine.nets import build
from trombine.world import VECTOR_NAMES, face, to_vector

Made = Callable[..., Inventing]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def of(data: str, fields: str = "age+smile+hair_light+tone") -> Inventing:
        net = build(
            "inventor", {"size": 32, "latent": 6, "width": 4, "hidden": 8, "fields": fields}
        )
        path = tmp_path / "model.safetensors"
        save(path, net, Card(task="generate", net="inventor", sizes=net.sizes, data=data))
        return Inventing(path=path, size=64, truncation=1.0, asked={})

    return of


def test_people_are_drawn_once_and_are_those_of_the_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path))
    told: list[tuple[float, float, str]] = []
    rows = learned.people(5, lambda *step: told.append(step))
    assert told == [(5, 5, "faces learned from")]
    assert_array_equal(rows, [to_vector(face(seed)) for seed in range(5)])
    assert_array_equal(learned.people(5, lambda *step: told.append(step)), rows)
    assert len(told) == 1
    (path,) = (tmp_path / "people").iterdir()
    path.write_bytes(b"cut short")
    assert_array_equal(learned.people(5), rows)


def test_the_nearest_people_are_those_of_the_least_deviations() -> None:
    """By a loop over single numbers; what is not told does not count, nor what never differs."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 4)) * [1, 100, 0, 5]
    told = np.array([0.2, -60, 3, np.nan])
    off = [sum(((row[k] - told[k]) / np.std(rows[:, k])) ** 2 for k in (0, 1)) for row in rows]
    assert learned.nearest_people(told, rows, 7) == np.argsort(off)[:7].tolist()


def test_a_face_that_was_copied_is_found(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that gives back what it learned from, told of this person."""
    inventing = made("world:photo#60")
    assert inventing.learned_side == 43
    assert learned.learned_from(inventing) == ("photo", 60)
    row = np.asarray(to_vector(face(41)))
    told = row[[VECTOR_NAMES.index(name) for name in inventing.told]]
    copied = framed(41, "photo", 43, 32)
    place = Place(vector=np.zeros(6), fields=told)
    monkeypatch.setattr(Inventing, "place", lambda *_: place)
    monkeypatch.setattr(Inventing, "pixels", lambda *_: copied)
    (found,) = learned.nearest(inventing, [7])
    assert found.seed == 41 and found.score > 0.99
    assert_array_equal(found.learned, copied)


@pytest.mark.parametrize(
    "data", ["leaves#8", "folder:faces", "world:photo#8+world:anime#8", "world:posed#8"]
)
def test_a_model_of_other_pictures_is_refused(made: Made, data: str) -> None:
    with pytest.raises(InputError, match="not painted again"):
        learned.learned_from(made(data))


def test_a_model_that_does_not_say_what_it_learned_from_is_refused(made: Made) -> None:
    with pytest.raises(InputError, match="does not say"):
        learned.learned_from(made(""))


def test_a_model_that_was_told_nothing_is_refused(tmp_path: Path) -> None:
    net = build("dcgan_generator", {"size": 16, "latent": 5, "width": 2})
    path = tmp_path / "model.safetensors"
    card = Card(task="generate", net="dcgan_generator", sizes=net.sizes, data="world:photo")
    save(path, net, card)
    with pytest.raises(InputError, match="told nothing"):
        learned.learned_from(Inventing(path=path, size=16, truncation=1.0, asked={}))
