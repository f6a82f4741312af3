"""Bugs of training loops that misled people: planted again, and caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from trombine.losses.objective import Step, Terms
from trombine.losses.terms import TERMS
from trombine.nets.frozen import frozen
from trombine.training import step as steps
from trombine.training.methods.restore import RestoreObjective

Ours = Callable[[str, str], Callable[..., None]]
RECIPES = "conformance/test_recipes.py"


def caught(test: Callable[..., None], plant: Callable[[], None], **given: Any) -> None:
    """The test passes as things are, and fails once the bug is planted."""
    test(**given)
    plant()
    with pytest.raises(AssertionError):
        test(**given)


# --- a detach that cuts a term off --------------------------------------------------------------


def cut_off(objective: RestoreObjective, step: Step) -> Terms:
    """The reconstruction is compared after .detach(): its curve falls, and it teaches nothing."""
    made, truth = objective.damaging.output(step), step.pictures()
    found = {name: TERMS[name](made, truth) for name in objective.weights if name in TERMS}
    return {**found, "l1": TERMS["l1"](made.detach(), truth)}


def test_a_detach_that_made_a_reconstruction_term_inert(
    ours: Ours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    test = ours(RECIPES, "test_each_term_by_itself_moves_the_nets_that_learn")
    caught(
        test,
        lambda: monkeypatch.setattr(RestoreObjective, "terms", cut_off),
        case="cleaner",
        tmp_path=tmp_path,
    )


# --- batch norm that moves while frozen ---------------------------------------------------------


def only_parameters(*, batch_statistics: bool) -> Callable[..., AbstractContextManager[None]]:
    """requires_grad_(False), as everybody writes it: the statistics go on counting.

    Of `frozen` with the batch's statistics, or of `frozen` without them; the other is as it is.
    """

    @contextmanager
    def planted(*nets: nn.Module, batch_statistics: bool = False) -> Iterator[None]:
        for net in nets:
            net.requires_grad_(False)
        yield
        for net in nets:
            net.requires_grad_()

    def chosen(*nets: nn.Module, **options: bool) -> AbstractContextManager[None]:
        is_it = options.get("batch_statistics", False) == batch_statistics
        return (planted if is_it else frozen)(*nets, **options)

    return chosen


def test_a_frozen_discriminator_whose_statistics_move(
    ours: Ours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    test = ours(RECIPES, "test_a_phase_trains_what_it_says_and_nothing_else")
    planted = only_parameters(batch_statistics=True)
    plant = partial(monkeypatch.setattr, steps, "frozen", planted)
    caught(test, plant, case="dcgan", tmp_path=tmp_path)


def test_frozen_parts_whose_statistics_move(
    ours: Ours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A frozen body that has the statistics of the new pictures."""
    test = ours("training/test_start.py", "test_what_is_frozen_stands_still_and_all_else_moves")
    plant = partial(monkeypatch.setattr, steps, "frozen", only_parameters(batch_statistics=False))
    caught(test, plant, case="srresnet", tmp_path=tmp_path)


def test_what_a_phase_holds_still_and_whose_statistics_move(
    ours: Ours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    test = ours(RECIPES, "test_a_phase_trains_what_it_says_and_nothing_else")
    plant = partial(monkeypatch.setattr, steps, "frozen", only_parameters(batch_statistics=False))
    caught(test, plant, case="reader", tmp_path=tmp_path)
