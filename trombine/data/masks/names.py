"""Names of parts of a face that a mask can cover, and the labels of each.

A name is one of the 8 groups, one of the 19 labels, or `face`: all but hair, ears and what is worn.
"""

from __future__ import annotations

from typing import Final

from trombine.conventions import GROUPS, PARTS

_GROUPED: Final = {
    group: tuple(i for i, part in enumerate(PARTS) if part.group == group) for group in GROUPS
}
_FACE: Final = ("skin", "nose", "eyes", "brows", "mouth")
_LABELLED: Final = {part.name: (i,) for i, part in enumerate(PARTS)}

LABELS: Final[dict[str, tuple[int, ...]]] = (
    # `mouth`, `nose`, `hair` and `skin` are groups too, and the group is meant.
    _LABELLED | _GROUPED | {"face": tuple(i for group in _FACE for i in _GROUPED[group])}
)
PART_NAMES: Final = tuple(LABELS)
USUAL: Final = ("eyes", "mouth", "nose", "brows", "hair", "face")  # when none is named
