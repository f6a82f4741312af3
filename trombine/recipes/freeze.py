"""What `freeze` of a recipe spells: parts of a net that stand still, and until when.

What standing still means to a step is in training/steps.py; which parts a net has, it knows itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from trombine.provenance import shortened
from trombine.refusal import InputError
from trombine.texts import check_length

_MOST_DIGITS: Final = 12


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
        check_length(text, InputError)
        names, at, count = text.partition("@")
        parts = tuple(name.strip() for name in names.split("+"))
        digits = count.strip().replace("_", "")
        number = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
        if not all(parts) or (at and not (number and int(digits))):
            raise InputError(
                f"freeze is written PART+PART, or PART+PART@PICTURES to end it; not"
                f" {shortened(text)}"
            )
        return cls(parts=parts, until=int(digits) if at else None)

    def __str__(self) -> str:
        return " and ".join(self.parts)

    def holds(self, pictures: int) -> bool:
        """Whether the parts stand still after so many pictures."""
        return bool(self.parts) and (self.until is None or pictures < self.until)
