"""A number in README.md or docs/ is the one that was measured, and says where it was measured."""

from __future__ import annotations

import re
from json import dumps, loads
from pathlib import Path

import fill_figures
import pytest
from fill_figures import FIGURE, TABLE, documents, figures, filled

# The log says what was tried on its day; its numbers are not promises and are not kept true.
FREE = "log"
# A number with a unit that only a measurement can give.
MEASURED = re.compile(
    r"\d[\d.,]*\s*(?:"
    r"dB\b|ms\b|"
    r"(?:pictures?|faces?|images?)\s*(?:/|per\b|an?\b)|"
    r"(?:times|x)\s+(?:as\b|faster|slower|bare|the\b|a\b)|"
    r"(?:MB|GB)/s|it/s"
    r")"
)


def unmarked(text: str) -> list[str]:
    """The lines that hold a measured number outside of a figure's marks and of code."""
    prose = re.sub(r"```.*?```", "", TABLE.sub("", FIGURE.sub("", text)), flags=re.DOTALL)
    return [line for line in prose.splitlines() if MEASURED.search(line)]


def test_every_figure_is_the_one_that_was_measured(root: Path) -> None:
    stale = [f for page in documents(root) for f in figures(page, root) if f.text != f.wanted]
    assert not stale, "make figures fills them in"


def test_every_figure_was_measured_on_committed_code(root: Path) -> None:
    for page in documents(root):
        for figure in figures(page, root):
            first, _, name = figure.source.partition(" ")
            if first == "table" and not name.startswith("measured_"):  # of the code
                continue
            name = f"bench/results/{name.removeprefix('measured_')}.json"
            result = (root / (name if first == "table" else first)).read_text()
            assert '+changes"' not in result and '"unknown"' not in result, figure.source


def test_every_missed_goal_and_no_other_stands_in_the_log(root: Path) -> None:
    page = root / "docs" / "log" / "missed.md"
    told = {f.source for f in figures(page, root) if f.source.endswith(".value")}
    missed = {
        f"bench/results/{path.name} rows[{row['name']}].value"
        for path in (root / "bench" / "results").glob("*.json")
        for row in loads(path.read_text())["rows"]
        if not row.get("ok", True)
    }
    assert told == missed


def test_older_results_are_named_and_the_hours_of_all_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "bench" / "results"
    results.mkdir(parents=True)
    for name, minutes in {"data": 90.0, "engine": 30.0, "upscale-study": 600.0}.items():
        result = {"command": "one", "commit": "one", "machine": "one", "minutes": minutes}
        (results / f"{name}.json").write_text(dumps(result))
    monkeypatch.setattr(fill_figures, "ROOT", tmp_path)
    monkeypatch.setattr(fill_figures, "is_old", lambda name: name == "data")
    assert "are: `data`. The 2 programs of `make bench` took 2.0 hours" in fill_figures.older()


def test_no_measured_number_stands_unmarked(root: Path) -> None:
    loose = {p.name: unmarked(p.read_text()) for p in documents(root) if p.parent.name != FREE}
    assert {name: lines for name, lines in loose.items() if lines} == {}


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("It paints 168 pictures a second.", True),
        ("| bicubic | 26.6 dB |", True),
        ("three times, 3 times faster", True),
        ("a help page in 110 ms", True),
        ("1.3 times bare", True),
        ("at 64 px, in 4 styles, 19 classes", False),
        ("within 3 minutes on 2 cores", False),
        ("```text\n26.6 dB\n```", False),
        ("<!-- figure: a.json rows[x].value .1f -->26.6<!-- /figure --> dB", False),
    ],
)
def test_the_test_sees_an_unmarked_number(line: str, refused: bool) -> None:
    assert bool(unmarked(line)) == refused


RESULT = {
    "command": "python bench/data.py --json",
    "commit": "0123456789ab",
    "machine": {"cores": 2},
    "rows": [{"name": "photo, 64 px", "value": 168.44, "unit": "pictures a second", "ok": True}],
}


def text_with(where: str, form: str, text: str = "") -> str:
    return f"<!-- figure: result.json {where} {form} -->{text}<!-- /figure -->"


@pytest.mark.parametrize(
    ("where", "form", "wanted"),
    [
        ("rows[photo, 64 px].value", ".0f", "168"),
        ("rows[photo, 64 px].value", ",.1f", "168.4"),
        ("rows[photo*].value", ".0f", "168"),
        ("rows[photo, 64 px].unit", "s", "pictures a second"),
        ("machine.cores", "d", "2"),
        ("command", "s", "python bench/data.py --json"),
    ],
)
def test_a_figure_is_looked_up_and_written(
    where: str, form: str, wanted: str, tmp_path: Path
) -> None:
    (tmp_path / "result.json").write_text(dumps(RESULT))
    text = f"before {text_with(where, form, '170')} after"
    assert filled(text, tmp_path) == f"before {text_with(where, form, wanted)} after"
