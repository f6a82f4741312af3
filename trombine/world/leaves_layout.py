"""Where leaves lie, and their surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Float32, Int

from trombine.world import leaves_colours as colours
from trombine.world import leaves_materials as materials
from trombine.world import leaves_terms as terms

# ---------------------------------------------------------------------------------------------
# What a leaves scene's shapes look like: colours, patterns, light on them, focus.


# What a material draws and a shape takes as it is.
TAKEN: Final = (
    "hollow", "relief", "gloss", "rate", "stretch", "warp", "tilt", "chirp", "duty", "fuzz",
    "tone", "mottle", "mottle_rate", "mottle_gain", "mottle_stretch",
)  # fmt: skip


def colour(draft: Draft) -> None:
    """Two colours for each shape: its material's, varied, in the light of the picture."""
    rng, s, n = draft.rng, draft.shapes, len(draft.shapes)
    first, second = (pair[draft.which] for pair in _draw_pairs(draft))
    shift = rng.normal(0, 1, (n, 3)) * [1.0, 0.1, 9.0]  # lightness, logarithm of chroma, hue
    shift[:, 0] *= draft.each("vary")
    strength = 1.1 * rng.beta(2.5, 1.3)  # some pictures have little colour
    lamp = _draw_lamp_colour(rng)
    for names, drawn in ((("r0", "g0", "b0"), first), (("r1", "g1", "b1"), second)):
        drawn[:, 0] = np.clip(drawn[:, 0] + shift[:, 0], 0.06, 0.97)
        drawn[:, 1] *= strength * np.exp(shift[:, 1])
        drawn[:, 2] += shift[:, 2]
        for name, values in zip(names, (colours.to_light(drawn) * lamp).T, strict=True):
            s[name] = values


def _draw_pairs(draft: Draft) -> tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, "m 3"]]:
    """Each material's two colours; the second may be the first, lighter or darker by a step."""
    rng = draft.rng
    families = materials.draw_words(rng, draft.chosen, "families")
    others = materials.draw_words(rng, draft.chosen, "seconds")
    first = colours.draw_colours(rng, families)
    second = colours.draw_colours(rng, np.where(others < 0, families, others))
    shade = first.copy()
    shade[:, 0] += np.where(first[:, 0] > 0.5, -1, 1) * draft.numbers["step"]
    return first, np.where((others < 0)[:, None], shade, second)


def _draw_lamp_colour(rng: np.random.Generator) -> Float[np.ndarray, "3"]:
    """The light's colour, of mean 1: nearly white, as cameras balance it, bluish on average.

    The families are warm on average; this evens it out over pictures.
    """
    a, b = rng.normal(0, 0.01), rng.normal(-0.008, 0.01)
    light = colours.to_light(np.array([[0.9, np.hypot(a, b), np.rad2deg(np.arctan2(b, a))]]))[0]
    return light / light.mean()


def cover(draft: Draft) -> None:
    """Patterns and the fine noise of the surface."""
    rng, s, n = draft.rng, draft.shapes, len(draft.shapes)
    for name in TAKEN:
        s[name] = draft.each(name)
    s["pattern"] = materials.draw_words(rng, draft.chosen, "patterns")[draft.which]
    s["cut"] = np.array([materials.TABLE[m].cut for m in draft.chosen])[draft.which]
    s["rate"] *= np.exp(rng.normal(0, 0.15, n))
    s["tilt"] *= rng.random(n) < 0.35
    s["mottle"] *= np.exp(rng.normal(0.2, 0.3, n))
    s["contrast"] = rng.uniform(0.6, 1, n)
    s["tex_x"], s["tex_y"] = rng.uniform(0, terms.LATTICE, (2, n))
    lean = rng.normal(0, 0.15, n) * (rng.random(n) < 0.5)
    s["tex_cos"], s["tex_sin"] = np.cos(lean), np.sin(lean)
    small = np.sqrt(s["a"] * s["b"]) * s["rate"] < 0.6  # no room for a cell
    small[-1] = s["cut"][-1]  # what is behind all has no holes
    s["pattern"][small], s["cut"][small] = terms.PLAIN, 0
    if rng.random() < 0.4:  # a calm wall or sky behind
        s["pattern"][-1] = terms.PLAIN
        s["mottle"][-1] *= 0.3


