"""Which pixels are taken away: each family of masks over a face, and a curriculum."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from trombine.data.masks import draw_masks, mask
from trombine.demo.amounts import Demo
from trombine.demo.repair import GREY
from trombine.draws import Chance
from trombine.pages import Page, fold, grid, picture
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]

FAMILIES = {
    "irregular:0-20": "Irregular, up to a fifth of the picture",
    "irregular:20-40,inside": "Irregular, a fifth to two fifths, away from the border",
    "irregular:40-60,border": "Irregular, two to three fifths, at the border",
    "huge": "Huge",
    "squares": "Squares",
    "half": "Half",
    "parts": "Parts of the face",
    "scratches": "Scratches, as on an old film",
    "text": "Text",
}
CURRICULUM = "huge>irregular:0-40@100-700"
PLACES = np.arange(0, 800, 100)  # of the curriculum, in pictures seen
COLUMNS = 8


def add_masks(demo: Demo, page: Page) -> None:
    """A row a family, the same faces in each; then a curriculum along a run."""
    seeds = range(demo.first_seed + 500, demo.first_seed + 500 + COLUMNS)
    people = [paint(face(seed), demo.small, "photo") for seed in seeds]
    blocks = []
    for family, title in FAMILIES.items():
        holes = [
            mask(family, seed, demo.small, person.parts)
            for seed, person in zip(seeds, people, strict=True)
        ]
        figures = [
            picture(without(person.pixels, hole), f"{title}: the face of seed {seed}")
            for person, hole, seed in zip(people, holes, seeds, strict=True)
        ]
        blocks.append(grid(figures, columns=COLUMNS, on_phone=4, title=title, tight=True))
    chance = Chance(seed=demo.first_seed, places=PLACES)
    drawn = draw_masks(CURRICULUM, chance, size=demo.small)
    figures = [
        picture(without(person.pixels, hole > 0), f"After {place} pictures", caption=f"{place}")
        for person, hole, place in zip(people, drawn[:, 0].numpy(), PLACES.tolist(), strict=True)
    ]
    title = f"A curriculum, {CURRICULUM}, by pictures seen"
    blocks.append(grid(figures, columns=COLUMNS, on_phone=4, title=title, tight=True))
    page.section(
        "Masks",
        "What a net learns to repair depends on what is taken away. A mask is a function of its"
        " seed, in families that can be mixed; the share of the picture is exact where it is asked"
        " for.\n\nA curriculum moves from one family to another while the run sees pictures.",
        *blocks[:1],
        fold(f"{len(blocks) - 2} other families, and a curriculum", *blocks[1:]),
    )


def without(pixels: Pixels, hole: np.ndarray) -> Pixels:
    """The picture with its hole in grey."""
    damaged = pixels.copy()
    damaged[hole] = GREY
    return damaged
