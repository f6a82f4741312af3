"""The geometry of a face against independent truths: inverses, distances by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from trombine.world import face
from trombine.world.kernel_geometry import (
    face_distance,
    jaw_point,
    lids,
    lips,
    project,
    relief,
    unpose,
)
from trombine.world.kernel_layers import COUNT, D_EYE, D_LOWER, D_UPPER, U, V, distances
from trombine.world.shape import shape


@pytest.mark.parametrize(
    ("yaw", "pitch", "style"), [(0.0, 0.0, "photo"), (0.34, 0.2, "photo"), (-0.34, -0.2, "anime")]
)
def test_unpose_is_the_inverse_of_project(yaw: float, pitch: float, style: str) -> None:
    form = shape(face(3, yaw=yaw, pitch=pitch), style)
    r = form.record[0]
    misses = []
    for x in np.linspace(-0.9, 0.8, 30):
        for y in np.linspace(-1.0, 1.4, 30):
            if face_distance(r, form.tables, x, y) < 0:
                u, v = unpose(r, form.bumps, x, y)
                misses.append(np.hypot(*np.subtract(project(r, form.bumps, u, v), (x, y))))
    assert len(misses) > 300
    # Where a nose turned far away all but hides its own side the last step may fall short.
    assert np.quantile(misses, 0.99) < 1e-3
    assert max(misses) < 0.08


def test_the_slopes_of_the_relief_are_its_derivatives() -> None:
    bumps = shape(face(4), "photo").bumps
    d = 1e-6
    for u, v in np.random.default_rng(0).uniform(-1, 1, (50, 2)):
        _, slope_u, slope_v = relief(bumps, bumps.shape[1], u, v)
        up, down = (relief(bumps, bumps.shape[1], u + s, v)[0] for s in (d, -d))
        left, right = (relief(bumps, bumps.shape[1], u, v + s)[0] for s in (d, -d))
        assert slope_u == pytest.approx((up - down) / (2 * d), abs=1e-5)
        assert slope_v == pytest.approx((left - right) / (2 * d), abs=1e-5)


def test_the_outline_is_at_no_distance_and_distances_are_true() -> None:
    form = shape(face(7, yaw=0.0, pitch=0.0), "photo")
    r = form.record[0]
    turns = np.linspace(0, 2 * np.pi, 4000)
    ring = np.array([jaw_point(r, form.tables, np.cos(t), np.sin(t)) for t in turns])
    at = [face_distance(r, form.tables, x, y) for x, y in ring]
    assert np.abs(at).max() < 2e-3
    rng = np.random.default_rng(1)
    for x, y in ring[::200] + rng.normal(0, 0.05, (20, 2)):
        true = np.hypot(ring[:, 0] - x, ring[:, 1] - y).min()
        assert abs(face_distance(r, form.tables, x, y)) == pytest.approx(true, abs=0.012)


def test_lids_and_lips_keep_their_order_whatever_the_expression() -> None:
    for seed in range(60):
        r = shape(face(seed), "photo").record[0]
        for s in np.linspace(-1, 1, 21):
            upper, lower = lids(r, s)
            assert upper <= lower
            top, inner_top, inner_bottom, bottom = lips(r, s)
            assert top <= inner_top + 1e-9 <= inner_bottom + 2e-9 <= bottom + 3e-9


def test_the_area_of_an_open_eye_is_that_between_its_lids() -> None:
    form = shape(face(9, yaw=0.0, pitch=0.0), "photo")
    r = form.record[0]
    s = np.linspace(-1, 1, 2001)
    curves = np.array([lids(r, value) for value in s])
    closed_form = np.trapezoid(curves[:, 1] - curves[:, 0], s) * r["eye_w"]
    q = np.zeros(COUNT)
    inside, step = 0, 0.004
    for x in np.arange(0.1, 0.9, step):
        for y in np.arange(-0.3, 0.3, step):
            distances(r, form.tables, form.bumps, form.seed, x, y, q)
            # Pixels of the frame stand for stretched pieces of the surface.
            inside += q[D_EYE] < 0
    corners = [project(r, form.bumps, r["eye_u"] + k * r["eye_w"], 0.0) for k in (-1, 1)]
    stretch = (corners[1][0] - corners[0][0]) / (2 * r["eye_w"])
    assert inside * step * step == pytest.approx(closed_form * stretch, rel=0.06)


def test_where_lips_are_labelled_the_surface_is_within_the_mouth() -> None:
    form = shape(face(12), "photo")
    r = form.record[0]
    q = np.zeros(COUNT)
    seen = 0
    for x in np.linspace(-0.6, 0.6, 60):
        for y in np.linspace(0.8, 1.4, 60):
            distances(r, form.tables, form.bumps, form.seed, x, y, q)
            if min(q[D_UPPER], q[D_LOWER]) < 0:
                seen += 1
                assert abs(q[U] - r["mouth_u"]) <= r["mouth_w"] + 1e-9
                top, _, _, bottom = lips(r, (q[U] - r["mouth_u"]) / r["mouth_w"])
                assert top - 1e-9 <= q[V] <= bottom + 1e-9
    assert seen > 100
