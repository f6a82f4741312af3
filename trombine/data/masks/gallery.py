"""A page of the masks in a folder: examples of every family, and how large the holes are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trombine.core.errors import shown
from trombine.core.texts import from_json
from trombine.data.layouts import FILE_NAME
from trombine.data.listing import METADATA
from trombine.data.masks.files import TESTING, TRAINING
from trombine.data.masks.spec import FAMILIES
from trombine.io.image import load_picture
from trombine.report import Report

Line = dict[str, Any]

EXAMPLES: Final = 24  # masks of a family
LARGEST: Final = 192  # pixels of a mask on the page
BINS: Final = 20  # of the histogram
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
    lines = [from_json(line) for line in (folder / METADATA).read_text("utf-8").splitlines()]
    shares = [line["share"] for line in lines]
    report = Report(
        title="Masks",
        lead=f"{len(lines):,} {'mask' if len(lines) == 1 else 'masks'} of {lines[0]['size']}"
        f" pixels, of the family {shown(lines[0]['families'])}. White is what is to be painted."
        " Each is a function of its seed, by which its file is named.",
        foot="Made by trombine data masks.",
    )
    average = f"{np.mean(shares):.1%} on average"
    spread = f"From {min(shares):.1%} to {max(shares):.1%} of the picture, {average}."
    report.section("How large the holes are", spread)
    counts, edges = np.histogram(shares, BINS, (0, 1))
    bars = {f"{100 * edge:.0f}": n for edge, n in zip(edges, counts.tolist(), strict=False)}
    report.bars("Share of hole", bars, x_label="share of the picture, from, %", y_label="masks")
    families = by_family(lines)
    rows = [(family, *_numbers(members)) for family, members in families.items()]
    heads = ["Family", "Masks", "Least", "Mean", "Most"]
    report.table(heads, rows, caption="Share of hole")
    for family, members in families.items():
        plain, colon, variant = family.partition(":")
        title = ("NVIDIA" if plain == "nvidia" else plain.capitalize()) + colon + variant
        report.section(title, _ABOUT.get(family) or _ABOUT.get(plain, ""))
        cells = [
            (
                shrunk(load_picture(folder / line[FILE_NAME]).samples[..., 0]),
                f"{line['seed']}: {line['share']:.0%}",
            )
            for line in members[:EXAMPLES]
        ]
        report.pictures(cells, columns=6, on_phone=3, crisp=True)
    report.write(path)


def by_family(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines of each family, in the order in which spec.py has the families."""
    places = {family: place for place, family in enumerate(FAMILIES)}
    families = {line["family"] for line in lines}
    names = sorted(families, key=lambda name: (places[name.partition(":")[0]], name))
    return {name: [line for line in lines if line["family"] == name] for name in names}


def _numbers(members: Sequence[Line]) -> tuple[str, ...]:
    shares = np.array([line["share"] for line in members])
    ends = (f"{share:.1%}" for share in (shares.min(), shares.mean(), shares.max()))
    return (f"{len(members):,}", *ends)


def shrunk(mask: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "k l"]:
    """A mask that is not too large for a page."""
    if max(mask.shape) <= LARGEST:
        return mask
    small = Image.fromarray(mask)
    small.thumbnail((LARGEST, LARGEST))
    return np.asarray(small)
