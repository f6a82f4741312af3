"""Pictures of overlapping shapes with the statistics of photographs, to teach nets with.

`leaves(seed, size)` is all that others need. leaves_scene.py draws a seed's scene,
leaves_materials.py and leaves_colours.py say of what, and kernel_leaves.py paints it. The scene of
a seed is the same at every size; grain, optics and the octaves that a pixel can show are not.
numba is imported when the first picture is drawn.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float, UInt8

from trombine.world import leaves_colours as colours
from trombine.world import leaves_terms as terms
from trombine.world.leaves_letters import letter_table, stroke_table
from trombine.world.leaves_scene import Camera, Scene, draw_scene

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
