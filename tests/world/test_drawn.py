"""The drawn styles: anime, cartoon, sketch. What they share with the photo is tested elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from trombine.core.conventions import PART_INDEX
from trombine.world import Face, face, paint
from trombine.world.shape import shape
from trombine.world.stylise import GREYS, ROWS, greys, inks

DRAWN = ("anime", "cartoon", "sketch")
PLAIN = {"glasses": 0.0, "hat": 0.0, "beard": 0.0, "moustache": 0.0, "earrings": 0.0}

# Landmarks of a group and the parts that they must lie on.
ON_PARTS = {
    "brows": (range(17, 27), ("right_brow", "left_brow")),
    "nose": (range(27, 36), ("nose",)),
    "eyes": (range(36, 48), ("right_eye", "left_eye")),
    "lips": (range(48, 68), ("upper_lip", "lower_lip", "mouth")),
}


def mask(parts: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return np.isin(parts, [PART_INDEX[name] for name in names])


def away_from(where: np.ndarray) -> np.ndarray:
    """How far each pixel is from the nearest one of a mask, in pixels."""
    return np.asarray(distance_transform_edt(~where))


def width(points: np.ndarray) -> float:
    """The face's width in pixels: the jaw from ear to ear."""
    return float(np.linalg.norm(points[16] - points[0]))


@pytest.mark.parametrize("style", DRAWN)
@pytest.mark.parametrize("seed", [3, 8, 24, 111, 117])
def test_visible_landmarks_lie_on_their_parts(style: str, seed: int) -> None:
    painted = paint(face(seed), 512, style)
    reach = 0.02 * width(painted.points)
    for rows, names in ON_PARTS.values():
        away = away_from(mask(painted.parts, names))
        for i in rows:
            x, y = painted.points[i]
            if painted.visible[i]:
                assert away[int(y), int(x)] <= reach + 1, (i, names)


@pytest.mark.parametrize("style", DRAWN)
def test_labels_at_one_size_are_those_at_three_times_the_size(style: str) -> None:
    """The middle of a pixel is the middle of the middle one of nine."""
    small, large = paint(face(7), 64, style).parts, paint(face(7), 192, style).parts
    np.testing.assert_array_equal(small, large[1::3, 1::3])


@pytest.mark.parametrize("style", DRAWN)
def test_paint_is_the_same_each_time(style: str) -> None:
    """Kernels reuse their arrays from point to point: nothing may be left over in them."""
    first = paint(face(5), 48, style)
    paint(face(6), 48, style)
    again = paint(face(5), 48, style)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.parts, again.parts)


def changed(
    before: Face, after: Face, style: str, size: int = 256
) -> tuple[np.ndarray, np.ndarray]:
    """Where two pictures differ visibly, and the labels of the first."""
    a, b = paint(before, size, style), paint(after, size, style)
    np.testing.assert_array_equal(a.parts, b.parts)
    gap = np.abs(a.pixels.astype(int) - b.pixels).max(axis=2)
    return gap > 6, a.parts


SKIN = ("skin", "nose", "neck", "right_ear", "left_ear")
LIPS = ("upper_lip", "lower_lip")
BROWS = ("right_brow", "left_brow")
COLOURS = {
    "iris": ({"iris": 0.1}, {"iris": 0.95}, ("right_eye", "left_eye")),
    "lips": (
        # Not with none: lipstick makes lips fuller in a drawing.
        {"lipstick": 1.0, "lipstick_hue": 0.75},
        {"lipstick": 1.0, "lipstick_hue": 1.0},
        LIPS,
    ),
    "hair": ({"hair_light": 0.0}, {"hair_light": 1.0}, ("hair", *BROWS)),
    "skin": ({"tone": 0.05}, {"tone": 0.9}, (*SKIN, *LIPS, *BROWS)),
}


@pytest.mark.parametrize("style", DRAWN)
@pytest.mark.parametrize("what", COLOURS)
def test_a_colour_changes_the_picture_only_on_its_part(style: str, what: str) -> None:
    """Or within 3 % of the face's width: the reach of an outline and of a stray stroke."""
    one, other, names = COLOURS[what]
    plain = PLAIN | {"hair_dye": 0.0, "hair_grey": 0.0, "stubble": 0.0, "eye_makeup": 0.0}
    differs, parts = changed(face(31, **plain | one), face(31, **plain | other), style)
    ground = mask(parts, names)
    away = away_from(ground)
    assert differs[ground].mean() > 0.02
    assert away[differs].max() <= 0.03 * 128  # the face is half of the picture wide


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
    from trombine.world.kernel_drawn import paint_drawn

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


@pytest.mark.parametrize("seed", [3, 8, 24, 111, 14])
def test_a_sketch_is_grey_on_mostly_white_paper(seed: int) -> None:
    pixels = paint(face(seed), 256, "sketch").pixels.astype(int)
    assert (pixels.max(axis=2) - pixels.min(axis=2)).max() <= 10
    assert pixels.mean() > 185
    assert pixels.min() < 90
    assert (pixels[:8].mean(), pixels[:, :8].mean()) > (235, 235)


def test_every_style_has_the_same_kind_of_record() -> None:
    """Or the kernels would be compiled anew for each."""
    kinds = {shape(face(1), style).record.dtype for style in ("photo", *DRAWN)}
    assert len(kinds) == 1


def test_a_style_that_changes_an_unknown_length_is_an_error() -> None:
    from trombine.world import stylise
    from trombine.world.proportions import proportions

    with pytest.raises(KeyError, match="elbow"):
        stylise._changed(proportions(face(1)), {"elbow": 1.0})


def test_rows_of_the_tables_are_in_the_kernels_order() -> None:
    from trombine.world import kernel_ink, kernel_sketch

    for rows, module, mark in ((ROWS, kernel_ink, "I_"), (GREYS, kernel_sketch, "G_")):
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


@pytest.mark.parametrize("style", DRAWN)
@pytest.mark.parametrize("size", [16, 33])
def test_small_and_odd_sizes(style: str, size: int) -> None:
    """A small picture is close to a large one averaged down."""
    small = paint(face(4), size, style).pixels.astype(float)
    large = paint(face(4), size * 8, style).pixels.astype(float)
    down = large.reshape(size, 8, size, 8, 3).mean(axis=(1, 3))
    assert np.abs(small - down).mean() < 14
