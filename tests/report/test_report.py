"""A report: one file that asks nothing of a network, its numbers beside it."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from trombine.core.errors import OutputError
from trombine.report import Plot, Report, Series, as_json, check_page, command, link

SQUARE = np.full((8, 12, 3), 90, np.uint8)
VOID = {"br", "hr", "img", "input", "meta", "link"}


def sample() -> Report:
    """A report with one of everything, and names that would be markup."""
    report = Report("<Everything> & more", lead="To be looked at.", foot="One.\n\nTwo.")
    report.section("Pictures & <b>", "A text.\n\nAnother.")
    report.pictures([(SQUARE, "<i>one</i>"), (SQUARE[..., 0], "two")], columns=2, title="<t>")
    report.before_after((SQUARE, SQUARE, "a square"), names=("cold", "warm"))
    report.frames({"made": [SQUARE] * 3, "truth": [SQUARE]}, ["a", '"b"', "c"], label="steps")
    report.section("Pictures & <b>")
    report.table(["m", "n"], [["<x>", "1"], [link("a b.html", "y"), "2"]], caption="T", csv=True)
    report.bars("Bars", {"one": 1.0, "two": 2.0})
    report.curves(
        Plot(title="<p>", x_label="x", y_label="y", series=[Series(name="s", x=[1], y=[2])])
    )
    return report.text(command("trombine upscale a.png --scale 2"), small=True)


class Checker(HTMLParser):
    """Every element ends in its place; ids and what needs an alternative are gathered."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        assert "style" not in held  # the policy would refuse it
        self.ids += filter(None, [held.get("id")])
        self.images += [held] if tag == "img" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_well_formed_and_escaped() -> None:
    text = sample().html()
    checker = Checker()
    checker.feed(text)
    assert not checker.open and len(set(checker.ids)) == len(checker.ids)
    assert len(checker.images) == 8
    assert all(image["alt"] and image["width"] == "12" for image in checker.images)
    for name in ("<i>one", "<x>", "<b>", "<p>x", "<t>"):
        assert name not in text.replace("<p>", "<p>", 1) or name == "<p>x"
    assert text.count("<h2") == 2 and '<a href="a b.html">y</a>' in text
    assert re.search(r"<p>Another\.</p>", text)


def test_its_policy_lets_it_load_and_run_only_itself() -> None:
    text = sample().html()
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)[0]
    for kind in ("style", "script"):
        inside = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.S)
        (content,) = inside
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src &#39;sha256-{digest}&#39;" in policy
    assert policy.startswith("default-src &#39;none&#39;")
    assert not re.findall(r"""(?:src|href)="(?!data:|#|a b)""", text)
    assert not re.findall(r"url\(|@import|https?://", text.replace("http://www.w3.org", ""))


def test_numbers_and_the_table_are_written_beside(tmp_path: Path) -> None:
    written = sample().write(tmp_path / "r.html", {"a": 1.5})
    assert [path.name for path in written] == ["r.html", "r.json", "r.csv"]
    assert json.loads((tmp_path / "r.json").read_text()) == {"a": 1.5}
    with (tmp_path / "r.csv").open() as file:
        assert list(csv.reader(file)) == [["m", "n"], ["<x>", "1"], ["y", "2"]]
    plain = Report("P").section("S").text("t").write(tmp_path / "p.html")
    assert [path.name for path in plain] == ["p.html"]


def test_the_summary_is_the_lead_the_printed_tables_and_the_foot() -> None:
    report = sample().table(["a", "b"], [["x", "1"]], caption="C", under="Small.", printed=True)
    lines = report.summary().splitlines()
    assert lines[0] == "To be looked at." and lines[-4:] == ["Small.", "", "One.", "Two."]
    assert lines[-7:-4] == ["C:", "a  b", "x  1"] and "T:" not in lines


def test_values_of_any_kind_as_json() -> None:
    values = {"s": Series(name="s", x=(1, 2), y=[1 / 3]), "n": np.int64(3), "none": None}
    found = as_json(values | {"array": np.array([0.1, np.inf], np.float32)})
    assert (found["n"], found["none"], found["array"]) == (3, None, [0.1, None])
    assert (found["s"]["x"], found["s"]["y"]) == ([1, 2], [0.3333333])
    json.dumps(found, allow_nan=False)


def test_only_its_own_pages_are_written_over(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    sample().write(page, {})
    check_page(page)
    page.write_text("mine")
    with pytest.raises(OutputError, match="was not made by trombine"):
        check_page(page)
    page.write_text("")
    check_page(page)
    page.unlink()
    with pytest.raises(OutputError, match=r"r.json: is there, and would be written over"):
        check_page(page)
