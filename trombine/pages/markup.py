"""Markup from text: escaped unless it already is markup; pictures as data inside it."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

Pixels = UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]

VOID: Final = frozenset({"br", "hr", "img", "input", "meta", "link"})  # have no end tag


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Text as markup. Markup stays as it is."""
    return text if isinstance(text, Html) else Html(html.escape(text, quote=True))


def join(*parts: str) -> Html:
    """Parts one after the other, each on a line of its own."""
    return Html("\n".join(escape(part) for part in parts if part))


def element(name: str, attributes: Mapping[str, str | int] | None = None, *content: str) -> Html:
    """`<name attribute="value">content</name>`, all escaped. An empty value gives a bare name."""
    words = [name]
    for key, value in (attributes or {}).items():
        words.append(f'{key}="{html.escape(str(value), quote=True)}"' if value != "" else key)
    start = f"<{' '.join(words)}>"
    if name in VOID:
        return Html(start)
    return Html(f"{start}{''.join(escape(part) for part in content)}</{name}>")


def data_uri(pixels: Pixels, *, quality: int = 88) -> str:
    """Pixels as a WebP inside an address, so that the page needs no other file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(buffer, "WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
