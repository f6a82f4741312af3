"""What a run tells: curves, the best, alarms, state and cost, read from its log and its clock.

Each line is a JSON object with its `kind` and the `pictures` seen until then:

    start      model, hash, taken and fresh (tensors), where the net begins with another's weights
    train      values: PHASE/TERM, PHASE/total, PHASE/gradient, curve/NAME, rate, weight/TERM
    measure    values by measure, protocol (its hash), best (whether it was the best so far)
    phase      phase, what (began, ended), why
    alarm      alarm, text, did (warned, rolled back to N, stopped)
    rollback   to (pictures), rollbacks (how many so far)
    change     settings: those it goes on with, where they are others than before
    end        nothing more: all pictures are seen

and each line of the clock has event, pictures, seconds, cpu, gpu, processes, when. training/ writes
them; here they are only read, and a line that says less than expected is no error. How it looks is
in page.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from trombine.runs.folder import Entry, RunFolder, mapping, numbered

RUNNING: Final = "running"
FINISHED: Final = "finished"
ALARMED: Final = "stopped by an alarm"
STOPPED: Final = "stopped"

TOTAL, GRADIENT = "total", "gradient"  # what a phase has beside its terms
_PROGRESS: Final = ("train", "measure", "phase", "end")  # lines that say how far it is
_STAYING: Final = ("alarm", "change")  # lines that no rollback takes back


@dataclass(frozen=True)
class Curve:
    """Finite values over pictures seen."""

    pictures: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


Curves = dict[str, Curve]


@dataclass(frozen=True, kw_only=True)
class BestResult:
    """The best that was measured."""

    pictures: int
    measure: str
    value: float
    protocol: str


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What all processes that trained this run took together, killed ones too."""

    pictures: int = 0  # computed, those that were lost and computed again among them
    seconds: float = 0.0  # wall
    cpu: float = 0.0  # seconds
    gpu: float = 0.0  # seconds
    starts: int = 0  # how often it was begun or resumed
    last: str = ""  # when it was last heard of, ISO 8601


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What the files of a run tell of it."""

    name: str
    recipe: Mapping[str, Any]  # recipe.json; {} where there is none
    state: str
    pictures: int  # seen
    curves: Curves  # of training, by the name in the log
    measures: dict[str, Curves]  # by protocol, then by measure
    best: BestResult | None  # the model that is kept
    bests: dict[str, BestResult]  # by protocol, the newest last
    phases: tuple[Entry, ...]
    alarms: tuple[Entry, ...]
    changes: tuple[Entry, ...]  # of settings
    cost: Cost

    @property
    def settings(self) -> Mapping[str, Any]:
        """The resolved recipe."""
        return mapping(self.recipe.get("settings"))

    @property
    def goal(self) -> int | None:
        """How many pictures it is to see."""
        return pictures_of(self.settings.get("pictures")) or None

    @property
    def command(self) -> str:
        """What goes on with it."""
        return str(self.recipe.get("command") or "")


def read(folder: RunFolder) -> RunSummary:
    """What the files of a run tell, of one that has hardly begun too."""
    recipe = folder.read_recipe() if folder.exists else {}
    entries = effective_entries(folder.entries())
    measures = _measures(entries)
    bests = _bests(entries, _chief(recipe))
    return RunSummary(
        name=folder.name,
        recipe=recipe,
        state=_state(folder, entries),
        pictures=_progress(folder, entries),
        curves=_curves(entry for entry in entries if entry.get("kind") == "train"),
        measures=measures,
        best=next(reversed(bests.values()), None),
        bests=bests,
        phases=_of_kind(entries, "phase"),
        alarms=_of_kind(entries, "alarm"),
        changes=_of_kind(entries, "change"),
        cost=cost(folder.clock_entries()),
    )


def by_phase(curves: Iterable[str]) -> dict[str, list[str]]:
    """The names of the phases' terms, the total first; gradients, rates and the like are none."""
    groups: dict[str, list[str]] = {}
    for name in sorted(curves, key=lambda name: not name.endswith(f"/{TOTAL}")):
        phase, _, term = name.rpartition("/")
        kind = phase.partition("/")[0]
        if phase and term != GRADIENT and kind not in ("curve", "weight", "rate"):
            groups.setdefault(phase, []).append(name)
    return dict(sorted(groups.items()))


