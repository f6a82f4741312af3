"""The verbs about models: what they say, what they write, and what they refuse."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

import trombine
from trombine.commands import models
from trombine.commands.models import (
    models_blend,
    models_export,
    models_import,
    models_list,
    models_show,
)
from trombine.core.errors import InputError
from trombine.io.files import write_bytes
from trombine.models import Card, Score, load, model, read_card, save
from trombine.nets import build

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


LOSS = (Score(measure="loss", value=1.5, protocol=""),)


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped models with one in it."""
    folder = tmp_path / "zoo"
    save(folder / "tiny-x2.safetensors", build("residual", SIZES), CARD)
    monkeypatch.setattr("trombine.models.zoo.ZOO", folder)
    return folder


def test_list_is_a_table(zoo: Path) -> None:
    count = sum(one.numel() for one in load("tiny-x2").net.parameters())
    heads, row, better = models_list().summary.splitlines()
    assert heads.split() == list(models.HEADS)
    wanted = f"tiny-x2 upscale residual {count:,} PSNR 31.25, SSIM 0.9"
    assert row.split() == wanted.split()
    assert row.index("upscale") == heads.index("task")
    assert better == "Higher scores are better."
    save(zoo / "soft-x2.safetensors", build("residual", SIZES), replace(CARD, scores=()))
    save(zoo / "maker.safetensors", build("residual", SIZES), replace(CARD, scores=LOSS))
    *_, better, unscored = models_list().summary.splitlines()
    assert better == "Higher scores are better; of loss lower."
    assert unscored.startswith("What has none was measured when its training was over: docs/log/")


def test_list_names_a_damaged_one_and_goes_on(zoo: Path) -> None:
    data = (zoo / "tiny-x2.safetensors").read_bytes()
    (zoo / "bad.safetensors").write_bytes(data[:-9])
    result = models_list()
    (notice,) = result.notices
    assert "bad.safetensors: is no whole .safetensors file" in notice
    assert "tiny-x2" in result.summary and "bad" not in result.summary


def test_show_says_the_whole_card(zoo: Path) -> None:
    found = models_show("tiny-x2").summary
    for fact in (
        "about          small",
        "task           upscale: pictures to larger ones",
        "sizes          width 4, depth 1, factor 2, channels 3",
        "score          PSNR 31.25 dB, higher is better (protocol 0123456789ab)",
        "score          SSIM 0.9, higher is better (protocol 0123456789ab)",
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


def test_show_can_be_read_by_a_program(zoo: Path) -> None:
    result, found = models_show("tiny-x2", json=True), load("tiny-x2")
    plain = json.loads(json.dumps(asdict(CARD)))
    wanted = {**plain, "hash": found.hash}
    assert json.loads(result.summary) == wanted
    (card,) = result.found.values()
    assert json.loads(json.dumps(card)) == wanted


def test_export_writes_and_says_how_equal_it_is(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export itself takes seconds: tests/models/test_exporting.py, and the docs' own."""

    def export(given: model.Model, path: Path) -> float:
        write_bytes(path, given.hash.encode())
        return 2.17e-7

    monkeypatch.setattr(models, "export", export)
    path = tmp_path / "deep" / "tiny.onnx"
    result = models_export("tiny-x2", output=path)
    said = f"{path} written: its results differ from torch's by 2.2e-07 at most"
    assert (result.summary, result.written) == (said, (path,))
    assert path.read_text() == load("tiny-x2").hash
    path.write_text("mine")
    with pytest.raises(InputError, match=r"tiny.onnx: is there already; --overwrite writes over"):
        models_export("tiny-x2", output=path)
    assert path.read_text() == "mine"
    models_export("tiny-x2", output=path, overwrite=True)
    assert path.read_text() != "mine"


def test_a_half_is_half_as_large_and_rounded_to_float16(zoo: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    models_export("tiny-x2", output=path, half=True)
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
    result = models_blend("tiny-x2", second, output=path, share=0.25)
    assert result.summary.endswith("0.25 of the way from tiny-x2 to later")
    ours, theirs, found = first.net.state_dict(), net.state_dict(), load(path).net.state_dict()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, 0.75 * ours[name] + 0.25 * theirs[name])
    card = read_card(path)
    assert card.command == ("trombine train on && trombine models blend tiny-x2 RUN --share 0.25")
    assert (card.data, card.start, card.scores) == ("leaves#9", first.hash, ())
    models_blend("tiny-x2", second, output=path, share=0.25, only="body+tail", overwrite=True)
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
        options = {"second": "tiny-x2", "output": output, **changes}
        models_blend("tiny-x2", options.pop("second"), **options)
    assert said in str(refused.value) and not output.exists()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.save({"state_dict": build("residual", SIZES, seed=9).state_dict()}, tmp_path / "old.pth")
    return tmp_path / "old.pth"


def imported(checkpoint: Path, **changes: Any) -> Path:
    """Import it; the model's file."""
    output = checkpoint.with_name("new.safetensors")
    options = {"net": "residual:width=4,depth=1", "task": "upscale", "output": output, **changes}
    models_import(options.pop("file", checkpoint), **options)
    return output


def test_import_makes_a_model(checkpoint: Path) -> None:
    output = imported(checkpoint, about="from a friend", licence="CC0")
    found = load(output)
    wanted = build("residual", SIZES, seed=9).state_dict()
    assert all(torch.equal(wanted[name], one) for name, one in found.net.state_dict().items())
    assert (found.card.about, found.card.licence) == ("from a friend", "CC0")
    assert (found.card.recipe, found.card.pictures, found.card.scores) == ("", 0, ())
    words = "old.pth --net residual:width=4,depth=1 --task upscale"
    options = "--about 'from a friend' --licence CC0"
    assert found.card.command == f"trombine models import {words} {options}"
    with pytest.raises(InputError, match=r"new.safetensors: is there already; --overwrite"):
        imported(checkpoint)
    with pytest.raises(InputError, match="is an input, and would be written over"):
        imported(checkpoint, file=output, overwrite=True)
    assert load(output).hash == found.hash
    assert read_card(imported(checkpoint, overwrite=True)).about == "imported from old.pth"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"net": "resnet"}, "there is no net resnet"),
        ({"net": "residual:width=8"}, "name the net with --net"),
        ({"task": "sing"}, "there is no task sing; there are upscale, restore"),
        ({"task": "judge"}, "the net residual cannot judge"),
        ({"output": Path("new.pth")}, "the output ends in .safetensors"),
    ],
    ids=str,
)
def test_import_refuses(changes: dict[str, Any], said: str, checkpoint: Path) -> None:
    with pytest.raises(InputError, match=said) as refused:
        imported(checkpoint, **changes)
    assert len(str(refused.value).splitlines()) == 1
    assert not checkpoint.with_name("new.safetensors").exists()
