"""`studio`: pages in the browser, and the verbs over HTTP, on one's own machine.

What is served is in studio/; here is what is asked for.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from trombine.events import Description, Done, Event
from trombine.refusal import InputError
from trombine.requests import Integer, Request, quoted

PORT: Final = 8642
_ADDRESS: Final = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w-]+)*/?", re.ASCII)
_MOST_WORKERS: Final = 4  # each holds its nets in memory


@dataclass(frozen=True, kw_only=True)
class StudioRequest(Request):
    """Repair, enlarge, read and invent pictures in the browser, on this machine alone.

    It prints a link that opens it, and serves until Ctrl-C. Jobs that were accepted are done, after
    it was closed or killed the next time it is opened.
    """

    port: Annotated[int, Integer(0, 65535)] = PORT
    """The port that it listens on, of this machine only; 0 takes any that is free."""
    open: bool = False
    """Open the page in the browser."""
    model_generate: Path | None = None
    """A model that invents, by its file or its run's folder, for the page Generate; those of runs/,
    where the studio is opened, are offered anyway."""
    lan: bool = False
    """Let others of this network in who have the link, a telephone by its QR code. What is sent
    over such a network can be read by others on it."""
    root_path: str = ""
    """The address under which a proxy that you run has it, as https://example.org/studio; it passes
    on what comes after that."""
    data: Path | None = None
    """The folder for jobs and their pictures, which only you can read; the system's usual place for
    caches unless given."""

    def __post_init__(self) -> None:
        """Refuse an address that is none."""
        super().__post_init__()
        if self.root_path and not _ADDRESS.fullmatch(self.root_path):
            problem = f"--root-path is the address that browsers have, not {quoted(self.root_path)}"
            raise InputError(problem, "write it as https://example.org/studio")


def run(request: StudioRequest) -> Iterator[Event]:
    """Say where it is, and serve until told to end."""
    from trombine.data.workers import cores
    from trombine.io.files import cache_folder
    from trombine.studio.qr import terminal
    from trombine.studio.serving import opened

    folder = (request.data or cache_folder() / "studio").resolve()
    invents = request.model_generate
    if invents is not None and not invents.exists():
        raise InputError("is not there", "name a model's file or its run's folder", path=invents)
    workers = min(cores(), _MOST_WORKERS)
    with opened(
        folder,
        request.port,
        workers,
        invents=invents.resolve() if invents else None,
        lan=request.lan,
        outside=request.root_path.rstrip("/"),
    ) as studio:
        code = f"\n{terminal(studio.link)}" if request.lan and sys.stdout.isatty() else ""
        text = f"{studio.link}\nopens the studio; Ctrl-C closes it{code}"
        yield Description(folder, text, {"link": studio.link, "port": studio.port})
        sys.stdout.flush()  # whoever reads this from a pipe waits for it
        if request.open:
            import webbrowser

            webbrowser.open(studio.link)
        studio.serve()
    yield Done("", written=0, skipped=0, kept=0)
