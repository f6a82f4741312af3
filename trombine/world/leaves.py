"""Dead leaves: pictures of overlapping shapes with the statistics of photographs, to teach nets.

`leaves(seed, size)` is all that others need. A seed draws a scene: what lies where, of what
material, in what light. The sizes of shapes follow p(r) ~ r^-3 between two radii, as those of
things in photographs do (Matheron 1968; Lee, Mumford and Huang 2001), which makes pictures look
alike at all scales. kernel_leaves.py lays the shapes; a camera makes samples of their light. The
scene of a seed is the same at every size; grain, optics and the octaves that a pixel can show are
not. Lengths are in scene units: the picture is the square from (0, 0) to (1, 1), y down. numba is
imported when the first picture is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

from trombine.world import leaves_colours as colours

if TYPE_CHECKING:
    from trombine.world.kernel_leaves import Planes

STREAM: Final = 0x1EAF  # keeps these draws apart from others of the same seed
SMALLEST: Final = (0.007, 0.13)  # radius of a picture's smallest shape
LARGEST: Final = 0.5  # radius that the largest may have
SHAPES_MAX: Final = 2600
SITES: Final = 10  # places round which a material gathers
LONGEST_LINE: Final = 0.8  # half of it
BRIGHTEST: Final = 4.0  # light above which the tone curve stays white
STEPS: Final = 4096  # of the tone curve
SIZES: Final = (16, 2048)  # pixels

KINDS: Final = ("blob", "box", "leaf", "stroke")  # as kernel_leaves.py numbers them
LATTICE: Final = 128  # cells after which the noise repeats, as kernel_leaves.py has it
PATTERNS: Final = ("plain", "clouds", "stripes", "checks", "grid", "cells")
SHAPE: Final = np.dtype(
    [
        *((name, "i4") for name in ("kind", "pattern", "cut")),  # cut: the second colour is a hole
        *((name, "f4") for name in ("x", "y", "cos", "sin")),  # centre, turn of its axes
        *((name, "f4") for name in ("a", "b", "p0", "p1", "p2")),  # half extents; the kind's own
        ("soft", "f4"),  # how far out of focus: width of the outline's ramp
        *((name, "f4") for name in ("r0", "g0", "b0", "r1", "g1", "b1")),  # linear light
        *((name, "f4") for name in ("slope_u", "slope_v")),  # brightness, from centre to edge
        *((name, "f4") for name in ("bevel", "relief", "gloss")),  # rim: width, depth, highlight
        *((name, "f4") for name in ("shadow", "drop_x", "drop_y", "spread")),  # it casts
        *((name, "f4") for name in ("tex_x", "tex_y")),  # shift of pattern and noise, in cells
        *((name, "f4") for name in ("rate", "stretch", "warp", "duty", "fuzz", "tone")),  # pattern
        *((f"mottle{name}", "f4") for name in ("", "_rate", "_gain", "_stretch")),  # fine noise
    ]
)

# ---------------------------------------------------------------------------------------------
# What shapes are made of: foliage, stone, cloth, walls, hair and so on, as ranges. A picture takes
# a few materials and draws each one's numbers once, so that its shapes look alike.

Span = tuple[float, float]

# The numbers a material draws, and the range where it names none. Those named like a field of
# SHAPE are that field; rates are in cells per unit, lengths of a shape in shares of its radius.
USUAL: Final[dict[str, Span]] = {
    "aspect": (1, 2),  # length by width
    "jumble": (0, 1),  # how freely shapes turn, 1: any way
    "strands": (1, 1),  # how many lines a shape is drawn as
    "slope": (0, 0.5),  # brightness, from the centre to the edge
    "bevel": (0.05, 0.5),
    "relief": (0, 0.5),
    "gloss": (0, 0.1),
    "shadow": (-0.4, 0.7),  # below 0: none
    "rate": (6, 60),
    "stretch": (1, 1),  # cells are this much longer along
    "warp": (0, 0.1),  # cells that noise moves the pattern by
    "duty": (0.3, 0.7),  # share of the first colour in a period, or the level of a cut
    "fuzz": (0.02, 0.3),  # softness of the pattern's edges, in cells
    "tone": (0.1, 0.5),  # how much cells differ in brightness
    "step": (0.05, 0.35),  # lightness from the first colour to the second
    "vary": (0.03, 0.13),  # lightness from shape to shape
    "mottle": (0.01, 0.06),  # in logarithms of brightness
    "mottle_rate": (6, 40),
    "mottle_gain": (0.5, 0.95),  # from an octave to the next
    "mottle_stretch": (1, 1),
}
TAKEN: Final = tuple(name for name in USUAL if name in (SHAPE.names or ()))
LOGARITHMIC: Final = (
    "aspect", "strands", "bevel", "rate", "stretch", "mottle", "mottle_rate", "mottle_stretch",
)  # fmt: skip


@dataclass(frozen=True)
class Material:
    """Outlines, patterns, families of the first colour and of the second (-: the first, lighter or
    darker); a word named twice is twice as likely. `ranges` replaces some of USUAL."""

    weight: float  # how often a picture takes it
    kinds: str
    patterns: str
    families: str
    seconds: str = "-"
    cut: bool = False
    ranges: dict[str, Span] = field(default_factory=dict[str, Span])


# fmt: off
MATERIALS: Final = (
    Material(2.6, "leaf leaf leaf blob", "plain plain stripes", "foliage foliage autumn vivid",
        # leaves, petals
        ranges={"aspect": (1.4, 4), "rate": (25, 90), "duty": (.7, .9), "relief": (.2, .8)}),
    Material(2.5, "blob", "plain plain cells clouds", "stone slate earth sand grey",
        ranges={"bevel": (.4, 1.2), "relief": (.3, 1), "mottle": (.03, .25), "rate": (8, 80),
                "vary": (.06, .15), "tone": (.3, .9)}),  # pebbles, rock
    Material(1, "box", "stripes clouds", "earth hair sand grey",
        ranges={"aspect": (2, 10), "jumble": (0, .3), "rate": (20, 90), "stretch": (5, 14),
                "warp": (.5, 2.5), "fuzz": (.3, .9), "step": (.05, .18), "mottle": (.03, .1),
                "mottle_stretch": (5, 20), "mottle_rate": (20, 90)}),  # wood
    Material(1.6, "blob box stroke", "stripes checks grid plain clouds",
        "vivid denim grey pastel dark brick white slate denim", "- - white dark vivid",
        ranges={"rate": (12, 90), "warp": (0, 1.2), "tone": (.2, .8), "mottle": (.06, .25),
                "mottle_rate": (2.5, 12), "mottle_gain": (.35, .65)}),  # cloth
    Material(2, "box", "grid plain stripes checks", "brick stone grey sand white",
        "- dark grey white slate",
        ranges={"aspect": (1, 3), "jumble": (0, .06), "rate": (8, 45), "stretch": (1, 3),
                "duty": (.55, .92), "fuzz": (0, .05), "warp": (0, 0)}),  # walls
    Material(1.6, "box box blob", "stripes checks plain grid", "white vivid dark denim sand",
        "dark dark white vivid",
        ranges={"rate": (3, 30), "duty": (.2, .8), "fuzz": (0, .03), "warp": (0, 0),
                "jumble": (0, .4), "step": (.4, .7), "mottle": (.004, .02)}),  # paper, signs
    Material(2.1, "stroke stroke stroke leaf", "plain", "hair dark grey skin foliage autumn",
        ranges={"aspect": (12, 250), "strands": (6, 60), "jumble": (.05, .5), "bevel": (1, 1),
                "relief": (.2, .6), "gloss": (0, .3), "vary": (.05, .15)}),  # hair, grass
    Material(1, "blob", "plain clouds stripes", "hair earth grey white dark",
        ranges={"mottle": (.1, .32), "mottle_stretch": (4, 12), "mottle_rate": (25, 90),
                "rate": (5, 20), "warp": (.5, 2), "fuzz": (.4, 1), "bevel": (.5, 1)}),  # fur
    Material(.9, "stroke", "plain", "dark grey white earth",
        ranges={"aspect": (30, 300), "relief": (.2, .9), "bevel": (1, 1), "strands": (1, 5),
                "gloss": (0, .4)}),  # wires
    Material(2.5, "blob blob box", "plain plain plain stripes",
        "vivid vivid pastel grey white dark slate denim water",
        ranges={"bevel": (.2, 1.2), "relief": (.4, 1), "gloss": (0, .9), "slope": (0, .7),
                "mottle": (.01, .15), "mottle_rate": (1.5, 6), "mottle_gain": (.2, .45),
                "mottle_stretch": (1, 6)}),  # things
    Material(.9, "blob blob stroke", "plain", "skin",
        ranges={"aspect": (1, 4), "bevel": (.5, 1.3), "relief": (.4, .9), "vary": (.01, .05),
                "mottle": (.03, .15), "mottle_rate": (2, 8), "mottle_gain": (.3, .6)}),  # skin
    Material(2.5, "blob", "plain clouds", "sky sky water white slate",  # air, water
        ranges={"aspect": (1, 4), "jumble": (0, .2), "rate": (2, 30), "stretch": (1, 5),
                "warp": (0, 2), "fuzz": (.4, 1), "relief": (0, .2), "shadow": (-1, 0),
                "mottle": (.02, .12), "mottle_rate": (1.5, 8), "mottle_gain": (.3, .6)}),
    Material(1.6, "blob box", "clouds cells grid stripes", "foliage dark autumn grey white",
        cut=True,
        ranges={"rate": (6, 50), "fuzz": (0, .05), "duty": (.2, .6), "shadow": (-1, 0),
                "mottle": (.03, .28)}),  # canopies, fences
)
# fmt: on


_LOGS: Final = np.array([name in LOGARITHMIC for name in USUAL])
_RANGES: Final = np.array(  # materials x names of USUAL x 2; of LOGARITHMIC ones the logarithms
    [[one.ranges.get(name, usual) for name, usual in USUAL.items()] for one in MATERIALS], float
)
_RANGES[:, _LOGS] = np.log(_RANGES[:, _LOGS])


@cache
def _words(what: str) -> tuple[Int[np.ndarray, "materials most"], Int[np.ndarray, "materials"]]:
    """What each material says of `what`, as indices, -1 for "-", repeated; how many words."""
    names = {"kinds": KINDS, "patterns": PATTERNS}.get(what, colours.NAMES)
    words = [getattr(one, what).split() for one in MATERIALS]
    most = max(len(one) for one in words)
    table = [[-1 if w == "-" else names.index(w) for w in np.resize(one, most)] for one in words]
    return np.array(table), np.array([len(one) for one in words])


def draw_words(
    rng: np.random.Generator, which: Int[np.ndarray, "n"], what: str
) -> Int[np.ndarray, "n"]:
    """For each of some materials, the index of one of its kinds, patterns, families or seconds."""
    table, count = _words(what)
    return table[which, (rng.random(len(which)) * count[which]).astype(int)]


def draw_numbers(rng: np.random.Generator, chosen: Int[np.ndarray, "m"]) -> dict[str, np.ndarray]:
    """Of each material chosen, each number of USUAL."""
    low, high = np.moveaxis(_RANGES[chosen], 2, 0)
    drawn = low + (high - low) * rng.random(low.shape)
    drawn[:, _LOGS] = np.exp(drawn[:, _LOGS])
    return dict(zip(USUAL, drawn.T, strict=True))


# ---------------------------------------------------------------------------------------------
# A seed to a scene


@dataclass(frozen=True, kw_only=True)
class Camera:
    """How the scene's light becomes samples."""

    exposure: float = 1.0  # factor on light
    contrast: float = 0.0  # of an S-curve on the screen, 0 none
    lift: float = 0.0  # of black, share of full scale
    vignette: float = 0.0  # share of light missing in the corners
    optics: float = 0.0  # weight of a neighbour pixel in a blur, 0 to .3
    sharpening: float = 0.0  # weight of a neighbour taken off, 0 to .1
    grain: float = 0.0  # standard deviation, of 255
    seed: int = 0  # of the grain


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A picture's shapes, nearest first, and what they are seen with."""

    shapes: np.ndarray  # of SHAPE; the last one covers everything
    lamp: Float[np.ndarray, "3"]  # direction towards the light, of length 1, z to the viewer
    glow: Float[np.ndarray, "waves 4"]  # patches of light: strength, waves per unit in x, y; where
    camera: Camera
    radii: Float[np.ndarray, "n"]  # as drawn: of circles as large as the shapes
    smallest: float  # the radii's power law runs from here to LARGEST


