"""`data generated`: the pack holds generate's faces, goes on where it was, and is read as a set."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trombine
from trombine.data.pack import Pack
from trombine.data.source import source
from trombine.events import Done, Event, Progress
from trombine.refusal import InputError
from trombine.verbs.generated import GeneratedRequest, run


def made(output: Path, net: Path, **fields: object) -> list[Event]:
    return list(run(GeneratedRequest(output=output, **{"model": net, "count": 5, **fields})))  # pyright: ignore[reportArgumentType]


def test_a_pack_holds_the_faces_of_generate_and_what_was_told(tiny: Path, tmp_path: Path) -> None:
    (*_, end) = made(tmp_path / "crowd", tiny, first_seed=3, with_="age=60", threads=2)
    assert isinstance(end, Done) and end.written == 5
    assert end.summary.endswith("a pack of 5 invented faces of 32 px")
    trombine.generate(seeds="3-7", with_="age=60", model=tiny, output=tmp_path / "faces")
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
    tiny: Path, tmp_path: Path
) -> None:
    made(tmp_path / "whole", tiny)
    request = GeneratedRequest(output=tmp_path / "begun", model=tiny, count=5, threads=1)
    events = run(request)
    assert isinstance(list(islice(events, 3))[-1], Progress)  # two faces are there
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    (*_, end) = run(request)
    assert isinstance(end, Done) and (end.written, end.kept) == (3, 2)
    assert Pack(tmp_path / "begun").hash == Pack(tmp_path / "whole").hash
    (*_, end) = run(request)
    assert isinstance(end, Done) and end.summary.endswith("(was there)") and end.kept == 5
    with pytest.raises(InputError, match="is another pack"):
        made(tmp_path / "whole", tiny, truncation=0.5)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"count": 0}, "--count is"),
        ({"first_seed": 999_999_998}, "seeds end at 999,999,999"),
        ({"first_seed": -1}, "--first-seed is"),
        ({"with_": "hat"}, "not told of hat"),
        ({"size": 50}, "of 32, 64, 128 pixels"),
        ({"model": "upscale-x2"}, "not for generate"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    fields: dict[str, object], why: str, tiny: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        made(tmp_path / "out", tiny, **fields)
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()
