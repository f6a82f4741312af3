"""atlas.html of a generator: faces of two directions, ready for dragging; opens from disk.

One plane is of the two principal directions of the codes of some seeds; some are of directions by
name, found by regression on what is read of the same seeds' faces; one is of two fields that the
model is told. Nothing is computed in the page: all its faces are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import torch
from jaxtyping import Float64

from trombine.computing import in_turn
from trombine.conventions import to_pixels
from trombine.inventing.making import Inventing, Pixels
from trombine.nets.inventor import Inventor, fields_of, normed
from trombine.nets.spaces import from_space
from trombine.pages import Html, Page, plane

SIDE: Final = 7  # faces along a direction
SEEDS: Final = 128  # whose codes the directions are of
_FAR: Final = 2.0  # deviations from the mean
_NAMED: Final = ("age", "smile", "light_turn", "hair_length", "masculine", "tone")
_READ: Final = _NAMED[:4]  # a plane for every two
_TEXT: Final = "Drag in the picture, or move the sliders; the arrow keys move them too."

Codes = Float64[np.ndarray, "n latent"]
Directions = Float64[np.ndarray, "k latent"]


def page(inventing: Inventing, name: str, threads: int) -> Page:
    """The page of a model of this name, an Inventor's."""
    lead = "Faces that a net generates, along two directions at a time."
    sheet = Page(title=f"{name}: atlas", lead=lead, foot=foot(inventing))
    steps = np.linspace(-1, 1, SIDE)
    some = codes(inventing)
    middle = some.mean(0)

    def around(directions: Directions, across: str, down: str) -> Html:
        """The plane of two directions through the mean code."""

        def by_code(place: tuple[float, float]) -> Pixels:
            return at_code(inventing, middle + np.array(place) @ directions)

        faces = _faces(by_code, _FAR * steps, _FAR * steps, threads)
        return plane(faces, label="faces", across=across, down=down)

    text = "The two directions in which the codes of faces differ most, two deviations each way."
    sheet.section(
        "Principal directions",
        f"{text}\n\n{_TEXT}",
        around(principal(some), "first direction", "second direction"),
    )
    names, fields = read_of(inventing, some, threads)
    known = int((~np.isnan(fields)).all(1).sum())
    if len(names) > 1 and 2 * known > SEEDS:  # of what is mostly no face it says nothing
        directions = regressed(some, fields)
        text = (
            f"How codes change with what is read of {known} faces, two deviations each way:"
            " of each direction its field changes, and the others of these stay."
        )
        sheet.section(
            "Directions that are read",
            f"{text}\n\n{_TEXT}",
            *(
                around(directions[k : k + 2], f"{names[k]}, as read", f"{names[k + 1]}, as read")
                for k in range(0, len(names) - 1, 2)
            ),
        )
    if len(told := [field for field in _NAMED if field in inventing.told][:2]) == 2:
        first, second = fields_of("+".join(told))
        ways = [f.low + (steps + 1) / 2 * (f.high - f.low) for f in (first, second)]

        def by_field(place: tuple[float, float]) -> Pixels:
            fields = dict(zip(told, place, strict=True))
            return replace(inventing, asked=fields, tries=0).pixels(0)  # all of one person

        sheet.section(
            "Directions that are told",
            f"The face of seed 0, told how much of each is to be. {_TEXT}",
            plane(
                _faces(by_field, ways[0], ways[1], threads),
                label="faces",
                across=f"{told[0]}, {first.low:g} to {first.high:g}",
                down=f"{told[1]}, {second.low:g} to {second.high:g}",
            ),
        )
    return sheet


def foot(inventing: Inventing) -> str:
    """By which a page is known to be of this model."""
    return f"Faces of the model {inventing.model.hash}."


def codes(inventing: Inventing) -> Codes:
    """Those of the first seeds."""
    places = [inventing.place(seed) for seed in range(SEEDS)]
    vectors = torch.from_numpy(np.stack([place.vector for place in places])).float()
    fields = torch.from_numpy(np.stack([place.fields for place in places])).float()
    with torch.inference_mode():
        return _net(inventing).invented(vectors, fields).double().numpy()


def principal(codes: Codes) -> Directions:
    """The two directions of most variance, each a deviation long; the largest number of each is
    above 0."""
    _, lengths, directions = np.linalg.svd(codes - codes.mean(0), full_matrices=False)
    some = directions[:2] * lengths[:2, None] / np.sqrt(len(codes) - 1)
    return some * np.sign(some[np.arange(2), np.abs(some).argmax(1)])[:, None]


def read_of(
    inventing: Inventing, codes: Codes, threads: int
) -> tuple[tuple[str, ...], Float64[np.ndarray, "m k"]]:
    """Fields that are read of the faces of codes, and their numbers; NaN where no face is seen."""
    reads = inventing.reads
    if reads is None:
        return (), np.empty((len(codes), 0))
    pictures = in_turn(partial(at_code, inventing), codes, threads)
    rows = [reads(picture, _READ) for picture in pictures]
    names = tuple(name for name in _READ if any(name in row for row in rows))
    return names, np.array([[row.get(name, np.nan) for name in names] for row in rows])


def regressed(codes: Codes, fields: Float64[np.ndarray, "n k"]) -> Directions:
    """By how much codes change for a deviation of each field while the others stay: least squares
    of the codes on the fields, of rows in which all are known."""
    known = ~np.isnan(fields).any(1)
    some = fields[known] - fields[known].mean(0)
    some /= np.maximum(some.std(0, keepdims=True), 1e-9)
    return np.linalg.lstsq(some, codes[known] - codes[known].mean(0), rcond=None)[0]


def at_code(inventing: Inventing, code: Float64[np.ndarray, "latent"]) -> Pixels:
    """The picture of a code, with the details' noise of seed 0."""
    net = _net(inventing)
    with torch.inference_mode():
        soft = net.decoder(normed(torch.from_numpy(code)[None].float()))
        noise = net.noise(torch.from_numpy(inventing.place(0).vector)[None].float())
        made = from_space(net.finished(soft, noise), inventing.model.space)
        return to_pixels(made.clamp(0, 1)[0])


def _net(inventing: Inventing) -> Inventor:
    net = inventing.model.net
    assert isinstance(net, Inventor)
    return net


def _faces(
    make: Callable[[tuple[float, float]], Pixels],
    across: Sequence[float] | np.ndarray,
    down: Sequence[float] | np.ndarray,
    threads: int,
) -> list[list[Pixels]]:
    """Rows of faces."""
    places = [(float(x), float(y)) for y in down for x in across]
    made = list(in_turn(make, places, threads))
    return [made[start : start + len(across)] for start in range(0, len(made), len(across))]
