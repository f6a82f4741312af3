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
from trombine.objectives.objective import Objective

_TEST: Final = SPLITS.index("test")


@final
@dataclass(frozen=True, kw_only=True)
class Share:
    """What becomes of the pictures of one term."""

    spec: str
    learned: int
    measured: int
    unused: int  # pictures for tests that are neither learned from nor measured on

    def __str__(self) -> str:
        rest = f", {self.unused:,} for tests left alone" if self.unused else ""
        return f"{self.spec}: {self.learned:,} to learn from, {self.measured:,} to measure on{rest}"


def shares_of(learned: Source, measured: Source) -> list[Share]:
    """The share of each term, from the sources to learn from and to measure on."""
    return [
        Share(spec=a.spec, learned=len(a), measured=len(b), unused=_unused(a, b))
        for a, b in zip(terms_of(learned), terms_of(measured), strict=True)
    ]


def warnings(objective: Objective[Any], learned: Source) -> Iterator[str]:
    """One line for each odd thing about the pictures to learn from."""
    if learned.paired and not objective.pairs:
        yield f"{learned.spec}: is of pairs, and this recipe learns from their first side alone"
    for spec in [term.spec for term in terms_of(learned)]:
        if parse(spec)[0].split == SPLITS[_TEST]:
            yield (
                f"{spec}: learns from pictures that are for tests; judge what comes of it by others"
            )


def terms_of(source: Source) -> tuple[Source, ...]:
    """The sources of a mix, or the one that is none."""
    return source.sources if isinstance(source, MixedSource) else (source,)


def _unused(learned: Source, measured: Source) -> int:
    """How many pictures for tests of the common source are in neither part."""
    source = learned
    while isinstance(source, Subset):
        source = source.source
    used = _tests(learned) + (_tests(measured) if isinstance(measured, Subset) else 0)
    return max(0, _tests(source) - used)


def _tests(source: Source) -> int:
    return 0 if source.splits is None else int((source.splits == _TEST).sum())
