"""`data prepare`: what its help says; what it does is in tests/data/."""

from __future__ import annotations

import trombine
from trombine.data.layouts import LAYOUTS


def test_the_help_of_as_names_every_layout() -> None:
    text = trombine.data_prepare.__doc__ or ""
    said = text.partition("    as_\n")[2].partition("    choose")[0]
    assert set(LAYOUTS) <= set(said.replace(".", " ").replace(",", " ").split())
