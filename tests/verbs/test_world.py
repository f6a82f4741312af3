"""`data world` and `data leaves`: what is written, and how the command may be stopped."""

from __future__ import annotations

import dataclasses
import filecmp
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trombine.conventions import PARTS
from trombine.data import filling
from trombine.data.source import source
from trombine.events import Done, Picture, Progress, Started
from trombine.io.image import load_picture, read_record
from trombine.refusal import InputError
from trombine.verbs import leaves as leaves_verb
from trombine.verbs.leaves import LeavesRequest
from trombine.verbs.world import WorldRequest, making, run
from trombine.world import VECTOR_NAMES, face, from_vector, paint

SIZE = 16
Command = Callable[..., subprocess.CompletedProcess[str]]


def faces(output: Path, count: int = 4, **changes: Any) -> WorldRequest:
    request = WorldRequest(count=count, size=SIZE, output=output, workers=1)
    return dataclasses.replace(request, **changes)


def leaves(output: Path, count: int = 4) -> LeavesRequest:
    return LeavesRequest(count=count, size=SIZE, output=output, workers=1)


def make(request: WorldRequest | LeavesRequest) -> Done:
    verb = leaves_verb.run if isinstance(request, LeavesRequest) else run
    done = list(verb(request))[-1]  # pyright: ignore[reportArgumentType]
    assert isinstance(done, Done)
    return done


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name in it."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


# What is written


def test_faces_are_in_the_imagefolder_layout(tmp_path: Path) -> None:
    make(faces(tmp_path / "faces", first_seed=7))
    numbers = [f"{seed:06d}.png" for seed in range(7, 11)]
    expected = {"metadata.jsonl", *numbers, *(f"parts/{number}" for number in numbers)}
    assert files(tmp_path / "faces").keys() == expected
    found = lines(tmp_path / "faces")
    assert [line["seed"] for line in found] == [7, 8, 9, 10]
    for line in found:
        truth = paint(face(line["seed"]), SIZE, "photo")
        assert line["file_name"] == f"{line['seed']:06d}.png"
        assert (line["size"], line["style"]) == (SIZE, "photo")
        assert (load_picture(tmp_path / "faces" / line["file_name"]).samples == truth.pixels).all()
        assert np.abs(np.array(line["landmarks"]) - truth.points).max() <= 0.0005 + 1e-6
        assert line["visible"] == truth.visible.tolist()
        with Image.open(tmp_path / "faces" / line["parts_file_name"]) as parts:
            assert parts.mode == "P" and (np.asarray(parts) == truth.parts).all()
            palette = parts.getpalette() or []
        skin = [part.name for part in PARTS].index("skin")
        assert tuple(palette[3 * skin : 3 * skin + 3]) == PARTS[skin].colour


def test_the_face_comes_back_from_its_line(tmp_path: Path) -> None:
    make(faces(tmp_path / "faces", count=2))
    for line in lines(tmp_path / "faces"):
        assert tuple(line["face"]) == tuple(VECTOR_NAMES)
        again = from_vector(np.array(list(line["face"].values())))
        assert (
            paint(again, SIZE, "photo").pixels == paint(face(line["seed"]), SIZE, "photo").pixels
        ).all()


def test_pairs_are_the_same_faces_in_two_folders(tmp_path: Path) -> None:
    make(faces(tmp_path / "pairs", style="photo+anime"))
    make(faces(tmp_path / "photo", style="photo"))
    make(faces(tmp_path / "anime", style="anime"))
    pairs = files(tmp_path / "pairs")
    single = {style: files(tmp_path / style) for style in ("photo", "anime")}
    names = {f"{seed:06d}.png" for seed in range(4)}
    folders = ("photo", "anime", "photo_parts", "anime_parts")
    assert pairs.keys() == {"metadata.jsonl"} | {f"{f}/{n}" for f in folders for n in names}
    for style, alone in single.items():
        assert all(pairs[f"{style}/{name}"] == alone[name] for name in names)
        assert all(pairs[f"{style}_parts/{name}"] == alone[f"parts/{name}"] for name in names)
    for line, photo, anime in zip(
        *(lines(tmp_path / name) for name in ("pairs", "photo", "anime")), strict=True
    ):
        assert line["photo_file_name"] == f"photo/{photo['file_name']}"
        assert line["anime_parts_file_name"] == f"anime_parts/{anime['file_name']}"
        assert line["photo_landmarks"] == photo["landmarks"]
        assert line["anime_visible"] == anime["visible"]
        assert (line["face"], line["style"]) == (photo["face"], "photo+anime")


def test_leaves_have_pictures_and_seeds(tmp_path: Path) -> None:
    make(leaves(tmp_path / "leaves", count=2))
    assert lines(tmp_path / "leaves") == [
        {"file_name": f"00000{seed}.png", "seed": seed, "size": SIZE} for seed in range(2)
    ]


def test_large_seeds_have_longer_names(tmp_path: Path) -> None:
    make(faces(tmp_path / "faces", count=1, first_seed=1_234_567))
    assert (tmp_path / "faces" / "1234567.png").is_file()


@pytest.mark.parametrize("style", ["photo", "photo+anime"])
def test_a_folder_and_a_pack_hold_the_same(tmp_path: Path, style: str) -> None:
    make(faces(tmp_path / "folder", style=style))
    make(faces(tmp_path / "pack", style=style, pack=True))
    folder, pack = (source(f"{k}:{tmp_path}/{k}", SIZE) for k in ("folder", "pack"))
    assert len(folder) == len(pack) == 4
    assert folder.vector_names == pack.vector_names == tuple(VECTOR_NAMES)
    indices = np.arange(4, dtype=np.int64)
    left, right = folder.take(indices), pack.take(indices)
    assert left.keys() == right.keys()
    for name, column in left.items():
        assert column.dtype == right[name].dtype and (column == right[name]).all(), name


