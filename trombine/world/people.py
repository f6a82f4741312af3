"""The people of the world: `face(seed)` draws one, `vary` shows one in another moment.

The draws follow people: few hidden causes (sex, age, heritage) push many fields together, and
those causes are spread evenly: every skin tone, age and kind of hair is as likely as another.
Each group of fields has a stream of its own, so a group can be drawn again alone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.world.faces import GROUPS, VECTOR_NAMES, Face, to_vector
from trombine.world.painting import Painted, painted
from trombine.world.shape import shape


class _Draw:
    """Draws of one group of fields: a stream keyed by (seed, group), nothing shared."""

    def __init__(self, seed: int, group: str) -> None:
        key = np.random.SeedSequence([seed, GROUPS.index(group)])
        self._generator = np.random.Generator(np.random.PCG64(key))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * float(self._generator.random())

    def chance(self, probability: float) -> bool:
        return float(self._generator.random()) < probability

    def bell(self, mean: float = 0.0, sd: float = 0.4, low: float = -1, high: float = 1) -> float:
        """A normal draw, folded back into [low, high]; nothing piles up at the ends."""
        value = mean + sd * float(self._generator.standard_normal())
        while not low <= value <= high:
            value = 2 * low - value if value < low else 2 * high - value
        return value

    def whole(self, count: int) -> float:
        return float(self._generator.integers(count))


def _draw_identity(
    seed: int, *, masculine: float | None = None, age: float | None = None
) -> dict[str, float]:
    d = _Draw(seed, "identity")
    drawn = d.uniform(0.0, 0.38) if d.chance(0.5) else d.uniform(0.62, 1.0)
    masculine = drawn if masculine is None else masculine
    m = 2 * masculine - 1  # -1 to 1
    drawn = d.uniform(16, 85)
    age = drawn if age is None else age
    old = (age - 16) / 69
    tone = d.uniform()
    wide = d.bell(0.9 * (tone - 0.5))  # noses and lips run with heritage, loosely
    eyes_dark = tone > 0.45 or d.chance(0.35)
    return {
        "masculine": masculine,
        "age": age,
        "tone": tone,
        "undertone": d.bell(),
        "ruddy": d.bell(0.4 - 0.2 * tone + 0.15 * old, 0.2, 0, 1),
        "freckles": d.bell(0.1, 0.3, 0, 1) if tone < 0.4 and d.chance(0.35) else 0.0,
        "head_height": d.bell(0.1 * m),
        "forehead": d.bell(),
        "cheeks": d.bell(-0.15 * m - 0.2 * old + 0.1),
        "cheekbones": d.bell(),
        "jaw_width": d.bell(0.4 * m, 0.3),
        "jaw_square": d.bell(0.4 * m, 0.35),
        "chin_length": d.bell(0.2 * m),
        "chin_width": d.bell(0.3 * m),
        "eye_spacing": d.bell(),
        "eye_size": d.bell(-0.4 * m - 0.2 * (old - 0.4)),
        "eye_height": d.bell(-0.15 * m - 0.3 * (old - 0.3)),
        "eye_tilt": d.bell(0.1 - 0.35 * (old - 0.3)),
        "eye_hood": d.bell(0.7, 0.2, 0, 1) if d.chance(0.25) else d.bell(0.3 * old, 0.2, 0, 1),
        "eye_depth": d.bell(0.25 * m),
        "iris": d.uniform(0.0, 0.3) if eyes_dark else d.uniform(0.25, 1.0),
        "iris_light": d.bell(-0.3 * tone),
        "brow_height": d.bell(-0.45 * m),
        "brow_arch": d.bell(-0.35 * m),
        "brow_thick": d.bell(0.55 * m, 0.3),
        "nose_length": d.bell(0.15 * m + 0.2 * (old - 0.4)),
        "nose_width": d.bell(0.1 * m + 0.6 * wide, 0.25),
        "nose_bridge": d.bell(0.2 * m - 0.5 * wide, 0.3),
        "nose_tip": d.bell(0.3 * wide),
        "mouth_width": d.bell(0.15 * m + 0.15 * wide),
        "mouth_height": d.bell(0.15 * m + 0.3 * (old - 0.4)),
        "upper_lip": d.bell(0.45 * wide - 0.4 * m - 0.5 * (old - 0.4), 0.3),
        "lower_lip": d.bell(0.4 * wide - 0.35 * m - 0.35 * (old - 0.4), 0.3),
        "cupid": d.bell(0.5, 0.25, 0, 1),
        "lip_red": d.bell(0.5 - 0.15 * m, 0.2, 0, 1),
        "ear_size": d.bell(0.15 * m + 0.35 * (old - 0.4)),
        "texture": d.whole(1_000_000),
    }


# Lengths of hair a person may have: (shortest, longest, how often for women, for men).
_HAIR_LENGTHS: Final = ((0.0, 0.1, 2, 12), (0.1, 0.3, 10, 60), (0.3, 0.5, 14, 12),
                        (0.5, 0.75, 34, 8), (0.75, 1.0, 40, 8))  # fmt: skip


def _draw_hair(seed: int, who: dict[str, float]) -> dict[str, float]:
    d = _Draw(seed, "hair")
    man = who["masculine"] > 0.5
    age, tone = who["age"], who["tone"]
    old = (age - 16) / 69
    weights = np.array([row[3 if man else 2] for row in _HAIR_LENGTHS], np.float64)
    kind = int(np.searchsorted(np.cumsum(weights / weights.sum()), d.uniform()))
    low, high = _HAIR_LENGTHS[min(kind, len(_HAIR_LENGTHS) - 1)][:2]
    length = d.uniform(low, high)
    light = d.uniform() ** (0.75 + 2.5 * tone) * (1.0 - 0.75 * tone)
    grey = 0.0
    if d.chance(min(1.0, max(0.0, (age - 32) / 38)) * (0.9 if man else 0.6)):
        grey = d.bell(0.25 + 0.75 * old, 0.25, 0, 1)
    dyed = d.chance(0.07 if man else 0.14)
    coiled = d.chance(0.1 + 0.6 * max(0.0, tone - 0.35))
    curl = d.uniform(0.6, 1.0) if coiled else d.bell(0.2, 0.25, 0, 0.75)
    bald = man and d.chance(0.1 + 0.5 * old)
    bearded = man and d.chance(0.45)
    moustached = man and d.chance(0.2)
    return {
        "hair_light": light,
        "hair_red": d.uniform() ** 3 if tone < 0.5 else d.uniform(0, 0.25),
        "hair_grey": grey,
        "hair_dye": d.uniform(0.7, 1.0) if dyed else 0.0,
        "hair_hue": d.uniform(),
        "hair_length": length,
        "hair_volume": d.bell(0.45 + 0.2 * curl, 0.22, 0, 1),
        "hair_curl": curl,
        "hairline": d.bell(0.1 * old, 0.35),
        "recession": d.uniform(0.2, 1.0) if bald else d.uniform(0, 0.18 + 0.12 * man * old),
        "fringe": d.uniform(0.55, 1.0) if d.chance(0.3) else d.bell(0.12, 0.15, 0, 0.5),
        "parting": d.uniform(0.25, 0.85) * (1 if d.chance(0.5) else -1)
        if d.chance(0.65)
        else d.bell(0, 0.1),
        "bun": 1.0 if length > 0.5 and d.chance(0.25) else 0.0,
        "beard": d.uniform(0.35, 1.0) if bearded else 0.0,
        "moustache": d.uniform(0.5, 1.0) if bearded or moustached else 0.0,
        "beard_extent": d.uniform(0.0, 0.3) if d.chance(0.25) else d.uniform(0.6, 1.0),
        "stubble": d.uniform(0.1, 0.8) * (1 if who["masculine"] > 0.6 else 0),
    }


def _draw_pose(seed: int) -> dict[str, float]:
    d = _Draw(seed, "pose")
    return {
        "yaw": d.bell(0, 0.17, -0.34, 0.34),
        "pitch": d.bell(0.01, 0.07, -0.2, 0.2),
        "roll": d.bell(0, 0.045, -0.14, 0.14),
    }


def _draw_expression(seed: int) -> dict[str, float]:
    d = _Draw(seed, "expression")
    mood = d.bell(0.25, 0.5)  # sad to glad
    wild = d.uniform() ** 2
    opened = d.uniform(0.15, 1.0) ** 1.5 if d.chance(0.4) else 0.0
    return {
        "smile": d.bell(0.8 * mood, 0.2),
        "mouth_open": opened,
        "teeth": d.bell(0.6 + 0.3 * mood, 0.25, 0, 1),
        "brow_raise": d.bell(0.35 * opened, 0.2 + 0.3 * wild),
        "brow_furrow": d.bell(0.15 - 0.3 * mood, 0.25, 0, 1) if mood < 0.3 else 0.0,
        "brow_sad": d.bell(-0.1, 0.15 + 0.3 * wild),
        "lid_open": d.bell(0.62, 0.13, 0, 1),
        "squint": d.bell(max(0.0, 0.5 * mood), 0.15, 0, 1),
        "gaze_x": d.bell(0, 0.25),
        "gaze_y": d.bell(0, 0.18),
    }


def _draw_light(seed: int) -> dict[str, float]:
    d = _Draw(seed, "light")
    return {
        "light_turn": d.bell(0, 0.55, -1.2, 1.2),
        "light_height": d.bell(0.55, 0.28, -0.1, 1.1),
        "light_key": d.bell(0.45, 0.25, 0, 1),
        "light_warm": d.bell(0.15, 0.4),
        "light_rim": d.bell(0.3, 0.3, 0, 1),
        "exposure": d.bell(0, 0.3),
    }


def _draw_worn(seed: int, who: dict[str, float], hair: dict[str, float]) -> dict[str, float]:
    d = _Draw(seed, "worn")
    woman = who["masculine"] < 0.5
    made_up = woman and d.chance(0.55)
    return {
        "glasses": float(d.chance(0.18 + 0.25 * (who["age"] - 16) / 69)),
        "glasses_shape": d.uniform(),
        "glasses_size": d.uniform(),
        "glasses_thick": d.uniform(),
        "glasses_hue": d.uniform(),
        "glasses_tint": d.uniform(0.75, 1.0) if d.chance(0.12) else d.uniform(0.0, 0.12),
        "hat": float(d.chance(0.09)) * (hair["bun"] < 0.5),
        "hat_hue": d.uniform(),
        "hat_light": d.uniform(),
        "earrings": d.uniform(0.5, 1.0) if d.chance(0.5 if woman else 0.07) else 0.0,
        "necklace": float(d.chance(0.35 if woman else 0.06)),
        "lipstick": d.uniform(0.3, 1.0) if made_up else 0.0,
        "lipstick_hue": d.uniform(),
        "eye_makeup": d.uniform(0.2, 1.0) if made_up else 0.0,
        "cloth_hue": d.uniform(),
        "cloth_grey": d.uniform(),
        "cloth_light": d.uniform(),
        "neckline": d.uniform(),
        "collar": float(d.chance(0.35)),
    }


def _draw_background(seed: int) -> dict[str, float]:
    d = _Draw(seed, "background")
    return {
        "ground_kind": d.uniform(),
        "ground_hue": d.uniform(),
        "ground_grey": d.uniform() ** 0.7,
        "ground_light": d.uniform(),
        "ground_turn": d.bell(0, 0.4),
        "ground_busy": d.uniform(),
        "ground_texture": d.whole(1_000_000),
    }


def _draw_framing(seed: int) -> dict[str, float]:
    d = _Draw(seed, "framing")
    return {
        "centre_x": d.bell(0, 0.008, -0.03, 0.03),
        "centre_y": d.bell(0, 0.006, -0.02, 0.02),
        "scale": d.bell(0.25, 0.007, 0.225, 0.275),
        "grain": d.uniform() ** 2,
        "vignette": d.uniform(),
    }


def face(seed: int, **fixed: float) -> Face:
    """The face of a seed; fields named in `fixed` are set, the others drawn as without them."""
    who = _draw_identity(seed)
    hair = _draw_hair(seed, who)
    drawn = (
        who
        | hair
        | _draw_pose(seed)
        | _draw_expression(seed)
        | _draw_light(seed)
        | _draw_worn(seed, who, hair)
        | _draw_background(seed)
        | _draw_framing(seed)
    )
    return dataclasses.replace(Face(**drawn), **fixed)


# What follows from sex and age beside the features.
_FOLLOW: Final = {
    "masculine": ("hair_length", "bun", "recession", "beard", "moustache", "stubble", "lipstick",
                  "eye_makeup"),
    "age": ("hair_grey", "recession", "glasses"),
}  # fmt: skip


def person(seed: int, **fixed: float) -> Face:
    """The same, but where `masculine` or `age` are fixed, features, hair, beard and make-up follow
    as in somebody of that sex or age."""
    causes = {name: fixed[name] for name in _FOLLOW if name in fixed}
    who = _draw_identity(seed, **causes)
    hair = _draw_hair(seed, who)
    drawn = hair | _draw_worn(seed, who, hair)
    following = {name: drawn[name] for cause in causes for name in _FOLLOW[cause]}
    return face(seed, **(who | following | fixed))


_MOMENT: Final = {
    "expression": _draw_expression,
    "light": _draw_light,
    "pose": _draw_pose,
    "background": _draw_background,
}


def vary(person: Face, **seeds: int) -> Face:
    """The same person with another expression, light, pose or background, each from a seed."""
    changes: dict[str, float] = {}
    for name, seed in seeds.items():
        changes |= _MOMENT[name](seed)
    return dataclasses.replace(person, **changes)


# ---------------------------------------------------------------------------------------------
# Children: photos of people younger than the world's youngest, with their exact truth.
#
#     paint_child(person, size, age=4)    a Painted, as painting.paint has it, a face without age
#
#     paint_children(seed, size)          one of a seed, and its numbers
#
# How a child's face differs from a grown one's is in proportions.py.


GROWN: Final = 16.0  # years: the youngest of the world's others
_ASLEEP: Final = 0.15  # of the children: eyes nearly closed
_BALD: Final = 2.5  # years, until which hair is short and thin
_LIDS: Final = 0.2  # of lid_open, at most
# A face without what only grown people have.
_CHILDISH: Final = dict.fromkeys(
    ("beard", "moustache", "stubble", "recession", "hair_grey", "lipstick", "eye_makeup"), 0.0
)


def paint_child(person: Face, size: int, *, age: float) -> Painted:
    """The photo of a person as a child of so many years."""
    if not 0 <= age <= GROWN:
        raise ValueError(f"a child is 0 to {GROWN:g} years old, not {age:g}")
    child = replace(person, age=GROWN, **_CHILDISH)
    return painted(child, shape(child, "photo", youth(age)), size, "photo")


def youth(age: float) -> float:
    """How much of a newborn's proportions a child has: faces grow fastest at first."""
    return (1 - age / GROWN) ** 1.5


