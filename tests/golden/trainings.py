"""Small trainings, one of each method: the recipe, and what makes its nets tiny."""

from __future__ import annotations

from typing import Final

# 20 steps, of which every fifth is logged; measured at the end.
TINY: Final = (
    "batch=2 pictures=40 log_every=10 sample_every=40 measure_every=40 save_every=20 faces=2"
    " judged=2 warmup=0 ema=20 threads=1 precision=float32"
)
# As many, where a picture takes long.
_FEW: Final = "batch=1 pictures=20 log_every=5 sample_every=20 measure_every=20 save_every=20"
CURVES: Final = "curve/"  # of what is logged, quotients that may be of near nothing

_LEAVES: Final = "data=leaves#48 size=16 width=4"
_ENLARGER: Final = "data=leaves#48 size=32 width=4 depth=2"
_RAMP: Final = "alone=8 critic_alone=8 ramp=16"
_JUDGE: Final = "judge=reader layers=first+down.0"
_TWO: Final = f"{_LEAVES} other=fractals#48 halvings=1 blocks=1 levels=1"
# Slow, for else rounding grows to other losses on other processors.
_STYLED: Final = "lr=2e-4 size=32 width=4 latent=6 blocks=1 details=4 levels=1 finish=2"
_HOLES: Final = "window=0 data=world:photo#48 size=16 levels=2"

# Of names: the recipe, and its settings; OLD is the folder old/.
TRAININGS: Final = {
    "upscale-x2": f"upscale-x2 {_ENLARGER}",
    "upscale, every term": f"upscale-fast-x2 {_ENLARGER} {_JUDGE} l2=1 charbonnier=1 luma=1"
    " total_variation=0.1 ssim=1 perceptual=1 gram=1",
    "upscale-wild-x4": f"upscale-wild-x4 {_ENLARGER} start=OLD/model.safetensors",
    "srresnet-x4": "srresnet-x4 data=leaves#48 size=32 width=4 blocks=2",
    "upscale-sharp-x4": f"upscale-sharp-x4 {_ENLARGER} {_RAMP} {_JUDGE} levels=2"
    " start=OLD/model.safetensors",
    "esrgan-x4": f"esrgan-x4 data=leaves#48 size=32 width=4 blocks=1 growth=4 {_RAMP} {_JUDGE}"
    " critic.levels=2 critic.hidden=4",
    "sharpener-x2": f"sharpener-x2 {_ENLARGER} {_RAMP} levels=2 pool=0.5 r1=1 critic=relativistic",
    "upscale-unseen-x2": f"upscale-unseen-x2 {_ENLARGER}",
    "cleaner": f"cleaner {_LEAVES} levels=2",
    "repairer": f"repairer {_LEAVES} levels=2",
    "restorer": f"restorer {_LEAVES} levels=2",
    "autoencoder": f"autoencoder {_LEAVES} levels=2 depth=3",
    "scratches": f"scratches {_LEAVES} levels=2",
    "completion": f"completion {_FEW} data=world:photo#48 real=leaves#48 size=32 width=4",
    "inpaint": f"inpaint {_HOLES} {_FEW} width=4 real=leaves#48 damage=hole:squares",
    "inpaint, by the reader": f"inpaint {_HOLES} {_FEW} {_JUDGE} width=4 real=none net.up=shuffle"
    " damage=hole:huge>half@4-8 space=imagenet read_parts=0.1 read_points=1 perceptual=0.1",
    "inpaint-sharp": f"inpaint-sharp {_HOLES} {_RAMP} width=4 real=leaves#48 damage=hole:squares"
    " pool=0.5 r1=1",
    "inpaint-diffusion": f"inpaint-diffusion {_FEW} window=0 data=world:photo#48 real=leaves#48"
    " size=16 width=8 steps=2 net.painter=4 net.widest=8 damage=hole:half",
    "dcgan": f"dcgan {_LEAVES} latent=4 pool=0.5",
    "dcgan-r1": f"dcgan-r1 {_LEAVES} latent=4",
    "stylegan": f"stylegan {_LEAVES} latent=4 penalty_every=2",
    "class-gan": "class-gan data=world:photo#24+world:sketch#24 size=16 width=4 latent=6 classes=2",
    "sdpc-gan": f"sdpc-gan {_LEAVES} latent=4 penalty_every=8",
    "adversarial-autoencoder": f"adversarial-autoencoder {_LEAVES} latent=6 outputs=6 inputs=6"
    " ssim=0.1 l2=1",
    "flow": f"flow {_LEAVES} levels=2 steps=2",
    "diffusion": f"diffusion {_LEAVES} levels=2 steps=2",
    "diffusion of noise": f"diffusion {_LEAVES} levels=2 steps=2 process=noise",
    "generate-anime": f"generate-anime {_STYLED} data=world:photo#32 outputs=6 hidden=8 steps=2"
    " fields=age+smile",
    "restyle": f"restyle {_STYLED} data=world:photo+anime#32+world:sketch+photo#32",
    "restyle-cyclegan": f"restyle-cyclegan {_TWO}",
    "restyle-cut": f"restyle-cut {_TWO}",
    "restyle-ugatit": f"restyle-ugatit {_TWO} pool=0.5",
    "reader": "reader lr=5e-4 data=world:photo#32+world:sketch#32 other=leaves#48 real=none size=32"
    " width=4 features=4",
    "finder": "finder lr=2e-5 data=world:photo#48 other=leaves#48 size=16 width=6",
    "refiner": f"refiner {_FEW} data=world:photo#8 other=leaves#8 size=256 width=4 head=4",
}
