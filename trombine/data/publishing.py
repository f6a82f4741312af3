"""The dataset card of a folder of fractals: what Hugging Face reads, then what people do.

It is a function of the folder's metadata.jsonl: the same bytes each time, no clock, no path. What
it says is in published/card.md. The pictures are filling.py's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from trombine import __version__
from trombine.data.imagefolder import METADATA
from trombine.io.files import write_bytes
from trombine.progress import log
from trombine.refusal import shown
from trombine.world.fractals_colours import PALETTES

CARD: Final = "README.md"
MARK: Final = "<!-- trombine-"  # in the last line of a card that is written again


def publish_fractals(folder: Path, *, overwrite: bool = False) -> None:
    """Write the card of a folder of fractals; one without the mark stays."""
    with (folder / METADATA).open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    path = folder / CARD
    if overwrite or not path.is_file() or MARK.encode() in path.read_bytes():
        write_bytes(path, card([line["seed"] for line in lines], lines[0]["size"]).encode())
    else:
        stays = "was written or changed by somebody else, and stays; --overwrite replaces it"
        log.warning(f"{shown(path)}: {stays}")


def card(seeds: Sequence[int], size: int) -> str:
    """The card of the fractals of these seeds."""
    template = (files("trombine.data") / "published" / "card.md").read_text(encoding="utf-8")
    return template.format(
        count=f"{len(seeds):,}",
        size=size,
        names=", ".join(f"{number} {name}" for number, name in enumerate(PALETTES)),
        version=__version__,
        all=max(seeds) - min(seeds) + 1,
        first=min(seeds),
    )
