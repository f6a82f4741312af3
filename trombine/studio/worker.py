"""A process that does one job after the other: `python -m trombine.studio.worker DATA NAME`.

It ends when the server does, even one that was killed: then its input is at an end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final

_PAUSE: Final = 0.1  # seconds, while there is nothing to do


def main(data: str, name: str) -> None:
    """Claim jobs and do them, for ever."""
    from trombine.__main__ import ENVIRONMENT, in_a_line, is_for_people
    from trombine.studio.jobs import Store
    from trombine.studio.work import do

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to obey
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    for variable, value in ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    store = Store(Path(data))
    job = store.claim(name)
    if job is None:  # what every verb needs takes longest to load: nobody waits for it yet
        import trombine.inpainting.making
        import trombine.upscaling.making  # noqa: F401
    while True:
        if job is not None:
            do(store, job, lambda error: in_a_line(error) if is_for_people(error) else None)
        else:
            time.sleep(_PAUSE)
        job = store.claim(name)


def _end_with_the_server() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
