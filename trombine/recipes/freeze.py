"""What `freeze` of a recipe spells: parts of a net that stand still, and until when.

What standing still means to a step is in training/steps.py; which parts a net has, it knows itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from trombine.core.errors import InputError, shortened
from trombine.core.grammar import pieces

_UNTIL: Final = {"@": r"\s*(?:_*[0-9]){1,12}_*\s*"}


@final
@dataclass(frozen=True, kw_only=True)
class Freeze:
    """Parts by name, and how many pictures are seen when they move again."""

    parts: tuple[str, ...] = ()
    until: int | None = None  # None: never

    @classmethod
    def parse(cls, text: str) -> Freeze:
        """The parts that `head+body` or `head+body@50000` spells; of "" none."""
        if not text:
            return cls()
        found = pieces(text, _UNTIL)
        parts, count = tuple(piece.body.strip() for piece in found), found[-1].marks["@"]
        until = int(count.replace("_", "")) if count else None
        if not all(parts) or any("@" in part for part in parts) or until == 0:
            raise InputError(
                f"freeze is written PART+PART, or PART+PART@PICTURES to end it; not"
                f" {shortened(text)}"
            )
        return cls(parts=parts, until=until)

    def __str__(self) -> str:
        return " and ".join(self.parts)

    def holds(self, pictures: int) -> bool:
        """Whether the parts stand still after so many pictures."""
        return bool(self.parts) and (self.until is None or pictures < self.until)
