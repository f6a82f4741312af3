"""Make a picture's bytes again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import trombine
from trombine import provenance
from trombine.batch.result import exit_code
from trombine.commands import VERBS
from trombine.events import Done, Event, Notice, Picture, Skipped
from trombine.io.image import encode_png, read_record, save_picture
from trombine.provenance import digest, record
from trombine.refusal import InputError
from trombine.verbs.replay import ReplayRequest, run

Command = Callable[..., subprocess.CompletedProcess[str]]


def drawn(seed: int, salt: int = 0) -> np.ndarray:
    """What the verb of these tests paints: a function of its seed."""
    return np.random.default_rng([seed, salt]).integers(0, 256, (8, 9, 3), np.uint8)


def remake(made: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
    """How it is made again, from its inputs where it has some."""
    salt = sum(len(path.read_bytes()) for path in inputs.values())
    return encode_png(drawn(made["seed"], salt), dict(made))


@pytest.fixture(autouse=True)
def verb(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb of these tests, beside those of the package."""
    monkeypatch.setitem(VERBS, "noise", replace(VERBS["replay"], module="noise"))
    remakes(monkeypatch, remake)


def remakes(monkeypatch: pytest.MonkeyPatch, remake: Callable[..., bytes]) -> None:
    """Let the verb of these tests make its pictures again like this."""
    noise = ModuleType("trombine.verbs.noise")
    vars(noise)["making"] = lambda: SimpleNamespace(remake=remake)
    monkeypatch.setitem(sys.modules, noise.__name__, noise)


