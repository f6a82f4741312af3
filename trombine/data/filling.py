"""Filling a folder with pictures of a world: those that are not there yet.

What the files and the lines of metadata.jsonl hold is in imagefolder.py. While the folder is
filled, lines are noted in a journal beside (journal.py); metadata.jsonl is written at the end, or
when the work is stopped. A file that no line describes is made again if it is one of ours, and
never touched if it is not. A folder of somebody's pictures is not filled at all: who reads it
afterwards would see no others than metadata.jsonl names.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Final

from trombine.data.imagefolder import (
    FILE_NAME,
    METADATA,
    DrawChunk,
    DrawnSample,
    Line,
    is_ours,
    names,
)
from trombine.data.journal import Journal, in_turn
from trombine.data.made import KINDS, SEEDS, Maker, chunks
from trombine.data.places import check_folder, uncached, writing
from trombine.data.workers import check_start, in_order
from trombine.events import Done, Event, Picture, Progress, Started
from trombine.io.files import write_bytes
from trombine.io.image import PICTURE_SUFFIXES
from trombine.refusal import OutputError, shortened, shown

_ELSEWHERE: Final = "choose another folder"
JOURNAL: Final = f".{METADATA}.part"
# The keys by which lines of different kinds, all named by their seeds, are told apart.
_MARKS: Final = {k for kind in KINDS.values() for k in (kind.vector_key, kind.styles_key) if k}


def fill_folder(
    folder: Path,
    maker: Maker,
    *,
    first_seed: int,
    count: int,
    workers: int | None,
    overwrite: bool = False,
) -> Generator[Event, None, None]:
    """Write the missing pictures, and at the end, or when stopped, the lines of all there are."""
    check_start(workers)
    seeds = range(first_seed, first_seed + count)
    yield Started(total=count, unit=maker.plural)
    yield from uncached()
    with writing(folder):
        check_folder(folder)
    yield from in_turn(folder, _fill(folder, maker, seeds, workers, overwrite))


def _fill(
    folder: Path, maker: Maker, seeds: range, workers: int | None, overwrite: bool
) -> Generator[Event, None, None]:
    """Write what is missing, while nobody else does."""
    journal = Journal(folder / JOURNAL)
    lines = _lines(folder, journal, maker, seeds if overwrite else range(0))
    todo = [seed for seed in seeds if seed not in lines or not _is_there(folder, maker, seed)]
    existing = len(seeds) - len(todo)
    for seed in todo:
        _refuse_others(folder, maker, seed, replace=overwrite or seed in lines)
    if not (folder / METADATA).exists():  # else pictures it does not name are hidden already
        _refuse_to_hide(folder, maker, but={*lines, *(seeds if overwrite else ())})
    if overwrite:  # first, lest the lines of old pictures be found beside new ones
        _write_lines(folder, journal, lines)
    try:
        with closing(in_order(DrawChunk(maker), chunks(todo, maker.size), workers)) as results:
            for done, drawn in enumerate(chain.from_iterable(results), existing + 1):
                path = _write(folder, drawn, keep=drawn.seed in lines)
                lines[drawn.seed] = drawn.line
                journal.note(drawn.line)
                yield Picture(path=path, name=path.name)
                yield Progress(done=done, total=len(seeds), unit=maker.plural)
    finally:
        _write_lines(folder, journal, lines)
    were = f" ({existing} {'was' if existing == 1 else 'were'} there)" if existing else ""
    summary = f"{shown(folder)}: {maker.several(len(seeds))} of {maker.size} px{were}"
    yield Done(summary=summary, written=len(todo), skipped=0, kept=existing)


def _lines(folder: Path, journal: Journal, maker: Maker, but: range) -> dict[int, str]:
    """The lines that the folder has, by seed, but for some seeds; they must be of this maker."""
    metadata, lines = folder / METADATA, dict[int, str]()
    text = metadata.read_text(encoding="utf-8", errors="replace") if metadata.exists() else ""
    for path, several in ((metadata, text.splitlines()), (folder / JOURNAL, journal.lines)):
        for line in several:
            held = _parsed(line)
            if held is None and path != metadata:  # damaged: the picture is made again
                continue
            seed = _seed(held, maker)
            if seed is None:
                problem = "describes pictures of another kind than is asked for"
                raise OutputError(problem, _ELSEWHERE, path=path)
            if seed in but:
                continue
            if why := _unlike(held or {}, maker):
                raise OutputError(
                    why, f"{_ELSEWHERE}, or make all anew with --overwrite", path=path
                )
            lines[seed] = line
    return lines


def _parsed(line: str) -> Line | None:
    """What a line holds; None for one that is torn, or is no line of ours at all."""
    try:
        held = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return held if isinstance(held, dict) else None


def _seed(held: Line | None, maker: Maker) -> int | None:
    """The seed of a line that is of this maker's kind, its files named so; None for any other."""
    seed = held.get("seed") if held else None
    if held is None or type(seed) is not int or seed not in SEEDS:
        return None
    kind = KINDS[maker.kind]
    if held.keys() & _MARKS != {kind.vector_key, kind.styles_key} - {""}:
        return None
    files = [value for key, value in held.items() if key.endswith(FILE_NAME)]
    return seed if set(map(str, files)) == set(names(maker, seed)) else None


