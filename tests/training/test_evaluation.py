"""Whose a model is, by the pictures that it has learned from."""

from __future__ import annotations

import pytest

from trombine.training.evaluation import licence_of


@pytest.mark.parametrize(
    ("specs", "licence"),
    [
        (["leaves"], "MIT"),
        (["world:photo#40"], "MIT"),
        (["world:photo*0.7+leaves#9*0.3", "world:anime"], "MIT"),
        (["folder:faces"], ""),
        (["pack:faces"], ""),
        (["leaves+folder:faces"], ""),
        (["world:photo", "folder:faces"], ""),
        (["folder:leaves"], ""),
    ],
    ids=str,
)
def test_only_what_trombine_has_painted_is_its_own(specs: list[str], licence: str) -> None:
    assert licence_of(specs) == licence
