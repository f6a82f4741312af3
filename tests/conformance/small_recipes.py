"""Every recipe so small that a step takes a moment: what the conformance of recipes is tried on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from trombine.models import Card, save
from trombine.nets import build
from trombine.recipes import Recipe, with_settings
from trombine.training.methods import find

SMALL = (
    "data=leaves#48; size=16; batch=4; width=4; ema=20; warmup=0; faces=4; judged=8; threads=1; "
    "precision=float32"
)
RAMP = "alone=4; critic_alone=4; ramp=8"
ENLARGER = "depth=2; size=32"
SRGAN = f"{RAMP}; blocks=1; critic.levels=2; critic.hidden=4; judge=JUDGE; layers=stem; size=32"
READER = "data=world:photo#32+world:sketch#32; other=leaves#48; real=none; size=32; features=4"
INVENTOR = (
    "data=world:photo#32; size=32; latent=6; outputs=6; hidden=8; blocks=1; details=4; levels=1; "
    "steps=2; finish=2; fields=age+smile"
)
TRANSLATOR = "data=leaves#48; other=fractals#48; halvings=1; blocks=1; levels=1"
RESTYLER = (
    "data=world:photo+anime#32+world:sketch+photo#32; size=32; latent=6; blocks=1; details=4; "
    "levels=1; finish=2"
)
# Each recipe, and variants that its settings allow; JUDGE and START stand for models that the test
# makes. Of settings that are named twice the last counts.
CASES = {
    "upscale-x2": ("upscale-x2", ENLARGER),
    "upscale-x4": ("upscale-x4", ENLARGER),
    "upscale-grown-x4": ("upscale-grown-x4", f"{ENLARGER}; start=START"),
    "upscale-fast-x2": ("upscale-fast-x2", ENLARGER),
    "upscale-fast-x4": ("upscale-fast-x4", ENLARGER),
    "upscale-drawings-x2": ("upscale-drawings-x2", ENLARGER),
    "upscale-drawings-x4": ("upscale-drawings-x4", ENLARGER),
    "every term": (
        "upscale-fast-x2",
        f"{ENLARGER}; l2=1; charbonnier=1; luma=1; total_variation=0.1; ssim=1; perceptual=1; "
        "gram=1; judge=JUDGE; layers=stem+head",
    ),
    "upscale-wild-x4": ("upscale-wild-x4", f"{ENLARGER}; start=START"),
    "upscale-wild-faces-x4": ("upscale-wild-faces-x4", f"{ENLARGER}; start=START"),
    "upscale-wild-x2": ("upscale-wild-x2", f"{ENLARGER}; start=START"),
    **{
        f"upscale-wild-{name}": (
            f"upscale-wild-{name}",
            f"{ENLARGER}; {RAMP}; start=START; judge=JUDGE; layers=stem",
        )
        for name in ("sharp-x4", "faces-sharp-x4")
    },
    "srresnet-x2": ("srresnet-x2", "blocks=2; size=32"),
    "srresnet-x4": ("srresnet-x4", "blocks=2; size=32"),
    "srresnet-x4, batch norm": ("srresnet-x4", "blocks=2; size=32; net.norm=batch; net.kernel=3"),
    "upscale-sharp-x4": (
        "upscale-sharp-x4",
        f"{ENLARGER}; {RAMP}; levels=2; start=START; judge=JUDGE; layers=stem",
    ),
    "srgan-x2": ("srgan-x2", SRGAN),
    "srgan-x4": ("srgan-x4", f"{SRGAN}; net.norm=spectral; gradient_norm=1; clip=0"),
    "esrgan-x4": ("esrgan-x4", f"{SRGAN}; growth=4"),
    "upscale-unseen-x2": ("upscale-unseen-x2", ENLARGER),
    "upscale-unseen-x4": ("upscale-unseen-x4", ENLARGER),
    "sharpener-x2": ("sharpener-x2", f"{ENLARGER}; {RAMP}; levels=2"),
    "sharpener-x2, all": (
        "sharpener-x2",
        f"{ENLARGER}; {RAMP}; levels=2; pool=0.5; r1=1; critic=relativistic",
    ),
    "cleaner": ("cleaner", "levels=2"),
    "cleaner, batch norm": ("cleaner", "levels=2; net.norm=batch"),
    "repairer": ("repairer", "levels=2"),
    "restorer": ("restorer", "levels=2"),
    "completion": ("completion", "data=world:photo#48; real=leaves#48; size=32"),
    "scratches": ("scratches", "levels=2; data=leaves#48"),
    "dcgan": ("dcgan", "latent=4; pool=0.5"),
    "dcgan, spectral norm": ("dcgan", "latent=4; discriminator.norm=spectral"),
    "dcgan, hinge": ("dcgan", "latent=4; critic=hinge; real_label=1"),
    "dcgan, squares": ("dcgan", "latent=4; critic=least squares"),
    "dcgan-r1": ("dcgan-r1", "latent=4"),
    "stylegan": ("stylegan", "latent=4; penalty_every=2"),
    "class-gan": ("class-gan", "data=world:photo#24+world:sketch#24; latent=6; classes=2"),
    "sdpc-gan": ("sdpc-gan", "latent=4; penalty_every=2"),
    "adversarial-autoencoder": (
        "adversarial-autoencoder",
        "latent=6; outputs=6; inputs=6; ssim=0.1; l2=1",
    ),
    "fractal-gan": ("fractal-gan", "data=fractals#48"),
    "flow": ("flow", "levels=2; steps=2"),
    "diffusion": ("diffusion", "levels=2; steps=2"),
    "diffusion of noise": ("diffusion", "levels=2; steps=2; process=noise"),
    "generate-anime": ("generate-anime", INVENTOR),
    "generate-photo": ("generate-photo", f"{INVENTOR}; net.norm=group; perceptual=0"),
    "restyle-cyclegan": ("restyle-cyclegan", TRANSLATOR),
    "restyle-cyclegan, logistic": (
        "restyle-cyclegan",
        f"{TRANSLATOR}; critic=logistic; dilation=2; identity=0; pool=0",
    ),
    "restyle-cut": ("restyle-cut", TRANSLATOR),
    "restyle-ugatit": ("restyle-ugatit", f"{TRANSLATOR}; pool=0.5"),
    "restyle": ("restyle", RESTYLER),
    "restyle, group norm": (
        "restyle",
        f"{RESTYLER}; net.norm=group; perceptual=0; space=hsv; grey=0",
    ),
    "reader": ("reader", READER),
    "reader, real": ("reader", f"{READER}; real=leaves#48; damage=none; batch=16"),
    "witness": ("witness", READER),
    "finder": ("finder", "data=world:photo#48; other=leaves#48; real=none; width=6"),
    "finder, real": (
        "finder",
        "data=world:photo#48; other=leaves#48; real=world:photo#48; real_every=2; width=6",
    ),
    "refiner": (
        "refiner",
        "data=world:photo#8; other=leaves#8; real=none; size=256; width=4; head=4",
    ),
    "refiner, real": (
        "refiner",
        "data=world:photo#8; other=leaves#8; real=world:photo#8; real_every=2; size=256; width=4; "
        "head=4",
    ),
    "inpaint": (
        "inpaint",
        "window=0; data=world:photo#48+leaves#48; real=none; width=4; levels=2; "
        "damage=hole:squares",
    ),
    "inpaint, real": (
        "inpaint",
        "window=0; net.halved=false; real_every=4; data=world:photo#48; real=leaves#48; width=4; "
        "levels=2; net.convolution=partial; net.stages=2; damage=hole:half; ssim=0.1",
    ),
    "inpaint-diffusion": (
        "inpaint-diffusion",
        "window=0; data=world:photo#48; real=leaves#48; width=8; steps=2; net.painter=4; "
        "net.widest=8; damage=hole:half",
    ),
    "inpaint-diffusion over a smooth fill": (
        "inpaint-diffusion",
        "window=0; data=world:photo#48; real=leaves#48; width=8; steps=2; net.painted=false; "
        "net.halved=false; damage=hole:half",
    ),
    "inpaint, by the reader": (
        "inpaint",
        "window=0; data=world:photo#48; real=none; width=4; levels=2; net.up=shuffle; "
        "damage=hole:huge>half@4-8; space=imagenet; read_parts=0.1; read_points=1; "
        "perceptual=0.1; judge=reader; layers=first+down.0",
    ),
    "inpaint-sharp": (
        "inpaint-sharp",
        f"{RAMP}; window=0; data=world:photo#48; real=leaves#48; width=4; levels=2; "
        "damage=hole:squares; pool=0.5; r1=1",
    ),
    "autoencoder": ("autoencoder", "levels=2; depth=3"),
}


def settings_in(text: str) -> dict[str, str]:
    """Settings of a text: name=value; name=value."""
    pairs = (part.partition("=") for part in text.split("; "))
    return {name: value for name, _, value in pairs}


def judge_file(folder: Path) -> Path:
    """A small net of ours, as a model file."""
    sizes: dict[str, int | float | str | bool] = {"width": 4, "levels": 2, "norm": "batch"}
    net = build("unet", sizes, seed=3)
    path = folder / "judge.safetensors"
    card = Card(task="restore", net="unet", sizes=dict(net.sizes), recipe="mine", version="0")
    save(path, net, card)
    return path


def start_file(folder: Path) -> Path:
    """A small enlarger of two times, as a model file."""
    net = build("residual", {"width": 4, "depth": 2, "factor": 2}, seed=4)
    path = folder / "start.safetensors"
    save(path, net, Card(task="upscale", net="residual", sizes=net.sizes))
    return path


def shrunk(case: str, folder: Path, given: Mapping[str, str] | None = None) -> Recipe:
    """The case's recipe, with these settings, so small that a step takes a moment."""
    name, text = CASES[case]
    settings = settings_in(text)
    recipe = with_settings(find(name), given or {})
    sizes = {size for net in recipe.nets.values() for size in net.sizes}
    known = {
        key: value for key, value in settings_in(SMALL).items() if key in {*recipe.plain(), *sizes}
    }
    if "judge" in settings:
        layers = dict(build("unet", {"width": 4, "levels": 2, "norm": "batch"}).named_modules())
        convs = [n for n, part in layers.items() if isinstance(part, torch.nn.Conv2d)]
        chosen = f"{convs[0]}+{convs[-1]}"
        settings = {**settings, "judge": str(judge_file(folder)), "layers": chosen}
    if "start" in settings:
        settings = {**settings, "start": str(start_file(folder))}
    return with_settings(recipe, {**known, **settings})
