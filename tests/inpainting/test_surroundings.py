"""Skin and hair that were painted, evened: towards what is seen, away from the rim, and no more."""

from __future__ import annotations

import torch

from trombine.core.conventions import PART_INDEX, PARTS
from trombine.inpainting.tints import evened

SIDE = 96
FAIR, GREY = torch.tensor([0.8, 0.6, 0.5]), torch.tensor([0.4, 0.4, 0.4])


def plane(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    made = left[:, None, None].expand(3, SIDE, SIDE).clone()
    made[:, :, SIDE // 2 :] = right[:, None, None]
    return made


def parts(name: str) -> torch.Tensor:
    likely = torch.zeros(len(PARTS), SIDE, SIDE)
    likely[PART_INDEX[name]] = 1
    return likely


def right_half() -> torch.Tensor:
    hidden = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    hidden[:, SIDE // 2 :] = True
    return hidden


def found(made: torch.Tensor, likely: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    return evened(made, plane(FAIR, torch.zeros(3)), hidden, likely)


def test_grey_skin_becomes_fair_away_from_the_rim() -> None:
    made, hidden = plane(FAIR, GREY), right_half()
    for name in ("skin", "hair"):
        result = found(made, parts(name), hidden)
        assert torch.equal(result[:, ~hidden], made[:, ~hidden]), "what is seen stays"
        far, near = result[:, SIDE // 2, -3], result[:, SIDE // 2, SIDE // 2]
        assert float((far - FAIR).abs().max()) < 0.03
        assert float((near - GREY).abs().max()) < 0.06
        steps = result[0, SIDE // 2, SIDE // 2 :].diff()
        assert bool((steps > -1e-6).all()) and float(steps.max()) < 0.04, "without a seam"


def test_a_shaded_side_stays_as_it_is() -> None:
    made = plane(FAIR, FAIR * 0.5)
    assert torch.equal(found(made, parts("skin"), right_half()), made)


def test_what_is_neither_skin_nor_hair_stays() -> None:
    made = plane(FAIR, GREY)
    for name in ("cloth", "left_eye", "background"):
        assert torch.equal(found(made, parts(name), right_half()), made)


def test_a_little_skin_says_nothing() -> None:
    """Of what is seen, or of what is hidden."""
    made, likely = plane(FAIR, GREY), parts("cloth")
    likely[PART_INDEX["skin"], :, SIDE // 2 :] = 1
    assert torch.equal(found(made, likely, right_half()), made)
    few = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    few[40:45, 60:66] = True
    assert torch.equal(found(made, parts("skin"), few), made)
    none = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    assert torch.equal(found(made, parts("skin"), none), made)
    assert torch.equal(found(made, parts("skin"), ~none), made)
