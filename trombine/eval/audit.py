"""What is wrong with a set of pictures: those that cannot be read, doubles, pictures of no face.

Every file is looked at once, in several processes: is it whole, how large, is it flat, does it show
a face? Pictures that are alike are then found in two looks, each picture and its mirror image
against all others: a rough one by products of matrices, and SSIM with the few best (search.py).
"""

from __future__ import annotations

import csv as tables
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from PIL import Image as Pillow
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError, shown
from trombine.core.progress import Tick
from trombine.data.columns import SPLITS
from trombine.eval.search import ssim
from trombine.faces import read_faces
from trombine.io.image import as_seen, load_picture
from trombine.models import loaded
from trombine.report import Plot, Report, Series

SIDE: Final = 64  # pixels a side at which pictures are compared
FLAT: Final = 4.0  # levels of standard deviation below which nothing can be seen
_READ: Final = 320  # pixels of the longer side in which a face is looked for
_SURE: Final = 0.95  # likelihood from which the picture as a whole is taken for a face
_ROUGH: Final = 16  # pixels a side of the rough look
_CANDIDATES: Final = 6  # pictures, and as many mirrored ones, that are then compared exactly
_ROWS: Final = 512  # pictures that are compared with all others at a time
_CHUNK: Final = 64  # files that a worker takes at a time

