"""What a leaves scene's shapes look like: colours, patterns, light on them, focus."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.world import leaves_colours as colours
from trombine.world import leaves_materials as materials
from trombine.world import leaves_terms as terms
from trombine.world.leaves_layout import Draft

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
