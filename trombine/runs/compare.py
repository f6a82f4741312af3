"""Two runs on one page: the same pictures, the same curves, what was asked differently.

Figures under different protocols stand in different tables, since they cannot be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from trombine.files import write_bytes
from trombine.pages import (
    Html,
    Page,
    Plot,
    check_page,
    command,
    element,
    note,
    plots,
    scrubber,
    table,
    unbroken,
)
from trombine.pages.markup import join
from trombine.runs import meaning, tables
from trombine.runs.curves import plots_of, to_the_end
from trombine.runs.folder import RunFolder
from trombine.runs.frames import Pixels, read_pixels, read_small, room_for, spread
from trombine.runs.log import Curves, RunSummary, read
from trombine.runs.tables import short, value_at

GENERATOR: Final = "trombine runs compare"
Pair = tuple[str, str]  # what the two runs are called
Key = TypeVar("Key", int, str)


def write_comparison(a: RunFolder, b: RunFolder, path: Path) -> Path:
    """Write the page that compares two runs, over another such page at most; returns the file."""
    check_page(path, GENERATOR)
    write_bytes(path, comparison(a, b).html().encode())
    return path


def comparison(a: RunFolder, b: RunFolder) -> Page:
    """The page of two runs; what neither has is left out."""
    one, other = read(a), read(b)
    pair = names_of(a, b)
    told = [tables.state_line(s, n) for n, s in zip(pair, (one, other), strict=True)]
    lead = join(told[0], element("br"), told[1])
    sheet = Page(title=f"{pair[0]} and {pair[1]}", lead=lead, generator=GENERATOR)
    _samples(sheet, a, b, pair)
    _measures(sheet, one, other, pair)
    _course(sheet, one, other, pair)
    _configuration(sheet, one, other, pair)
    _cost(sheet, one, other, pair)
    return sheet


def names_of(a: RunFolder, b: RunFolder) -> Pair:
    """Their names; where they are called alike, with the folder above, or as first and second."""
    if a.name != b.name:
        return a.name, b.name
    longer = [f"{one.path.resolve().parent.name}/{one.name}" for one in (a, b)]
    if longer[0] != longer[1]:
        return longer[0], longer[1]
    return f"{a.name} (first)", f"{a.name} (second)"


# Samples


def _samples(sheet: Page, a: RunFolder, b: RunFolder, pair: Pair) -> None:
    files = readable(a.sample_files()), readable(b.sample_files())
    times = common_times(*files)
    if len(times) < 2:
        return
    walking = [
        (name, [_small(by_then(held, time)) for time in times])
        for name, held in zip(pair, files, strict=True)
    ]
    rows = readable(a.fixed_files()), readable(b.fixed_files())
    same = are_same(*rows)
    still = [(row.capitalize(), [_small(path)]) for row, path in rows[0].items()]
    block = scrubber(
        [*walking, *(still if same else ())],
        label=f"samples of {pair[0]} and {pair[1]}, from the beginning to the end",
        ends=("begin", "end"),
        names=[f"{time:,} pictures" for time in times],
        at=1.0,
        columns=2,
    )
    text = "What either had made by then; one that ended earlier stays at its last."
    apart = "" if same else "The two were given different fixed things, so the pictures differ."
    sheet.section("Samples", f"{text}\n\n{apart}", block)


def readable(files: Mapping[Key, Path]) -> dict[Key, Path]:
    """The files that are pictures."""
    return {key: path for key, path in files.items() if read_pixels(path) is not None}


def are_same(a: Mapping[str, Path], b: Mapping[str, Path]) -> bool:
    """Whether two runs were given the same things, of the files that can be read: then their
    samples show the same ones."""
    return a.keys() == b.keys() and all(a[row].read_bytes() == b[row].read_bytes() for row in a)


def common_times(a: Mapping[int, Path], b: Mapping[int, Path]) -> list[int]:
    """Pictures seen at which both are shown, from where both have something."""
    if not a or not b:
        return []
    begin = max(min(a), min(b))
    times = sorted(time for time in {*a, *b} if time >= begin)
    return spread(times, min(room_for(_small(files[min(files)]).shape) for files in (a, b)))


def by_then(files: Mapping[int, Path], time: int) -> Path:
    """The newest sample after so many pictures."""
    return files[max(number for number in files if number <= time)]


def _small(path: Path) -> Pixels:
    pixels = read_small(path)
    assert pixels is not None, "only what is readable is shown"
    return pixels


# Numbers


def _measures(sheet: Page, one: RunSummary, other: RunSummary, pair: Pair) -> None:
    shared = [protocol for protocol in one.measures if protocol in other.measures]
    apart = {*one.measures, *other.measures} - {*shared}
    blocks: list[Html] = []
    for protocol in shared:
        both = one.measures[protocol], other.measures[protocol]
        last = max(one.pictures, other.pictures)
        blocks.append(plots(*to_the_end(overlaid(both, pair, measures=True), last)))
        blocks.append(measure_table(one, other, protocol, pair))
    for name, story in zip(pair, (one, other), strict=True):
        own = {
            protocol: story.measures[protocol] for protocol in story.measures if protocol in apart
        }
        blocks += tables.measure_tables(replace(story, measures=own), name)
    if apart:
        blocks.append(note("Figures under different protocols cannot be compared."))
    names = [name for story in (one, other) for held in story.measures.values() for name in held]
    if words := meaning.explained(names):
        blocks.append(note(words))
    if blocks:
        sheet.section("Measures", "On pictures that are kept for choosing.", *blocks)


def measure_table(one: RunSummary, other: RunSummary, protocol: str, pair: Pair) -> Html:
    """Both runs' figures under one protocol: at their best, and the last."""
    held = one.measures[protocol], other.measures[protocol]
    bests = [story.bests.get(protocol) for story in (one, other)]
    rows = []
    for name in dict.fromkeys((*held[0], *held[1])):
        found = [curves.get(name) for curves in held]
        at_best = [
            value_at(curve, best.pictures) if curve and best else None
            for curve, best in zip(found, bests, strict=True)
        ]
        last = [curve.values[-1] if curve else None for curve in found]
        rows.append(
            [meaning.titled(name), *("–" if v is None else short(v) for v in (*at_best, *last))]
        )
    columns = ["Measure", *(f"{n}, best" for n in pair), *(f"{n}, last" for n in pair)]
    return table(columns, rows, caption=f"Protocol {protocol or 'unnamed'}")


