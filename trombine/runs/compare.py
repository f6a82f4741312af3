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


def comparison(a: RunFolder, b: RunFolder, *, samples: bool = True) -> Page:
    """The page of two runs; what neither has is left out, as are `samples` unless wanted."""
    first, second = read(a), read(b)
    pair = names_of(a, b)
    lines = [tables.state_line(s, n) for n, s in zip(pair, (first, second), strict=True)]
    lead = join(lines[0], element("br"), lines[1])
    sheet = Page(title=f"{pair[0]} and {pair[1]}", lead=lead, generator=GENERATOR)
    if samples:
        _samples(sheet, a, b, pair)
    _measures(sheet, first, second, pair)
    _course(sheet, first, second, pair)
    _configuration(sheet, first, second, pair)
    _cost(sheet, first, second, pair)
    return sheet


def names_of(a: RunFolder, b: RunFolder) -> Pair:
    """Their names; where they are called alike, with the folder above, or as first and second."""
    if a.name != b.name:
        return a.name, b.name
    longer = [f"{folder.path.resolve().parent.name}/{folder.name}" for folder in (a, b)]
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


def _measures(sheet: Page, first: RunSummary, second: RunSummary, pair: Pair) -> None:
    shared = [protocol for protocol in first.measures if protocol in second.measures]
    apart = {*first.measures, *second.measures} - {*shared}
    blocks: list[Html] = []
    for protocol in shared:
        curves = first.measures[protocol], second.measures[protocol]
        last = max(first.pictures, second.pictures)
        blocks.append(plots(*to_the_end(overlaid(curves, pair, measures=True), last)))
        blocks.append(measure_table(first, second, protocol, pair))
    for name, summary in zip(pair, (first, second), strict=True):
        measures = {p: curves for p, curves in summary.measures.items() if p in apart}
        blocks += tables.measure_tables(replace(summary, measures=measures), name)
    if apart:
        blocks.append(note("Figures under different protocols cannot be compared."))
    names = [
        name for held in (*first.measures.values(), *second.measures.values()) for name in held
    ]
    if words := meaning.explained(names):
        blocks.append(note(words))
    if blocks:
        sheet.section("Measures", "On pictures that are kept for choosing.", *blocks)


def measure_table(first: RunSummary, second: RunSummary, protocol: str, pair: Pair) -> Html:
    """Both runs' figures under one protocol: at their best, and the last."""
    held = first.measures[protocol], second.measures[protocol]
    bests = [summary.bests.get(protocol) for summary in (first, second)]
    rows = []
    for name in dict.fromkeys((*held[0], *held[1])):
        curves = [measures.get(name) for measures in held]
        at_best = [
            value_at(curve, best.pictures) if curve and best else None
            for curve, best in zip(curves, bests, strict=True)
        ]
        last = [curve.values[-1] if curve else None for curve in curves]
        rows.append(
            [meaning.titled(name), *("–" if v is None else short(v) for v in (*at_best, *last))]
        )
    columns = ["Measure", *(f"{n}, best" for n in pair), *(f"{n}, last" for n in pair)]
    return table(columns, rows, caption=f"Protocol {protocol or 'unnamed'}")


def _course(sheet: Page, first: RunSummary, second: RunSummary, pair: Pair) -> None:
    overlays = overlaid((first.curves, second.curves), pair)
    drawn = list(to_the_end(overlays, max(first.pictures, second.pictures)))
    apart = [
        note(f"Only {name} has {', '.join(meaning.curve(curve) for curve in names)}.")
        for name, names in zip(pair, (_only(first, second), _only(second, first)), strict=True)
        if names
    ]
    blocks = [plots(*drawn), *apart] if drawn else apart
    if blocks:
        text = "The same curves, one over the other." if drawn else "They have none in common."
        sheet.section("Learning", text, *blocks)


def overlaid(
    curves: tuple[Curves, Curves], pair: Pair, *, measures: bool = False
) -> Iterator[Plot]:
    """A plot for each curve that both have, one over the other."""
    for name in curves[0]:
        if name in curves[1]:
            held = dict(zip(pair, (curves[0][name], curves[1][name]), strict=True))
            title = name if measures else meaning.curve(name)
            yield from plots_of(title, held, meaning.reading(name) if measures else "")


def _only(first: RunSummary, second: RunSummary) -> list[str]:
    return [name for name in first.curves if name not in second.curves]


# What was asked


def _configuration(sheet: Page, first: RunSummary, second: RunSummary, pair: Pair) -> None:
    recipes = tables.flat(first.recipe), tables.flat(second.recipe)
    names = list(dict.fromkeys((*recipes[0], *recipes[1])))
    rows = [
        [meaning.setting(name), *(tables.spelled(held.get(name)) for held in recipes)]
        for name in names
    ]
    differing = [[n, _strong(n, x), _strong(n, y)] for n, x, y in rows if x != y]
    equal = [[name, unbroken(x)] for name, x, y in rows if x == y]
    blocks = []
    if differing:
        columns = ["Setting", *pair]
        blocks.append(table(columns, differing, caption="What differs", words=True))
    if equal:
        blocks.append(table(["Setting", "Both"], equal, caption="What is the same", words=True))
    if blocks:
        text = "Everything that was asked for or resolved." if differing else "Nothing differs."
        sheet.section("Configuration", text, *blocks)


def _strong(name: str, text: str) -> Html:
    return element("strong", {}, command(text) if name == "command" else unbroken(text))


def _cost(sheet: Page, first: RunSummary, second: RunSummary, pair: Pair) -> None:
    gpu = any(summary.cost.gpu > 0 for summary in (first, second))
    pairs = zip(tables.cost_rows(first, gpu=gpu), tables.cost_rows(second, gpu=gpu), strict=True)
    rows = [[name, mine, theirs] for (name, mine), (_, theirs) in pairs]
    cost = table(["What", *pair], rows, caption="What it took", words=True)
    sheet.section("Cost", "Of all the processes that trained them.", cost)
