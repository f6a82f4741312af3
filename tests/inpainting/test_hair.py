"""Another hair style: drawn where a hole hides all hair, by the seed or as asked, and by nothing
that lies under the hole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter

import trombine
from trombine.core.conventions import PART_INDEX, to_picture
from trombine.core.errors import InputError
from trombine.data.masks import mask as irregular
from trombine.faces import parts_map, read_faces
from trombine.inpainting import repairing
from trombine.inpainting.background import continued
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.hair import STYLE, hair_in, hides_hair, look_of, styled
from trombine.inpainting.masks import HIDEABLE, beard, hair, hole_of_parts
from trombine.inpainting.steering import Steering
from trombine.io.image import picture_of
from trombine.models import load
from trombine.models.pipelines import repairer
from trombine.world import Painted, face, paint

SIZE = 320
HAIR = PART_INDEX["hair"]


@pytest.fixture(scope="module")
def painted() -> Painted:
    """A person with hair and nothing on it, before an even ground."""
    return paint(replace(face(4_000_006), hat=0.0, ground_busy=0.0, hair_length=0.3), SIZE, "photo")


@pytest.fixture(scope="module")
def hole(painted: Painted) -> np.ndarray:
    return binary_dilation(painted.parts == HAIR, iterations=6)


@pytest.fixture(scope="module")
def made(painted: Painted, hole: np.ndarray) -> list[np.ndarray]:
    return [
        trombine.inpaint(painted.pixels, mask=hole, attributes=attributes, seed=seed)
        for seed, attributes in ((0, ""), (1, ""), (1, "hair_light=1, hair_grey=0"))
    ]


def test_it_is_another_one_and_by_the_seed(
    painted: Painted, hole: np.ndarray, made: list[np.ndarray]
) -> None:
    for result in made:
        assert np.array_equal(result[~hole], painted.pixels[~hole])
    first, second, light = (one[hole].astype(float) for one in made)
    assert np.abs(first - second).mean() > 3
    assert light.mean() > second.mean() + 5
    again = trombine.inpaint(painted.pixels, mask=hole, seed=1)
    assert np.array_equal(again, made[1])


def test_it_has_strands(painted: Painted, hole: np.ndarray, made: list[np.ndarray]) -> None:
    """More of what is fine than a net's cap."""

    def fine(pixels: np.ndarray) -> float:
        grey = pixels.mean(2)
        inner = np.logical_not(binary_dilation(~hole, iterations=8))
        return float(np.abs(grey - gaussian_filter(grey, 3))[inner].mean())

    cap = trombine.inpaint(painted.pixels, mask=hole, model="inpaint-diffusion")
    assert all(fine(one) > 1.3 * fine(cap) for one in made)


def test_nothing_under_the_hole_counts(
    painted: Painted, hole: np.ndarray, made: list[np.ndarray]
) -> None:
    other = painted.pixels.copy()
    other[hole] = np.random.default_rng(0).integers(0, 256, (hole.sum(), 3))
    assert np.array_equal(trombine.inpaint(other, mask=hole), made[0])


def test_only_a_hole_round_the_head_hides_hair(painted: Painted, hole: np.ndarray) -> None:
    (person,) = read_faces(to_picture(painted.pixels), load("reader"), largest=True)

    def hides(mask: np.ndarray) -> bool:
        return hides_hair(Damaged.of(picture_of(painted.pixels), mask), person)

    left = np.arange(SIZE) < person.frame.x
    assert hides(hole) and hides(np.ones_like(hole))
    assert not hides(hole & left)
    assert not hides(np.isin(painted.parts, [PART_INDEX["left_eye"], PART_INDEX["mouth"]]))


def test_the_mask_of_hair_has_all_of_it(painted: Painted) -> None:
    """What lies outside of the face's window too, and little else."""
    (person,) = read_faces(to_picture(painted.pixels), load("reader"), largest=True)
    found, truth = hair(painted.pixels, person), painted.parts == HAIR
    assert found[truth].mean() > 0.97
    reach = round(0.08 * person.frame.side)
    near = binary_dilation(truth, iterations=reach)
    assert (found & np.logical_not(near)).sum() < 0.05 * truth.sum()


def test_a_beard_stays() -> None:
    """A reader calls it hair."""
    man = replace(face(4_000_006), masculine=1.0, beard=1.0, moustache=1.0, beard_extent=1.0)
    made = paint(man, SIZE, "photo")
    (person,) = read_faces(to_picture(made.pixels), load("reader"), largest=True)
    kept = beard(person, (SIZE, SIZE))
    y, x = np.floor(made.points[[8, 57]]).astype(int).T[::-1]  # chin, and under the lip
    assert kept[y, x].all()
    result = trombine.inpaint(made.pixels, mask="hair")
    assert np.array_equal(result[kept], made.pixels[kept])
    assert (result != made.pixels).any()


