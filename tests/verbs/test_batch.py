"""Many files in, one output each."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from trombine.batch.inputs import expand, into
from trombine.batch.loop import batch
from trombine.batch.result import drain, exit_code
from trombine.events import Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.io.files import atomic, is_part, write_bytes
from trombine.io.image import load_picture, output_suffix, save_picture
from trombine.refusal import InputError, OutputError

RNG = np.random.default_rng(11)


def pictures(folder: Path, *names: str) -> list[Path]:
    """Small pictures of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        save_picture(folder / name, RNG.integers(0, 256, (4, 5, 3), np.uint8))
    return [folder / name for name in names]


def invert(source: Path, output: Path) -> Iterator[Event]:
    """What stands for a verb here."""
    image = load_picture(source)
    save_picture(output, 255 - image.samples)
    return iter(())


def run(
    inputs: Iterable[Path],
    output: Path,
    work: Callable[[Path, Path], Iterable[Event]] = invert,
    overwrite: bool = False,
) -> list[Event]:
    inputs = list(inputs)
    plan = into(output, inputs, output_suffix)
    return list(batch(inputs, plan, work, overwrite=overwrite))


def done(events: list[Event]) -> Done:
    assert isinstance(events[-1], Done)
    return events[-1]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_batch_says_in_order(tmp_path: Path) -> None:
    sources = pictures(tmp_path, "a.png", "b.png")
    out = tmp_path / "out"
    assert run(sources, out) == [
        Started(2, "pictures"),
        Picture(out / "a.png", "a.png"),
        Progress(1, 2, "pictures"),
        Picture(out / "b.png", "b.png"),
        Progress(2, 2, "pictures"),
        Done("2 pictures written", 2, 0, 0),
    ]
    for source in sources:
        assert np.array_equal(
            load_picture(out / source.name).samples, 255 - load_picture(source).samples
        )


def test_a_folder_stands_for_the_pictures_in_it_sorted(tmp_path: Path) -> None:
    pictures(tmp_path / "in", "c.png", "a.tif", "b.JPG", ".hidden.png")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    pictures(tmp_path / "in" / "deeper.png", "d.png")
    assert [path.name for path in expand([tmp_path / "in"])] == ["a.tif", "b.JPG", "c.png"]
    run([tmp_path / "in"], tmp_path / "out")
    assert names(tmp_path / "out") == ["a.tif", "b.png", "c.png"]


def test_a_file_that_is_named_twice_is_done_once(tmp_path: Path) -> None:
    sources = pictures(tmp_path / "in", "a.png", "b.png")
    again = tmp_path / "in" / ".." / "in" / "a.png"
    assert expand([sources[0], tmp_path / "in", again, sources[0]]) == sources


def test_a_single_picture_into_a_single_file(tmp_path: Path) -> None:
    (source,) = pictures(tmp_path, "a.png")
    run([source], tmp_path / "new" / "result.tif")
    assert load_picture(tmp_path / "new" / "result.tif").format == "TIFF"


def test_a_single_picture_into_a_folder(tmp_path: Path) -> None:
    (source,) = pictures(tmp_path, "a.jpg")
    dotted = tmp_path / "faces.v2"
    dotted.mkdir()
    run([source], dotted)
    run([source], tmp_path / "plain")
    assert names(dotted) == names(tmp_path / "plain") == ["a.png"]


def test_several_pictures_do_not_fit_into_one_file(tmp_path: Path) -> None:
    sources = pictures(tmp_path, "a.png", "b.png")
    with pytest.raises(InputError, match=r"is one file, and there are 2 pictures; name a folder"):
        run(sources, tmp_path / "out.png")


def test_nothing_named_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures were named"):
        run([], tmp_path / "out")


def test_run_again_it_does_only_what_is_missing(tmp_path: Path) -> None:
    sources = pictures(tmp_path, "a.png", "b.png", "c.png")
    out = tmp_path / "out"
    run(sources, out)
    (out / "b.png").unlink()
    before = {name: (out / name).stat().st_mtime_ns for name in ("a.png", "c.png")}
    asked: list[str] = []

    def work(source: Path, output: Path) -> Iterator[Event]:
        asked.append(source.name)
        return invert(source, output)

    end = done(run(sources, out, work))
    assert asked == ["b.png"]
    assert (end.written, end.kept, end.skipped) == (1, 2, 0)
    assert end.summary == (
        "1 picture written, 2 kept that were there (--overwrite makes them again)"
    )
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    assert exit_code(end) == 0


def test_overwrite_does_all_again(tmp_path: Path) -> None:
    sources = pictures(tmp_path, "a.png", "b.png")
    run(sources, tmp_path / "out")
    write_bytes(tmp_path / "out" / "a.png", b"old")
    end = done(run(sources, tmp_path / "out", overwrite=True))
    assert (end.written, end.kept) == (2, 0)
    assert load_picture(tmp_path / "out" / "a.png").width == 5


