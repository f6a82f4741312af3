"""The truth of a mirrored picture, by the tables of conventions.py."""

from __future__ import annotations

import numpy as np

from trombine.core.conventions import MIRRORED_LANDMARK, MIRRORED_PART


def mirror_parts(parts: np.ndarray) -> np.ndarray:
    return MIRRORED_PART[parts[:, ::-1]]


def mirror_points(points: np.ndarray, width: float) -> np.ndarray:
    mirrored = points[MIRRORED_LANDMARK].copy()
    mirrored[:, 0] = width - mirrored[:, 0]
    return mirrored


def mirror_visible(visible: np.ndarray) -> np.ndarray:
    return visible[MIRRORED_LANDMARK]
