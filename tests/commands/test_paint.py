"""`data world`, `leaves` and `fractals`: what is written, made again, left by a stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from processes import alive, children, until
from written import files

import trombine
from trombine.core.conventions import PARTS
from trombine.core.errors import InputError
from trombine.data.painting import card
from trombine.data.source import source
from trombine.io.image import load_picture
from trombine.world import VECTOR_NAMES, face, fractals, from_vector, paint

SIZE = 16
Command = Callable[..., subprocess.CompletedProcess[str]]


def faces(output: Path, **options: Any) -> Path:
    trombine.data_world(output=output, **{"count": 4, "size": SIZE, **options})
    return output


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def test_faces_are_in_the_imagefolder_layout(tmp_path: Path) -> None:
    faces(tmp_path, first_seed=7)
    numbers = [f"{seed:06d}.png" for seed in range(7, 11)]
    assert files(tmp_path).keys() == {
        "metadata.jsonl",
        *numbers,
        *(f"parts/{number}" for number in numbers),
    }
    for seed, line in zip(range(7, 11), lines(tmp_path), strict=True):
        truth = paint(face(seed), SIZE, "photo")
        assert (line["file_name"], line["seed"]) == (f"{seed:06d}.png", seed)
        assert (line["size"], line["style"]) == (SIZE, "photo")
        assert (load_picture(tmp_path / line["file_name"]).samples == truth.pixels).all()
        assert np.abs(np.array(line["landmarks"]) - truth.points).max() <= 0.0005 + 1e-6
        assert line["visible"] == truth.visible.tolist()
        with Image.open(tmp_path / line["parts_file_name"]) as parts:
            assert parts.mode == "P" and (np.asarray(parts) == truth.parts).all()
            palette = parts.getpalette() or []
        skin = [part.name for part in PARTS].index("skin")
        assert tuple(palette[3 * skin : 3 * skin + 3]) == PARTS[skin].colour
        assert tuple(line["face"]) == tuple(VECTOR_NAMES)
        again = paint(from_vector(np.array(list(line["face"].values()))), SIZE, "photo")
        assert (again.pixels == truth.pixels).all()


def test_pairs_are_the_same_faces_in_two_folders(tmp_path: Path) -> None:
    pairs = faces(tmp_path / "pairs", style="photo+anime")
    singles = {style: faces(tmp_path / style, style=style) for style in ("photo", "anime")}
    names, found = {f"{seed:06d}.png" for seed in range(4)}, files(pairs)
    folders = ("photo", "anime", "photo_parts", "anime_parts")
    assert found.keys() == {"metadata.jsonl"} | {f"{f}/{n}" for f in folders for n in names}
    for style, folder in singles.items():
        alone = files(folder)
        assert all(found[f"{style}/{name}"] == alone[name] for name in names)
        assert all(found[f"{style}_parts/{name}"] == alone[f"parts/{name}"] for name in names)
    for line, photo, anime in zip(lines(pairs), *map(lines, singles.values()), strict=True):
        assert line["photo_file_name"] == f"photo/{photo['file_name']}"
        assert line["anime_parts_file_name"] == f"anime_parts/{anime['file_name']}"
        assert line["photo_landmarks"] == photo["landmarks"]
        assert line["anime_visible"] == anime["visible"]
        assert (line["face"], line["style"]) == (photo["face"], "photo+anime")


def test_leaves_have_pictures_and_seeds(tmp_path: Path) -> None:
    result = trombine.data_leaves(count=2, size=SIZE, first_seed=1_234_567, output=tmp_path)
    names = ["1234567.png", "1234568.png"]
    assert result.written == tuple(tmp_path / name for name in names)
    assert result.summary == f"{tmp_path}: 2 pictures (leaves) of 16 px"
    assert lines(tmp_path) == [
        {"file_name": name, "seed": int(name[:7]), "size": SIZE} for name in names
    ]


def test_fractals_come_with_their_numbers_and_a_card(tmp_path: Path) -> None:
    trombine.data_fractals(count=2, size=32, first_seed=7, output=tmp_path)
    result = trombine.data_fractals(count=3, size=32, first_seed=7, output=tmp_path)
    assert ([path.name for path in result.written], result.kept) == (["000009.png"], 2)
    assert (tmp_path / "README.md").read_text() == card(range(7, 10), 32)
    for line in lines(tmp_path):
        assert tuple(line["fractal"]) == fractals.VECTOR_NAMES
        again = fractals.from_vector(np.array(list(line["fractal"].values())))
        written = load_picture(tmp_path / line["file_name"]).samples
        assert (fractals.paint_fractal(again, 32) == written).all()


@pytest.mark.parametrize("kind", ["photo+anime", "fractals"])
def test_a_folder_and_a_pack_hold_the_same(tmp_path: Path, kind: str) -> None:
    for pack in (False, True):
        asked: dict[str, Any] = {"count": 4, "size": SIZE, "pack": pack}
        asked["output"] = tmp_path / ("pack" if pack else "folder")
        if kind == "fractals":
            trombine.data_fractals(**asked)
        else:
            trombine.data_world(**asked, style=kind)
    assert not (tmp_path / "pack" / "README.md").exists()
    folder, pack = (source(f"{k}:{tmp_path}/{k}", SIZE) for k in ("folder", "pack"))
    assert len(folder) == len(pack) == 4
    assert folder.vector_names == pack.vector_names != ()
    left, right = (one.take(np.arange(4, dtype=np.int64)) for one in (folder, pack))
    assert left.keys() == right.keys()
    for name, column in left.items():
        assert column.dtype == right[name].dtype and (column == right[name]).all(), name


def test_the_number_of_workers_leaves_no_trace(tmp_path: Path) -> None:
    """Nor does the order: chunks of two workers end in any order."""
    one, two = (faces(tmp_path / str(n), count=20, workers=n) for n in (1, 2))
    assert files(one) == files(two)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"style": "foto"}, "a style is one of photo, anime, .* not foto"),
        ({"style": "photo+anime+sketch"}, "a pair is of two different styles"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        faces(tmp_path / "faces", **options)
    assert not (tmp_path / "faces").exists()


def test_the_command_writes_what_the_function_writes(tmp_path: Path, command: Command) -> None:
    words = ["--count", "3", "--size", "16", "--style", "cartoon", "--first-seed", "2"]
    answer = command("data", "world", *words, "-o", "faces")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "faces: 3 pictures (world:cartoon) of 16 px\n"
    same = faces(tmp_path / "same", count=3, style="cartoon", first_seed=2)
    assert files(tmp_path / "faces") == files(same)
    wrong = command("data", "world", *words, "--style", "foto", "-o", "faces")
    assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1


# The command, and how it may be stopped


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_a_stopped_command_leaves_no_half_file_and_no_worker(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    words = ["data", "world", "--count", "5000", "--size", "64", "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "trombine", *words, "-o", str(folder)],
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    until(lambda: len(list(folder.glob("0*.png"))) > 3)
    workers = children(process.pid)
    assert len(workers) >= 2
    os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
    _, errors = process.communicate(timeout=600)
    until(lambda: not any(alive(worker) for worker in workers))
    assert process.returncode == 130 and "Traceback" not in errors
    found = files(folder)
    assert not [name for name in found if "part" in Path(name).name]
    written = len(list(folder.glob("0*.png")))
    assert written - 17 * 3 <= found["metadata.jsonl"].count(b"\n") <= written
    for name in found:
        if name.endswith(".png"):
            assert load_picture(folder / name).samples.shape[:2] == (64, 64)
