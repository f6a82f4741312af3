"""Being told to end: Ctrl-C and SIGTERM are noted, and the step that is under way is finished.

What is done then (a checkpoint, a line that says how to go on) is the loop's and the story's.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import final


@final
@dataclass
class Told:
    """Whether the run was told to end, and by which signals."""

    signals: list[int] = field(default_factory=list)

    def ending(self) -> BaseException:
        """What ends the command: as Ctrl-C or SIGTERM would have, had they not been noted."""
        return KeyboardInterrupt() if signal.SIGINT in self.signals else SystemExit(143)


@contextmanager
def listening() -> Iterator[Told]:
    """Note Ctrl-C and SIGTERM in place of ending at once; a second one ends at once."""
    told = Told()
    if threading.current_thread() is not threading.main_thread():
        yield told  # where Python allows no handlers, whoever runs the thread ends it
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: object) -> None:
        told.signals.append(number)
        for one, handler in kept.items():
            signal.signal(one, handler)

    for number in kept:
        signal.signal(number, note)
    try:
        yield told
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
