"""`studio`: pages in the browser, and the verbs over HTTP, on one's own machine.

What is served is in studio/; here is what is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from trombine.events import Description, Done, Event
from trombine.requests import Integer, Request

PORT: Final = 8642
_MOST_WORKERS: Final = 4  # each holds its nets in memory


@dataclass(frozen=True, kw_only=True)
class StudioRequest(Request):
    """Repair, enlarge and read pictures in the browser, on this machine alone.

    It prints a link that opens it, and serves until Ctrl-C. Jobs that were accepted are done, after
    it was closed or killed the next time it is opened.
    """

    port: Annotated[int, Integer(0, 65535)] = PORT
    """The port that it listens on, of this machine only; 0 takes any that is free."""
    open: bool = False
    """Open the page in the browser."""
    data: Path | None = None
    """The folder for jobs and their pictures, which only you can read; the system's usual place for
    caches unless given."""


def run(request: StudioRequest) -> Iterator[Event]:
    """Say where it is, and serve until told to end."""
    from trombine.data.workers import cores
    from trombine.files import cache_folder
    from trombine.studio.serving import opened

    folder = (request.data or cache_folder() / "studio").resolve()
    with opened(folder, request.port, min(cores(), _MOST_WORKERS)) as studio:
        text = f"{studio.link}\nopens the studio; Ctrl-C closes it"
        yield Description(folder, text, {"link": studio.link, "port": studio.port})
        sys.stdout.flush()  # whoever reads this from a pipe waits for it
        if request.open:
            import webbrowser

            webbrowser.open(studio.link)
        studio.serve()
    yield Done("", written=0, skipped=0, kept=0)
