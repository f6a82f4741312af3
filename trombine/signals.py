"""Ctrl-C and SIGTERM: a command is ended by the first of them, at a moment when it can be left.

Python raises an error for a signal between any two instructions. Within an import these may be
called from C++, which then aborts the process (torch's does), or from code that prints the error
and goes on. So within an import the signal waits for its end, and what Python could not raise is
raised again. A second signal is ignored: it would stop the removal of what is half written.

Nothing is imported here that takes time: until the handlers are there, a signal shows a traceback.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from types import CodeType, FrameType
    from typing import Any
else:
    import _signal as signal  # what `signal` takes its time to make enumerations of

TERMINATED = 143
# Also where Python looks up and runs a module's code; these frames are there until it is loaded.
_IMPORTS = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
_SOON = 0.02  # seconds
_CAN_WAIT = hasattr(signal, "setitimer")


class _Command:
    """What the handlers know of the command that this process is."""

    below: CodeType | None = None  # the function that runs it: imports around that are not its own
    obeyed: tuple[int, ...] = ()
    first: int | None = None  # the signal that ends it


def obey(below: CodeType) -> None:
    """From now on end the command that the function of this code runs, when a signal says so.

    Who started it may have chosen to ignore Ctrl-C, as a shell does for what runs behind it.
    """
    usual = (signal.default_int_handler, signal.SIG_DFL)
    has_ctrl_c = signal.getsignal(signal.SIGINT) in usual
    _Command.obeyed = (signal.SIGINT, signal.SIGTERM) if has_ctrl_c else (signal.SIGTERM,)
    _Command.below = below
    _handle(_leave)
    if _CAN_WAIT:
        signal.signal(signal.SIGALRM, _again)
        sys.unraisablehook = _raise_again


def ignore() -> None:
    """From now on let no signal disturb how the command ends."""
    _handle(signal.SIG_IGN)
    if _CAN_WAIT:
        signal.setitimer(signal.ITIMER_REAL, 0)


def over() -> None:
    """End by the signal that has come, if one has; any other is too late."""
    ignore()
    if _Command.first is not None:
        raise KeyboardInterrupt if _Command.first == signal.SIGINT else SystemExit(TERMINATED)


def _handle(handler: Any) -> None:
    for number in _Command.obeyed:
        signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    """Leave through every `finally`, which removes what is half written."""
    _Command.first = _Command.first or number
    if _CAN_WAIT and _is_importing(frame):
        signal.setitimer(signal.ITIMER_REAL, _SOON)
        return
    over()


def _again(*_: object) -> None:
    """Send the signal anew, for whoever handles it now."""
    if _Command.first is not None:
        signal.raise_signal(_Command.first)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code is not _Command.below:
        if frame.f_code.co_filename in _IMPORTS:
            return True
        frame = frame.f_back
    return False


def _raise_again(lost: sys.UnraisableHookArgs) -> None:
    """Raise later what ended the command where no error can be raised, as in `__del__`."""
    is_ours = isinstance(lost.exc_value, KeyboardInterrupt | SystemExit)
    if is_ours and _Command.first is not None:
        _handle(_leave)
        signal.setitimer(signal.ITIMER_REAL, _SOON)
    else:
        sys.__unraisablehook__(lost)
