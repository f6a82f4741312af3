"""The test of people in a real browser: by keyboard, by touch, closed half-way; and mute."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from eval import made
from PIL import Image
from playwright.sync_api import Browser, Playwright, expect
from playwright.sync_api import Page as Tab
from scipy.stats import chisquare
from tabs import ARGUMENTS, CHROMIUM, MARKS, PATIENCE, Scheme, Tabs, heard, window

import trombine
from trombine.eval.people import REASONS

DESKTOP, PHONE = (1280, 800), (390, 844)
pytestmark = MARKS

COUNT = 12
# What is answered of the n-th picture: its side, and of a generated one reasons and words.
PLAN = [
    {
        "answer": "generated" if number % 3 else "real",
        "reasons": sorted({REASONS[number % 6], REASONS[number % 5]}, key=REASONS.index)
        if number % 3
        else [],
        "text": f"a real oddity, {number}" if number % 3 == 2 else "",
    }
    for number in range(COUNT)
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test, with names that would tell: study, quick (two seconds a picture), their keys."""
    home = tmp_path_factory.mktemp("people")
    draw = np.random.default_rng(0)
    for side in ("genuine", "invented"):
        (home / side).mkdir()
        for number in range(COUNT // 2):
            noise = draw.integers(0, 256, (24, 24, 3), np.uint8)
            Image.fromarray(noise).save(home / side / f"{side} {number}.png")
    for name, seconds in (("study", 0), ("quick", 2)):
        trombine.judge_people_make(
            home / "genuine",
            home / "invented",
            pictures=COUNT,
            seconds=seconds,
            output=home / name,
        )
    return home


@pytest.fixture
def watched() -> Iterator[Callable[[Tab], Tab]]:
    """Fails at the end if a tab said anything on its console, or asked for anything but itself."""
    complaints: list[str] = []
    requests: list[str] = []
    with ExitStack() as stack:

        def watch(tab: Tab) -> Tab:
            stack.enter_context(heard(tab, complaints, requests))
            return tab

        yield watch
    assert complaints == []
    outside = {url for url in requests if not url.startswith(("data:", "blob:"))}
    assert all(url.startswith("file:") and url.endswith("/index.html") for url in outside)


@pytest.fixture
def tab(tabs: Tabs, watched: Callable[[Tab], Tab]) -> Iterator[Tab]:
    """A tab of a browser that knows of nobody, watched."""
    with tabs.lent(DESKTOP) as tab:
        yield watched(tab)


def address(home: Path, name: str = "study") -> str:
    return (home / name / "index.html").as_uri()


def begin(tab: Tab, subject: str) -> None:
    tab.get_by_label("Your name").fill(subject)
    tab.get_by_label("Generated pictures").select_option("expert")
    tab.get_by_role("button", name="Begin").click()


def by_keyboard(tab: Tab, first: int, last: int) -> None:
    """Answer the pictures from `first` to `last` - 1 with keys alone."""
    for number in range(first, last):
        assert tab.locator("#progress").inner_text() == f"Picture {number + 1} of {COUNT}"
        answer = PLAN[number]
        key = {"real": ["r", "ArrowLeft"], "generated": ["g", "ArrowRight"]}[answer["answer"]]
        tab.keyboard.press("r")  # what is corrected does not count
        tab.keyboard.press(key[number % 2])
        for reason in answer["reasons"]:
            tab.keyboard.press(str(REASONS.index(reason) + 1))
        if answer["text"]:
            tab.locator("#text").focus()
            tab.keyboard.type(answer["text"])  # its letters and digits answer nothing
        tab.keyboard.press("Enter")


def by_touch(tab: Tab, first: int, last: int) -> None:
    """The same by fingers alone."""
    for number in range(first, last):
        answer = PLAN[number]
        tab.get_by_role("radio", name=answer["answer"]).tap()
        for reason in answer["reasons"]:
            tab.get_by_role("checkbox", name=reason).tap()
        if answer["text"]:
            tab.get_by_label("In your own words").tap()
            tab.keyboard.insert_text(answer["text"])
        tab.get_by_role("button", name="Next").tap()


def downloaded(tab: Tab, path: Path) -> dict[str, Any]:
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download").click()
    download.value.save_as(path)
    content = json.loads(path.read_text())
    assert json.loads(tab.get_by_label("The answers", exact=True).input_value()) == content
    return content


def wait_until_stored(profile: Path, tab: Tab) -> None:
    """Wait until the disk has the latest answer: a browser writes what pages keep seconds later,
    and where it is busy while it is closed, not at all."""
    name = tab.evaluate("record.answers.at(-1).picture").encode()
    deadline = time.monotonic() + PATIENCE / 1000
    while not any(name in log.read_bytes() for log in profile.rglob("leveldb/*.log")):
        assert time.monotonic() < deadline, "the browser stored nothing"
        tab.wait_for_timeout(100)


def plain(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers without how long they took."""
    return [{k: v for k, v in answer.items() if k != "seconds"} for answer in content["answers"]]


def test_by_keyboard_by_touch_and_closed_half_way(
    playwright: Playwright, tab: Tab, home: Path, tmp_path: Path, watched: Callable[[Tab], Tab]
) -> None:
    """The same answers, in the same order of pictures, come out of a test taken by keyboard at a
    go, and by touch on a phone whose browser was closed half-way; and they are scored."""
    tab.goto(address(home))
    begin(tab, "Ann  Ó ")
    by_keyboard(tab, 0, COUNT)
    whole, touched = downloaded(tab, tmp_path / "whole.json"), dict[str, Any]()
    phone: dict[str, Any] = {"viewport": window(PHONE), "has_touch": True, "is_mobile": True}
    phone |= {"executable_path": CHROMIUM, "args": ARGUMENTS}
    for first, last in ((0, 7), (7, COUNT)):
        with playwright.chromium.launch_persistent_context(tmp_path / "phone", **phone) as context:
            tab = watched(context.new_page())
            tab.goto(address(home))
            if not first:
                begin(tab, "Ann  Ó ")
            by_touch(tab, first, last)
            if last == COUNT:
                touched = downloaded(tab, tmp_path / "touched.json")
            else:
                expect(tab.locator("#progress")).to_have_text(f"Picture {last + 1} of {COUNT}")
                wait_until_stored(tmp_path / "phone", tab)
    assert whole["subject"] == "Ann Ó" and whole["experience"] == "expert"
    key = json.loads((home / "study.key.json").read_text())
    answers = plain(whole)
    assert answers == plain(touched)
    pictures = [answer.pop("picture") for answer in answers]
    assert set(pictures) == key["pictures"].keys() and answers == PLAN
    truths = [key["pictures"][picture]["truth"] for picture in pictures]
    right = sum(truth == answer["answer"] for truth, answer in zip(truths, answers, strict=True))
    result = trombine.judge_people_score(home / "study.key.json", tmp_path / "touched.json")
    (report,) = result.found.values()
    assert report["subjects"][0]["right"] == right


def test_several_subjects_share_a_browser(tab: Tab, home: Path) -> None:
    """Each goes on where they were when they give their name, in whatever letters."""
    tab.goto(address(home))
    begin(tab, "Ann")
    by_keyboard(tab, 0, 3)
    tab.get_by_role("button", name="Somebody else").click()
    begin(tab, "Ben")
    by_keyboard(tab, 0, 2)
    tab.get_by_role("button", name="Somebody else").click()
    begin(tab, "ANN")
    by_keyboard(tab, 3, COUNT)
    assert tab.get_by_role("heading").inner_text() == "Thank you"
    tab.reload()
    begin(tab, "ben ")
    assert tab.locator("#progress").inner_text() == f"Picture 3 of {COUNT}"


def test_nothing_can_be_passed_over(tab: Tab, home: Path) -> None:
    """Without a name the test does not begin, without an answer the next picture does not come."""
    tab.goto(address(home))
    tab.keyboard.press("Enter")
    assert tab.locator("#ask").is_hidden()
    begin(tab, "Cem")
    tab.keyboard.press("Enter")
    tab.keyboard.press("3")
    assert tab.get_by_role("button", name="Next").is_disabled()
    assert tab.locator("#progress").inner_text() == f"Picture 1 of {COUNT}"


def test_a_picture_goes_after_its_time(
    browser: Browser, home: Path, watched: Callable[[Tab], Tab]
) -> None:
    """It can still be answered; the next one is there again."""
    context = browser.new_context(viewport=window(DESKTOP))
    tab = watched(context.new_page())
    tab.clock.install(time=0)
    tab.goto(address(home, "quick"))
    tab.clock.pause_at(3_600)  # from here on time passes as the test says
    assert "shown for 2 s" in tab.locator("#begin").inner_text()
    begin(tab, "Dua")
    picture = tab.locator("#picture")
    tab.clock.run_for(1900)
    assert picture.is_visible()
    tab.clock.run_for(200)
    assert picture.is_hidden() and "is gone" in tab.get_by_role("status").first.inner_text()
    tab.keyboard.press("r")
    tab.keyboard.press("Enter")
    assert picture.is_visible()
    context.close()


def test_it_works_where_nothing_can_be_kept(
    browser: Browser, home: Path, watched: Callable[[Tab], Tab]
) -> None:
    """A browser whose memory is switched off takes the test all the same."""
    context = browser.new_context(viewport=window(DESKTOP))
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('off') }})"
    )
    tab = watched(context.new_page())
    tab.goto(address(home))
    begin(tab, "Eve")
    by_keyboard(tab, 0, COUNT)
    assert tab.get_by_role("heading").inner_text() == "Thank you"
    context.close()


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    tabs: Tabs, home: Path, size: tuple[int, int], scheme: Scheme, watched: Callable[[Tab], Tab]
) -> None:
    """On each of the three screens, which also fit the picture and both answers on a phone."""
    with tabs.lent(size, scheme) as tab:
        watched(tab)

        def look() -> None:
            found = Axe().run(tab)
            assert found.violations_count == 0, found.generate_report()
            assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]

        tab.goto(address(home))
        look()
        begin(tab, "Fay")
        box = tab.locator("#sides").bounding_box()
        assert box is not None and box["y"] + box["height"] < size[1]
        tab.keyboard.press("g")
        look()
        by_keyboard(tab, 0, COUNT)
        look()


def test_the_page_of_the_scores(
    tabs: Tabs, home: Path, tmp_path: Path, watched: Callable[[Tab], Tab]
) -> None:
    key = json.loads((home / "study.key.json").read_text())
    for name, right in (("ann", 3), ("ben", 4), ("cem", 6)):
        made.write(
            tmp_path / "a" / f"{name}.json", made.answers(key, name, made.right(right, right))
        )
    trombine.judge_people_score(
        home / "study.key.json", tmp_path / "a", output=tmp_path / "index.html"
    )
    with tabs.lent(PHONE) as tab:
        watched(tab).goto((tmp_path / "index.html").as_uri())
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert tab.locator("img").count() > 0


# What the page gives away


def test_orders_are_fair(tab: Tab, home: Path) -> None:
    """Over 2,400 subjects each picture comes first, seventh and last equally often."""
    tab.goto(address(home))
    orders = tab.evaluate(
        f"[...Array(2400).keys()].map(i => shuffled({COUNT}, place(`subject ${{i + 1}}`)))"
    )
    assert all(sorted(order) == list(range(COUNT)) for order in orders)
    for place in (0, 6, COUNT - 1):
        counts = Counter(order[place] for order in orders)
        assert chisquare([counts[picture] for picture in range(COUNT)]).pvalue > 0.001
    follows = Counter((b - a) % COUNT for order in orders for a, b in itertools.pairwise(order))
    assert chisquare([follows[step] for step in range(1, COUNT)]).pvalue > 0.001


def test_no_file_holds_what_the_key_holds(home: Path) -> None:
    """Neither the names of the files and folders, nor a word of a side beside a picture, nor the
    sides in the page's order in any spelling."""
    key = json.loads((home / "study.key.json").read_text())
    files = [path for path in (home / "study").rglob("*") if path.is_file()]
    assert files
    truths = [
        key["pictures"][name]["truth"] for name in made.pictures(home / "study" / "index.html")
    ]
    bits = "".join(str(int(truth == "real")) for truth in truths)
    flipped = bits.translate(str.maketrans("01", "10"))
    secrets = {"genuine", "invented", "truth", *(e["file"] for e in key["pictures"].values())}
    for order in (bits, flipped):
        secrets |= {order, ",".join(order), ", ".join(order), f"{int(order, 2):x}"}
        secrets.add(",".join("true" if bit == "1" else "false" for bit in order))
    for path in files:
        text = path.read_bytes().decode("utf-8")
        assert not [secret for secret in secrets if secret in text]
        data = json.loads(text.partition('id="test">')[2].partition("</script>")[0])
        assert data.keys() == {"format", "version", "test", "seconds", "pictures"}
        assert all(item.keys() == {"picture", "png"} for item in data["pictures"])
        assert len({len(item["png"]) for item in data["pictures"]}) == 1
        names = [item["picture"] for item in data["pictures"]]  # of what a picture shows
        assert names == sorted(names)
