"""Filling a folder with pictures of a world: those that are not there yet.

What the files and the lines of metadata.jsonl hold is in imagefolder.py. Each line is appended once
its picture is there, and they are sorted at the end, or when the work is stopped: the same command
goes on. What somebody else made is neither written over nor hidden.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any, Final

from trombine.data.imagefolder import (
    METADATA,
    DrawChunk,
    DrawnSample,
    head,
    is_ours,
    names,
    picture_name,
    prefixes,
)
from trombine.data.journal import in_turn
from trombine.data.made import KINDS, Maker, chunks
from trombine.data.places import check_folder, warn_uncached, writing
from trombine.data.workers import check_start, in_order
from trombine.io.files import clear_parts, write_bytes
from trombine.io.image import PICTURE_SUFFIXES
from trombine.progress import Progress, Result, log, silent
from trombine.refusal import OutputError, shortened, shown

_ELSEWHERE: Final = "choose another folder"
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
    progress: Progress | None = None,
) -> Result:
    """Write the missing pictures, and at the end, or when stopped, the lines of all there are."""
    check_start(workers)
    warn_uncached()
    with writing(folder):
        check_folder(folder)
    with in_turn(folder):
        clear_parts(folder)  # of a process that was killed
        seeds = range(first_seed, first_seed + count)
        return _fill(folder, maker, seeds, workers, overwrite, progress or silent)


def _fill(
    folder: Path,
    maker: Maker,
    seeds: range,
    workers: int | None,
    overwrite: bool,
    progress: Progress,
) -> Result:
    """Write what is missing, while nobody else does."""
    metadata, written = folder / METADATA, list[Path]()
    lines = _lines(metadata, maker, seeds if overwrite else ())
    todo = [seed for seed in seeds if seed not in lines or not _is_there(folder, maker, seed)]
    _refuse_others(folder, maker, lines, todo, overwrite)
    existing = len(seeds) - len(todo)
    _write_lines(metadata, lines)
    try:
        with closing(in_order(DrawChunk(maker), chunks(todo, maker.size), workers)) as results:
            for done, drawn in enumerate(chain.from_iterable(results), existing + 1):
                _write(folder, drawn, keep=drawn.seed in lines)
                written += [folder / picture_name(p, drawn.seed) for p in prefixes(maker)]
                if drawn.seed not in lines:
                    with metadata.open("a", encoding="utf-8") as file:
                        file.write(f"{drawn.line}\n")
                lines[drawn.seed] = drawn.line
                progress(done, len(seeds), maker.plural)
    finally:
        _write_lines(metadata, lines)
    were = f" ({existing} {'was' if existing == 1 else 'were'} there)" if existing else ""
    summary = f"{shown(folder)}: {maker.several(len(seeds))} of {maker.size} px{were}"
    return Result(summary=summary, written=tuple(written), kept=existing)


def _lines(metadata: Path, maker: Maker, but: Container[int]) -> dict[int, str]:
    """The lines that there are, by seed, but for some seeds; they must be of this maker."""
    lines = dict[int, str]()
    text = metadata.read_text(encoding="utf-8", errors="replace") if metadata.exists() else ""
    for line in text.splitlines(keepends=True):
        try:
            held = json.loads(line)
        except (ValueError, RecursionError):
            if not line.endswith("\n"):  # torn by a kill: the picture is made again
                break
            held = None
        seed, why = _seed_of(held, maker)
        if seed in but:
            continue
        if why:
            remedy = f"{_ELSEWHERE}, or make all anew with --overwrite"
            raise OutputError(f"describes {why}", remedy, path=metadata)
        lines[seed] = line.rstrip("\n")
    return lines


def _seed_of(held: Any, maker: Maker) -> tuple[int, str]:
    """The seed of a line; and what it describes, if that is not what this maker writes."""
    kind = KINDS[maker.kind]
    if not isinstance(held, dict) or type(seed := held.get("seed")) is not int:
        return -1, "other pictures"
    if held.keys() & _MARKS != {kind.vector_key, kind.styles_key} - {""}:
        return -1, "pictures of another kind"
    expected = head(maker, seed)
    for key in ("size", kind.styles_key, *expected):
        if key and held.get(key) != expected[key]:
            was = shortened(str(held.get(key)))
            return seed, f"{maker.plural} of the {key} {was}, not {expected[key]}"
    return seed, ""


def _is_there(folder: Path, maker: Maker, seed: int) -> bool:
    return all((folder / name).is_file() for name in names(maker, seed))


def _refuse_others(
    folder: Path, maker: Maker, lines: Mapping[int, str], todo: list[int], overwrite: bool
) -> None:
    """Refuse to write over pictures of somebody else, and to write a metadata.jsonl that would
    hide them from who reads the folder."""
    wanted = {
        folder / picture_name(prefix, seed)
        for seed in todo
        if seed not in lines
        for prefix in prefixes(maker)
    }
    for path in sorted(path for path in wanted if path.exists() and not overwrite):
        if not is_ours(path, maker):
            remedy = f"{_ELSEWHERE}, or replace it with --overwrite"
            raise OutputError("is there and was not made by this command", remedy, path=path)
    if (folder / METADATA).exists() or not folder.exists():
        return
    for path in sorted(folder.glob("[!.]*")):
        is_picture = path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
        if is_picture and path not in wanted and not is_ours(path, maker):
            problem = f"holds {shown(path.name)}, which this command did not make and would hide"
            raise OutputError(problem, _ELSEWHERE, path=folder)


def _write(folder: Path, drawn: DrawnSample, *, keep: bool) -> None:
    """Write the files; with `keep`, those that are there stay."""
    for name, data in drawn.files.items():
        if not (keep and (folder / name).is_file()):
            write_bytes(folder / name, data)
            log.debug(f"{shown(folder / name)}: {len(data):,} bytes")


def _write_lines(metadata: Path, lines: Mapping[int, str]) -> None:
    """Write metadata.jsonl, in the order of the seeds."""
    text = "".join(f"{lines[seed]}\n" for seed in sorted(lines))
    if not text:
        metadata.unlink(missing_ok=True)
    elif not metadata.exists() or metadata.read_bytes() != text.encode():
        write_bytes(metadata, text.encode())
