"""What paints what is missing: what each net shows was tried is in docs/inpaint-study.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from trombine.recipes.recipe import Complete, Inpaint, InpaintDiffusion, NetSpec, Recipe

_FACES: Final = "world:photo#9000*8+world:anime#3000+world:cartoon#3000+world:sketch#3000"

# What all learn from, and how.
_SHARED: Final[dict[str, Any]] = {
    "task": "repair",
    "real": "plain:../shared/data/portraits",
    "damage": (
        "hole:irregular:5-50*5+parts*2+half*0.3+squares*0.5+huge:50-70*0.4+scratches*0.8+text*0.2"
    ),
    "augment": "zoom:1.15+mirror+rotate:10",
    "batch": 16,
    "optimiser": "muon",
    "lr": 5e-3,
    "beta1": 0.95,
    "warmup": 2_000,
    "clip": 1.0,
    "ema": 6_000,
    "precision": "auto",
    "threads": 1,
    "log_every": 1_000,
}
_INPAINT: Final = Inpaint(
    about="paints what is missing, told what belongs there or not",
    nets={
        "net": NetSpec(
            "painter",
            {
                "width": 48,
                "levels": 4,
                "parts": "all",
                "points": True,
                "halved": True,
                "widest": 128,
            },
        )
    },
    data=f"{_FACES}+world:posed#6000+leaves#3000*3",
    size=192,
    window=128,
    real_every=8,
    organs=2.0,
    pictures=112_000,
    sample_every=16_000,
    measure_every=8_000,
    save_every=8_000,
    judged=128,
    **_SHARED,
)

PAINT: Final[dict[str, Recipe]] = {
    "inpaint": _INPAINT,
    # What `inpaint` is told of who is not steered.
    "completion": Complete(
        about="guesses which part of a face is where under a hole",
        nets={"net": NetSpec("completer", {"width": 24})},
        data=f"{_FACES}+world:posed#6000",
        size=128,
        pictures=40_000,
        sample_every=10_000,
        measure_every=5_000,
        save_every=5_000,
        judged=128,
        **{**_SHARED, "task": "complete"},
    ),
    "inpaint-sharp": replace(
        _INPAINT,
        about="the same, then learns from a discriminator to look real",
        nets={
            **_INPAINT.nets,
            "critic": NetSpec("patch_discriminator", {"inputs": 4, "norm": "spectral"}),
        },
        adversarial=0.01,
        alone=64_000,
        ramp=16_000,
    ),
    # What `inpaint` leaves blurred, decided: it begins with that, which then stands still.
    "inpaint-diffusion": InpaintDiffusion(
        about="paints what is missing, then details by taking noise away, others for each seed",
        nets={
            "net": NetSpec(
                "diffusion_painter",
                {
                    "width": 32,
                    "levels": 2,
                    "parts": "all",
                    "points": True,
                    "steps": 8,
                    "painted": True,
                    "painter": 48,
                    "widest": 128,
                    "halved": True,
                },
            )
        },
        start="inpaint",
        data=f"{_FACES}+leaves#3000*3",
        size=192,
        window=128,
        real_every=6,
        pictures=64_000,
        sample_every=8_000,
        measure_every=8_000,
        save_every=4_000,
        judged=128,
        **_SHARED,
    ),
}
