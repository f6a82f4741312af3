"""HEIC: read through an extra, and without it refused in a line that names it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow
from PIL import ImageOps

from trombine.core.errors import InputError
from trombine.io.image import load_picture, output_suffix, read_head, read_record

heif = pytest.importorskip("pillow_heif", reason="needs the extra heif")

PHOTO = skimage.data.astronaut()[:150, :203]


def heic(samples: np.ndarray = PHOTO, orientation: int = 1, **options: int) -> bytes:
    """As its plugin for Pillow writes it, which nothing here registers."""
    from pillow_heif.as_plugin import _save_heif

    out = io.BytesIO()
    picture = Pillow.fromarray(samples)
    picture.getexif()[274] = orientation
    picture.encoderinfo = {"quality": 90} | options
    _save_heif(picture, out, "")
    return out.getvalue()


def test_it_is_read_as_a_lossy_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(heic())
    picture = load_picture(tmp_path / "a.heic")
    assert (picture.format, picture.mode, picture.is_lossless) == ("HEIF", "RGB", False)
    assert np.abs(picture.samples.astype(int) - PHOTO).mean() < 4
    assert output_suffix(tmp_path / "a.heic") == ".png"
    assert read_record(tmp_path / "a.heic") is None
    with monkeypatch.context() as limited:
        limited.setenv("TROMBINE_MAX_PIXELS", "9")
        with pytest.raises(InputError, match="has 203 x 150 pixels, more than the 9"):
            load_picture(tmp_path / "a.heic")
    (tmp_path / "a.heic").write_bytes(heic()[:500])
    with pytest.raises(InputError, match="heic"):
        load_picture(tmp_path / "a.heic")


@pytest.mark.parametrize("orientation", [3, 6])
def test_it_is_turned_once(tmp_path: Path, orientation: int) -> None:
    """The turn is the file's own, and its EXIF repeats it."""
    even = PHOTO[:, :202]  # chroma has half the pixels: an odd one is turned to the other side
    (tmp_path / "a.heic").write_bytes(heic(even))
    (tmp_path / "b.heic").write_bytes(heic(even, orientation))
    upright = Pillow.fromarray(load_picture(tmp_path / "a.heic").samples)
    upright.getexif()[274] = orientation
    turned = load_picture(tmp_path / "b.heic").samples
    head = read_head(tmp_path / "b.heic")
    assert (head.height, head.width) == turned.shape[:2]
    assert np.array_equal(turned, np.asarray(ImageOps.exif_transpose(upright)))


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(heic())
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"pip install 'trombine\[heif\]'"):
        load_picture(tmp_path / "a.heic")
