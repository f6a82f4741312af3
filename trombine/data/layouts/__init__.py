"""How sets of pictures come as folders: each layout, and which one a folder is of.

A family of layouts has a file. A layout makes a Listing (data/listing.py) of a folder: which
pictures are there, and what the set's own files say of them. No picture is read for that, and
none is outside the folder; reading them is in data/reading.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from trombine.data.layouts.cartoons import ANIME, SIMPSONS
from trombine.data.layouts.celeba import CELEBA
from trombine.data.layouts.celebamask import CELEBAMASK
from trombine.data.layouts.ffhq import FFHQ
from trombine.data.layouts.flickr import FLICKR
from trombine.data.layouts.layout import Layout
from trombine.data.layouts.lfw import LFW
from trombine.data.layouts.plain import IMAGEFOLDER, PLAIN, UNPAIRED
from trombine.data.layouts.utkface import UTKFACE
from trombine.data.listing import FolderError, Listing
from trombine.files import shown

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


def list_folder(path: Path, layout: str = "") -> Listing:
    """The pictures of a folder, by the layout of this name, or by that which recognises it.

    Raises FolderError, in one line, for a folder that holds none or is not of the layout.
    """
    if not path.is_dir():
        raise FolderError(path, "is not a folder", "check the name")
    if layout and layout not in LAYOUTS:
        what = f"cannot be read as {shown(layout)!r}"
        raise FolderError(path, what, f"a layout is one of {', '.join(LAYOUTS)}")
    listing = LAYOUTS[layout or layout_of(path)].list(path)
    if not listing.records:
        raise FolderError(path, "holds no pictures", "check the name")
    return listing


def layout_of(path: Path) -> str:
    """The name of the layout that a folder is of."""
    return next(name for name, layout in LAYOUTS.items() if layout.recognise(path))
