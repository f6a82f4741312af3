"""Two kinds of pictures, and runs that end by themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from families import Kit, enlarger, noise, texts

from trombine.core.errors import InputError
from trombine.losses.objective import Phase, Until
from trombine.recipes import Recipe, with_settings
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.training import material as material_module
from trombine.training.loop import train
from trombine.training.material import open_material, prepare_material
from trombine.training.methods import find
from trombine.training.methods.restore import RestoreObjective

SMALL = "size=32 batch=4 width=4 blocks=1 pool=0.5 faces=4 judged=4 threads=1"


def unpaired(data: str, other: str) -> Recipe:
    settings = texts(f"{SMALL} data={data} other={other}")
    return with_settings(find("restyle-cyclegan"), settings)


def test_no_stream_learns_what_another_is_measured_on(tmp_path: Path) -> None:
    data = f"folder:{noise(tmp_path, range(23), size=32)}"
    material = open_material(unpaired(data, f"{data}#10"), ("data", "other"))
    learned, measured = (
        {source.name(i) for source in sources.values() for i in range(len(source))}
        for sources in (material.learned, material.measured)
    )
    assert not learned & measured and len(learned | measured) == 23


def test_no_stream_is_painted_where_the_path_of_another_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def paint(*_: object, **__: object) -> object:
        raise AssertionError("painted")

    monkeypatch.setattr(material_module, "prepare_split", paint)
    with pytest.raises(InputError, match="is not a folder"):
        prepare_material(unpaired("leaves#48", "folder:gone"), ("data", "other"))


def test_a_step_has_as_many_of_both_kinds() -> None:
    kit = Kit(unpaired("leaves#48", "world:photo#48"), begun=True)
    batches = kit.next_step().batches
    assert batches["data"].parts is None and batches["other"].parts is not None
    assert len(batches["other"]) == len(batches["data"]) == 4
    kit.take()
    assert [len(pool) for pool in kit.state.pools.values()] == [4, 4]


@pytest.mark.parametrize(
    ("ends", "changes"),
    [(16, {"until": Until(measure="PSNR", loses=-1)}), (20, {"lasts": 20})],
)
def test_a_run_ends_with_its_last_phase(
    ends: int, changes: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is measured, or by a clock that is not the run's."""
    phases = RestoreObjective.phases

    def shorter(self: RestoreObjective) -> tuple[Phase, ...]:
        return tuple(replace(phase, **changes) for phase in phases(self))  # pyright: ignore

    monkeypatch.setattr(RestoreObjective, "phases", shorter)
    asked = enlarger(tmp_path / "run", batch="4")
    train(asked)
    run = RunFolder(asked.folder)
    entries = run.entries()
    assert entries[-1] == {"kind": "end", "pictures": ends}
    assert [e["pictures"] for e in entries if e.get("what") == "ended"] == [ends]
    assert [e for e in entries if e["kind"] == "measure"][-1]["pictures"] == ends
    assert max(run.sample_files()) == ends
    assert checkpoints.latest(run) == run.checkpoints / f"{ends:09d}.safetensors"
    data = run.log.read_bytes()
    train(asked)
    assert run.log.read_bytes() == data
