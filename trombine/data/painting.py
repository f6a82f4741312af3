"""What a Maker paints, written: a pack of it, or a folder; the missing alone where some is there.

The folder is what Hugging Face's `datasets` loads as "imagefolder": metadata.jsonl has a JSON
object a line, and each key that ends in file_name points to a picture.

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

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trombine import __version__
from trombine.core.cluster import spread
from trombine.core.conventions import PART_COLOURS
from trombine.core.errors import OutputError, shown
from trombine.core.progress import Progress, Result, log, silent
from trombine.data.columns import PAIR, base, shapes
from trombine.data.layouts import FILE_NAME, PARTS_FILE_NAME, join
from trombine.data.listing import METADATA, few_pictures, read_lines
from trombine.data.made import KINDS, POINT_DECIMALS, Maker, Sample, Side, painter_hash
from trombine.data.pack import is_pack
from trombine.data.pack_writer import Made, Shapes, in_turn, write_pack
from trombine.io.files import KERNELS, cache_folder, cache_refusal, write_bytes
from trombine.io.image import encode_png
from trombine.io.record import record_of
from trombine.world.fractals import PALETTES

Line = dict[str, Any]  # one line of metadata.jsonl

CARD: Final = "README.md"
MARK: Final = "<!-- trombine-"  # in the last line of a card that is written again
_AT_ONCE: Final = 2**19  # pixels that a process paints at once: some tenths of a second's work
# The keys by which lines of different kinds, all named by their seeds, are told apart.
_MARKS: Final = {k for kind in KINDS.values() for k in (kind.vector_key, kind.styles_key) if k}


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
    written = write_pack(
        path,
        _MakeRows(maker, first_seed),
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
        shapes=_shapes(maker),
        shard=_several(maker),
        workers=workers,
        cluster=cluster,
        overwrite=overwrite,
        progress=progress,
        unit=maker.plural,
    )
    summary = f"{shown(path)}: a pack of {maker.several(count)} of {maker.size} px"
    if written.was_whole:
        return Result(summary=f"{summary} (was there)", kept=count)
    return Result(summary=summary, written=(path,), kept=written.kept)


@dataclass(frozen=True)
class _MakeRows:
    """What workers run: the rows of a few seeds."""

    maker: Maker
    first_seed: int

    def __call__(self, places: Sequence[int]) -> list[Made]:
        return [(None, row(self.maker.make(self.first_seed + place))) for place in places]


def row(sample: Sample) -> dict[str, np.ndarray]:
    """A sample as the row of a pack."""
    cells: dict[str, np.ndarray | None] = {}
    for prefix, side in zip(("", PAIR), sample.sides, strict=False):
        cells[f"{prefix}pictures"] = side.pixels
        cells[f"{prefix}parts"] = side.parts
        cells[f"{prefix}points"] = side.points
        cells[f"{prefix}visible"] = side.visible
    cells |= {"vectors": sample.vector, "seeds": np.array(sample.seed, np.int64)}
    return {name: cell for name, cell in cells.items() if cell is not None}


def _shapes(maker: Maker) -> Shapes:
    """Of a cell of each column of a maker's pack."""
    names = ["pictures", "parts", "points", "visible"] if maker.kind == "world" else ["pictures"]
    names += [f"{PAIR}{name}" for name in names] if maker.paired else []
    vectors = {"vectors": (len(maker.vector_names),)} if maker.vector_names else {}
    return {name: shapes(maker.size)[base(name)] for name in (*names, "seeds")} | vectors


