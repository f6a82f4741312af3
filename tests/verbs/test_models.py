"""The verbs about models: what they say, what they write, and what they refuse."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

import trombine
from trombine.events import Detail, Done, Event, Notice, Picture
from trombine.io.files import write_bytes
from trombine.nets import build
from trombine.refusal import InputError
from trombine.verbs import models
from trombine.verbs.models import (
    ModelsBlendRequest,
    ModelsExportRequest,
    ModelsImportRequest,
    ModelsListRequest,
    ModelsShowRequest,
)
from trombine.weights import Card, Score, exporting, load, model, read_card, save

Command = Callable[..., subprocess.CompletedProcess[str]]
SIZES = {"width": 4, "depth": 1}
CARD = Card(
    task="upscale",
    net="residual",
    sizes={**SIZES, "factor": 2, "channels": 3},
    recipe="enlarger",
    settings={
        "rate": 0.002,
        "nets": {"net": "residual:width=4,depth=1"},
        "judge": "",
        "ema": None,
        "about": "of the recipe",
    },
    data="leaves#3",
    pictures=12_800,
    scores=(
        Score(measure="PSNR", value=31.25, protocol="0123456789ab"),
        Score(measure="SSIM", value=0.9, protocol="0123456789ab"),
    ),
    licence="MIT",
    command="trombine train enlarger",
    about="small",
)


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped models with one in it."""
    folder = tmp_path / "zoo"
    save(folder / "tiny-x2.safetensors", build("residual", SIZES), CARD)
    monkeypatch.setattr("trombine.zoo.ZOO", folder)
    return folder


def done(events: Iterable[Event]) -> Done:
    *_, last = events
    assert isinstance(last, Done)
    return last


def listed(task: str | None = None) -> str:
    return done(models.run(ModelsListRequest(task=task))).summary


def test_list_is_a_table(zoo: Path) -> None:
    count = sum(one.numel() for one in load("tiny-x2").net.parameters())
    heads, row = listed().splitlines()
    assert heads.split() == list(models.HEADS)
    wanted = f"tiny-x2 upscale residual {count:,} PSNR 31.25, SSIM 0.9"
    assert row.split() == wanted.split()
    assert row.index("upscale") == heads.index("task")


def test_list_can_be_for_one_task(zoo: Path) -> None:
    save(
        zoo / "judge.safetensors",
        build("patch_discriminator", {"width": 4}),
        Card(task="judge", net="patch_discriminator", sizes={"width": 4}),
    )
    assert "tiny-x2" in listed() and "judge" in listed()
    assert "tiny-x2" in listed("upscale") and "patch" not in listed("upscale")
    assert (
        listed("denoise") == "no model for denoise comes with trombine; trombine train makes them"
    )
    with pytest.raises(InputError, match="there is no task sing; there are upscale, restore"):
        listed("sing")


def test_list_names_a_damaged_one_and_goes_on(zoo: Path) -> None:
    data = (zoo / "tiny-x2.safetensors").read_bytes()
    (zoo / "bad.safetensors").write_bytes(data[:-9])
    heard = [event for event in models.run(ModelsListRequest()) if not isinstance(event, Detail)]
    notice, last = heard
    assert (
        isinstance(notice, Notice)
        and "bad.safetensors: is no whole .safetensors file" in notice.text
    )
    assert isinstance(last, Done) and "tiny-x2" in last.summary and "bad" not in last.summary


def test_show_says_the_whole_card(zoo: Path) -> None:
    found = done(models.run(ModelsShowRequest(model="tiny-x2"))).summary
    for fact in (
        "about          small",
        "task           upscale: pictures to larger ones",
        "sizes          width 4, depth 1, factor 2, channels 3",
        "score          PSNR 31.25 (protocol 0123456789ab)",
        "score          SSIM 0.9 (protocol 0123456789ab)",
        "data           leaves#3",
        "pictures seen  12,800",
        "settings       nets.net residual:width=4,depth=1",
        "               rate 0.002",
        "command        trombine train enlarger",
        f"written by     trombine {trombine.__version__}",
        "licence        MIT",
        f"hash           {load('tiny-x2').hash}",
    ):
        assert fact in found.splitlines()
    assert not any(word in found for word in ("judge", "ema", "of the recipe"))


def test_show_refuses_a_damaged_one(zoo: Path) -> None:
    path = zoo / "tiny-x2.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 8
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"tiny-x2.safetensors: is damaged: its weights"):
        done(models.run(ModelsShowRequest(model="tiny-x2")))


def test_show_can_be_read_by_a_program(zoo: Path) -> None:
    summary = done(models.run(ModelsShowRequest(model="tiny-x2", json=True))).summary
    plain, found = json.loads(json.dumps(asdict(CARD))), load("tiny-x2")
    assert json.loads(summary) == {**plain, "hash": found.hash, "digest": found.card.digest}


