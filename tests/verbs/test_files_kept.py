"""What a command reads, a model or a picture, is never written over, whatever name leads to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import trombine
from trombine import replay, upscale, weights
from trombine.io.image import save_picture
from trombine.nets import build
from trombine.refusal import InputError
from trombine.weights import Card

OVER = "is an input, and would be written over"
NAMES: dict[str, Callable[[Path, Path], object]] = {
    "symlink": lambda name, file: name.symlink_to(file),
    "hard link": lambda name, file: os.link(file, name),
}


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_picture(path, np.random.default_rng(0).integers(0, 256, (10, 12, 3), np.uint8))
    return path


@pytest.mark.parametrize("how", NAMES)
def test_replay_never_writes_over_what_pictures_were_made_from(how: str, tmp_path: Path) -> None:
    source = picture(tmp_path / "in" / "a.png")
    upscale(pictures=(source,), model="upscale-fast", output=tmp_path / "made" / "a.png")
    output = tmp_path / "out"
    output.mkdir()
    NAMES[how](output / "a.png", source)
    before = source.read_bytes()
    for place in (output, source.parent):
        with pytest.raises(InputError, match=OVER):
            replay(
                pictures=(tmp_path / "made",), inputs=source.parent, output=place, overwrite=True
            )
    assert source.read_bytes() == before


def test_models_import_and_export_never_write_over_what_they_read(tmp_path: Path) -> None:
    net = build("residual", {"width": 4, "depth": 1, "factor": 2}, seed=5)
    file = tmp_path / "x.safetensors"
    torch.save(net.state_dict(), file)
    before = file.read_bytes()
    given = {"net": "residual:width=4,depth=1,factor=2", "task": "upscale"}
    with pytest.raises(InputError, match=OVER):
        trombine.models_import(file, output=file, overwrite=True, **given)
    assert file.read_bytes() == before
    weights.save(file, net, Card(task="upscale", net="residual", sizes=net.sizes))
    before = file.read_bytes()
    (tmp_path / "m.onnx").symlink_to(file)
    with pytest.raises(InputError, match=OVER):
        trombine.models_export(file, output=tmp_path / "m.onnx", onnx=True, overwrite=True)
    assert file.read_bytes() == before


def test_no_verb_writes_over_its_model(tmp_path: Path) -> None:
    net = build("residual", {"width": 4, "depth": 1, "factor": 2}, seed=5)
    file, output = tmp_path / "m.safetensors", tmp_path / "large.png"
    weights.save(file, net, Card(task="upscale", net="residual", sizes=net.sizes))
    output.symlink_to(file)
    before = file.read_bytes()
    given = {"model": str(file), "output": output, "overwrite": True}
    with pytest.raises(InputError, match=OVER):
        upscale(pictures=(picture(tmp_path / "a.png"),), **given)
    assert file.read_bytes() == before


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    source, output = picture(tmp_path / "a.png"), tmp_path / "b.png"
    given = {"pictures": (source,), "output": output, "model": "upscale-fast"}
    upscale(**given)
    output.chmod(0o640)
    upscale(**given, factor=3, overwrite=True)
    assert stat.S_IMODE(output.stat().st_mode) == 0o640