CORRUPT, TINY, IS_FLAT, ODD, NO_FACE = "corrupt", "tiny", "flat", "odd shape", "no face"
PROBLEMS: Final = (CORRUPT, TINY, IS_FLAT, ODD, NO_FACE)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is to be said of a picture."""

    least: int  # pixels of the shorter side, below which it is tiny
    longest: float  # of the longer side to the shorter, beyond which its shape is odd
    faces: bool  # whether it is to show a face


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
    # SSIM with the most similar other of those that the rough look chose; 0 where there is none
    nearest: Float32[np.ndarray, "n"]
    groups: Sequence[tuple[int, ...]]  # of pictures that are alike, directly or through others

    def across(self) -> list[tuple[int, ...]]:
        """The groups that are in more than one split."""
        return [
            group
            for group in self.groups
            if len({self.pictures[i].split for i in group} - {""}) > 1
        ]

    def kept(self) -> Bool[np.ndarray, "n"]:
        """Whom to keep: whoever has no problem, and one of each group.

        That one is of the test if there is such, so that nothing is learned that is judged by;
        then the largest, then the first.
        """
        keep = np.array([not picture.problems for picture in self.pictures], np.bool_)
        for group in self.groups:
            sound = sorted((i for i in group if keep[i]), key=self._rank)
            keep[sound[1:]] = False
        return keep

    def _rank(self, index: int) -> tuple[int, int, int]:
        picture = self.pictures[index]
        split = SPLITS.index(picture.split) if picture.split else -1
        return -split, -picture.width * picture.height, index


# One file


def chunks(
    folder: Path, names: Sequence[str], splits: Sequence[str], limits: Limits
) -> Iterator[tuple[Path, tuple[tuple[str, str], ...], Limits]]:
    """Parts of the set, as `check` takes them."""
    for start in range(0, len(names), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield folder, tuple(zip(names[part], splits[part], strict=True)), limits


def check(chunk: tuple[Path, tuple[tuple[str, str], ...], Limits]) -> list[Checked]:
    """Look at some files of a folder."""
    folder, files, limits = chunk
    return [_check(folder, name, split, limits) for name, split in files]


def _check(folder: Path, name: str, split: str, limits: Limits) -> Checked:
    path = folder / name
    try:
        digest = sha256(path.read_bytes()).hexdigest()
        image = load_picture(path, least=max(SIDE, _READ // 2))
    except (InputError, OSError) as error:
        why = error.problem if isinstance(error, InputError) else error.strerror or "cannot be read"
        return Checked(name=name, split=split, problems=(CORRUPT,), why=why)
    pixels = as_seen(image)
    # A JPEG that is much larger was read at a part of its size.
    height, width = image.height * image.reduced, image.width * image.reduced
    small = squeezed(pixels)
    problems = []
    if min(height, width) < limits.least:
        problems.append(TINY)
    if max(height, width) > limits.longest * min(height, width):
        problems.append(ODD)
    if float(small.std((0, 1)).max()) < FLAT:
        problems.append(IS_FLAT)
    elif limits.faces and not shows_face(pixels):
        problems.append(NO_FACE)
    return Checked(
        name=name,
        split=split,
        width=width,
        height=height,
        digest=digest,
        problems=tuple(problems),
        small=small,
    )


def squeezed(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "64 64 3"]:
    """All of a picture in the size in which it is compared."""
    size = (SIDE, SIDE)
    return np.asarray(Pillow.fromarray(pixels).resize(size, Pillow.Resampling.BICUBIC))


def shows_face(pixels: UInt8[np.ndarray, "h w 3"]) -> bool:
    """Whether the reader finds a face, in the picture as a whole or anywhere in it."""
    model = loaded("reader", task="read")
    height, width = pixels.shape[:2]
    if max(height, width) > _READ:
        share = _READ / max(height, width)
        size = max(1, round(width * share)), max(1, round(height * share))
        pixels = np.asarray(Pillow.fromarray(pixels).resize(size, Pillow.Resampling.BICUBIC))
    picture = to_picture(pixels)
    size = (128, 128)
    with torch.inference_mode():
        window = torch.nn.functional.interpolate(
            picture[None], size=size, mode="bicubic", antialias=True, align_corners=False
        )
        if float(model.in_rgb(window.clamp(0, 1)).face.sigmoid()) > _SURE:
            return True
    return bool(read_faces(picture, model, largest=True))


# All of them


def compared(pictures: Sequence[Checked], threshold: float, tick: Tick | None = None) -> Audit:
    """The set with its doubles: pairs of an SSIM of at least `threshold`, mirrored or not."""
    there = np.array([i for i, p in enumerate(pictures) if p.small is not None], np.int64)
    nearest = np.zeros(len(pictures), np.float32)
    found: dict[tuple[int, int], Double] = {}
    if len(there) > 1:
        small = np.stack([p.small for p in pictures if p.small is not None])
        for mirrored in (False, True):
            for at, (others, scores) in enumerate(_most_similar(small, mirrored, tick)):
                nearest[there[at]] = max(nearest[there[at]], float(scores.max(initial=0)))
                for other, score in zip(others, scores, strict=True):
                    pair = int(there[min(at, other)]), int(there[max(at, other)])
                    if score >= threshold and (pair not in found or found[pair].score < score):
                        found[pair] = Double(*pair, round(float(score), 6), mirrored)
    for pair in _same_bytes(pictures):
        found[pair] = Double(*pair, 1.0, mirrored=False)
    doubles = sorted(found.values(), key=lambda d: (-d.score, d.first, d.second))
    return Audit(pictures, doubles, nearest, _groups(len(pictures), doubles))


def _most_similar(
    small: UInt8[np.ndarray, "n 64 64 3"], mirrored: bool, tick: Tick | None
) -> Iterator[tuple[Int64[np.ndarray, "k"], Float32[np.ndarray, "k"]]]:
    """Of each picture, or of its mirror image, the others that are most like it, and their SSIM."""
    rows = _rough(small)
    queries = np.ascontiguousarray(small[:, :, ::-1]) if mirrored else small
    asked = _rough(queries) if mirrored else rows
    count = min(_CANDIDATES, len(small) - 1)
    for start in range(0, len(small), _ROWS):
        scores = asked[start : start + _ROWS] @ rows.T
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -np.inf
        best = np.argpartition(scores, -count, axis=1)[:, -count:].astype(np.int64)
        for at, others in enumerate(best, start):
            yield others, ssim(queries[at : at + 1], small[others])[0]
        if tick:
            done = start + len(scores) + (len(small) if mirrored else 0)
            tick(done, 2 * len(small))


def _rough(small: UInt8[np.ndarray, "n 64 64 3"]) -> Float32[np.ndarray, "n d"]:
    """Rows of length 1: the means of blocks, less the picture's own mean."""
    block = SIDE // _ROUGH
    cells = small.reshape(len(small), _ROUGH, block, _ROUGH, block, 3)
    rows = np.empty((len(small), _ROUGH * _ROUGH), np.float32)
    for start in range(0, len(small), _ROWS):
        part = slice(start, start + _ROWS)
        rows[part] = cells[part].mean((2, 4, 5), dtype=np.float32).reshape(-1, rows.shape[1])
    rows -= rows.mean(1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-3)


