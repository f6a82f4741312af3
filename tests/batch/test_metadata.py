"""Date, camera and place of a photograph: in what is made of it, unless they are stripped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trombine
from trombine.io.image import load_picture, read_record

ENDINGS = ["png", "jpg", "webp", "tif", "avif"]


def photograph(path: Path) -> Path:
    block = Image.Exif()
    block[0x010F], block[0x0112] = "Maker", 6
    block.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    block.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0)})
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(path, exif=block, xmp=b"<x:xmpmeta/>", quality=95)
    return path


@pytest.mark.parametrize("ending", ENDINGS)
def test_date_camera_and_place_are_kept(tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"b.{ending}"
    trombine.upscale(photograph(tmp_path / "a.jpg"), output=output, model="upscale-fast")
    found = load_picture(output)
    assert found.samples.shape == (60, 40, 3)
    block = Image.Exif()
    block.load(found.exif)
    assert block[0x010F] == "Maker"
    assert block.get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
    assert block.get_ifd(0x8825)[2] == (48.0, 51.0, 30.0)
    assert b"xmpmeta" in found.xmp


@pytest.mark.parametrize("ending", ENDINGS)
def test_strip_drops_all(tmp_path: Path, ending: str) -> None:
    options = {"model": "upscale-fast", "strip": True}
    output = tmp_path / f"b.{ending}"
    trombine.upscale(photograph(tmp_path / "a.jpg"), output=output, **options)
    found = load_picture(output)
    assert (found.exif, found.xmp) == (b"", b"")
    assert b"Maker" not in output.read_bytes()
    assert read_record(output) is not None


@pytest.mark.parametrize("strip", [False, True])
def test_replay_makes_the_same_bytes(tmp_path: Path, strip: bool) -> None:
    photograph(tmp_path / "a.jpg")
    trombine.upscale(tmp_path / "a.jpg", output=tmp_path / "b.png", strip=strip)
    trombine.replay(pictures=tmp_path / "b.png", output=tmp_path / "c.png", inputs=tmp_path)
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "b.png").read_bytes()
