"""What reads a face.

`finder` says where faces may be. `reader` is what verbs and objectives use, `witness` what judges
and benchmarks use: the same recipe, another seed and width. What was tried is in docs/reader.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import Find, NetSpec, Read, Recipe, Refine, Regress

_TRAITS: Final = (
    "masculine+age+tone+hair_light+hair_red+hair_grey+hair_length+hair_curl+hair_volume+recession"
    "+fringe+beard+moustache+brow_thick+brow_height+head_height+jaw_width+nose_width+nose_length"
    "+mouth_width+lower_lip+eye_size+eye_spacing"
)
_MOMENT: Final = (
    "yaw+pitch+roll+smile+mouth_open+brow_raise+lid_open+gaze_x+gaze_y+light_turn+light_height"
    "+light_warm+exposure+glasses+hat"
)
_FACES: Final = "world:photo#9000*3+world:anime#3000+world:cartoon#3000+world:sketch#3000"
# Members of the United States Congress are some 57 years old on average. Of 98 portraits to learn
# from 16 are of women, and most smile.
_MEMBERS: Final = "age:57:11+masculine:0.72:0.25+smile:0.5:0.25"
_SIZES: Final = {"width": 24, "features": 64, "traits": 23, "moment": 19, "head": 32}
_READER: Final = Read(
    about="reads what is where in a face, and what it is like",
    task="read",
    nets={"net": NetSpec("reader", _SIZES)},
    data=f"{_FACES}+world:posed#6000*2+world:children#4000",
    other="leaves#1200*3+fractals#300",
    real="plain:../shared/data/portraits",
    population=_MEMBERS,
    traits=_TRAITS,
    moment=_MOMENT,
    damage=(
        "blur:gaussian:0.3-1.8/blur:motion:1-6?0.3+resize:0.25-0.9?0.3"
        "+noise:gaussian:0.01-0.08/noise:grey:0.01-0.06?0.3+jpeg:25-95?0.4"
    ),
    size=128,
    pictures=210_000,
    numbers_after=150_000,
    batch=8,
    optimiser="muon",
    lr=5e-3,
    cycle=150_000,
    beta1=0.95,
    warmup=2_000,
    clip=1.0,
    ema=4_000,
    precision="auto",
    threads=1,
    sample_every=14_000,
    measure_every=7_000,
    save_every=7_000,
    log_every=4_000,
    judged=128,
    best="explained",  # of numbers, which are learned last
)

READ: Final[dict[str, Recipe]] = {
    "reader": _READER,
    "witness": replace(
        _READER,
        about="reads as reader does, trained apart from it, for judging alone",
        data=_FACES,
        population="",
        nets={"net": _READER.nets["net"].resized("width", 22)},
        seed=1,
    ),
    "finder": Find(
        about="finds where faces may be, for what reads them",
        task="find",
        nets={"net": NetSpec("finder", {"width": 16})},
        data=_FACES,
        other=_READER.other,
        damage="blur:gaussian:0.3-1.0?0.5+noise:gaussian:0.01-0.06?0.5+jpeg:30-95?0.5",
        size=128,
        pictures=400_000,
        batch=32,
        optimiser="muon",
        lr=5e-3,
        beta1=0.95,
        warmup=4_000,
        clip=1.0,
        ema=8_000,
        threads=1,
        sample_every=50_000,
        measure_every=20_000,
        save_every=20_000,
        log_every=4_000,
        judged=512,
    ),
    "refiner": Refine(
        about="follows the edges of what is where, from a reader's window to four times its size",
        task="refine",
        nets={"net": NetSpec("refiner", {"width": 24, "head": 32})},
        data="world:photo#800*2+world:anime#300+world:cartoon#300+world:sketch#300",
        other="leaves#200*3+fractals#100",
        damage="blur:gaussian:0.5-2.0?0.3+noise:gaussian:0.01-0.06/noise:grey:0.01-0.05?0.3+jpeg:30-95?0.4",
        size=512,
        pictures=16_000,
        batch=8,
        optimiser="muon",
        lr=5e-3,
        beta1=0.95,
        warmup=1_000,
        clip=1.0,
        ema=2_000,
        precision="auto",
        threads=1,
        sample_every=4_000,
        measure_every=2_000,
        save_every=2_000,
        log_every=500,
        judged=32,
        faces=6,
    ),
    "pose": Regress(
        about="reads where a face turns, from a picture",
        task="regress",
        nets={"net": NetSpec("encoder", {"width": 16, "levels": 4, "outputs": 3})},
        data="world:photo",
        size=64,
        wanted="yaw+pitch+roll",
        pictures=400_000,
        batch=32,
        lr=1e-3,
        warmup=2_000,
        clip=1.0,
        ema=10_000,
    ),
}
