"""What is painted of seeds: pictures with their truth; and packs and folders of them.

A Maker is what a `world:` or `leaves` term of a spec asks for, at a size. It is small and it
pickles, so workers get it whole; what it makes depends on the seed and on nothing else. KINDS is
the table of what can be made: faces, leaves, fractals, masks. Packs and folders keep the same
numbers: points are rounded here. Of what is there only the missing is painted.

A folder is what Hugging Face's `datasets` loads as "imagefolder": metadata.jsonl has a JSON object
a line, and each key that ends in file_name points to a picture.

    one style                         a pair, photo+anime
    metadata.jsonl                    metadata.jsonl
    000000.png                        photo/000000.png
    parts/000000.png                  photo_parts/000000.png
                                      anime/000000.png
                                      anime_parts/000000.png

    file_name, parts_file_name        photo_file_name, photo_parts_file_name, anime_file_name, ...
    landmarks, visible                photo_landmarks, photo_visible, anime_landmarks, ...
    seed, size, style, face           the same

`landmarks` is 68 times [x, y] in pixels, `visible` 68 booleans, `face` the face's numbers by
name, and the parts are a palette PNG whose indices are the labels. Leaves have pictures and seeds
only. A folder of fractals gets a dataset card, of the template in published/.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

import trombine
import trombine.world
from trombine import __version__
from trombine.core.cluster import spread
from trombine.core.errors import InputError, OutputError, shown
from trombine.core.progress import Progress, Result, log, silent
from trombine.core.texts import counted
from trombine.data.columns import PAIR, Row, base, shapes
from trombine.data.listing import (
    FILE_NAME,
    METADATA,
    PARTS_FILE_NAME,
    VECTOR_KEYS,
    few_pictures,
    join,
    read_lines,
)
from trombine.data.masks import draw_mask, listing_hash, parse_mix
from trombine.data.pack import Made, in_turn, is_pack, write_pack
from trombine.io.files import KERNELS, cache_folder, cache_refusal, write_bytes
from trombine.io.image import encode_labels, encode_png
from trombine.io.record import record_of
from trombine.world import STYLES, fractals
from trombine.world.leaves import leaves

SIZES: Final = range(16, 2049)  # pixels, of a world's pictures
SEEDS: Final = range(2**31)  # what every column, record and reader holds exactly
POINT_DECIMALS: Final = 3  # a thousandth of a pixel
CARD: Final = "README.md"
MARK: Final = "<!-- trombine-"  # in the last line of a card that is written again
_AT_ONCE: Final = 2**19  # pixels that a process paints at once: some tenths of a second's work
_TRUTH: Final = ("pictures", "parts", "points", "visible")  # columns of a face


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one seed makes: one picture, or the two of a pair."""

    row: Row  # as a pack has it; but masks are h x w, 0 and 255
    styles: tuple[str, ...] = ("",)  # of each picture: "photo", "squares:3"; "" without a choice
    says: Mapping[str, Any] = field(default_factory=dict)  # what else metadata.jsonl says of it


# Photos that are spelled as styles of the world: heads turned further, children.
PHOTOS: Final = {
    "posed": trombine.world.paint_posed,
    "children": trombine.world.paint_children,
}


