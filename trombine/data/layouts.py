"""The layouts in which sets of pictures come as folders: the table, and who lists a folder.

A folder is of the first layout that finds its pictures. A layout of one's own is a file such as
people.py, and a line here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from trombine.core.errors import InputError, shown
from trombine.data import listing, pairs, people
from trombine.data.listing import Layout, Listing
from trombine.data.pack import is_pack

# A description of its own comes first, and what takes any folder last.
LAYOUTS: Final[dict[str, Layout]] = {
    "imagefolder": listing.IMAGEFOLDER,
    "celebamask-hq": listing.CELEBAMASK,
    "celeba": listing.CELEBA,
    "ffhq": listing.FFHQ,
    "people": people.PEOPLE,
    "pairs": pairs.PAIRS,
    "unpaired": listing.UNPAIRED,
    "flickr8k": listing.FLICKR,
    "utkface": listing.UTKFACE,
    "anime-faces": listing.ANIME,
    "simpsons": listing.SIMPSONS,
    "lfw": listing.LFW,
    "plain": listing.PLAIN,
}


def list_folder(path: Path, layout: str = "") -> Listing:
    """The pictures of a folder, by the layout of this name, or by that which recognises it.

    Raises InputError for a folder that holds none or is not of the layout.
    """
    if not path.is_dir():
        raise InputError("is not a folder", "check the name", path=path)
    if layout and layout not in LAYOUTS:
        problem = f"cannot be read as {shown(layout)!r}"
        raise InputError(problem, f"a layout is one of {', '.join(LAYOUTS)}", path=path)
    name = layout or next(name for name, known in LAYOUTS.items() if known.find(path))
    home = path if name == "imagefolder" else LAYOUTS[name].find(path)
    if home is None:
        raise InputError(f"is not of the layout {name}", LAYOUTS[name].about, path=path)
    listing = LAYOUTS[name].list(path, home)
    if not listing.records and is_pack(path):
        raise InputError("is a pack already", f"use it as pack:{shown(path)}", path=path)
    if not listing.records:
        raise InputError("holds no pictures", "check the name", path=path)
    return replace(listing, layout=name)
