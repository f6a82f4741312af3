"""Enlargers: NAME-xN enlarges N times; `trombine upscale --model NAME -x N` takes its file.

`upscale` is for photographs and faces, `upscale-drawings` for drawn ones, `upscale-wild` for what
phones and web pages have blurred, grained and squeezed; `upscale-fast` has a sixth of the
parameters, and `srresnet`, `srgan` and `esrgan` are as in the papers (Ledig et al., 2017; Wang et
al., 2018) to compare with. `upscale-unseen` learns from small pictures alone. What was tried before
these were chosen is in docs/upscale-study.md and docs/sharpen-study.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import NetSpec, Recipe, Restore, Sharpen, Unseen

_X2: Final = Restore(
    about="enlarges twice",
    task="upscale",
    nets={"net": NetSpec("residual", {"width": 64, "depth": 12, "factor": 2})},
    data="leaves#4000",  # they have what photographs have
    damage="shrink:2",
    luma=2.0,
    size=240,  # a multiple of 2, 3, 4 and 8
    augment="mirror+crop:60",
    pictures=600_000,
    batch=16,
    lr=1e-3,
    warmup=2_000,
    clip=1.0,
    ema=10_000,
    precision="auto",
    threads=1,
    sample_every=20_000,
    measure_every=20_000,
    save_every=20_000,
)
_X4: Final = replace(
    _X2,
    about="enlarges four times",
    nets={"net": NetSpec("residual", {"width": 64, "depth": 14, "factor": 4})},
    data="leaves#3000",
    damage="shrink:4",
    size=360,
    augment="mirror+crop:120",
)
# What is done to a small picture before it is saved as it is found: sharpened, saved once before,
# resized in between.
_BEFORE_SAVING: Final = "+sharpen:0.3-1.5?0.3+jpeg:60-95?0.25+resize:0.7-1?0.2"
# As wild-x4 (data/degrade/presets.py), nearer to the usual: a JPEG of a picture that was sharp most
# often, blur in two of three, noise in half.
_WILD: Final = (
    "blur:gaussian:0.4-1.8/blur:gaussian:0.4-1.8/blur:long:0.4-2.4:0.4-1.2/blur:motion:1-5?0.65"
    "+shrink:4/shrink:4/shrink:pillow:4/shrink:area:4"
    "+noise:gaussian:0.005-0.035/noise:gaussian:0.005-0.035/noise:grey:0.005-0.03"
    f"/noise:poisson:300-4000?0.5{_BEFORE_SAVING}"
    "+jpeg:60-95/jpeg:60-95/jpeg:30-70/webp:30-95?0.95"
)
# The same for two times, with less blur and noise.
_WILD_X2: Final = (
    "blur:gaussian:0.3-1.2/blur:gaussian:0.3-1.2/blur:long:0.3-1.6:0.3-0.8/blur:motion:1-4?0.6"
    "+shrink:2/shrink:2/shrink:pillow:2/shrink:area:2"
    "+noise:gaussian:0.003-0.03/noise:gaussian:0.003-0.03/noise:grey:0.003-0.03"
    f"/noise:poisson:300-4000?0.6{_BEFORE_SAVING}"
    "+jpeg:60-97/jpeg:60-95/jpeg:30-70/webp:30-95?0.95"
)
# As in SRGAN: squares first, then a discriminator alone, then both, with smooth labels and old
# pictures. The paper's features are VGG's (--judge vgg19).
_SRGAN_X4: Final = Sharpen(
    about="enlarges four times as SRGAN does: SRResNet, then a discriminator of eight convolutions",
    task="upscale",
    nets={
        "net": NetSpec("srresnet", {"width": 64, "blocks": 16, "factor": 4, "norm": "none"}),
        "critic": NetSpec("srgan_discriminator", {"width": 32, "norm": "batch"}),
    },
    data="leaves#3000*2+world:photo#1500",
    damage="shrink:4",
    size=360,
    augment="mirror+crop:96",
    l1=0.0,
    l2=1.0,
    perceptual=0.02,
    judge="reader",
    layers="first.first+first+down.0+down.1",
    best="edges",
    alone=40_000,
    critic_alone=2_000,
    real_label=0.9,
    pool=0.01,
    adversarial=0.001,
    ramp=10_000,
    worst=1.2,
    pictures=60_000,
    batch=8,
    lr=4e-4,
    warmup=1_000,
    clip=1.0,
    ema=3_000,
    precision="auto",
    threads=1,
    sample_every=4_000,
    measure_every=4_000,
    save_every=4_000,
)
_UNSEEN_X2: Final = Unseen(
    about="enlarges twice, learning from small pictures alone",
    task="upscale",
    nets=_X2.nets,
    data=_X2.data,
    damage="shrink:2",
    size=240,
    augment="mirror+crop:120",
    pictures=100_000,
    batch=8,
    lr=1e-3,
    warmup=2_000,
    clip=1.0,
    ema=5_000,
    precision="auto",
    threads=1,
)
_DRAWN: Final = "world:anime#1500+world:cartoon#1500+world:sketch#1500+leaves#1500*0.5"

UPSCALE: Final[dict[str, Recipe]] = {
    "upscale-x2": _X2,
    "upscale-x4": _X4,
    "upscale-fast-x2": replace(
        _X2,
        about="enlarges twice, fast: a net a sixth as large",
        nets={"net": NetSpec("residual", {"width": 32, "depth": 8, "factor": 2})},
        pictures=250_000,
        lr=2e-3,
    ),
    "upscale-fast-x4": replace(
        _X4,
        about="enlarges four times, fast: a net a sixth as large",
        nets={"net": NetSpec("residual", {"width": 32, "depth": 8, "factor": 4})},
        pictures=250_000,
        lr=2e-3,
    ),
    "upscale-drawings-x2": replace(
        _X2,
        about="enlarges drawings twice",
        nets={"net": NetSpec("residual", {"width": 48, "depth": 8, "factor": 2})},
        data=_DRAWN,
        pictures=200_000,
    ),
    "upscale-drawings-x4": replace(
        _X4,
        about="enlarges drawings four times",
        nets={"net": NetSpec("residual", {"width": 48, "depth": 10, "factor": 4})},
        data=_DRAWN,
        size=240,
        pictures=200_000,
    ),
    "upscale-wild-x4": replace(
        _X4,
        about="enlarges four times what phones and web pages have blurred, grained and squeezed",
        data="leaves#3000*9+world:photo#9000",
        damage=_WILD,
        size=192,
        augment="mirror+crop:96",
        start="upscale-x2",  # what it has learnt of edges serves here, too
        l1=0.0,
        luma=0.0,
        l2=1.0,  # what is lost can be many things: their mean is nearest to all of them
        pictures=250_000,
    ),
    "upscale-wild-x2": replace(
        _X2,
        about="enlarges twice what phones and web pages have blurred, grained and squeezed",
        data="leaves#4000*4+world:photo#1500",
        damage=_WILD_X2,
        start="upscale-x2",
        l1=0.0,
        luma=0.0,
        l2=1.0,
        pictures=200_000,
    ),
    "upscale-grown-x4": replace(
        _X4,
        about="enlarges four times, grown from the net that enlarges twice",
        start="upscale-x2",
    ),
    "srresnet-x2": replace(
        _X2,
        about="enlarges twice by the net of the paper, SRResNet",
        nets={"net": NetSpec("srresnet", {"width": 64, "blocks": 16, "factor": 2, "norm": "none"})},
        lr=5e-4,
    ),
    "srresnet-x4": replace(
        _X4,
        about="enlarges four times by the net of the paper, SRResNet",
        nets={"net": NetSpec("srresnet", {"width": 64, "blocks": 16, "factor": 4, "norm": "none"})},
        lr=5e-4,
    ),
    "upscale-sharp-x4": Sharpen(
        about="enlarges four times, then learns to look as sharp as what is real",
        task="upscale",
        nets={
            **_X4.nets,
            "critic": NetSpec("patch_discriminator", {"width": 32, "levels": 3, "norm": "none"}),
        },
        data="leaves#3000*2+world:photo#1500",
        damage="shrink:4",
        size=360,
        augment="mirror+crop:96",
        start="upscale-x4",  # so that both nets blend
        perceptual=0.04,
        judge="reader",
        layers="first.first+first+down.0+down.1",
        best="edges",  # PSNR only falls
        alone=1_000,
        critic_alone=2_000,
        critic="relativistic",
        adversarial=0.3,
        ramp=10_000,
        worst=1.2,
        r1=1.0,
        penalty_every=2,  # paid less often, the critic's output grew to hundreds
        pictures=28_000,
        batch=8,
        lr=4e-4,
        warmup=1_000,
        clip=1.0,
        ema=3_000,
        precision="auto",
        threads=1,
        sample_every=4_000,
        measure_every=4_000,
        save_every=4_000,
    ),
    "srgan-x2": replace(
        _SRGAN_X4,
        about="enlarges twice as SRGAN does: SRResNet, then a discriminator of eight convolutions",
        nets={
            "net": NetSpec("srresnet", {"width": 64, "blocks": 16, "factor": 2, "norm": "none"}),
            "critic": _SRGAN_X4.nets["critic"],
        },
        damage="shrink:2",
        size=240,
    ),
    "srgan-x4": _SRGAN_X4,
    "esrgan-x4": replace(
        _SRGAN_X4,
        about="enlarges four times as ESRGAN does: dense blocks, then a relativistic discriminator",
        # The paper's has 23 blocks of 64 channels that grow by 32: 16,700,000 parameters.
        nets={
            "net": NetSpec("rrdb", {"width": 48, "blocks": 4, "growth": 24, "factor": 4}),
            "critic": _SRGAN_X4.nets["critic"],
        },
        l1=1.0,
        l2=0.0,
        perceptual=0.04,
        critic="relativistic",
        real_label=1.0,
        adversarial=0.2,
    ),
    "upscale-unseen-x2": _UNSEEN_X2,
    "upscale-unseen-x4": replace(
        _UNSEEN_X2,
        about="enlarges four times, learning from small pictures alone",
        nets=_X4.nets,
        damage="shrink:4",
        size=352,
        augment="mirror+crop:192",
    ),
    "sharpener-x2": Sharpen(
        about="enlarges twice, then learns from a discriminator to look sharp",
        task="upscale",
        nets={
            "net": NetSpec("residual", {"width": 32, "depth": 8, "factor": 2}),
            "critic": NetSpec(
                "patch_discriminator", {"width": 32, "levels": 3, "norm": "spectral"}
            ),
        },
        data="world:photo",
        damage="shrink:2",
        size=64,
        pictures=400_000,
        batch=16,
        lr=1e-3,
        clip=1.0,
        ema=10_000,
    ),
}
