"""A page is well-formed, asks nothing of another host, and can be read without seeing it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from trombine.pages import (
    Html,
    Page,
    Plot,
    Series,
    command,
    compare,
    element,
    escape,
    estimate,
    grid,
    key,
    note,
    picture,
    plots,
    scrubber,
    table,
    unbroken,
)
from trombine.pages.markup import VOID

EVIL = """<script>alert("x")</script> & 'quotes'"""


def pixels(value: int, side: int = 12) -> np.ndarray:
    return np.full((side, side, 3), value, np.uint8)


def whole_page() -> Page:
    """A page with one of everything."""
    page = Page(title="A page & more", lead="First words.", foot="Last words.")
    page.section(
        "Pictures",
        "One.\n\nTwo.",
        grid([picture(pixels(9), "nine", caption="Nine"), picture(pixels(5), "five")], columns=2),
        compare(pixels(1), pixels(2), names=("Before", "After"), alt="a square"),
        scrubber(
            [("A", [pixels(1), pixels(2), pixels(3)]), ("B", [pixels(4), pixels(5), pixels(6)])],
            label="walk",
            ends=("here", "there"),
        ),
        key([("skin", (1, 2, 3))]),
    )
    drawn = Plot(
        title="P", x_label="x", y_label="y", series=(Series(name="s", x=[0, 1], y=[1, 2]),)
    )
    page.section(
        "Numbers",
        "",
        table(["Method", "dB"], [["bicubic", estimate(30.0, 29.0, 31.0)]], caption="C", under="u"),
        plots(drawn),
        note("Small."),
    )
    page.section("Numbers", "again")
    return page


class Reader(HTMLParser):
    """Notes elements and their attributes, and fails on a tag that closes another."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice in {tag}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def text() -> str:
    return whole_page().html()


@pytest.fixture(scope="module")
def reader(text: str) -> Reader:
    return Reader(text)


def test_it_begins_as_a_page(text: str, reader: Reader) -> None:
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert {"charset": "utf-8"} in reader.all("meta")
    assert len(reader.all("title")) == len(reader.all("h1")) == len(reader.all("main")) == 1


