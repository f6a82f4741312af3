"""Landmarks of one face from frame to frame, without their noise; what moves is kept.

Landmarks are turned into numbers that stand for movements: where the whole face is and how it is
turned; then, in the face's own upright frame, how the points of each part shift, stretch across
and stretch down; and the rest. A blink is one of these numbers, so it stands out of the noise of
twelve points after one frame. Each is filtered as a random walk (Kalman); how far it walked is
taken from the reading itself: a step that is larger than the noise explains is followed at once
(covariance matching, Mehra, 1972). How noisy each number is, the film says: what lies off the line
between the frames before and after. Where the whole film is known, the filter is run back too
(Rauch, Tung and Striebel, 1965), and nothing lags.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Complex128, Float

from trombine.conventions import LANDMARK_COUNT, LANDMARK_GROUPS

Points = Float[np.ndarray, "68 2"]
Errors = Float[np.ndarray, "68"]

# Parts that move together; both eyes blink at once.
_PARTS: Final = (
    ("jaw",),
    ("right_brow", "left_brow"),
    ("nose",),
    ("right_eye", "left_eye"),
    ("outer_lips+inner_lips",),
)
_MODES: Final = 3  # of a part, across and down each: shift, stretch down, stretch across
# By how much of the noise's variance a number walks in a second where nothing says that it moves.
_POSE_WALK: Final = 5.0
_MODE_WALK: Final = 0.5
_REST_WALK: Final = 0.05
_FRAMES: Final = 60  # that say how noisy a number is
# Before frames have said it: the noise's variance, as a share of the square of the reader's
# errors, which are mostly the same in each frame; as if so many frames had said it.
_NOISE: Final = 0.3
_NOISE_FRAMES: Final = 8
_LEAST_NOISE: Final = 0.02
_SHARED_NOISE: Final = 4.0  # times the noise of a mean of 68 points: neighbours err alike


@final
class Steadier:
    """The landmarks of one face, steadied as they come."""

    def __init__(self, points: Points) -> None:
        self._shape = _Shape(points)
        self._filter = _Filter(self._shape)
        self._noise = _Noise(self._shape)

    def step(self, points: Points, errors: Errors, time: float) -> Points:
        """The landmarks of the next frame, read at this time in seconds."""
        values, variances = self._shape.split(points, errors)
        self._noise.add(values, variances, time)
        return self._shape.join(self._filter.step(values, variances * self._noise.scale(), time))


def steadied(
    points: Sequence[Points], errors: Sequence[Errors], times: Sequence[float]
) -> list[Points]:
    """The landmarks of one face in a whole film, steadied forwards and backwards: without lag."""
    shape = _Shape(points[0])
    noise = _Noise(shape, frames=len(points))
    numbers = [shape.split(*pair) for pair in zip(points, errors, strict=True)]
    for (values, variances), time in zip(numbers, times, strict=True):
        noise.add(values, variances, time)
    scale = noise.scale()
    readings = [
        (values, variances * scale, time)
        for (values, variances), time in zip(numbers, times, strict=True)
    ]
    # A movement is seen best from where it is fast: a lid that opens slowly closed fast.
    ends = [(values, variances, -time) for values, variances, time in reversed(readings)]
    backwards = _Filter(shape, keep=True).run(ends).steps()[::-1]
    both = _Filter(shape, keep=True).run(readings, backwards)
    return [shape.join(values) for values in both.backwards()]


@final
class _Shape:
    """Landmarks to numbers that stand for movements, and back.

    The numbers that share an axis lie beside one another: pose first (turn and scale, then place),
    then each part's modes (across and down, of both sides), then what is left of the part.
    """

    def __init__(self, points: Points) -> None:
        flat = _complex(points)
        right, left = (flat[list(LANDMARK_GROUPS[name])].mean() for name in _PARTS[3])
        across = left - right if left != right else 1.0
        self._model = (flat - flat.mean()) / across  # upright, the eyes 1 apart
        self._basis = np.zeros((LANDMARK_COUNT, LANDMARK_COUNT))
        axes = np.zeros((LANDMARK_COUNT, 2), np.int64)  # of each column, across and down
        members: list[list[int]] = []  # of each axis: the landmarks that it moves
        for names in _PARTS:
            sides = [_landmarks(name) for name in names]
            first, every = len(members), [point for side in sides for point in side]
            for side in sides:
                self._basis[np.ix_(side, side)] = _modes(self._model[side])
                axes[side[:_MODES]] = first + np.arange(2 * _MODES).reshape(_MODES, 2)
                axes[side[_MODES:]] = first + 2 * _MODES
            members += [every] * (2 * _MODES + 1)
        self._order = np.argsort(axes.T.ravel(), kind="stable")
        self._share = np.array([np.isin(np.arange(LANDMARK_COUNT), m) / len(m) for m in members])
        self.counts = np.concatenate([[2, 2], np.bincount(axes.ravel())])
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        self.rest = np.arange(len(self.counts)) >= 2
        self.rest &= (np.arange(len(self.counts)) - 2) % (2 * _MODES + 1) == 2 * _MODES
        self.walks = np.where(self.rest, _REST_WALK, _MODE_WALK)
        self.walks[:2] = _POSE_WALK

    def split(self, points: Points, errors: Errors) -> tuple[np.ndarray, np.ndarray]:
        """All numbers, and for each axis the square of what the reader's errors make of it."""
        flat, squares = _complex(points), np.maximum(errors.astype(np.float64), 1e-6) ** 2
        weights = 1 / squares / (1 / squares).sum()
        middle, centre = weights @ self._model, weights @ flat
        model = self._model - middle
        spread = max(weights @ abs(model) ** 2, 1e-12)
        # Points that all lie in one place have no size; any size fits.
        turn = (weights * model.conj()) @ (flat - centre) / spread or 1.0 + 0j
        place = centre - turn * middle
        own = self._basis.T @ ((flat - place) / turn)
        own = np.concatenate([own.real, own.imag])[self._order]
        values = np.concatenate([[turn.real, turn.imag, place.real, place.imag], own])
        pose = squares.mean() * _SHARED_NOISE / LANDMARK_COUNT
        pair = pose / max((abs(self._model) ** 2).mean(), 1e-12), pose
        return values, np.concatenate([pair, self._share @ squares / abs(turn) ** 2])

    def join(self, values: np.ndarray) -> Points:
        """The landmarks that have these numbers."""
        own = np.empty(2 * LANDMARK_COUNT)
        own[self._order] = values[4:]
        across, down = own.reshape(2, LANDMARK_COUNT)
        flat = self._basis @ (across + 1j * down)
        flat = flat * complex(values[0], values[1]) + complex(values[2], values[3])
        return np.stack([flat.real, flat.imag], 1).astype(np.float32)

    def means(self, values: np.ndarray) -> np.ndarray:
        """Of each axis."""
        return np.add.reduceat(values, self.starts) / self.counts


