"""A new method of training is a file, and a line in a table: WGAN-GP, trained and resumed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from trombine.io.image import save_picture

METHOD = '''
"""WGAN-GP (Gulrajani et al., 2017): a critic whose slope is to be 1."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from trombine.eval.views import distance
from trombine.losses.objective import Objective, Phase, Samples, Step
from trombine.recipes import NetSpec, Recipe


@dataclass(frozen=True, kw_only=True)
class Wgan(Recipe):
    objective: ClassVar[str] = "wgan"
    penalty: float = 10.0
    """Weight of the gradient penalty."""


class WganObjective(Objective[Wgan]):
    main = "generator"
    roles = ("generator", "critic")
    measures = {"distance": False}

    def phases(self):
        weights = {"penalty": self.recipe.penalty}
        return (
            Phase(name="critic", learns=("critic",), terms=self.critic, weights=weights),
            Phase(name="generator", learns=("generator",), terms=self.generator, every=5),
        )

    def made(self, step):
        return step.nets["generator"](step.normals("latent", (8,)))

    def critic(self, step):
        critic, real, fake = step.nets["critic"], step.pictures(), self.made(step).detach()
        share = step.uniforms("share")[:, None, None, None]
        between = (share * real + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
        return {"distance": (critic(fake) - critic(real)).mean(), "penalty": penalty}

    def generator(self, step):
        return {"distance": -step.nets["critic"](self.made(step)).mean()}

    def measure(self, steps):
        made, real = (torch.cat([of(step) for step in steps]) for of in (self.made, Step.pictures))
        return {"distance": distance(made, real)}

    def samples(self, step):
        return Samples(output=self.made(step), fixed={"truth": step.pictures()})


PRESETS = {
    "wgan-gp": Wgan(about="invents pictures by WGAN-GP", task="generate", size=16, batch=4, nets={
        "generator": NetSpec("dcgan_generator", {"latent": 8, "width": 4, "size": 16}),
        "critic": NetSpec("dcgan_discriminator", {"width": 4, "size": 16, "norm": "none"}),
    }, data="leaves#24", faces=4, judged=8, log_every=8)
}
'''
LINE = """
METHODS["wgan"] = ("wgan", "WganObjective", "wgan-gp")
"""
# A run that is stopped after 24 pictures, and then gone on with.
STOPPED = """
from trombine.__main__ import main
import trombine

def stop(done, of, what):
    if (done, what) == (24, "pictures"):
        raise KeyboardInterrupt

asked = {"data": "folder:pictures", "schedule": "constant", "save_every": 8, "pictures": 40}
try:
    trombine.train("wgan-gp", output="parts", tensorboard=False, progress=stop, **asked)
except KeyboardInterrupt:
    print("ended at 24", flush=True)
"""


def test_a_method_is_a_file(root: Path, tmp_path: Path) -> None:
    leave = shutil.ignore_patterns("__pycache__", "*.safetensors")
    shutil.copytree(root / "trombine", tmp_path / "trombine", ignore=leave)
    methods = tmp_path / "trombine" / "training" / "methods"
    (methods / "wgan.py").write_text(METHOD.lstrip())
    with (methods / "__init__.py").open("a") as table:
        table.write(LINE)

    constant = ["--schedule", "constant", "--save-every", "8", "--pictures"]
    runs = [
        ["dry", "--dry-run"],
        ["whole", *constant, "40"],
        ["parts", *constant, "40"],
    ]
    rng = np.random.default_rng(0)  # painters would be compiled anew for a copy of the package
    for number in range(24):
        pixels = rng.integers(0, 256, (16, 16, 3), np.uint8)
        save_picture(tmp_path / "pictures" / f"{number}.png", pixels)
    words = ["train", "wgan-gp", "--data", "folder:pictures", "--no-tensorboard", "-o"]
    code = f"{STOPPED}\nfor run in {runs}: main({words} + run)"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    ).stdout
    assert "wgan-gp: invents pictures by WGAN-GP" in said and "ended at 24\n" in said
    assert said.count("40 pictures seen; best distance") == 2
    logs = [(tmp_path / run / "log.jsonl").read_text().splitlines() for run in ("whole", "parts")]
    whole, parts = ([one for one in map(json.loads, log) if one["kind"] == "train"] for log in logs)
    assert whole == parts and len(whole) == 5 and "critic/penalty" in whole[0]["values"]
