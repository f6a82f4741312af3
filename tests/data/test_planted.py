"""Bugs of data that misled people who trained on it: planted again, and caught."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from trombine.core.rng import Rng
from trombine.data import augment, masks
from trombine.training import material

Ours = Callable[[str, str], Callable[..., None]]


def caught(test: Callable[..., None], plant: Callable[[], None], **given: Any) -> None:
    """The test passes as things are, and fails once the bug is planted."""
    test(**given)
    plant()
    with pytest.raises(AssertionError):
        test(**given)


# --- a picture is changed, and what is known of it is not ---------------------------------------


def left_where_they_were(points: torch.Tensor, *_rest: object) -> torch.Tensor:
    """The landmarks of the picture as it was."""
    return points


def not_renamed(cells: np.ndarray, *_rest: object) -> np.ndarray:
    """Moved, but the left eye of a mirrored face is still called the left eye."""
    return cells


def not_relabelled(parts: torch.Tensor, *_rest: object) -> torch.Tensor:
    """The parts of the picture as it was."""
    return parts


FORGOTTEN: dict[str, Any] = {
    "_moved": left_where_they_were,
    "permuted": not_renamed,
    "_relabelled": not_relabelled,
}


@pytest.mark.parametrize("name", FORGOTTEN)
def test_an_augmentation_that_forgets_the_truth(
    name: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures were zoomed and mirrored in training, and their segmentation stayed as it was."""
    test = ours("oracles/test_augment.py", "test_landmarks_stay_with_the_parts")
    plant = partial(monkeypatch.setattr, augment, name, FORGOTTEN[name])
    caught(test, plant, text="zoom:0.8-1.2+shift:0.05+mirror+rotate:25")


# --- the two polarities of masks, and masks of something else -----------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Holes as files, white or black: a new folder each time it is asked for."""
    made: list[Path] = []

    def write(name: str, holes: list[np.ndarray], *, white: bool = True) -> Path:
        place = tmp_path / f"{len(made)}-{name}"
        place.mkdir()
        made.append(place)
        for number, hole in enumerate(holes):
            picture = Image.fromarray(((hole == white) * 255).astype(np.uint8))
            picture.save(place / f"{number:03}.png")
        return place

    return write


def test_one_loader_takes_the_hole_for_what_is_kept(
    ours: Ours, monkeypatch: pytest.MonkeyPatch, folder: Callable[..., Path]
) -> None:
    """Sets of masks come in both polarities; a net that got the wrong one copied its input."""
    honest = masks.draw_file

    def planted(of: str, *rest: Any) -> np.ndarray:
        hole = honest(of, *rest)
        return ~hole if of == "inverted" else hole

    plant = partial(monkeypatch.setattr, masks, "draw_file", planted)
    test = ours("data/test_masks.py", "test_white_is_the_hole_unless_it_is_inverted")
    caught(test, plant, folder=folder)


def test_a_mask_over_the_eyes_of_the_picture_as_it_was(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours("data/test_masks.py", "test_a_mask_over_the_eyes_follows_the_augmented_picture")
    caught(test, lambda: monkeypatch.setattr(augment, "_relabelled", not_relabelled))


# --- degradations that leave the truth ----------------------------------------------------------

CHAIN = "data/test_degrade.py"


def one_place(chance: Rng) -> Rng:
    """Every picture takes the numbers of the first place."""
    return chance.at(np.zeros_like(chance.places))


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("normals", "noise:gaussian:0.1"),
        ("generators", "scratches:0.9"),
    ],
)
def test_the_same_noise_for_all_pictures(
    what: str, text: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A net learns it by heart and takes it away again: it sees the truth, and only here."""
    honest = getattr(Rng, what)

    def planted(self: Rng, *rest: Any) -> Any:
        return honest(one_place(self), *rest)

    plant = partial(monkeypatch.setattr, Rng, what, planted)
    caught(ours(CHAIN, "test_no_two_pictures_are_damaged_alike"), plant, text=text)


def test_measured_on_the_damage_that_was_learned(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "test_what_it_is_measured_on_is_damaged_otherwise_than_what_it_learns_from"
    plant = partial(monkeypatch.setattr, material, "_FIXED", "")
    caught(ours("training/test_options.py", name), plant)


# --- splits by order: neighbours are of one person, or of one film -------------------------------


def test_the_first_pictures_of_a_folder_are_held_out(
    ours: Ours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(23):
        Image.fromarray(np.full((16, 16, 3), number, np.uint8)).save(tmp_path / f"{number:02d}.png")

    def in_order(chance: Rng, _: str) -> np.ndarray:
        return chance.places

    test = ours("data/test_split.py", "test_what_is_held_out_is_spread_over_the_folder")
    caught(test, lambda: monkeypatch.setattr(Rng, "bits", in_order), folder=tmp_path)
