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
from trombine.data import augment
from trombine.data.degrade import Chain, Marked
from trombine.data.masks import DrawnMask, draw, shapes
from trombine.data.masks.spec import LABELS
from trombine.training import material

Ours = Callable[[str, str], Callable[..., None]]


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


@pytest.mark.parametrize("text", ["mirror", "zoom:0.8-1.2+shift:0.05+mirror+rotate:25"])
@pytest.mark.parametrize("name", FORGOTTEN)
def test_an_augmentation_that_forgets_the_truth(
    name: str, text: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures were zoomed and mirrored in training, and their segmentation stayed as it was."""
    test = ours("oracles/test_augment.py", "test_landmarks_stay_with_the_parts")
    test(text=text)
    monkeypatch.setattr(augment, name, FORGOTTEN[name])
    with pytest.raises(AssertionError):
        test(text=text)


# --- the two polarities of masks, and masks of something else -----------------------------------


def caught(test: Callable[..., None], plant: Callable[[], None], **given: Any) -> None:
    """The test passes as things are, and fails once the bug is planted."""
    test(**given)
    plant()
    with pytest.raises(AssertionError):
        test(**given)


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


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("files", "test_white_is_the_hole_unless_it_is_inverted"),
        ("inverted", "test_white_is_the_hole_unless_it_is_inverted"),
        ("nvidia:training", "test_its_training_masks_are_grown_and_turned"),
    ],
)
def test_one_loader_takes_the_hole_for_what_is_kept(
    family: str,
    name: str,
    ours: Ours,
    monkeypatch: pytest.MonkeyPatch,
    folder: Callable[..., Path],
) -> None:
    """Sets of masks come in both polarities; a net that got the wrong one copied its input."""
    honest = draw.draw_file

    def planted(of: str, *rest: Any) -> np.ndarray:
        hole = honest(of, *rest)
        return ~hole if of == family else hole

    plant = partial(monkeypatch.setattr, draw, "draw_file", planted)
    caught(ours("data/masks/test_files.py", name), plant, folder=folder)


def test_masks_are_written_in_black(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = DrawnMask.pixels.fget
    assert honest is not None
    black = property(lambda drawn: 255 - honest(drawn))
    test = ours("data/masks/test_draw.py", "test_a_mask_is_the_same_alone_and_in_a_mix")
    caught(test, lambda: monkeypatch.setattr(DrawnMask, "pixels", black))


def kept(*given: Any, **named: Any) -> torch.Tensor:
    """1 where the picture is kept."""
    return 1 - draw.draw_masks(*given, **named)


def of_the_first(*given: Any, parts: np.ndarray, **named: Any) -> torch.Tensor:
    """All masks over the parts of the first picture."""
    return draw.draw_masks(*given, parts=np.repeat(parts[:1], len(parts), 0), **named)


@pytest.mark.parametrize("planted", [kept, of_the_first])
def test_masks_of_a_batch_that_are_not_its_own(
    planted: Any, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours("data/masks/test_draw.py", "test_parts_are_those_of_each_picture")
    caught(test, lambda: monkeypatch.setitem(test.__globals__, "draw_masks", planted))


@pytest.mark.parametrize("name", ["left_eye", "right_brow", "mouth", "lower_lip", "eyes"])
def test_a_name_that_means_the_label_beside_it(
    name: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mask over the wrong channel of the segmentation, as in record 000."""
    beside = tuple(label + 1 for label in LABELS[name])
    test = ours("data/masks/test_families.py", "test_names_of_parts")
    caught(test, lambda: monkeypatch.setitem(LABELS, name, beside))


def test_a_mask_over_another_label_than_is_named(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = shapes._hole_of

    def planted(labels: np.ndarray, names: Any) -> Any:
        return honest(labels + np.uint8(1), names)

    test = ours("data/masks/test_families.py", "test_a_part_is_the_part_grown_by_its_margin")
    caught(test, lambda: monkeypatch.setattr(shapes, "_hole_of", planted), name="nose")


def test_a_mask_over_the_eyes_of_the_picture_as_it_was(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours(
        "data/masks/test_draw.py", "test_a_mask_over_the_eyes_follows_the_augmented_picture"
    )
    caught(test, lambda: monkeypatch.setattr(augment, "_relabelled", not_relabelled))


# --- degradations that leave the truth ----------------------------------------------------------

CHAIN = "data/degrade/test_chain.py"


def unchanged(_chain: Chain, pictures: torch.Tensor, _chance: Rng) -> Marked:
    """The answer is the question: a perfect score, and nothing learned."""
    return Marked(pictures=pictures, damaged=torch.zeros_like(pictures[:, :1]))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("test_a_chain_of_one_term_is_the_function", {}),
        ("test_each_picture_seed_and_rollback_draws_anew", {"text": "jpeg:20-60"}),
    ],
)
def test_a_chain_that_changes_nothing(
    name: str, given: dict[str, str], ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = partial(monkeypatch.setattr, Chain, "marked", unchanged)
    caught(ours(CHAIN, name), plant, **given)


def one_place(chance: Rng) -> Rng:
    """Every picture takes the numbers of the first place."""
    return chance.at(np.zeros_like(chance.places))


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("normals", "noise:gaussian:0.1"),
        ("normals", "noise:grey:0.1"),
        ("generators", "noise:poisson:40"),
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


def test_noise_by_the_place_in_the_batch(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every batch has the same noise, and a slice of it another."""
    honest = Rng.normals

    def planted(self: Rng, *rest: Any) -> np.ndarray:
        return honest(self.at(np.arange(len(self.places))), *rest)

    test = ours(CHAIN, "test_a_picture_is_degraded_the_same_whatever_its_batch")
    plant = partial(monkeypatch.setattr, Rng, "normals", planted)
    caught(test, plant, text="noise:gaussian:0.05-0.1")


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
