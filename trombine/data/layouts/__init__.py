"""How sets of pictures come as folders: each layout, and which one a folder is of.

A family of layouts has a file. A layout makes a Listing (data/listing.py) of a folder: which
pictures are there, and what the set's own files say of them. No picture is read for that, and
none is outside the folder; reading them is in data/reading.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from trombine.data.layouts.cartoons import ANIME, SIMPSONS
from trombine.data.layouts.celeba import CELEBA
from trombine.data.layouts.celebamask import CELEBAMASK
from trombine.data.layouts.ffhq import FFHQ
from trombine.data.layouts.finding import folders_in, pictures_below, pictures_in
from trombine.data.layouts.flickr import FLICKR
from trombine.data.layouts.layout import Layout
from trombine.data.layouts.lfw import LFW
from trombine.data.layouts.plain import IMAGEFOLDER, PLAIN, UNPAIRED
from trombine.data.layouts.utkface import UTKFACE
from trombine.data.listing import Listing, pictures
from trombine.data.pack import is_pack
from trombine.refusal import InputError, shown

__all__ = ["LAYOUTS", "Layout", "layout_of", "list_folder"]

# A folder is of the first of these that recognises it, so a description of its own comes first
# and what takes any folder last.
LAYOUTS: Final[dict[str, Layout]] = {
    "imagefolder": IMAGEFOLDER,
    "celebamask-hq": CELEBAMASK,
    "celeba": CELEBA,
    "ffhq": FFHQ,
    "unpaired": UNPAIRED,
    "flickr8k": FLICKR,
    "utkface": UTKFACE,
    "anime-faces": ANIME,
    "simpsons": SIMPSONS,
    "lfw": LFW,
    "plain": PLAIN,
}
_TAKE_ALL: Final = (IMAGEFOLDER.name, PLAIN.name)  # of all the pictures that a folder holds


def list_folder(path: Path, layout: str = "") -> Listing:
    """The pictures of a folder, by the layout of this name, or by that which recognises it.

    Raises InputError, in one line, for a folder that holds none or is not of the layout.
    """
    if not path.is_dir():
        raise InputError("is not a folder", "check the name", path=path)
    if layout and layout not in LAYOUTS:
        problem = f"cannot be read as {shown(layout)!r}"
        raise InputError(problem, f"a layout is one of {', '.join(LAYOUTS)}", path=path)
    listing = LAYOUTS[layout or layout_of(path)].list(path)
    if not listing.records and is_pack(path):
        raise InputError("is a pack already", f"use it as pack:{shown(path)}", path=path)
    if not listing.records:
        raise InputError("holds no pictures", "check the name", path=path)
    return replace(listing, notes=(*listing.notes, *_beside(path, listing)))


def _beside(path: Path, listing: Listing) -> Iterator[str]:
    """What to say of pictures that lie beside the folder of a set, where only that was read.

    A set that is in several folders is not meant: its first and last picture are in two.
    """
    first, last = listing.records[0].name, listing.records[-1].name
    home, slash, _ = first.partition("/")
    if not slash or not last.startswith(home + slash) or listing.layout in _TAKE_ALL:
        return
    if not LAYOUTS[listing.layout].recognise(path / home):
        return
    folders = (path / name for name in folders_in(path) if name != home)
    count = len(pictures_in(path)) + sum(len(pictures_below(folder)) for folder in folders)
    if count:
        are = "is" if count == 1 else "are"
        text = f"{pictures(count)} beside the folder {shown(home)} {are} left out"
        yield f"{text}, for it is a set ({listing.layout}); name each folder by itself"


def layout_of(path: Path) -> str:
    """The name of the layout that a folder is of."""
    return next(name for name, layout in LAYOUTS.items() if layout.recognise(path))