def effective_entries(entries: Iterable[Entry]) -> list[Entry]:
    """The course that counts: a rollback takes back what was trained since, but no alarm, and no
    change of the settings."""
    course: list[Entry] = []
    for entry in entries:
        if entry.get("kind") == "rollback":
            to = pictures_of(entry.get("to"))
            course = [e for e in course if e.get("kind") in _STAYING or _pictures(e) <= to]
        course.append(entry)
    return course


def cost(clock: Iterable[Entry]) -> Cost:
    """The sum over processes; the last line of one that was killed is its last tick."""
    sessions: list[list[Entry]] = []
    for entry in clock:
        if entry.get("event") in ("started", "resumed") or not sessions:
            sessions.append([])
        sessions[-1].append(entry)
    return Cost(
        pictures=sum(_computed(session) for session in sessions),
        seconds=_summed(sessions, "seconds"),
        cpu=_summed(sessions, "cpu"),
        gpu=_summed(sessions, "gpu"),
        starts=len(sessions),
        last=str(sessions[-1][-1].get("when", "")) if sessions else "",
    )


def _computed(session: list[Entry]) -> int:
    """Pictures a process went through: steps forward count, a rollback does not."""
    counts = [_pictures(entry) for entry in session]
    return sum(max(0, later - earlier) for earlier, later in pairwise(counts))


def _summed(sessions: list[list[Entry]], name: str) -> float:
    """The sum of the largest number of each session: within one, the clocks only go forward."""
    return sum(max(_number(entry.get(name)) or 0.0 for entry in session) for session in sessions)


def _state(folder: RunFolder, entries: list[Entry]) -> str:
    clock = folder.clock_entries()
    ended = bool(clock) and clock[-1].get("event") in ("stopped", "ended")
    if folder.is_running and not ended:  # the last page is written before the lock is let go
        return RUNNING
    ends = [e for e in entries if e.get("kind") in ("end", "alarm", "train")]
    last = ends[-1] if ends else {}
    if last.get("kind") == "end":
        return FINISHED
    alarmed = last.get("kind") == "alarm" and str(last.get("did", "")).startswith("stopped")
    return ALARMED if alarmed else STOPPED


def _progress(folder: RunFolder, entries: list[Entry]) -> int:
    """How far it is: a checkpoint may be newer than the last line of the log."""
    logged = (_pictures(entry) for entry in entries if entry.get("kind") in _PROGRESS)
    saved = (numbered(folder.checkpoints, suffix) for suffix in (".safetensors", ".timed"))
    return max(*(number for files in saved for number in files), *logged, 0, 0)


def _curves(entries: Iterable[Entry]) -> Curves:
    curves: Curves = {}
    for entry in entries:
        pictures = _pictures(entry)
        for name, value in mapping(entry.get("values")).items():
            if (number := _number(value)) is not None:
                curve = curves.setdefault(name, Curve())
                curve.pictures.append(pictures)
                curve.values.append(number)
    return curves


def _measures(entries: list[Entry]) -> dict[str, Curves]:
    """Measures by protocol, in the order in which the protocols came."""
    by_protocol = defaultdict[str, list[Entry]](list)
    for entry in _of_kind(entries, "measure"):
        by_protocol[str(entry.get("protocol") or "")].append(entry)
    return {protocol: _curves(lines) for protocol, lines in by_protocol.items()}


def _bests(entries: list[Entry], chief: str) -> dict[str, BestResult]:
    """The last that was called best under each protocol, for it beat those before it; by the chief
    measure, where it has that."""
    bests: dict[str, BestResult] = {}
    for entry in _of_kind(entries, "measure"):
        values = _curves([entry])
        if entry.get("best") is not True or not values:
            continue
        protocol = str(entry.get("protocol") or "")
        measure = chief if chief in values else next(iter(values))
        bests.pop(protocol, None)  # the newest last
        bests[protocol] = BestResult(
            pictures=_pictures(entry),
            measure=measure,
            value=values[measure].values[0],
            protocol=protocol,
        )
    return bests


def _chief(recipe: Mapping[str, Any]) -> str:
    """The measure by which the best is kept, as far as the recipe names it."""
    resolved, settings = mapping(recipe.get("resolved")), mapping(recipe.get("settings"))
    return str(resolved.get("best") or settings.get("best") or "")


def _of_kind(entries: list[Entry], kind: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.get("kind") == kind)


def _pictures(entry: Entry) -> int:
    return pictures_of(entry.get("pictures"))


def pictures_of(value: object) -> int:
    """A count of pictures; 0 where there is none."""
    return int(_number(value) or 0)


def _number(value: object) -> float | None:
    """A number; None for null, which stands for one that is not finite."""
    return float(value) if isinstance(value, int | float) else None
