"""The bar on a terminal: one for a picture, and nothing of the output in its stream."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Terminal = Callable[..., Any]


def test_one_picture_has_one_bar_of_percentages(picture: Path, on_terminal: Terminal) -> None:
    """The bar of a single picture goes from 0% to 100%, under one name, and never back."""
    line = "trombine upscale photo.png --tile 16 --model upscale-x2 -o large.png"
    session = on_terminal(line)
    bars = [text for text in session.lines if "━" in text]
    assert {text.split()[0] for text in bars} == {"picture"}
    shares = [int(re.findall(r"(\d+)%", text)[0]) for text in bars]
    assert shares == sorted(shares) and shares[-1] == 100
    assert not any("/" in text for text in bars)


def test_a_blend_of_two_nets_is_one_bar_too() -> None:
    """Two nets that are blended share the percentages of one bar."""
    import numpy as np

    from trombine.io.image import Picture
    from trombine.upscaling.pictures import enlarged_image
    from trombine.upscaling.pipelines import plan_pipeline

    blend = "upscale-fast+upscale-drawings*0.5"
    pipeline = plan_pipeline(90, 90, factor=2, box=None, model=blend)
    shares: list[float] = []
    pixels = np.random.default_rng(0).integers(0, 256, (90, 90, 3)).astype(np.uint8)
    image = Picture(samples=pixels)
    enlarged_image(image, pipeline, tile=16, tick=lambda done, of: shares.append(done / of))
    assert len(shares) > 4
    assert shares == sorted(shares) and shares[-1] == 1


def test_results_are_named_above_the_bar(picture: Path, on_terminal: Terminal) -> None:
    """On a terminal a result's line stands above the bar, and the bar goes away at the end."""
    session = on_terminal("trombine upscale photo.png --model upscale-fast -o large.png")
    named = [text for text in session.lines if text.startswith("trombine: large.png: 96 x 80, ")]
    assert len(named) == 1
    assert session.output == "1 picture written\n"


def test_quiet_draws_no_bar(picture: Path, on_terminal: Terminal) -> None:
    """With -q a terminal stays as it is."""
    session = on_terminal("trombine -q upscale photo.png --model upscale-fast -o large.png")
    assert (session.code, session.screen, session.output) == (0, "", "")


def test_what_is_printed_goes_to_the_output(picture: Path, on_terminal: Terminal) -> None:
    """Output that goes to a file or a pipe is all there, though the bar is on a terminal."""
    session = on_terminal("trombine read photo.png --json")
    assert json.loads(session.output)["width"] == 48
    assert "width" not in session.screen