def light(draft: Draft, lamp: Float[np.ndarray, "3"]) -> None:
    """Gradients, rounded rims and shadows."""
    rng, s, n = draft.rng, draft.shapes, len(draft.shapes)
    angle, slope = rng.uniform(0, 2 * np.pi, n), draft.each("slope")
    s["slope_u"], s["slope_v"] = slope * np.cos(angle), slope * np.sin(angle)
    bent = s["kind"] == terms.STROKE  # it leaves its own axes: no gradient across
    s["slope_v"][bent], s["hollow"][bent] = 0, 0
    s["bevel"] = draft.each("bevel") * np.minimum(s["a"], s["b"])
    s["relief"][-1] = 0
    s["shadow"] = np.maximum(draft.each("shadow"), 0) * (draft.radii > 0.02)
    height = 0.3 * np.minimum(draft.radii, 0.1) * rng.uniform(0.3, 1.5, n)
    s["drop_x"], s["drop_y"] = -lamp[0] * height, -lamp[1] * height
    s["spread"] = height * rng.uniform(0.3, 1.5)


def focus(draft: Draft) -> None:
    """In some pictures only what is at one depth is sharp; in some, all but the background."""
    rng, s, n = draft.rng, draft.shapes, len(draft.shapes)
    aperture = 0.08 * rng.random() ** 2 * (rng.random() < 0.5)
    off = np.abs(np.linspace(0, 1, n) - rng.random())
    s["soft"] = aperture * np.maximum(off - 0.15, 0)
    s["soft"][-1] += 0.08 * rng.random() ** 2 * (rng.random() < 0.4)


# ---------------------------------------------------------------------------------------------
# Where a leaves scene's shapes lie, how large and turned, and what outline each has.


SITES: Final = 10  # places round which a material gathers
LONGEST_LINE: Final = 0.8  # half of it


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Shapes being made: the records, and what each is drawn from."""

    rng: np.random.Generator
    shapes: np.ndarray  # of leaves_terms.SHAPE, filled in step by step; the last is behind all
    radii: Float[np.ndarray, "n"]  # of circles as large; the last one's is 1
    which: Int[np.ndarray, "n"]  # each shape's material is chosen[which]
    chosen: Int[np.ndarray, "m"]  # indices into leaves_materials.TABLE
    numbers: dict[str, np.ndarray]  # of each material chosen, leaves_materials.FIELDS

    def each(self, name: str) -> Float[np.ndarray, "n"]:
        """A number of leaves_materials.FIELDS, for each shape."""
        return self.numbers[name][self.which]


def lay_out(rng: np.random.Generator, radii: Float[np.ndarray, "n"]) -> Draft:
    """Shapes of these radii and one behind all, each of a material, of a kind, in its place."""
    chosen = rng.choice(len(materials.TABLE), rng.integers(2, 8), p=materials.WEIGHTS)
    radii = np.append(radii, 1.0)
    places = _gather(rng, radii)
    which = _share_out(rng, places, len(chosen))
    draft = Draft(
        rng=rng,
        shapes=np.zeros(len(radii), terms.SHAPE),
        radii=radii,
        which=which,
        chosen=chosen,
        numbers=materials.draw_numbers(rng, chosen),
    )
    _place(draft, places)
    _turn(draft)
    return draft


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


def _place(draft: Draft, places: Float[np.ndarray, "n 2"]) -> None:
    """Kind, half extents and centre of each shape; the last one covers the picture."""
    rng, s, r = draft.rng, draft.shapes, draft.radii
    s["kind"] = materials.draw_kinds(rng, draft.chosen, draft.which)
    aspect = draft.each("aspect") ** rng.uniform(0.7, 1.3, len(s))
    line = s["kind"] == terms.STROKE
    s["a"] = np.minimum(r * np.sqrt(aspect), np.where(line, LONGEST_LINE, 1.0))
    s["b"] = np.where(line, s["a"] / aspect, r / np.sqrt(aspect))
    # Centres lie as far out as a shape reaches: everywhere it is as likely to be covered.
    s["x"], s["y"] = (0.5 + (1 + 2 * s["a"][:, None]) * (places - 0.5)).T
    s["kind"][-1] = terms.BOX
    for name, value in {"x": 0.5, "y": 0.5, "a": 1.5, "b": 1.5}.items():
        s[name][-1] = value


def _turn(draft: Draft) -> None:
    """Turn shapes about their material's direction, or a right angle off; many stand upright."""
    rng, n, m = draft.rng, len(draft.shapes), len(draft.chosen)
    main = np.where(rng.random(m) < 0.5, 0, rng.uniform(0, np.pi, m))[draft.which]
    angle = main + rng.integers(0, 2, n) * np.pi / 2
    angle += draft.each("jumble") * rng.normal(0, 1, n)
    draft.shapes["cos"], draft.shapes["sin"] = np.cos(angle), np.sin(angle)


