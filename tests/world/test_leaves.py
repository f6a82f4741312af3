"""Leaves: the same scene at every size and in every process, nothing left bare, all of it drawn."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from trombine.world import kernel_leaves as kernels
from trombine.world.leaves import (
    KINDS,
    LARGEST,
    LATTICE,
    MATERIALS,
    PATTERNS,
    SHAPE,
    SMALLEST,
    USUAL,
    Camera,
    Scene,
    draw_scene,
    expose,
    leaves,
    render,
)

SEEDS = (0, 1, 7, 44, 999_999, 1_999_999, 2**40)


def digest(seed: int, size: int) -> str:
    return hashlib.sha256(leaves(seed, size).tobytes()).hexdigest()


# --- pictures ---


def test_the_same_bytes_in_a_fresh_process_and_another_order() -> None:
    """Which draws without numba until it has to."""
    here = [digest(seed, 48) for seed in SEEDS]
    code = (
        "import hashlib, sys; from trombine.world.leaves import leaves\n"
        "assert 'numba' not in sys.modules\n"
        f"for seed in reversed({SEEDS}):\n"
        "    print(hashlib.sha256(leaves(seed, 48).tobytes()).hexdigest())"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == here[::-1]


def halved(picture: np.ndarray, by: int = 2) -> np.ndarray:
    """A picture averaged in blocks."""
    n = len(picture) // by
    return picture.reshape(n, by, n, by, 3).mean((1, 3))


def test_the_same_scene_at_another_size() -> None:
    pairs = [(leaves(seed, 64), halved(leaves(seed, 128))) for seed in range(16)]
    likeness = [np.corrcoef(small.ravel(), large.ravel())[0, 1] for small, large in pairs]
    assert min(likeness) > 0.95
    assert np.mean(likeness) > 0.98
    others = pairwise(pairs)
    assert max(np.corrcoef(a.ravel(), b.ravel())[0, 1] for (a, _), (_, b) in others) < 0.8


def test_every_pixel_is_painted_and_finite() -> None:
    for seed in range(20):
        planes = expose(draw_scene(seed), 64)
        light = planes.light
        assert not planes.free.any()
        assert np.isfinite(light).all()
        assert (light >= 0).all()
        assert (light.sum(2) > 0).all()


# --- scenes ---


def test_radii_keep_within_their_law_and_some_pictures_are_calm_and_some_full() -> None:
    scenes = [draw_scene(seed) for seed in range(60)]
    for scene in scenes:
        assert SMALLEST[0] <= scene.smallest <= SMALLEST[1]
        assert scene.radii.min() >= scene.smallest and scene.radii.max() <= LARGEST
        assert all(np.isfinite(scene.shapes[name]).all() for name in SHAPE.names or ())
        assert (scene.shapes["a"] > 0).all() and (scene.shapes["b"] > 0).all()
    counts = [len(scene.radii) for scene in scenes]
    assert min(counts) < 60 and max(counts) > 1200


def test_names_are_those_that_the_kernels_number() -> None:
    assert [getattr(kernels, name.upper()) for name in KINDS] == list(range(len(KINDS)))
    assert [getattr(kernels, name.upper()) for name in PATTERNS] == list(range(len(PATTERNS)))
    assert kernels.LATTICE == LATTICE
    assert all(set(one.ranges) <= set(USUAL) for one in MATERIALS)


# --- drawing ---


def scene(**fields: float) -> Scene:
    """One white shape, all over the picture unless told, on black, in even light."""
    shapes = np.zeros(2, SHAPE)
    shapes["cos"], shapes["x"], shapes["y"], shapes["kind"] = 1, 0.5, 0.5, kernels.BOX
    usual = {"a": 1.5, "b": 1.5, "r0": 1, "g0": 1, "b0": 1, "stretch": 1}
    usual |= {"duty": 0.5, "bevel": 1, "mottle_stretch": 1, "tex_x": 3.3}
    for name, value in {**usual, **fields}.items():
        shapes[name][0] = value
    shapes[1:]["a"], shapes[1:]["b"] = 1.5, 1.5
    return Scene(
        shapes=shapes,
        lamp=np.array([0.0, -0.6, 0.8]),
        glow=np.zeros((1, 4)),
        camera=Camera(),
        radii=np.array([0.1]),
        smallest=0.1,
    )


def red(made: Scene, size: int) -> np.ndarray:
    return expose(made, size).light[..., 0]


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "plain"])
def test_a_pattern_is_seen_when_coarse_and_fades_to_its_mean_when_fine(pattern: str) -> None:
    fields = {"pattern": PATTERNS.index(pattern), "fuzz": 0.02, "tone": 0.3}
    coarse, fine = (red(scene(**fields, rate=rate), 192) for rate in (20.0, 400.0))
    assert coarse.std() > 0.08
    assert fine.std() < 0.01
    assert fine.mean() == pytest.approx(coarse.mean(), abs=0.06)


def test_a_cut_pattern_shows_what_is_behind() -> None:
    drawn = red(scene(pattern=kernels.STRIPES, rate=8.0, fuzz=0.02, cut=1), 96)
    assert drawn.min() == 0
    assert drawn.max() == pytest.approx(1)
    assert drawn.mean() == pytest.approx(0.5, abs=0.03)


def test_the_rim_towards_the_lamp_is_brighter() -> None:
    drawn = red(scene(kind=kernels.BLOB, a=0.4, b=0.4, bevel=0.4, relief=1.0), 64)
    assert drawn[10:24].sum() > 1.5 * drawn[40:54].sum()  # the lamp is above
    assert drawn[:, :32].sum() == pytest.approx(drawn[:, 32:].sum(), rel=1e-3)


def test_a_shadow_falls_away_from_the_lamp_and_on_nothing_else() -> None:
    made = scene(kind=kernels.BOX, a=0.1, b=0.1, shadow=0.8, drop_y=0.15, spread=0.02)
    made.shapes["r0"] = made.shapes["g0"] = made.shapes["b0"] = 1
    drawn = red(made, 64)
    assert drawn[45, 32] == pytest.approx(0.2, abs=0.01)  # below it
    assert drawn[18, 32] == pytest.approx(1)  # above it
    assert drawn[32, 32] == pytest.approx(1)  # itself


def test_what_is_reached_holds_all_that_an_outline_may_cover() -> None:
    shapes = np.concatenate([draw_scene(seed).shapes[:-1] for seed in range(20)])
    rng, margin = np.random.default_rng(0), 0.01
    for s in rng.choice(shapes, 150):
        along, across = kernels.reach(s, margin)
        for u, v in rng.uniform(-1.2, 1.2, (60, 2)) * [s["a"], s["a"]]:
            d, _, _, thick = kernels.outline(s, u, v)
            if d < margin / 2 and thick > 0:  # an ellipse's distances are nearly right
                assert abs(u) <= along and abs(v) <= across


def test_grain_has_the_strength_asked() -> None:
    made = scene()
    made.shapes["r0"] = made.shapes["g0"] = made.shapes["b0"] = 0.2
    noisy = render(replace(made, camera=Camera(grain=5.0, seed=12345)), 128).astype(float)
    assert noisy[..., 1].std() == pytest.approx(5, rel=0.06)
    # It is white: neighbours know nothing of one another.
    grain = noisy[..., 1] - noisy[..., 1].mean()
    for one, other in ((grain[:, 1:], grain[:, :-1]), (grain[1:], grain[:-1])):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.03


def test_the_camera_keeps_the_middle_of_an_even_picture() -> None:
    made = scene()
    made.shapes["r0"] = made.shapes["g0"] = made.shapes["b0"] = 0.2140  # sRGB 127.5
    picture = render(replace(made, camera=Camera(optics=0.2, sharpening=0.05)), 32)
    assert set(np.unique(picture)) <= {127, 128}
