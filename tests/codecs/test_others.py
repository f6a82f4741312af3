"""Whether a file holds more pictures than the one that is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from trombine.images import holds_others, read

FIRST, SECOND = (np.full((8, 9, 3), shade, dtype=np.uint8) for shade in (40, 200))


@pytest.mark.parametrize("ending", ["png", "tif", "avif"])
@pytest.mark.parametrize("several", [False, True])
def test_it_is_told(ending: str, several: bool, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    others = [Pillow.fromarray(SECOND)] if several else []
    Pillow.fromarray(FIRST).save(path, save_all=True, append_images=others)
    assert holds_others(path) is several
    assert abs(int(read(path).samples[0, 0, 0]) - 40) <= 2


@pytest.mark.parametrize("ending", ["gif", "webp", "jpg", "bmp"])
def test_of_other_formats_all_is_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    Pillow.fromarray(FIRST).save(path)
    assert not holds_others(path)


def test_a_small_copy_of_the_first_page_is_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(FIRST)
        file.write(FIRST[::2, ::2], subfiletype=1)
    assert not holds_others(path)
