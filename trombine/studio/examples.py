"""Pictures for who has none at hand: a portrait scratched and whole, a cat, a painted face."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw

_SIDE: Final = 384
_SCRATCH: Final = 2.5  # pixels: half the width of a scratch
_COVER: Final = 5.0  # and of the stroke that covers it
# Scratches over the portrait, as paths of x and y.
_SCRATCHES: Final = (
    ((0, 60), (90, 92), (168, 84), (262, 128), (383, 118)),
    ((236, 0), (214, 70), (222, 128), (196, 210), (206, 300)),
    ((60, 383), (96, 300), (150, 244), (172, 176)),
)
_BLOT: Final = (96, 262, 17)  # x, y and radius of a stain
_PAINTED: Final = "trombine data world --count 1 --size 384 --style photo --first-seed 11"


@dataclass(frozen=True, kw_only=True)
class Example:
    """A picture that is here, and the strokes that are painted over it at first."""

    name: str
    title: str
    draw: Callable[[Path], bytes]  # given the studio's folder, a PNG
    strokes: tuple[dict[str, Any], ...] = ()  # radius, and points as x and y


@cache
def _astronaut() -> Image.Image:
    import skimage.data

    return Image.fromarray(skimage.data.astronaut()).crop((32, 0, 32 + _SIDE, _SIDE))


def _scratched(_: Path) -> bytes:
    image = _astronaut().copy()
    draw = ImageDraw.Draw(image)
    for path in _SCRATCHES:
        draw.line(path, fill=(244, 240, 230), width=round(2 * _SCRATCH), joint="curve")
    x, y, radius = _BLOT
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(92, 66, 40))
    return _png(image)


def _cat(_: Path) -> bytes:
    import skimage.data

    return _png(Image.fromarray(skimage.data.chelsea()))


def _painted(folder: Path) -> bytes:
    """By the command, in a process of its own: the painters are large, and needed once."""
    place = folder / "examples"
    file = place / "000000.png"
    if not file.exists():
        words = [sys.executable, "-m", *_PAINTED.split(), "--overwrite", "-o", str(place)]
        subprocess.run(words, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return next(iter(sorted(place.glob("*.png")))).read_bytes()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


_STROKES: Final = (
    *({"radius": _COVER, "points": [list(point) for point in path]} for path in _SCRATCHES),
    {"radius": _BLOT[2] + 3.0, "points": [[_BLOT[0], _BLOT[1]]]},
)
EXAMPLES: Final = {
    example.name: example
    for example in (
        Example(name="scratched", title="A scratched portrait", draw=_scratched, strokes=_STROKES),
        Example(name="portrait", title="A portrait", draw=lambda _: _png(_astronaut())),
        Example(name="cat", title="A cat", draw=_cat),
        Example(name="painted", title="A painted face", draw=_painted),
    )
}
