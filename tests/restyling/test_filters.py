"""Filters of what is no face: against brute force, and what they leave and take."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import data as skimage_data

from trombine.core.conventions import to_picture
from trombine.restyling import filters

STYLES = ("anime", "cartoon", "sketch")


def photo(step: int = 4) -> torch.Tensor:
    return to_picture(np.ascontiguousarray(skimage_data.astronaut()[::step, ::step]))


@pytest.mark.parametrize("width", [0.7, 2.5, 12.0])
def test_a_blur_is_scipys(width: float) -> None:
    """A wide one is made in a smaller picture, and nearly so."""
    plane = filters.luma(photo()[None])
    wanted = ndimage.gaussian_filter(plane[0, 0].numpy().astype(float), width, mode="nearest")
    found = filters.blurred(plane, width)[0, 0].numpy()
    assert np.abs(found - wanted).max() < (2e-3 if width < 8 else 0.07)


def test_flat_colours_are_those_of_a_guided_filter() -> None:
    """He et al. 2013, equations 5 and 6, pixel by pixel."""
    pictures = photo(16)[None]
    light = filters.luma(pictures)
    found = filters.flattened(pictures, light, 2.0, 0.1)[0].numpy()
    guide, colours = light[0, 0].double().numpy(), pictures[0].double().numpy()
    height, width = guide.shape
    slopes, offsets = np.zeros_like(colours), np.zeros_like(colours)

    def around(row: int, column: int) -> tuple[slice, slice]:
        return (
            slice(max(row - 2, 0), min(row + 3, height)),
            slice(max(column - 2, 0), min(column + 3, width)),
        )

    for row in range(height):
        for column in range(width):
            place = around(row, column)
            near = guide[place]
            for channel in range(3):
                values = colours[channel][place]
                slope = (near * values).mean() - near.mean() * values.mean()
                slope /= near.var() + 0.1**2
                slopes[channel, row, column] = slope
                offsets[channel, row, column] = values.mean() - slope * near.mean()
    for row in range(height):
        for column in range(width):
            place = around(row, column)
            for channel in range(3):
                wanted = slopes[channel][place].mean() * guide[row, column]
                wanted += offsets[channel][place].mean()
                assert found[channel, row, column] == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("style", STYLES)
def test_what_is_even_has_no_lines(style: str) -> None:
    """Of any light; in a sketch it is paper."""
    for level in (0.0, 0.3, 1.0):
        made = filters.drawn(torch.full((3, 40, 50), level), style)
        assert float(made.max() - made.min()) < 1e-4
        assert style != "sketch" or level < 0.1 or float(made.min()) > 0.97


@pytest.mark.parametrize("style", STYLES)
def test_an_edge_has_a_line_on_its_dark_side(style: str) -> None:
    picture = torch.full((3, 64, 64), 0.8)
    picture[:, :, 32:] = 0.3
    picture = torch.nn.functional.interpolate(picture[None], 512, mode="nearest")[0]
    light = filters.luma(filters.drawn(picture, style)[None])[0, 0, 256]
    assert float(light[256:264].min()) < float(light[400]) - 0.02
    assert float((light[100:220] - light[100]).abs().max()) < 0.05


@pytest.mark.parametrize("style", STYLES)
def test_a_large_picture_looks_like_a_small_one(style: str) -> None:
    """Drawn and made smaller it is nearly what the smaller one is when it is drawn."""
    large = to_picture(skimage_data.astronaut())
    drawn = [filters.drawn(one, style) for one in (large, filters.resized(large[None], 0.5)[0])]
    smaller = filters.resized(drawn[0][None], 0.5)[0]
    other = filters.drawn(photo(1)[:, :256, :256], style)
    apart = float((smaller - drawn[1]).abs().mean())
    assert apart < 0.06 and apart < 0.4 * float((other - drawn[1]).abs().mean())
