"""The console entry: what must be so before anything else is loaded, and how a command ends.

Exit codes: 0 done, 1 some inputs were skipped (or something broke, or memory ended), 2 it was
asked for wrongly or the one input is bad, 130 Ctrl-C, 143 told to end (SIGTERM): the same line, and
after both nothing half written is left.
"""

from __future__ import annotations

import _signal  # pyright: ignore[reportMissingImports] # signal itself takes its time
import os
import sys

# Until `signals.obey`, Ctrl-C ends the process of a command as SIGTERM does, without a traceback.
PROGRAM = os.path.splitext(os.path.basename(sys.argv[0]))[0]  # noqa: PTH119, PTH122
if (__name__ == "__main__" or PROGRAM == "trombine") and (
    _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
):
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from contextlib import suppress  # noqa: E402

from trombine import signals  # noqa: E402

# OpenMP's idle threads otherwise spin; beside other work that made torch 5 to 60 times slower. It
# is read when torch or numba is loaded, so it is set before that, and it can be set otherwise.
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}

STOPPED = "trombine: stopped; the same command again does what is missing"

# Whose errors are about what was asked or given, and are said in one line: trombine's own, which
# are raised for the user to read, and those of the library that reads the command line.
SAID_IN_A_LINE = {"trombine", "cyclopts"}


def main(arguments: list[str] | tuple[str, ...] | None = None) -> int:
    """Run one command, that of the command line unless given; return its exit code.

    Of the command line it is all that this process does; with `arguments` it is called by a
    program, which handles signals as it likes.
    """
    import gc

    is_process = arguments is None
    try:
        if is_process:
            signals.obey(main.__code__)
            gc.disable()  # modules are no garbage: cli.py enables it when they are loaded
        code = _run(sys.argv[1:] if arguments is None else arguments)
        if is_process:
            signals.over()
        return code
    except KeyboardInterrupt:
        if is_process:
            signals.ignore()
        _say(STOPPED)
        # An interrupt inside of exec(text), of which an import of dataclasses is full, leaves a
        # mark by which `python -m` ends with the signal, caught or not; the next exec clears it.
        exec("")
        return 130
    except SystemExit as leaving:
        if leaving.code == signals.TERMINATED:
            _say(STOPPED)
        raise


def _run(arguments: list[str] | tuple[str, ...]) -> int:
    """Run one command, and say in one line what it was refused for."""
    import atexit
    import gc

    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    atexit.register(gc.freeze)  # else the last collection walks all of torch, half a second long
    _mend_streams()
    from trombine.memory import ran_out

    code = 0
    try:
        from trombine.cli import run

        code = run(arguments)
        sys.stdout.flush()  # here, where a pipe that is closed has its answer below
        return code
    except BrokenPipeError:  # what read us, head say, has had enough
        _drop_output()
        return code
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # so rich ends a help page
            return 0
        raise
    except Exception as error:
        if not is_for_people(error):
            raise
        _say(f"trombine: {in_a_line(error)}")
        try:
            sys.stdout.flush()
        except OSError:  # a full disk, most often what was just said
            _drop_output()
        return 1 if ran_out(error) else 2


def _mend_streams() -> None:
    """Let output and error stream take any text, also where they were closed (`2>&-`).

    What a stream's encoding lacks is written as its number. A file that was opened later must not
    get the number of a closed stream, for libraries write their complaints there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # the lowest number that is free is taken
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
        if hasattr(stream, "reconfigure"):  # what a program has put there takes what it takes
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Send what is still to be written nowhere, else the exit fails too."""
    with suppress(ValueError):  # io.UnsupportedOperation: a program's stream may be no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(line: str) -> None:
    """A line on the error stream, if anybody reads it."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def is_for_people(error: Exception) -> bool:
    """Whether an error's text says all there is to say; any other is a fault, with its traceback.

    What the system refuses (a full disk, a folder that may not be written, memory) is for people
    too.
    """
    from trombine.memory import ran_out

    is_ours = type(error).__module__.split(".")[0] in SAID_IN_A_LINE
    return is_ours or isinstance(error, OSError) or ran_out(error)


def in_a_line(error: Exception) -> str:
    """An error's text; of the system's errors, which file, then what is wrong, without numbers."""
    from trombine.memory import ENDED, ran_out
    from trombine.refusal import shown

    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        return shown(about + error.strerror.lower())
    if ran_out(error):
        return f"{ENDED}; end other programs, or ask for less at once (smaller, or fewer --workers)"
    return shown(" ".join(str(error).splitlines()))


if __name__ == "__main__":
    sys.exit(main())
