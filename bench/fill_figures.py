"""Fill the measured numbers of README.md and docs/ in from the results that are committed.

A figure stands between two comments, which say where it comes from and how it is written:

    <!-- figure: bench/results/data.json rows[64 px uint8: pack].value ,.0f -->168<!-- /figure -->

that is: a JSON file, a path in it (keys joined by dots; [NAME] picks the entry of a list that has
this name, in which * stands for anything), and a Python format. The file must say which command
gave it, at which commit and on which machine.

Tables that say what the code says stand between such comments too, as <!-- table: degradations -->,
and so do all rows of a result: <!-- table: measured_inpaint -->; where all of them are of numbers
of steps, these are the columns. <!-- table: portraits --> is a sentence by the models' cards,
<!-- table: older --> one of the results that are older than their code and the hours that
all took, as of the day it was filled in: a check leaves it out, since any commit may change it.

    python bench/fill_figures.py            fill in, print what changed
    python bench/fill_figures.py --check    change nothing; exit 1 if a figure differs
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from json import loads
from pathlib import Path

from record import PROGRAMS, is_old
from table import ROOT
from table import figure as in_words

sys.path.append(str(ROOT / "research"))  # studies, which have tables

FIGURE = re.compile(
    r"(?P<open><!-- figure: (?P<file>\S+\.json) (?P<where>.+?) (?P<format>\S+) -->)"
    r"(?P<text>.*?)(?P<close><!-- /figure -->)"
)
TABLE = re.compile(
    r"(?P<open><!-- table: (?P<name>\w+) -->\n)(?P<rows>.*?)(?P<close>\n?<!-- /table -->)",
    re.DOTALL,
)
_CLOSE = "\n<!-- /table -->"
STEP = re.compile(r"(?P<key>[^.\[\]]+)|\[(?P<name>[^\]]+)\]")


_MEASURED = "measured_"  # followed by the name of a result
_STEPS = re.compile(r", \d+ steps$")  # where the name of a row ends so


class FigureError(Exception):
    """A figure that cannot be filled in: one line that says which and why."""


@dataclass(frozen=True)
class Figure:
    """One number in a document, and the one that should stand there."""

    document: str
    source: str
    text: str
    wanted: str


def documents(root: Path = ROOT) -> list[Path]:
    """The files whose figures are filled in."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def figures(document: Path, root: Path = ROOT) -> Iterator[Figure]:
    """Every figure of a document."""
    for match in FIGURE.finditer(document.read_text()):
        source = f"{match['file']} {match['where']}"
        yield Figure(document.name, source, match["text"], wanted(match, root))
    for match in TABLE.finditer(document.read_text()):
        if match["name"] == "older":
            continue
        yield Figure(document.name, f"table {match['name']}", match["rows"], table(match["name"]))


def filled(text: str, root: Path = ROOT) -> str:
    """A document with every figure as its source has it, and every table as the code has it."""
    text = FIGURE.sub(lambda match: match["open"] + wanted(match, root) + match["close"], text)
    return TABLE.sub(lambda match: match["open"] + table(match["name"]) + _CLOSE, text)


def table(name: str) -> str:
    """A table of what there is in the code, or in the result of a study."""
    if name.endswith("_study"):
        return import_module(name).STUDY.markdown()
    if name.startswith(_MEASURED):
        return measured(name.removeprefix(_MEASURED))
    if name == "portraits":
        return portraits()
    if name == "older":
        return older()
    if name != "degradations":
        raise FigureError(f"there is no table {name!r}")
    from trombine.data.degrade import KINDS, usage

    rows = []
    for term, kind in KINDS.items():
        limits = "; ".join(f"{a.low:g} to {a.high:,.12g}" for a in kind.amounts)
        rows.append(f"| `{usage(term)}` | {kind.about} | {limits} |")
    return "\n".join(("| term | what it does | limits |", "| --- | --- | --- |", *rows))


def portraits() -> str:
    """Which shipped models learned from real people, by their cards."""
    from trombine.models import read_card, shipped

    names = shipped()
    saw = [name for name in names if re.search("portraits|likenesses", str(read_card(name)))]
    listed = f"{', '.join(f'`{name}`' for name in saw[:-1])} and `{saw[-1]}`"
    return (
        f"{len(names) - len(saw)} of the {len(names)} shipped models learned from painted pictures"
        f" alone. The other {len(saw)} also saw portraits of real people: {listed}."
    )