def draw_scene(seed: int) -> Scene:
    """The scene of a seed, which is 0 or more."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, STREAM])))
    smallest = float(np.exp(rng.uniform(*np.log(SMALLEST))))
    radii = draw_radii(rng, smallest, _how_many(rng, smallest))
    azimuth, height = rng.normal(-np.pi / 2, 0.9), rng.uniform(0.5, 1.2)  # mostly from above
    flat = np.cos(height)
    lamp = np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(height)])
    shapes = draw_shapes(rng, np.append(radii, 1.0), lamp)
    rate = np.exp(rng.uniform(-0.7, 2.0 if rng.random() < 0.2 else 0.9))  # mostly broad
    glow = rng.normal(0, 1, (5, 4)) * [rng.uniform(0.1, 0.4), rate, rate, 10]
    camera = _draw_camera(rng, _mean_light(shapes))
    return Scene(shapes=shapes, lamp=lamp, glow=glow, camera=camera, radii=radii, smallest=smallest)


def draw_radii(rng: np.random.Generator, smallest: float, count: int) -> Float[np.ndarray, "n"]:
    """Radii with p(r) ~ r^-3 from `smallest` to LARGEST, by the inverse of their distribution."""
    low, high = smallest**-2, LARGEST**-2
    return (low - rng.random(count) * (low - high)) ** -0.5


def _how_many(rng: np.random.Generator, smallest: float) -> int:
    """How many shapes leave exp(-depth) of the background in sight, on average."""
    depth = rng.uniform(1.0, 4.0)
    low, high = smallest**-2, LARGEST**-2
    mean_square = np.log(low / high) / (low - high)  # of r, under its law
    return min(int(depth / (np.pi * mean_square)) + 1, SHAPES_MAX)


def draw_shapes(
    rng: np.random.Generator, radii: Float[np.ndarray, "n"], lamp: Float[np.ndarray, "3"]
) -> np.ndarray:
    """Shapes of these radii, each of a material, in its place; the last is behind all."""
    s, n = np.zeros(len(radii), SHAPE), len(radii)
    weights = np.array([one.weight for one in MATERIALS])
    chosen = rng.choice(len(MATERIALS), rng.integers(2, 8), p=weights / weights.sum())
    places = _gather(rng, radii)
    which = _share_out(rng, places, len(chosen))
    each = {name: numbers[which] for name, numbers in draw_numbers(rng, chosen).items()}
    for name in TAKEN:
        s[name] = each[name]
    _place(rng, s, radii, places, chosen[which], each)
    _colour(rng, s, chosen, which, each)
    s["pattern"] = draw_words(rng, chosen, "patterns")[which]
    s["cut"] = np.array([MATERIALS[m].cut for m in chosen])[which]
    s["rate"] *= np.exp(rng.normal(0, 0.15, n))
    s["mottle"] *= np.exp(rng.normal(0.2, 0.3, n))
    s["tex_x"], s["tex_y"] = rng.uniform(0, LATTICE, (2, n))
    s["cut"][np.sqrt(s["a"] * s["b"]) * s["rate"] < 0.6] = 0  # no room for a cell
    angle = rng.uniform(0, 2 * np.pi, n)
    s["slope_u"], s["slope_v"] = each["slope"] * np.cos(angle), each["slope"] * np.sin(angle)
    s["slope_v"][s["kind"] == KINDS.index("stroke")] = 0  # it leaves its own axes
    s["bevel"] *= np.minimum(s["a"], s["b"])
    s["shadow"] = np.maximum(s["shadow"], 0) * (radii > 0.02)
    height = 0.3 * np.minimum(radii, 0.1) * rng.uniform(0.3, 1.5, n)
    s["drop_x"], s["drop_y"], s["spread"] = -lamp[0] * height, -lamp[1] * height, height
    # In some pictures only what is at one depth is sharp; in some, all but the background.
    aperture, off = 0.08 * rng.random() ** 2, np.abs(np.linspace(0, 1, n) - rng.random())
    s["soft"] = aperture * np.maximum(off - 0.15, 0) * (rng.random() < 0.5)
    s["soft"][-1] += 0.08 * rng.random() ** 2 * (rng.random() < 0.4)
    behind = {"kind": KINDS.index("box"), "x": 0.5, "y": 0.5, "a": 1.5, "b": 1.5}
    for name, value in {**behind, "p0": 0, "cut": 0, "relief": 0}.items():
        s[name][-1] = value
    if rng.random() < 0.4:  # a calm wall or sky
        s["pattern"][-1] = 0
        s["mottle"][-1] *= 0.3
    return _split_strands(rng, s, each["strands"])


def _gather(rng: np.random.Generator, radii: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n 2"]:
    """Places in the square: anywhere, or small shapes in a few clumps, which leaves calm parts."""
    places = rng.random((len(radii), 2))
    clumps = rng.random((rng.integers(1, 6), 2))
    clumped = (rng.random(len(radii)) < rng.uniform(-0.4, 0.9)) & (radii < 0.12)
    middles = clumps[rng.integers(0, len(clumps), len(radii))]
    near = middles + rng.uniform(0.05, 0.2) * rng.normal(0, 1, places.shape)
    return np.where(clumped[:, None], near, places)


def _share_out(
    rng: np.random.Generator, places: Float[np.ndarray, "n 2"], count: int
) -> Int[np.ndarray, "n"]:
    """Which of `count` materials each shape has: that of the nearest site, for all but strays."""
    sites, owners = rng.random((SITES, 2)), rng.integers(0, count, SITES)
    nearest = ((places[:, None] - sites) ** 2).sum(axis=2).argmin(axis=1)
    stray = rng.random(len(places)) < rng.uniform(0.05, 0.6)
    return np.where(stray, rng.integers(0, count, len(places)), owners[nearest])


def _place(
    rng: np.random.Generator,
    s: np.ndarray,
    radii: Float[np.ndarray, "n"],
    places: Float[np.ndarray, "n 2"],
    materials: Int[np.ndarray, "n"],
    each: dict[str, np.ndarray],
) -> None:
    """Kind, extents, outline, centre and turn of each shape; many stand upright."""
    n = len(s)
    s["kind"] = draw_words(rng, materials, "kinds")
    aspect = each["aspect"] ** rng.uniform(0.7, 1.3, n)
    box, leaf, stroke = (s["kind"] == KINDS.index(name) for name in ("box", "leaf", "stroke"))
    aspect = np.where(stroke, np.maximum(aspect, 6), np.minimum(aspect, 10))
    s["a"] = np.minimum(radii * np.sqrt(aspect), np.where(stroke, LONGEST_LINE, 1.0))
    s["b"] = np.where(stroke, s["a"] / aspect, radii / np.sqrt(aspect))
    # Centres lie as far out as a shape reaches: everywhere it is as likely to be covered.
    s["x"], s["y"] = (0.5 + (1 + 2 * s["a"][:, None]) * (places - 0.5)).T
    one, two, three = rng.normal(0, 1, (3, n))
    rounded = 0.35 * one**2 / (1 + one**2) * np.minimum(s["a"], s["b"])  # mostly little
    bent = 0.25 * one / s["a"]
    s["p0"] = np.select([box, leaf, stroke], [rounded, bent, 2 * bent], 0.12 * one)
    s["p1"] = np.select([stroke], [0.9 * np.abs(np.tanh(three))], 0.08 * two)
    s["p2"] = 0.04 * three
    many = materials.max() + 1
    main = np.where(rng.random(many) < 0.5, 0, rng.uniform(0, np.pi, many))[materials]
    angle = main + rng.integers(0, 2, n) * np.pi / 2 + each["jumble"] * rng.normal(0, 1, n)
    s["cos"], s["sin"] = np.cos(angle), np.sin(angle)


def _colour(
    rng: np.random.Generator,
    s: np.ndarray,
    chosen: Int[np.ndarray, "m"],
    which: Int[np.ndarray, "n"],
    each: dict[str, np.ndarray],
) -> None:
    """Two colours for each shape: its material's, varied, in the light of the picture."""
    families, others = (draw_words(rng, chosen, what) for what in ("families", "seconds"))
    first = colours.draw_colours(rng, families)[which]
    second = colours.draw_colours(rng, np.maximum(others, 0))[which]
    shade = first.copy()  # lighter or darker by a step
    shade[:, 0] += np.where(first[:, 0] > 0.5, -1, 1) * each["step"]
    second = np.where((others < 0)[which][:, None], shade, second)
    shift = rng.normal(0, 1, (len(s), 3)) * [1.0, 0.1, 9.0]  # lightness, log of chroma, hue
    strength = 1.1 * rng.beta(2.5, 1.3)  # some pictures have little colour
    # The light's colour is bluish on average, since the families are warm.
    a, b = rng.normal(0, 0.01), rng.normal(-0.008, 0.01)
    lamp = colours.to_light(np.array([[0.9, np.hypot(a, b), np.rad2deg(np.arctan2(b, a))]]))[0]
    lamp = lamp / lamp.mean()
    for names, drawn in (("r0 g0 b0", first), ("r1 g1 b1", second)):
        drawn[:, 0] = np.clip(drawn[:, 0] + shift[:, 0] * each["vary"], 0.06, 0.97)
        drawn[:, 1] *= strength * np.exp(shift[:, 1])
        drawn[:, 2] += shift[:, 2]
        for name, values in zip(names.split(), (colours.to_light(drawn) * lamp).T, strict=True):
            s[name] = values