def _several(maker: Maker) -> int:
    return max(1, min(16, _AT_ONCE // maker.size**2))


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
        draw = _Draw(folder, maker)
        try:
            some = _several(maker)
            lots = spread(draw, todo, workers=workers, cluster=cluster, at_once=some)
            with closing(lots) as drawn:
                for done, (seed, line) in enumerate(drawn, kept + 1):
                    lines[seed] = line
                    names = files_of(maker, seed)
                    written += [folder / names[join(p, FILE_NAME)] for p in prefixes(maker)]
                    step(done, count, maker.plural)
        finally:
            _write_lines(metadata, lines)
    were = f" ({kept} {'was' if kept == 1 else 'were'} there)" if kept else ""
    summary = f"{shown(folder)}: {maker.several(count)} of {maker.size} px{were}"
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
    kind = KINDS[maker.kind]
    for line in read_lines(metadata) if metadata.exists() else ():
        try:
            held = json.loads(line)
            seed = int(held["seed"])
            same = head(maker, seed).items() <= held.items()
            same &= held.keys() & _MARKS == {kind.vector_key, kind.styles_key} - {""}
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


@dataclass(frozen=True)
class _Draw:
    """What workers run: writes the files of a seed; the line of metadata.jsonl."""

    folder: Path
    maker: Maker

    def __call__(self, seed: int) -> str:
        sample = self.maker.make(seed)
        names = files_of(self.maker, seed)
        for side, prefix in zip(sample.sides, prefixes(self.maker), strict=True):
            if side.parts is not None:
                parts = self.folder / names[join(prefix, PARTS_FILE_NAME)]
                write_bytes(parts, parts_png(side.parts))
            picture = self.folder / names[join(prefix, FILE_NAME)]
            write_bytes(picture, png(self.maker, seed, side))
        return json.dumps(_line(self.maker, sample))


def prefixes(maker: Maker) -> tuple[str, ...]:
    """What stands before each side's keys, and names its folders: nothing for a single side."""
    return maker.styles if maker.paired else ("",)


def files_of(maker: Maker, seed: int) -> dict[str, str]:
    """The files of a seed, by their keys in metadata.jsonl."""
    found = dict[str, str]()
    for prefix in prefixes(maker):
        found[join(prefix, FILE_NAME)] = f"{prefix}{'/' if prefix else ''}{seed:06d}.png"
        if maker.kind == "world":
            found[join(prefix, PARTS_FILE_NAME)] = f"{join(prefix, 'parts')}/{seed:06d}.png"
    return found


def png(maker: Maker, seed: int, side: Side) -> bytes:
    """The file of a picture, with the record by which `replay` paints it again."""
    options = {"count": 1, "first_seed": seed, "size": maker.size}
    options |= {option: side.style} if (option := KINDS[maker.kind].option) else {}
    return encode_png(side.pixels, record_of(f"data_{maker.kind}", options))


def parts_png(parts: UInt8[np.ndarray, "h w"]) -> bytes:
    """The file of a parts map: its indices are the labels, its palette shows them."""
    picture = Image.fromarray(parts, "L")
    picture.putpalette(PART_COLOURS.tobytes())  # which makes it a palette picture
    held = BytesIO()
    picture.save(held, "png", compress_level=6)
    return held.getvalue()


def head(maker: Maker, seed: int) -> Line:
    """How the line of a seed begins: its files, and what was asked for."""
    line: Line = {**files_of(maker, seed), "seed": seed, "size": maker.size}
    if maker.styles:
        line[KINDS[maker.kind].styles_key] = "+".join(maker.styles)
    return line | dict(KINDS[maker.kind].says(maker.styles))


def _line(maker: Maker, sample: Sample) -> Line:
    """The line of metadata.jsonl: file names first, then what is short, then the truth."""
    line = head(maker, sample.seed) | dict(sample.says)
    for prefix, side in zip(prefixes(maker), sample.sides, strict=True):
        if side.points is not None and side.visible is not None:
            points = np.round(side.points.astype(np.float64), POINT_DECIMALS)
            line[join(prefix, "landmarks")] = points.tolist()
            line[join(prefix, "visible")] = side.visible.tolist()
    if sample.vector is not None:
        numbers = dict(zip(maker.vector_names, sample.vector.tolist(), strict=True))
        line[KINDS[maker.kind].vector_key] = numbers
    return line


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
        names=", ".join(f"{number} {name}" for number, name in enumerate(PALETTES)),
        version=__version__,
        all=max(seeds) - min(seeds) + 1,
        first=min(seeds),
    )
