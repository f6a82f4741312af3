"""What a run is computed with: what is chosen, and what this machine has not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trombine.core.computing import cores
from trombine.core.errors import InputError
from trombine.training.machine import MOST_THREADS, choose, usual_threads
from trombine.training.methods import find


def test_threads_are_half_of_the_cores_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = find("cleaner")
    for here, usual in ((1, 1), (2, 1), (5, 2), (8, 4), (64, MOST_THREADS)):
        monkeypatch.setattr("trombine.training.machine.cores", lambda here=here: here)
        assert usual_threads() == choose(recipe).threads == usual
        assert choose(replace(recipe, threads=here)).threads == here


def test_more_threads_than_cores_are_refused() -> None:
    """They would wait for each other; a step then takes minutes."""
    recipe, most = find("upscale-fast-x2"), cores()
    with pytest.raises(InputError) as caught:
        choose(replace(recipe, threads=most + 1))
    assert str(caught.value) == (
        f"{most + 1} threads are asked for, and this machine has {most} cores;"
        f" give --threads {most} or fewer"
    )
