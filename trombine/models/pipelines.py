"""Inpainting pipelines of the library diffusers, by folder or name of the hub: models that repair.

A pipeline is a folder with a model_index.json and the files that it names. `hub:OWNER/NAME` is
downloaded once; from then on it is that folder. Code that a pipeline brings along is never run, and
its weights are read from safetensors alone. The extra `diffusers` is needed for both.
"""

from __future__ import annotations

import hashlib
import inspect
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import torch
from jaxtyping import Float, Int64
from PIL import Image

from trombine.core import devices
from trombine.core.errors import CHECK_NETWORK, InputError, library, said
from trombine.io.files import digest, is_there
from trombine.models.card import Card
from trombine.models.hub import HUB, is_file_of_hub
from trombine.models.model import Model, loaded
from trombine.nets.blocks import padded
from trombine.nets.sizes import Net

INDEX: Final = "model_index.json"
_SIDE: Final = 512  # pixels of what a pipeline learned from, where it does not say
_MULTIPLE: Final = 8  # of which pipelines take sides
_NEEDED: Final = ("image", "mask_image")  # what the function of an inpainting pipeline takes


def repairer(name: str | Path, device: str = devices.CPU) -> Model:
    """The model that repairs of this name: a net, shipped or in a file, or a pipeline."""
    if (index := index_of(name)) is None:
        return loaded(name, task="repair", device=device)
    return _pipeline(index.parent, device)


def index_of(name: str | Path) -> Path | None:
    """The index of the pipeline that a folder, an index or a name of the hub stands for; None of
    other names. What is on the hub is downloaded."""
    if is_file_of_hub(name):
        return None
    if isinstance(name, str) and name.startswith(HUB):
        return _downloaded(name)
    path = Path(name)
    return next((at for at in (path / INDEX, path) if at.name == INDEX and is_there(at)), None)


@final
class Pipeline(Net):
    """A pipeline as a net; each seed paints another answer."""

    tasks = ("repair",)
    optional = ("seed",)

    def __init__(self, pipeline: Any) -> None:
        super().__init__()
        self.sizes = {"inputs": 4}
        self.pipeline = pipeline
        self.takes = set(inspect.signature(pipeline.__call__).parameters)

    def forward(
        self,
        x: Float[torch.Tensor, "n 3 h w"],
        hole: Float[torch.Tensor, "n 1 h w"],
        seed: Int64[torch.Tensor, "n"] | None = None,
    ) -> Float[torch.Tensor, "n 3 h w"]:
        """The pictures painted one by one, without words that say what is to be there."""
        seeds = [0] * len(x) if seed is None else seed.tolist()
        height, width = x.shape[-2:]
        pictures, holes = padded(x, _MULTIPLE), padded(hole, _MULTIPLE)
        painted = [self._painted(*given) for given in zip(pictures, holes, seeds, strict=True)]
        return torch.stack(painted)[..., :height, :width].to(x)

    def _painted(
        self, picture: Float[torch.Tensor, "3 h w"], hole: Float[torch.Tensor, "1 h w"], seed: int
    ) -> Float[torch.Tensor, "3 h w"]:

        pixels = (picture.movedim(0, -1) * 255).round().to(torch.uint8).cpu().numpy()
        mask = (hole[0] > 0.5).to(torch.uint8).mul(255).cpu().numpy()
        given = {
            "prompt": "",
            "image": Image.fromarray(pixels),
            "mask_image": Image.fromarray(mask),
            "height": mask.shape[0],
            "width": mask.shape[1],
            "generator": torch.Generator().manual_seed(seed),
            "output_type": "np",
        }
        said = self.pipeline(**{name: given[name] for name in given.keys() & self.takes})
        found = np.array(said.images[0], np.float32)
        if found.shape != pixels.shape:
            raise InputError(f"its pipeline gives {found.shape}, not the picture's size")
        return torch.from_numpy(found).movedim(-1, 0)


@lru_cache(maxsize=1)  # they are large
def _pipeline(folder: Path, device: str) -> Model:
    diffusers = library("diffusers", "diffusers", folder)
    try:
        pipeline = diffusers.AutoPipelineForInpainting.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True
        )
        pipeline.set_progress_bar_config(disable=True)
        net = Pipeline(pipeline.to(device))
    except Exception as error:  # of many libraries, for what is no fault of ours
        raise InputError(f"is no pipeline that repairs ({said(error)})", path=folder) from error
    if not net.takes.issuperset(_NEEDED):
        raise InputError("is a pipeline that takes no picture with a mask", path=folder)
    trunk = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    side = getattr(getattr(trunk, "config", None), "sample_size", None)
    side = side * getattr(pipeline, "vae_scale_factor", 1) if isinstance(side, int) else _SIDE
    card = Card(
        task="repair", net=type(pipeline).__name__, sizes=net.sizes, settings={"size": side}
    )
    return Model(net=net.eval(), card=card, hash=_hash(folder), path=folder)


def _hash(folder: Path) -> str:
    """Of the names and contents of all files."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder).as_posix()} {digest(path)}\n".encode())
    return total.hexdigest()[:12]


def _downloaded(name: str) -> Path:
    diffusers = library("diffusers", "diffusers", name)
    try:
        folder = diffusers.DiffusionPipeline.download(name.removeprefix(HUB), use_safetensors=True)
    except Exception as error:  # of many libraries, for what is no fault of ours
        problem = f"cannot be loaded ({said(error)})"
        raise InputError(problem, CHECK_NETWORK, path=name) from error
    return Path(folder) / INDEX