def _course(sheet: Page, one: RunSummary, other: RunSummary, pair: Pair) -> None:
    both = overlaid((one.curves, other.curves), pair)
    drawn = list(to_the_end(both, max(one.pictures, other.pictures)))
    apart = [
        note(f"Only {name} has {', '.join(meaning.curve(curve) for curve in own)}.")
        for name, own in zip(pair, (_only(one, other), _only(other, one)), strict=True)
        if own
    ]
    blocks = [plots(*drawn), *apart] if drawn else apart
    if blocks:
        text = "The same curves, one over the other." if drawn else "They have none in common."
        sheet.section("Learning", text, *blocks)


def overlaid(both: tuple[Curves, Curves], pair: Pair, *, measures: bool = False) -> Iterator[Plot]:
    """A plot for each curve that both have, one over the other."""
    for name in both[0]:
        if name in both[1]:
            held = dict(zip(pair, (both[0][name], both[1][name]), strict=True))
            title = name if measures else meaning.curve(name)
            yield from plots_of(title, held, meaning.reading(name) if measures else "")


def _only(one: RunSummary, other: RunSummary) -> list[str]:
    return [name for name in one.curves if name not in other.curves]


# What was asked


def _configuration(sheet: Page, one: RunSummary, other: RunSummary, pair: Pair) -> None:
    asked = tables.flat(one.recipe), tables.flat(other.recipe)
    names = list(dict.fromkeys((*asked[0], *asked[1])))
    rows = [
        [meaning.setting(name), *(tables.spelled(held.get(name)) for held in asked)]
        for name in names
    ]
    differing = [[n, _strong(n, x), _strong(n, y)] for n, x, y in rows if x != y]
    alike = [[name, unbroken(x)] for name, x, y in rows if x == y]
    blocks = []
    if differing:
        columns = ["Setting", *pair]
        blocks.append(table(columns, differing, caption="What differs", words=True))
    if alike:
        blocks.append(table(["Setting", "Both"], alike, caption="What is the same", words=True))
    if blocks:
        text = "Everything that was asked for or resolved." if differing else "Nothing differs."
        sheet.section("Configuration", text, *blocks)


def _strong(name: str, text: str) -> Html:
    return element("strong", {}, command(text) if name == "command" else unbroken(text))


def _cost(sheet: Page, one: RunSummary, other: RunSummary, pair: Pair) -> None:
    gpu = any(story.cost.gpu > 0 for story in (one, other))
    both = zip(tables.cost_rows(one, gpu=gpu), tables.cost_rows(other, gpu=gpu), strict=True)
    rows = [[name, mine, theirs] for (name, mine), (_, theirs) in both]
    cost = table(["What", *pair], rows, caption="What it took", words=True)
    sheet.section("Cost", "Of all the processes that trained them.", cost)
