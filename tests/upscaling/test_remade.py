"""Records that somebody edited: refused in a line each, and the pictures beside them are made."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

import trombine
from trombine import codecs
from trombine.codecs.png import chunk
from trombine.events import Done, Skipped
from trombine.images import (
    Image,
    as_seen,
    encode_png,
    image_of,
    read_frames,
    read_provenance,
    write,
    write_frames,
)
from trombine.provenance import digest
from trombine.verbs import replay

RNG = np.random.default_rng(5)
MODEL = "upscale-fast"
Record = dict[str, Any]


def pixels(height: int = 10, width: int = 12) -> Image:
    return image_of(RNG.integers(0, 256, (height, width, 3), np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture, its truth, a long picture and a film."""
    there = tmp_path / "in"
    write(there / "a.png", pixels())
    write(there / "truth.png", pixels(20, 24))
    write(there / "long.png", pixels(1, 8200))
    write_frames(there / "f.gif", [pixels(), pixels()], [50, 50])
    return there


def made_of(folder: Path, name: str, *, sheet: bool = False) -> Record:
    """The record of a result, or of a sheet with the truth, as upscale writes it."""
    with TemporaryDirectory() as out:
        result = Path(out, name)
        truth = folder / "truth.png" if sheet and name == "a.png" else None
        trombine.upscale(
            pictures=folder / name, output=result, model=MODEL, sheet=sheet, truth=truth
        )
        made = read_provenance(result.with_suffix(".sheet.png") if sheet else result)
    assert made is not None
    if sheet and truth is None:  # as nobody of ours would write it
        made["options"]["truth"] = "truth.png"
        made["inputs"]["truth.png"] = digest(folder / "truth.png")
    return made


def with_options(**options: Any) -> Callable[[Record], object]:
    return lambda made: made["options"].update(options)


def with_a_long_text(format: str) -> Callable[[Record], object]:
    def change(made: Record) -> None:
        made["options"]["format"] = format
        made["resolved"] = {"x": "y" * 100_000}

    return change


NOTHING = "its record is of nothing that upscale makes"
EDITS: dict[str, tuple[str, bool, Callable[[Record], object], str]] = {
    "sheet of another size": (
        *("a.png", True, with_options(enlarge="x3")),
        "is 24 x 20, and the result would be 36 x 30",
    ),
    "sheet as a BMP": ("a.png", True, with_options(format="BMP"), NOTHING),
    "result with a truth": (
        *("a.png", True, with_options(shows="result")),
        NOTHING,
    ),
    "film as a JPEG": (
        "f.gif",
        False,
        with_options(format="JPEG"),
        "a film of 2 frames, and JPEG holds one",
    ),
    "film as a PNG": (
        "f.gif",
        False,
        with_options(format="PNG"),
        "a film of 2 frames, and PNG holds one",
    ),
    "film's sheet with a truth": (
        *("f.gif", True, with_options()),
        "is a film, and has no truth",
    ),
    "too long for WebP": ("long.png", False, with_options(format="WEBP"), ""),
    "too long a text for JPEG": ("a.png", False, with_a_long_text("JPEG"), "Comment"),
    "no number": (
        *("a.png", False, lambda made: made["resolved"].update(tile=[float("nan")])),
        "only what JSON holds",
    ),
}


def edited(edit: str, folder: Path) -> Record:
    name, sheet, change, _ = EDITS[edit]
    made = copy.deepcopy(made_of(folder, name, sheet=sheet))
    change(made)
    return made


def refusal(made: Record, folder: Path, place: Path) -> str:
    """Why a picture with this record is not made again."""
    (place / "edited.png").write_bytes(carrying(made))
    request = replay.ReplayRequest(
        pictures=(place / "edited.png",), inputs=folder, output=place / "again.png"
    )
    return next(event.why for event in replay.run(request) if isinstance(event, Skipped))


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_record_is_refused_in_a_line(edit: str, folder: Path, tmp_path: Path) -> None:
    why = refusal(edited(edit, folder), folder, tmp_path)
    assert EDITS[edit][-1] in why
    assert len(why) < 300 and why.isprintable()


@pytest.mark.parametrize("edit", list(EDITS)[:7])
def test_what_can_be_seen_is_refused_before_the_work(
    edit: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = edited(edit, folder)
    monkeypatch.setattr("trombine.upscaling.making._enlarged", None)
    assert "NoneType" not in refusal(made, folder, tmp_path)


def test_the_batch_goes_on(folder: Path, tmp_path: Path) -> None:
    """Each edited record in a file of its own, and one that is as it was."""
    records = {edit: edited(edit, folder) for edit in EDITS}
    records["too long a name"] = made_of(folder, "a.png")
    records["too long a name"]["inputs"]["x" * 300] = "0"
    records["no picture"] = made_of(folder, "a.png")
    (folder / "b.txt").write_bytes(b"words")
    records["no picture"]["inputs"] = {"b.txt": digest(folder / "b.txt")}
    records["no picture"]["options"]["picture"] = "b.txt"
    files = [tmp_path / f"{name}.png" for name in records]
    for path, made in zip(files, records.values(), strict=True):
        path.write_bytes(carrying(made))
    trombine.upscale(pictures=folder / "a.png", output=tmp_path / "good.png", model=MODEL)
    request = replay.ReplayRequest(
        pictures=(*files, tmp_path / "good.png"), inputs=folder, output=tmp_path / "again"
    )
    *heard, done = list(replay.run(request))
    assert isinstance(done, Done) and (done.written, done.skipped) == (1, len(files))
    why = {event.file.stem: event.why for event in heard if isinstance(event, Skipped)}
    assert all(len(line) < 400 and line.isprintable() for line in why.values())
    assert why["no picture"].startswith("was made from b.txt, which is not a picture")
    assert "x" * 60 + "…, which cannot be read in" in why["too long a name"]
    assert (tmp_path / "again" / "good.png").read_bytes() == (tmp_path / "good.png").read_bytes()


def carrying(made: Record) -> bytes:
    """A picture with this record, written by somebody else's program: NaN too."""
    plain = encode_png(as_seen(pixels()))
    return plain[:33] + chunk(b"tEXt", b"trombine\0" + json.dumps(made).encode()) + plain[33:]


def test_a_film_is_written_in_formats_for_films_only(folder: Path) -> None:
    with pytest.raises(ValueError, match="a JPEG file holds no film"):
        codecs.encode_frames(read_frames(folder / "f.gif"), "JPEG")