def test_the_number_of_workers_leaves_no_trace(tmp_path: Path) -> None:
    """Nor does the order: chunks of two workers end in any order."""
    request = faces(tmp_path / "one", count=20)
    make(request)
    make(dataclasses.replace(request, output=tmp_path / "two", workers=2))
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_events_follow_the_pictures(tmp_path: Path) -> None:
    events = list(run(faces(tmp_path / "faces", count=2)))
    paths = [tmp_path / "faces" / f"00000{seed}.png" for seed in (0, 1)]
    assert events[0] == Started(total=2, unit="faces")
    assert events[1:-1] == [
        Picture(path=paths[0], name="000000.png"),
        Progress(done=1, total=2, unit="faces"),
        Picture(path=paths[1], name="000001.png"),
        Progress(done=2, total=2, unit="faces"),
    ]
    assert events[-1] == Done(
        summary=f"{tmp_path / 'faces'}: 2 faces of 16 px", written=2, skipped=0, kept=0
    )


WRONG = {
    "count": ({"count": 0}, "^--count is a whole number, 1 or more, not 0$"),
    "seed": ({"first_seed": -1}, "^--first-seed is a whole number, 0 or more, not -1$"),
    "last seed": ({"first_seed": 2**31 - 2}, "seeds end at 2147483647, before 2147483649"),
    "huge seed": ({"first_seed": 10**23}, "seeds end at 2147483647"),
    "workers": ({"workers": 0}, "^--workers is a whole number, 1 or more, not 0$"),
    "small": ({"size": 8}, "--size is a whole number, 16 to 2048, not 8"),
    "style": ({"style": "foto"}, "the styles are photo, anime, cartoon, sketch, not foto"),
    "three": ({"style": "photo+anime+sketch"}, "a pair is of two different styles"),
    "twice": ({"style": "photo+photo"}, "a pair is of two different styles"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_is_refused_before_anything_is_done(tmp_path: Path, wrong: str) -> None:
    changes, says = WRONG[wrong]
    with pytest.raises(InputError, match=says.replace("+", r"\+")):
        make(faces(tmp_path / "faces", **changes))
    assert not (tmp_path / "faces").exists()


# How it may be stopped


def words_for(folder: Path, *more: str) -> list[str]:
    words = ["data", "world", "--count", "5000", "--size", "64", "-o", str(folder), *more]
    return [sys.executable, "-m", "trombine", *words]


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "waited in vain"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in listing.stdout.splitlines()]
    own = [child for child, parent in pairs if parent == pid]
    return own + [grandchild for child in own for grandchild in children(child)]


def alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and waits to be asked for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_command_leaves_no_half_file_and_no_worker(
    tmp_path: Path, how: signal.Signals
) -> None:
    folder = tmp_path / "faces"
    process = subprocess.Popen(
        words_for(folder, "--workers", "2"),
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    wait_for(lambda: len(list(folder.glob("0*.png"))) > 3)
    workers = children(process.pid)
    assert len(workers) >= 2
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal's Ctrl-C does
    else:
        process.send_signal(how)  # to the command alone, as a service manager or `kill` does
    _, errors = process.communicate(timeout=600)
    wait_for(lambda: not any(alive(worker) for worker in workers), 20)
    found = files(folder)
    half = [name for name in found if "part" in Path(name).name]
    if how != signal.SIGKILL:
        assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[how]
        assert "Traceback" not in errors
        assert not half and lines(folder)
    else:  # what was written was noted, but perhaps for the last
        noted = found[filling.JOURNAL].count(b"\n")
        assert noted >= len(list(folder.glob("0*.png"))) - 1
    for name, data in found.items():
        if name.endswith(".png") and name not in half:
            assert data.endswith(b"IEND\xaeB`\x82")
            assert load_picture(folder / name).samples.shape[:2] == (64, 64)


# Replay


@pytest.mark.parametrize("style", ["photo", "anime+sketch"])
def test_remake_gives_the_same_bytes(tmp_path: Path, style: str) -> None:
    make(faces(tmp_path / "faces", count=1, first_seed=11, style=style))
    pictures = [p for p in (tmp_path / "faces").rglob("000011.png") if "parts" not in p.parent.name]
    assert len(pictures) == len(style.split("+"))
    for path in pictures:
        record = read_record(path)
        assert record is not None and record["verb"] == "world" and record["seed"] == 11
        assert set(record["options"]) == {"style", "size"}
        assert making().remake(record, {}) == path.read_bytes()


def test_remake_gives_the_same_leaves(tmp_path: Path) -> None:
    make(leaves(tmp_path / "leaves", count=1))
    record = read_record(tmp_path / "leaves" / "000000.png")
    assert record is not None and record["options"] == {"size": SIZE}
    assert (
        leaves_verb.making().remake(record, {}) == (tmp_path / "leaves" / "000000.png").read_bytes()
    )


# The command


def test_the_command_writes_what_the_verb_writes(tmp_path: Path, command: Command) -> None:
    words = ["--count", "3", "--size", "16", "--style", "cartoon", "--first-seed", "2"]
    answer = command("data", "world", *words, "-o", "faces")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "faces: 3 faces of 16 px\n"
    make(faces(tmp_path / "same", count=3, style="cartoon", first_seed=2))
    comparison = filecmp.dircmp(tmp_path / "faces", tmp_path / "same")
    assert not comparison.left_only + comparison.right_only + comparison.diff_files
    wrong = command("data", "world", *words, "--style", "foto", "-o", "faces")
    assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1
