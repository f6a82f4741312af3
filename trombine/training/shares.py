"""How many pictures of each term are learned from and measured on, and what is left unused.

Which they are is chosen in data/split.py; here it is only counted and said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, final

from trombine.data.columns import SPLITS
from trombine.data.source import MixedSource, Source
from trombine.data.spec import parse
from trombine.data.split import Subset
from trombine.events import Event, Notice
from trombine.objectives.objective import Objective
from trombine.refusal import shown
from trombine.training.material import Material

_TEST: Final = SPLITS.index("test")


@final
@dataclass(frozen=True, kw_only=True)
class Share:
    """What becomes of the pictures of one term."""

    spec: str
    learned: int
    measured: int
    left: int  # of those that are for tests, as many as neither learns nor measures

    def __str__(self) -> str:
        left = f", {self.left:,} for tests left alone" if self.left else ""
        return f"{self.spec}: {self.learned:,} to learn from, {self.measured:,} to measure on{left}"


def shares(learned: Source, measured: Source) -> list[Share]:
    """One for each term, from what of them is learned from and what is measured on."""
    return [
        Share(spec=one.spec, learned=len(one), measured=len(two), left=_left(one, two))
        for one, two in zip(terms_of(learned), terms_of(measured), strict=True)
    ]


def remarks(objective: Objective[Any], learned: Source) -> Iterator[str]:
    """What is odd about these pictures, each in a line."""
    if learned.paired and not objective.pairs:
        yield f"{learned.spec}: is of pairs, and this recipe learns from their first side alone"
    for spec in [term.spec for term in terms_of(learned)]:
        if parse(spec)[0].split == SPLITS[_TEST]:
            yield (
                f"{spec}: learns from pictures that are for tests; judge what comes of it by others"
            )


def notices(objective: Objective[Any], material: Material) -> Iterator[Event]:
    """All of it, as a run says it when it begins."""
    for stream, learned in material.learned.items():
        found = shares(learned, material.measured[stream])
        for line in ("; ".join(map(str, found)), *remarks(objective, learned)):
            yield Notice(None, shown(line))


def terms_of(source: Source) -> tuple[Source, ...]:
    """The sources of a mix, or the one that is none."""
    return source.sources if isinstance(source, MixedSource) else (source,)


def _left(learned: Source, measured: Source) -> int:
    """How many pictures of what these are parts of are for tests, and in neither."""
    whole = learned
    while isinstance(whole, Subset):
        whole = whole.source
    used = _tests(learned) + (_tests(measured) if isinstance(measured, Subset) else 0)
    return max(0, _tests(whole) - used)


def _tests(source: Source) -> int:
    return 0 if source.splits is None else int((source.splits == _TEST).sum())
