"""Whether the paths of a spec are there, and what was probably meant where one is not.

It is asked before anything is painted. How a spec is read is in spec.py; what is in a folder or a
pack is looked at when source.py opens it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from trombine.data.columns import SPLITS
from trombine.data.pack import part_of
from trombine.data.spec import Term, is_there, parse, quoted_hint
from trombine.refusal import InputError, shown

_COUNTED: Final = re.compile(r"(.+)(#\d+)")


def check_paths(spec: str) -> None:
    """Raise InputError for the first path of a spec that is not there."""
    for term in parse(spec):
        if term.path and term.kind != "hub" and not _is_there_or_begun(term.path):
            path = Path(term.path)
            cure = quoted_hint(spec, term.kind, term.path) or _cure(term)
            if term.kind == "pack":
                raise InputError("does not exist", cure, path=path)
            raise InputError("is not a folder", cure, path=path)


def _is_there_or_begun(path: str) -> bool:
    return is_there(path) or is_there(str(part_of(Path(path))))


def _cure(term: Term) -> str:
    """What to write in place of a path whose end was meant to say something."""
    path, _, use = term.path.rpartition("@")
    if is_there(path):
        return f"write @{', @'.join(SPLITS[:-1])} or @{SPLITS[-1]}, for @{shown(use)} is no use"
    late = _COUNTED.fullmatch(term.path)
    if late and term.split and is_there(late[1]):
        return f"@ comes before #: write {term.kind}:{shown(late[1])}@{term.split}{late[2]}"
    return "check the name"
