"""The records of enlarged pictures: the same bytes again; and the command."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from trombine import weights
from trombine.events import Event
from trombine.io.image import Picture, encode_png, load_picture, read_record, save_picture
from trombine.provenance import digest
from trombine.refusal import InputError
from trombine.verbs import replay

Command = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.usefixtures("photographs")


# The same bytes again


def again(path: Path, inputs: Path, output: Path) -> list[Event]:
    request = replay.ReplayRequest(pictures=(path,), inputs=inputs, output=output)
    return list(replay.run(request))


def test_replay_in_a_fresh_process_and_another_folder(
    tmp_path: Path, command: Command, kit: ModuleType
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    there.mkdir()
    for name in ("colour16.png", "alpha.png"):
        (here / "in").mkdir(parents=True, exist_ok=True)
        save_picture(here / "in" / name, kit.of_every_kind()[name])
    kit.photo(here / "in", "photo.jpg")
    kit.film(here / "in" / "film.gif")
    kit.film(here / "in" / "moving.webp")
    kit.drawing(here / "in")
    kit.events(here / "in", output=here / "out", factor=3, sheet=True, tile=16)
    done = command("replay", "../here/out", "--inputs", "../here/in", "-o", "again", cwd=there)
    assert done.returncode == 0
    assert all(line.endswith(": the same bytes") for line in done.stderr.splitlines())
    names = sorted(path.name for path in (here / "out").iterdir())
    assert len(names) == 12, "six, and their sheets"
    for name in names:
        assert (here / "out" / name).read_bytes() == (there / "again" / name).read_bytes()


@pytest.mark.parametrize(
    ("output", "options"),
    [
        ("b.jpg", {"factor": 4}),
        ("b.avif", {"size": "70x90"}),
        ("b.tif", {"model": "upscale-drawings-x4"}),
        ("b.png", {"factor": 3, "best": True}),
        ("b.png", {"factor": 4, "sharpness": 0.5}),
        ("b.png", {"factor": 1}),
    ],
)
def test_replay_of_other_formats_and_ways(
    output: str, options: dict[str, Any], tmp_path: Path, kit: ModuleType
) -> None:
    kit.events(kit.photo(tmp_path / "in"), output=tmp_path / output, **options)
    heard = again(tmp_path / output, tmp_path / "in", tmp_path / f"c{Path(output).suffix}")
    assert kit.notices(heard) == []
    assert (tmp_path / f"c{Path(output).suffix}").read_bytes() == (tmp_path / output).read_bytes()


def test_replay_of_a_model_file_and_of_a_sheet_with_its_truth(
    tmp_path: Path, kit: ModuleType
) -> None:
    """The truth has the name of the input: its record calls it otherwise."""
    source = kit.photo(tmp_path / "in")
    mine = kit.model_file(tmp_path / "in" / "mine.safetensors")
    truth = kit.photo(tmp_path / "truths", height=60, width=72)
    kit.events(source, output=tmp_path / "b.png", model=mine, truth=truth, sheet=True)
    (tmp_path / "in" / "truth-a.png").write_bytes(truth.read_bytes())
    for name in ("b.png", "b.sheet.png"):
        assert kit.notices(again(tmp_path / name, tmp_path / "in", tmp_path / f"c-{name}")) == []
        assert (tmp_path / f"c-{name}").read_bytes() == (tmp_path / name).read_bytes()


def test_replay_of_a_repaired_area(tmp_path: Path, kit: ModuleType) -> None:
    """Outside the bytes of the plain result, inside those of the net for damaged pictures."""
    source = kit.photo(tmp_path / "in")
    mask = np.zeros((20, 24, 1), np.uint8)
    mask[5:12, 8:20] = 255
    save_picture(tmp_path / "masks" / "a.png", Picture(samples=mask))
    results, heard = {}, []
    for name, options in {
        "plain": {},
        "wild": {"model": "upscale-wild"},
        "treated": {"hole": tmp_path / "masks" / "a.png"},
    }.items():
        heard = kit.events(source, output=tmp_path / f"{name}.png", factor=3, **options)
        results[name] = load_picture(tmp_path / f"{name}.png").samples
    assert any("taken for repaired" in text for text in kit.notices(heard))
    where = mask.repeat(3, 0).repeat(3, 1) > 0
    assert (results["treated"] == np.where(where, results["wild"], results["plain"])).all()
    assert (results["treated"] != results["plain"]).any()
    (tmp_path / "in" / "hole-a.png").write_bytes((tmp_path / "masks" / "a.png").read_bytes())
    assert kit.notices(again(tmp_path / "treated.png", tmp_path / "in", tmp_path / "c.png")) == []
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "treated.png").read_bytes()
    hole = tmp_path / "masks"
    done = kit.events(source, output=tmp_path / "treated.png", factor=3, hole=hole)[-1]
    assert (done.skipped, done.written) == (0, 0), "kept: the guess was the same"
    save_picture(tmp_path / "masks" / "a.png", Picture(samples=mask[1:]))
    wrong = kit.events(source, output=tmp_path / "d.png", hole=hole)
    assert "is 24 x 19, and the picture is 24 x 20; give a mask" in kit.why(wrong)
    with pytest.raises(InputError, match="give --hole too"):
        kit.events(source, output=tmp_path / "d.png", mask_is="white")


def test_a_record_holds_what_determines_the_bytes_and_no_more(
    tmp_path: Path, kit: ModuleType
) -> None:
    source = kit.photo(tmp_path / "in")
    kit.events(source, output=tmp_path / "b.png", tile=16, threads=2)
    made = read_record(tmp_path / "b.png")
    assert made is not None
    assert made["options"] == {
        "picture": "a.png",
        "enlarge": "x2",
        "model": "upscale",
        "tile": 16,
        "format": "PNG",
        "shows": "result",
        "truth": "",
    }
    assert made["inputs"] == {"a.png": digest(source)}
    assert made["model"] == weights.load("upscale-x2").hash
    assert made["resolved"]["tile"] and str(tmp_path) not in str(made)


def edited(kit: ModuleType, folder: Path, **fields: Any) -> Path:
    """A result whose record was edited."""
    source = kit.photo(folder / "in")
    kit.events(source, output=folder / "b.png")
    made = read_record(folder / "b.png")
    assert made is not None
    top = {name: fields.pop(name) for name in ("model_hash",) if name in fields}
    made["options"] |= fields
    made |= {"model": top["model_hash"]} if top else {}
    (folder / "b.png").write_bytes(encode_png(kit.pixels(), made))
    return folder / "b.png"


# As a command
