"""Draws a character while the sliders of a page move.

A job of restyle writes the character (`write_character`). Painting needs no net, and its kernels
release the GIL, so a thread of the server does it.
"""

from __future__ import annotations

import asyncio
import io
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from PIL import Image
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from trombine.commands.options import limits
from trombine.core.errors import InputError
from trombine.restyling.portrait import person_of
from trombine.studio.api import checked
from trombine.studio.guard import json_of
from trombine.world import paint
from trombine.world.painting import SMALLEST

LARGEST: Final = 1024  # pixels; a job draws larger ones
USUAL: Final = 256
_AT_ONCE: Final = 2  # drawings at a time; others wait without a thread


class _Drawing(BaseModel):
    """A person, and how to draw them."""

    model_config = ConfigDict(strict=True)
    character: dict[str, float]
    style: Literal["photo", "anime", "cartoon", "sketch"]
    size: Annotated[int, limits(SMALLEST, LARGEST)] = USUAL


def portraits_router() -> APIRouter:
    """The path that draws a character."""
    router = APIRouter()
    turns = asyncio.Semaphore(_AT_ONCE)

    @router.post("/api/draw", response_class=Response)
    async def draw(request: Request) -> Response:
        """The picture of a person, as PNG: JSON with `character`, as restyle's `write_character`
        has it, `style`, and `size` in pixels."""
        asked = checked(_Drawing, await json_of(request))
        async with turns:
            return Response(await run_in_threadpool(_drawn, asked), media_type="image/png")

    return router


def _drawn(asked: _Drawing) -> bytes:
    try:
        person = person_of(asked.character)
    except InputError as error:
        problem, remedy = f"character {error.problem}", "send what restyle writes: write_character"
        raise InputError(problem, remedy) from error
    buffer = io.BytesIO()
    Image.fromarray(paint(person, asked.size, asked.style).pixels).save(buffer, "PNG")
    return buffer.getvalue()
