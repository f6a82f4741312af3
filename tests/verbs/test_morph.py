"""`morph`: films and folders whose ends are generate's faces, their score, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trombine
from trombine.events import Done, Event, Picture
from trombine.io.image import read_record
from trombine.io.video import read_frames
from trombine.refusal import InputError
from trombine.verbs.morph import MorphRequest, run

SEEDS = ("3", "8")


def morphed(output: Path, net: Path, **fields: object) -> list[Event]:
    return list(run(MorphRequest(output=output, **{"model": net, "seeds": SEEDS, **fields})))  # pyright: ignore[reportArgumentType]


def test_the_ends_of_a_walk_are_the_faces_that_generate_makes(tiny: Path, tmp_path: Path) -> None:
    events = morphed(tmp_path / "frames", tiny, frames=3, sheet=True, seeds=("3,8", "21"))
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == [*(f"{at:06d}.png" for at in range(7)), "sheet.png"]
    trombine.generate(seeds="3,8,21", model=tiny, output=tmp_path / "faces")
    for at, seed in ((0, 3), (3, 8), (6, 21)):
        pair = [tmp_path / "frames" / f"{at:06d}.png", tmp_path / "faces" / f"{seed:06d}.png"]
        frame, alone = (np.asarray(Image.open(path)) for path in pair)
        assert np.array_equal(frame, alone)
    end = events[-1]
    assert isinstance(end, Done) and (end.written, end.kept) == (8, 0)
    assert "7 frames of 32 px; parts in place in" in end.summary and "\n" not in end.summary


@pytest.mark.parametrize("ending", [".gif", ".webp", ".mp4"])
def test_a_film_is_the_same_bytes_on_one_thread_and_two_and_by_replay(
    ending: str, tiny: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    asked: dict[str, object] = {"frames": 3, "cycle": True, "path": "spherical", "with_": "age=60"}
    morphed(one, tiny, threads=1, sheet=True, **asked)
    morphed(two, tiny, threads=2, **asked)
    assert one.read_bytes() == two.read_bytes()
    for path in (one, one.with_suffix(".sheet.png")):
        again = tmp_path / f"again{path.suffix}"
        trombine.replay(pictures=[path], inputs=tiny.parent, output=again, overwrite=True)
        assert again.read_bytes() == path.read_bytes()
    if ending != ".mp4":
        assert len(read_frames(one).frames) == 6 and read_frames(one).loops == 0
    record = read_record(one) or {}
    assert record["verb"] == "morph" and record["options"]["seeds"] == "3,8"


def test_a_frame_is_made_again_by_itself(tiny: Path, tmp_path: Path) -> None:
    morphed(tmp_path / "frames", tiny, frames=3, path="truncation", seeds=("4",))
    path, again = tmp_path / "frames" / "000002.png", tmp_path / "again.png"
    trombine.replay(pictures=[path], inputs=tiny.parent, output=again)
    assert again.read_bytes() == path.read_bytes()


def test_what_is_there_is_kept_and_what_is_missing_made(tiny: Path, tmp_path: Path) -> None:
    film = tmp_path / "walk.gif"
    morphed(film, tiny, frames=2)
    before = film.stat().st_mtime_ns
    events = morphed(film, tiny, frames=2, sheet=True)
    assert film.stat().st_mtime_ns == before
    assert [event.name for event in events if isinstance(event, Picture)] == ["walk.sheet.png"]
    (end,) = morphed(film, tiny, frames=2)[-1:]
    assert isinstance(end, Done) and end.summary.endswith("(was there)")
    with pytest.raises(InputError, match="made otherwise"):
        morphed(film, tiny, frames=2, cycle=True)


def test_the_score_for_a_program(tiny: Path, tmp_path: Path) -> None:
    events = morphed(tmp_path / "walk.gif", tiny, frames=2, json=True)
    assert isinstance(events[-1], Done)
    found = json.loads(events[-1].summary)
    assert len(found["in_place"]) == 3 and len(found["steps"]) == 2 and found["unevenness"] >= 1


BAD = {
    "one seed": ({"seeds": ("3",)}, "two seeds or more"),
    "no seed": ({"seeds": ()}, "whole numbers"),
    "a word": ({"seeds": ("3", "eight")}, "whole numbers"),
    "twice": ({"seeds": ("3", "8", "8")}, "twice"),
    "round": ({"seeds": ("3", "8", "3"), "cycle": True}, "back to its first seed by itself"),
    "several truncated": ({"path": "truncation"}, "of one seed"),
    "path": ({"path": "round"}, "linear, spherical or truncation"),
    "one frame": ({"frames": 1}, "--frames is"),
    "too many": ({"seeds": ("0-99",), "frames": 100}, "2,000 are the most"),
    "picture": ({"output": "walk.png"}, "ends as no film does"),
    "field": ({"with_": "glases"}, "did you mean glasses"),
    "size": ({"size": 96}, "of 32, 64, 128 pixels"),
    "model": ({"model": "no-such"}, "neither a shipped model nor a file"),
    "threads": ({"threads": 0}, "--threads is"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_said_in_one_line(kind: str, tiny: Path, tmp_path: Path) -> None:
    fields, why = BAD[kind]
    output = tmp_path / str(fields.get("output", "walk.gif"))
    with pytest.raises(InputError) as refused:
        morphed(output, tiny, **{name: value for name, value in fields.items() if name != "output"})
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert not output.exists()


def test_there_and_back(tiny: Path, tmp_path: Path) -> None:
    morphed(tmp_path / "frames", tiny, frames=2, seeds=("3", "8", "3"))
    frames = [np.asarray(Image.open(tmp_path / "frames" / f"{at:06d}.png")) for at in range(5)]
    assert np.array_equal(frames[0], frames[4]) and not np.array_equal(frames[0], frames[2])


def test_a_record_that_was_edited_is_refused(tiny: Path) -> None:
    from trombine.verbs.morph import making

    options = {"size": 32, "model": tiny.name, "truncation": 1.0, "seeds": "3,8", "frames": 2}
    options |= {"path": "linear", "cycle": 0, "shows": "film", "format": "GIF"}
    whole = {"verb": "morph", "options": options}
    assert making().remake(whole, {tiny.name: tiny})[:3] == b"GIF"
    for name, value in {
        "path": "round",
        "shows": "frame 3",
        "frames": 10**9,
        "format": "TEXT",
    }.items():
        with pytest.raises(InputError, match="cannot be followed"):
            making().remake({**whole, "options": {**options, name: value}}, {tiny.name: tiny})
