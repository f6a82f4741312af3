"""A page of the masks in a folder: examples of every family, and how large the holes are.

A family that was asked for and that no mask of the folder is of is shown by examples drawn for the
page alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trombine.data.layouts import FILE_NAME
from trombine.data.listing import METADATA
from trombine.data.masks.draw import draw_mask
from trombine.data.masks.files import TESTING, TRAINING
from trombine.data.masks.spec import FAMILIES, MaskTerm, parse_mix, spell
from trombine.io.files import write_bytes
from trombine.io.image import load_picture
from trombine.pages import Html, Page, Plot, Series, grid, picture, plots, table
from trombine.refusal import InputError, shown
from trombine.texts import from_json

Line = dict[str, Any]

MOST_EXAMPLES: Final = 24  # masks of a family
DRAWN: Final = 6  # examples of a family of which the folder has none
LARGEST: Final = 192  # pixels of a mask on the page
BINS: Final = 20  # of the histogram
_ANEW: Final = "make the masks again with --overwrite"
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
    TRAINING: "From NVIDIA's training masks: what is dark is the hole, grown, turned and cropped.",
    TESTING: "From NVIDIA's testing masks: what is bright is the hole.",
}


def write_page(path: Path, folder: Path) -> None:
    """The page of all masks that the folder's metadata.jsonl names."""
    lines = _read_lines(folder / METADATA)
    families, size = lines[0]["families"], lines[0]["size"]
    page = Page(
        title="Masks",
        lead=f"{len(lines):,} {'mask' if len(lines) == 1 else 'masks'} of {size} pixels, of the"
        f" family {shown(families)}. White is what is to be painted. Each is a function of its"
        " seed, by which its file is named.",
        foot="Made by trombine data masks.",
    )
    page.section("How large the holes are", _spread(lines), histogram(lines), _shares(lines))
    for family, members in by_family(lines).items():
        page.section(_title(family), _about(family), _examples(folder, members))
    for term in missing(families, lines):
        drawn = [draw_mask((term,), seed, min(size, LARGEST)) for seed in range(DRAWN)]
        about = "None is in this folder; these are drawn for the page alone."
        cells = (_cell(mask.pixels, seed, mask.share) for seed, mask in enumerate(drawn))
        family = drawn[0].family
        page.section(_title(family), f"{_about(family)} {about}", _grid(cells))
    write_bytes(path, page.html().encode())


def _read_lines(path: Path) -> list[Line]:
    """The lines of a metadata.jsonl that fill_folder has written or kept.

    It has checked what says whose they are; their families and shares may be anything yet.
    """
    lines = [from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, line in enumerate(lines, 1):
        family, share = line.get("family"), line.get("share")
        if not isinstance(family, str) or family.partition(":")[0] not in FAMILIES:
            raise InputError(f"names no family of masks in line {number}", _ANEW, path=path)
        if type(share) not in (int, float) or not 0 <= share <= 1:
            raise InputError(f"gives no share of 0 to 1 in line {number}", _ANEW, path=path)
    return lines


def by_family(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines of each family, in the order in which spec.py has the families."""
    places = {family: place for place, family in enumerate(FAMILIES)}
    families = {line["family"] for line in lines}
    names = sorted(families, key=lambda name: (places[name.partition(":")[0]], name))
    return {name: [line for line in lines if line["family"] == name] for name in names}


def missing(families: str, lines: Sequence[Line]) -> list[MaskTerm]:
    """The terms of what was asked for, without weights, of which there is no mask."""
    terms = dict.fromkeys(replace(term, weight=1.0) for term in parse_mix(families))
    existing = {line["family"] for line in lines}
    # Of a file a line says how it was read, nvidia:training, and not from which folder.
    prefixes = {family.partition(":")[0] for family in existing}
    return [t for t in terms if (t.family not in prefixes if t.path else spell(t) not in existing)]


def _title(family: str) -> str:
    """As a heading: NVIDIA is no plain word."""
    plain, colon, variant = family.partition(":")
    return ("NVIDIA" if plain == "nvidia" else plain.capitalize()) + colon + variant


def _about(family: str) -> str:
    return _ABOUT.get(family) or _ABOUT.get(family.partition(":")[0], "")


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
    return _grid(
        _cell(load_picture(folder / line[FILE_NAME]).samples[..., 0], line["seed"], line["share"])
        for line in members[:MOST_EXAMPLES]
    )


def _grid(cells: Iterable[Html]) -> Html:
    return grid(list(cells), columns=6, on_phone=3, tight=True)


def _cell(mask: UInt8[np.ndarray, "h w"], seed: int, share: float) -> Html:
    caption = f"{seed}: {share:.0%}"
    return picture(shrunk(mask), f"Mask of seed {seed}", caption=caption, crisp=True)


def shrunk(mask: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "k l"]:
    """A mask that is not too large for a page."""
    if max(mask.shape) <= LARGEST:
        return mask
    small = Image.fromarray(mask)
    small.thumbnail((LARGEST, LARGEST))
    return np.asarray(small)
