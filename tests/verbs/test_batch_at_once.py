"""Many files in, one output each, several at once: the same is made and said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from trombine.batch.inputs import into
from trombine.batch.loop import batch
from trombine.events import Event, Notice
from trombine.io.image import load_picture, output_suffix, save_picture
from trombine.refusal import InputError


def pictures(folder: Path, names: Iterable[str]) -> list[Path]:
    """Small pictures, each of another shade."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = [folder / name for name in names]
    for shade, source in enumerate(sources):
        save_picture(source, np.linspace(shade, 255, 60).reshape(4, 5, 3).astype(np.uint8))
    return sources


def mirrored(source: Path, output: Path) -> Iterator[Event]:
    """What stands for a verb here."""
    save_picture(output, np.ascontiguousarray(load_picture(source).samples[:, ::-1]))
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