def older() -> str:
    """Which results are older than the code that they measure, and the hours of all programs."""
    results = sorted((ROOT / "bench" / "results").glob("*.json"))
    names = [f"`{path.stem}`" for path in results if is_old(path.stem)]
    ran = [load(path).get("minutes") for path in results if path.stem in PROGRAMS]
    took = [minutes for minutes in ran if isinstance(minutes, float)]
    return (
        f"Older than the code that they measure are: {', '.join(names) or 'none'}. The"
        f" {len(took)} programs of `make bench` took {sum(took) / 60:.1f} hours."
    )


def measured(name: str, root: Path = ROOT) -> str:
    """All rows of a result, each with its goal, and whether that was missed."""
    result = load(root / "bench" / "results" / f"{name}.json")
    rows = look_up(result, "rows")
    assert isinstance(rows, list)
    command, commit, cpu = (look_up(result, key) for key in ("command", "commit", "machine.cpu"))
    took = f", {result['minutes']} minutes" if "minutes" in result else ""
    about = f"`{command}`, commit {commit}, {cpu}{took}.\n\n"
    if rows and all(_STEPS.search(row["name"]) for row in rows):
        return about + _by_steps({row["name"]: row["value"] for row in rows})
    lines = []
    for row in rows:
        value = f"{in_words(row['value'])} {row['unit']}"
        goal = f"{row['goal'] or ''}{'' if row['ok'] else ', missed'}"
        lines.append(f"| {row['name']} | {value.strip()} | {goal} |")
    return about + "\n".join(("| what | measured | goal |", "| --- | --- | --- |", *lines))


def _by_steps(values: Mapping[str, float]) -> str:
    """A line for all rows of the same, a column for each number of steps."""
    lines: dict[str, dict[str, str]] = {}
    for name, value in values.items():
        of, _, steps = name.rpartition(", ")
        lines.setdefault(of, {})[steps] = in_words(value)
    columns = list(dict.fromkeys(steps for line in lines.values() for steps in line))
    rows = [[of, *(line.get(steps, "–") for steps in columns)] for of, line in lines.items()]
    head = [["what", *columns], ["---"] * (len(columns) + 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def wanted(match: re.Match[str], root: Path = ROOT) -> str:
    """What should stand between the two comments."""
    try:
        return format(look_up(load(root / match["file"]), match["where"]), match["format"])
    except (FigureError, TypeError, ValueError) as error:
        raise FigureError(f"{match['file']} {match['where']}: {error}") from error


def load(path: Path) -> dict[str, object]:
    """A result that says where it comes from."""
    if not path.exists():
        raise FigureError(f"{path.name} is not there: run make bench")
    result = loads(path.read_text())
    missing = [key for key in ("command", "commit", "machine") if not result.get(key)]
    if missing:
        raise FigureError(f"{path.name} does not say its {', '.join(missing)}")
    return result


def look_up(value: object, where: str) -> object:
    """`rows[photo 64].value`: the entry called "photo 64" of the list "rows", and its "value"."""
    for step in STEP.finditer(where):
        value = _entry(value, step["name"]) if step["name"] else _field(value, step["key"])
    return value


def _entry(entries: object, name: str) -> object:
    """The first entry of a list of dicts whose "name" is this; * stands for anything."""
    for entry in entries if isinstance(entries, list) else ():
        if fnmatchcase(entry.get("name", ""), name):
            return entry
    raise FigureError(f"no entry is called {name!r}")


def _field(record: object, key: str) -> object:
    """What a dict has under this key."""
    if isinstance(record, dict) and key in record:
        return record[key]
    raise FigureError(f"there is no {key!r}")


def main() -> int:
    """Fill in, or check; 1 if a figure differs or cannot be filled in."""
    parser = argparse.ArgumentParser(description="Fill the measured numbers in.")
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    try:
        stale = [f for path in documents() for f in figures(path) if f.text != f.wanted]
        if not check:
            for path in documents():
                path.write_text(filled(path.read_text()))
    except FigureError as error:
        print(f"figures: {error}", file=sys.stderr)
        return 1
    for figure in stale:
        print(f"{figure.document}: {figure.source}: {figure.text or 'empty'} -> {figure.wanted}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
