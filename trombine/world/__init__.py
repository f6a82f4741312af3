"""Parameters to pictures and truth: faces in several styles, leaves, fractals.

faces.py       who is in the picture: named numbers; people.py draws them from a seed, and children
proportions.py how large everything is; stylise.py what a style changes; shape.py packs it
colours.py     what colours and light it has
painting.py    the picture, its parts and landmarks; turned.py photos of heads turned further
kernel_*.py    what is computed per pixel, compiled by numba
leaves.py      pictures of overlapping shapes
fractals.py    where the points of chaotic orbits fall
"""

from trombine.world.faces import FIELDS, VECTOR_NAMES, Face, from_vector, to_vector
from trombine.world.painting import STYLES, Painted, paint
from trombine.world.people import face, paint_child, paint_children, person, vary
from trombine.world.turned import FURTHEST, PAINTED, paint_further, paint_posed

__all__ = [
    "FIELDS",
    "FURTHEST",
    "PAINTED",
    "STYLES",
    "VECTOR_NAMES",
    "Face",
    "Painted",
    "face",
    "from_vector",
    "paint",
    "paint_child",
    "paint_children",
    "paint_further",
    "paint_posed",
    "person",
    "to_vector",
    "vary",
]
