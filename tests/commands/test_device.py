"""`--device`: which verbs take it, what their records say, what is refused; on CUDA where it is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import trombine
from trombine.core import devices
from trombine.data.reading import face_frame
from trombine.faces import reading as readings
from trombine.io.image import load_picture, read_record, save_picture
from trombine.models import loaded
from trombine.models.model import Model
from trombine.superres import pipelines
from trombine.world import face, paint

pytestmark = pytest.mark.usefixtures("photographs")
on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
MODEL = "upscale-fast"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with a card: the device that each model is asked for on, which is then loaded on
    the processor."""
    heard: list[str] = []

    def spy(name: str | Path, *, task: str | None = None, device: str = "cpu") -> Model:
        heard.append(device)
        return loaded(name, task=task)

    monkeypatch.setattr(devices, "usable", lambda name: name in ("cpu", "cuda"))
    for module in (pipelines, readings):
        monkeypatch.setattr(module, "loaded", spy)
    monkeypatch.setattr("trombine.data.reading.loaded", spy)
    monkeypatch.setattr("trombine.models.loaded", spy)
    return heard


def portrait(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    save_picture(folder / "a.png", paint(face(3), 128, "photo").pixels)
    return folder / "a.png"


def test_a_card_that_is_named_or_there_is_taken_and_the_record_says_so(
    asked: list[str], tmp_path: Path, kit: ModuleType
) -> None:
    for number, device in enumerate(("cuda", "auto")):
        file = tmp_path / f"{number}.png"
        trombine.upscale(kit.photo(tmp_path), output=file, model=MODEL, device=device)
        assert "cuda" in asked
        assert (read_record(file) or {})["options"].get("device", "auto") == device
        asked.clear()
    trombine.read(portrait(tmp_path / "in"), device="cuda")
    assert asked and set(asked) == {"cuda"}


def test_preparing_takes_the_card(asked: list[str], tmp_path: Path) -> None:
    """Faces are found on it, and the pack says so: its pixels may be others."""
    source = portrait(tmp_path / "in")
    fields: dict[str, Any] = {"size": 64, "crop": "face"}
    trombine.data_prepare(source.parent, **fields, output=tmp_path / "pack", device="cuda")
    assert "cuda" in asked
    from trombine.data.pack import Pack

    assert Pack(tmp_path / "pack").about["device"] == "cuda"


@pytest.mark.parametrize("line", ["upscale a.png", "data prepare in --crop face -o b"])
def test_a_device_that_is_not_there(
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """It is refused in one line, with what to do, and nothing is written."""
    from trombine.__main__ import main

    monkeypatch.setattr(devices, "usable", lambda name: name == "cpu")
    monkeypatch.chdir(portrait(tmp_path / "in").parent.parent)
    save_picture(tmp_path / "a.png", load_picture(tmp_path / "in" / "a.png"))
    assert main([*line.split(), "--device", "mps"]) == 2
    said = "trombine: --device mps: torch finds none here; give --device cpu\n"
    assert capfd.readouterr() == ("", said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "in"]


def test_a_loaded_model_is_one_for_each_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded once for a device, and that of the processor stays there."""
    moved: list[str] = []
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, device: moved.append(str(device)))
    first, again = (loaded("upscale-fast-x2", device="cuda") for _ in range(2))
    assert first is again and moved == ["cuda"]
    assert loaded("upscale-fast-x2") is not first
    from trombine.models import model

    model._loaded.cache_clear()  # its nets are on no card


# On a card


@on_cuda
@pytest.mark.parametrize("model", ["upscale", "upscale-drawings", "upscale-wild"])
def test_a_card_enlarges_as_the_processor_does(model: str, tmp_path: Path, kit: ModuleType) -> None:
    """No sample of 16 bits is off by more than 1e-4 of white: no TF32, no half precision."""
    source = tmp_path / "a.png"
    save_picture(source, kit.of_every_kind()["colour16.png"])
    made = []
    for device in ("cpu", "cuda"):
        path = tmp_path / f"{device}.png"
        trombine.upscale(source, output=path, model=model, scale=4, device=device)
        made.append(load_picture(path).samples.astype(np.float64))
    assert np.abs(made[0] - made[1]).max() <= 65535 * 1e-4


@on_cuda
def test_a_card_makes_the_same_pixels_again(tmp_path: Path, kit: ModuleType) -> None:
    trombine.upscale(kit.photo(tmp_path / "in"), output=tmp_path / "b.png", device="cuda")
    assert "the same pixels" in str(trombine.replay(tmp_path / "b.png", inputs=tmp_path / "in"))


@on_cuda
def test_a_card_reads_as_the_processor_does(tmp_path: Path) -> None:
    """The same faces, their landmarks in the same places."""
    pixels = load_picture(portrait(tmp_path)).samples
    of_cpu, of_card = (face_frame(pixels, device) for device in ("cpu", "cuda"))
    assert of_cpu is not None and of_card is not None
    for name in ("x", "y", "side", "angle"):
        assert getattr(of_card, name) == pytest.approx(getattr(of_cpu, name), abs=0.02)