def test_show_keeps_to_its_lines_whatever_a_card_says(tmp_path: Path) -> None:
    path = tmp_path / "rude.safetensors"
    card = Card(task="upscale", net="residual", sizes=SIZES, about="a\nb\x1b[31m\ud800")
    save(path, build("residual", SIZES), card)
    found = done(models.run(ModelsShowRequest(model=str(path)))).summary
    assert r"about       a\nb\x1b[31m\ud800" in found.splitlines()
    found.encode()


def test_export_writes_and_says_how_equal_it_is(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export itself takes seconds: tests/weights/test_exporting.py, and the docs' own."""

    def export(given: model.Model, path: Path) -> float:
        write_bytes(path, given.hash.encode())
        return 2.17e-7

    monkeypatch.setattr(exporting, "export", export)
    path = tmp_path / "deep" / "tiny.onnx"
    asked = ModelsExportRequest(model="tiny-x2", output=path, onnx=True)
    picture, last = models.run(asked)
    assert picture == Picture(path, "tiny.onnx") and isinstance(last, Done)
    said = f"{path} written: its results differ from torch's by 2.2e-07 at most"
    assert (last.summary, last.written) == (said, 1)
    assert path.read_text() == load("tiny-x2").hash
    path.write_text("mine")
    with pytest.raises(InputError, match=r"tiny.onnx: is there already; --overwrite writes over"):
        done(models.run(asked))
    assert path.read_text() == "mine"
    again = ModelsExportRequest(model="tiny-x2", output=path, onnx=True, overwrite=True)
    assert done(models.run(again)).written == 1 and path.read_text() != "mine"


def test_a_half_is_half_as_large_and_rounded_to_float16(zoo: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    done(models.run(ModelsExportRequest(model="tiny-x2", output=path, half=True)))
    whole, half = load("tiny-x2").net.state_dict(), load(path).net.state_dict()
    assert path.stat().st_size < 0.8 * (zoo / "tiny-x2.safetensors").stat().st_size
    for name, tensor in whole.items():
        expected = tensor.half().float() if tensor.ndim > 1 else tensor
        assert torch.equal(half[name], expected) and half[name].dtype == torch.float32
    command = "trombine train enlarger && trombine models export RUN --half"
    assert load(path).card.command == command


def test_a_blend_lies_between_two_weight_by_weight(zoo: Path, tmp_path: Path) -> None:
    """A share of the way, in the parts that are named; its card says of what it is made."""
    first, second = load("tiny-x2"), tmp_path / "later.safetensors"
    net = build("residual", SIZES, seed=5)
    save(second, net, replace(CARD, start=first.hash, data="leaves#9", command="trombine train on"))
    path = tmp_path / "between.safetensors"
    asked = ModelsBlendRequest(first="tiny-x2", second=str(second), output=path, share=0.25)
    assert done(models.run(asked)).summary.endswith("0.25 of the way from tiny-x2 to later")
    ours, theirs, found = first.net.state_dict(), net.state_dict(), load(path).net.state_dict()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, 0.75 * ours[name] + 0.25 * theirs[name])
    card = read_card(path)
    assert card.command == ("trombine train on && trombine models blend tiny-x2 RUN --share 0.25")
    assert (card.data, card.start, card.scores) == ("leaves#9", first.hash, ())
    done(models.run(replace(asked, only="body+tail", overwrite=True)))
    for name, tensor in load(path).net.state_dict().items():
        of_first = name.startswith("head") or torch.equal(ours[name], theirs[name])
        assert torch.equal(tensor, ours[name]) == of_first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"only": "nose"}, "the net has no part nose; it has head, body, tail"),
        (
            {"second": "OTHER"},
            "differs in its sizes from tiny-x2.safetensors; blend models ",
        ),
        ({"share": 1.5}, "--share is a number, 0 to 1, not 1.5"),
        ({"output": Path("between.onnx")}, "the output ends in .safetensors"),
    ],
)
def test_what_does_not_blend(changes: dict[str, Any], said: str, zoo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save(
        other, build("residual", {**SIZES, "width": 5}), replace(CARD, sizes={**SIZES, "width": 5})
    )
    changes = {key: str(other) if value == "OTHER" else value for key, value in changes.items()}
    output = tmp_path / "between.safetensors"
    with pytest.raises(InputError) as refused:
        options = {"first": "tiny-x2", "second": "tiny-x2", "output": output, **changes}
        done(models.run(ModelsBlendRequest(**options)))
    assert said in str(refused.value) and not output.exists()


def test_a_half_that_was_changed_is_refused(zoo: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    done(models.run(ModelsExportRequest(model="tiny-x2", output=path, half=True)))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="is damaged"):
        load(path)


def test_export_refuses_before_it_begins(zoo: Path, tmp_path: Path) -> None:
    output = tmp_path / "x.onnx"
    for request, error, said in (
        (ModelsExportRequest(model="tiny-x2", output=output), InputError, "say --onnx or --half"),
        (
            ModelsExportRequest(model="tiny-x2", output=output, half=True),
            InputError,
            r"x.onnx: the output ends in .safetensors",
        ),
        (
            ModelsExportRequest(model="tiny-x2", output=tmp_path / "x.pt", onnx=True),
            InputError,
            "x.pt: the output ends in .onnx",
        ),
        (ModelsExportRequest(model="none-x2", output=output, onnx=True), InputError, "none-x2"),
    ):
        with pytest.raises(error, match=said):
            done(models.run(request))
    assert not output.exists()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.save({"state_dict": build("residual", SIZES, seed=9).state_dict()}, tmp_path / "old.pth")
    return tmp_path / "old.pth"


def imported(checkpoint: Path, **changes: str | Path) -> ModelsImportRequest:
    asked = {
        "file": checkpoint,
        "net": "residual:width=4,depth=1",
        "task": "upscale",
        "output": checkpoint.with_name("new.safetensors"),
        **changes,
    }
    return ModelsImportRequest(**asked)  # pyright: ignore[reportArgumentType]


def test_import_makes_a_model(checkpoint: Path) -> None:
    asked = imported(checkpoint, about="from a friend", licence="CC0")
    assert "for upscale" in done(models.run(asked)).summary
    found = load(asked.output)
    wanted = build("residual", SIZES, seed=9).state_dict()
    assert all(torch.equal(wanted[name], one) for name, one in found.net.state_dict().items())
    assert (found.card.about, found.card.licence) == ("from a friend", "CC0")
    assert (found.card.recipe, found.card.pictures, found.card.scores) == ("", 0, ())
    words = "old.pth --net residual:width=4,depth=1 --task upscale"
    options = "--about 'from a friend' --licence CC0"
    assert found.card.command == f"trombine models import {words} {options}"
    with pytest.raises(InputError, match=r"new.safetensors: is there already; --overwrite"):
        done(models.run(asked))
    assert load(asked.output).hash == found.hash
    again = done(models.run(imported(checkpoint, overwrite=True)))  # pyright: ignore
    assert again.written == 1
    assert read_card(asked.output).about == "imported from old.pth"


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"net": "resnet"}, InputError, "there is no net resnet"),
        ({"net": "residual:width=wide"}, InputError, "width of residual is a whole number"),
        ({"net": "residual:width=8"}, InputError, "name the net with --net"),
        ({"task": "sing"}, InputError, "there is no task sing; there are upscale, restore"),
        ({"task": "judge"}, InputError, "the net residual cannot judge"),
        ({"output": Path("new.pth")}, InputError, "the output ends in .safetensors"),
        ({"file": Path("nowhere.pth")}, InputError, "nowhere.pth: does not exist"),
    ],
    ids=str,
)
def test_import_refuses(
    changes: dict[str, str | Path], error: type[Exception], said: str, checkpoint: Path
) -> None:
    with pytest.raises(error, match=said) as refused:
        done(models.run(imported(checkpoint, **changes)))
    assert len(str(refused.value).splitlines()) == 1
    assert not checkpoint.with_name("new.safetensors").exists()


def test_the_commands(checkpoint: Path, command: Command) -> None:
    folder = checkpoint.parent
    words = "models import old.pth --net residual:width=4,depth=1 --task upscale -o new.safetensors"
    made = command(*words.split(), cwd=folder)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("new.safetensors written: residual, ")
    again = command(*words.split(), cwd=folder)
    assert (again.returncode, again.stdout) == (2, "")
    (line,) = again.stderr.splitlines()
    assert line.startswith("trombine: new.safetensors: is there already; --overwrite")
    (folder / "new.safetensors").write_bytes(checkpoint.read_bytes())
    bad = command("models", "show", "new.safetensors", cwd=folder)
    assert (bad.returncode, bad.stdout) == (2, "")
    (line,) = bad.stderr.splitlines()
    assert line.startswith("trombine: new.safetensors: is a pickled checkpoint")


def test_the_functions(zoo: Path, tmp_path: Path) -> None:
    assert "tiny-x2" in trombine.models_list().summary
    shutil.copy(zoo / "tiny-x2.safetensors", tmp_path / "mine.safetensors")
    shown = trombine.models_show(model=str(tmp_path / "mine.safetensors"))
    assert "mine" in shown.summary.splitlines()[0]