def _split_strands(
    rng: np.random.Generator, s: np.ndarray, strands: Float[np.ndarray, "n"]
) -> np.ndarray:
    """The shapes, with lines of hair, grass and wire as bundles of lines, each a little its own."""
    room = np.minimum(s["a"] / 0.2, 1) * (s["kind"] == KINDS.index("stroke"))
    count = 1 + ((strands - 1) * room).astype(int)
    many, bundled = np.repeat(s, count), np.repeat(count, count) > 1
    across, bent, tone, turned = rng.normal(0, 1, (4, len(many))) * bundled
    many["x"] -= 0.15 * many["a"] * across * many["sin"]
    many["y"] += 0.15 * many["a"] * across * many["cos"]
    fray = np.repeat(rng.uniform(0.01, 0.2, len(s)), count)
    angle = np.arctan2(many["sin"], many["cos"]) + fray * turned
    many["cos"], many["sin"] = np.cos(angle), np.sin(angle)
    many["p0"] += 1.5 * fray * bent / many["a"]
    many["b"] *= np.exp(0.3 * bent)
    many["a"] *= np.exp(-0.3 * np.abs(across))
    for name in ("r0", "g0", "b0"):
        many[name] *= np.exp(0.25 * tone)
    return many


def _mean_light(shapes: np.ndarray) -> float:
    """About the picture's mean light: of each shape by its area, less what earlier ones hide."""
    area = np.minimum(np.pi * shapes["a"] * shapes["b"], 1)
    seen = area * np.exp(-np.cumsum(area) + area)
    brightness = 0.25 * shapes["r0"] + 0.65 * shapes["g0"] + 0.1 * shapes["b0"]
    return float((seen * brightness).sum() / seen.sum())


