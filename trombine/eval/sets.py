"""A set of pictures to judge: of a folder, a pack or a data spec.

`open_place` says what there is, before any picture is read; `open_set` gives all of it at one size.
A pack's pictures of that size are read from its file as they are needed. All others are put into a
temporary file, so that a large set needs no memory.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, Progress, silent
from trombine.core.rng import Rng
from trombine.core.tiles import middle
from trombine.data.layouts import list_folder
from trombine.data.pack import Pack, is_pack
from trombine.data.reading import resize
from trombine.data.source import parse, prepare, source
from trombine.io.files import is_there
from trombine.io.image import as_seen, load_picture, size_of

Pictures = UInt8[np.ndarray, "_ _ _ 3"]
Pixels = UInt8[np.ndarray, "_ _ 3"]


@dataclass(frozen=True, eq=False)
class Place:
    """Where the pictures of a set are."""

    count: int
    name: Callable[[int], str]
    read: Callable[[int], tuple[Pixels, bool]]  # and whether it was stored without loss
    path: Path
    files: tuple[Path, ...] = ()  # that they are read from, as far as they are files
    kept: Pictures | None = None  # all of them, where they are kept so


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures of one size with their names."""

    spec: str
    pictures: Pictures
    name: Callable[[int], str]  # of each
    files: tuple[Path, ...] = ()  # that they were read from, as far as they are files
    total: int = 0  # how many there are, of which these were drawn
    skipped: int = 0  # how many could not be read
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)  # width, height as they were
    hashes: tuple[str, ...] = ()  # of what each shows, as it was
    lossless: bool = True
    pack: Path | None = None  # whose column of pictures these are

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def resized(self) -> int:
        """How many had another size or shape."""
        return sum(self.sizes.values()) - self.sizes[self.pictures.shape[2], self.pictures.shape[1]]


def same_place(a: str, b: str) -> bool:
    """Whether two specs mean the same pictures."""
    first, second = _existing(a), _existing(b)
    if first is None and second is None:
        return parse(a) == parse(b)
    return first is not None and second is not None and first.resolve() == second.resolve()


def natural_size(spec: str) -> int | None:
    """Width and height of a set's pictures as they are; None where the spec does not say."""
    path = _existing(spec)
    if path is None:
        return None
    if is_pack(path):
        return Pack(path).size
    return min(size_of(path / list_folder(path).records[0].name))


def open_set(
    spec: str,
    size: int,
    account: Account,
    progress: Progress = silent,
    *,
    most: int | None = None,
    first_seed: int = 0,
    window: Callable[[Pixels], Pixels] | None = None,
) -> PictureSet:
    """The pictures of a path or a data spec at this size; bad files of a folder are skipped.

    Of more than `most` so many are drawn. `window` gives what is kept of a picture, in place of its
    middle square.
    """
    place = open_place(spec, size, account, progress, first_seed=first_seed)
    if window is None and place.kept is not None and place.kept.shape[1:3] == (size, size):
        named = (place.name, place.files, place.count)
        return PictureSet(spec, place.kept, *named, pack=place.path)
    rows = np.arange(place.count, dtype=np.int64)
    rows = rows if most is None else drawn_rows(place, rows[:most])
    room, names, hashes = None, list[str](), list[str]()
    sizes, lossless = Counter[tuple[int, int]](), True
    for number, row in enumerate(rows.tolist(), 1):
        try:
            pixels, is_exact = place.read(row)
        except InputError as error:
            account.skip(error.path or place.path, error)
            continue
        kept = window(pixels) if window else square(pixels, size)
        room = _room(len(rows), len(kept)) if room is None else room
        room[len(names)] = kept
        names.append(place.name(row))
        hashes.append(sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest())
        sizes[pixels.shape[1], pixels.shape[0]] += 1
        lossless = lossless and is_exact
        progress(number, len(rows), "pictures read")
    pictures = np.zeros((0, size, size, 3), np.uint8) if room is None else room[: len(names)]
    skipped = len(rows) - len(names)
    about = (place.files, place.count, skipped, sizes, tuple(hashes), lossless)
    return PictureSet(spec, pictures, names.__getitem__, *about)


def drawn_rows(place: Place, places: Int64[np.ndarray, "n"]) -> Int64[np.ndarray, "n"]:
    """The rows at these places of a drawn order of all, each of which is there once."""
    if not place.count:
        return places
    return Rng(seed=0, places=places).order("fidelity set", place.count)


def open_place(
    spec: str, size: int, account: Account, progress: Progress = silent, *, first_seed: int = 0
) -> Place:
    """The pictures of a path or a data spec; those that must be painted are, of this size and from
    this seed on."""
    if (path := _existing(spec)) is not None:
        return _of_pack(path) if is_pack(path) else _of_folder(path)
    if "/" in spec and ":" not in spec:
        raise InputError("does not exist", "name a folder, a pack or a data spec", path=Path(spec))
    term, *others = parse(spec)
    if others:
        raise InputError(f"{shown(spec)} is a mix", "name one source for each set")
    prepare(spec, size, first_seed=first_seed, workers=None, progress=progress)
    opened = source(spec, size, first_seed=first_seed)
    if opened.paired:
        raise InputError(f"{shown(spec)} has pairs of pictures", "name a set of single ones")
    return Place(
        count=len(opened),
        name=opened.name,
        read=lambda row: (opened.take(np.array([row], np.int64))["pictures"][0], True),
        path=Path(term.path or spec),
    )


def _existing(spec: str) -> Path | None:
    """The folder or the pack that a spec names, if it names all of one."""
    if is_there(spec):
        return Path(spec)
    if "/" in spec and ":" not in spec:
        return None
    term, *others = parse(spec)
    plain = not others and not term.split and term.count is None
    is_path = plain and term.kind in ("pack", "folder") and is_there(term.path)
    return Path(term.path) if is_path else None


def _of_pack(path: Path) -> Place:
    pack = Pack(path)
    kept = pack.columns["pictures"]
    files = tuple(sorted(file for file in path.iterdir() if file.is_file()))
    return Place(len(pack), pack.name, lambda row: (kept[row], True), path, files, kept)


def _of_folder(folder: Path) -> Place:
    if not folder.is_dir():
        raise InputError("is one file", "name a folder of pictures, or a pack", path=folder)
    listing = list_folder(folder)
    names = [record.name for record in listing.records]

    def of_file(row: int) -> tuple[Pixels, bool]:
        image = load_picture(folder / names[row])
        return as_seen(image), image.is_lossless

    files = tuple(folder / name for name in names)
    return Place(len(names), lambda row: shown(names[row]), of_file, folder, files)


def square(pixels: Pixels, size: int) -> Pixels:
    """The largest square in the middle, at this size."""
    return resize(pixels, middle(*pixels.shape[:2]), size)


def _room(count: int, size: int) -> Pictures:
    """Room for pictures in a file that goes when nobody reads it any more."""
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.uint8, "w+", shape=(count, size, size, 3))
