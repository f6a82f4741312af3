"""Pictures before and after, as a folder with input/ and target/."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trombine import train
from trombine.core.errors import InputError
from trombine.data.layouts import list_folder
from trombine.data.source import source
from trombine.models import load

SIZE = 16


def pairs(folder: Path, count: int) -> Path:
    """Pictures, and the same brighter by 40."""
    for side in ("input", "target"):
        (folder / side).mkdir(parents=True)
    for number in range(count):
        chance = np.random.default_rng(number)
        colour = chance.integers(20, 200, (1, 1, 3))
        dark = np.broadcast_to(colour, (SIZE, SIZE, 3)).astype(np.uint8)
        Image.fromarray(dark).save(folder / f"input/{number}.png")
        Image.fromarray(dark + 40).save(folder / f"target/{number}.png")
    return folder


def test_names_that_are_in_both_are_pairs(tmp_path: Path) -> None:
    pairs(tmp_path, 3)
    (tmp_path / "target/1.png").rename(tmp_path / "target/1.webp")
    (tmp_path / "input/alone.png").write_bytes((tmp_path / "input/0.png").read_bytes())
    listing = list_folder(tmp_path)
    assert (listing.layout, len(listing.records), listing.lost) == ("pairs", 3, 1)
    batch = source(f"folder:{tmp_path}", SIZE).batch(np.arange(3))
    assert batch.pair is not None
    assert (batch.pair.pixels.int() - batch.pixels.int() == 40).all()


def test_a_net_learns_from_the_first_what_the_second_is(tmp_path: Path) -> None:
    pairs(tmp_path / "data", 40)
    settings = {"damage": "pairs", "size": SIZE, "width": 8, "levels": 1, "ssim": 0}
    train(
        "cleaner",
        data=f"folder:{tmp_path / 'data'}",
        output=tmp_path / "run",
        pictures=3_000,
        batch=8,
        lr=1e-2,
        threads=1,
        **settings,
    )
    net = load(tmp_path / "run").net
    import torch

    grey = torch.full((1, 3, SIZE, SIZE), 100 / 255)
    with torch.no_grad():
        found = 255 * net(grey)
    assert abs(float(found.mean()) - 140) < 6


def test_single_pictures_are_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is of no pairs"):
        train("cleaner", damage="pairs", data="leaves#48", size=16, output=tmp_path / "run")
