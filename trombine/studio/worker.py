"""A process that does one job after the other: `python -m trombine.studio.worker DATA NAME BYTES`.

It ends when the server does, even one that was killed: then its input is at an end. It has so many
bytes of memory and no more, and makes room for a fresh process once a job took most of them.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Final

from trombine.__main__ import ENVIRONMENT, in_a_line, is_for_people
from trombine.core.progress import log
from trombine.studio.jobs import Store
from trombine.studio.work import do

_PAUSE: Final = 0.1  # seconds, while there is nothing to do
_NICE: Final = 5  # pages come before jobs
_SPENT: Final = 0.8  # of its memory: a process that had so much rarely gives it back


def main(data: str, name: str, most_bytes: str) -> None:
    """Claim jobs and do them, until memory is short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to obey
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    os.nice(_NICE)
    _bound(int(most_bytes))
    for variable, value in ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    log.addHandler(logging.NullHandler())  # what a job says is in its result
    store = Store(Path(data), is_server=False)
    job = store.claim(name)
    if job is None:  # what every verb needs takes longest to load: nobody waits for it yet
        import_module("trombine.commands.inpaint")
        import_module("trombine.commands.upscale")
    while True:
        if job is not None:
            do(store, job, lambda error: in_a_line(error) if is_for_people(error) else None)
        else:
            time.sleep(_PAUSE)
        if _peak() > _SPENT * int(most_bytes):
            return
        job = store.claim(name)


def _bound(most_bytes: int) -> None:
    """Let what is asked for beyond this fail, as where memory ends; Linux alone counts it so."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))


def _peak() -> int:
    """The most bytes of memory that this process ever had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def _end_with_the_server() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
