"""Models of the Hugging Face hub: `hub:OWNER/NAME/FILE` is downloaded once, and is a file then.

Somebody else's files are opened as any (foreign.py): nothing that they bring along is run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from trombine.core.errors import CHECK_NETWORK, InputError, library, said
from trombine.io.files import is_there
from trombine.models.foreign import PICKLES
from trombine.models.zoo import ENDING

HUB: Final = "hub:"
KNOWN: Final = {"lama": "hub:anyisalin/big-lama/big-lama.safetensors"}  # by their nets' names
_NAME: Final = re.compile(r"hub:([\w.-]+/[\w.-]+)/([\w./ -]+)")


def is_file_of_hub(name: object) -> bool:
    """Whether a name is of one file of the hub, and not of a folder of several."""
    return (
        isinstance(name, str) and name.startswith(HUB) and name.lower().endswith((ENDING, *PICKLES))
    )


def located(name: str | Path) -> str | Path:
    """The file that is downloaded for a name of the hub, the best one of a run; other names as they
    are."""
    return downloaded(str(name)) if is_file_of_hub(name) else of_run(Path(name)) or name


def known(name: str | Path) -> str | Path:
    """The name in the hub of a net of KNOWN, unless a file or a run is called so."""
    if str(name) not in KNOWN or Path(name).is_file() or of_run(Path(name)):
        return name
    return KNOWN[str(name)]


def of_run(folder: Path) -> Path | None:
    """The best model of a run, if this is the folder of one that has some."""
    best = folder / f"best{ENDING}"
    return best if is_there(best) else None


def downloaded(name: str) -> Path:
    """The file of the hub, downloaded unless it was before."""
    match = _NAME.fullmatch(name)
    if match is None or not is_file_of_hub(name):
        cure = f"write hub:OWNER/NAME/FILE{ENDING}"
        raise InputError("is no file of the hub", cure, path=name)
    hub = library("huggingface_hub", "hub", name)
    try:
        return Path(hub.hf_hub_download(repo_id=match[1], filename=match[2]))
    except Exception as error:  # of many libraries, for what is no fault of ours
        problem = f"cannot be loaded ({said(error)})"
        raise InputError(problem, CHECK_NETWORK, path=name) from error
