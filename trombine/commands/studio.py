"""`studio`: pages in the browser, and the functions over HTTP, on one's own machine."""

from __future__ import annotations

import re
import webbrowser
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from trombine.commands.options import MORE, WHOLE, limits, verb
from trombine.core.computing import cores
from trombine.core.errors import InputError, shown
from trombine.io.files import cache_folder
from trombine.studio.serving import opened

PORT: Final = 8642
_ADDRESS: Final = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w-]+)*/?", re.ASCII)
_MOST_WORKERS: Final = 4  # each holds its nets in memory


@verb
def studio(
    *,
    port: Annotated[int, limits(0, 65535), WHOLE] = PORT,
    open: bool = False,
    lan: bool = False,
    data: Path | None = None,
    root_path: Annotated[str, Parameter(group=MORE)] = "",
) -> None:
    """Repair, enlarge, read and generate pictures in the browser, on this machine alone.

    It prints a link that opens it, and serves until Ctrl-C.

    For example:
      trombine studio --open

    Parameters
    ----------
    port
        The port it listens on; 0 takes any that is free. [8642]
    open
        Open the page in the browser.
    lan
        Let in others of this network who have the link.
    data
        The folder for jobs and pictures; else a cache folder.
    root_path
        The address that a proxy of yours gives it.
    """
    if root_path and not _ADDRESS.fullmatch(root_path):
        problem = f"--root-path is the address that browsers have, not {shown(root_path)}"
        raise InputError(problem, "write it as https://example.org/studio")
    with opened(
        (data or cache_folder() / "studio").resolve(),
        port,
        min(cores(), _MOST_WORKERS),
        lan=lan,
        outside=root_path.rstrip("/"),
    ) as served:
        # Whoever reads this from a pipe waits for it.
        print(f"{served.link}\nopens the studio; Ctrl-C closes it", flush=True)
        if open:
            webbrowser.open(served.link)
        served.serve()
