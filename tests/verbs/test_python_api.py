"""Pictures that a program holds, given to the functions: what comes back, and what errors say."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import trombine
from trombine.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.io.image import Picture, load_picture, picture_of, save_picture
from trombine.reader import Face, Frame
from trombine.readings.making import SHOWN, PictureReading
from trombine.refusal import InputError
from trombine.world import face, paint

pytestmark = pytest.mark.usefixtures("photographs")
MODEL = "upscale-fast"
RAMP = np.linspace(0, 1, 20 * 24).reshape(20, 24)


def arrays(kit: ModuleType) -> dict[str, np.ndarray]:
    """Arrays of each shape and depth that a picture may have."""
    colours = kit.pixels()
    alpha = (RAMP * 255).astype(np.uint8)
    deep = colours.astype(np.uint16) * 251
    return {
        "grey": colours[..., 0],
        "one channel": colours[..., :1],
        "grey and alpha": np.dstack([colours[..., 0], alpha]),
        "colours": colours,
        "alpha": np.dstack([colours, alpha]),
        "grey of 16 bits": deep[..., 0],
        "colours of 16 bits": deep,
        "alpha of 16 bits": np.dstack([deep, alpha.astype(np.uint16) * 257]),
    }


KINDS = (
    *("grey", "one channel", "grey and alpha", "colours", "alpha"),
    *("grey of 16 bits", "colours of 16 bits", "alpha of 16 bits"),
)


def by_command(source: Path, **options: Any) -> Picture:
    """What the command writes of a file."""
    output = source.parent / "large.png"
    trombine.upscale(pictures=source, output=output, overwrite=True, **options)
    return load_picture(output)


# upscale


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["auto", MODEL])
def test_an_array_becomes_what_the_command_writes(
    kind: str, model: str, tmp_path: Path, kit: ModuleType
) -> None:
    """Every sample is the same, and the array has as many channels and the same type."""
    array = arrays(kit)[kind]
    save_picture(tmp_path / "a.png", picture_of(array))
    result = trombine.upscale(array, factor=3, model=model)
    assert isinstance(result, np.ndarray)
    assert (result.dtype, result.shape) == (array.dtype, (60, 72, *array.shape[2:]))
    wanted = by_command(tmp_path / "a.png", factor=3, model=model).samples
    assert np.array_equal(result.reshape(wanted.shape), wanted)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I"])
def test_a_pillow_image_becomes_what_the_command_writes(
    mode: str, tmp_path: Path, kit: ModuleType
) -> None:
    """The same pixels, in the same mode where an enlarged picture can have it."""
    if mode.startswith("I"):
        small = Pillow.fromarray(arrays(kit)["grey of 16 bits"]).convert(mode)
    else:
        small = Pillow.fromarray(arrays(kit)["colours" if mode == "P" else "alpha"]).convert(mode)
    name = "a.tif" if mode in ("CMYK", "I") else "a.png"
    small.save(tmp_path / name)
    result = trombine.upscale(small, factor=2, model=MODEL)
    assert isinstance(result, Pillow.Image) and result.size == (48, 40)
    assert result.mode == {"1": "L", "P": "RGB", "CMYK": "RGB"}.get(mode, mode)
    if mode != "I":
        output = tmp_path / f"b{Path(name).suffix}"
        trombine.upscale(pictures=tmp_path / name, output=output, model=MODEL)
        wanted = load_picture(output).samples
        assert np.array_equal(np.asarray(result).reshape(wanted.shape), wanted)
    else:
        assert np.array_equal(
            np.asarray(result),
            trombine.upscale(np.asarray(small).astype(np.uint16), factor=2, model=MODEL),
        )


def test_a_pillow_image_that_was_opened(tmp_path: Path, kit: ModuleType) -> None:
    """A JPEG that was opened is turned upright, keeps its profile, and is known for a JPEG."""
    exif, profile = Pillow.Exif(), kit.profile()  # which holds the time at which it was made
    exif[274] = 6
    Pillow.fromarray(kit.pixels(40, 48)).save(
        tmp_path / "a.jpg", quality=60, exif=exif, icc_profile=profile
    )
    with Pillow.open(tmp_path / "a.jpg") as opened:
        result = trombine.upscale(opened, factor=2)
    assert result.size == (80, 96) and result.info["icc_profile"] == profile
    assert np.array_equal(np.asarray(result), by_command(tmp_path / "a.jpg").samples)
    assert not np.array_equal(
        np.asarray(result), by_command(tmp_path / "a.jpg", model="upscale").samples
    )


def test_a_path_gives_a_pillow_image_and_writes_nothing(tmp_path: Path, kit: ModuleType) -> None:
    """As text too; a file is written only where an output is named."""
    source = kit.photo(tmp_path)
    for path in (source, str(source)):
        result = trombine.upscale(path, factor=2, model=MODEL)
        assert isinstance(result, Pillow.Image)
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    result = np.asarray(trombine.upscale(source, factor=2, model=MODEL))
    assert np.array_equal(result, by_command(source, model=MODEL).samples)


def test_a_path_with_an_output_is_the_command(tmp_path: Path, kit: ModuleType) -> None:
    """With an output, a path, and a list of them, are pictures of files, as ever."""
    source, output = kit.photo(tmp_path), tmp_path / "b.png"
    assert trombine.upscale(source, output=output, model=MODEL).written == (output,)
    assert trombine.upscale([source], output=output, model=MODEL).kept == 1
    assert trombine.upscale(pictures=[source], output=output, model=MODEL).kept == 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_not_rounded(dtype: Any, kit: ModuleType) -> None:
    """Floats from 0 to 1 give floats of their type that round to what whole numbers give."""
    array = arrays(kit)["alpha"]
    result = trombine.upscale((array / 255).astype(dtype), factor=2, model=MODEL)
    assert (result.dtype, result.shape) == (dtype, (40, 48, 4))
    wanted = trombine.upscale(array, factor=2, model=MODEL)
    rounding = 0.5 + 255 * (2e-3 if dtype == np.float16 else 1e-6)
    assert np.abs(result.astype(np.float64) * 255 - wanted).max() <= rounding
    assert len(np.unique(result)) > 256 or dtype == np.float16


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tensor_gives_a_tensor(channels: int, kit: ModuleType) -> None:
    """C x H x W as the package has it, and N x C x H x W; the model's own result to 1e-5."""
    from trombine.io.color import LUMA
    from trombine.weights import load

    picture = torch.from_numpy(kit.pixels()).permute(2, 0, 1).float() / 255
    picture = picture[:channels].requires_grad_()
    result = trombine.upscale(picture, factor=2, model="upscale")
    assert isinstance(result, torch.Tensor) and result.shape == (channels, 40, 48)
    wanted = load("upscale-x2")(picture.detach().expand(3, -1, -1))
    luma = torch.tensor(LUMA).view(3, 1, 1)
    wanted = wanted if channels == 3 else (luma * wanted).sum(0, keepdim=True)
    assert torch.allclose(result, wanted, atol=1e-5) and not result.requires_grad
    several = trombine.upscale(torch.stack([picture, picture.flip(-1)]), factor=2, model="upscale")
    assert torch.equal(several[0], result) and several.shape == (2, channels, 40, 48)


