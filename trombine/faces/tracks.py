"""Faces of a film: each keeps its number from frame to frame, and its landmarks are steadied.

By the one-euro filter (Casiez, Roussel and Vogel, 2012): what moves fast is hardly late.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Float32, Float64
from scipy.optimize import linear_sum_assignment

from trombine.faces.faces import Face

# How far the landmarks of a face may be, in the mean, from where they are expected, in sizes of
# the face, and how much more for each second out of sight: what is farther is another's.
_REACH: Final = 0.4
_REACH_PER_SECOND: Final = 1.5
_AHEAD: Final = 0.25  # seconds: for longer nobody moves on as before
# Of features: of one person in noise at least .8, of two .6 or less in 95 of 100 (docs/log).
_ALIKE: Final = 0.5
_UNLIKE: Final = 0.5  # sizes of the face that two faces without likeness are farther apart
_RECENT: Final = 0.1  # share of the newest frame in what a face's features are
_PATIENCE: Final = 0.5  # seconds: whoever is out of sight for no longer keeps their number
_NEVER: Final = 1e6
_SLOWEST: Final = 3.0  # hertz: the cutoff of what does not move,
_RISING: Final = 8.0  # and by how much it is higher for each unit a second
_FASTER: Final = 50.0  # hertz for each size of the face a second: a blink is not late

Points = Float32[np.ndarray, "68 2"]
Features = Float[np.ndarray, "f"]


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """A face of a film, with the number that it has in all frames; its points are steadied."""

    number: int
    face: Face


class Tracker:
    """Follows faces from frame to frame; who is out of sight for a moment keeps their number."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._count = 0

    def update(self, faces: Sequence[Face], time: float) -> list[Tracked]:
        """The faces of the next frame in the order given; `time` is in seconds, later each time."""
        self._tracks = [one for one in self._tracks if time - one.time <= _PATIENCE]
        tracks = self._assigned(faces, time)
        return [
            Tracked(number=track.number, face=track.update(face, time))
            for face, track in zip(faces, tracks, strict=True)
        ]

    def _assigned(self, faces: Sequence[Face], time: float) -> list[_Track]:
        """The track of each face; of those that have none yet a new one, from left to right."""
        costs = np.array([[one.cost(face, time) for one in self._tracks] for face in faces])
        costs = costs.reshape(len(faces), len(self._tracks))
        pairs = zip(*linear_sum_assignment(costs), strict=True)
        known = {int(f): self._tracks[t] for f, t in pairs if costs[f, t] < _NEVER}
        for f in sorted(range(len(faces)), key=lambda f: faces[f].box):
            if f not in known:
                self._count += 1
                known[f] = _Track(self._count, faces[f], time)
                self._tracks.append(known[f])
        return [known[f] for f in range(len(faces))]


class _Track:
    """One face, as far as it is known."""

    def __init__(self, number: int, face: Face, time: float) -> None:
        self.number = number
        self.time = time
        self._points: Points = face.points
        self._velocity = np.zeros(2)  # of its middle, in pixels a second
        self._features = unit(face.features)
        self._scale = max(_size(face.points), 1.0)
        self._filter = OneEuro(self._shape(face.points), time, faster=_FASTER)

    def cost(self, face: Face, time: float) -> float:
        """How little a face of the next frame is like this one, in sizes of the face."""
        gap = time - self.time
        expected = self._points + self._velocity * min(gap, _AHEAD)
        size = np.sqrt(max(_size(face.points), 1.0) * max(_size(self._points), 1.0))
        away = float(np.linalg.norm(face.points - expected, axis=1).mean() / size)
        alike = float(self._features @ unit(face.features))
        if away > _REACH + _REACH_PER_SECOND * gap or alike < _ALIKE:
            return _NEVER
        return away + _UNLIKE * (1 - alike)

    def update(self, face: Face, time: float) -> Face:
        """Take in that this face was it; the face with steadied points."""
        points = face.points
        if time > self.time:
            shape = self._filter.step(self._shape(face.points), time)
            points = (face.points.mean(0) + self._scale * shape).astype(np.float32)
            moved = (points - self._points).mean(0).astype(np.float64)
            self._velocity = moved / (time - self.time)
        mixed = (1 - _RECENT) * self._features + _RECENT * unit(face.features)
        self._points, self.time, self._features = points, time, unit(mixed)
        return replace(face, points=points)

    def _shape(self, points: Points) -> Float64[np.ndarray, "68 2"]:
        """Points round their middle, which has little noise, in sizes of the face."""
        return (points.astype(np.float64) - points.mean(0)) / self._scale


def _size(points: Points) -> float:
    return float(np.ptp(points, axis=0).max())


def unit(features: Features) -> Features:
    """Of length 1, but for none at all."""
    return features / max(float(np.linalg.norm(features)), 1e-9)


class OneEuro:
    """A low pass whose cutoff rises with the speed, for each number by itself."""

    def __init__(
        self, values: Float64[np.ndarray, "*n"], time: float, *, faster: float = _RISING
    ) -> None:
        self._values, self._speeds, self._time = values, np.zeros_like(values), time
        self._faster = faster

    def step(self, values: Float64[np.ndarray, "*n"], time: float) -> Float64[np.ndarray, "*n"]:
        """The values at a later time in seconds, smoothed."""
        since = time - self._time
        speeds = (values - self._values) / since
        self._speeds = self._speeds + _share(_SLOWEST, since) * (speeds - self._speeds)
        share = _share(_SLOWEST + self._faster * abs(self._speeds), since)
        self._values, self._time = self._values + share * (values - self._values), time
        return self._values


def _share(cutoff: Float64[np.ndarray, "*n"] | float, since: float) -> Any:
    """How much of a new value is taken, of a low pass with this cutoff in hertz."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * since))