def painted(folder: Path, seed: int, inputs: dict[str, str] | None = None, salt: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{seed}.png"
    made = record("noise", {}, seed=seed, inputs=inputs)
    path.write_bytes(encode_png(drawn(seed, salt), made))
    return path


def events(*pictures: Path, output: Path, **options: Any) -> list[Event]:
    return list(run(ReplayRequest(pictures=pictures, output=output, **options)))


def why(heard: list[Event]) -> str:
    """Why the only picture was skipped."""
    (skipped,) = [event for event in heard if isinstance(event, Skipped)]
    assert isinstance(heard[-1], Done) and exit_code(heard[-1]) == 2
    assert "\n" not in skipped.why
    return skipped.why


def notices(heard: list[Event]) -> list[str]:
    return [event.text for event in heard if isinstance(event, Notice)]


def test_the_same_bytes_come_out(tmp_path: Path) -> None:
    source = painted(tmp_path, 3)
    heard = events(source, output=tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == source.read_bytes()
    assert notices(heard) == []
    assert Picture(tmp_path / "again.png", "again.png", "the same bytes") in heard


def test_several_pictures_go_into_a_folder(tmp_path: Path) -> None:
    for seed in range(3):
        painted(tmp_path / "in", seed)
    heard = events(tmp_path / "in", output=tmp_path / "out")
    assert heard[-1] == Done("3 pictures written", 3, 0, 0)
    for seed in range(3):
        name = f"{seed}.png"
        assert (tmp_path / "in" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    with pytest.raises(InputError, match="name a folder"):
        events(tmp_path / "in", output=tmp_path / "one.png")


def test_what_is_there_is_kept_unless_told(tmp_path: Path) -> None:
    source = painted(tmp_path, 3)
    out = tmp_path / "again.png"
    out.write_bytes(b"old")
    assert events(source, output=out)[-1] == Done(
        "0 pictures written, 1 kept that were there (--overwrite makes them again)", 0, 0, 1
    )
    assert out.read_bytes() == b"old"
    events(source, output=out, overwrite=True)
    assert out.read_bytes() == source.read_bytes()


def test_a_picture_is_not_written_over_itself(tmp_path: Path) -> None:
    source = painted(tmp_path, 3)
    with pytest.raises(InputError, match="is an input"):
        events(source, output=source, overwrite=True)


def test_a_picture_without_a_record(tmp_path: Path) -> None:
    save_picture(tmp_path / "photo.png", drawn(1))
    assert why(events(tmp_path / "photo.png", output=tmp_path / "a.png")) == (
        "has no record of how it was made; name one that has"
    )


def test_inputs_are_taken_from_the_folder_that_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(b"light")
    source = painted(tmp_path, 3, {"photo.jpg": digest(folder / "photo.jpg")}, salt=5)
    out = tmp_path / "again.png"
    assert why(events(source, output=out)) == (
        "was made from photo.jpg; name the folder of that with --inputs"
    )
    assert why(events(source, output=out, inputs=tmp_path)) == (
        f"was made from photo.jpg, which is not in {tmp_path} (subfolders are not searched);"
        " name another folder with --inputs"
    )
    events(source, output=out, inputs=folder)
    assert out.read_bytes() == source.read_bytes()
    (folder / "photo.jpg").write_bytes(b"other")
    assert why(events(source, output=tmp_path / "b.png", inputs=folder)) == (
        f"was made from another photo.jpg than the one in {folder};"
        " name another folder with --inputs"
    )


def test_other_versions_are_named_and_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = painted(tmp_path, 3)
    real = provenance._version

    def older(package: str) -> str:
        return "1.0" if package == "numpy" else real(package)

    monkeypatch.setattr(provenance, "_version", older)
    heard = events(source, output=tmp_path / "again.png")
    assert notices(heard) == [
        f"was made with other versions (numpy {np.__version__} then, 1.0 now); the bytes may differ"
    ]
    assert (tmp_path / "again.png").read_bytes() == source.read_bytes()


def test_other_bytes_are_said(tmp_path: Path) -> None:
    source = painted(tmp_path, 3)
    made = read_record(source)
    source.write_bytes(encode_png(drawn(4), made))  # somebody painted over it
    heard = events(source, output=tmp_path / "again.png")
    assert notices(heard) == [
        "other bytes came out than this file has: it was changed, or made elsewhere"
    ]
    assert (tmp_path / "again.png").read_bytes() == encode_png(drawn(3), made)


def edited(folder: Path, verb: str = "world", **fields: Any) -> Path:
    """A picture whose record, of a world, was edited: options by name, and the seed."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {"size": 32, "style": "photo"} | {k: v for k, v in fields.items() if k != "seed"}
    made = record("world", {k: v for k, v in options.items() if v is not None}, seed=3)
    made |= {"verb": verb, "seed": fields.get("seed", 3)}
    path, info = folder / "edited.png", PngInfo()
    info.add_text("trombine", json.dumps(made).replace("Infinity", "1e999"))
    Image.fromarray(drawn(1)).save(path, pnginfo=info)
    return path


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"seed": -1}, "its record gives -1 as seed, not a whole number from 0 on"),
        ({"size": 5}, "16 to 2048"),
        ({"style": "oil"}, "anime"),
        ({"colour": 5}, "its record gives colour, which world does not take"),
        ({"verb": "leaves"}, "its record gives style, which leaves does not take"),
    ],
)
def test_an_edited_record_is_skipped_and_the_rest_goes_on(
    fields: dict[str, Any], said: str, tmp_path: Path
) -> None:
    bad, good = edited(tmp_path / "in", **fields), painted(tmp_path / "in", 1)
    heard = events(tmp_path / "in", output=tmp_path / "out")
    (skipped,) = [event for event in heard if isinstance(event, Skipped)]
    assert skipped.file == bad
    assert said in skipped.why and "\n" not in skipped.why and len(skipped.why) < 300
    assert (tmp_path / "out" / good.name).read_bytes() == good.read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ("world", "--style", "photo"),
        ("world", "--style", "sketch", "--first-seed", "7"),
        ("leaves",),
    ],
)
def test_a_world_picture_in_a_fresh_process_and_another_folder(
    words: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    made = command("data", *words, "--count", "2", "--size", "32", "-o", "faces", cwd=here)
    assert made.returncode == 0, made.stderr
    sources = [path for path in (here / "faces").rglob("*.png") if read_record(path)]
    assert len(sources) == 2
    for source in sources:
        again = there / f"{source.stem}.png"
        done = command("replay", source, "-o", again, cwd=there)
        assert (done.returncode, done.stderr) == (0, f"trombine: {again}: the same bytes\n")
        assert again.read_bytes() == source.read_bytes()


def test_the_command_ends_as_it_should(command: Command, tmp_path: Path) -> None:
    """One line and 2 for a single bad picture; 1 where others went on."""
    save_picture(tmp_path / "plain.png", drawn(1))
    alone = command("replay", "plain.png", "-o", "again.png")
    assert alone.returncode == 2
    (line,) = alone.stderr.splitlines()
    assert line.endswith("plain.png: has no record of how it was made; name one that has")
    missing = command("replay", "gone\x1b.png", "-o", "again.png")
    assert missing.returncode == 2 and "\x1b" not in missing.stderr
    both = command("replay", "plain.png", "gone.png", "-o", "out")
    assert both.returncode == 1
    assert "2 skipped: plain.png, gone.png" in both.stdout
    several = command("replay", "plain.png", "gone.png", "-o", "one.png")
    assert several.returncode == 2 and "name a folder" in several.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "names no verb"),
        ('{"verb": "world"}', "gives no format"),
        ('{"verb": "world", "format": 99}', "newer trombine"),
        ('{"verb": "world", "format": 1, "inputs": {"../x": "a"}}', "by path"),
        ('{"verb": "world", "format": 1, "versions": 3}', "versions"),
    ],
)
def test_a_strangers_record_is_skipped(tmp_path: Path, text: str, said: str) -> None:
    info = PngInfo()
    info.add_text("trombine", text)
    Image.fromarray(drawn(1)).save(tmp_path / "a.png", pnginfo=info)
    assert said in why(events(tmp_path / "a.png", output=tmp_path / "b.png"))
    # nor is such a file taken for a result that is there
    Image.fromarray(drawn(2)).save(tmp_path / "c.png")
    with pytest.raises(InputError, match="trombine did not make it"):
        trombine.upscale(tmp_path / "c.png", output=tmp_path / "a.png", model="upscale-fast")
