"""Ctrl-C and SIGTERM during training: noted, so that the current step is finished first.

The loop then writes a checkpoint and says how to go on.
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
class StopRequest:
    """The signals that asked the run to stop."""

    signals: list[int] = field(default_factory=list)

    def exception(self) -> BaseException:
        """The exception that ends the command as the signal would have."""
        return KeyboardInterrupt() if signal.SIGINT in self.signals else SystemExit(143)


@contextmanager
def catch_signals() -> Iterator[StopRequest]:
    """Note Ctrl-C and SIGTERM; a second one ends at once."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request  # where Python allows no handlers, whoever runs the thread ends it
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: object) -> None:
        request.signals.append(number)
        for each, handler in handlers.items():
            signal.signal(each, handler)

    for number in handlers:
        signal.signal(number, note)
    try:
        yield request
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