def _unlike(held: Line, maker: Maker) -> str:
    """What a line of this maker's kind says otherwise than it would; nothing if it is alike."""
    kind, expected = KINDS[maker.kind], "+".join(maker.styles)
    size, styles = held.get("size"), held.get(kind.styles_key, "")
    if size != maker.size:
        return f"describes {maker.plural} of {shortened(str(size))} px, not of {maker.size}"
    if styles != expected:
        word = "family" if maker.kind == "masks" else "style"
        return f"describes {maker.plural} of the {word} {shortened(str(styles))}, not {expected}"
    if any(held.get(key) != value for key, value in kind.says(maker.styles).items()):
        return f"describes {maker.plural} drawn from other files than {expected} has now"
    return ""


def _is_there(folder: Path, maker: Maker, seed: int) -> bool:
    return all(_has_bytes(folder / name) for name in names(maker, seed))


def _has_bytes(path: Path) -> bool:
    """Whether it is a file, and not an empty one, which a full disk may have left."""
    return path.is_file() and path.stat().st_size > 0


def _refuse_others(folder: Path, maker: Maker, seed: int, *, replace: bool) -> None:
    """Refuse to write over what is not a file, or was not made by this verb.

    `replace` is for a seed whose files may be replaced, whatever they hold.
    """
    for name in names(maker, seed):
        path = folder / name
        if path.is_dir():
            raise OutputError("is a folder where a picture is to be", _ELSEWHERE, path=path)
        if not replace and _has_bytes(path) and not is_ours(path, maker):
            problem = "is there and was not made by this command"
            raise OutputError(problem, f"{_ELSEWHERE}, or replace it with --overwrite", path=path)


def _refuse_to_hide(folder: Path, maker: Maker, but: Collection[int]) -> None:
    """Refuse a folder that holds pictures of somebody else, but for those of some seeds."""
    ours = {name for seed in but for name in names(maker, seed)}
    files = folder.glob("[!.]*") if folder.exists() else ()
    for path in sorted(path for path in files if path.suffix.lower() in PICTURE_SUFFIXES):
        if path.name not in ours and path.is_file() and not is_ours(path, maker):
            problem = f"holds {shown(path.name)}, which this command did not make and would hide"
            raise OutputError(problem, _ELSEWHERE, path=folder)


def _write(folder: Path, drawn: DrawnSample, *, keep: bool) -> Path:
    """Write the files, the picture last; its path. With `keep`, those that are there stay."""
    path = folder
    for name, data in drawn.files.items():
        path = folder / name
        if not (keep and _has_bytes(path)):
            write_bytes(path, data)
    return path


def _write_lines(folder: Path, journal: Journal, lines: Mapping[int, str]) -> None:
    """Write metadata.jsonl, in the order of the seeds; the journal has then done its work."""
    if lines:
        text = "".join(lines[seed] + "\n" for seed in sorted(lines))
        write_bytes(folder / METADATA, text.encode())
    else:
        (folder / METADATA).unlink(missing_ok=True)
    journal.remove()
