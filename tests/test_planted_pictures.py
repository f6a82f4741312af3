"""Bugs about pictures and holes that misled people: planted again, and caught.

Each test here plants one bug in our own code and runs a test of the suite, which must fail; before,
it must pass. Where a check at a door refuses the bug's victim, that is shown too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trombine import canvas, conventions
from trombine.codecs import png
from trombine.conventions import check_hole, check_picture, to_picture
from trombine.refusal import InputError
from trombine.samples import Image

Ours = Callable[[str, str], Callable[..., None]]
PIXELS = np.random.default_rng(30).integers(0, 256, (6, 7, 3), np.uint8)


def caught(test: Callable[..., None], plant: Callable[[], None], **parameters: Any) -> None:
    """The test passes as things are, and fails once the bug is planted."""
    test(**parameters)
    plant()
    with pytest.raises((AssertionError, InputError, ValueError)):
        test(**parameters)


# --- two colour orders: some libraries give blue, green, red ------------------------------------


def test_blue_first_in_the_view_of_a_picture(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Image.rgb

    def planted(self: Image) -> np.ndarray:
        return honest(self)[..., ::-1]

    caught(
        ours("test_samples.py", "test_the_view_is_what_pillow_shows"),
        lambda: monkeypatch.setattr(Image, "rgb", planted),
        mode="RGB",
        bits=8,
    )


def test_blue_first_in_what_is_put_back(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Image.replace

    def planted(self: Image, colours: np.ndarray, where: np.ndarray) -> Image:
        return honest(self, np.ascontiguousarray(colours[..., ::-1]), where)

    caught(
        ours("test_samples.py", "test_inside_the_hole_are_the_new_colours"),
        lambda: monkeypatch.setattr(Image, "replace", planted),
        kind="RGB",
    )


def test_blue_first_in_the_file_and_out_of_it(
    ours: Ours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Twice wrong looks right from inside; Pillow, which reads the file, sees it."""
    read, written = png._narrow, png._encode_narrow

    def planted_read(bare: bytes) -> tuple[np.ndarray, str]:
        samples, mode = read(bare)
        return np.ascontiguousarray(samples[..., ::-1]), mode

    def planted_write(image: Image) -> bytes:
        return written(Image(samples=image.samples[..., ::-1], mode=image.mode))

    def plant() -> None:
        monkeypatch.setattr(png, "_narrow", planted_read)
        monkeypatch.setattr(png, "_encode_narrow", planted_write)

    caught(
        ours("test_images.py", "test_red_is_red_in_the_file"),
        plant,
        suffix=".png",
        tmp_path=tmp_path,
    )


def test_rows_and_columns_exchanged(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = conventions.to_picture

    def planted(pixels: np.ndarray) -> torch.Tensor:
        return honest(pixels).transpose(1, 2)

    test = ours("test_conventions.py", "test_a_picture_is_planes_of_shares")
    caught(test, lambda: monkeypatch.setitem(test.__globals__, "to_picture", planted))


# --- two mask polarities: 1 is to be painted, 0 is kept -----------------------------------------


@pytest.mark.parametrize("kind", ["RGB", "RGBA16", "P", "CMYK"])
def test_the_hole_is_kept_and_the_rest_painted(
    kind: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Image.replace

    def planted(self: Image, colours: np.ndarray, where: np.ndarray) -> Image:
        return honest(self, colours, ~where)

    caught(
        ours("test_samples.py", "test_outside_the_hole_every_sample_stays"),
        lambda: monkeypatch.setattr(Image, "replace", planted),
        kind=kind,
    )


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_a_crop_is_put_back_outside_the_hole(
    kind: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours("test_canvas.py", "test_only_what_is_pasted_changes")

    def planted(plane: Any, part: Any, box: canvas.Box, where: Any = None) -> Any:
        return canvas.paste(plane, part, box, None if where is None else ~where)

    caught(test, lambda: monkeypatch.setitem(test.__globals__, "paste", planted), kind=kind)


def test_a_crop_is_made_round_what_is_kept(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    test = ours("test_canvas.py", "test_the_crop_is_a_square_round_the_hole_with_context")

    def planted(hole: np.ndarray, *, context: float = 1.0, least: int = 0) -> canvas.Box:
        return canvas.around(~hole, context=context, least=least)

    caught(test, lambda: monkeypatch.setitem(test.__globals__, "around", planted))


def test_a_mask_in_another_range_is_refused_at_the_door() -> None:
    """255 for 1, and -1 for 0, are what a mask read as a picture holds."""
    picture = to_picture(PIXELS)
    hole = torch.zeros(1, 6, 7)
    hole[:, 2:4] = 1
    check_hole(hole, picture)
    for wrong in (hole * 255, hole * 2 - 1, hole * 0.5 + 0.25):
        with pytest.raises(InputError, match="nothing between"):
            check_hole(wrong, picture)


def test_the_mask_of_the_wrong_channel() -> None:
    """A mask that was a channel of the picture, as in record 000, where it was never 0."""
    channel = to_picture(PIXELS)[1:2]
    with pytest.raises(InputError, match="nothing between"):
        check_hole(channel, to_picture(PIXELS))


# --- range mismatch: [0, 1] against [-1, 1] against 0..255 --------------------------------------

RANGES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "-1 to 1": lambda picture: picture * 2 - 1,
    "0 to 255": lambda picture: picture * 255,
}


@pytest.mark.parametrize("span", RANGES)
def test_a_picture_in_another_range_is_refused_at_the_door(span: str) -> None:
    check_picture(to_picture(PIXELS))
    with pytest.raises(InputError, match=r"within \[0, 1\]"):
        check_picture(RANGES[span](to_picture(PIXELS)))


@pytest.mark.parametrize("span", RANGES)
def test_a_reader_that_gives_another_range(
    span: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Image.rgb

    def planted(self: Image) -> np.ndarray:
        return RANGES[span](torch.from_numpy(honest(self))).numpy()

    caught(
        ours("test_samples.py", "test_the_view_of_plain_samples_is_the_convention_exactly"),
        lambda: monkeypatch.setattr(Image, "rgb", planted),
    )


@pytest.mark.parametrize("span", RANGES)
def test_a_conversion_to_another_range(
    span: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours("test_conventions.py", "test_a_picture_is_planes_of_shares")

    def planted(pixels: np.ndarray) -> torch.Tensor:
        return RANGES[span](to_picture(pixels))

    caught(test, lambda: monkeypatch.setitem(test.__globals__, "to_picture", planted))


@pytest.mark.parametrize("span", RANGES)
def test_a_net_whose_output_has_another_range(span: str) -> None:
    """What a tanh gives, put back into a photograph: grey, or clipped, unless it is refused."""
    image = Image(samples=PIXELS, mode="RGB")
    hole = torch.ones(1, 6, 7)
    image.replace_picture(image.picture(), hole)
    with pytest.raises(InputError):
        image.replace_picture(RANGES[span](image.picture()), hole)
    with pytest.raises(InputError):
        conventions.to_pixels(RANGES[span](image.picture()))


def test_sixteen_bits_divided_by_255(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Image.rgb

    def planted(self: Image) -> np.ndarray:
        return np.minimum(honest(self) * 257, 1).astype(np.float32)

    caught(
        ours("test_samples.py", "test_inside_the_hole_are_the_new_colours"),
        lambda: monkeypatch.setattr(Image, "rgb", planted),
        kind="RGB16",
    )
