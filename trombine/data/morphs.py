"""Morphs: faces mixed of two people, so that a few become many and nobody is learned as such.

Two pictures are bent so that their landmarks coincide at a mix of both (proportions.py has the
spline), and their samples are mixed there; how much of each is drawn for the shape and for the
samples by itself. Only the face is mixed: hair, what is behind it and all parts stay those of the
first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64, UInt8

from trombine.core.rng import Rng
from trombine.data.columns import UNKNOWN, Batch
from trombine.data.kernel_resample import nearest, resample
from trombine.data.proportions import bends

_FOREHEAD: Final = 0.35  # above the brows, of what is between them and the chin
_SOFT: Final = 0.25  # of the radius

Points = Float64[np.ndarray, "n 68 2"]


def morphed(batch: Batch, share: float, chance: Rng) -> Batch:
    """The batch, a share of its faces mixed with another one of it each; only such are taken as are
    known by landmarks and were not painted. What a mix is like is the mean of what both are."""
    known = _faces(batch)
    if batch.points is None or len(known) < 2:
        return batch
    drawn = chance.only(known)
    mixed = np.flatnonzero(drawn.uniforms("morph whether") < share)
    steps = 1 + np.floor(drawn.uniforms("morph with") * (len(known) - 1)).astype(np.int64)
    first, second = known[mixed], known[(mixed + steps[mixed]) % len(known)]
    shape, samples = (drawn.uniforms(f"morph {name}")[mixed] for name in ("shape", "samples"))
    if not len(first):
        return batch
    theirs = [batch.points.numpy()[rows].astype(np.float64) for rows in (first, second)]
    there = theirs[0] + shape[:, None, None] * (_laid(theirs[1], theirs[0]) - theirs[0])
    size = (batch.pixels.shape[1], batch.pixels.shape[2])
    ways = [bends(own, there, size) for own in theirs]
    sides = [_bent(batch, rows, way) for rows, way in zip((first, second), ways, strict=True)]
    inside = _inside(there, size)
    weights = (samples[:, None, None] * inside)[..., None]
    pixels = batch.pixels.clone()
    pixels[first] = torch.from_numpy(np.rint((1 - weights) * sides[0] + weights * sides[1])).byte()
    points = batch.points.clone()
    points[first] = torch.from_numpy(there.astype(np.float32))
    changes: dict[str, torch.Tensor] = {"pixels": pixels, "points": points}
    if batch.vectors is not None:
        vectors, part = batch.vectors.clone(), torch.from_numpy((shape + samples) / 2)[:, None]
        vectors[first] = (1 - part) * batch.vectors[first] + part * batch.vectors[second]
        changes["vectors"] = vectors
    if batch.labels is not None:
        changes["labels"] = batch.labels.clone()
        changes["labels"][first] = UNKNOWN["labels"]
    if batch.parts is not None:
        changes["parts"] = batch.parts.clone()
        old = batch.parts.numpy()[first]
        new = np.empty_like(old)
        nearest(old, _stay(len(first)), ways[0], new)
        changes["parts"][first] = torch.from_numpy(new)
    return replace(batch, **changes)


def _faces(batch: Batch) -> Int64[np.ndarray, "k"]:
    """Rows of photographed faces whose landmarks are known."""
    known = batch.has_points().numpy()
    return np.flatnonzero(known if batch.seeds is None else known & (batch.seeds.numpy() < 0))


def _laid(points: Points, on: Points) -> Points:
    """Faces turned, scaled and moved so that they lie on others as nearly as they can."""
    mine, theirs = points @ [1, 1j], on @ [1, 1j]
    middles = mine.mean(1, keepdims=True), theirs.mean(1, keepdims=True)
    a, b = mine - middles[0], theirs - middles[1]
    turn = (a.conj() * b).sum(1, keepdims=True) / (abs(a) ** 2).sum(1, keepdims=True)
    there = turn * a + middles[1]
    return np.stack([there.real, there.imag], -1)


def _inside(points: Points, shape: tuple[int, ...]) -> Float64[np.ndarray, "n h w"]:
    """Where the faces are, from the chin to the forehead, between 0 and 1 with a soft edge."""
    right, chin, left = (points[:, at] @ [1, 1j] for at in (0, 8, 16))
    brows = points[:, 17:27].mean(1) @ [1, 1j]
    top = brows - _FOREHEAD * (chin - brows)
    down, across = (chin - top) / 2, (left - right) / 2
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    place = (x + 1j * y)[None] - ((chin + top) / 2)[:, None, None]
    radii = [(place * np.conj(way / abs(way) ** 2)[:, None, None]).real for way in (down, across)]
    return np.clip((1 - np.hypot(*radii)) / _SOFT, 0, 1)


def _bent(
    batch: Batch, rows: Int64[np.ndarray, "k"], way: Float64[np.ndarray, "k g g 2"]
) -> Float32[np.ndarray, "k h w 3"]:
    """Pictures that are bent so."""
    old = np.ascontiguousarray(batch.pixels.numpy()[rows])
    new: UInt8[np.ndarray, "k h w 3"] = np.empty_like(old)
    count = len(rows)
    colours = np.tile(np.eye(3, 4), (count, 1, 1))
    resample(old, _stay(count), way, np.ones(count), colours, new)
    return new.astype(np.float32)


def _stay(count: int) -> Float64[np.ndarray, "n 2 3"]:
    """Maps that move nothing: the bend alone does."""
    return np.tile(np.eye(2, 3), (count, 1, 1))