@dataclass(frozen=True, kw_only=True)
class Maker:
    """What is made of each seed."""

    kind: str  # a name in KINDS
    styles: tuple[str, ...] = ()  # of a world: one, or two for pairs; of masks: the families
    size: int  # pixels, width and height

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise InputError(f"size is {SIZES[0]} to {SIZES[-1]} pixels, not {self.size!r}")
        KINDS[self.kind].check(self.styles)

    def __str__(self) -> str:
        return f"{self.kind}:{'+'.join(self.styles)}" if self.styles else self.kind

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What stands before each side's keys, and names its folders: nothing for a single side."""
        return self.styles if self.kind == "world" and len(self.styles) > 1 else ("",)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """The names of the numbers in a row's vector."""
        return KINDS[self.kind].vector_names()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of a cell of each column of its pack."""
        names = _TRUTH if self.kind == "world" else _TRUTH[:1]
        marks = ("", PAIR)[: len(self.prefixes)]
        columns = [f"{mark}{name}" for mark in marks for name in names]
        vectors = {"vectors": (len(self.vector_names),)} if self.vector_names else {}
        return {name: shapes(self.size)[base(name)] for name in (*columns, "seeds")} | vectors

    @property
    def at_once(self) -> int:
        """How many a process paints at once."""
        return max(1, min(16, _AT_ONCE // self.size**2))

    def make(self, seed: int) -> Sample:
        """The pictures and the truth of this seed."""
        try:
            return KINDS[self.kind].make(self, seed)
        except Exception as error:
            error.add_note(f"of seed {seed} of {self} at {self.size} px")
            raise

    @property
    def unit(self) -> str:
        """What one sample is called."""
        return "pair" if len(self.prefixes) > 1 else "picture"

    @property
    def text(self) -> str:
        """What it makes, behind how many."""
        return f" ({self}) of {self.size} px"


def _faces(maker: Maker, seed: int) -> Sample:
    if maker.styles[0] in PHOTOS:
        painted, vector = PHOTOS[maker.styles[0]](seed, maker.size)
        sides = [painted]
    else:
        face = trombine.world.face(seed)
        vector = np.asarray(trombine.world.to_vector(face), np.float64)
        sides = [trombine.world.paint(face, maker.size, style) for style in maker.styles]
    row: dict[str, np.ndarray] = {"vectors": vector}
    for mark, painted in zip(("", PAIR), sides, strict=False):
        points = np.round(painted.points.astype(np.float64), POINT_DECIMALS).astype(np.float32)
        cells = (painted.pixels, painted.parts, points, painted.visible)
        row |= {f"{mark}{name}": cell for name, cell in zip(_TRUTH, cells, strict=True)}
    return Sample(row=row, styles=maker.styles)


def _fractals(maker: Maker, seed: int) -> Sample:
    drawn = fractals.fractal(seed)
    pixels = fractals.paint_fractal(drawn, maker.size)
    return Sample(row={"pictures": pixels, "vectors": fractals.to_vector(drawn)})


def _masks(maker: Maker, seed: int) -> Sample:
    drawn = draw_mask(parse_mix("+".join(maker.styles)), seed, maker.size)
    pixels = drawn.hole.astype(np.uint8) * np.uint8(255)
    says = {"family": drawn.family, "share": drawn.share}
    return Sample(row={"pictures": pixels}, styles=(drawn.term,), says=says)


def _files_of_masks(families: tuple[str, ...]) -> dict[str, str]:
    """Hashes of what the folders hold that masks are drawn from, if there are any."""
    paths = [term.path for term in parse_mix("+".join(families)) if term.path]
    return {"files": "+".join(map(listing_hash, paths))} if paths else {}


def check_styles(styles: tuple[str, ...]) -> None:
    """Raise InputError unless these are a style, or two for pairs."""
    if len(styles) == 1 and styles[0] in PHOTOS:
        return
    if not set(styles) <= set(STYLES):
        names = ", ".join((*STYLES, *PHOTOS))
        raise InputError(f"a style is one of {names}, two with + for pairs, not {'+'.join(styles)}")
    if len(styles) > 2 or len(set(styles)) < len(styles):
        raise InputError(f"a pair is of two different styles, not {'+'.join(styles)}")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What can be made of seeds."""

    make: Callable[[Maker, int], Sample]
    check: Callable[[tuple[str, ...]], object] = lambda styles: None  # raises InputError
    vector_names: Callable[[], tuple[str, ...]] = tuple  # of the numbers in a row's vector
    styles_key: str = ""  # under which metadata.jsonl has the styles
    option: str = ""  # of the verb, that says a picture's style
    says: Callable[[tuple[str, ...]], Mapping[str, str]] = lambda styles: {}  # more, of the styles
    in_specs: bool = False  # a spec names it by its name alone, as `leaves`


KINDS: Final = {
    "world": Kind(
        make=_faces,
        check=check_styles,
        vector_names=lambda: tuple(trombine.world.VECTOR_NAMES),
        styles_key="style",
        option="style",
    ),
    "leaves": Kind(
        make=lambda maker, seed: Sample(row={"pictures": leaves(seed, maker.size)}),
        in_specs=True,
    ),
    "fractals": Kind(
        make=_fractals,
        vector_names=lambda: fractals.VECTOR_NAMES,
        in_specs=True,
    ),
    "masks": Kind(
        make=_masks,
        check=lambda families: parse_mix("+".join(families)),
        styles_key="families",
        option="family",
        says=_files_of_masks,
    ),
}
# The keys by which lines of different kinds, all named by their seeds, are told apart.
_MARKS: Final = {*VECTOR_KEYS.values(), *(kind.styles_key for kind in KINDS.values())} - {""}


