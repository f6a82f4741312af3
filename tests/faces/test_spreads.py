"""Spreads: of faces that they were not fitted to, nine of ten hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from scipy.stats import binom, norm

import trombine
from trombine.core.conventions import to_picture
from trombine.core.rng import Rng
from trombine.data.degrade import Chain
from trombine.faces import Face, read_faces
from trombine.faces.fields import SHARE, half_range, measured
from trombine.faces.reading import as_json, as_known, read_picture
from trombine.io.image import Picture
from trombine.models import Model, loaded
from trombine.models import save as save_model
from trombine.world import STYLES, face, paint

SEEDS: Final = range(1_150_000, 1_150_024)  # of each style; bench/reader_spreads.py fits to others
RARE: Final = 1e-3


@pytest.fixture(scope="module")
def model() -> Model:
    return loaded("reader", task="read")


def seen(picture: torch.Tensor, model: Model) -> Face:
    (found,) = read_faces(picture, model, largest=True)
    return found


def painted(seed: int, style: str) -> torch.Tensor:
    return to_picture(paint(face(seed), 128, style).pixels)


def values(one: Face) -> dict[str, float]:
    return {**one.traits, **one.moment}


def test_the_shipped_reader_has_a_table(model: Model) -> None:
    """Whoever ships another reader runs python bench/reader_spreads.py --write."""
    assert measured(model.hash), "python bench/reader_spreads.py --write"
    one = seen(painted(SEEDS[0], "photo"), model)
    assert one.spreads.keys() | {"glasses", "hat"} == values(one).keys()
    for name, spread in one.spreads.items():
        assert 0 < spread <= 2 * half_range(name), name


@pytest.mark.parametrize("style", STYLES)
def test_nine_true_values_of_ten_lie_within_their_spreads(style: str, model: Model) -> None:
    """For each field alone and for all together, but for what chance does once in a thousand."""
    inside = []
    for seed in SEEDS:
        one, true = seen(painted(seed, style), model), face(seed)
        read = values(one)
        inside.append([abs(read[k] - getattr(true, k)) <= s for k, s in one.spreads.items()])
    within = np.array(inside)
    count, fields = within.shape
    assert (within.sum(0) >= binom.ppf(RARE / 2 / fields, count, SHARE)).all()
    # Fields of one face are not independent: the faces are.
    each = within.mean(1)
    room = norm.isf(RARE / 2) * each.std() / np.sqrt(count) + 0.02
    assert abs(each.mean() - SHARE) < room


# JPEG hurts this reader less: its spreads, which are right for JPEGs too, grow by less.
@pytest.mark.parametrize(
    ("chain", "least"), [("blur:gaussian:2", 1.1), ("noise:gaussian:0.16", 1.1), ("jpeg:8", 1.05)]
)
def test_spreads_grow_where_a_picture_is_spoiled(chain: str, least: float, model: Model) -> None:
    growth = []
    for seed in SEEDS[:6]:
        picture = painted(seed, "photo" if seed % 2 else "anime")
        chance = Rng(seed=0, places=np.array([seed]))
        spoiled = Chain.parse(chain)(picture[None], chance)[0]
        before, after = seen(picture, model), seen(spoiled, model)
        growth.append([after.spreads[k] / before.spreads[k] for k in before.spreads])
    assert np.median(growth) > least


def test_another_reader_has_none(tmp_path: Path, model: Model) -> None:
    own = tmp_path / "own.safetensors"
    save_model(own, model.net, replace(model.card, settings={**model.card.settings, "name": "own"}))
    (one,) = trombine.read(paint(face(SEEDS[0]), 160, "photo").pixels, model=own).faces
    assert one.spreads == {} and one.moment


def test_what_is_not_said_has_no_spread(model: Model) -> None:
    pixels = paint(face(SEEDS[2]), 160, "photo").pixels
    whole = read_picture(Picture(samples=pixels), "reader")
    known = as_known(whole)
    for traits, reading in ((False, known), (True, whole)):
        (one,) = reading.faces
        (said,) = as_json("a.png", whole, traits=traits)["faces"]
        assert one.spreads.keys() | {"glasses", "hat"} == values(one).keys()
        assert said["spreads"].keys() == one.spreads.keys()
        assert said["spreads"]["yaw"] == pytest.approx(one.spreads["yaw"], abs=1e-3)
        assert ("age" in said["spreads"]) == traits
