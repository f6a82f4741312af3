"""Runs that tests write themselves, without a training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trombine.runs.folder import RunFolder


def new_run(path: Path, recipe: Mapping[str, Any]) -> RunFolder:
    """A run that has begun, with this recipe.json."""
    folder = RunFolder(path)
    folder.write_recipe(recipe)
    return folder