def _same_bytes(pictures: Sequence[Checked]) -> Iterator[tuple[int, int]]:
    """Files of the same bytes, each with the first of them."""
    first: dict[str, int] = {}
    for index, picture in enumerate(pictures):
        if picture.digest and first.setdefault(picture.digest, index) != index:
            yield first[picture.digest], index


def _groups(count: int, doubles: Sequence[Double]) -> list[tuple[int, ...]]:
    ends = np.array([(d.first, d.second) for d in doubles], np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), (count, count))
    _, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return sorted(tuple(part.tolist()) for part in parts if len(part) > 1)


# ---------------------------------------------------------------------------------------------
# As values, text and files

GENERATOR: Final = "trombine data audit"
_NAMED: Final = 5  # files of each kind that the text names
_SHOWN: Final = 24  # pictures of each kind, and groups, that the page shows
_IN_GROUP: Final = 8  # pictures of a group
_THUMBNAIL: Final = 160  # pixels of the longer side
_ABOUT: Final = {
    CORRUPT: "The file cannot be read.",
    TINY: "The shorter side has too few pixels.",
    IS_FLAT: "Nearly one colour.",
    ODD: "Much longer than wide, or wider than long.",
    NO_FACE: "The reader finds no face in it.",
}


def values_of(audit: Audit) -> dict[str, Any]:
    """All that was found, as JSON holds it."""
    across = set(audit.across())
    return {
        "pictures": len(audit.pictures),
        "keep": int(audit.kept().sum()),
        "problems": {
            problem: [p.name for p in audit.pictures if problem in p.problems]
            for problem in PROBLEMS
        },
        "why": {p.name: p.why for p in audit.pictures if p.why},
        "doubles": [
            {
                "first": audit.pictures[double.first].name,
                "second": audit.pictures[double.second].name,
                "ssim": double.score,
                "mirrored": double.mirrored,
            }
            for double in audit.doubles
        ],
        "groups": [
            {
                "pictures": [audit.pictures[i].name for i in group],
                "splits": sorted({audit.pictures[i].split for i in group} - {""}),
                "across_splits": group in across,
            }
            for group in audit.groups
        ],
    }


def text_of(audit: Audit) -> str:
    """How many there are of each kind, and the first of them."""
    lines = []
    for problem in PROBLEMS:
        files = [p for p in audit.pictures if problem in p.problems]
        lines.append(_line(problem, [_said(p) for p in files]))
    lines.append(_line("groups of doubles", [_joined(audit, group) for group in audit.groups]))
    lines.append(_line("of them in two splits", [_joined(audit, g) for g in audit.across()]))
    count, keep = len(audit.pictures), int(audit.kept().sum())
    return "\n".join((*lines, f"{count:,} pictures, {keep:,} to keep"))


def _line(kind: str, items: list[str]) -> str:
    more = f", and {len(items) - _NAMED:,} more" if len(items) > _NAMED else ""
    named = f"  {', '.join(items[:_NAMED])}{more}" if items else ""
    return f"{kind:22}{len(items):>7,}{named}"


def _said(checked: Checked) -> str:
    return f"{shown(checked.name)} ({checked.why})" if checked.why else shown(checked.name)


def _joined(audit: Audit, group: tuple[int, ...]) -> str:
    return " = ".join(_named(audit.pictures[i]) for i in group[:_IN_GROUP])


def _named(checked: Checked) -> str:
    return f"{shown(checked.name)} ({checked.split})" if checked.split else shown(checked.name)


