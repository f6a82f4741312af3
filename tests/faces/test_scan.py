"""Where faces may be: places in pixels of the picture, at whatever size they were seen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d, pad

from trombine.faces import scan
from trombine.faces.scan import SIDE, Place, apart, places, shared
from trombine.nets.faces import Finder
from trombine.nets.reader import CENTRE_STEP

Shown = list[torch.Tensor]


def test_of_places_that_lie_over_one_another_the_likeliest_stays() -> None:
    best = Place(x=50, y=50, size=40, likely=0.9)
    near, far = Place(x=54, y=50, size=44, likely=0.6), Place(x=120, y=50, size=40, likely=0.3)
    assert apart([near, far, best]) == [best, far]


def test_thousands_of_places_take_no_longer_than_they_must(
    calls_in: Callable[[Callable[[], object]], int],
) -> None:
    """As a black picture has them: none is compared with each other one by one."""
    draw = np.random.default_rng(0).random((4000, 4))
    many = [Place(x=99 * x, y=99 * y, size=9 + s, likely=p) for x, y, s, p in draw.tolist()]
    found = list[Place]()
    assert calls_in(lambda: found.extend(apart(many))) < 100_000
    boxes = [place.box() for place in found]
    assert max(shared(a, b) for a, b in combinations(boxes, 2)) < 0.3


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """What a finder is shown that takes the brightest places for the middles of faces of 20
    pixels."""
    net, shown = Finder(width=4), list[torch.Tensor]()

    def marked(x: torch.Tensor) -> torch.Tensor:
        shown.append(x)
        below, right = -x.shape[-2] % 16, -x.shape[-1] % 16
        light = avg_pool2d(pad(x, (0, right, 0, below)).mean(1, keepdim=True), CENTRE_STEP)
        return torch.cat([20 * light - 6, torch.full_like(light, float(np.log(20)))], 1)

    monkeypatch.setattr(net, "forward", marked)
    monkeypatch.setattr(scan, "finder", lambda: net)
    return shown


@pytest.mark.parametrize(("height", "width"), [(300, 401), (900, 200)])
def test_places_are_in_pixels_of_the_picture(seen: Shown, height: int, width: int) -> None:
    picture = torch.zeros(3, height, width)
    x, y, reach = width // 2, height // 2, min(height, width) // 12
    picture[:, y - reach : y + reach + 1, x - reach : x + reach + 1] = 1
    found = places(picture)
    nearest = min(found, key=lambda one: abs(one.x - x) + abs(one.y - y))
    step = max(1, max(height, width) / SIDE)
    assert abs(nearest.x - x - 0.5) < 6 * step and abs(nearest.y - y - 0.5) < 6 * step
    sizes = [20 * max(height, width) / max(x.shape[-2:]) for x in seen]
    for one in found:
        assert min(abs(one.size / size - 1) for size in sizes) < 0.02


@pytest.mark.parametrize(("height", "width"), [(3, 500), (20, 30)])
def test_small_and_thin_pictures_are_looked_at(seen: Shown, height: int, width: int) -> None:
    assert places(torch.ones(3, height, width))
    assert not places(torch.zeros(3, height, width))
    assert isinstance(places(torch.ones(3, 1, 1)), list)


def test_a_large_picture_is_made_smaller_first(seen: Shown) -> None:
    """So it takes no longer than one of the most pixels a side."""
    places(torch.zeros(3, 1000, 4800))
    sizes = [(x.shape[-2], x.shape[-1]) for x in seen]
    assert sizes[0] == (round(1000 * SIDE / 4800), SIDE)
    widths = [width for _, width in sizes]
    assert widths == [round(SIDE / 2 ** (step / 2)) for step in range(len(sizes))]
    assert len(widths) == 11 and widths[-1] == 20
