"""The drawn styles: anime, cartoon, sketch. What they share with the photo is tested elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from trombine.core.conventions import PART_INDEX
from trombine.world import face, kernel_drawn, kernel_sketch, paint
from trombine.world.kernel_drawn import paint_drawn
from trombine.world.shape import shape
from trombine.world.stylise import GREYS, ROWS, greys, inks

PLAIN = {"glasses": 0.0, "hat": 0.0, "beard": 0.0, "moustache": 0.0, "earrings": 0.0}


def mask(parts: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return np.isin(parts, [PART_INDEX[name] for name in names])


def away_from(where: np.ndarray) -> np.ndarray:
    """How far each pixel is from the nearest one of a mask, in pixels."""
    return np.asarray(distance_transform_edt(~where))


def test_a_cartoon_s_eye_is_the_ellipse_that_its_landmarks_lie_on() -> None:
    """Seen from the front, by the equation of the ellipse, apart above and below the corners."""
    straight = face(12, yaw=0.0, pitch=0.0, roll=0.0, centre_x=0.0, centre_y=0.0, **PLAIN)
    points = paint(straight, 512, "cartoon").points
    for outer, first, second, inner, third, fourth in ((36, 37, 38, 39, 40, 41),
                                                       (45, 44, 43, 42, 47, 46)):  # fmt: skip
        middle = (points[outer] + points[inner]) / 2
        half = abs(points[outer, 0] - points[inner, 0]) / 2
        for pair in ((first, second), (third, fourth)):
            x = (points[list(pair), 0] - middle[0]) / half
            y = points[list(pair), 1] - middle[1]
            heights = y / np.sqrt(1 - x**2)  # the ellipse's other half axis, from either point
            assert heights[0] == pytest.approx(heights[1], rel=0.02)


def test_anime_lashes_stay_on_the_face() -> None:
    """A head turned far: with and without lashes, the picture is the same beyond the cheek."""
    for seed in (31, 12):
        person = face(seed, yaw=0.34, masculine=0.1, eye_makeup=1.0, **PLAIN)
        form, table = shape(person, "anime"), inks(person, "anime")
        pictures = []
        for lash in (form.record["lash"][0], 0.0):
            record = form.record.copy()
            record["lash"] = lash
            pixels, layers = np.empty((256, 256, 3), np.uint8), np.empty((256, 256), np.uint8)
            paint_drawn(
                record, form.tables, form.bumps, table, form.seed, form.ground_seed, pixels, layers
            )
            pictures.append(pixels.astype(int))
        parts = paint(person, 256, "anime").parts
        differs = np.abs(pictures[0] - pictures[1]).max(axis=2) > 6
        on_face = mask(parts, ("skin", "nose", "right_eye", "left_eye", "right_brow", "left_brow"))
        assert differs.any()
        assert away_from(on_face)[differs].max() <= 2


def test_anime_skin_is_flat_colours() -> None:
    """Most of a cel is three colours: light, shadow, ink; a photo's skin is all shades."""
    person = face(14, **PLAIN)

    def share(style: str) -> float:
        painted = paint(person, 256, style)
        skin = painted.pixels[mask(painted.parts, ("skin",))]
        _, counts = np.unique(skin, axis=0, return_counts=True)
        return float(np.sort(counts)[-3:].sum() / counts.sum())

    assert share("anime") > 0.6
    assert share("photo") < 0.1


@pytest.mark.parametrize("seed", [3, 24])
def test_a_sketch_is_grey_on_mostly_white_paper(seed: int) -> None:
    pixels = paint(face(seed), 256, "sketch").pixels.astype(int)
    assert (pixels.max(axis=2) - pixels.min(axis=2)).max() <= 10
    assert pixels.mean() > 185
    assert pixels.min() < 90
    assert (pixels[:8].mean(), pixels[:, :8].mean()) > (235, 235)


def test_rows_of_the_tables_are_in_the_kernels_order() -> None:
    for rows, module, mark in ((ROWS, kernel_drawn, "I_"), (GREYS, kernel_sketch, "G_")):
        names = {
            name[2:].lower(): value for name, value in vars(module).items() if name.startswith(mark)
        }
        assert names == {name: i for i, name in enumerate(rows)}


def test_darker_skin_and_hair_are_darker_in_every_style() -> None:
    """Drawn colours keep the order of the seen ones, so that a person can be told again."""
    tones = [0.0, 0.25, 0.5, 0.75, 1.0]
    for style in ("anime", "cartoon"):
        skins = [inks(face(2, tone=t), style)[ROWS.index("skin")].mean() for t in tones]
        assert skins == sorted(skins, reverse=True)
        hairs = [
            inks(face(2, hair_light=t, hair_dye=0.0, hair_grey=0.0), style)[ROWS.index("hair")]
            for t in tones
        ]
        assert np.all(np.diff([h.mean() for h in hairs]) > 0)
    pencil = [greys(face(2, tone=t))[GREYS.index("skin")] for t in tones]
    assert pencil == sorted(pencil)


@pytest.mark.parametrize(("style", "size"), [("anime", 16), ("cartoon", 33), ("sketch", 17)])
def test_small_and_odd_sizes(style: str, size: int) -> None:
    """A small picture is close to a large one averaged down."""
    small = paint(face(4), size, style).pixels.astype(float)
    large = paint(face(4), size * 8, style).pixels.astype(float)
    down = large.reshape(size, 8, size, 8, 3).mean(axis=(1, 3))
    assert np.abs(small - down).mean() < 14
