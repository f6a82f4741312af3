"""Many files in, more than one file out of each: what is refused; what is kept of what is said."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from trombine.batch.inputs import into, left_alone
from trombine.batch.loop import batch
from trombine.batch.result import drain
from trombine.events import Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.files import write_bytes
from trombine.refusal import InputError


def files(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"a picture")
    return [folder / name for name in names]


def copied(source: Path, output: Path) -> Iterator[Event]:
    """What stands for a verb here."""
    write_bytes(output, source.read_bytes())
    write_bytes(sheet(output)[0], b"a sheet")
    return iter(())


def sheet(output: Path) -> list[Path]:
    return [output.with_name(f"{output.stem}.sheet.png")]


def run(sources: list[Path], output: Path, also_read: tuple[Path, ...] = ()) -> list[Event]:
    plan = into(output, sources, lambda source: source.suffix)
    events = batch(sources, plan, copied, overwrite=True, beside=sheet, also_read=also_read)
    return list(events)


def refused(sources: list[Path], output: Path, also_read: tuple[Path, ...] = ()) -> str:
    """What is said; and nothing is done."""
    with pytest.raises(InputError) as error:
        run(sources, output, also_read)
    return str(error.value)


def skipped(events: list[Event]) -> dict[Path, str]:
    return {event.file: event.why for event in events if isinstance(event, Skipped)}


def test_two_inputs_that_write_one_file_beside_their_outputs(tmp_path: Path) -> None:
    a, b, c = files(tmp_path, "a.png", "a.tif", "c.png")
    out = tmp_path / "out"
    both = f"would write {out}/a.sheet.png, and so would"
    cure = "rename one, or take two folders"
    assert skipped(run([a, b, c], out)) == {a: f"{both} {b}; {cure}", b: f"{both} {a}; {cure}"}
    assert sorted(path.name for path in out.iterdir()) == ["c.png", "c.sheet.png"]


def test_an_output_that_another_input_writes_beside_its_own(tmp_path: Path) -> None:
    a, b, c = files(tmp_path, "a.tif", "a.sheet.png", "c.png")
    out = tmp_path / "out"
    for order in ([a, b, c], [c, b, a]):
        why = skipped(run(order, out))
        assert why[a].startswith(f"would write {out}/a.sheet.png, and so would {b};")
        assert why[b].startswith(f"would become {out}/a.sheet.png, and so would {a};")
        assert sorted(path.name for path in out.iterdir()) == ["c.png", "c.sheet.png"]


@pytest.mark.parametrize("name", ["a.png", "a.sheet.png"])
def test_what_is_read_beside_the_inputs_is_never_written_over(name: str, tmp_path: Path) -> None:
    (source,) = files(tmp_path / "in", "a.png")
    (truth,) = files(tmp_path / "truths", name)
    (tmp_path / "out").symlink_to(tmp_path / "truths")
    for output in (tmp_path / "truths", tmp_path / "out"):
        said = f"{output / name}: is an input, and would be written over; choose another -o"
        assert refused([source], output, (truth,)) == said
    assert truth.read_bytes() == b"a picture"


def test_folders_inside_are_told_of_if_they_can_be_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(tmp_path / "in" / "more", "b.png")
    assert not list(left_alone([tmp_path / "in"])), "it is refused, and these are named there"
    files(tmp_path / "in", "a.png")
    files(tmp_path / "in" / "closed", "c.png")
    look = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    (notice,) = left_alone([tmp_path / "in"])
    assert notice.text == f"pictures in folders inside are left alone: {tmp_path}/in/more"


@pytest.mark.parametrize("folder", ["there", "new", "new/in/new"])
@pytest.mark.parametrize("length", [246, 251])
def test_too_long_a_name_is_skipped_before_the_work(
    folder: str, length: int, tmp_path: Path
) -> None:
    """Of 255 letters, 10 are the sheet's ending, 4 the output's own."""
    (tmp_path / "there").mkdir()
    long = "n" * length
    sources = files(tmp_path / "in", "a.png", f"{long}.png", "z.png")
    out = tmp_path / folder
    heard = run(sources, out)
    (skipped,) = [event for event in heard if isinstance(event, Skipped)]
    assert skipped == Skipped(
        sources[1],
        f"would become {out}/{long}.sheet.png, and {long}.sheet.png is too long a name;"
        " choose a shorter one",
    )
    made = sorted(path.name for path in out.iterdir())
    assert made == ["a.png", "a.sheet.png", "z.png", "z.sheet.png"]


def test_too_long_a_folder_is_no_reason_to_begin(tmp_path: Path) -> None:
    sources = files(tmp_path / "in", "a.png")
    with pytest.raises(InputError, match="is too long a name; choose a shorter one"):
        drain(run(sources, tmp_path / ("n" * 256)))


def test_a_function_keeps_what_its_result_needs_and_not_each_step() -> None:
    alive: list[weakref.ref[Progress]] = []

    def step(number: int) -> Progress:
        progress = Progress(number, 3, "pictures")
        alive.append(weakref.ref(progress))
        return progress

    def events() -> Iterator[Event]:
        yield Started(3, "pictures")
        yield from map(step, range(3))
        yield Notice(None, "mind the gap")
        yield Picture(Path("a.png"), "a.png")
        assert [there() for there in alive] == [None] * 3
        yield Done("1 picture written", 1, 0, 0)

    result = drain(events())
    assert len(alive) == 3
    assert (result.written, len(result.notices)) == ((Path("a.png"),), 1)
