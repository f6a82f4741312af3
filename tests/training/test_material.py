"""The streams of a training: what each learns from and is measured on."""

from __future__ import annotations

from pathlib import Path

import pytest
from families import Kit, noise, texts

from trombine.core.errors import InputError
from trombine.recipes import Recipe, with_settings
from trombine.training import material as material_module
from trombine.training.material import open_material, prepare_material
from trombine.training.methods import find

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
    assert [len(pool.state()["pictures"]) for pool in kit.state.pools.values()] == [4, 4]
