"""The person of a character's file, drawn anew as often as a page's sliders move.

A job of restyle says who that is (`write_character`). Painting needs no nets, and its kernels run
without Python's lock: a thread of the server does it while others are answered.
"""

from __future__ import annotations

import asyncio
import io
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from PIL import Image
from starlette.concurrency import run_in_threadpool

from trombine.refusal import InputError, shortened
from trombine.studio.guard import json_of
from trombine.world import FIELDS, STYLES, Face, paint
from trombine.world.painting import SMALLEST

LARGEST: Final = 1024  # pixels; a job draws larger ones
USUAL: Final = 256
_AT_ONCE: Final = 2  # that are drawn; others wait, and take no thread meanwhile


def portraits_router() -> APIRouter:
    """The path by which a person is drawn."""
    router = APIRouter()
    turns = asyncio.Semaphore(_AT_ONCE)

    async def draw(request: Request) -> Response:
        """The picture of a person, as PNG: JSON with `character`, as restyle's `write_character`
        has it, `style`, and `size` in pixels."""
        asked = await json_of(request)
        person, style, size = _person(asked.get("character")), _style(asked), _size(asked)
        async with turns:
            return Response(await run_in_threadpool(_drawn, person, size, style), media_type=_PNG)

    router.add_api_route(
        "/api/draw",
        draw,
        methods=["POST"],
        response_class=Response,
        responses={422: {"description": "it cannot be drawn; `error` says why"}},
    )
    return router


_PNG: Final = "image/png"


def _drawn(person: Face, size: int, style: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(paint(person, size, style).pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _person(fields: Any) -> Face:
    if not isinstance(fields, dict):
        raise InputError("character is not said", "send what restyle writes: write_character")
    if wrong := sorted(fields.keys() ^ {info.name for info in FIELDS}):
        is_extra = wrong[0] in fields
        text = f"has no field {shortened(wrong[0])}" if is_extra else f"lacks the field {wrong[0]}"
        raise InputError(f"character {text}", "send all that restyle wrote")
    for name, value in fields.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"character: {name} is a number")
    try:
        return Face(**{name: float(value) for name, value in fields.items()})
    except (ValueError, OverflowError) as error:
        raise InputError(f"character: {error}") from error


def _style(asked: dict[str, Any]) -> str:
    if (style := asked.get("style")) not in STYLES:
        raise InputError(f"style is one of {', '.join(STYLES)}")
    return style


def _size(asked: dict[str, Any]) -> int:
    size = asked.get("size", USUAL)
    if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
        raise InputError(f"size is a whole number from {SMALLEST} to {LARGEST}")
    return size
