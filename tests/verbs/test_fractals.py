"""`data fractals`: what is written, that the numbers make it again, and what is left alone."""

from __future__ import annotations

import dataclasses
import filecmp
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from trombine.data.folder import Folder
from trombine.data.pack import Pack
from trombine.data.publishing import card
from trombine.events import Done
from trombine.io.image import load_picture, read_record
from trombine.verbs.fractals import FractalsRequest, making, run
from trombine.world.fractals import VECTOR_NAMES, fractal, from_vector, paint_fractal, to_vector

SIZE = 32
Command = Callable[..., subprocess.CompletedProcess[str]]


def fractals(output: Path, count: int = 4, **changes: Any) -> FractalsRequest:
    request = FractalsRequest(count=count, size=SIZE, output=output, workers=1)
    return dataclasses.replace(request, **changes)


def make(request: FractalsRequest) -> Done:
    done = list(run(request))[-1]
    assert isinstance(done, Done)
    return done


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def test_a_folder_is_ready_to_publish(tmp_path: Path) -> None:
    assert make(fractals(tmp_path, first_seed=7)).summary.endswith(": 4 fractals of 32 px")
    numbers = {f"{seed:06d}.png" for seed in range(7, 11)}
    assert files(tmp_path).keys() == numbers | {"metadata.jsonl", "README.md"}
    for seed, line in zip(range(7, 11), lines(tmp_path), strict=True):
        assert list(line) == ["file_name", "seed", "size", "fractal"]
        assert (line["file_name"], line["seed"], line["size"]) == (f"{seed:06d}.png", seed, SIZE)
        assert list(line["fractal"]) == list(VECTOR_NAMES)


def test_the_numbers_of_a_written_picture_make_it_again(tmp_path: Path) -> None:
    make(fractals(tmp_path))
    for line in lines(tmp_path):
        written = load_picture(tmp_path / line["file_name"]).samples
        again = from_vector(np.array(list(line["fractal"].values())))
        assert again == fractal(line["seed"])
        assert (paint_fractal(again, SIZE) == written).all()


def test_its_record_makes_the_same_file_again(tmp_path: Path) -> None:
    make(fractals(tmp_path, count=2))
    for path in tmp_path.glob("*.png"):
        record = read_record(path)
        assert record is not None and record["verb"] == "fractals"
        assert record["options"] == {"size": SIZE}
        assert {"numba", "scipy"} <= record["versions"].keys()
        assert making().remake(record, {}) == path.read_bytes()


def test_the_files_do_not_depend_on_the_workers(tmp_path: Path) -> None:
    make(fractals(tmp_path / "one", count=20))
    make(fractals(tmp_path / "two", count=20, workers=2))
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_folder_gives_its_vectors_back(tmp_path: Path) -> None:
    make(fractals(tmp_path / "folder"))
    make(fractals(tmp_path / "pack", pack=True))
    assert not (tmp_path / "pack" / "README.md").exists()
    indices = np.arange(4, dtype=np.int64)
    truth = np.stack([to_vector(fractal(seed)) for seed in range(4)])
    for store in (Folder(tmp_path / "folder", SIZE), Pack(tmp_path / "pack")):
        assert store.vector_names == VECTOR_NAMES
        rows = store.rows(indices)
        assert (rows["vectors"] == truth).all()
        assert (rows["pictures"][3] == paint_fractal(fractal(3), SIZE)).all()


def test_more_pictures_bring_the_card_up_to_date(tmp_path: Path) -> None:
    make(fractals(tmp_path, count=2))
    made = make(fractals(tmp_path, count=3))
    assert (made.written, made.kept) == (1, 2)
    assert (tmp_path / "README.md").read_text() == card(range(3), SIZE)


def test_the_command_writes_what_the_verb_writes(tmp_path: Path, command: Command) -> None:
    words = ["--count", "3", "--size", "32", "--first-seed", "2", "--workers", "1"]
    answer = command("data", "fractals", *words, "-o", "made")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "made: 3 fractals of 32 px\n"
    make(fractals(tmp_path / "same", count=3, first_seed=2))
    comparison = filecmp.dircmp(tmp_path / "made", tmp_path / "same")
    assert not comparison.left_only + comparison.right_only + comparison.diff_files
    replayed = command("replay", "made/000003.png", "-o", "again.png")
    assert replayed.returncode == 0, replayed.stderr
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "made/000003.png").read_bytes()
