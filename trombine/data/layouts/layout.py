"""What a layout is: how a folder of it is recognised, and how its pictures are listed.

The layouts themselves are in the files beside, by family; __init__.py has the table of them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from trombine.data.listing import Listing
from trombine.refusal import InputError


@final
@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way in which a set of pictures comes as a folder."""

    name: str
    about: str  # one line, for people
    recognise: Callable[[Path], bool]  # looks for a few files; never walks through all
    list: Callable[[Path], Listing]  # raises InputError for what is missing


def lacking(path: Path, layout: str, cure: str) -> InputError:
    """What to raise where a folder that is said to be of a layout lacks what the layout needs."""
    return InputError(f"is not there, and {layout} needs it", cure, path=path)
