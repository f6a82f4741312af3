"""Children: photos of people younger than the world's youngest, with their exact truth.

    paint_child(person, size, age=4)    a Painted, as painting.paint gives it, of a face without age

    paint_children(seed, size)          one of a seed, and its numbers

How a child's face differs from a grown one's is in proportions.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.world.faces import GROUPS, VECTOR_NAMES, Face, to_vector
from trombine.world.painting import Painted, painted
from trombine.world.people import face
from trombine.world.shape import shape

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
