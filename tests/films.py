"""Films that tests write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trombine.io.batch import save
from trombine.io.image import Picture
from trombine.io.video import Frames


def save_frames(
    path: Path,
    frames: Sequence[Picture],
    durations: Sequence[int],
    *,
    loops: int = 0,
    record: Mapping[str, Any] | None = None,
) -> None:
    """Write a film as .gif or .webp: durations in ms, `loops` 0 for ever."""
    save(path, Frames(frames=tuple(frames), durations=tuple(durations), loops=loops), record)
