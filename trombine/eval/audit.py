"""What is wrong with a set of pictures: those that cannot be read, doubles, pictures of no face.

Every file is looked at once, in several processes: is it whole, how large, is it flat, does it show
a face? Pictures that are alike are then found in two looks, each picture and its mirror image
against all others: a rough one by products of matrices, and SSIM with the few best (search.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from PIL import Image as Pillow
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError, shown
from trombine.core.progress import Tick
from trombine.core.texts import counted
from trombine.data.columns import SPLITS
from trombine.eval.search import ssim
from trombine.faces import read_faces
from trombine.faces.frames import in_window
from trombine.io.files import digest
from trombine.io.image import as_seen, load_picture
from trombine.io.sheets import resized
from trombine.models import loaded
from trombine.report import Report

GENERATOR: Final = "trombine data audit"
SIDE: Final = 64  # pixels a side at which pictures are compared
FLAT: Final = 4.0  # levels of standard deviation below which nothing can be seen
_READ: Final = 320  # pixels of the longer side in which a face is looked for
_SURE: Final = 0.95  # likelihood from which the picture as a whole is taken for a face
_ROUGH: Final = 16  # pixels a side of the rough look
_CANDIDATES: Final = 6  # pictures, and as many mirrored ones, that are then compared exactly
_ROWS: Final = 512  # pictures that are compared with all others at a time
_NAMED: Final = 5  # files of each kind that the text names
_SHOWN: Final = 24  # pictures of each kind, and groups, that the page shows
_IN_GROUP: Final = 8  # pictures of a group

CORRUPT, TINY, IS_FLAT, ODD, NO_FACE = "corrupt", "tiny", "flat", "odd shape", "no face"
PROBLEMS: Final = {
    CORRUPT: "The file cannot be read.",
    TINY: "The shorter side has too few pixels.",
    IS_FLAT: "Nearly one colour.",
    ODD: "Much longer than wide, or wider than long.",
    NO_FACE: "The reader finds no face in it.",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """One file of the set, looked at."""

    name: str
    split: str = ""
    width: int = 0
    height: int = 0
    digest: str = ""  # of the file's bytes
    problems: tuple[str, ...] = ()
    why: str = ""  # it cannot be read
    small: UInt8[np.ndarray, "64 64 3"] | None = None

    def __str__(self) -> str:
        return shown(self.name) + f" ({self.split})" * bool(self.split)


@dataclass(frozen=True)
class Double:
    """Two pictures of a set that are alike, by their places in it."""

    first: int
    second: int
    score: float  # SSIM; 1 where the files are the same
    mirrored: bool


@dataclass(frozen=True, eq=False)
class Audit:
    """All that was found."""

    pictures: Sequence[Checked]
    doubles: Sequence[Double]
    groups: Sequence[tuple[int, ...]]  # of pictures that are alike, directly or through others

    def splits(self, group: tuple[int, ...]) -> set[str]:
        """Those that a group is in."""
        return {self.pictures[i].split for i in group} - {""}

    def across(self) -> list[tuple[int, ...]]:
        """The groups that are in more than one split."""
        return [group for group in self.groups if len(self.splits(group)) > 1]

    def kept(self) -> Bool[np.ndarray, "n"]:
        """Whom to keep: whoever has no problem, and one of each group.

        That one is of the test if there is such, so that nothing is learned that is judged by;
        then the largest, then the first.
        """

        def rank(index: int) -> tuple[int, int, int]:
            picture = self.pictures[index]
            split = SPLITS.index(picture.split) if picture.split else -1
            return -split, -picture.width * picture.height, index

        keep = np.array([not picture.problems for picture in self.pictures], np.bool_)
        for group in self.groups:
            keep[sorted((i for i in group if keep[i]), key=rank)[1:]] = False
        return keep


def check(
    file: tuple[str, str], *, folder: Path, least: int, longest: float, faces: bool
) -> Checked:
    """Look at a file of a folder, by its name and split: `least` pixels of the shorter side it is
    to have, the longer side is `longest` times that at most, and `faces` is whether it shows one.
    """
    name, split = file
    try:
        of_bytes = digest(folder / name)
        image = load_picture(folder / name, least=max(SIDE, _READ // 2))
    except (InputError, OSError) as error:
        why = error.problem if isinstance(error, InputError) else error.strerror or "cannot be read"
        return Checked(name=name, split=split, problems=(CORRUPT,), why=why)
    pixels = as_seen(image)
    # A JPEG that is much larger was read at a part of its size.
    height, width = image.height * image.reduced, image.width * image.reduced
    small = resized(pixels, (SIDE, SIDE), Pillow.Resampling.BICUBIC)
    is_flat = float(small.std((0, 1)).max()) < FLAT
    problems = {
        TINY: min(height, width) < least,
        ODD: max(height, width) > longest * min(height, width),
        IS_FLAT: is_flat,
        NO_FACE: faces and not is_flat and not shows_face(pixels),
    }
    return Checked(
        name=name,
        split=split,
        width=width,
        height=height,
        digest=of_bytes,
        problems=tuple(problem for problem, has in problems.items() if has),
        small=small,
    )


def shows_face(pixels: UInt8[np.ndarray, "h w 3"]) -> bool:
    """Whether the reader finds a face, in the picture as a whole or anywhere in it."""
    model = loaded("reader", task="read")
    height, width = pixels.shape[:2]
    if (share := _READ / max(height, width)) < 1:
        size = max(1, round(height * share)), max(1, round(width * share))
        pixels = resized(pixels, size, Pillow.Resampling.BICUBIC)
    picture = to_picture(pixels)
    with torch.inference_mode():
        if float(model.in_rgb(in_window(picture[None])).face.sigmoid()) > _SURE:
            return True
    return bool(read_faces(picture, model, largest=True))


# ---------------------------------------------------------------------------------------------
# Doubles


def compared(
    pictures: Sequence[Checked], threshold: float, tick: Tick = lambda done, total: None
) -> Audit:
    """The set with its doubles: pairs of an SSIM of at least `threshold`, mirrored or not."""
    there = np.array([i for i, p in enumerate(pictures) if p.small is not None], np.int64)
    found: dict[tuple[int, int], Double] = {}
    small = np.array([p.small for p in pictures if p.small is not None], np.uint8)
    rows = _rough(small) if len(small) else small
    count = min(_CANDIDATES, len(small) - 1)
    for mirrored in (False, True) if count > 0 else ():
        queries = np.ascontiguousarray(small[:, :, ::-1]) if mirrored else small
        asked = _rough(queries)
        for start in range(0, len(small), _ROWS):
            alike = asked[start : start + _ROWS] @ rows.T
            alike[np.arange(len(alike)), np.arange(start, start + len(alike))] = -np.inf
            best = np.argpartition(alike, -count, axis=1)[:, -count:]
            for at, others in enumerate(best, start):
                scores = ssim(queries[at : at + 1], small[others])[0]
                for other, score in zip(others, scores.tolist(), strict=True):
                    pair = int(there[min(at, other)]), int(there[max(at, other)])
                    if score >= threshold and (pair not in found or found[pair].score < score):
                        found[pair] = Double(*pair, round(score, 6), mirrored)
            tick(start + len(alike) + len(small) * mirrored, 2 * len(small))
    first: dict[str, int] = {}
    for index, picture in enumerate(pictures):  # files of the same bytes
        if picture.digest and first.setdefault(picture.digest, index) != index:
            pair = first[picture.digest], index
            found[pair] = Double(*pair, 1.0, mirrored=False)
    doubles = sorted(found.values(), key=lambda d: (-d.score, d.first, d.second))
    return Audit(pictures, doubles, _groups(len(pictures), doubles))


def _rough(small: UInt8[np.ndarray, "n 64 64 3"]) -> Float32[np.ndarray, "n d"]:
    """Rows of length 1: the means of blocks, less the picture's own mean."""
    block = SIDE // _ROUGH
    cells = small.reshape(len(small), _ROUGH, block, _ROUGH, block, 3)
    parts = (cells[start : start + _ROWS] for start in range(0, len(small), _ROWS))
    rows = np.concatenate([part.mean((2, 4, 5), dtype=np.float32) for part in parts])
    rows = rows.reshape(len(small), -1)
    rows -= rows.mean(1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-3)