def test_a_style_is_of_the_worlds_people() -> None:
    person = face(4_000_006)
    one, same, asked = (
        styled(person, 3, fields) for fields in ({}, {}, {"fringe": 1.0, "hair_red": 0.5})
    )
    assert one == same and one.hat == 0
    changed = {n for n in vars(one) if getattr(one, n) != getattr(person, n)}
    assert changed <= {*STYLE, "hat"} and len(changed) > 4
    assert (asked.fringe, asked.hair_red) == (1.0, 0.5)
    assert replace(asked, fringe=one.fringe, hair_red=one.hair_red) == one
    with pytest.raises(InputError, match="age is of no hair style"):
        hair_in("hair_length=.6, age=60")


def test_colours_go_on() -> None:
    """Of what is even as they are; of a gradient within its own, the nearer the more alike."""
    known = np.ones((60, 80), bool)
    known[20:40, 20:60] = False
    even = np.full((60, 80, 3), [0.2, 0.5, 0.8], np.float32)
    assert continued(np.where(known[..., None], even, 0).astype(np.float32), known) == (
        pytest.approx(even, abs=0.002)
    )
    slope = np.repeat(np.linspace(0, 1, 80, dtype=np.float32)[None, :, None], 60, 0)
    slope = np.repeat(slope, 3, 2)
    found = continued(slope * known[..., None], known)
    assert np.abs(found - slope)[20:40, 20:60].mean() < 0.12
    assert np.abs(found - slope)[19:21, 40].max() < 0.05


@pytest.mark.parametrize("seed", [9_000_003, 9_000_006, 9_000_007])
def test_hair_that_is_seen_in_part_goes_on(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hole that goes in many branches round a head gets no other style."""

    def never(*_: object, **__: object) -> bool:
        raise AssertionError("another style was drawn")

    monkeypatch.setattr(repairing, "draw_hair", never)
    painted = paint(face(seed), 128, "photo")
    hole = irregular("irregular:40-50", seed, 128)
    repair = repairing.repaired(picture_of(painted.pixels), hole, repairer("inpaint"))
    assert repair.faces and not repair.has_hair


@pytest.mark.parametrize(("light", "grey"), [(0.02, 0.0), (0.95, 0.0), (0.5, 1.0)])
def test_hair_that_was_chosen_keeps_its_colour(light: float, grey: float) -> None:
    """Another style of dark, light and white hair is as dark as it was; brows tell less of it."""
    person = replace(
        face(4_000_006), hat=0.0, ground_busy=0.0, hair_light=light, hair_grey=grey, hair_dye=0.0
    )
    one = paint(person, SIZE, "photo")
    made = trombine.inpaint(one.pixels, mask="hair")
    (read,) = read_faces(to_picture(made), load("reader"), largest=True)
    drawn = parts_map([read], SIZE, SIZE) == HAIR
    was, now = one.pixels[one.parts == HAIR].mean(), made[drawn].mean()
    assert drawn.sum() > 1000 and abs(now - was) < 25


def test_what_hair_looks_like_is_measured() -> None:
    """Of stripes of two periods: the mean colour, and how much each varies."""
    side, (_, x) = 400.0, np.mgrid[:200, :200]
    light = 0.4 * (1 + 0.2 * np.sin(2 * np.pi * x / 100) + 0.1 * np.sin(2 * np.pi * x / 5))
    colours = np.repeat(light[..., None], 3, 2).astype(np.float32)
    look = look_of(colours, np.ones((200, 200), bool), side)
    assert look is not None
    assert look.tone == pytest.approx([0.4] * 3, abs=0.01)
    assert look.locks == pytest.approx(0.2 / 2**0.5, rel=0.1)
    assert look.strands == pytest.approx(0.1 / 2**0.5, rel=0.1)


def test_a_bald_head_and_a_few_pixels_say_nothing_of_hair() -> None:
    smooth = np.full((200, 200, 3), 0.6, np.float32)
    few = np.zeros((200, 200), bool)
    few[:5, :5] = True
    assert look_of(smooth, np.ones((200, 200), bool), 400.0) is None
    assert look_of(np.random.default_rng(0).random((200, 200, 3), np.float32), few, 400.0) is None


def test_a_head_that_the_border_cuts_gets_a_style_too(painted: Painted) -> None:
    """Of hair that was chosen, and of what the picture shows of the head."""
    top = int(np.flatnonzero((painted.parts == HAIR).any(1))[0] + 30)
    cut = np.ascontiguousarray(painted.pixels[top:])
    source = picture_of(cut)
    hole = hole_of_parts(source, {"hair": HIDEABLE["hair"]})
    steering = Steering(own_hair=hole.own_hair)
    for given in (steering, Steering()):
        assert repairing.repaired(source, hole.mask, repairer("inpaint"), steering=given).has_hair
