"""The console entry: exit codes, and an error as one line.

Exit codes: 0 done, 1 some inputs were skipped, 2 it was asked for wrongly or the one input is bad,
130 Ctrl-C, 143 told to end (SIGTERM). After both of the last nothing half written is left.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Final

from trombine.cli import run
from trombine.core.errors import shown
from trombine.core.memory import ENDED, ran_out

# OpenMP's idle threads otherwise spin; beside other work that made torch 5 to 60 times slower. It
# is read when torch or numba is loaded, which only a command does.
ENVIRONMENT: Final = {"OMP_WAIT_POLICY": "PASSIVE"}
STOPPED: Final = "trombine: stopped; the same command again does what is missing"
# Whose errors are about what was asked, and are said in one line: trombine's own, and those of the
# library that reads the command line.
_SAID_IN_A_LINE: Final = ("trombine", "cyclopts")


def quieten() -> None:
    """Silence what libraries say of odd files, which are read or refused: in a process of our own,
    for a program that imports trombine has filters of its own."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, that of the command line unless given; return its exit code."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if arguments is None:
        quieten()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that files are cleaned up
        atexit.register(gc.freeze)  # else the last collection walks all of torch for .5 s
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        return 130
    except BrokenPipeError:  # what read us, head say, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if not is_for_people(error):
            raise
        print(f"trombine: {in_a_line(error)}", file=sys.stderr)
        return 1 if ran_out(error) else 2


def is_for_people(error: Exception) -> bool:
    """Whether an error's text says all there is to say; others keep their traceback."""
    is_ours = type(error).__module__.split(".")[0] in _SAID_IN_A_LINE
    return is_ours or isinstance(error, OSError) or ran_out(error)


def in_a_line(error: Exception) -> str:
    """An error's text; of the system's errors, which file, then what is wrong."""
    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        return shown(about + error.strerror.lower())
    if ran_out(error):
        return f"{ENDED}; end other programs, or ask for less at once (smaller, or fewer --workers)"
    return shown(" ".join(str(error).splitlines()))


if __name__ == "__main__":
    sys.exit(main())
