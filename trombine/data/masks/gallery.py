"""A page of the masks in a folder: examples of every family, and how large the holes are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trombine.data.imagefolder import FILE_NAME, METADATA
from trombine.data.masks.spec import FAMILIES
from trombine.files import OutputError, write_bytes
from trombine.images import read
from trombine.pages import Html, Page, Plot, Series, grid, picture, plots, table

Line = dict[str, Any]

SHOWN: Final = 24  # masks of a family
LARGEST: Final = 192  # pixels of a mask on the page
BINS: Final = 20  # of the histogram
_MARK: Final = b'<meta name="generator" content="trombine">'  # of every page of ours
_ABOUT: Final = {
    "irregular": "Strokes, blobs and dots of one brush, until the wanted share is covered.",
    "huge": "As irregular, with a huge brush.",
    "squares": "One to six squares.",
    "half": "One side of the picture, of a straight or a slanted line.",
    "parts": "A part of a face, and a margin round it.",
    "scratches": "Lines along the film, hairs and dust.",
    "text": "Lines of letters.",
    "files": "From files: what is bright is the hole.",
    "inverted": "From files: what is dark is the hole.",
    "nvidia": "From NVIDIA's training masks, grown, turned and cropped.",
}


def check_page(path: Path) -> None:
    """Refuse to write over a page that is somebody else's."""
    if path.exists() and (not path.is_file() or _MARK not in path.read_bytes()):
        raise OutputError(path, "is there and was not made by trombine", "choose another folder")


def write_page(path: Path, folder: Path) -> None:
    """The page of all masks that the folder's metadata.jsonl names."""
    text = (folder / METADATA).read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    page = Page(
        title="Masks",
        lead=f"{len(lines):,} masks of {lines[0]['size']} pixels. White is what is to be painted."
        " Each is a function of its seed, by which its file is named.",
        foot="Made by trombine data masks.",
    )
    page.section("How large the holes are", _spread(lines), histogram(lines), _shares(lines))
    for family, members in by_family(lines).items():
        plain = family.partition(":")[0]
        page.section(family.capitalize(), _ABOUT.get(plain, ""), _examples(folder, members))
    write_bytes(path, page.html().encode())


def by_family(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines of each family, in the order in which spec.py has the families."""
    places = {family: place for place, family in enumerate(FAMILIES)}
    found = {line["family"] for line in lines}
    names = sorted(found, key=lambda name: (places[name.partition(":")[0]], name))
    return {name: [line for line in lines if line["family"] == name] for name in names}


def histogram(lines: Sequence[Line]) -> Html:
    """How many masks there are of each share of hole."""
    shares = [line["share"] for line in lines]
    counts, edges = np.histogram(shares, BINS, (0, 1))
    drawn = Plot(
        title="Share of hole",
        x_label="share of the picture, from, %",
        y_label="masks",
        series=(Series(name="masks", x=range(BINS), y=counts.tolist(), mark="bars"),),
        categories=tuple(f"{100 * edge:.0f}" for edge in edges[:-1]),
        width=640,
    )
    return plots(drawn)


def _spread(lines: Sequence[Line]) -> str:
    shares = np.array([line["share"] for line in lines])
    return (
        f"From {shares.min():.1%} to {shares.max():.1%} of the picture, {shares.mean():.1%} on"
        " average."
    )


def _shares(lines: Sequence[Line]) -> Html:
    rows = []
    for family, members in by_family(lines).items():
        shares = np.array([line["share"] for line in members])
        rows.append(
            [family, f"{len(members):,}", *(f"{s:.1%}" for s in (shares.min(), shares.mean()))]
        )
        rows[-1].append(f"{shares.max():.1%}")
    return table(["Family", "Masks", "Least", "Mean", "Most"], rows, caption="Share of hole")


def _examples(folder: Path, members: Sequence[Line]) -> Html:
    shown = [
        picture(
            shrunk(read(folder / line[FILE_NAME]).samples[..., 0]),
            f"Mask of seed {line['seed']}",
            caption=f"{line['seed']}: {line['share']:.0%}",
            crisp=True,
        )
        for line in members[:SHOWN]
    ]
    return grid(shown, columns=6, on_phone=3, tight=True)


def shrunk(mask: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "k l"]:
    """A mask that is not too large for a page."""
    if max(mask.shape) <= LARGEST:
        return mask
    small = Image.fromarray(mask)
    small.thumbnail((LARGEST, LARGEST))
    return np.asarray(small)