def _groups(count: int, doubles: Sequence[Double]) -> list[tuple[int, ...]]:
    ends = np.array([(d.first, d.second) for d in doubles], np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), (count, count))
    _, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return sorted(tuple(part.tolist()) for part in parts if len(part) > 1)


# ---------------------------------------------------------------------------------------------
# As values, text and files


def values_of(audit: Audit) -> dict[str, Any]:
    """All that was found, as JSON holds it."""
    pictures, across = audit.pictures, set(audit.across())
    return {
        "pictures": len(pictures),
        "keep": int(audit.kept().sum()),
        "problems": {p: [c.name for c in pictures if p in c.problems] for p in PROBLEMS},
        "why": {p.name: p.why for p in pictures if p.why},
        "doubles": [
            {
                "first": pictures[double.first].name,
                "second": pictures[double.second].name,
                "ssim": double.score,
                "mirrored": double.mirrored,
            }
            for double in audit.doubles
        ],
        "groups": [
            {
                "pictures": [pictures[i].name for i in group],
                "splits": sorted(audit.splits(group)),
                "across_splits": group in across,
            }
            for group in audit.groups
        ],
    }


def text_of(audit: Audit) -> str:
    """How many there are of each kind, and the first of them."""
    kinds = {
        problem: [
            shown(p.name) + f" ({p.why})" * bool(p.why)
            for p in audit.pictures
            if problem in p.problems
        ]
        for problem in PROBLEMS
    }
    for kind, groups in (
        ("groups of doubles", audit.groups),
        ("of them in two splits", audit.across()),
    ):
        each = (map(str, (audit.pictures[i] for i in group[:_IN_GROUP])) for group in groups)
        kinds[kind] = [" = ".join(names) for names in each]
    lines = []
    for kind, items in kinds.items():
        more = f", and {len(items) - _NAMED:,} more" if len(items) > _NAMED else ""
        named = f"  {', '.join(items[:_NAMED])}{more}" if items else ""
        lines.append(f"{kind:22}{len(items):>7,}{named}")
    count, keep = len(audit.pictures), int(audit.kept().sum())
    return "\n".join((*lines, f"{counted(count, 'picture')}, {keep:,} to keep"))