def test_nothing_is_asked_of_another_host(text: str, reader: Reader) -> None:
    for _, attributes in reader.elements:
        for name in ("src", "href", "srcset", "action", "poster", "data"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#")), attributes[name][:80]
    addresses = re.findall(r"url\(([^)]*)\)|@import|https?://|//[a-z]+\.", text)
    assert all(address.startswith("data:") for address in addresses)


def test_pictures_tables_and_sliders_speak(reader: Reader) -> None:
    assert all(image["alt"] for image in reader.all("img"))
    assert all({"width", "height"} <= image.keys() for image in reader.all("img"))
    assert all(slider["aria-label"] for slider in reader.all("input"))
    windows = [a for _, a in reader.elements if a.get("class") == "window"]
    assert [a["aria-label"] for a in windows] == ["A: walk", "B: walk"]
    assert {head["scope"] for head in reader.all("th")} == {"col", "row"}
    assert len(reader.all("caption")) == len(reader.all("table"))


def test_headings_go_down_one_at_a_time_and_links_arrive(reader: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert ids == ["top", "pictures", "numbers", "numbers-2"]
    contents = [f"#{name}" for name in ids[1:]]
    way_back = ["#top"] * 3  # at the end of each section
    assert [link["href"] for link in reader.all("a")] == contents + way_back


def test_a_section_called_top_is_not_the_top() -> None:
    page = Page(title="A page")
    page.section("Top", "", note("a"))
    assert 'href="#top-2"' in page.html()


def test_words_from_outside_are_words() -> None:
    page = Page(title=EVIL, lead=EVIL, foot=EVIL)
    page.section(
        EVIL,
        EVIL,
        picture(pixels(1), EVIL, caption=EVIL),
        table([EVIL, EVIL], [[EVIL, EVIL]], caption=EVIL, under=EVIL),
        compare(pixels(1), pixels(2), names=(EVIL, EVIL), alt=EVIL),
        scrubber([(EVIL, [pixels(1), pixels(2)])], label=EVIL, ends=(EVIL, EVIL)),
        key([(EVIL, (0, 0, 0))]),
        note(EVIL),
        EVIL,
    )
    reader = Reader(page.html())
    assert len(reader.all("script")) == 1  # our own
    # What no attribute holds is shown as it was given.
    assert reader.words.count(EVIL) >= 14


def test_markup_stays_markup_and_text_does_not() -> None:
    assert escape("a < b") == "a &lt; b"
    assert escape(escape("a < b")) == "a &lt; b"
    assert element("p", {"title": 'say "hi"'}, "x") == '<p title="say &quot;hi&quot;">x</p>'
    assert element("br") == "<br>"
    assert escape(Html("<b>")) == "<b>"


def test_a_page_is_the_same_each_time(text: str) -> None:
    assert whole_page().html() == text


def test_an_estimate_says_its_interval() -> None:
    assert estimate(30.0, 29.0, 31.0).startswith("30.00<span")
    assert "±\u20091.00" in estimate(30.0, 29.0, 31.0)
    assert "−\u20091.000 +\u20092.000" in estimate(30.0, 29.0, 32.0, digits=3)


def test_a_strip_of_one_frame_stands_still() -> None:
    strips = [("Still", [pixels(1)]), ("Walks", [pixels(2), pixels(3), pixels(4)])]
    names = ["one", "two", "three"]
    text = scrubber(strips, label="l", ends=("a", "b"), names=names, at=1.0)
    assert text.count('class="window"') == 1 and text.count("<img") == 1
    assert 'max="2" value="2"' in text and 'style="--at:1"' in text
    assert 'aria-valuetext="three"' in text and "<strong>three</strong>" in text


@pytest.mark.parametrize(("at", "step"), [(0.0, 0), (0.5, 2), (0.99, 4), (1.0, 5)])
def test_where_a_slider_starts(at: float, step: int) -> None:
    text = scrubber([("A", [pixels(1)] * 6)], label="l", ends=("a", "b"), at=at)
    assert f'max="5" value="{step}"' in text and f'style="--at:{step / 5:.4g}"' in text


def test_a_table_of_words_says_so() -> None:
    rows = [["a", "b"]]
    assert 'class="words"' in table(["x", "y"], rows, caption="c", words=True)
    assert 'class="words"' not in table(["x", "y"], rows, caption="c")


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        scrubber([("A", [pixels(1)] * 2), ("B", [pixels(1)] * 3)], label="l", ends=("a", "b"))
    with pytest.raises(ValueError, match="two frames"):
        scrubber([("A", [pixels(1)])], label="l", ends=("a", "b"))
    with pytest.raises(ValueError, match="equally long"):
        scrubber([("A", [pixels(1)] * 2)], label="l", ends=("a", "b"), names=["one"])
    with pytest.raises(ValueError, match="other than 2 cells"):
        table(["a", "b"], [["1"]], caption="c")


def test_a_command_breaks_between_its_options_alone() -> None:
    line = "trombine train x --log-every 16 -o 'my runs/a-b' --data <p>"
    parts = re.findall(r"<span>(.*?)</span>", command(line))
    assert parts == [
        "trombine train x",
        "--log-every 16",
        "-o &#x27;my runs/a-b&#x27;",
        "--data &lt;p&gt;",
    ]
    assert re.sub(r"<.*?>", "", command(line)).count("  ") == 0


def test_a_value_breaks_after_the_commas_of_settings_alone() -> None:
    assert unbroken("lr=1e-3,width=8").split("<wbr>") == [
        '<span class="whole">lr=1e-3,</span>',
        '<span class="whole">width=8</span>',
    ]
    assert unbroken("1,064") == '<span class="whole">1,064</span>'
    assert unbroken("<" * 40) == "&lt;" * 40
