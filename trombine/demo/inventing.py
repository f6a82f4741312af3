"""Faces that nobody painted: as they come, steered, on a walk, and beside what was learned."""

from __future__ import annotations

from typing import Final

import numpy as np

from trombine.data.workers import cores
from trombine.demo.amounts import Demo
from trombine.inventing import STYLES
from trombine.inventing.asking import fields_in
from trombine.inventing.making import Inventing, in_turn, model_of
from trombine.inventing.walking import Walk
from trombine.judge.copies import find
from trombine.methods.invent import framed
from trombine.pages import Html, Page, grid, note, picture, scrubber

SIDE: Final = 96  # of the nets' faces, in pixels
LEARNED_AT: Final = 128  # of the faces that they learned from, whose middle they saw
ASKED: Final = ("glasses", "hat", "beard", "smile=.9", "hair_light=.9", "tone=.9")
SEED: Final = 7  # of whom that is asked
WALKED: Final = (3, 5)  # from seed to seed
MOST: Final = 12  # frames of the walk


def add_inventing(demo: Demo, page: Page) -> None:
    """Unpicked faces in both styles, one of them steered, a walk, the nearest that were learned."""
    nets = {style: _net(style) for style in STYLES}
    half = max(1, demo.crowd // 2)
    cells = [
        picture(pixels, f"an invented {style} face", caption=f"seed {seed}")
        for style, net in nets.items()
        for seed, pixels in enumerate(in_turn(net.pixels, range(half), cores()))
    ]
    page.section(
        "Faces that nobody painted",
        "trombine generate invents them, one for each seed, by nets that learned from painted"
        " faces. The same seed is the same person in each style. Below, one of them as it is, and"
        " as --with asks; then a walk from one seed to another.",
        grid(cells, columns=6, on_phone=3, title="The first seeds, not picked"),
        _steered(),
        _walk(min(demo.frames, MOST)),
        _nearest(nets["photo"], demo),
    )


def _net(style: str, asked: str = "") -> Inventing:
    path = model_of(style, "")
    return Inventing(path=path, size=SIDE, truncation=1.0, asked=fields_in(asked))


def _steered() -> Html:
    cells = []
    for asked in ("", *ASKED):
        about = f"the face with {asked or 'nothing'} asked for"
        pixels = _net("photo", asked).pixels(SEED)
        cells.append(picture(pixels, about, caption=asked or f"seed {SEED}"))
    return grid(cells, columns=len(cells), on_phone=4, title="What is asked")


def _walk(frames: int) -> Html:
    walk = Walk(inventing=_net("photo"), seeds=WALKED, frames=frames, even=True)
    strips = [("trombine morph", list(walk.pixels(cores())))]
    ends = (f"seed {WALKED[0]}", f"seed {WALKED[1]}")
    return scrubber(strips, label="a frame of the walk", ends=ends, columns=3)


def _nearest(net: Inventing, demo: Demo) -> Html:
    """Of a few invented faces, those among some of the training that they are most like."""
    learned = np.stack([framed(seed, "photo", LEARNED_AT, SIDE) for seed in range(demo.judged)])
    made = np.stack([net.pixels(seed) for seed in range(3)])
    cells = []
    for number, place in enumerate(find(made, learned).indices.tolist()):
        cells += [
            picture(made[number], "an invented face", caption=f"seed {number}"),
            picture(learned[place], "a painted face", caption="the nearest"),
        ]
    title = f"Invented, and the nearest of {demo.judged} faces that the net learned from"
    few = note("trombine judge originality looks among all of them.")
    return Html(grid(cells, columns=6, on_phone=2, title=title) + few)
