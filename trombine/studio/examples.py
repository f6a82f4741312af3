"""Pictures for who has none at hand: a portrait scratched and whole, a cat, a painted face."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

import skimage.data
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from PIL import Image, ImageDraw

from trombine.core.conventions import LANDMARK_GROUPS, PARTS
from trombine.io.overlays import CLOSED
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


class Example(NamedTuple):
    """A picture that is here, and the strokes that are painted over it at first."""

    title: str
    draw: Callable[[], Image.Image]
    strokes: tuple[dict[str, Any], ...] = ()  # radius, and points as x and y


@cache
def _astronaut() -> Image.Image:
    return Image.fromarray(skimage.data.astronaut()).crop((32, 0, 32 + _SIDE, _SIDE))


def _scratched() -> Image.Image:
    image = _astronaut().copy()
    draw = ImageDraw.Draw(image)
    for path in _SCRATCHES:
        draw.line(path, fill=(244, 240, 230), width=_SCRATCH, joint="curve")
    for x, y, radius in _STAINS:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(92, 66, 40))
    return image


def _cat() -> Image.Image:
    return Image.fromarray(skimage.data.chelsea())


@cache
def _painted() -> Image.Image:
    return Image.fromarray(paint(face(_SEED), _SIDE, "photo").pixels)


_STROKES: Final = (
    *({"radius": _COVER, "points": [list(point) for point in path]} for path in _SCRATCHES),
    *({"radius": radius + _COVER, "points": [[x, y]]} for x, y, radius in _STAINS),
)
EXAMPLES: Final = {
    "scratched": Example("A scratched portrait", _scratched, _STROKES),
    "portrait": Example("A portrait", _astronaut),
    "cat": Example("A cat", _cat),
    "painted": Example("A painted face", _painted, (_MOUTH,)),
}


def examples_router() -> APIRouter:
    """The paths of the examples, and of what the parts and landmarks of faces are called."""
    router = APIRouter(prefix="/api", default_response_class=Response)

    @router.get("/examples")
    def listed(request: Request) -> Response:
        """Pictures for who has none at hand, and the strokes of a mask for them."""
        address = f"{request.state.root}/api/examples"
        return JSONResponse(
            [
                {"name": file, "title": e.title, "url": f"{address}/{file}", "strokes": e.strokes}
                for file, e in ((f"{name}.png", example) for name, example in EXAMPLES.items())
            ]
        )

    @router.get("/examples/{name}.png")
    def one(name: str) -> Response:
        """The file of an example."""
        if name not in EXAMPLES:
            raise HTTPException(404)
        EXAMPLES[name].draw().save(buffer := io.BytesIO(), "PNG")
        return Response(buffer.getvalue(), media_type="image/png")

    @router.get("/parts")
    def parts() -> Response:
        """The parts of a face, by the labels of a map of parts."""
        return JSONResponse([vars(part) for part in PARTS])

    @router.get("/landmarks")
    def landmarks() -> Response:
        """The groups of a face's landmarks, in their order, and which are drawn as rings."""
        return JSONResponse(
            [
                {"name": name, "count": len(group), "closed": name in CLOSED}
                for name, group in LANDMARK_GROUPS.items()
            ]
        )

    return router