def outline(draft: Draft) -> Float32[np.ndarray, "polygons corners 2"]:
    """What else an outline needs, by its kind; the corners of the polygons."""
    rng, s, n = draft.rng, draft.shapes, len(draft.shapes)
    kind, a, b = s["kind"], s["a"], s["b"]
    thin = np.minimum(a, b)
    one, two, three = rng.normal(0, 1, (3, n))
    some = one**2 / (1 + one**2)  # 0 to 1, mostly small
    first = {
        terms.BOX: 0.35 * some * thin,
        terms.LEAF: 0.25 * one / a,
        terms.STROKE: 0.5 * one / a,
        terms.RING: 0.12 + 0.4 * some,
        terms.BLOB: 0.12 * one,
    }
    second = {
        terms.LEAF: 0.5 * np.tanh(two),
        terms.STROKE: 0.4 * two / a**2,
        terms.BLOB: 0.08 * two,
    }
    third = {terms.STROKE: 0.9 * np.abs(np.tanh(three)), terms.BLOB: 0.04 * three}
    for name, table in {"p0": first, "p1": second, "p2": third}.items():
        s[name] = np.select([kind == k for k in table], list(table.values()), 0.0)
    s["p0"][-1] = 0
    s["rough"], s["rough_rate"] = draft.each("rough") * thin, draft.each("rough_rate") / thin
    s["rough"][-1] = 0
    return _cut_corners(draft)


def _cut_corners(draft: Draft) -> Float32[np.ndarray, "polygons corners 2"]:
    """Corners of the polygons: round a circle, unevenly; stars have every other one nearer."""
    rng, s = draft.rng, draft.shapes
    polygon = np.flatnonzero(s["kind"] == terms.POLYGON)
    n, place = len(polygon), np.arange(terms.CORNERS_MAX)
    star = rng.random(n) < 0.2
    count = np.where(star, 2 * rng.integers(3, 8, n), rng.integers(3, 8, n))
    notch = np.where(star, rng.uniform(0.35, 0.75, n), 1)
    uneven = rng.random((n, 1)) * np.where(star, 0.3, 0.7)[:, None]
    angle = (place + uneven * rng.uniform(-0.5, 0.5, (n, len(place)))) * 2 * np.pi / count[:, None]
    radius = np.where(place % 2 == 1, notch[:, None], 1)
    radius *= 1 - 0.4 * uneven * rng.random((n, len(place)))
    rounded = rng.uniform(0, 0.25, n) * rng.integers(0, 2, n)  # half of them are not
    radius *= (1 - rounded)[:, None]
    s["p0"][polygon] = 0.5 * rounded * s["b"][polygon] * notch
    s["corners"][polygon], s["row"][polygon] = count, np.arange(n)
    extent = np.stack([s["a"][polygon], s["b"][polygon]], axis=1)[:, None]
    unit = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)
    return np.ascontiguousarray(extent * unit, np.float32)


def split_strands(draft: Draft) -> np.ndarray:
    """The shapes, with lines of hair, grass and wire as bundles of lines, each a little its own."""
    rng, s = draft.rng, draft.shapes
    room = np.minimum(s["a"] / 0.2, 1) * (s["kind"] == terms.STROKE)
    count = 1 + ((draft.each("strands") - 1) * room).astype(int)
    if count.max() == 1:
        return s
    which = np.repeat(np.arange(len(s)), count)
    many, n = s[which], len(which)
    bundled = count[which] > 1
    across, bent, tone, turned = rng.normal(0, 1, (4, n)) * bundled
    fray = draft.each("fray")[which]
    aside = 0.15 * many["a"] * across
    many["x"] -= aside * many["sin"]
    many["y"] += aside * many["cos"]
    angle = np.arctan2(many["sin"], many["cos"]) + fray * turned
    many["cos"], many["sin"] = np.cos(angle), np.sin(angle)
    many["p0"] += 1.5 * fray * bent / many["a"]
    many["b"] *= np.exp(0.3 * bent)
    many["a"] *= np.exp(-0.3 * np.abs(across))
    for name in ("r0", "g0", "b0"):
        many[name] *= np.exp(0.25 * tone)
    return many
