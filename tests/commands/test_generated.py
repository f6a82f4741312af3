"""`data generated`: the pack holds generate's faces, goes on where it was, and is read as a set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import trombine
from trombine.commands import generated
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.data.pack import Pack
from trombine.data.source import source


def made(output: Path, net: Path, **options: Any) -> Result:
    return trombine.data_generated(output=output, **{"model": net, "count": 5, **options})


def test_a_pack_holds_the_faces_of_generate_and_what_was_told(tiny: Path, tmp_path: Path) -> None:
    end = made(tmp_path / "crowd", tiny, first_seed=3, attributes="age=60", threads=2)
    assert end.written == (tmp_path / "crowd",)
    assert end.summary.endswith("a pack of 5 generated faces of 32 px")
    trombine.generate(seeds="3-7", attributes="age=60", model=tiny, output=tmp_path / "faces")
    faces = source(f"pack:{tmp_path / 'crowd'}", 32)
    batch = faces.batch(np.arange(5))
    for row, seed in enumerate(range(3, 8)):
        file = np.asarray(Image.open(tmp_path / "faces" / f"{seed:06d}.png"))
        assert np.array_equal(batch.pixels[row].numpy(), file)
    assert batch.seeds is not None and batch.seeds.tolist() == [3, 4, 5, 6, 7]
    assert faces.vector_names == ("masculine", "age", "beard", "glasses", "smile")
    assert batch.vectors is not None and set(batch.vectors[:, 1].tolist()) == {60.0}
    assert len(set(batch.vectors[:, 0].tolist())) > 1


def test_it_goes_on_where_it_was_stopped_and_keeps_what_is_whole(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generated, "_SHARD", 2)

    def stop(done: float, of: float, what: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    made(tmp_path / "whole", tiny)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "begun", tiny, threads=1, progress=stop)
    assert made(tmp_path / "begun", tiny).kept == 2
    assert Pack(tmp_path / "begun").hash == Pack(tmp_path / "whole").hash
    end = made(tmp_path / "begun", tiny)
    assert end.summary.endswith("(was there)") and (end.written, end.kept) == ((), 5)
    with pytest.raises(InputError, match="is another pack"):
        made(tmp_path / "whole", tiny, truncation=0.5)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"first_seed": 999_999_998}, "seeds end at 999,999,999"),
        ({"attributes": "hat"}, "not told of hat"),
        ({"size": 50}, "of 32, 64, 128 pixels"),
        ({"model": "upscale-x2"}, "not for generate"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    options: dict[str, Any], why: str, tiny: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        made(tmp_path / "out", tiny, **options)
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()
