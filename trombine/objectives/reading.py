"""What a reading of a face differs in from what is so: terms of objectives/read.py.

Each is a mean over the windows of a value of each alone, as in terms.py. What is not known of a
window, or not true of it any more, has weight 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor
from torch.nn import functional

from trombine.conventions import GROUP_OF_PART, GROUPS
from trombine.data.columns import UNKNOWN
from trombine.data.staging import Staged
from trombine.nets.reader import CENTRE_STEP, PART_COUNTS, Reading
from trombine.reader import Fields
from trombine.world import STYLES

Scalar = Float[Tensor, ""]
_HIDDEN: Final = 0.3  # what a landmark counts that is out of sight
_LEAST_ERROR: Final = 1e-3  # of the width: an eighth of a pixel
_FOCUS: Final = 2  # how much less easy places of the map of centres count (Lin et al., 2017)
_NEAR: Final = 4  # and those beside a middle (Law and Deng, 2018)


def part_groups() -> Float[Tensor, "19 8"]:
    """1 where a part is of a group."""
    return functional.one_hot(torch.from_numpy(GROUP_OF_PART).long(), len(GROUPS)).float()


def parts_loss(logits: Float[Tensor, "n p h w"], parts: UInt8[Tensor, "n h w"]) -> Scalar:
    """Cross-entropy, each pixel weighted by its group; unknown pixels count nothing."""
    counts = torch.tensor(PART_COUNTS, device=logits.device)
    unknown = parts == UNKNOWN["parts"]
    labels = parts.long().masked_fill(unknown, 0)
    each = functional.cross_entropy(logits.float(), labels, reduction="none")
    return (each * counts[labels] * ~unknown).mean()


def overlap_loss(
    logits: Float[Tensor, "n p h w"], parts: UInt8[Tensor, "n h w"], counts: Float[Tensor, "n"]
) -> Scalar:
    """1 - Dice of each group that is there, by what is thought likely, the mean of a window's."""
    groups = part_groups().to(logits.device)
    known = (parts != UNKNOWN["parts"]).flatten(1)
    labels = parts.long().flatten(1)
    group = torch.from_numpy(GROUP_OF_PART).long().to(labels.device)[labels * known]
    kinds = torch.arange(len(GROUPS), device=labels.device)[:, None]
    there = ((group[:, None] == kinds) & known[:, None]).float()
    # How much of each part is thought likely where each group is, and where anything is known.
    where = torch.cat([there, known[:, None].float()], 1)
    likely = logits.float().softmax(1).flatten(2) @ where.transpose(1, 2)
    both, sizes = (likely[..., :-1] * groups).sum(1), (likely[..., -1:] * groups).sum(1)
    area = there.sum(2)
    present = (area > 0).float()
    lacks = present * (1 - 2 * both / (sizes + area).clamp(min=1.0))
    return (counts * lacks.sum(1) / present.sum(1).clamp(min=1.0)).mean()


def points_loss(
    reading: Reading, windows: Staged, counts: Float[Tensor, "n"]
) -> tuple[Scalar, Scalar]:
    """How far landmarks are off, in sizes of the face; and how far from the logarithm of that, in
    widths of the window, is what was said of it. The second moves nothing but what was said."""
    true, sizes = windows.points.to(reading.points), windows.sizes.to(reading.points)
    off = (reading.points - true).abs().sum(-1)  # n 68
    seen = windows.visible.to(off.device)
    weights = torch.where(seen, 1.0, _HIDDEN) * counts[:, None]
    far = off / sizes.clamp(min=1.0)[:, None]
    width = windows.pixels.shape[2]
    said = (reading.spreads - (off.detach() / width).clamp(min=_LEAST_ERROR).log()).abs()
    return (weights * far).mean(), (weights * said).mean()


def face_loss(logits: Float[Tensor, "n"], shows: Bool[Tensor, "n"]) -> Scalar:
    """Whether a window shows a face."""
    truth = shows.to(logits.device).float()
    return functional.binary_cross_entropy_with_logits(logits.float(), truth)


