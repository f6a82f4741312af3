"""What a command reads, a model or a picture, is never written over, whatever name leads to it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import trombine
from trombine import models
from trombine.core.errors import InputError
from trombine.models import Card
from trombine.nets import build

OVER = "is an input, and would be written over"


def test_models_import_and_export_never_write_over_what_they_read(tmp_path: Path) -> None:
    net = build("residual", {"width": 4, "depth": 1, "factor": 2}, seed=5)
    file = tmp_path / "x.safetensors"
    torch.save(net.state_dict(), file)
    before = file.read_bytes()
    given = {"net": "residual:width=4,depth=1,factor=2", "task": "upscale"}
    with pytest.raises(InputError, match=OVER):
        trombine.models_import(file, output=file, overwrite=True, **given)
    assert file.read_bytes() == before
    models.save(file, net, Card(task="upscale", net="residual", sizes=net.sizes))
    before = file.read_bytes()
    (tmp_path / "m.onnx").symlink_to(file)
    with pytest.raises(InputError, match=OVER):
        trombine.models_export(file, output=tmp_path / "m.onnx", overwrite=True)
    assert file.read_bytes() == before
