"""What leaves are made of: materials, and letters on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np

from trombine.world import leaves_colours as colours
from trombine.world import leaves_terms as terms

# ---------------------------------------------------------------------------------------------
# Letter-like signs for leaves: which strokes each is made of, drawn for this project.
#
# Lengths are in heights of a line of text; x right, y down, the middle of the sign at 0.


W, H = 0.2, 0.33  # half width and half height of a capital

LINE, ROUND, HALF = 0, 1, 2

# A LINE runs from (x, y) to (x2, y2). A ROUND is a circle at (x, y) of the last number as its
# radius. A HALF is the half of that circle on the side that (x2, y2) points to.
STROKES: Final = {
    "left": (LINE, -W, -H, -W, H, 0),
    "right": (LINE, W, -H, W, H, 0),
    "middle": (LINE, 0, -H, 0, H, 0),
    "top": (LINE, -W, -H, W, -H, 0),
    "bar": (LINE, -W, 0, W, 0, 0),
    "bottom": (LINE, -W, H, W, H, 0),
    "top_half": (LINE, -W, -H, 0, -H, 0),
    "bar_half": (LINE, -W, 0, 0, 0, 0),
    "bottom_half": (LINE, -W, H, 0, H, 0),
    "rise": (LINE, -W, H, W, -H, 0),
    "fall": (LINE, -W, -H, W, H, 0),
    "leg_left": (LINE, -W, H, 0, -H, 0),
    "leg_right": (LINE, 0, -H, W, H, 0),
    "vee_left": (LINE, -W, -H, 0, H, 0),
    "vee_right": (LINE, 0, H, W, -H, 0),
    "kick": (LINE, 0, 0, W, H, 0),
    "low_left": (LINE, -W, -0.08, -W, H, 0),
    "low_right": (LINE, W, 0.13, W, H, 0),
    "high_right": (LINE, W, -0.08, W, 0.13, 0),
    "belly_top": (HALF, 0, -H / 2, 1, 0, H / 2),
    "belly_bottom": (HALF, 0, H / 2, 1, 0, H / 2),
    "back_top": (HALF, 0, -H / 2, -1, 0, H / 2),
    "belly": (HALF, -0.12, 0, 1, 0, H),
    "back": (HALF, 0.12, 0, -1, 0, H),
    "round": (ROUND, 0, 0.13, 0, 0, W),
    "small_back": (HALF, 0.06, 0.13, -1, 0, W),
    "arch": (HALF, 0, 0.13, 0, -1, W),
    "cup": (HALF, 0, 0.13, 0, 1, W),
    "dot": (ROUND, 0, -0.28, 0, 0, 0.02),
    "low_middle": (LINE, 0, -0.06, 0, H, 0),
}

LETTERS: Final = (
    "leg_left leg_right bar",
    "left belly_top belly_bottom top_half bar_half bottom_half",
    "back",
    "left belly",
    "left top bar bottom",
    "left top bar_half",
    "left right bar",
    "middle",
    "left rise",
    "left bottom",
    "left right fall",
    "left top_half belly_top bar_half",
    "left top_half belly_top bar_half kick",
    "back_top belly_bottom",
    "top middle",
    "vee_left vee_right",
    "rise fall",
    "top rise bottom",
    "round",
    "round",
    "round left",
    "round right",
    "round low_right",
    "round low_right",
    "small_back",
    "small_back bar",
    "low_left arch low_right",
    "low_left arch",
    "left arch low_right",
    "low_left high_right cup low_right",
    "low_middle dot",
    "middle bar_half",
)


def stroke_table() -> np.ndarray:
    """All strokes, float64, a row each: what, x, y, x2, y2, radius."""
    return np.array(list(STROKES.values()), np.float64)


def letter_table() -> np.ndarray:
    """All letters, int64: bit i is set where the letter has stroke i."""
    names = list(STROKES)
    return np.array([sum(1 << names.index(part) for part in letter.split()) for letter in LETTERS])


# ---------------------------------------------------------------------------------------------
# What leaves' shapes are made of: foliage, stone, cloth, walls, hair and so on, as ranges.
#
# A picture takes a few materials and draws each one's numbers once, so that its shapes look alike.


Span = tuple[float, float]

# The numbers a material draws, with the range where it names none. Those named like a field of
# SHAPE are that field; lengths of a shape are shares of its radius.
USUAL: Final[dict[str, Span]] = {
    "aspect": (1, 2),  # length by width
    "jumble": (0, 1),  # how freely shapes turn, 1: any way
    "strands": (1, 1),  # how many lines a shape is drawn as
    "fray": (0.05, 0.15),  # how much those differ
    "slope": (0, 0.5),  # brightness across the shape
    "hollow": (0, 0.15),
    "bevel": (0.05, 0.5),
    "relief": (0, 0.5),
    "gloss": (0, 0.05),
    "rough": (0, 0),
    "rough_rate": (1, 4),
    "shadow": (-0.4, 0.7),  # below 0: none
    "rate": (6, 60),
    "stretch": (1, 1),
    "warp": (0, 0.1),
    "tilt": (-0.6, 0.6),
    "chirp": (0, 0),
    "duty": (0.3, 0.7),
    "fuzz": (0.02, 0.3),
    "step": (0.05, 0.35),  # lightness from the first colour to the second
    "tone": (0.1, 0.5),
    "vary": (0.03, 0.13),  # lightness from shape to shape
    "mottle": (0.007, 0.042),
    "mottle_rate": (6, 40),
    "mottle_gain": (0.55, 0.95),
    "mottle_stretch": (1, 1),
}
LOGARITHMIC: Final = (
    "aspect", "strands", "bevel", "rough_rate", "rate", "stretch", "mottle", "mottle_rate",
    "mottle_stretch",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Material:
    """Which outlines, patterns and colours go together; `ranges` replaces some of USUAL."""

    weight: float = 1.0  # how often a picture takes it
    kinds: str  # of leaves_terms.KINDS; one named twice is twice as likely
    patterns: str = "plain"  # of leaves_terms.PATTERNS
    families: str  # of the first colour, from leaves_colours.FAMILIES
    seconds: str = "-"  # of the second; -: the first, lighter or darker
    cut: bool = False  # the second colour is a hole
    ranges: dict[str, Span] = field(default_factory=dict)


# fmt: off
MATERIALS: Final = {
    "foliage": Material(
        weight=1.6,
        kinds="leaf leaf leaf ellipse",
        patterns="plain chevrons veins",
        families="foliage foliage foliage autumn",
        ranges={
            "aspect": (1.6, 4), "jumble": (0.3, 1), "rate": (25, 90), "duty": (0.75, 0.92),
            "step": (0.04, 0.15), "relief": (0.2, 0.8), "vary": (0.05, 0.12), "gloss": (0, 0.15),
        },
    ),
    "petals": Material(
        kinds="leaf ellipse blob",
        patterns="plain stripes",
        families="vivid pastel white",
        ranges={
            "aspect": (1.2, 3), "rate": (30, 100), "fuzz": (0.3, 0.8), "step": (0.05, 0.2),
            "hollow": (-0.3, 0.3), "relief": (0.1, 0.5), "mottle": (0.02, 0.15),
            "mottle_rate": (3, 12), "mottle_gain": (0.3, 0.6),
        },
    ),
    "pebbles": Material(
        weight=1.3,
        kinds="blob blob ellipse",
        patterns="plain plain dots veins",
        families="stone slate earth sand grey",
        ranges={
            "aspect": (1, 1.8), "bevel": (0.4, 1.2), "relief": (0.5, 1), "vary": (0.06, 0.15),
            "mottle": (0.03, 0.14), "rate": (20, 80), "tone": (0.3, 0.9), "gloss": (0, 0.2),
        },
    ),
    "rock": Material(
        weight=1.2,
        kinds="blob polygon",
        patterns="plain clouds veins cells",
        families="stone slate earth sand",
        ranges={
            "rough": (0.02, 0.12), "relief": (0.2, 0.8), "mottle": (0.07, 0.25), "rate": (8, 50),
            "mottle_gain": (0.7, 1), "fuzz": (0.05, 0.5), "mottle_rate": (5, 25),
        },
    ),
    "wood": Material(
        kinds="box box polygon",
        patterns="stripes ripples clouds",
        families="earth hair sand grey",
        ranges={
            "aspect": (2, 10), "jumble": (0, 0.3), "rate": (20, 90), "stretch": (5, 14),
            "warp": (0.5, 2.5), "fuzz": (0.3, 0.9), "step": (0.05, 0.18), "tilt": (0, 0),
            "mottle": (0.03, 0.1), "mottle_stretch": (5, 20), "mottle_rate": (20, 90),
            "bevel": (0.03, 0.15),
        },
    ),
    "cloth": Material(
        weight=1.6,
        kinds="polygon blob box stroke",
        patterns="weave stripes checks plaid dots plain chevrons",
        families="vivid denim grey pastel dark brick white slate denim",
        seconds="- - white dark vivid",
        ranges={
            "rate": (12, 90), "warp": (0, 1.2), "slope": (0.1, 0.6), "fuzz": (0.02, 0.4),
            "tone": (0.2, 0.8), "mottle": (0.06, 0.25), "mottle_rate": (2.5, 12),
            "mottle_gain": (0.35, 0.65),
        },
    ),
    "walls": Material(
        weight=1.5,
        kinds="box box box polygon",
        patterns="bricks grid bricks plain stripes",
        families="brick stone grey sand white",
        seconds="- dark grey white slate",
        ranges={
            "aspect": (1, 3), "jumble": (0, 0.06), "rate": (8, 45), "stretch": (1, 3),
            "duty": (0.55, 0.92), "fuzz": (0, 0.05), "warp": (0, 0), "bevel": (0.02, 0.06),
            "mottle": (0.014, 0.08), "chirp": (0, 0.5), "tone": (0.1, 0.7), "tilt": (-0.9, 0.9),
        },
    ),
    "paper": Material(
        kinds="box box polygon",
        patterns="text text plain grid",
        families="white sand pastel grey",
        seconds="dark dark vivid",
        ranges={
            "aspect": (1, 2), "rate": (6, 35), "stretch": (0.55, 0.8), "duty": (0.4, 0.95),
            "fuzz": (0, 0.02), "warp": (0, 0.05), "step": (0.4, 0.7), "mottle": (0.007, 0.02),
        },
    ),
    "signs": Material(
        weight=0.8,
        kinds="box polygon ellipse blob",
        patterns="text stripes ripples checks text",
        families="vivid dark denim water brick",
        seconds="white white pastel dark",
        ranges={
            "rate": (3, 14), "stretch": (0.55, 0.8), "duty": (0.2, 0.8), "fuzz": (0, 0.04),
            "warp": (0, 0), "jumble": (0, 0.4), "chirp": (-0.8, 0.8), "mottle": (0.004, 0.014),
        },
    ),
    "hair": Material(
        weight=1.1,
        kinds="stroke",
        families="hair hair dark grey skin",
        ranges={
            "aspect": (60, 250), "strands": (16, 60), "jumble": (0.05, 0.5), "slope": (0, 0.5),
            "fray": (0.01, 0.07), "vary": (0.05, 0.14), "bevel": (1, 1), "relief": (0.2, 0.6),
            "gloss": (0, 0.3),
        },
    ),
    "grass": Material(
        kinds="stroke stroke leaf",
        families="foliage foliage autumn sand",
        ranges={
            "aspect": (12, 60), "strands": (6, 20), "fray": (0.1, 0.3), "jumble": (0.1, 0.5),
            "slope": (0, 0.6), "vary": (0.05, 0.15), "bevel": (1, 1), "relief": (0.2, 0.7),
        },
    ),
    "fur": Material(
        kinds="blob ellipse",
        patterns="plain clouds stripes",
        families="hair earth grey white dark",
        ranges={
            "rough": (0.03, 0.1), "rough_rate": (4, 12), "mottle": (0.1, 0.32),
            "mottle_stretch": (4, 12), "mottle_rate": (25, 90), "rate": (5, 20), "warp": (0.5, 2),
            "fuzz": (0.4, 1), "relief": (0, 0.6), "bevel": (0.5, 1),
        },
    ),
    "wires": Material(
        weight=0.9,
        kinds="stroke stroke ring",
        families="dark grey white earth",
        ranges={
            "aspect": (30, 300), "relief": (0.2, 0.9), "bevel": (1, 1), "jumble": (0, 1),
            "strands": (1, 5), "gloss": (0, 0.4),
        },
    ),
    "things": Material(
        weight=1.8,
        kinds="ellipse blob ring polygon box",
        patterns="plain plain plain stripes",
        families="vivid vivid pastel grey white dark slate denim water",
        ranges={
            "bevel": (0.2, 1.2), "relief": (0.4, 1), "gloss": (0, 0.9), "slope": (0, 0.7),
            "mottle": (0.02, 0.15), "mottle_rate": (1.5, 6), "mottle_gain": (0.2, 0.45),
            "warp": (0, 0),
        },
    ),
    "metal": Material(
        weight=0.7,
        kinds="ring box polygon stroke ellipse",
        families="grey slate grey sand",
        ranges={
            "aspect": (1, 6), "slope": (0.2, 0.8), "relief": (0.5, 1), "bevel": (0.05, 0.8),
            "gloss": (0.2, 1), "mottle": (0.007, 0.07), "mottle_stretch": (5, 40),
            "mottle_rate": (30, 120),
        },
    ),
    "skin": Material(
        weight=0.9,
        kinds="blob ellipse stroke",
        families="skin",
        ranges={
            "aspect": (1, 4), "bevel": (0.5, 1.3), "relief": (0.4, 0.9), "vary": (0.01, 0.05),
            "gloss": (0, 0.15), "mottle": (0.03, 0.15), "mottle_rate": (2, 8),
            "mottle_gain": (0.3, 0.6),
        },
    ),
    "air": Material(
        weight=1.5,
        kinds="blob ellipse",
        patterns="plain clouds",
        families="sky sky sky white slate water",
        ranges={
            "aspect": (1, 4), "jumble": (0, 0.2), "rate": (2, 10), "stretch": (1, 4),
            "fuzz": (0.5, 1), "rough": (0, 0.1), "relief": (0, 0.2), "step": (0.05, 0.25),
            "shadow": (-1, 0), "mottle": (0.02, 0.12), "mottle_rate": (1.5, 5),
            "mottle_gain": (0.3, 0.6),
        },
    ),
    "water": Material(
        kinds="box blob",
        patterns="clouds veins stripes",
        families="water water sky slate",
        ranges={
            "aspect": (1, 5), "jumble": (0, 0.1), "rate": (8, 50), "stretch": (2, 7),
            "warp": (0.5, 3), "fuzz": (0.2, 0.8), "mottle": (0.03, 0.14), "tilt": (-0.9, 0.9),
            "mottle_stretch": (2, 6), "step": (0.05, 0.3),
        },
    ),
    "canopy": Material(
        weight=0.9,
        kinds="blob ellipse",
        patterns="clouds cells veins",
        families="foliage dark autumn",
        cut=True,
        ranges={
            "rough": (0.03, 0.15), "rate": (10, 50), "fuzz": (0, 0.05), "duty": (0.3, 0.6),
            "mottle": (0.07, 0.28), "shadow": (-1, 0), "warp": (0, 0.5),
        },
    ),
    "fence": Material(
        weight=0.7,
        kinds="box box polygon",
        patterns="grid stripes text cells plaid",
        families="dark grey white earth vivid",
        cut=True,
        ranges={
            "rate": (6, 45), "stretch": (0.6, 1.6), "duty": (0.2, 0.6), "fuzz": (0, 0.04),
            "jumble": (0, 0.5), "shadow": (-1, 0), "warp": (0, 0.2),
        },
    ),
}
# fmt: on

TABLE: Final = tuple(MATERIALS.values())
WEIGHTS: Final = np.array([m.weight for m in TABLE]) / sum(m.weight for m in TABLE)
FIELDS: Final = tuple(USUAL)


def _ranges() -> np.ndarray:
    """All materials' ranges, materials x FIELDS x 2; logarithms of the LOGARITHMIC ones."""
    table = np.array([[{**USUAL, **m.ranges}[name] for name in FIELDS] for m in TABLE], float)
    logs = [FIELDS.index(name) for name in LOGARITHMIC]
    table[:, logs] = np.log(table[:, logs])
    return table