def centres_loss(maps: Float[Tensor, "n 2 k l"], windows: Staged) -> Scalar:
    """Where the middles of faces are, and there their sizes: a focal loss and a distance."""
    rows, columns = maps.shape[-2:]
    logits, sizes = maps.float().unbind(1)
    places = windows.middles.to(logits) / CENTRE_STEP  # x, y
    down = torch.arange(rows, device=logits.device) + 0.5
    across = torch.arange(columns, device=logits.device) + 0.5
    squares = (down[None, :, None] - places[:, 1, None, None]) ** 2
    squares = squares + (across[None, None, :] - places[:, 0, None, None]) ** 2
    shows = windows.shows.to(logits.device)[:, None, None]
    row = places[:, 1].long().clamp(0, rows - 1)
    column = places[:, 0].long().clamp(0, columns - 1)
    each = torch.arange(len(logits), device=logits.device)
    here = torch.zeros_like(logits, dtype=torch.bool)
    here[each, row, column] = True
    here &= shows
    beside = shows * (-squares / 2).exp()
    likely = logits.sigmoid()
    hit = (1 - likely) ** _FOCUS * functional.softplus(-logits)
    miss = (1 - beside) ** _NEAR * likely**_FOCUS * functional.softplus(logits)
    focal = torch.where(here, hit, miss).sum((1, 2))
    wanted = windows.sizes.to(logits).clamp(min=1.0).log()
    off = (sizes[each, row, column] - wanted).abs() * shows[:, 0, 0]
    return (focal + off).mean()


_DRAWS: Final = 1000  # faces by which it is known how much a field varies


def variation(fields: Fields) -> Float[Tensor, "k"]:
    """The standard deviation of each field over painted faces, scaled."""
    from trombine.world import VECTOR_NAMES, face, to_vector

    drawn = torch.stack([torch.from_numpy(to_vector(face(seed))) for seed in range(_DRAWS)])
    places = [VECTOR_NAMES.index(name) for name in fields.names]
    return fields.scaled(drawn[:, places].float()).std(0).clamp(min=0.05)


# What is true of a picture that was turned only if it was turned a little (radians).
_TURNS: Final = ("gaze_x", "gaze_y", "light_turn", "light_height")
_LITTLE: Final = 0.15
COLOURED: Final = (
    *("tone", "undertone", "ruddy", "iris", "iris_light", "lip_red", "hair_light", "hair_red"),
    *("hair_grey", "light_warm", "exposure"),
)
# What a style does not draw, or so faintly that nobody could read it: tests/objectives paints it.
UNDRAWN: Final[Mapping[str, tuple[str, ...]]] = {
    "anime": ("light_height", "light_key", "light_warm", "exposure"),
    "cartoon": ("light_height", "light_key", "light_warm", "exposure", "eye_height"),
    "sketch": ("hair_red", "light_key", "light_warm", "exposure"),
}


def field_truth(
    fields: Fields, vectors: Float[Tensor, "n k"], windows: Staged | None
) -> Float[Tensor, "n k"]:
    """What the fields are after a window was mirrored and turned, scaled."""
    values = vectors.clone()
    if windows is not None:
        values = torch.where(windows.mirrored[:, None], values * fields.signs, values)
        if "roll" in fields.names:
            values[:, fields.names.index("roll")] += windows.turned
    return fields.scaled(values)


def field_counts(
    fields: Fields, styles: Int64[Tensor, "n"], windows: Staged | None
) -> Float[Tensor, "n k"]:
    """1 where a field is drawn in the window's style and still true, else 0."""
    counts = torch.ones(len(styles), len(fields.names))
    for place, name in enumerate(fields.names):
        for number, style in enumerate(STYLES):
            if name in UNDRAWN.get(style, ()):
                counts[styles == number, place] = 0
        if windows is None:
            continue
        if name in COLOURED:
            counts[~windows.coloured, place] = 0
        if name in _TURNS:
            counts[windows.turned.abs() > _LITTLE, place] = 0
    if windows is not None:
        counts[~windows.shows] = 0
    return counts


def fields_loss(
    read: Float[Tensor, "n k"],
    truth: Float[Tensor, "n k"],
    counts: Float[Tensor, "n k"],
    varies: Float[Tensor, "k"],
) -> Scalar:
    """Squared error of each field as a part of its variance; of what is far off, less."""
    off = (read.float() - truth.to(read).float()) / varies.to(read).float()
    each = functional.huber_loss(off, torch.zeros_like(off), reduction="none", delta=1.0)
    return (counts.to(each) * each).mean()


def style_loss(
    logits: Float[Tensor, "n s"], styles: Int64[Tensor, "n"], counts: Float[Tensor, "n"]
) -> Scalar:
    """In which style a face is drawn; nothing where that is not known."""
    known = (styles >= 0).to(logits.device)
    wanted = styles.clamp(min=0).to(logits.device)
    each = functional.cross_entropy(logits.float(), wanted, reduction="none")
    return (each * known * counts).mean()
