"""Skin and hair that were painted, evened: towards what is seen, away from the rim, and no more."""

from __future__ import annotations

import torch

from trombine.core.conventions import PART_INDEX, PARTS
from trombine.inpainting.surroundings import evened

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


def test_all_else_stays() -> None:
    """A shaded side, what is neither skin nor hair, and where too little is seen or hidden."""
    made, hidden, mixed = plane(FAIR, GREY), right_half(), parts("cloth")
    mixed[PART_INDEX["skin"], :, SIDE // 2 :] = 1
    few = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    few[40:45, 60:66] = True
    for one, likely, where in (
        (plane(FAIR, FAIR * 0.5), parts("skin"), hidden),
        *((made, parts(name), hidden) for name in ("cloth", "left_eye", "background")),
        (made, mixed, hidden),
        (made, parts("skin"), few),
        (made, parts("skin"), few & ~few),
        (made, parts("skin"), few | ~few),
    ):
        assert torch.equal(found(one, likely, where), one)
