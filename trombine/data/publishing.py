"""What a folder of pictures needs to be published: a dataset card, and a notebook to start from.

Both are functions of the folder's metadata.jsonl: the same bytes each time, no clock, no path. Each
carries a seal, a hash of itself, by which one that somebody wrote or changed is known and left
alone. What they say is in published/; the notebook runs where trombine is not installed. The
pictures are filling.py's.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from textwrap import fill
from typing import Final

import numpy as np

from trombine import __version__
from trombine.data.imagefolder import METADATA
from trombine.events import Notice
from trombine.files import write_bytes
from trombine.world import fractals
from trombine.world.fractals_colours import PALETTES, STEPS, ramp

CARD: Final = "README.md"
NOTEBOOK: Final = "starter.ipynb"
LICENCE: Final = "cc0-1.0"
_SEAL: Final = re.compile(r"trombine-seal:[0-9a-f]{16}")
_BLANK: Final = "trombine-seal:" + 16 * "0"
STOPS: Final = 17  # colours of a palette that the notebook has
_SHEET_LIMIT: Final = 40  # pictures in its sheet, at most
_COMMANDS: Final = 8  # a card has at most
# Hugging Face's words for how many pictures there are: up to so many.
_AMOUNTS: Final = {
    1_000: "n<1K",
    10_000: "1K<n<10K",
    100_000: "10K<n<100K",
    1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M",
}
_HUGE: Final = "10M<n<100M"


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a folder holds."""

    seeds: tuple[range, ...]  # in stretches without a gap
    size: int  # pixels

    @property
    def count(self) -> int:
        """How many pictures."""
        return sum(len(stretch) for stretch in self.seeds)


def publish_fractals(folder: Path, *, overwrite: bool = False) -> Iterator[Notice]:
    """Write the card and the notebook of a folder of fractals; what is not ours stays."""
    contents = contents_of(folder)
    for name, content in ((CARD, card(contents)), (NOTEBOOK, notebook(contents))):
        path = folder / name
        if overwrite or not path.is_file() or is_ours(path):
            write_bytes(path, content.encode())
        else:
            text = "was written or changed by somebody else, and stays; --overwrite replaces it"
            yield Notice(file=path, text=text)


def contents_of(folder: Path) -> Contents:
    """What the metadata.jsonl of a folder of ours says, which has at least one line."""
    with (folder / METADATA).open(encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    return Contents(seeds=stretches([line["seed"] for line in entries]), size=entries[0]["size"])


def stretches(seeds: list[int]) -> tuple[range, ...]:
    """Whole numbers as stretches without a gap, in order."""
    ranges: list[range] = []
    for seed in sorted(set(seeds)):
        if ranges and seed == ranges[-1].stop:
            ranges[-1] = range(ranges[-1].start, seed + 1)
        else:
            ranges.append(range(seed, seed + 1))
    return tuple(ranges)


# --- seals ---


def sealed(text: str) -> str:
    """The text with a hash of itself where its seal is blank."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return text.replace(_BLANK, f"trombine-seal:{digest}")


def is_ours(path: Path) -> bool:
    """Whether a file is as we wrote it, to the last byte."""
    text = path.read_bytes().decode(errors="replace")
    seals = _SEAL.findall(text)
    return len(seals) == 1 and sealed(text.replace(seals[0], _BLANK)) == text


# --- the card ---


def card(contents: Contents) -> str:
    """The dataset card of a folder of fractals: what Hugging Face reads, then what people do.

    Its paragraphs are wrapped anew once the figures are in.
    """
    early, late = fractals.STRETCHES
    filled = _template("card.md").format(
        licence=LICENCE,
        amount=next((word for most, word in _AMOUNTS.items() if contents.count < most), _HUGE),
        pictures=f"{contents.count:,} picture{'' if contents.count == 1 else 's'}",
        size=contents.size,
        transient=fractals.TRANSIENT,
        points=fractals.POINTS,
        margin=fractals.MARGIN,
        smooth=fractals.SMOOTH,
        palettes=len(PALETTES),
        bends=_span(fractals.BENDS),
        shares=_span(fractals.SHARES),
        starts=_span(fractals.STARTS),
        names=", ".join(f"{number} {name}" for number, name in enumerate(PALETTES)),
        early=_points(early),
        late=_points(late),
        fewest=fractals.FEWEST,
        cells=fractals.CELLS,
        metadata=METADATA,
        numbers="`, `".join(fractals.VECTOR_NAMES),
        notebook=NOTEBOOK,
        version=__version__,
        commands=_commands(contents),
    )
    text = "\n\n".join(map(_wrapped, filled.strip().split("\n\n")))
    return sealed(f"{text}\n\n<!-- {_BLANK} -->\n")


def _wrapped(block: str) -> str:
    """A paragraph in lines of at most 100 letters; headings, tables and code as they are."""
    return (
        block
        if block.startswith(("---", "#", "|", "    ", "```"))
        else fill(block, 100, break_on_hyphens=False)
    )


def _span(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"


def _points(stretch: range) -> str:
    return f"{stretch.start:,} to {stretch.stop:,}"


def _commands(contents: Contents) -> str:
    """The commands that make these pictures."""
    lines = [
        f"trombine data fractals --count {len(stretch)} --size {contents.size}"
        f" --first-seed {stretch.start} -o fractals"
        for stretch in contents.seeds[:_COMMANDS]
    ]
    more = len(contents.seeds) - _COMMANDS
    lines += [f"# and {more} more, by the seeds in {METADATA}"] if more > 0 else []
    return "\n".join(("```sh", *lines, "```"))


# --- the notebook ---


def notebook(contents: Contents) -> str:
    """The notebook of a folder of fractals, in Jupyter's format 4.5.

    A cell's name, unlike Jupyter's own, is the same each time.
    """
    values = {
        "SHOWN": min(contents.count, _SHEET_LIMIT),
        "    PALETTES,": _palettes(),
        "POINTS": fractals.POINTS,
        "TRANSIENT": fractals.TRANSIENT,
        "INNER": f"{1 - 2 * fractals.MARGIN:g}",
    }
    document = json.loads(_template("starter.ipynb"))
    for cell in document["cells"]:
        text = "".join(cell["source"])
        for name, value in values.items():
            text = text.replace(name, str(value))
        cell["source"] = text.splitlines(keepends=True)
    return sealed(json.dumps(document, indent=1) + "\n")


def _palettes() -> str:
    """The palettes as lines of Python."""
    at = np.linspace(0, STEPS - 1, STOPS).round().astype(np.int64)
    lines = []
    for number, name in enumerate(PALETTES):
        colours = (ramp(number)[at] * 255).round().astype(np.uint8)
        half = [colour.tobytes().hex() for colour in colours]
        first, second = " ".join(half[:9]), " ".join(half[9:])
        lines.append(f'    "{first}"  # {name}\n    " {second}",')
    return "\n".join(lines)


def _template(name: str) -> str:
    """What the card or the notebook says: figures come where a name is in braces, or capitals."""
    return (files("trombine.data") / "published" / name).read_text(encoding="utf-8")
