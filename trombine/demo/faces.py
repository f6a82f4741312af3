"""The face world on a page: styles, truth, crowds, variations and paths; and leaves."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

from trombine.demo.amounts import Demo
from trombine.pages import Page, draw_parts, draw_points, fold, grid, key, key_of, picture, scrubber
from trombine.world import STYLES, Face, face, from_vector, paint, to_vector, vary

Pixels = UInt8[np.ndarray, "h w 3"]

KINDS = ("expression", "light", "pose", "background")  # what `vary` can draw again
STYLED = {
    "photo": "As a photograph",
    "anime": "As in anime",
    "cartoon": "As a cartoon",
    "sketch": "As a pencil sketch",
}
# After the first seed: faces chosen by looking, the first for the top of the page, the second
# because beard, glasses or long hair would hide what changes.
PORTRAIT, CHANGED = 258, 244


def add_person(demo: Demo, page: Page) -> None:
    """One face in every style, with its parts and its landmarks."""
    person = face(demo.first_seed + PORTRAIT)
    painted = {style: paint(person, demo.portrait, style) for style in STYLES}
    plain = [
        picture(result.pixels, f"An invented face, {style} style", caption=STYLED[style])
        for style, result in painted.items()
    ]
    parts = [
        picture(draw_parts(result.pixels, result.parts), f"The same face's parts, {style} style")
        for style, result in painted.items()
    ]
    points = [
        picture(
            draw_points(result.pixels, result.points, result.visible),
            f"The same face's 68 landmarks, {style} style",
        )
        for style, result in painted.items()
    ]
    legend = key(key_of(*(result.parts for result in painted.values())))
    page.section(
        "One person, four styles",
        "The same numbers, four painters. Each style has its own proportions, and its own exact"
        " truth: 19 parts and 68 landmarks that follow what is drawn, not what was meant.\n\n"
        "Rings are landmarks that something covers. Left and right are the person's.",
        grid(plain, columns=4),
        grid(parts, columns=4, title="Parts"),
        legend,
        grid(points, columns=4, title="Landmarks"),
    )


def add_crowd(demo: Demo, page: Page) -> None:
    """Many faces, the same people in each style."""
    seeds = range(demo.first_seed + 100, demo.first_seed + 100 + demo.crowd)
    blocks = []
    for style in STYLES:
        people = [
            picture(paint(face(seed), demo.small, style).pixels, f"{style} face of seed {seed}")
            for seed in seeds
        ]
        columns = min(8, demo.crowd)
        title = style.capitalize()
        blocks.append(grid(people, columns=columns, on_phone=4, title=title, tight=True))
    page.section(
        "A crowd",
        f"Seeds {seeds[0]} to {seeds[-1]}, none left out. A seed is a person: the same bytes on"
        " this machine whenever it is painted, at any size.\n\nSkin, age and hair are spread"
        " evenly over people; what goes together in people goes together here.",
        fold(f"{demo.crowd} people in {len(STYLES)} styles", *blocks),
    )


def add_variations(demo: Demo, page: Page) -> None:
    """One identity with other expressions, lights, poses and backgrounds."""
    person = face(demo.first_seed + CHANGED)
    blocks = []
    for kind in KINDS:
        figures = [
            picture(
                paint(_varied(person, kind, seed), demo.small * 3 // 2, "photo").pixels,
                f"The person with another {kind}, number {seed}",
            )
            for seed in most_different(person, kind, demo)
        ]
        title = f"Another {kind}"
        blocks.append(grid(figures, columns=demo.variations, on_phone=3, title=title, tight=True))
    page.section(
        "The same person, changed",
        "Expression, light, pose and background can be drawn again while the identity stays."
        " Such pairs show whether a method keeps the person.\n\n"
        f"Of {demo.draws} draws of each kind these are the {demo.variations} that differ most.",
        *blocks[:1],
        fold("Another light, another pose, another background", *blocks[1:]),
    )


def most_different(person: Face, kind: str, demo: Demo) -> list[int]:
    """Of the seeds from 1 to `demo.draws`, those whose pictures lie farthest from one another.

    The first is the farthest from the person as they are; each next one is the farthest from all
    that were taken before it (mean square, at 48 pixels).
    """
    seeds = range(1, demo.draws + 1)
    people = [person, *(_varied(person, kind, seed) for seed in seeds)]
    thumbnails = np.stack([paint(p, 48, "photo").pixels.astype(np.float32) for p in people])
    apart = _far(thumbnails, 0)
    chosen = []
    for _ in range(demo.variations):
        farthest = int(apart.argmax())
        chosen.append(farthest)
        apart = np.minimum(apart, _far(thumbnails, farthest))
    return chosen  # the person is number 0, so a picture's number is its seed


def _far(thumbnails: Float32[np.ndarray, "n h w 3"], number: int) -> Float32[np.ndarray, "n"]:
    return ((thumbnails - thumbnails[number]) ** 2).mean(axis=(1, 2, 3))


def _varied(person: Face, kind: str, seed: int) -> Face:
    """The person with one group of fields drawn again."""
    expression, light, pose, background = (seed if kind == name else None for name in KINDS)
    return vary(person, expression=expression, light=light, pose=pose, background=background)


def add_paths(demo: Demo, page: Page) -> None:
    """Straight lines between two faces' numbers, to walk along."""
    blocks = []
    for number in range(2):
        start, end = (demo.first_seed + 300 + 2 * number + i for i in (0, 1))
        people = path_between(face(start), face(end), demo.frames)
        strips = [
            (
                STYLED[style],
                [paint(person, demo.small * 5 // 4, style).pixels for person in people],
            )
            for style in STYLES
        ]
        ends = (f"One person, seed {start}", f"Another, seed {end}")
        blocks.append(scrubber(strips, label=f"from seed {start} to seed {end}", ends=ends))
    page.section(
        "From one face to another",
        "A face is a point in a space of numbers, so between two faces there is a straight line."
        " Move the slider: all four styles walk along it together.",
        *blocks,
    )


def path_between(start: Face, end: Face, count: int) -> list[Face]:
    """`count` faces on the straight line between two, both ends included."""
    first, last = to_vector(start), to_vector(end)
    return [from_vector((1 - t) * first + t * last) for t in np.linspace(0, 1, count)]


def add_leaves(demo: Demo, page: Page) -> None:
    """Pictures of overlapping shapes."""
    from trombine.world.leaves import leaves  # compiles for seconds when first called

    seeds = range(demo.first_seed, demo.first_seed + demo.leaves)
    pictures = [picture(leaves(seed, 256), f"Overlapping shapes of seed {seed}") for seed in seeds]
    page.section(
        "Leaves",
        "Shapes over shapes, of all sizes and textures. They show nothing, but their edges and"
        " contrasts are spread as in photographs, and a net can learn from them how pictures"
        " behave.",
        grid(pictures, columns=4, tight=True),
    )
