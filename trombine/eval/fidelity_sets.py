"""The pictures of a set (sets.py), drawn and as the witness will see them.

All are made alike: the middle square, resized once to the witness's window by the same filter,
for what differs in how it was resized is told apart by that alone.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int64, UInt8

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, Progress, silent
from trombine.core.rng import Rng
from trombine.data.spec import is_there
from trombine.eval import witness
from trombine.eval.sets import open_place, same_place
from trombine.faces import frames

Pixels = UInt8[np.ndarray, "_ _ 3"]
Rows = Int64[np.ndarray, "_"]

FIRST_SEEDS: Final = {"real": 2_000_000, "generated": 3_000_000}  # of painted sets: no net's


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures in the witness's window, in the order of their hashes, so that no name matters."""

    name: str
    names: tuple[str, ...]
    hashes: tuple[str, ...]  # of what each shows, before it was resized
    pictures: UInt8[np.ndarray, "n 128 128 3"]
    sizes: tuple[tuple[int, int], ...]  # width and height, those of most pictures first
    total: int  # how many there are, of which these were drawn
    skipped: int  # that could not be read
    lossless: bool
    files: tuple[Path, ...]  # that it may be read from

    def __len__(self) -> int:
        return len(self.names)

    @property
    def hash(self) -> str:
        """Of all pictures, whatever their names."""
        return hashlib.sha256("".join(self.hashes).encode()).hexdigest()[:12]


def read_set(
    text: str,
    side: str,
    account: Account,
    progress: Progress = silent,
    *,
    most: int,
    size: int | None = None,
) -> PictureSet:
    """The pictures of a path or a spec, at most so many; those that cannot be read are named.

    `size` is that of painted pictures, and of those that a spec takes from a folder.
    """
    first = FIRST_SEEDS[side]
    place = open_place(text, size or witness.WINDOW, account, progress, first_seed=first)
    drawn = Rng(seed=0, places=np.arange(min(most, place.count), dtype=np.int64))
    rows = drawn.order("fidelity set", place.count) if place.count else drawn.places
    items: list[tuple[str, str, Pixels]] = []
    sizes: Counter[tuple[int, int]] = Counter()
    lossless = True
    for number, row in enumerate(rows.tolist(), 1):
        try:
            pixels, is_exact = place.read(row)
        except InputError as error:
            account.skip(error.path or place.path, error)
            continue
        digest = hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()
        items.append((digest, place.name(row), in_window(pixels)))
        sizes[pixels.shape[1], pixels.shape[0]] += 1
        lossless = lossless and is_exact
        progress(number, len(rows), f"{side} pictures")
    items.sort(key=lambda item: item[:2])
    windows = [window for *_, window in items]
    return PictureSet(
        name=shown(text),
        names=tuple(name for _, name, _ in items),
        hashes=tuple(digest for digest, *_ in items),
        pictures=np.stack(windows) if windows else np.zeros((0, 128, 128, 3), np.uint8),
        sizes=tuple(shape for shape, _ in sizes.most_common()),
        total=place.count,
        skipped=len(rows) - len(windows),
        lossless=lossless,
        files=place.files,
    )


def in_window(pixels: Pixels) -> Pixels:
    """The middle square of a picture as the witness sees it."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    return to_pixels(frames.in_window(to_picture(square)[None])[0])


def check_apart(generated: PictureSet, real: PictureSet) -> None:
    """Refuse a set that is compared with itself."""
    if set(generated.hashes) == set(real.hashes):
        remedy = "name the generated set, then the real one"
        raise InputError(f"{generated.name} and {real.name} show the same pictures", remedy)


def check_places(generated: str, real: str) -> None:
    """Refuse one place that is given twice; painted sets have other seeds on either side."""
    both = is_there(generated) and is_there(real)
    if both and same_place(generated, real):
        remedy = "name the generated set, then the real one"
        raise InputError("is given twice", remedy, path=Path(real))


def remarks(generated: PictureSet, real: PictureSet) -> Iterator[str]:
    """What a reader has to know of two sets before any figure."""
    for each in (generated, real):
        if each.total - each.skipped > len(each):
            yield f"{each.name}: {len(each):,} of {each.total:,} pictures are compared"
        if copies := len(each.hashes) - len(set(each.hashes)):
            yield f"{each.name}: {_pictures(copies)} there more than once"
    if both := len(set(generated.hashes) & set(real.hashes)):
        yield f"{_pictures(both)} in both sets"
    ours, theirs = (_sizes(each.sizes) for each in (generated, real))
    if ours != theirs:
        yield (
            f"sizes differ: {ours} generated, {theirs} real; the middle square of each is resized"
            f" to {witness.WINDOW} pixels, and what is enlarged is softer"
        )
    if generated.lossless != real.lossless:
        yield "one set is compressed (JPEG or the like) and the other is not, which may tell"


def _pictures(count: int) -> str:
    return f"{count:,} {'picture is' if count == 1 else 'pictures are'}"


def _sizes(sizes: Sequence[tuple[int, int]]) -> str:
    width, height = sizes[0]
    return f"{width} x {height}" + (" and others" if len(sizes) > 1 else "")
