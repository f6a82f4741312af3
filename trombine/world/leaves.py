"""Dead leaves: a seed to a scene, a scene to a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float, UInt8

from trombine.world import leaves_colours as colours
from trombine.world import leaves_terms as terms
from trombine.world.leaves_layout import (
    colour,
    cover,
    focus,
    lay_out,
    light,
    outline,
    split_strands,
)
from trombine.world.leaves_materials import letter_table, stroke_table

# ---------------------------------------------------------------------------------------------
# A seed to a scene of overlapping shapes: what lies where, of what material, in what light.
#
# The sizes of shapes follow p(r) ~ r^-3 between two radii, as those of things in photographs do
# (a "dead leaves" picture: Matheron 1968; Lee, Mumford and Huang 2001), which makes pictures look
# alike at all scales. Nothing here knows how large the picture will be drawn; leaves.py draws it.
# leaves_layout.py places and outlines the shapes, colours and lights them.


STREAM: Final = 0x1EAF  # keeps these draws apart from others of the same seed
SMALLEST: Final = (0.007, 0.13)  # radius of a picture's smallest shape
LARGEST: Final = 0.5  # radius that the largest may have
SHAPES_MAX: Final = 2600


@dataclass(frozen=True, kw_only=True)
class Camera:
    """How the scene's light becomes samples. `develop` in kernel_leaves.py applies it."""

    exposure: float  # factor on light
    contrast: float  # of an S-curve on the screen, 0 none
    lift: float  # of black, share of full scale
    vignette: float  # share of light missing in the corners
    optics: float  # weight of a neighbour pixel in a blur, 0 to .3
    sharpening: float  # weight of a neighbour taken off, 0 to .1
    grain: float  # standard deviation, of 255
    seed: int  # of the grain


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A picture's shapes, nearest first, and what they are seen with."""

    shapes: np.ndarray  # of leaves_terms.SHAPE; the last one covers everything
    corners: Float[np.ndarray, "polygons corners 2"]
    lamp: Float[np.ndarray, "3"]  # direction towards the light, of length 1
    glow: Float[np.ndarray, "4"]  # patches of light: strength, cells per unit, sharpness, where
    camera: Camera
    radii: Float[np.ndarray, "n"]  # as drawn: of circles as large as the shapes
    smallest: float  # the radii's power law runs from here to LARGEST


def draw_scene(seed: int) -> Scene:
    """The scene of a seed, which is 0 or more."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, STREAM])))
    smallest = float(np.exp(rng.uniform(*np.log(SMALLEST))))
    radii = draw_radii(rng, smallest, _how_many(rng, smallest))
    lamp = _draw_lamp(rng)
    draft = lay_out(rng, radii)
    corners = outline(draft)
    colour(draft)
    cover(draft)
    light(draft, lamp)
    focus(draft)
    return Scene(
        shapes=split_strands(draft),
        corners=corners,
        lamp=lamp,
        glow=_draw_glow(rng),
        camera=_draw_camera(rng, _mean_light(draft.shapes)),
        radii=radii,
        smallest=smallest,
    )


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


def _draw_lamp(rng: np.random.Generator) -> Float[np.ndarray, "3"]:
    """A direction towards the light: mostly from above, never from behind."""
    azimuth, height = rng.normal(-np.pi / 2, 0.9), rng.uniform(0.5, 1.2)
    flat = np.cos(height)
    return np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(height)])


def _draw_glow(rng: np.random.Generator) -> Float[np.ndarray, "4"]:
    """Patches of light and shade over the whole: mostly broad and soft, some dappled."""
    strength, where = rng.uniform(0.1, 0.8), rng.uniform(0, terms.LATTICE)
    if rng.random() < 0.2:
        return np.array([strength, np.exp(rng.uniform(0.7, 2.0)), rng.uniform(1, 12), where])
    return np.array([strength, np.exp(rng.uniform(-0.7, 0.9)), rng.uniform(0.3, 1.5), where])


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
# Pictures of overlapping shapes with the statistics of photographs, to teach nets with.
#
# `leaves(seed, size)` is all that others need. the scene above is a seed's,
# leaves_materials.py and leaves_colours.py say of what, and kernel_leaves.py paints it. The scene
# of a seed is the same at every size; grain, optics and the octaves that a pixel can show are
# not. numba is imported when the first picture is drawn.


BRIGHTEST: Final = 4.0  # light above which the tone curve stays white
STEPS: Final = 512  # of the tone curve
SMALLEST_SIZE: Final = 16
LARGEST_SIZE: Final = 2048


def leaves(seed: int, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """The leaves picture of a seed (0 or more), size x size (16 to 2048), sRGB.

    The same bytes in any process and order on one machine.
    """
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise ValueError(f"size is from {SMALLEST_SIZE} to {LARGEST_SIZE}, not {size}")
    return render(draw_scene(seed), size)


def render(scene: Scene, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """A scene through its camera."""
    from trombine.world.kernel_leaves import develop

    planes = expose(scene, size)
    camera = scene.camera
    numbers = np.array([camera.vignette, camera.optics, -camera.sharpening, camera.grain])
    pixels = np.empty((size, size, 3), np.uint8)
    develop(planes, tone_curve(camera), BRIGHTEST, numbers, camera.seed, pixels)
    return pixels


def expose(scene: Scene, size: int) -> terms.Planes:
    """A scene's linear light, before the camera; `free` is 0 where a pixel is painted."""
    from trombine.world.kernel_leaves import paint

    red, green, blue = np.zeros((3, size, size), np.float32)
    free, shade = np.ones((2, size, size), np.float32)
    planes = terms.Planes(red=red, green=green, blue=blue, free=free, shade=shade)
    lattice, strokes, letters = _tables()
    tables = terms.Tables(
        corners=scene.corners,
        lattice=lattice,
        strokes=strokes,
        letters=letters,
        lamp=scene.lamp,
        glow=scene.glow,
    )
    paint(scene.shapes, tables, planes)
    return planes


def tone_curve(camera: Camera) -> Float[np.ndarray, "steps"]:
    """Screen values, [0, 1], of light from 0 to BRIGHTEST in steps even in its square root."""
    light = np.linspace(0, 1, STEPS) ** 2 * BRIGHTEST * camera.exposure
    shoulder = np.where(light < 0.7, light, 1 - 0.3 * np.exp((0.7 - light) / 0.3))
    screen = colours.to_screen(shoulder)
    screen = screen + camera.contrast * (screen * screen * (3 - 2 * screen) - screen)
    return camera.lift + (1 - camera.lift) * screen


@cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The noise's lattice, the same for all seeds, and the letters."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0x1A77)))
    lattice = rng.standard_normal((terms.LATTICE, terms.LATTICE, 3), np.float32)
    lattice[..., :2] *= 3.3  # so that the noise has a standard deviation of 1
    lattice[..., 2] = rng.random(lattice.shape[:2], np.float32)
    return lattice, stroke_table(), letter_table()
