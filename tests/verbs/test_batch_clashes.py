"""Many files in, more than one file out of each: what is refused; what is kept of what is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trombine.batch.inputs import into, left_alone
from trombine.batch.loop import batch
from trombine.events import Event, Skipped
from trombine.io.files import write_bytes
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
