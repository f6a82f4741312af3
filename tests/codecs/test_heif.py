"""HEIC: read through an extra, and without it refused in a line that names it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from trombine import codecs
from trombine.images import MAX_PIXELS, output_suffix, read, read_provenance
from trombine.refusal import InputError

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


def test_it_is_read_as_a_lossy_picture() -> None:
    image = codecs.decode(heic(), MAX_PIXELS)
    assert (image.format, image.mode, image.lossless) == ("HEIF", "RGB", False)
    assert codecs.kept_format(image) == "PNG"
    assert image.samples.shape == (150, 203, 3)
    assert np.abs(image.samples.astype(int) - PHOTO).mean() < 4
    assert codecs.read_head(io.BytesIO(heic()), MAX_PIXELS).width == 203


def test_alpha_and_a_profile() -> None:
    samples = np.insert(PHOTO, 3, 255, axis=2)
    samples[:70, :, 3] = 0
    image = codecs.decode(heic(samples, quality=-1, chroma=444), MAX_PIXELS)
    assert image.mode == "RGBA"
    assert np.array_equal(image.samples[..., 3], samples[..., 3])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_once(orientation: int) -> None:
    """The turn is the file's own, and its EXIF repeats it."""
    even = PHOTO[:, :202]  # chroma has half the pixels: an odd one is turned to the other side
    upright = codecs.decode(heic(even), MAX_PIXELS).samples
    data = heic(even, orientation)
    turned = codecs.decode(data, MAX_PIXELS).samples
    head = codecs.read_head(io.BytesIO(data), MAX_PIXELS)
    assert (head.height, head.width) == turned.shape[:2]
    with_pillow = {
        1: None,
        2: Pillow.Transpose.FLIP_LEFT_RIGHT,
        3: Pillow.Transpose.ROTATE_180,
        4: Pillow.Transpose.FLIP_TOP_BOTTOM,
        5: Pillow.Transpose.TRANSPOSE,
        6: Pillow.Transpose.ROTATE_270,
        7: Pillow.Transpose.TRANSVERSE,
        8: Pillow.Transpose.ROTATE_90,
    }[orientation]
    expected = Pillow.fromarray(upright)
    expected = expected if with_pillow is None else expected.transpose(with_pillow)
    assert np.array_equal(turned, np.asarray(expected))


def test_ten_bits_become_eight() -> None:
    wide = heif.from_bytes(
        "RGB;16", (203, 150), (PHOTO.astype(np.uint16) * 257).astype("<u2").tobytes()
    )
    out = io.BytesIO()
    wide.save(out, quality=90)
    image = codecs.decode(out.getvalue(), MAX_PIXELS)
    assert image.bits == 8
    assert np.abs(image.samples.astype(int) - PHOTO).mean() < 4


def test_the_limit_is_kept_and_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(heic())
    with pytest.raises(InputError, match="has 203 x 150 pixels, more than the 9"):
        read(path, max_pixels=9)
    assert output_suffix(path) == ".png"
    assert read_provenance(path) is None
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(heic()[: int(len(heic()) * share)])
        with pytest.raises(InputError, match="cut short or damaged"):
            read(path)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError) as error:
        codecs.decode(data, MAX_PIXELS)
    assert error.value.problem == "is HEIC, which needs pillow-heif"
    assert error.value.remedy.startswith("pip install 'trombine[heif]'")


def test_other_pictures_load_none_of_it(tmp_path: Path) -> None:
    Pillow.fromarray(PHOTO).save(tmp_path / "a.png")
    code = (
        "import sys; from trombine.images import read; read(sys.argv[1]);"
        "names = {'pillow_heif', 'tifffile', 'trombine.codecs.gif', 'PIL.AvifImagePlugin'};"
        "print(sorted(names & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.png")], capture_output=True, text=True
    )
    assert found.stdout == "[]\n", found.stderr
