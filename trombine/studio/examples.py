"""Pictures for who has none at hand: a portrait scratched and whole, a cat, a painted face."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import skimage.data
from PIL import Image, ImageDraw

from trombine.world import face, paint

_SIDE: Final = 384
_SCRATCH: Final = 3  # pixels: the width of a scratch
_COVER: Final = 3.0  # half the width of the stroke that covers it
# Scratches over the portrait, as paths of x and y: so fine that the shipped net repairs them well.
_SCRATCHES: Final = (
    ((0, 70), (90, 92), (158, 88), (236, 121), (254, 129)),
    ((250, 0), (230, 62), (216, 120), (214, 160), (196, 196), (188, 240)),
    ((60, 383), (96, 300), (140, 250), (160, 180)),
)
_STAINS: Final = ((316, 66, 11), (100, 330, 9))  # x, y and radius
_SEED: Final = 11
_MOUTH: Final = {"radius": 22.0, "points": [[168, 288], [218, 288]]}  # of the painted face


@dataclass(frozen=True, kw_only=True)
class Example:
    """A picture that is here, and the strokes that are painted over it at first."""

    name: str
    title: str
    draw: Callable[[], bytes]  # a PNG
    strokes: tuple[dict[str, Any], ...] = ()  # radius, and points as x and y


@cache
def _astronaut() -> Image.Image:
    return Image.fromarray(skimage.data.astronaut()).crop((32, 0, 32 + _SIDE, _SIDE))


def _scratched() -> bytes:
    image = _astronaut().copy()
    draw = ImageDraw.Draw(image)
    for path in _SCRATCHES:
        draw.line(path, fill=(244, 240, 230), width=_SCRATCH, joint="curve")
    for x, y, radius in _STAINS:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(92, 66, 40))
    return _png(image)


def _cat() -> bytes:
    return _png(Image.fromarray(skimage.data.chelsea()))


@cache
def _painted() -> bytes:
    return _png(Image.fromarray(paint(face(_SEED), _SIDE, "photo").pixels))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


_STROKES: Final = (
    *({"radius": _COVER, "points": [list(point) for point in path]} for path in _SCRATCHES),
    *({"radius": radius + _COVER, "points": [[x, y]]} for x, y, radius in _STAINS),
)
EXAMPLES: Final = {
    example.name: example
    for example in (
        Example(name="scratched", title="A scratched portrait", draw=_scratched, strokes=_STROKES),
        Example(name="portrait", title="A portrait", draw=lambda: _png(_astronaut())),
        Example(name="cat", title="A cat", draw=_cat),
        Example(name="painted", title="A painted face", draw=_painted, strokes=(_MOUTH,)),
    )
}
