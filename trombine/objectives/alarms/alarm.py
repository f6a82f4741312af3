"""The report that a training gives its alarms, the alert, and the abstract Alarm.

The alarms themselves are in the other modules here; what an alert makes the training do is the
loop's (training/).
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeAlias

import torch
from jaxtyping import Float

JSON: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None
Pictures: TypeAlias = Float[torch.Tensor, "n c h w"]
Action: TypeAlias = Literal["warn", "stop", "roll back", "end phase"]

WORSE: Final = 2.0  # trouble this many times as bad as when it was reported is reported again


@dataclass(frozen=True, kw_only=True)
class Report:
    """The numbers and samples of one moment of a training; empty where there are none just now."""

    pictures: int  # seen so far
    rollbacks: int = 0  # so far
    values: Mapping[str, float] = field(default_factory=dict)  # a log line of kind "train"
    measures: Mapping[str, float] = field(default_factory=dict)  # if measured just now
    gradients: Mapping[str, float] = field(default_factory=dict)  # "PHASE/TERM": norm, if checked
    samples: Pictures | None = None  # the fixed samples, at sample time
    truth: Pictures | None = None  # as many of the data's pictures; with inputs: the targets


@dataclass(frozen=True, kw_only=True)
class Alert:
    """The text of an alarm, and what the loop is to do."""

    alarm: str
    text: str  # one line for people: what is wrong, the numbers, what to try
    action: Action


class Alarm(ABC):
    """Watches one kind of trouble. It sees reports in order, and draws no chance of its own.

    It speaks once, and again only when the trouble is WORSE times as bad, or came back after it
    had ended.
    """

    name: ClassVar[str]
    saved: ClassVar[tuple[str, ...]]  # the attributes that change, each a JSON value

    def __init__(self, action: Action) -> None:
        self.action: Action = action
        self.told = 0.0  # how bad it was when reported; 0: nothing is wrong, or not reported yet

    @abstractmethod
    def hear(self, report: Report) -> Alert | None:
        """Take in a report; called at every log line, sample time and measure time."""

    def state(self) -> dict[str, JSON]:
        """All that has changed since it was made, as JSON holds it."""
        return {name: copy.deepcopy(getattr(self, name)) for name in ("told", *self.saved)}

    def load(self, state: Mapping[str, JSON]) -> None:
        """Take up a state that state() gave."""
        names = {"told", *self.saved}
        if state.keys() != names:
            raise ValueError(f"the alarm {self.name} keeps {sorted(names)}, not {sorted(state)}")
        for name, value in state.items():
            setattr(self, name, copy.deepcopy(value))

    def _tell(self, badness: float, text: str) -> Alert | None:
        """An alert if the trouble is new, or much worse than when it was reported."""
        if self.told and badness < WORSE * self.told:
            return None
        self.told = badness
        return Alert(alarm=self.name, text=text, action=self.action)

    def _over(self) -> None:
        """The trouble has ended: the next one will be reported."""
        self.told = 0.0