def keep_list(audit: Audit) -> str:
    """The names of the pictures to keep, one a line."""
    kept = (p.name for p, keep in zip(audit.pictures, audit.kept(), strict=True) if keep)
    return "".join(f"{name}\n" for name in kept)


def report_of(folder: Path, audit: Audit) -> Report:
    """The counts, how alike pictures are, the doubles, and examples of each problem."""
    count, keep, across = len(audit.pictures), int(audit.kept().sum()), audit.across()
    lead = f"{counted(count, 'picture')}; to keep: {keep:,}."
    report = Report(f"Audit of {shown(folder.resolve().name)}", lead=lead, generator=GENERATOR)
    found = {p: [c for c in audit.pictures if p in c.problems] for p in PROBLEMS}
    rows = [[problem, f"{len(files):,}"] for problem, files in found.items()]
    rows += [["groups of doubles", f"{len(audit.groups):,}"], ["in two splits", f"{len(across):,}"]]
    report.section("Counts").table(["", "pictures"], rows, caption="What was found")
    texts = {
        "In two splits": "The same picture is learned from and judged by: figures on this set are"
        " too good.",
        "Doubles": "Pictures that are alike, directly or through others.",
    }
    rest = [group for group in audit.groups if group not in across]
    for (title, text), groups in zip(texts.items(), (across, rest), strict=True):
        if groups:
            report.section(title, text)
        for group in groups[:_SHOWN]:
            files = [audit.pictures[i] for i in group[:_IN_GROUP]]
            _show(report, folder, zip(files, map(str, files), strict=True))
    for problem, files in found.items():
        if files:
            report.section(problem.capitalize(), PROBLEMS[problem])
        if files and problem == CORRUPT:
            rows = [[shown(file.name), file.why] for file in files[:_SHOWN]]
            report.table(["file", "why"], rows, caption="Files that cannot be read", words=True)
        elif files:
            captions = (f"{shown(f.name)}, {f.width} x {f.height}" for f in files)
            _show(report, folder, zip(files[:_SHOWN], captions, strict=False))
    return report


def _show(report: Report, folder: Path, pictures: Iterable[tuple[Checked, str]]) -> None:
    """Pictures, small; those that have gone meanwhile are left out."""
    cells = []
    for checked, caption in pictures:
        try:
            image = Pillow.fromarray(as_seen(load_picture(folder / checked.name, least=128)))
        except InputError:
            continue
        image.thumbnail((160, 160), Pillow.Resampling.BICUBIC)
        cells.append((np.asarray(image), caption))
    report.pictures(cells, columns=4)
