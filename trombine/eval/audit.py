"""What is wrong with a set of pictures: those that cannot be read, doubles, pictures of no face.

Every file is looked at once, in several processes: is it whole, how large, is it flat, does it show
a face? Doubles are then found by search.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, UInt8
from PIL import Image as Pillow
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError, shown
from trombine.core.progress import Tick, unheard
from trombine.core.texts import counted
from trombine.data.columns import SPLITS
from trombine.eval.search import doubles
from trombine.faces import read_faces
from trombine.faces.frames import in_window
from trombine.io.files import digest
from trombine.io.image import as_seen, load_picture
from trombine.io.sheets import resized
from trombine.models import loaded
from trombine.report import Report, as_json

GENERATOR: Final = "trombine data audit"
SIDE: Final = 64  # pixels a side at which pictures are compared
FLAT: Final = 4.0  # levels of standard deviation below which nothing can be seen
_READ: Final = 320  # pixels of the longer side in which a face is looked for
_SURE: Final = 0.95  # likelihood from which the picture as a whole is taken for a face
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
    ssim: float  # 1 where the files are the same
    mirrored: bool


@dataclass(frozen=True, eq=False)
class Audit:
    """All that was found."""

    pictures: Sequence[Checked]
    doubles: Sequence[Double]

    @cached_property
    def groups(self) -> list[tuple[int, ...]]:
        """Pictures that are alike, directly or through others."""
        count = len(self.pictures)
        ends = np.array([(d.first, d.second) for d in self.doubles], np.int64).reshape(-1, 2).T
        graph = coo_array((np.ones(ends.shape[1], np.int8), tuple(ends)), (count, count))
        _, labels = connected_components(graph, directed=False)
        members: dict[int, list[int]] = {}
        for index, label in enumerate(labels.tolist()):
            members.setdefault(label, []).append(index)
        return sorted(tuple(group) for group in members.values() if len(group) > 1)

    def problems(self) -> dict[str, list[Checked]]:
        """The pictures that have each."""
        return {p: [each for each in self.pictures if p in each.problems] for p in PROBLEMS}

    def splits(self, group: tuple[int, ...]) -> set[str]:
        """Those that a group is in."""
        return {self.pictures[i].split for i in group} - {""}

    def across(self) -> list[tuple[int, ...]]:
        """The groups that are in more than one split."""
        return [group for group in self.groups if len(self.splits(group)) > 1]

    def kept(self) -> Bool[np.ndarray, "n"]:
        """Which pictures to keep: those without a problem, and one of each group.

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


def compared(pictures: Sequence[Checked], threshold: float, tick: Tick = unheard) -> Audit:
    """The set with its doubles: pairs of an SSIM of at least `threshold`, mirrored or not."""
    there = [index for index, picture in enumerate(pictures) if picture.small is not None]
    small = np.array([picture.small for picture in pictures if picture.small is not None], np.uint8)
    found = {
        (there[one], there[other]): each
        for (one, other), each in doubles(small, threshold, tick).items()
    }
    first: dict[str, int] = {}
    for index, picture in enumerate(pictures):  # files of the same bytes
        if picture.digest and first.setdefault(picture.digest, index) != index:
            found[first[picture.digest], index] = 1.0, False
    order = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return Audit(pictures, [Double(*pair, *each) for pair, each in order])


# ---------------------------------------------------------------------------------------------
# Numbers, report and list


def numbers_of(audit: Audit) -> dict[str, Any]:
    """All that was found, as JSON holds it."""
    pictures = audit.pictures
    return as_json(
        {
            "pictures": len(pictures),
            "keep": audit.kept().sum(),
            "problems": {p: [c.name for c in found] for p, found in audit.problems().items()},
            "why": {p.name: p.why for p in pictures if p.why},
            "doubles": [
                vars(d) | {"first": pictures[d.first].name, "second": pictures[d.second].name}
                for d in audit.doubles
            ],
            "groups": [
                {
                    "pictures": [pictures[i].name for i in group],
                    "splits": sorted(splits),
                    "across_splits": len(splits) > 1,
                }
                for group in audit.groups
                for splits in (audit.splits(group),)
            ],
        }
    )


def keep_list(audit: Audit) -> str:
    """The names of the pictures to keep, one a line."""
    kept = (p.name for p, keep in zip(audit.pictures, audit.kept(), strict=True) if keep)
    return "".join(f"{name}\n" for name in kept)


def report_of(folder: Path, audit: Audit, *, pictures: bool) -> Report:
    """The counts, and with `pictures` the doubles and examples of each problem."""
    count, across, problems = len(audit.pictures), audit.across(), audit.problems()
    lead = f"{counted(count, 'picture')}, {audit.kept().sum():,} to keep."
    report = Report(f"Audit of {shown(folder.resolve().name)}", lead=lead, generator=GENERATOR)
    kinds = {
        problem: [shown(file.name) + f" ({file.why})" * bool(file.why) for file in files]
        for problem, files in problems.items()
    }
    for kind, groups in (("groups of doubles", audit.groups), ("in two splits", across)):
        each = (map(str, (audit.pictures[i] for i in group[:_IN_GROUP])) for group in groups)
        kinds[kind] = [" = ".join(names) for names in each]
    rows = [[kind, f"{len(items):,}", _first(items)] for kind, items in kinds.items()]
    heads = ["fault", "pictures", "which"]
    report.section("Counts")
    report.table(heads, rows, caption="What was found", words=True, printed=True)
    if not pictures:
        return report
    rest = [group for group in audit.groups if len(audit.splits(group)) < 2]
    for title, text, groups in (
        (
            "In two splits",
            "The same picture is learned from and judged by: figures on this set are too good.",
            across,
        ),
        ("Doubles", "Pictures that are alike, directly or through others.", rest),
    ):
        if groups:
            report.section(title, text)
        for group in groups[:_SHOWN]:
            _show(report, folder, [(f := audit.pictures[i], str(f)) for i in group[:_IN_GROUP]])
    for problem, files in problems.items():
        if files:
            report.section(problem.capitalize(), PROBLEMS[problem])
        if files and problem == CORRUPT:
            rows = [[shown(file.name), file.why] for file in files[:_SHOWN]]
            report.table(["file", "why"], rows, caption="Files that cannot be read", words=True)
        elif files:
            captions = (f"{shown(f.name)}, {f.width} x {f.height}" for f in files)
            _show(report, folder, zip(files[:_SHOWN], captions, strict=False))
    return report


def _first(items: Sequence[str]) -> str:
    more = f", and {len(items) - _NAMED:,} more" if len(items) > _NAMED else ""
    return ", ".join(items[:_NAMED]) + more


def _show(report: Report, folder: Path, pictures: Iterable[tuple[Checked, str]]) -> None:
    """Pictures, small; those that have gone meanwhile are left out."""
    cells = []
    for checked, caption in pictures:
        with suppress(InputError):
            image = Pillow.fromarray(as_seen(load_picture(folder / checked.name, least=128)))
            image.thumbnail((160, 160), Pillow.Resampling.BICUBIC)
            cells.append((np.asarray(image), caption))
    report.pictures(cells, columns=4)