def csv(audit: Audit) -> str:
    """A line for each picture; `group` is the same number for pictures that are alike."""
    group_of = {i: number for number, group in enumerate(audit.groups, 1) for i in group}
    file = io.StringIO()
    writer = tables.writer(file, lineterminator="\n")
    writer.writerow(
        ("name", "split", "width", "height", "problems", "why", "group", "nearest_ssim", "keep")
    )
    for index, (checked, keep) in enumerate(zip(audit.pictures, audit.kept(), strict=True)):
        problems = "; ".join(checked.problems)
        nearest = f"{audit.nearest[index]:.4f}" if CORRUPT not in checked.problems else ""
        sizes = (checked.width, checked.height) if nearest else ("", "")
        group = group_of.get(index, "")
        about = (checked.name, checked.split, *sizes, problems, checked.why)
        writer.writerow((*about, group, nearest, int(keep)))
    return file.getvalue()


def keep_list(audit: Audit) -> str:
    """The names of the pictures to keep, one a line."""
    kept = (p.name for p, keep in zip(audit.pictures, audit.kept(), strict=True) if keep)
    return "".join(f"{name}\n" for name in kept)


def report_of(folder: Path, audit: Audit) -> Report:
    """The counts, how alike pictures are, the doubles, and examples of each problem."""
    count, keep, across = len(audit.pictures), int(audit.kept().sum()), audit.across()
    lead = f"{count:,} pictures, of which {keep:,} are to keep."
    report = Report(f"Audit of {shown(folder.name)}", lead=lead, generator=GENERATOR)
    found = {p: [c for c in audit.pictures if p in c.problems] for p in PROBLEMS}
    rows = [[problem, f"{len(files):,}"] for problem, files in found.items()]
    rows += [["groups of doubles", f"{len(audit.groups):,}"], ["in two splits", f"{len(across):,}"]]
    report.section("Counts").table(["", "pictures"], rows, caption="What was found")
    if across:
        text = "The same picture is learned from and judged by: figures on this set are too good."
        _show_groups(report.section("In two splits", text), folder, audit, across)
    if rest := [group for group in audit.groups if group not in across]:
        text = "Pictures that are alike; the number is the SSIM with the most similar other one."
        _show_groups(report.section("Doubles", text), folder, audit, rest)
    if count > 1:
        text = "SSIM of each picture with the most similar other one, or its mirror image."
        report.section("How alike pictures are", text).curves(_histogram(audit))
    for problem, files in found.items():
        if files:
            report.section(problem.capitalize(), _ABOUT[problem])
        if files and problem == CORRUPT:
            rows = [[shown(file.name), file.why] for file in files[:_SHOWN]]
            report.table(["file", "why"], rows, caption="Files that cannot be read", words=True)
        elif files:
            captions = {f: f"{shown(f.name)}, {f.width} x {f.height}" for f in files[:_SHOWN]}
            report.pictures(_thumbnails(folder, captions), columns=4)
    return report


def _show_groups(
    report: Report, folder: Path, audit: Audit, groups: Sequence[tuple[int, ...]]
) -> None:
    for group in groups[:_SHOWN]:
        captions = {
            audit.pictures[i]: f"{_named(audit.pictures[i])} {audit.nearest[i]:.3f}"
            for i in group[:_IN_GROUP]
        }
        report.pictures(_thumbnails(folder, captions), columns=4)


def _thumbnails(
    folder: Path, captions: Mapping[Checked, str]
) -> Iterator[tuple[UInt8[np.ndarray, "h w 3"], str]]:
    """Pictures, small; those that have gone meanwhile are left out."""
    for checked, caption in captions.items():
        try:
            image = Pillow.fromarray(as_seen(load_picture(folder / checked.name, least=128)))
        except InputError:
            continue
        image.thumbnail((_THUMBNAIL, _THUMBNAIL), Pillow.Resampling.BICUBIC)
        yield np.asarray(image), caption


def _histogram(audit: Audit) -> Plot:
    values = np.array([v for v, p in zip(audit.nearest, audit.pictures, strict=True) if not p.why])
    counts, edges = np.histogram(values.clip(0, 1), bins=40, range=(0, 1))
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    series = [Series(name="pictures", x=middles, y=counts.tolist())]
    title = "The most similar other"
    return Plot(title=title, x_label="SSIM", y_label="pictures", series=series)