def _complex(points: Points) -> Complex128[np.ndarray, "68"]:
    return points[:, 0] + 1j * points[:, 1].astype(np.float64)


def _landmarks(names: str) -> list[int]:
    return [point for name in names.split("+") for point in LANDMARK_GROUPS[name]]


def _modes(model: Complex128[np.ndarray, "k"]) -> Float[np.ndarray, "k k"]:
    """An orthonormal basis whose first columns are shift, stretch down and stretch across."""
    columns = np.stack([np.ones(len(model)), np.imag(model), np.real(model)], 1)
    return np.linalg.qr(np.concatenate([columns, np.eye(len(model))], 1))[0]


@final
class _Noise:
    """How noisy each axis is, beside what the reader's errors make of it."""

    def __init__(self, shape: _Shape, *, frames: int = _FRAMES) -> None:
        self._shape = shape
        # The median of chi squared over its degrees of freedom (Wilson and Hilferty, 1931).
        self._median = (1 - 2 / (9 * shape.counts)) ** 3
        self._seen: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=3)
        prior = _NOISE * self._median
        self._ratios = deque([prior] * _NOISE_FRAMES, maxlen=max(frames, _NOISE_FRAMES))

    def add(self, values: np.ndarray, variances: np.ndarray, time: float) -> None:
        """Take a frame in: the one before it is compared with the line between its neighbours."""
        self._seen.append((values, variances, time))
        if len(self._seen) < 3:
            return
        (before, _, start), (value, variance, now), (after, _, end) = self._seen
        share = (end - now) / (end - start)
        off = value - share * before - (1 - share) * after
        spread = 1 + share**2 + (1 - share) ** 2
        self._ratios.append(self._shape.means(off**2) / spread / variance)

    def scale(self) -> np.ndarray:
        """What to multiply variances by. Few frames of fast movement do not count: a median."""
        return np.maximum(np.median(self._ratios, 0) / self._median, _LEAST_NOISE)


@final
@dataclass(frozen=True, kw_only=True)
class _State:
    values: np.ndarray
    variances: np.ndarray  # of each axis
    predicted: np.ndarray  # the variances before this frame was seen
    step: np.ndarray  # how far each axis may have walked since the last frame: a variance


@final
class _Filter:
    """A Kalman filter of random walks whose steps are as large as the readings say."""

    def __init__(self, shape: _Shape, *, keep: bool = False) -> None:
        self._shape = shape
        # Of the rest, which nothing coherent moves, only what chance does not explain is followed.
        self._chance = np.where(shape.rest, np.sqrt(2 / shape.counts), 0)
        self._states: deque[_State] = deque(maxlen=None if keep else 1)
        self._time = 0.0

    def run(
        self,
        readings: Sequence[tuple[np.ndarray, np.ndarray, float]],
        steps: Sequence[np.ndarray] | None = None,
    ) -> _Filter:
        """Take all frames in; `steps` says how far numbers walked before each but the first."""
        for k, reading in enumerate(readings):
            self.step(*reading, least=steps[k - 1] if steps and k else 0.0)
        return self

    def steps(self) -> list[np.ndarray]:
        """How far numbers walked between frames: variances of each axis."""
        return [state.step for state in list(self._states)[1:]]

    def step(
        self, values: np.ndarray, noise: np.ndarray, time: float, least: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """What the numbers are, where these were read with this variance."""
        if not self._states:
            state = _State(values=values, variances=noise, predicted=noise, step=0 * noise)
        else:
            last = self._states[-1]
            walk = noise * self._shape.walks * (time - self._time)
            surprise = self._shape.means((values - last.values) ** 2)
            expected = (last.variances + walk + noise) * (1 + self._chance)
            walk = np.maximum(walk + np.maximum(surprise - expected, 0), least)
            predicted = last.variances + walk
            gain = predicted / (predicted + noise)
            moved = np.repeat(gain, self._shape.counts) * (values - last.values)
            state = _State(
                values=last.values + moved,
                variances=(1 - gain) * predicted,
                predicted=predicted,
                step=walk,
            )
        self._states.append(state)
        self._time = time
        return state.values

    def backwards(self) -> list[np.ndarray]:
        """The numbers of all frames, each known from those before and those after it."""
        numbers = [self._states[-1].values]
        for k in range(len(self._states) - 2, -1, -1):
            state = self._states[k]
            gain = np.repeat(state.variances / self._states[k + 1].predicted, self._shape.counts)
            numbers.append(state.values + gain * (numbers[-1] - state.values))
        return numbers[::-1]