def paint_children(seed: int, size: int) -> tuple[Painted, Float[np.ndarray, "n"]]:
    """The person of a seed as a child of any age, some asleep; and the numbers of what is painted,
    in the order of VECTOR_NAMES."""
    stream = np.random.SeedSequence([seed, len(GROUPS) + 1])  # beside those of people.py, turned.py
    draws = np.random.Generator(np.random.PCG64(stream)).random(5).tolist()
    years, asleep, lids, hair, glasses = draws
    age, person = GROWN * years, face(seed)
    young = youth(age)
    changes = {
        **_CHILDISH,
        "masculine": 0.5 + (person.masculine - 0.5) * (1 - 0.7 * young),
        "cheeks": min(1.0, person.cheeks + 0.6 * young),
        "glasses": float(person.glasses > 0.5 and glasses < 0.4),
        "freckles": person.freckles * (1 - young),
    }
    if asleep < _ASLEEP:
        changes["lid_open"] = _LIDS * lids
    if age < _BALD:
        changes |= {"hair_length": 0.05 + 0.2 * hair, "hair_volume": 0.2 * hair, "bun": 0.0}
        changes |= {"earrings": 0.0, "necklace": 0.0, "fringe": 0.0}
    person = replace(person, **changes)
    vector = to_vector(person)
    vector[VECTOR_NAMES.index("age")] = age
    return paint_child(person, size, age=age), vector