def _draw_camera(rng: np.random.Generator, brightness: float) -> Camera:
    """Exposure for the scene's mean light, tone, optics and grain as cameras leave them."""
    key = np.exp(rng.normal(np.log(0.2), 0.45))  # the mean light wanted
    return Camera(
        exposure=float(np.clip(key / brightness, 0.3, 4) ** 0.8),
        contrast=rng.uniform(0.0, 0.9),
        lift=max(rng.uniform(-0.05, 0.05), 0.0),
        vignette=max(rng.uniform(-0.3, 0.4), 0.0),
        optics=rng.uniform(0.02, 0.17),
        sharpening=max(rng.uniform(-0.06, 0.06), 0.0),
        grain=4.0 * rng.random() ** 3,
        seed=int(rng.integers(0, 2**62)),
    )


# ---------------------------------------------------------------------------------------------
# A scene to a picture


def leaves(seed: int, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """The leaves picture of a seed (0 or more), size x size (16 to 2048), sRGB.

    The same bytes in any process and order on one machine.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(f"size is from {SIZES[0]} to {SIZES[1]}, not {size}")
    return render(draw_scene(seed), size)


def render(scene: Scene, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """A scene through its camera."""
    camera, light = scene.camera, expose(scene, size).light
    away = np.square((np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1)
    light *= (1 - 0.5 * camera.vignette * (away + away[:, None]))[..., None]
    light = _smear(light, camera.optics)
    place = np.sqrt(np.minimum(light, BRIGHTEST)) * np.float32((STEPS - 1) / np.sqrt(BRIGHTEST))
    screen = _smear(tone_curve(camera)[np.rint(place).astype(np.int32)], -camera.sharpening)
    rng = np.random.Generator(np.random.SFC64(camera.seed))
    grain = rng.standard_normal((size, size, 3), np.float32) * np.float32(camera.grain)
    grain[..., ::2] = grain[..., 1:2] + 0.4 * grain[..., ::2]  # a little of it is colour
    return np.rint(np.clip(255 * screen + grain, 0, 255)).astype(np.uint8)


def expose(scene: Scene, size: int) -> Planes:
    """A scene's linear light, before the camera; `free` is 0 where a pixel is painted."""
    from trombine.world.kernel_leaves import Planes, paint

    at = (np.arange(size) + 0.5) / size
    waves = [
        strength * np.sin(2 * np.pi * (x * at + y * at[:, None] + where))
        for strength, x, y, where in scene.glow
    ]
    planes = Planes(
        light=np.zeros((size, size, 3), np.float32),
        free=np.ones((size, size), np.float32),
        shade=np.exp(np.sum(waves, 0)).astype(np.float32),
        lattice=_lattice(),
    )
    paint(scene.shapes, planes, scene.lamp)
    return planes


def tone_curve(camera: Camera) -> Float32[np.ndarray, "steps"]:
    """Screen values, [0, 1], of light from 0 to BRIGHTEST in steps even in its square root."""
    light = np.linspace(0, 1, STEPS) ** 2 * BRIGHTEST * camera.exposure
    shoulder = np.where(light < 0.7, light, 1 - 0.3 * np.exp((0.7 - light) / 0.3))
    screen = colours.to_screen(shoulder)
    screen = screen + camera.contrast * (screen * screen * (3 - 2 * screen) - screen)
    return (camera.lift + (1 - camera.lift) * screen).astype(np.float32)


def _smear(planes: Float32[np.ndarray, "h w 3"], side: float) -> Float32[np.ndarray, "h w 3"]:
    """Blurred along rows and columns by weights side, 1, side of sum 1; edges held."""
    for _ in range(2):
        around = np.concatenate([planes[:1], planes, planes[-1:]])
        planes = (planes + np.float32(side) * (around[:-2] + around[2:])) / np.float32(1 + 2 * side)
        planes = planes.swapaxes(0, 1)
    return planes


@cache
def _lattice() -> Float32[np.ndarray, "128 128 3"]:
    """The noise's gradients and tones, the same for all seeds."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0x1A77)))
    lattice = rng.standard_normal((LATTICE, LATTICE, 3), np.float32)
    lattice[..., :2] *= 3.3  # so that the noise has a standard deviation of 1
    lattice[..., 2] = rng.random(lattice.shape[:2], np.float32)
    return lattice