def test_of_two_inputs_for_one_output_neither_is_made_and_the_others_are(tmp_path: Path) -> None:
    sources = pictures(tmp_path, "a.png", "b.png", "b.jpg")
    end = done(run(sources, tmp_path / "out"))
    assert (end.written, end.skipped, exit_code(end)) == (1, 2, 1)
    assert names(tmp_path / "out") == ["a.png"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_written_over(overwrite: bool, tmp_path: Path) -> None:
    sources = pictures(tmp_path, "a.png", "b.png")
    before = [source.read_bytes() for source in sources]
    with pytest.raises(InputError, match="is an input, and would be written over"):
        run(sources, tmp_path, overwrite=overwrite)
    with pytest.raises(InputError, match="is an input"):
        run(sources[:1], tmp_path / "new" / ".." / "a.png", overwrite=overwrite)
    assert [source.read_bytes() for source in sources] == before


def test_through_a_link_neither(tmp_path: Path) -> None:
    sources = pictures(tmp_path / "in", "a.png")
    (tmp_path / "out").symlink_to(tmp_path / "in")
    with pytest.raises(InputError, match="is an input"):
        run(sources, tmp_path / "out", overwrite=True)


def bad_inputs(folder: Path) -> list[Path]:
    """Good ones at both ends, and between them one of each kind of bad."""
    good = pictures(folder, "1.png", "9.png")
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("no picture")
    whole = (folder / "1.png").read_bytes()
    (folder / "short.png").write_bytes(whole[:60])
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "folder").mkdir()
    odd = folder / "odd\nname\x1b[31m.png"
    odd.write_bytes(b"x")
    missing = folder / "missing.png"
    bad = [folder / f"{name}.png" for name in ("empty", "text", "short", "gone")]
    return [good[0], *bad, folder / "folder", odd, missing, good[1]]


def test_bad_inputs_are_skipped_and_named_and_the_others_go_on(tmp_path: Path) -> None:
    sources = bad_inputs(tmp_path / "in")
    events = run(sources, tmp_path / "out")
    end = done(events)
    skipped = {e.file.name: e.why for e in events if isinstance(e, Skipped)}
    assert names(tmp_path / "out") == ["1.png", "9.png"]
    assert (end.written, end.skipped, end.kept) == (2, 7, 0)
    assert exit_code(end) == 1
    assert list(skipped) == [source.name for source in sources[1:-1]]
    expected = {
        "empty.png": "is empty; ",
        "text.png": "is not a picture",
        "short.png": "cannot be read (",
        "gone.png": "is a link to a file that is gone; ",
        "folder": "has no pictures in it; ",
        "missing.png": "does not exist; ",
    }
    for name, why in expected.items():
        assert skipped[name].startswith(why)
        assert name in end.summary
    assert all("\n" not in why for why in skipped.values())
    assert "\n" not in end.summary and "\x1b" not in end.summary
    assert r"odd\nname\x1b[31m.png" in end.summary
    progress = [e.done for e in events if isinstance(e, Progress)]
    assert progress == list(range(1, 10)), "skipped ones are steps too"


def test_the_only_input_is_bad(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    events = run([tmp_path / "a.png"], tmp_path / "out.png")
    assert exit_code(done(events)) == 2
    with pytest.raises(InputError) as error:
        drain(events)
    assert str(error.value) == f"{tmp_path}/a.png: is empty; copy it again from where it came"


def test_notices_come_through_in_their_place(tmp_path: Path) -> None:
    (source,) = pictures(tmp_path, "a.png")

    def work(source: Path, output: Path) -> Iterator[Event]:
        yield Notice(source, "mind the gap")
        yield from invert(source, output)

    events = run([source], tmp_path / "out", work)
    assert events[1:3] == [Notice(source, "mind the gap"), Picture(tmp_path / "out/a.png", "a.png")]
    result = drain(events)
    assert result.written == (tmp_path / "out" / "a.png",)
    assert result.notices == (Notice(source, "mind the gap"),)
    assert (result.skipped, result.kept, result.summary) == ((), 0, "1 picture written")


def test_a_result_names_what_was_skipped(tmp_path: Path) -> None:
    sources = [*pictures(tmp_path, "a.png"), tmp_path / "gone.png"]
    result = drain(run(sources, tmp_path / "out"))
    assert [skipped.file for skipped in result.skipped] == [tmp_path / "gone.png"]


@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_full_disk_ends_the_batch_and_leaves_no_half_file(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of three: the first is there, and the rest once there is room."""
    sources = pictures(tmp_path, "a.png", "b.png", "c.png")
    out = tmp_path / "out"
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def work(source: Path, output: Path) -> Iterator[Event]:
        with atomic(output) as part:
            part.write_bytes(b"half of it")
            if source.name == "b.png" and step == "write":
                raise full
            if source.name == "b.png" and step == "fsync":
                monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(full))
        yield from ()

    plan = into(out, sources, output_suffix)
    events = batch(sources, plan, work)
    with pytest.raises(OutputError, match="the disk is full; free some space"):
        list(events)
    assert names(out) == ["a.png"]
    monkeypatch.undo()
    assert done(run(sources, out)).written == 2
    assert names(out) == ["a.png", "b.png", "c.png"]


def test_ctrl_c_leaves_no_half_file_and_run_again_it_goes_on(tmp_path: Path) -> None:
    sources = pictures(tmp_path, "a.png", "b.png", "c.png")

    def work(source: Path, output: Path) -> Iterator[Event]:
        with atomic(output) as part:
            part.write_bytes(b"half of it")
            if source.name == "b.png":
                raise KeyboardInterrupt
        yield from ()

    with pytest.raises(KeyboardInterrupt):
        run(sources, tmp_path / "out", work)
    assert names(tmp_path / "out") == ["a.png"]
    assert done(run(sources, tmp_path / "out")).written == 2


SLOW = """
import sys, time
from pathlib import Path
from trombine.io.files import atomic
from trombine.batch.loop import batch

def work(source, output):
    with atomic(output) as part:
        part.write_bytes(b"half of it")
        print("working", flush=True)
        time.sleep(60)
    yield from ()

for event in batch([Path("a.png")], lambda source: Path("out") / source.name, work):
    pass
"""


def test_a_real_interrupt_in_a_real_process(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png")
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    parts = names(tmp_path / "out")
    assert all(map(is_part, parts)) and len(parts) == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=600) != 0
    process.stdout.close()
    assert names(tmp_path / "out") == []
