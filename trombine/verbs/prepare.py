"""A folder of anybody's pictures made into a pack: `data prepare`.

How it is done is in data/preparing.py; the layouts that are recognised are in data/layouts/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from trombine.devices import CPU, DEVICES, resolve
from trombine.events import Done, Event
from trombine.refusal import InputError, shown
from trombine.requests import Choice, Request

_HUB: Final = "hub:"


@dataclass(frozen=True, kw_only=True)
class PrepareRequest(Request):
    """Make a pack of a folder of pictures: cropped, resized, sorted by use.

    Face sets such as CelebA, LFW or FFHQ are recognised, and their parts, landmarks, attributes
    and classes kept. A picture that cannot be read is listed and left out. Stopped and run again,
    it goes on where it was.
    """

    folder: Path
    """The folder of pictures; or hub:NAME, a data set of the Hugging Face hub."""
    output: Path
    """The pack to write."""
    size: int = 128
    """Width and height in pixels, 16 to 2048."""
    crop: str = "centre"
    """centre: the middle square; none: all of the picture, squeezed if it is not square; face: the
    largest face, upright, its eyes where aligned faces have them; tiles: all squares that fit in,
    at the picture's own size, to teach enlargers."""
    as_: str = ""
    """The folder's layout, where it is not recognised: celebamask-hq, celeba, lfw, ffhq, utkface,
    anime-faces, simpsons, flickr8k, unpaired, imagefolder or plain."""
    choose: int = 5
    """Percent of the pictures for choosing the best checkpoint, where the layout says none."""
    test: int = 5
    """Percent of the pictures for tests, where the layout says none."""
    workers: int | None = None
    """How many processes read: by default one for each core where that pays."""
    device: Annotated[str, Choice(DEVICES)] = CPU
    """auto, cpu, cuda or mps: where faces are found, for --crop face."""
    overwrite: bool = False
    """Replace a pack that is there already."""


def run(request: PrepareRequest) -> Iterator[Event]:
    """Make the pack, or what is missing of it."""
    from trombine.data.decoding import PrepareOptions
    from trombine.data.hub import hub_folder, prepare_hub
    from trombine.data.preparing import prepare_pack

    _check(request)
    wanted = PrepareOptions(
        size=request.size,
        crop=request.crop,
        choose=request.choose,
        test=request.test,
        device=resolve(request.device) if request.crop == "face" else CPU,
    )
    folder = request.folder
    if str(folder).startswith(_HUB):
        name = str(folder).removeprefix(_HUB)
        folder = hub_folder(name)
        yield from (event for event in prepare_hub(name, folder) if not isinstance(event, Done))
    yield from prepare_pack(
        folder,
        request.output,
        wanted,
        layout=request.as_,
        workers=request.workers,
        overwrite=request.overwrite,
    )


def _check_folder(folder: Path) -> None:
    """Say what to write in place of a spec."""
    from trombine.data.spec import PATHS

    kind, _, path = str(folder).partition(":")
    if kind not in PATHS or kind == "hub" or folder.exists():
        return
    if kind == "pack":
        raise InputError("is a pack already; name a folder of pictures", path=folder)
    layout = "" if kind == "folder" else f" --as {kind}"
    raise InputError(f"is not a folder; write {shown(path)}{layout}", path=folder)


def _check(request: PrepareRequest) -> None:
    """Refuse what cannot be; a program may have given anything."""
    from trombine.data.made import SIZES
    from trombine.data.reading import CROPS

    _check_folder(request.folder)
    if type(request.size) is not int or request.size not in SIZES:
        raise InputError(f"size is {SIZES[0]} to {SIZES[-1]} pixels, not {request.size!r}")
    if request.crop not in CROPS:
        raise InputError(f"crop is {', '.join(CROPS)}, not {request.crop!r}")
    shares = (request.choose, request.test)
    if any(type(share) is not int or share < 0 for share in shares) or sum(shares) > 90:
        raise InputError("choose and test are percent, 0 or more, and 90 at most together")
    if request.workers is not None and (type(request.workers) is not int or request.workers < 1):
        raise InputError(f"workers is a whole number, 1 or more, not {request.workers!r}")
