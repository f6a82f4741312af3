"""What a run tells: curves, the best, alarms, state and cost, read from its log and its clock.

Each line is a JSON object with its `kind` and the `pictures` seen until then:

    start      model, hash, taken and fresh (tensors), where the net begins with another's weights
    train      values: PHASE/TERM, PHASE/total, PHASE/gradient, curve/NAME, rate, weight/TERM
    measure    values by measure, protocol (its hash), best (whether it was the best so far)
    phase      phase, what (began, ended), why
    alarm      alarm, text, did (warned, stopped)
    end        nothing more: all pictures are seen

and each line of the clock has event, pictures, seconds, cpu, gpu, processes, when. training/ writes
them; here they are only read, and a line that says less than expected is no error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trombine.core.texts import counted, duration
from trombine.runs.folder import Entry, RunFolder, mapping, numbered

RUNNING: Final = "running"
FINISHED: Final = "finished"
ALARMED: Final = "stopped by an alarm"
STOPPED: Final = "stopped"

GRADIENT: Final = "gradient"  # what a phase has beside its terms and their total
_PROGRESS: Final = ("train", "measure", "phase", "end")  # lines that say how far it is
# Measures for which lower is better, as the objectives say (tests/runs/test_page.py).
LOWER_IS_BETTER: Final = frozenset(
    (
        *("edges", "features", "loss", "points", "size", "distance", "there and back"),
        "sliced distance",  # of older runs
    )
)


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

    def __str__(self) -> str:
        return f"{self.measure} {short(self.value)} {unit_of(self.measure)}".rstrip()


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
    entries: list[Entry]  # the lines of the log
    curves: Curves  # of training, by the name in the log
    measures: Curves  # under the newest protocol, by measure
    best: BestResult | None  # the model that is kept
    cost: Cost

    @property
    def settings(self) -> Mapping[str, Any]:
        """The resolved recipe."""
        return mapping(self.recipe.get("settings"))

    @property
    def goal(self) -> int | None:
        """How many pictures it is to see."""
        return pictures_of(self.settings) or None

    @property
    def command(self) -> str:
        """What goes on with it."""
        return str(self.recipe.get("command") or "")

    @property
    def title(self) -> str:
        """`upscale-x2`, or `wide: upscale-x2` where the run is called otherwise than its recipe."""
        recipe = str(self.recipe.get("recipe") or "")
        return f"{self.name}: {recipe}" if recipe and recipe != self.name else self.name

    @property
    def progress(self) -> str:
        """`12,800 of 200,000 pictures seen`; the last batch may reach beyond what was asked."""
        of = f" of {self.goal:,}" if self.goal and self.goal >= self.pictures else ""
        return f"{self.pictures:,}{of} pictures seen"

    @property
    def how(self) -> str:
        """The state, and which alarm it was."""
        if self.state != ALARMED:
            return self.state
        return f"{ALARMED} ({self.of_kind('alarm')[-1].get('alarm', 'unnamed')})"

    def of_kind(self, kind: str) -> list[Entry]:
        """The lines of this kind."""
        return [entry for entry in self.entries if entry.get("kind") == kind]


def read(folder: RunFolder) -> RunSummary:
    """What the files of a run tell, of one that has hardly begun too."""
    recipe = folder.read_recipe() if folder.exists else {}
    entries, clock = folder.entries(), folder.clock_entries()
    measured = [entry for entry in entries if entry.get("kind") == "measure"]
    protocol = measured[-1].get("protocol") if measured else None
    measured = [entry for entry in measured if entry.get("protocol") == protocol]
    resolved, settings = mapping(recipe.get("resolved")), mapping(recipe.get("settings"))
    return RunSummary(
        name=folder.name,
        recipe=recipe,
        state=_state(folder, entries, clock),
        pictures=_progress(folder, entries),
        entries=entries,
        curves=_curves(entry for entry in entries if entry.get("kind") == "train"),
        measures=_curves(measured),
        best=_best(measured, str(resolved.get("best") or settings.get("best") or "")),
        cost=cost(clock),
    )


def cost(clock: Iterable[Entry]) -> Cost:
    """The sum over processes; the last line of one that was killed is its last tick."""
    sessions: list[list[Entry]] = []
    for entry in clock:
        if entry.get("event") in ("started", "resumed") or not sessions:
            sessions.append([])
        sessions[-1].append(entry)
    counts = [[pictures_of(entry) for entry in session] for session in sessions]
    return Cost(
        pictures=sum(count[-1] - count[0] for count in counts),
        seconds=_summed(sessions, "seconds"),
        cpu=_summed(sessions, "cpu"),
        gpu=_summed(sessions, "gpu"),
        starts=len(sessions),
        last=str(sessions[-1][-1].get("when", "")) if sessions else "",
    )


def _summed(sessions: list[list[Entry]], name: str) -> float:
    """The sum of the largest number of each session: within one, the clocks only go forward."""
    return sum(max(_number(entry.get(name)) or 0.0 for entry in session) for session in sessions)


def _state(folder: RunFolder, entries: list[Entry], clock: list[Entry]) -> str:
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
    logged = (pictures_of(entry) for entry in entries if entry.get("kind") in _PROGRESS)
    saved = (numbered(folder.checkpoints, suffix) for suffix in (".safetensors", ".timed"))
    return max(*(number for files in saved for number in files), *logged, 0, 0)


def _curves(entries: Iterable[Entry]) -> Curves:
    curves: Curves = {}
    for entry in entries:
        for name, value in mapping(entry.get("values")).items():
            if (number := _number(value)) is not None:
                curve = curves.setdefault(name, Curve())
                curve.pictures.append(pictures_of(entry))
                curve.values.append(number)
    return curves


def _best(measured: list[Entry], chief: str) -> BestResult | None:
    """The last that was called best, for it beat those before it; by the chief measure."""
    for entry in reversed(measured):
        values = _curves([entry])
        if entry.get("best") is True and values:
            measure = chief if chief in values else next(iter(values))
            return BestResult(
                pictures=pictures_of(entry),
                measure=measure,
                value=values[measure].values[0],
                protocol=str(entry.get("protocol") or ""),
            )
    return None


def pictures_of(entry: Mapping[str, Any]) -> int:
    """The count of pictures; 0 where there is none."""
    return int(_number(entry.get("pictures")) or 0)


def _number(value: object) -> float | None:
    """A number; None for null, which stands for one that is not finite."""
    return float(value) if isinstance(value, int | float) else None


# In words


def unit_of(measure: str) -> str:
    """`dB`, or nothing."""
    return "dB" if "PSNR" in measure or measure == "steered" else ""


def unit_and_direction(measure: str) -> str:
    """`dB, higher is better`."""
    better = f"{'lower' if measure in LOWER_IS_BETTER else 'higher'} is better"
    return f"{unit}, {better}" if (unit := unit_of(measure)) else better


def short(value: float | int) -> str:
    """A measured number: four digits, whole numbers in full."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def sentence(text: str) -> str:
    """A line with a capital first and a full stop last."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}." if text else ""


def cost_rows(summary: RunSummary) -> list[list[str]]:
    """What it took over all its resumes, as rows of a name and a number each."""
    spent = summary.cost
    lost = spent.pictures - summary.pictures
    again = f" ({lost:,} of them lost and computed again)" if lost > 0 and spent.starts > 1 else ""
    return [
        ["Pictures computed", f"{max(spent.pictures, summary.pictures):,}{again}"],
        ["CPU time", duration(spent.cpu)],
        *([["GPU time", duration(spent.gpu)]] if spent.gpu > 0 else ()),
        ["Wall time", duration(spent.seconds)],
        ["Begun or resumed", counted(spent.starts, "time")],
        ["Last heard of", spent.last.replace("T", " ")[:16] or "–"],
    ]


def spelled(value: object) -> str:
    """A setting as one would write it."""
    if value is None or value in ("", {}):
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
