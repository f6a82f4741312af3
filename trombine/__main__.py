"""The console entry: what must be so before anything else is loaded, and how a command ends.

Exit codes: 0 done, 1 some inputs were skipped (or something broke), 2 it was asked for wrongly or
the one input is bad, 130 Ctrl-C, 143 told to end (SIGTERM): the same line, and after both nothing
half written is left.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

# OpenMP's idle threads otherwise spin; beside other work that made torch 5 to 60 times slower. It
# is read when torch or numba is loaded, so it is set before that, and it can be set otherwise.
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}


TERMINATED = 143
STOPPED = "trombine: stopped; the same command again does what is missing"

# Whose errors are about what was asked or given, and are said in one line: trombine's own, which
# are raised for the user to read, and those of the library that reads the command line.
SAID_IN_A_LINE = {"trombine", "cyclopts"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, that of the command line unless given; return its exit code."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    atexit.register(gc.freeze)  # else the last collection walks all of torch, half a second long
    if threading.current_thread() is threading.main_thread():  # where alone Python allows it
        signal.signal(signal.SIGTERM, end)
        if arguments is None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, interrupt)
    try:
        from trombine.cli import run

        code = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()  # here, where a pipe that is closed has its answer below
        return code
    except KeyboardInterrupt:
        if arguments is None:
            _only_once()
        print(STOPPED, file=sys.stderr)
        # An interrupt inside of exec(text), of which an import of dataclasses is full, leaves a
        # mark by which `python -m` ends with the signal, caught or not; the next exec clears it.
        exec("")
        return 130
    except SystemExit as leaving:
        if leaving.code == TERMINATED:
            print(STOPPED, file=sys.stderr)
        raise
    except BrokenPipeError:  # what read us, head say, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the exit fails too
        return 0
    except Exception as error:
        if not is_for_people(error):
            raise
        print(f"trombine: {in_a_line(error)}", file=sys.stderr)
        return 2


def interrupt(*_: object) -> NoReturn:
    """Leave by Ctrl-C, once: a second one, while threads are waited for, would abort them."""
    _only_once()
    raise KeyboardInterrupt


def _only_once() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def end(*_: object) -> NoReturn:
    """Leave as Ctrl-C does, through every `finally`, which removes what is half written."""
    sys.exit(TERMINATED)


def is_for_people(error: Exception) -> bool:
    """Whether an error's text says all there is to say; any other is a fault, with its traceback.

    What the system refuses (a full disk, a folder that may not be written) is for people too.
    """
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in SAID_IN_A_LINE


def in_a_line(error: Exception) -> str:
    """An error's text; of the system's errors, which file, then what is wrong, without numbers."""
    from trombine.files import shown

    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        return shown(about + error.strerror.lower())
    return shown(" ".join(str(error).splitlines()))


if __name__ == "__main__":
    sys.exit(main())
