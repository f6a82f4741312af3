"""Two kinds of pictures in one folder, for recipes that draw one kind as the other.

The kinds are trainA and trainB, A and B, or two folders of any names that hold pictures, in the
order of their names. A testA or testB beside trainA and trainB is measured on (split.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from trombine.core.errors import InputError
from trombine.data.listing import is_picture
from trombine.data.source import parse, spell

_NAMES: Final = (("trainA", "trainB"), ("A", "B"))


def kinds_in(folder: Path) -> tuple[Path, Path] | None:
    """The folders of the two kinds, if there are two."""
    for pair in _NAMES:
        first, second = (folder / name for name in pair)
        if _has_pictures(first) and _has_pictures(second):
            return first, second
    if not folder.is_dir() or _has_pictures(folder):
        return None
    inside = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[:1] != ".")
    with_pictures = [path for path in inside if _has_pictures(path)]
    return (with_pictures[0], with_pictures[1]) if len(with_pictures) == 2 else None


def _has_pictures(folder: Path) -> bool:
    return folder.is_dir() and any(is_picture(path.name) for path in folder.iterdir())


def split_kinds(data: str, other: str) -> tuple[str, str]:
    """The specs of both kinds: `data` and `other`, or those of the folder that `data` names.

    `other` is empty where the user named none: of one kind alone nothing can be learned, and
    painting the other unasked would take long and be a surprise.
    """
    terms = parse(data)
    term = terms[0]
    found = (
        kinds_in(term.place) if len(terms) == 1 and term.kind in ("folder", "unpaired") else None
    )
    if found and other:
        kinds = " and ".join(path.name for path in found)
        problem = f"{data}: holds two kinds, {kinds}, and --other names another"
        raise InputError(problem, "leave --other out, or name one of them as --data")
    if found:
        first, second = (spell((replace(term, kind="folder", path=str(path)),)) for path in found)
        return first, second
    if not other:
        cure = "name a folder with trainA and trainB, or the other kind by --other"
        raise InputError(f"{data}: is one kind of pictures, and this recipe learns from two", cure)
    return data, other
