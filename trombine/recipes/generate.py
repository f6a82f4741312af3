"""What invents faces."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import Adversarial, Denoise, Encode, Invent, NetSpec, Recipe

_DCGAN: Final = {
    "generator": NetSpec(
        "dcgan_generator", {"latent": 64, "width": 64, "size": 64, "norm": "batch"}
    ),
    "discriminator": NetSpec("dcgan_discriminator", {"width": 64, "size": 64, "norm": "batch"}),
}

_FLOW: Final = Denoise(
    about="invents pictures by carrying noise to them, step by step",
    task="denoise",
    nets={"net": NetSpec("denoiser", {"width": 48, "levels": 3})},
    data="world:anime",
    size=32,
    pictures=1_000_000,
    batch=32,
    lr=1e-3,
    warmup=10_000,
    clip=1.0,
    ema=20_000,
    process="flow",
)

# What both styles are told of a face: what people name, and what makes one the same in both.
_FIELDS: Final = (
    "masculine+age+tone+iris+eye_size+jaw_width+brow_thick+nose_width+hair_light+hair_red+hair_grey"
    "+hair_dye+hair_length+hair_curl+fringe+recession+beard+moustache+glasses+hat+smile+mouth_open"
    "+lipstick+yaw+light_turn+light_key+exposure+cloth_light+ground_light+ground_hue"
)
_INVENT: Final = Invent(
    about="invents faces, told what is to be of them or not",
    task="generate",
    nets={
        "net": NetSpec(
            "inventor",
            {
                "size": 96,
                "latent": 96,
                "width": 32,
                "hidden": 320,
                "blocks": 2,
                "details": 32,
                "levels": 2,
                "steps": 16,
                "finish": 5,
                "norm": "batch",
                "fields": _FIELDS,
            },
        ),
        "encoder": NetSpec("encoder", {"width": 20, "levels": 4, "outputs": 96}),
    },
    data="world:anime#24000",
    size=128,
    pictures=90_000,
    coded=30_000,
    cycle=30_000,
    batch=24,
    optimiser="muon",
    lr=5e-3,
    beta1=0.95,
    warmup=2_000,
    clip=1.0,
    ema=4_000,
    precision="auto",
    threads=1,
    perceptual=0.08,
    judge="reader",
    layers="first+down.0",
    organs=4.0,  # eyes are a hundredth of the pixels, and looked at first
    around=2,
    log_every=1_000,
    sample_every=5_000,
    measure_every=15_000,
    save_every=5_000,
    judged=128,
)

_MODERN: Final = Adversarial(
    about="invents pictures; no batch statistics, a relativistic critic and gradient penalties",
    task="generate",
    nets={
        "generator": _DCGAN["generator"].resized("norm", "group"),
        "discriminator": _DCGAN["discriminator"].resized("norm", "none"),
    },
    data="world:anime",
    size=64,
    pictures=1_000_000,
    batch=32,
    lr=2e-4,
    beta1=0.0,
    beta2=0.99,
    schedule="constant",
    ema=10_000,
    critic="relativistic",
    r1=1.0,
    r2=1.0,
    pool=0.01,
)

GENERATE: Final[dict[str, Recipe]] = {
    "dcgan": Adversarial(
        about="invents pictures with the generator and discriminator of DCGAN",
        task="generate",
        nets=_DCGAN,
        data="world:anime",
        size=64,
        pictures=1_000_000,
        batch=32,
        lr=2e-4,
        beta1=0.5,
        schedule="constant",
        ema=10_000,
        real_label=0.9,
    ),
    "dcgan-r1": _MODERN,
    "stylegan": replace(
        _MODERN,
        about="invents pictures by style; a relativistic critic and gradient penalties, no tricks",
        nets={
            "generator": NetSpec("style_generator", {"latent": 64, "width": 32, "size": 64}),
            "discriminator": _MODERN.nets["discriminator"],
        },
    ),
    "class-gan": replace(
        _MODERN,
        about="invents pictures by style, told of which class each is to be",
        nets={
            "generator": NetSpec(
                "style_generator", {"latent": 68, "width": 32, "size": 64, "classes": 4}
            ),
            "discriminator": _MODERN.nets["discriminator"].resized("classes", 4),
        },
        data="world:photo#6000+world:anime#6000+world:cartoon#6000+world:sketch#6000",
        pool=0.0,
    ),
    "sdpc-gan": replace(
        _MODERN,
        about="invents pictures; its critic looks at sparse codes: deep predictive coding",
        nets={
            **_MODERN.nets,
            "discriminator": _MODERN.nets["discriminator"].resized("first", "sparse"),
        },
    ),
    "adversarial-autoencoder": Encode(
        about="invents pictures by an auto-encoder whose codes are to look drawn",
        task="generate",
        nets={
            "generator": _DCGAN["generator"].resized("norm", "group"),
            "encoder": NetSpec("encoder", {"width": 32, "levels": 4, "outputs": 64}),
            "critic": NetSpec("code_discriminator", {"inputs": 64, "width": 256}),
        },
        data="world:anime",
        size=64,
        pictures=400_000,
        batch=32,
        lr=5e-4,
        beta1=0.5,
        warmup=2_000,
        ema=10_000,
    ),
    "fractal-gan": replace(
        _MODERN,
        about="invents pictures, learning too what the numbers of each real one make",
        nets={**_MODERN.nets, "generator": _MODERN.nets["generator"].resized("latent", 4)},
        data="fractals#6000",
        pictures=400_000,
        pool=0.0,
        matched=10.0,
        numbers="a+b+c+d",
    ),
    "generate-anime": replace(
        _INVENT,
        nets={**_INVENT.nets, "net": _INVENT.nets["net"].resized("retold", value=True)},
    ),
    "generate-photo": replace(
        _INVENT,
        # The pace of photographs' details changes most while there is most noise.
        nets={
            **_INVENT.nets,
            "net": _INVENT.nets["net"]
            .resized("finish", 4)
            .resized("spacing", 0.4)
            .resized("retold", value=True),
        },
        data="world:photo#24000",
        organs=8.0,  # eyes are smaller than in anime
        around=1,
    ),
    "flow": _FLOW,
    "diffusion": replace(
        _FLOW,
        about="invents pictures by taking noise away, step by step",
        process="v",
        steps=50,
    ),
}
