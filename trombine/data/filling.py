"""Filling a folder with pictures of a world: those that are not there yet.

What the files and the lines of metadata.jsonl hold is in imagefolder.py. While the folder is
filled, lines are noted in a hidden file beside, so that one who is killed and runs again keeps
them too; metadata.jsonl is written at the end, or when the work is stopped.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Final

from trombine.data.imagefolder import METADATA, DrawChunk, Drawn, names
from trombine.data.made import Maker, chunks
from trombine.data.workers import in_order
from trombine.events import Done, Event, Picture, Progress, Started
from trombine.files import OutputError, atomic, shown

JOURNAL: Final = f".{METADATA}.part"


def fill_folder(
    folder: Path,
    maker: Maker,
    *,
    first_seed: int,
    count: int,
    workers: int,
    overwrite: bool = False,
) -> Generator[Event, None, None]:
    """Write the missing pictures, and at the end, or when stopped, the lines of all there are."""
    seeds, what = range(first_seed, first_seed + count), maker.plural
    lines = _lines(folder, maker, seeds if overwrite else range(0))
    todo = [seed for seed in seeds if seed not in lines or not _is_there(folder, maker, seed)]
    kept = done = len(seeds) - len(todo)
    yield Started(total=len(seeds), what=what)
    _make_folders(folder, maker)
    try:
        with closing(_draw(maker, todo, workers, folder / JOURNAL)) as drawings:
            for drawn in drawings:
                path = _write(folder, drawn, overwrite)
                lines[drawn.seed] = drawn.line
                done += 1
                yield Picture(path=path, name=path.name)
                yield Progress(done=done, total=len(seeds), what=what)
    finally:
        _write_lines(folder, lines)
    were = f" ({kept} were there)" if kept else ""
    summary = f"{shown(folder)}: {len(seeds)} {what} of {maker.size} px{were}"
    yield Done(summary=summary, written=len(todo), skipped=0, kept=kept)


def _draw(
    maker: Maker, seeds: list[int], workers: int, journal: Path
) -> Generator[Drawn, None, None]:
    """What is to be written for each seed; its line is noted once the next one is asked for."""
    results = in_order(DrawChunk(maker), chunks(seeds, maker.size), workers)
    with journal.open("a", encoding="utf-8", buffering=1) as notes, closing(results):
        if notes.tell():  # left by a killed writer, whose last line may be torn
            notes.write("\n")
        for drawn in chain.from_iterable(results):
            yield drawn
            notes.write(drawn.line + "\n")


def _lines(folder: Path, maker: Maker, but: range) -> dict[int, str]:
    """The lines that the folder has, by seed, but for some seeds; they must be of this maker."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(folder, "is a file", "name a folder")
    lines: dict[int, str] = {}
    for path in (folder / METADATA, folder / JOURNAL):
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in text.splitlines():
            meant = _meant(line)
            if meant is None and path.name == JOURNAL:  # cut off when its writer was killed
                continue
            if meant is None or meant[1:] != (maker.size, "+".join(maker.styles)):
                if meant is None or meant[0] not in but:
                    others = "describes other pictures than are asked for"
                    raise OutputError(path, others, "choose another folder")
            elif meant[0] not in but:
                lines[meant[0]] = line
    return lines


def _meant(line: str) -> tuple[int, int, str] | None:
    """The seed, size and style of a line that this verb wrote; None for any other."""
    try:
        held = json.loads(line)
        return held["seed"], held["size"], held.get("style", "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _is_there(folder: Path, maker: Maker, seed: int) -> bool:
    return all((folder / name).is_file() for name in names(maker, seed))


def _make_folders(folder: Path, maker: Maker) -> None:
    for name in names(maker, 0):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)


def _write(folder: Path, drawn: Drawn, overwrite: bool) -> Path:
    """Write the files that are not there, the picture last; its path."""
    path = folder
    for name, data in drawn.files.items():
        path = folder / name
        if overwrite or not path.exists():
            with atomic(path) as temporary:
                temporary.write_bytes(data)
    return path


def _write_lines(folder: Path, lines: Mapping[int, str]) -> None:
    """Write metadata.jsonl, in the order of the seeds; the journal has then done its work."""
    if lines:
        with atomic(folder / METADATA) as temporary:
            text = "".join(lines[seed] + "\n" for seed in sorted(lines))
            temporary.write_text(text, encoding="utf-8", newline="\n")
    (folder / JOURNAL).unlink(missing_ok=True)
