"""Many files in, one output each, several at once: the same is made and said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from trombine.batch.inputs import into
from trombine.batch.loop import batch, survey
from trombine.events import Event, Notice, Picture, Progress, Skipped
from trombine.files import atomic
from trombine.images import output_suffix, read, write
from trombine.refusal import InputError, OutputError


def pictures(folder: Path, names: Iterable[str]) -> list[Path]:
    """Small pictures, each of another shade."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = [folder / name for name in names]
    for shade, source in enumerate(sources):
        write(source, np.linspace(shade, 255, 60).reshape(4, 5, 3).astype(np.uint8))
    return sources


def numbered(folder: Path, count: int) -> list[Path]:
    """00.png, 01.png and so on."""
    return pictures(folder, (f"{number:02}.png" for number in range(count)))


def mirrored(source: Path, output: Path) -> Iterator[Event]:
    """What stands for a verb here."""
    write(output, np.ascontiguousarray(read(source).samples[:, ::-1]))
    return iter(())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def together(
    inputs: Iterable[Path],
    output: Path,
    work: Callable[[Path, Path], Iterable[Event]] = mirrored,
    light: Callable[[Path], bool] = lambda source: True,
    at_once: int = 3,
) -> list[Event]:
    inputs = list(inputs)
    plan = into(output, inputs, output_suffix)
    return list(batch(inputs, plan, work, at_once=at_once, light=light))


def talking(source: Path, output: Path) -> Iterator[Event]:
    """A verb that says something of each picture, and is bad at some."""
    yield Notice(source, "begun")
    if source.stem.endswith("3"):
        raise InputError("is odd", "name another", path=source)
    yield from mirrored(source, output)
    yield Notice(output, "written")


@pytest.mark.parametrize("heavy", [set[str](), {"p2.png", "p3.png", "p7.png"}])
def test_at_once_the_same_is_made_and_said_in_the_same_order(
    heavy: set[str], tmp_path: Path
) -> None:
    sources = pictures(tmp_path / "in", (f"p{i}.png" for i in range(12)))
    sources.insert(5, tmp_path / "in" / "missing.png")
    for folder in ("one", "many"):
        pictures(tmp_path / folder, ["p4.png"])  # is there, and is kept
    alone = together(sources, tmp_path / "one", talking, at_once=1)
    at_once = together(sources, tmp_path / "many", talking, lambda s: s.name not in heavy)
    moved = [str(event).replace(f"{tmp_path}/many", f"{tmp_path}/one") for event in at_once]
    assert moved == [str(event) for event in alone]
    assert names(tmp_path / "many") == names(tmp_path / "one")
    for name in set(names(tmp_path / "one")) - {"p4.png"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


def test_light_ones_do_run_at_once_and_heavy_ones_alone(tmp_path: Path) -> None:
    """Three threads meet at a barrier, which one at a time never pass."""
    sources = pictures(tmp_path / "in", ["a1.png", "a2.png", "a3.png", "b.png", "c1.png"])
    meeting = threading.Barrier(3, timeout=600)
    lock, busy, most = threading.Lock(), [0], {}

    def work(source: Path, output: Path) -> Iterator[Event]:
        with lock:
            busy[0] += 1
        if source.name.startswith("a"):
            meeting.wait()
        with lock:
            most[source.name] = busy[0]
            busy[0] -= 1
        yield from mirrored(source, output)

    together(sources, tmp_path / "out", work, lambda source: source.name != "b.png")
    assert max(most[f"a{i}.png"] for i in (1, 2, 3)) == 3
    assert most["b.png"] == 1


def test_no_more_than_that_run_at_once_and_few_are_begun_ahead(tmp_path: Path) -> None:
    sources = numbered(tmp_path / "in", 30)
    lock, busy, most, begun = threading.Lock(), [0], [0], [0]

    def work(source: Path, output: Path) -> Iterator[Event]:
        with lock:
            busy[0] += 1
            begun[0] += 1
            most[0] = max(most[0], busy[0])
        yield from mirrored(source, output)
        with lock:
            busy[0] -= 1

    events = batch(sources, into(tmp_path / "out", sources, output_suffix), work, at_once=2)
    told = 0
    for event in events:
        told += isinstance(event, Progress)
        assert begun[0] <= told + 6
    assert most[0] <= 2


def test_a_full_disk_ends_what_runs_at_once(tmp_path: Path) -> None:
    sources = numbered(tmp_path / "in", 20)
    out = tmp_path / "out"

    def work(source: Path, output: Path) -> Iterator[Event]:
        yield Notice(source, "begun")
        if source.name == "03.png":
            raise OutputError("cannot be written, the disk is full", "free some space", path=output)
        yield from mirrored(source, output)

    heard: list[Event] = []
    with pytest.raises(OutputError, match="the disk is full"):
        for event in batch(sources, into(out, sources, output_suffix), work, at_once=3):
            heard.append(event)  # noqa: PERF402 - extend would lose what came before the error
    assert heard[-1] == Notice(sources[3], "begun")
    assert not [name for name in names(out) if not name[:2].isdigit()], "nothing half written"
    assert len(names(out)) < 15, "those that were not begun never are"


def test_a_listener_that_goes_away_ends_what_runs_at_once(tmp_path: Path) -> None:
    """What runs is ended at its next word, what was not begun is not; nothing is half written."""
    sources = numbered(tmp_path / "in", 20)
    gone = threading.Event()

    def work(source: Path, output: Path) -> Iterator[Event]:
        if source.name != "00.png":
            with atomic(output) as part:
                part.write_bytes(b"half of it")
                gone.wait(30)
                yield Notice(source, "half done")
                part.write_bytes(b"all of it")
        else:
            yield from mirrored(source, output)

    events = batch(sources, into(tmp_path / "out", sources, output_suffix), work, at_once=3)
    while not isinstance(next(events), Picture):
        pass
    threading.Timer(0.05, gone.set).start()
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert "00.png" in names(tmp_path / "out")
    assert all(
        (tmp_path / "out" / n).read_bytes() != b"half of it" for n in names(tmp_path / "out")
    )
    assert len(names(tmp_path / "out")) <= 3


def looked(source: Path) -> Iterator[Event]:
    """What stands for a verb that writes nothing."""
    yield from talking(source, source)


@pytest.mark.parametrize("at_once", [2, 5])
def test_what_is_looked_at_side_by_side_is_told_of_in_its_turn(
    tmp_path: Path, at_once: int
) -> None:
    sources = numbered(tmp_path, 14)
    alone = list(survey(sources, looked))
    assert list(survey(sources, looked, at_once=at_once)) == alone
    assert [event.file for event in alone if isinstance(event, Skipped)] == [
        tmp_path / "03.png",
        tmp_path / "13.png",
    ]


def test_who_no_longer_listens_ends_what_was_to_be_looked_at(tmp_path: Path) -> None:
    begun: list[Path] = []

    def inspect(source: Path) -> Iterator[Event]:
        begun.append(source)
        return iter(())

    with closing(survey(numbered(tmp_path, 40), inspect, at_once=2)) as events:
        assert any(isinstance(event, Progress) for event in events)
    assert 1 <= len(begun) < 40


def test_an_error_that_is_no_inputs_fault_ends_the_survey(tmp_path: Path) -> None:
    def inspect(source: Path) -> Iterator[Event]:
        raise RuntimeError("a net is broken")

    with pytest.raises(RuntimeError, match="broken"):
        list(survey(numbered(tmp_path, 9), inspect, at_once=2))
