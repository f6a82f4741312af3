"""Pictures before and after: those of input/ and target/ that have the same name are pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from trombine.data.listing import Layout, Listing, Record, View, listed, pictures_in

_SIDES: Final = ("input", "target")


def _list(path: Path, home: Path) -> Listing:
    """input and target: the same names in both are pairs, from what is given to what is wanted"""
    theirs = {Path(name).stem: name for name in pictures_in(path / _SIDES[1])}
    names = pictures_in(path / _SIDES[0])
    both = [(name, theirs[Path(name).stem]) for name in names if Path(name).stem in theirs]
    splits = listed(path, [name for name, _ in both])
    records = [
        Record(
            sides=(View(picture=f"input/{first}"), View(picture=f"target/{second}")),
            split=splits.get(first, -1),
        )
        for first, second in both
    ]
    return Listing(records=records, lost=len(names) + len(theirs) - 2 * len(both))


PAIRS: Final = Layout(
    lambda path: path if all((path / side).is_dir() for side in _SIDES) else None, _list
)
