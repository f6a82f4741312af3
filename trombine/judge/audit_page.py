"""What audit.py found, as text, JSON, CSV, a list of what to keep, and a page."""

from __future__ import annotations

import csv as tables
import io
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from trombine.io.batch import refuse_to_write_over
from trombine.io.image import as_seen, load_picture
from trombine.judge.audit import CORRUPT, PROBLEMS, Audit, Checked
from trombine.pages import Page, Plot, Series, check_page, grid, picture, plots, table
from trombine.refusal import InputError, OutputError, shown

GENERATOR: Final = "trombine data audit"
_NAMED: Final = 5  # files of each kind that the text names
_SHOWN: Final = 24  # pictures of each kind, and groups, that the page shows
_IN_GROUP: Final = 8  # pictures of a group
_COLUMNS: Final = 4
_BINS: Final = 40
_ABOUT: Final = {
    "corrupt": "The file cannot be read.",
    "tiny": "The shorter side has too few pixels.",
    "flat": "Nearly one colour.",
    "odd shape": "Much longer than wide, or wider than long.",
    "no face": "The reader finds no face in it.",
}


def check_outputs(
    page: Path | None,
    others: Collection[Path],
    folder: Path,
    names: Collection[str],
    *,
    overwrite: bool,
) -> None:
    """Refuse to write over a picture of the set, or over anything that is there already."""
    paths = [path for path in (page, *others) if path is not None]
    refuse_to_write_over(paths, [folder / name for name in names])
    if overwrite:
        return
    if page is not None:
        check_page(page, GENERATOR)
    for path in others:
        if path.exists():
            raise OutputError("is there already", "choose another name, or --overwrite", path=path)


# As values and text


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


def as_json(audit: Audit) -> str:
    """The same, for a program."""
    return json.dumps(values_of(audit), indent=1)


def as_text(audit: Audit) -> str:
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


# As files


def csv(_folder: Path, audit: Audit) -> str:
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


def keep_list(_folder: Path, audit: Audit) -> str:
    """The names of the pictures to keep, one a line."""
    kept = (p.name for p, keep in zip(audit.pictures, audit.kept(), strict=True) if keep)
    return "".join(f"{name}\n" for name in kept)


def page(folder: Path, audit: Audit) -> str:
    """One file: the counts, how alike pictures are, the doubles, and examples of each problem."""
    count, keep = len(audit.pictures), int(audit.kept().sum())
    document = Page(
        title=f"Audit of {shown(folder.name)}",
        lead=f"{count:,} pictures, of which {keep:,} are to keep.",
        generator=GENERATOR,
    )
    document.section("Counts", "", _counts(audit))
    across = audit.across()
    if across:
        text = "The same picture is learned from and judged by: figures on this set are too good."
        document.section("In two splits", text, *_rows(folder, audit, across))
    if audit.groups:
        text = "Pictures that are alike; the number is the SSIM with the most similar other one."
        rest = [group for group in audit.groups if group not in across]
        document.section("Doubles", text, *_rows(folder, audit, rest or audit.groups))
    if count > 1:
        text = "SSIM of each picture with the most similar other one, or its mirror image."
        document.section("How alike pictures are", text, _histogram(audit))
    for problem in PROBLEMS:
        if files := [p for p in audit.pictures if problem in p.problems]:
            blocks = _files(files) if problem == CORRUPT else _pictures(folder, files)
            document.section(problem.capitalize(), _ABOUT[problem], blocks)
    return document.html()


def _counts(audit: Audit) -> str:
    values = [(p, sum(p in c.problems for c in audit.pictures)) for p in PROBLEMS]
    values += [("groups of doubles", len(audit.groups)), ("in two splits", len(audit.across()))]
    rows = [(name, f"{value:,}") for name, value in values]
    return table(("", "pictures"), rows, caption="What was found")


def _rows(folder: Path, audit: Audit, groups: Sequence[tuple[int, ...]]) -> Iterator[str]:
    for group in groups[:_SHOWN]:
        cells = [
            picture(pixels, shown(checked.name), caption=f"{_named(checked)} {similar:.3f}")
            for index in group[:_IN_GROUP]
            for checked, similar in [(audit.pictures[index], audit.nearest[index])]
            if (pixels := _thumbnail(folder, checked)) is not None
        ]
        yield grid(cells, columns=_COLUMNS)


def _pictures(folder: Path, files: list[Checked]) -> str:
    cells = [
        picture(
            pixels, shown(file.name), caption=f"{shown(file.name)}, {file.width} x {file.height}"
        )
        for file in files[:_SHOWN]
        if (pixels := _thumbnail(folder, file)) is not None
    ]
    return grid(cells, columns=_COLUMNS)


def _files(files: list[Checked]) -> str:
    rows = [(shown(file.name), file.why) for file in files[:_SHOWN]]
    return table(("file", "why"), rows, caption="Files that cannot be read", words=True)


def _thumbnail(folder: Path, checked: Checked) -> np.ndarray | None:
    """The picture, small; it may have gone meanwhile."""
    try:
        pixels = as_seen(load_picture(folder / checked.name, least=128))
    except InputError:
        return None
    longest = max(pixels.shape[:2])
    return pixels if longest <= 160 else _shrunk(pixels, 160 / longest)


def _shrunk(pixels: np.ndarray, share: float) -> np.ndarray:
    from PIL import Image

    size = max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def _histogram(audit: Audit) -> str:
    values = np.array([v for v, p in zip(audit.nearest, audit.pictures, strict=True) if not p.why])
    counts, edges = np.histogram(values.clip(0, 1), bins=_BINS, range=(0, 1))
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    series = Series(name="pictures", x=middles, y=counts.tolist(), mark="line")
    plot = Plot(
        title="The most similar other", x_label="SSIM", y_label="pictures", series=(series,)
    )
    return plots(plot)
