"""Pipelines of diffusers, with a small module in its place that keeps its promises."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import trombine
from trombine.core.errors import InputError
from trombine.eval.methods import TASKS
from trombine.models import pipelines

Install = Callable[..., Path]


class Painting:
    """Paints one colour, drawn with its generator."""

    unet = SimpleNamespace(config=SimpleNamespace(sample_size=8))
    vae_scale_factor = 8

    def __init__(self) -> None:
        self.shown: list[tuple[Any, Any]] = []

    def set_progress_bar_config(self, *, disable: bool) -> None:
        assert disable

    def to(self, device: str) -> Painting:
        assert device == "cpu"
        return self

    def __call__(
        self,
        prompt: str,
        image: Image.Image,
        mask_image: Image.Image,
        generator: Any,
        output_type: str,
    ) -> Any:
        assert (prompt, output_type) == ("", "np") and image.size == mask_image.size
        assert not any(side % 8 for side in image.size)
        self.shown.append((np.asarray(image), np.asarray(mask_image)))
        colour = torch.rand(3, generator=generator).numpy()
        height, width = np.asarray(image).shape[:2]
        return SimpleNamespace(images=np.broadcast_to(colour, (1, height, width, 3)))


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a diffusers in place, of which this pipeline is what every folder holds."""

    def installed(pipeline: Any, *, offline: bool = False) -> Path:
        folder = tmp_path / "painting"
        folder.mkdir(exist_ok=True)
        (folder / "model_index.json").write_text(json.dumps({"_class_name": "Painting"}))

        def from_pretrained(name: str, *, local_files_only: bool, use_safetensors: bool) -> Any:
            assert Path(name) == folder and local_files_only and use_safetensors
            if isinstance(pipeline, Exception):
                raise pipeline
            return pipeline

        def download(name: str, *, use_safetensors: bool) -> str:
            assert name == "someone/painting" and use_safetensors
            if offline:
                raise RuntimeError("no\nnetwork")
            return str(folder)

        module: Any = ModuleType("diffusers")
        module.AutoPipelineForInpainting = SimpleNamespace(from_pretrained=from_pretrained)
        module.DiffusionPipeline = SimpleNamespace(download=download)
        monkeypatch.setitem(sys.modules, "diffusers", module)
        pipelines._pipeline.cache_clear()
        return folder

    return installed


def holed() -> tuple[np.ndarray, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 256, (61, 90, 3), dtype=np.uint8)
    hole = np.zeros((61, 90), bool)
    hole[20:30, 40:60] = True
    return pixels, hole


@pytest.mark.parametrize("by", ["folder", "index", "hub"])
def test_a_pipeline_repairs_and_each_seed_is_an_answer(by: str, install: Install) -> None:
    pipeline = Painting()
    folder = install(pipeline)
    model = {"folder": folder, "index": folder / "model_index.json", "hub": "hub:someone/painting"}
    pixels, hole = holed()
    answers = [
        trombine.inpaint(pixels, mask=hole, model=model[by], seed=seed) for seed in (3, 3, 4)
    ]
    assert all(np.array_equal(one[~hole], pixels[~hole]) for one in answers)
    assert np.array_equal(answers[0], answers[1])
    expected = torch.rand(3, generator=torch.Generator().manual_seed(3)).numpy() * 255
    assert np.abs(answers[0][hole] - expected).max() <= 1
    assert not np.array_equal(answers[0][hole], answers[2][hole])
    assert pipelines.repairer(model[by]).card.settings["size"] == 64  # that it learned from
    image, mask = pipeline.shown[0]
    assert set(np.unique(mask)) == {0, 255}
    assert (image[mask > 0] == 128).all()


def test_a_record_names_the_index_whatever_name_led_to_it(install: Install, tmp_path: Path) -> None:
    """So who makes a picture again downloads nothing that a stranger's record names."""
    folder = install(Painting())
    pixels, hole = holed()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(hole).convert("L").save(tmp_path / "m.png")
    words: dict[str, Any] = {"mask": f"white:{tmp_path / 'm.png'}"}
    for model in ("hub:someone/painting", folder):
        output = tmp_path / "b.png"
        done = trombine.inpaint(
            tmp_path / "a.png", model=model, num_samples=2, output=output, **words
        )
        assert not any("same answer" in text for text in done.notices)
        text = output.read_bytes().decode("latin-1")
        assert "model_index.json" in text and "hub:" not in text
        output.unlink()


def test_judge_compares_it(install: Install) -> None:
    folder = install(Painting())
    pixels, hole = holed()
    picture = torch.from_numpy(pixels).movedim(-1, 0)[None] / 255
    mask = torch.from_numpy(hole)[None, None].float()
    found = TASKS["repair"].net(str(folder))(picture, hole=mask)
    assert torch.equal(found[(mask == 0).expand_as(found)], picture[(mask == 0).expand_as(found)])
    assert len(found[0, 0][mask[0, 0] > 0].unique()) == 1


def test_what_cannot_be_had_is_refused_in_a_line(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(Painting(), offline=True)
    with pytest.raises(InputError, match=r"cannot be loaded \(no network\); check the name"):
        pipelines.repairer("hub:someone/painting")
    folder = install(ValueError("no inpainting\nis linked"))
    with pytest.raises(InputError, match=r"no pipeline that repairs \(no inpainting is linked\)"):
        pipelines.repairer(folder)

    class Drawing(Painting):
        def __call__(self, prompt: str) -> None: ...  # pyright: ignore

    with pytest.raises(InputError, match="takes no picture with a mask"):
        pipelines.repairer(install(Drawing()))
    monkeypatch.setitem(sys.modules, "diffusers", None)
    pipelines._pipeline.cache_clear()
    for name in (folder, "hub:someone/painting"):
        with pytest.raises(InputError, match=r"needs diffusers.*trombine\[diffusers\]"):
            pipelines.repairer(name)
    with pytest.raises(InputError, match="neither a shipped model nor a file"):
        pipelines.repairer("paintings")