RANGES: Final = _ranges()


def draw_numbers(rng: np.random.Generator, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """For materials chosen (indices into TABLE), each number of FIELDS, one a material."""
    low, high = RANGES[chosen, :, 0], RANGES[chosen, :, 1]
    drawn = low + (high - low) * rng.random(low.shape)
    numbers = dict(zip(FIELDS, drawn.T, strict=True))
    return {k: np.exp(x) if k in LOGARITHMIC else x for k, x in numbers.items()}


def draw_words(rng: np.random.Generator, chosen: np.ndarray, what: str) -> np.ndarray:
    """For each material chosen, the index of one of its patterns, families or seconds; -1: "-"."""
    choices = [_indices(what)[m] for m in chosen]
    picks = rng.random(len(chosen))
    return np.array([c[int(u * len(c))] for c, u in zip(choices, picks, strict=True)])


def draw_kinds(rng: np.random.Generator, chosen: np.ndarray, which: np.ndarray) -> np.ndarray:
    """For each shape, whose material is chosen[which], the index of one of its kinds."""
    choices = [_indices("kinds")[m] for m in chosen]
    size = np.array([len(c) for c in choices])
    table = np.array([np.resize(c, size.max()) for c in choices])
    return table[which, (rng.random(len(which)) * size[which]).astype(int)]


@cache
def _indices(what: str) -> tuple[tuple[int, ...], ...]:
    """What each material says of `what`, as indices; -1: "-"."""
    names = {"kinds": terms.KINDS, "patterns": terms.PATTERNS}.get(what, colours.NAMES)
    places = {"-": -1, **{name: i for i, name in enumerate(names)}}
    return tuple(tuple(places[word] for word in getattr(m, what).split()) for m in TABLE)
