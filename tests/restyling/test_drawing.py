"""A picture drawn anew: where, how exactly, and by which style."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from scipy.ndimage import binary_erosion, distance_transform_edt

from trombine.core.conventions import PART_INDEX, to_picture
from trombine.core.errors import InputError
from trombine.core.tiles import Box
from trombine.faces import Face
from trombine.io.image import picture_of
from trombine.models import loaded
from trombine.models.zoo import shipped
from trombine.nets.restyler import Restyler
from trombine.restyling.drawing import (
    Restyling,
    alone,
    faces_in,
    restyled,
    soft_in_tiles,
    style_by_looks,
)
from trombine.world import face, paint

Asked = Callable[..., Restyling]
SIDE, TOP, LEFT = 200, 60, 90
SEED = 2_000_041


def scene(style: str = "photo") -> np.ndarray:
    """A painted face in a corner of smooth colours."""
    rows, columns = np.mgrid[:320, :400]
    ground = np.stack([rows / 4, columns / 5, 90 + 0 * rows], 2).astype(np.uint8)
    box = Box(top=TOP, left=LEFT, bottom=TOP + SIDE, right=LEFT + SIDE)
    ground[box.top : box.bottom, box.left : box.right] = paint(face(SEED), SIDE, style).pixels
    return ground


@pytest.fixture(scope="module")
def faces() -> list[Face]:
    (one,) = faces_in(picture_of(scene()))
    return [one]


def parts_of_scene() -> np.ndarray:
    parts = np.zeros(scene().shape[:2], np.uint8)
    parts[TOP : TOP + SIDE, LEFT : LEFT + SIDE] = paint(face(SEED), SIDE, "photo").parts
    return parts


def test_what_is_no_face_stays_to_the_last_sample(faces: list[Face], inverting: Asked) -> None:
    """What is of the face becomes the net's, its ground and all around stays."""
    samples = scene().astype(np.uint16) * 257 + 3
    drawn = restyled(picture_of(samples), inverting(), faces, "photo")
    found = drawn.image.samples
    assert found.dtype == samples.dtype
    assert np.array_equal(found[~drawn.where], samples[~drawn.where])
    parts = parts_of_scene()
    beside = 8  # pixels, as hair that the painted picture's edge cuts fades
    outside = np.ones(parts.shape, bool)
    outside[TOP - beside : TOP + SIDE + beside, LEFT - beside : LEFT + SIDE + beside] = False
    not_head = np.isin(parts, [PART_INDEX["background"], PART_INDEX["cloth"]])
    far = np.asarray(distance_transform_edt(not_head)) > 24
    assert not drawn.where[outside | far].any()
    of_it = np.isin(parts, [PART_INDEX[name] for name in ("skin", "nose", "hair", "left_eye")])
    assert drawn.where[of_it].mean() > 0.97
    assert drawn.where[parts == 0].mean() < 0.1


def test_a_neck_goes_with_the_skin_and_clothes_stay(faces: list[Face], inverting: Asked) -> None:
    """A net that inverts: a neck, of which the reader sees none in what is drawn, becomes lighter
    or darker by what skin became."""
    before = scene().astype(float)
    found = restyled(picture_of(scene()), inverting(), faces, "photo").image.samples.astype(float)
    parts = parts_of_scene()
    inside = np.asarray(binary_erosion(parts == PART_INDEX["neck"], iterations=6), bool)
    assert inside.sum() > 200
    skin = before[np.isin(parts, PART_INDEX["skin"])]
    wanted = (before[inside] + np.mean(255 - 2 * skin, 0)).clip(0, 255)
    way = np.sum((found[inside] - before[inside]) * (wanted - before[inside]), 1)
    way /= np.sum((wanted - before[inside]) ** 2, 1)
    assert 0.3 < np.median(way) < 1.05, "as far as the reader takes it for a neck"
    cloth = np.asarray(binary_erosion(parts == PART_INDEX["cloth"], iterations=2), bool)
    assert cloth.sum() > 50
    assert np.median(np.abs(found - before)[cloth]) == 0


