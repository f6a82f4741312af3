"""ONNX files: written only where they agree. That every net exports is in conformance/."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch

from trombine.core.errors import InputError
from trombine.models import Card, exporting, load, read_card, save
from trombine.models.card import loads
from trombine.models.exporting import export
from trombine.nets import Net


@pytest.fixture
def file(net: Net, card: Card, tmp_path: Path) -> Path:
    """A model whose net works in another space than RGB."""
    path = tmp_path / "of_imagenet.safetensors"
    save(path, net, replace(card, settings={"space": "imagenet"}))
    return path


def test_it_writes_what_onnxruntime_runs(
    file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "small.onnx"
    with caplog.at_level(logging.WARNING):
        worst = export(load(file), path)
    assert worst < 1e-5
    assert capfd.readouterr() == ("", "") and not caplog.records
    picture = torch.rand(1, 3, 11, 6)
    session = onnxruntime.InferenceSession(path.read_bytes())
    found = session.run(None, {session.get_inputs()[0].name: picture.numpy()})[0]
    wanted = load(file).in_rgb(picture).detach()  # pictures go in and come out as RGB
    torch.testing.assert_close(torch.from_numpy(found), wanted, rtol=1e-4, atol=1e-5)
    check_names(onnx.load(path).graph)
    metadata = {one.key: one.value for one in onnx.load(path).metadata_props}
    assert loads(metadata["trombine"]) == read_card(file)
    check_no_file_where_they_differ(file, tmp_path)


def check_names(graph: onnx.GraphProto) -> None:
    """What goes in and out, and its axes, are called what they are."""
    assert [one.name for one in (*graph.input, *graph.output)] == ["picture", "larger"]
    axes = [
        [one.dim_param or one.dim_value for one in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    ]
    assert axes == [["batch", 3, "height", "width"], ["batch", 3, "2*height", "2*width"]]


def check_no_file_where_they_differ(file: Path, folder: Path) -> None:
    """Here, and not by itself: an export takes seconds, and this needs none of its own."""
    path = folder / "wrong.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "as_onnx", lambda *_: (folder / "small.onnx").read_bytes())
        model = load(file)
        assert export(model, folder / "right.onnx") < 1e-5
        with torch.no_grad():
            dict(model.net.named_parameters())["tail.bias"][0] += 3e-3
        with pytest.raises(InputError, match=r"not written: its results differ .* by \d.\de-0"):
            export(model, path)
    assert not path.exists()


def test_without_the_extra_one_line_says_so(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "find_spec", lambda name: None if name == "onnx" else name)
    with pytest.raises(InputError, match=r"ONNX needs onnx: pip install 'trombine\[export\]'"):
        export(load(file), tmp_path / "x.onnx")