def test_a_list_gives_a_list(tmp_path: Path, kit: ModuleType) -> None:
    """Each of its kind, in their order."""
    array = kit.pixels()
    picture = Pillow.fromarray(array[..., 0])
    mixed: list[Any] = [array, picture, kit.photo(tmp_path)]
    results: list[Any] = trombine.upscale(mixed, size="30x30", model=MODEL)
    assert [type(result) for result in results] == [np.ndarray, Pillow.Image, Pillow.Image]
    assert np.array_equal(results[0], np.asarray(results[2]))
    assert trombine.upscale([]) == []


def test_arrays_that_lie_otherwise_in_memory(kit: ModuleType) -> None:
    """Views, other byte orders and read-only arrays give the same, and stay as they were."""
    array = arrays(kit)["colours of 16 bits"]
    wanted = trombine.upscale(array, factor=2, model=MODEL)
    turned = np.ascontiguousarray(array[::-1])[::-1]
    other = array.astype(array.dtype.newbyteorder())
    fixed = array.copy()
    fixed.setflags(write=False)
    for view in (turned, other, fixed):
        assert np.array_equal(trombine.upscale(view, factor=2, model=MODEL), wanted)
    assert np.array_equal(fixed, array)


def test_no_file_is_written(
    portrait: np.ndarray, kit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a temporary one: nothing is opened but to be read."""
    opens = os.open

    def read_only(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        assert not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT), path
        return opens(path, flags, *rest, **options)

    def no_writing(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        assert set(mode) <= set("rbt"), file
        return real(file, mode, *rest, **options)

    real = io.open
    monkeypatch.setattr(io, "open", no_writing)
    monkeypatch.setattr("builtins.open", no_writing)
    monkeypatch.setattr(os, "open", read_only)
    assert trombine.upscale(kit.pixels(), factor=2, model=MODEL).shape == (40, 48, 3)
    assert len(trombine.read(portrait).faces) == 2


# What is refused


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (3, "an image is a path, a Pillow image, a NumPy array or a torch tensor, not int"),
        (np.zeros((4, 4, 3), np.int64), "an array holds uint8, uint16 or floats, not int64"),
        (np.zeros((4, 4, 3), bool), "an array holds uint8, uint16 or floats, not bool"),
        (
            np.full((4, 4), 255.0),
            "an array of floats is within [0, 1], not [255, 255];"
            " divide it by the largest value that it can have",
        ),
        (
            np.full((4, 4), np.nan),
            "an array of floats is within [0, 1], not [nan, nan];"
            " divide it by the largest value that it can have",
        ),
        (
            np.zeros((3, 8, 9), np.uint8),
            "an array is h x w, or h x w x 1 to 4, not (3, 8, 9); put the channels last",
        ),
        (
            np.zeros((2, 8, 9, 3), np.uint8),
            "an array is h x w, or h x w x 1 to 4, not (2, 8, 9, 3)",
        ),
        (np.zeros((0, 8), np.uint8), "the image has no pixels"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), "a picture is float32, not torch.uint8"),
        (torch.zeros(8, 8), "a picture is (N x) C x H x W, C 1 or 3, not (8, 8)"),
        (torch.zeros(3, 4, 4, device="meta"), "a picture is a plain tensor, not one that is meta"),
        (Pillow.new("F", (4, 4)), "holds samples of 32-bit floats"),
    ],
)
def test_what_is_no_picture(image: Any, said: str) -> None:
    """It is refused in a line that says what a picture is, by every function that takes one."""
    for function in (trombine.upscale, trombine.read):
        with pytest.raises(InputError) as error:
            function(image)
        assert said in str(error.value) and "\n" not in str(error.value)


def test_a_film_is_not_a_picture(tmp_path: Path, kit: ModuleType) -> None:
    """Of a film, a path would give one image: it is refused, with the way to enlarge it."""
    with pytest.raises(InputError, match="is a film; give it as pictures, and name an output"):
        trombine.upscale(kit.film(tmp_path / "a.gif"))


# read


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    """Two faces, the right one larger, with room round them."""
    canvas = np.full((220, 420, 3), 128, np.uint8)
    canvas[60:188, 20:148] = paint(face(3), 128, "photo").pixels
    canvas[20:212, 200:392] = paint(face(8), 192, "photo").pixels
    return canvas


def test_reading_gives_typed_faces(portrait: np.ndarray) -> None:
    """Box, frame, parts, landmarks with their errors, fields, style and doubts of each face."""
    reading = trombine.read(portrait)
    assert isinstance(reading, PictureReading) and len(reading.faces) == 2
    for one in reading.faces:
        assert isinstance(one, Face) and isinstance(one.frame, Frame)
        left, top, right, bottom = one.box
        assert 0 <= left < right <= 420 and 0 <= top < bottom <= 220
        assert one.points.shape == (68, 2) and one.errors.shape == (68,) and (one.errors > 0).all()
        assert one.parts.shape == (128, 128) and PART_INDEX["nose"] in one.parts
        assert set(one.moment) == set(SHOWN) and one.traits == {}, "guesses are asked for"
        assert one.spreads.keys() | {"glasses", "hat"} == set(SHOWN), "of what is said"
        assert one.style in (None, "photo") and set(one.styles) >= {"photo", "anime"}
        assert isinstance(one.unsure, tuple) and isinstance(one.beyond, tuple)
    parts = reading.parts()
    assert parts.shape == (220, 420)
    x, y = reading.faces[0].points[list(LANDMARK_GROUPS["nose"])].mean(0).astype(int)
    assert parts[y, x] == PART_INDEX["nose"]
    with pytest.raises(AttributeError):
        reading.faces = []  # pyright: ignore[reportAttributeAccessIssue]


def test_every_kind_of_picture_is_read_alike(portrait: np.ndarray, tmp_path: Path) -> None:
    """A path, a Pillow image, arrays and tensors give the same faces as the command's file."""
    save_picture(tmp_path / "a.png", portrait)
    result = trombine.read(pictures=tmp_path / "a.png", output=tmp_path / "s.png", json=True)
    wanted = json.loads((tmp_path / "s.json").read_text())["faces"]
    tensor = torch.from_numpy(portrait).permute(2, 0, 1).float() / 255
    forms: list[Any] = [
        tmp_path / "a.png",
        Pillow.fromarray(portrait),
        portrait,
        portrait.astype(np.uint16) * 257,
        portrait / 255,
        tensor,
    ]
    readings = [*trombine.read(forms), *trombine.read(tensor[None])]  # pyright: ignore[reportGeneralTypeIssues]
    assert len(readings) == 7 and result.kept == 0
    for reading in readings:
        for mine, one in zip(reading.faces, wanted, strict=True):
            np.testing.assert_allclose(mine.box, one["box"], atol=1e-3)
            assert mine.style == one["style"] and list(mine.unsure) == one["unsure"]
            for name, value in one["moment"].items():
                assert mine.moment[name] == pytest.approx(value, abs=1e-3)
            assert mine.spreads == pytest.approx(one["spreads"], abs=1e-3)


def test_options_of_reading(portrait: np.ndarray) -> None:
    """The largest face only, guesses, small faces enlarged before."""
    (largest,) = trombine.read(portrait, faces="largest").faces
    assert largest.box[0] > 200
    guessed = trombine.read(portrait, traits=True, enlarge=True).faces
    assert all(16 <= one.traits["age"] <= 85 for one in guessed)
    with pytest.raises(InputError, match="json goes with files, and none is written of an image"):
        trombine.read(portrait, json=True)  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(InputError, match="upscale-x2"):
        trombine.read(portrait, model="upscale-x2")


def test_the_first_frame_of_a_film_is_read(tmp_path: Path, kit: ModuleType) -> None:
    """As the command does."""
    assert trombine.read(kit.film(tmp_path / "a.gif")).faces == []


# Editors


def test_editors_see_the_signatures(root: Path) -> None:
    """`__init__.pyi` is that of the verbs as they are."""
    done = subprocess.run(
        [sys.executable, root / "bench" / "stubs.py"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
