"""Faces from seeds: as they come, steered, on a walk, and a net's beside what it learned from."""

from __future__ import annotations

from typing import Final

import numpy as np

from trombine.data.workers import cores
from trombine.demo.amounts import Demo
from trombine.inventing import STYLES
from trombine.inventing.asking import fields_in
from trombine.inventing.making import Inventing, in_turn, model_of
from trombine.inventing.painting import Painting
from trombine.inventing.walking import PaintedWalk
from trombine.judge.copies import find
from trombine.methods.invent import framed
from trombine.pages import Html, Page, grid, note, picture, scrubber

SIZE: Final = 192  # of painted faces, in pixels
SIDE: Final = 96  # of the nets' faces
LEARNED_AT: Final = 128  # of the faces that they learned from, whose middle they saw
ASKED: Final = ("glasses", "hat", "beard", "smile=.9", "hair_light=.9", "tone=.9")
SEED: Final = 7  # of whom that is asked
WALKED: Final = (3, 5)  # from seed to seed
MOST: Final = 12  # frames of the walk


def add_inventing(demo: Demo, page: Page) -> None:
    """Unpicked faces in two styles, one of them steered, a walk; a net's, and the nearest that it
    learned from."""
    half = max(1, demo.crowd // 2)
    cells = [
        picture(pixels, f"a generated {style} face", caption=f"seed {seed}")
        for style in STYLES
        for seed, pixels in enumerate(in_turn(_painting(style).pixels, range(half), cores()))
    ]
    page.section(
        "Faces from seeds",
        "trombine generate paints a person for each seed, by the procedural painter. The same seed"
        " is the same person in each style. Below, one of them as it is, and as --with asks; then a"
        " walk from one seed to another. By --method net a net makes the faces, as it learned from"
        " painted ones: the last row.",
        grid(cells, columns=6, on_phone=3, title="The first seeds, not picked"),
        _steered(),
        _walk(min(demo.frames, MOST)),
        _nearest(demo),
    )


def _painting(style: str, asked: str = "") -> Painting:
    return Painting(size=SIZE, style=style, asked=fields_in(asked))


def _steered() -> Html:
    cells = []
    for asked in ("", *ASKED):
        about = f"the face with {asked or 'nothing'} asked for"
        pixels = _painting("photo", asked).pixels(SEED)
        cells.append(picture(pixels, about, caption=asked or f"seed {SEED}"))
    return grid(cells, columns=len(cells), on_phone=4, title="What is asked")


def _walk(frames: int) -> Html:
    walk = PaintedWalk(inventing=_painting("photo"), seeds=WALKED, frames=frames)
    strips = [("trombine morph", list(walk.pixels(cores())))]
    ends = (f"seed {WALKED[0]}", f"seed {WALKED[1]}")
    return scrubber(strips, label="a frame of the walk", ends=ends, columns=3)


def _nearest(demo: Demo) -> Html:
    """Of a few faces by a net, those among some of the training that they are most like."""
    net = Inventing(path=model_of("photo", ""), size=SIDE, truncation=1.0, asked={})
    learned = np.stack([framed(seed, "photo", LEARNED_AT, SIDE) for seed in range(demo.judged)])
    made = np.stack([net.pixels(seed) for seed in range(3)])
    cells = []
    for number, place in enumerate(find(made, learned).indices.tolist()):
        cells += [
            picture(made[number], "a face by a net", caption=f"seed {number}"),
            picture(learned[place], "a painted face", caption="the nearest"),
        ]
    title = f"By a net, and the nearest of {demo.judged} faces that it learned from"
    few = note("trombine judge originality looks among all of them.")
    return Html(grid(cells, columns=6, on_phone=2, title=title) + few)
