"""Leaves: the same scene at every size and in every process, nothing left bare, all of it drawn."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from trombine.world import leaves_terms as terms
from trombine.world.kernel_leaves import boxes, outline
from trombine.world.leaves import (
    LARGEST,
    SMALLEST,
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
        light = np.stack([planes.red, planes.green, planes.blue])
        assert not planes.free.any()
        assert np.isfinite(light).all()
        assert (light >= 0).all()
        assert (light.sum(0) > 0).all()


# --- scenes ---


def test_radii_keep_within_their_law_and_some_pictures_are_calm_and_some_full() -> None:
    scenes = [draw_scene(seed) for seed in range(60)]
    for scene in scenes:
        assert SMALLEST[0] <= scene.smallest <= SMALLEST[1]
        assert scene.radii.min() >= scene.smallest and scene.radii.max() <= LARGEST
        assert all(np.isfinite(scene.shapes[name]).all() for name in terms.SHAPE.names or ())
        assert (scene.shapes["a"] > 0).all() and (scene.shapes["b"] > 0).all()
    counts = [len(scene.radii) for scene in scenes]
    assert min(counts) < 60 and max(counts) > 1200


# --- drawing ---


def scene(**fields: float) -> Scene:
    """One white shape, all over the picture unless told, on black, in even light."""
    shapes = np.zeros(2, terms.SHAPE)
    shapes["cos"], shapes["x"], shapes["y"], shapes["kind"] = 1, 0.5, 0.5, terms.BOX
    usual = {"a": 1.5, "b": 1.5, "r0": 1, "g0": 1, "b0": 1, "tex_cos": 1, "stretch": 1}
    usual |= {"contrast": 1, "duty": 0.5, "bevel": 1, "mottle_stretch": 1, "tex_x": 3.3}
    for name, value in {**usual, **fields}.items():
        shapes[name][0] = value
    shapes[1:]["a"], shapes[1:]["b"] = 1.5, 1.5
    return Scene(
        shapes=shapes,
        corners=np.zeros((1, terms.CORNERS_MAX, 2), np.float32),
        lamp=np.array([0.0, -0.6, 0.8]),
        glow=np.array([0.0, 1.0, 1.0, 0.0]),
        camera=Camera(
            exposure=1, contrast=0, lift=0, vignette=0, optics=0, sharpening=0, grain=0, seed=0
        ),
        radii=np.array([0.1]),
        smallest=0.1,
    )


PATTERNED = [name for name in terms.PATTERNS if name != "plain"]


@pytest.mark.parametrize("pattern", PATTERNED)
def test_a_pattern_is_seen_when_coarse_and_fades_to_its_mean_when_fine(pattern: str) -> None:
    fields = {"pattern": terms.PATTERNS.index(pattern), "fuzz": 0.02, "tone": 0.3}
    if pattern in ("bricks", "text"):
        fields |= {"stretch": 0.7, "duty": 0.8}
    coarse = expose(scene(**fields, rate=20.0), 192).red
    fine = expose(scene(**fields, rate=400.0), 192).red
    assert coarse.std() > 0.08
    assert fine.std() < 0.01
    assert fine.mean() == pytest.approx(coarse.mean(), abs=0.06)


def test_a_cut_pattern_shows_what_is_behind() -> None:
    fields = {"pattern": terms.STRIPES, "rate": 8.0, "fuzz": 0.02}
    drawn = expose(scene(**fields, cut=1), 96).red
    assert drawn.min() == 0
    assert drawn.max() == pytest.approx(1)
    assert drawn.mean() == pytest.approx(0.5, abs=0.03)


def test_the_rim_towards_the_lamp_is_brighter() -> None:
    ball = {"kind": terms.ELLIPSE, "a": 0.4, "b": 0.4, "bevel": 0.4, "relief": 1.0}
    drawn = expose(scene(**ball), 64).red
    assert drawn[10:24].sum() > 1.5 * drawn[40:54].sum()  # the lamp is above
    assert drawn[:, :32].sum() == pytest.approx(drawn[:, 32:].sum(), rel=1e-3)


def test_a_shadow_falls_away_from_the_lamp_and_on_nothing_else() -> None:
    made = scene(kind=terms.BOX, a=0.1, b=0.1, shadow=0.8, drop_y=0.15, spread=0.02)
    made.shapes["r0"] = made.shapes["g0"] = made.shapes["b0"] = 1
    drawn = expose(made, 64).red
    assert drawn[45, 32] == pytest.approx(0.2, abs=0.01)  # below it
    assert drawn[18, 32] == pytest.approx(1)  # above it
    assert drawn[32, 32] == pytest.approx(1)  # itself


def test_boxes_hold_all_that_an_outline_may_cover() -> None:
    shapes = np.concatenate([draw_scene(seed).shapes[:-1] for seed in range(20)])
    rng = np.random.default_rng(0)
    room, margin = np.empty((16, 4)), 0.01
    corners = np.zeros((1, terms.CORNERS_MAX, 2), np.float32)
    for s in rng.choice(shapes[shapes["kind"] != terms.POLYGON], 150):
        count = boxes(s, margin, room)
        assert (room[1:count, 0] == room[: count - 1, 1]).all()  # side by side
        for u, v in rng.uniform(-1.2, 1.2, (60, 2)) * [s["a"], s["a"]]:
            d, _, _, thick = outline(s, corners, u, v)
            if d < margin / 2 and thick > 0:  # an ellipse's distances are nearly right
                held = (room[:count, 0] <= u) & (u < room[:count, 1])
                assert held.sum() == 1
                low, high = room[:count][held][0, 2:]
                assert low <= v <= high


def test_grain_has_the_strength_asked() -> None:
    made = scene()
    made.shapes["r0"] = made.shapes["g0"] = made.shapes["b0"] = 0.2
    camera = {**vars(made.camera), "grain": 5.0, "seed": 12345}
    noisy = render(Scene(**{**vars(made), "camera": Camera(**camera)}), 128).astype(float)
    assert noisy[..., 1].std() == pytest.approx(5, rel=0.06)
    # It is white: neighbours know nothing of one another.
    grain = noisy[..., 1] - noisy[..., 1].mean()
    for one, other in ((grain[:, 1:], grain[:, :-1]), (grain[1:], grain[:-1])):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.03


def test_the_camera_keeps_the_middle_of_an_even_picture() -> None:
    made = scene()
    made.shapes["r0"] = made.shapes["g0"] = made.shapes["b0"] = 0.2140  # sRGB 127.5
    camera = {**vars(made.camera), "optics": 0.2, "sharpening": 0.05}
    picture = render(Scene(**{**vars(made), "camera": Camera(**camera)}), 32)
    assert set(np.unique(picture)) <= {127, 128}
