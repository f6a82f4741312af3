"""What a file says of itself that is not so, or is for a terminal: a promise a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trombine import replay, weights
from trombine.__main__ import main
from trombine.console import follow
from trombine.events import Description, Done, Event, Notice, Skipped
from trombine.images import read_provenance, write
from trombine.nets import build
from trombine.provenance import record
from trombine.refusal import InputError, printable, shown
from trombine.runs.folder import RunFolder
from trombine.weights import Card

PIXELS = np.random.default_rng(31).integers(0, 256, (10, 12, 3), np.uint8)
EVIL = "\x1b[31mred\rback\u202eleft\x9b"  # a colour, a line begun again, another direction
RAW = ("\x1b", "\r", "\u202e", "\x9b")


def picture(path: Path, seed: int = 0, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, np.random.default_rng(seed).integers(0, 256, (10, 12, 3), np.uint8), **options)
    return path


def model_file(path: Path, about: str = "", **sizes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    net = build("residual", {"width": 4, "depth": 1, "factor": 2, **sizes}, seed=5)
    weights.save(path, net, Card(task="upscale", net="residual", sizes=net.sizes, about=about))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def enlarged(source: Path, output: Path, **options: Any) -> list[Event]:
    from trombine.verbs.upscale import UpscaleRequest, run

    options = {"model": "upscale-fast", **options}
    return list(run(UpscaleRequest(pictures=(source,), output=output, **options)))


# Formats of what is made again


def misnamed(folder: Path) -> Path:
    """A JPEG with a record, whose name says PNG."""
    source = picture(folder / "a.png")
    enlarged(source, folder / "x.jpg")
    return (folder / "x.jpg").rename(folder / "in" / "x.png")


def test_a_picture_is_made_again_under_the_ending_of_its_bytes(tmp_path: Path) -> None:
    """A JPEG that is called x.png becomes x.jpg, and no file with another name's bytes."""
    (tmp_path / "in").mkdir()
    source = misnamed(tmp_path)
    result = replay(pictures=(source,), inputs=tmp_path, output=tmp_path / "out")
    assert names(tmp_path / "out") == ["x.jpg"] and result.notices == ()
    assert (tmp_path / "out" / "x.jpg").read_bytes() == source.read_bytes()
    with pytest.raises(InputError, match=r"y\.png ends otherwise; let it end in \.jpg"):
        replay(pictures=(source,), inputs=tmp_path, output=tmp_path / "y.png")
    assert replay(pictures=(source,), inputs=tmp_path, output=tmp_path / "y.jpeg").written
    assert not (tmp_path / "y.png").exists()


def test_a_record_that_names_another_format_is_refused(tmp_path: Path) -> None:
    """A PNG whose record was edited to say JPEG is not made again as JPEG under its name."""
    source = picture(tmp_path / "a.png")
    enlarged(source, tmp_path / "x.png")
    made = read_provenance(tmp_path / "x.png")
    assert made is not None
    made["options"]["format"] = "JPEG"
    write(tmp_path / "x.png", PIXELS, provenance=made)
    with pytest.raises(InputError, match="has a record of a picture of another format"):
        replay(pictures=(tmp_path / "x.png",), inputs=tmp_path, output=tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


# What a terminal is sent


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """All that was printed, of which none reaches a terminal as a command."""
    out, error = capsys.readouterr()
    text = out + error
    assert not [mark for mark in RAW if mark in text]
    return text


def test_a_card_reaches_no_terminal_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a model says of itself is printed with its escapes written out."""
    file = model_file(tmp_path / "m.safetensors", about=f"made by {EVIL}")
    assert main(["models", "show", str(file)]) == 0
    assert shown(EVIL) in said(capsys)
    assert main(["models", "show", str(file), "--json"]) == 0
    assert json.loads(said(capsys))["about"] == f"made by {EVIL}"
    assert main(["models", "show", str(file.rename(tmp_path / f"{EVIL}.safetensors"))]) == 0
    assert shown(EVIL) in said(capsys)


def test_a_record_reaches_no_terminal_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verb, a version and an input that a record names are printed with escapes written out."""
    made = record("world", {"size": 16, "style": EVIL}, seed=1)
    made["versions"] = {EVIL: EVIL, "numpy": EVIL}
    picture(tmp_path / "a.png", provenance=made)
    made = record(EVIL, {}, seed=1, inputs={EVIL: EVIL})
    picture(tmp_path / f"{EVIL}.png", provenance=made)
    paths = [str(tmp_path / "a.png"), str(tmp_path / f"{EVIL}.png")]
    assert main(["replay", *paths, "-o", str(tmp_path / "out")]) == 1
    text = said(capsys)
    assert text.count(shown(EVIL)) >= 4 and "was made with other versions" in text


def test_a_run_reaches_no_terminal_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What recipe.json says is printed with its escapes, and its line breaks, written out."""
    monkeypatch.chdir(tmp_path)
    recipe = {"recipe": f"{EVIL}\nrow", "settings": {"data": EVIL}, "command": f"x\n{EVIL}"}
    RunFolder.create(tmp_path / "runs" / "r", recipe).append({"event": "start"})
    assert main(["runs", "list"]) == 0
    text = said(capsys)
    assert "\\x1b[31mred" in text and len(text.splitlines()) == 2
    assert main(["runs", "show", "r"]) == 0
    assert f"x\\n{shown(EVIL)}" in said(capsys)


def test_every_door_to_the_terminal_writes_escapes_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever an event holds, its line is one line; a summary keeps its own line breaks."""
    events: list[Event] = [
        Notice(Path(EVIL), f"a notice {EVIL}\nwith a line break"),
        Notice(None, EVIL),
        Skipped(Path(EVIL), f"why {EVIL}"),
        Description(Path(EVIL), f"first {EVIL}\nsecond", {}),
        Done(f"first {EVIL}\nsecond", 1, 0, 0),
    ]
    assert follow(events) == 0
    out, error = capsys.readouterr()
    assert not [mark for mark in RAW if mark in out + error]
    assert out.splitlines() == [f"first {shown(EVIL)}", "second"] * 2
    assert len(error.splitlines()) == 3


def test_an_error_reaches_no_terminal_raw(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line of a command that is refused is one line, with escapes written out."""

    class LoudError(Exception):
        __module__ = "trombine.loud"

    def refuse(arguments: object) -> int:
        raise LoudError(f"first {EVIL}\nsecond")

    monkeypatch.setattr("trombine.cli.run", refuse)
    assert main(["doctor"]) == 2
    assert said(capsys).count("\n") == 1


def test_text_that_is_printable_stays_as_it_is() -> None:
    """Letters of all languages, and line breaks, are no escapes; to write out twice is once."""
    for text in ("Zoë 写真\nmore", "", "\n\n", "a–b … 'c' \\n"):
        assert printable(text) == text
    assert printable(printable(EVIL)) == printable(EVIL) == shown(EVIL)