@cache
def painter_hash() -> str:
    """A hash of the painters' own code: a pack of another painter's pictures is another pack."""
    package = Path(trombine.__file__).parent
    files = [package / "core" / "conventions.py", *package.glob("world/**/*.py")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(
            path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
        )
    return digest.hexdigest()[:16]


# A pack


def paint_pack(
    path: Path,
    maker: Maker,
    *,
    first_seed: int,
    count: int,
    workers: int | None,
    cluster: str = "",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Make the pack of `count` seeds at `path`, or what is missing of it; keep a whole one."""
    _warn_uncached()
    return write_pack(
        path,
        partial(_make_rows, maker, first_seed),
        about={
            "kind": maker.kind,
            "styles": list(maker.styles),
            "size": maker.size,
            "first_seed": first_seed,
            "count": count,
            "painter": painter_hash(),
            "vector_names": list(maker.vector_names),
        },
        count=count,
        shapes=maker.shapes,
        shard=maker.at_once,
        workers=workers,
        cluster=cluster,
        overwrite=overwrite,
        progress=progress,
        unit=maker.unit,
        kind=maker.text,
    )


def _make_rows(maker: Maker, first_seed: int, places: Sequence[int]) -> list[Made]:
    """What workers run: the rows of a few seeds."""
    seeds = (first_seed + place for place in places)
    return [(None, {**maker.make(s).row, "seeds": np.array(s, np.int64)}) for s in seeds]


def _warn_uncached() -> None:
    """Say so where the painters that are compiled cannot be kept for the next time."""
    if why := cache_refusal():
        log.warning(f"{shown(cache_folder() / KERNELS)}: {why}")


# A folder


def paint_folder(
    folder: Path,
    maker: Maker,
    *,
    first_seed: int,
    count: int,
    workers: int | None,
    cluster: str = "",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Write the missing pictures; the lines of all there are at the end, or when it is stopped."""
    _warn_uncached()
    step, seeds = progress or silent, range(first_seed, first_seed + count)
    metadata, written = folder / METADATA, list[Path]()
    with in_turn(folder):
        _check_folder(folder)
        lines = _lines(metadata, maker, seeds if overwrite else range(0))
        there = {
            s
            for s in seeds
            if s in lines and all((folder / name).is_file() for name in files_of(maker, s).values())
        }
        todo = [seed for seed in seeds if seed not in there]
        kept = count - len(todo)
        _write_lines(metadata, lines)  # by which a folder is known as ours
        try:
            draw = partial(_draw, folder, maker)
            lots = spread(draw, todo, workers=workers, cluster=cluster, at_once=maker.at_once)
            with closing(lots) as drawn:
                for done, (seed, line) in enumerate(drawn, kept + 1):
                    lines[seed] = line
                    names = files_of(maker, seed)
                    written += [folder / names[join(p, FILE_NAME)] for p in maker.prefixes]
                    step(done, count, "pictures")
        finally:
            _write_lines(metadata, lines)
    there = f"; {kept:,} of them there before" if kept else ""
    summary = f"{shown(folder)}: {counted(count, maker.unit)}{maker.text}{there}"
    return Result(summary=summary, written=tuple(written), kept=kept)


def _check_folder(folder: Path) -> None:
    """Refuse a pack, and a folder of other pictures, which metadata.jsonl would hide from who reads
    it."""
    if is_pack(folder):
        raise OutputError("is a pack", "choose another folder, or say --pack", path=folder)
    if folder.is_dir() and not (folder / METADATA).exists() and (others := few_pictures(folder)):
        problem = f"holds other pictures, such as {shown(min(others))}"
        raise OutputError(problem, "choose another folder", path=folder)


def _lines(metadata: Path, maker: Maker, but: range) -> dict[int, str]:
    """The lines that there are, by seed, but for some seeds; they must be of this maker."""
    lines = dict[int, str]()
    keys = {VECTOR_KEYS.get(maker.kind, ""), KINDS[maker.kind].styles_key} - {""}
    for line in read_lines(metadata) if metadata.exists() else ():
        try:
            held = json.loads(line)
            seed = int(held["seed"])
            same = head(maker, seed).items() <= held.items()
            same &= held.keys() & _MARKS == keys
        except (ValueError, LookupError, TypeError, AttributeError):
            seed, same = -1, False
        if seed in but:
            continue
        if not same:
            problem = f"describes other pictures than {maker} of {maker.size} px"
            remedy = "choose another folder, or make all anew with --overwrite"
            raise OutputError(problem, remedy, path=metadata)
        lines[seed] = line
    return lines


def _write_lines(metadata: Path, lines: Mapping[int, str]) -> None:
    text = "".join(f"{lines[seed]}\n" for seed in sorted(lines)).encode()
    if not metadata.exists() or metadata.read_bytes() != text:
        write_bytes(metadata, text)


def _draw(folder: Path, maker: Maker, seed: int) -> str:
    """What workers run: writes the files of a seed; the line of metadata.jsonl."""
    sample, option = maker.make(seed), KINDS[maker.kind].option
    row, names = sample.row, files_of(maker, seed)
    line = head(maker, seed) | dict(sample.says)
    for prefix, mark, style in zip(maker.prefixes, ("", PAIR), sample.styles, strict=False):
        if f"{mark}parts" in row:
            data = encode_labels(row[f"{mark}parts"])
            write_bytes(folder / names[join(prefix, PARTS_FILE_NAME)], data)
            points = np.round(row[f"{mark}points"].astype(np.float64), POINT_DECIMALS)
            line[join(prefix, "landmarks")] = points.tolist()
            line[join(prefix, "visible")] = row[f"{mark}visible"].tolist()
        # The record by which `replay` paints it again.
        options = {"count": 1, "first_seed": seed, "size": maker.size}
        record = record_of(f"data_{maker.kind}", options | ({option: style} if option else {}))
        data = encode_png(row[f"{mark}pictures"], record)
        write_bytes(folder / names[join(prefix, FILE_NAME)], data)
    if "vectors" in row:
        numbers = zip(maker.vector_names, row["vectors"].tolist(), strict=True)
        line[VECTOR_KEYS[maker.kind]] = dict(numbers)
    return json.dumps(line)


def files_of(maker: Maker, seed: int) -> dict[str, str]:
    """The files of a seed, by their keys in metadata.jsonl."""
    found = dict[str, str]()
    for prefix in maker.prefixes:
        found[join(prefix, FILE_NAME)] = f"{prefix}{'/' if prefix else ''}{seed:06d}.png"
        if maker.kind == "world":
            found[join(prefix, PARTS_FILE_NAME)] = f"{join(prefix, 'parts')}/{seed:06d}.png"
    return found


def head(maker: Maker, seed: int) -> dict[str, Any]:
    """How the line of a seed begins: its files, and what was asked for."""
    line: dict[str, Any] = {**files_of(maker, seed), "seed": seed, "size": maker.size}
    if maker.styles:
        line[KINDS[maker.kind].styles_key] = "+".join(maker.styles)
    return line | dict(KINDS[maker.kind].says(maker.styles))


# The card of fractals


def publish_fractals(folder: Path, *, overwrite: bool = False) -> None:
    """Write the dataset card of a folder of fractals; one without the mark stays."""
    with (folder / METADATA).open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    path = folder / CARD
    if overwrite or not path.is_file() or MARK.encode() in path.read_bytes():
        write_bytes(path, card([line["seed"] for line in lines], lines[0]["size"]).encode())
    else:
        stays = "was written or changed by somebody else, and stays; --overwrite replaces it"
        log.warning(f"{shown(path)}: {stays}")


def card(seeds: Sequence[int], size: int) -> str:
    """The card of the fractals of these seeds: the same text each time, no clock, no path."""
    template = (files("trombine.data") / "published" / "card.md").read_text(encoding="utf-8")
    return template.format(
        count=f"{len(seeds):,}",
        size=size,
        names=", ".join(f"{number} {name}" for number, name in enumerate(fractals.PALETTES)),
        version=__version__,
        all=max(seeds) - min(seeds) + 1,
        first=min(seeds),
    )
