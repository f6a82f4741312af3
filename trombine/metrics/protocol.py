"""Under which conditions a number was measured: a frozen `Protocol`, known by its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final

CHOOSING_SEEDS: Final = range(1_000_000, 1_500_000)  # best checkpoint, thresholds, alarms
PROTOCOL_SEEDS: Final = range(1_500_000, 2_000_000)  # frozen protocols

_LATER: Final = ("task", "version")  # fields that came after the first hashes


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """All that a number depends on besides the method: frozen, and known by its hash."""

    name: str  # what people call it; not part of the hash
    pictures: str  # a source's spec, or the name of a public test set
    seeds: range  # of the pictures, and of all that is drawn for them
    size: int | None  # the side of the pictures in pixels; None: as they are
    degradations: tuple[str, ...]  # masks, factors, methods, rounding: in full
    measures: tuple[str, ...]
    public: bool = False  # public test pictures
    fingerprint: str = ""  # of the pictures' bytes, where they come from files
    task: str = ""  # what methods are compared at; "" where only one net is measured
    version: int = 0  # of what the names of the measures stand for

    def __post_init__(self) -> None:
        if not self.seeds and not self.public:
            raise ValueError("a protocol names the seeds of its pictures, or public pictures")
        if not self.measures:
            raise ValueError("a protocol names its measures")

    def canonical(self) -> dict[str, object]:
        """What is hashed, as plain JSON values."""
        fields: dict[str, object] = {"format": 1, **asdict(self)}
        del fields["name"]
        for name in _LATER:  # a protocol without them has the hash that it always had
            if not fields[name]:
                del fields[name]
        fields["seeds"] = [self.seeds.start, self.seeds.stop, self.seeds.step]
        return fields

    @property
    def hash(self) -> str:
        """12 hex digits, the same in every process and on every machine."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def describe(self) -> str:
        """One paragraph for people."""
        size = f" at {self.size} px" if self.size else ""
        seeds = ""
        if self.seeds:
            step = f" by {self.seeds.step}" if self.seeds.step != 1 else ""
            seeds = f", seeds {self.seeds[0]} to {self.seeds[-1]}{step} ({len(self.seeds)})"
        parts = [f"{self.pictures}{size}{seeds}", *self.degradations, ", ".join(self.measures)]
        return f"{self.name}: {'; '.join(parts)}. Protocol {self.hash}."