@pytest.mark.parametrize("angle", [0, 1])
def test_what_is_drawn_lies_where_it_was(angle: int, faces: list[Face], swapping: Asked) -> None:
    """A net that swaps red and blue: so is the inside of the face, turned or not."""
    samples = np.ascontiguousarray(np.rot90(scene(), angle))
    around = [_turned(one) for one in faces] if angle else faces
    drawn = restyled(picture_of(samples), swapping(), around, "photo")
    skin = np.isin(parts_of_scene(), [PART_INDEX["skin"], PART_INDEX["nose"]])
    skin = np.rot90(skin, angle)
    off = drawn.image.samples[skin].astype(float) - samples[skin][:, ::-1]
    assert np.median(abs(off)) < 2 and (abs(off) < 12).mean() > 0.98


def _turned(one: Face) -> Face:
    """A face of a picture of 400 pixels' width that is turned by a quarter, anticlockwise."""
    points = np.stack([one.points[:, 1], 400 - one.points[:, 0]], 1).astype(np.float32)
    frame = replace(
        one.frame, x=one.frame.y, y=400 - one.frame.x, angle=one.frame.angle - np.pi / 2
    )
    return replace(one, points=points, frame=frame)


def test_a_drawn_head_is_taken_out_of_its_own_ground() -> None:
    """A red disc with a soft edge, drawn before blue: within its outline the colours are red, as
    far as they go on, and what is deep within stays to the last bit."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    away = ((x - 32) ** 2 + (y - 32) ** 2).sqrt()
    head = ((20 - away) / 6 + 0.5).clamp(0, 1)[None, None]
    red, blue = (
        torch.tensor(colour)[:, None, None] for colour in ([0.8, 0.1, 0.2], [0.1, 0.2, 0.9])
    )
    drawn = head[0] * red + (1 - head[0]) * blue
    found = alone(drawn, head)
    deep, edge = head[0, 0] == 1, (head[0, 0] > 0.4) & (head[0, 0] < 1)
    assert torch.equal(found[:, deep], drawn[:, deep])
    before, after = ((one - red).abs().amax(0)[edge] for one in (drawn, found))
    assert float(after.max()) < 0.6 * float(before.max())
    assert torch.equal(alone(drawn, torch.zeros_like(head)), drawn)


def test_round_a_window_is_drawn_too_and_faces_are_as_in_windows() -> None:
    """Within the window's own edge nothing is changed by what lies round it; there, the style goes
    on."""
    asked = Restyling(path=shipped()["restyle"], target="anime", source="photo")
    beyond = asked.beyond
    side = asked.size + 2 * beyond
    wide = to_picture(np.ascontiguousarray(scene()[:side, 60 : 60 + side]))[None]
    drawn = asked.drawn_beyond(wide, "photo")[0]
    alone = asked.drawn(wide[..., beyond:-beyond, beyond:-beyond], "photo")[0]
    inner = slice(beyond + 8, -beyond - 8)
    assert torch.equal(drawn[:, inner, inner], alone[:, 8:-8, 8:-8])
    off = (drawn[:, beyond:-beyond, beyond:-beyond] - alone).abs()
    assert float(off.max()) > 0 and float(off.mean()) < 0.01
    assert drawn.shape == (3, side, side) and 0 <= float(drawn.min()) <= float(drawn.max()) <= 1


def test_half_the_strength_is_half_of_the_way_and_none_is_none(
    faces: list[Face], inverting: Asked
) -> None:
    before = picture_of(scene())
    full = restyled(before, inverting(), faces, "photo")
    half = restyled(before, inverting(strength=0.5), faces, "photo")
    where = half.where & full.where
    ways = [one.image.samples[where].astype(float) - before.samples[where] for one in (half, full)]
    assert abs(2 * ways[0] - ways[1]).max() <= 2  # of 255, by rounding
    none = restyled(before, inverting(strength=0.0), faces, "photo")
    assert np.array_equal(none.image.samples, before.samples) and not none.where.any()


def test_colours_are_kept_and_light_is_not(faces: list[Face], inverting: Asked) -> None:
    """Where all is smooth a kept colour is, but for its light, what it was."""
    flat = picture_of(np.broadcast_to(np.array([200, 120, 60], np.uint8), (320, 400, 3)).copy())
    kept = restyled(flat, inverting(keep_colours=True), faces, "photo")
    colours = kept.image.samples[kept.where].astype(float) / 255
    changed = colours[:, 0] - colours[:, 2]
    assert changed == pytest.approx((200 - 60) / 255, abs=0.02)
    light = colours @ np.array([0.299, 0.587, 0.114])
    assert light.min() == pytest.approx(
        1 - (0.299 * 200 + 0.587 * 120 + 0.114 * 60) / 255, abs=0.02
    )


def test_a_whole_picture_in_tiles_is_one_picture(model_file: Path) -> None:
    net = loaded(model_file, task="restyle").net
    assert isinstance(net, Restyler)
    picture = torch.rand(3, 150, 333, generator=torch.Generator().manual_seed(0))
    styles = torch.tensor([0]), torch.tensor([2])
    once = soft_in_tiles(picture, net, styles, tile=1024)
    assert once.shape == picture.shape
    torch.testing.assert_close(
        soft_in_tiles(picture, net, styles, tile=64), once, atol=1e-5, rtol=0
    )
    assert float(once.std()) > 1e-3


@pytest.mark.parametrize("style", ["photo", "anime", "sketch"])
def test_the_reader_says_the_style(style: str, model_file: Path) -> None:
    asked = Restyling(path=model_file, target="cartoon")
    image = picture_of(scene(style))
    assert asked.style_of(faces_in(image), image) == style


def test_a_style_that_the_reader_doubts_is_how_the_picture_looks(
    model_file: Path, faces: list[Face]
) -> None:
    doubts = {"photo": 0.1, "anime": 0.0, "cartoon": 0.5, "sketch": 0.4}
    face = replace(faces[0], style=None, styles=doubts)
    assert style_by_looks(face, scene("photo")) == "photo"
    assert style_by_looks(face, scene("sketch")) == "cartoon"  # drawn, and so the likeliest drawing
    asked = Restyling(path=model_file, target="anime", whole=True)
    assert asked.style_of([], picture_of(skimage.data.coffee()[:200, :300])) == "photo"


def test_a_style_that_nobody_knows_is_asked_for(model_file: Path, faces: list[Face]) -> None:
    asked, image = Restyling(path=model_file, target="photo"), picture_of(scene("photo"))
    for several, shown in (
        ([replace(faces[0], style=None)], image),
        ([], picture_of(scene("sketch"))),
    ):
        with pytest.raises(InputError, match="--from"):
            asked.style_of(several, shown)
    with pytest.raises(InputError, match="looks photo already"):
        asked.style_of(faces, image)
    for target in ("photo", "oil"):
        with pytest.raises(InputError, match=target):
            Restyling(path=model_file, target=target, source="photo")


def test_a_whole_sketch_has_no_colours_at_its_neck(faces: list[Face]) -> None:
    """What was filtered is in the style already: a neck is not given its colour once more."""
    asked = Restyling(path=shipped()["restyle"], target="sketch", source="photo", whole=True)
    found = restyled(picture_of(scene()), asked, faces, "photo").image.samples.astype(int)
    assert not np.array_equal(found, scene())
    neck = np.asarray(binary_erosion(parts_of_scene() == PART_INDEX["neck"], iterations=6), bool)
    assert np.median(np.ptp(found[neck], axis=1)) < 10
