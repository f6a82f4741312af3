"""What a reader says of pictures: its losses beside the truth, and losses of others by it.

Each is a mean over the windows of a value of each alone, as in terms.py. What is unknown of a
window, or no longer true of it, has weight 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Final, cast, final

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.conventions import GROUP_OF_PART, GROUPS, ORGANS, PART_INDEX, PARTS
from trombine.core.errors import InputError
from trombine.core.grammar import number_of, pieces, reading
from trombine.data.augment import UNTRUE
from trombine.data.columns import UNKNOWN
from trombine.data.staging import Staged
from trombine.faces import Fields
from trombine.faces.frames import WINDOW
from trombine.losses.terms import wide
from trombine.nets.reader import CENTRE_STEP, PART_COUNTS, Reading
from trombine.nets.steering import told_of
from trombine.world import STYLES, VECTOR_NAMES, face, to_vector

Scalar = Float[Tensor, ""]
_HIDDEN: Final = 0.3  # the weight of a hidden landmark
_LEAST_ERROR: Final = 1e-3  # of the width: an eighth of a pixel
_FOCUS: Final = 2  # how much less easy places of the map of centres count (Lin et al., 2017)
_NEAR: Final = 4  # and those beside a middle (Law and Deng, 2018)


def part_groups() -> Float[Tensor, "19 8"]:
    """1 where a part is of a group."""
    return functional.one_hot(torch.from_numpy(GROUP_OF_PART).long(), len(GROUPS)).float()


def parts_loss(logits: Float[Tensor, "n p h w"], parts: UInt8[Tensor, "n h w"]) -> Scalar:
    """Cross-entropy, each pixel weighted by its group; unknown pixels count nothing."""
    return part_losses(logits, parts).mean()


def part_losses(
    logits: Float[Tensor, "n p h w"], parts: UInt8[Tensor, "n h w"]
) -> Float[Tensor, "n h w"]:
    """The same of each pixel."""
    counts = torch.tensor(PART_COUNTS, device=logits.device)
    unknown = parts == UNKNOWN["parts"]
    labels = parts.long().masked_fill(unknown, 0)
    losses = functional.cross_entropy(logits.float(), labels, reduction="none")
    return losses * counts[labels] * ~unknown


def overlap_loss(
    logits: Float[Tensor, "n p h w"], parts: UInt8[Tensor, "n h w"], counts: Float[Tensor, "n"]
) -> Scalar:
    """1 - soft Dice, the mean over the groups that are present in a window."""
    groups = part_groups().to(logits.device)
    known = (parts != UNKNOWN["parts"]).flatten(1)
    labels = parts.long().flatten(1)
    group = torch.from_numpy(GROUP_OF_PART).long().to(labels.device)[labels * known]
    kinds = torch.arange(len(GROUPS), device=labels.device)[:, None]
    masks = ((group[:, None] == kinds) & known[:, None]).float()
    # The sum of each part's probability over each group's pixels, and over all known pixels.
    regions = torch.cat([masks, known[:, None].float()], 1)
    likely = logits.float().softmax(1).flatten(2) @ regions.transpose(1, 2)
    intersections, sizes = (likely[..., :-1] * groups).sum(1), (likely[..., -1:] * groups).sum(1)
    area = masks.sum(2)
    present = (area > 0).float()
    losses = present * (1 - 2 * intersections / (sizes + area).clamp(min=1.0))
    return (counts * losses.sum(1) / present.sum(1).clamp(min=1.0)).mean()


def points_loss(
    reading: Reading, windows: Staged, counts: Float[Tensor, "n"]
) -> tuple[Scalar, Scalar]:
    """The error of the landmarks, in sizes of the face; and the error of the predicted logarithm of
    that error, in widths of the window. The second has a gradient in the prediction alone."""
    true, sizes = windows.points.to(reading.points), windows.sizes.to(reading.points)
    off = (reading.points - true).abs().sum(-1)  # n 68
    visible = windows.visible.to(off.device)
    weights = torch.where(visible, 1.0, _HIDDEN) * counts[:, None]
    far = off / sizes.clamp(min=1.0)[:, None]
    width = windows.pixels.shape[2]
    spread_error = (reading.spreads - (off.detach() / width).clamp(min=_LEAST_ERROR).log()).abs()
    return (weights * far).mean(), (weights * spread_error).mean()


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
    index = torch.arange(len(logits), device=logits.device)
    centre = torch.zeros_like(logits, dtype=torch.bool)
    centre[index, row, column] = True
    centre &= shows
    heat = shows * (-squares / 2).exp()
    likely = logits.sigmoid()
    hit = (1 - likely) ** _FOCUS * functional.softplus(-logits)
    miss = (1 - heat) ** _NEAR * likely**_FOCUS * functional.softplus(logits)
    focal = torch.where(centre, hit, miss).sum((1, 2))
    expected = windows.sizes.to(logits).clamp(min=1.0).log()
    off = (sizes[index, row, column] - expected).abs() * shows[:, 0, 0]
    return (focal + off).mean()


@final
@dataclass(frozen=True, kw_only=True)
class Population:
    """What is known of many real people together, and of none of them alone: mean and spread of
    some fields, scaled."""

    fields: Fields
    means: Float[Tensor, "k"]
    spreads: Float[Tensor, "k"]

    @classmethod
    def parse(cls, text: str, known: Fields) -> Population:
        """That of FIELD:MEAN,SPREAD, several with + between them; the fields are of these."""
        names, values = list[str](), list[list[float]]()
        with reading(text):
            for piece in pieces(text, {}) if text else ():
                pair = [number_of(number) for number in piece.values("mean", "spread").values()]
                is_pair = len(pair) == 2 and all(map(isfinite, pair)) and pair[1] > 0
                if piece.name not in known.names or not is_pair:
                    raise InputError("a population is FIELD:MEAN,SPREAD, of fields that are read")
                names.append(piece.name)
                values.append(pair)
        fields = Fields(tuple(names))
        means, spreads = torch.tensor(values).reshape(-1, 2).unbind(1)
        scaled = fields.scaled(torch.stack([means, means + spreads]))
        return cls(fields=fields, means=scaled[0], spreads=scaled[1] - scaled[0])

    def brought(self, read: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        """What was read of some people, with the population's mean and spread in place of its
        own: who was older than another stays so."""
        read = read.float()
        off = (read - read.mean(0)) / read.std(0, correction=0).clamp(min=1e-3)
        return self.means.to(read) + self.spreads.to(read) * off


_DRAWS: Final = 1000  # faces over which the variation of a field is measured


def variation(fields: Fields) -> Float[Tensor, "k"]:
    """The standard deviation of each field over painted faces, scaled."""

    places = [VECTOR_NAMES.index(name) for name in fields.names]
    return fields.scaled(_drawn()[:, places].float()).std(0).clamp(min=0.05)


@cache
def _drawn() -> Float[Tensor, "n k"]:
    """The numbers of so many painted faces, drawn once: it takes longer than a step."""

    return torch.stack([torch.from_numpy(to_vector(face(seed))) for seed in range(_DRAWS)])


# Fields that stay true only if the picture was turned by no more than _LITTLE radians.
_TURNS: Final = ("gaze_x", "gaze_y", "light_turn", "light_height")
_LITTLE: Final = 0.15
COLOURED: Final = (
    *("tone", "undertone", "ruddy", "iris", "iris_light", "lip_red", "hair_light", "hair_red"),
    *("hair_grey", "light_warm", "exposure"),
)
# Fields that a style does not draw, or too faintly to be read: tests/objectives paints them.
UNDRAWN: Final[Mapping[str, tuple[str, ...]]] = {
    "anime": ("light_height", "light_key", "light_warm", "exposure"),
    "cartoon": ("light_height", "light_key", "light_warm", "exposure", "eye_height"),
    "sketch": ("hair_red", "light_key", "light_warm", "exposure"),
}


def field_truth(
    fields: Fields, vectors: Float[Tensor, "n k"], windows: Staged | None
) -> Float[Tensor, "n k"]:
    """The fields, scaled, after a window was mirrored and turned."""
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
        if name in UNTRUE["faces"]:
            counts[windows.bent, place] = 0
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
    losses = functional.huber_loss(off, torch.zeros_like(off), reduction="none", delta=1.0)
    return (counts.to(losses) * losses).mean()


def style_loss(
    logits: Float[Tensor, "n s"], styles: Int64[Tensor, "n"], counts: Float[Tensor, "n"]
) -> Scalar:
    """In which style a face is drawn; 0 where that is unknown."""
    known = (styles >= 0).to(logits.device)
    labels = styles.clamp(min=0).to(logits.device)
    losses = functional.cross_entropy(logits.float(), labels, reduction="none")
    return (losses * known * counts).mean()


# ---------------------------------------------------------------------------------------------
# Losses of other nets: by the part that a pixel shows, and by what shipped nets say

_SMALL: Final = [place for place, part in enumerate(PARTS) if part.group in ORGANS]
_GROUND: Final = PART_INDEX["background"]


def counts(
    parts: UInt8[Tensor, "n h w"], *, organs: float = 0.0, ground: float = 1.0, around: int = 0
) -> Float[Tensor, "n 1 h w"]:
    """1, for organs (eyes, brows, nose, mouth) so much more, for the background as much as given;
    1 where nobody knows the part.

    Where a net is not sure of an edge, what counts more is drawn too large: brows too thick. With
    so many pixels `around` organs that count as they do, and as many in which that fades, both
    sides of their edges count alike.
    """
    table = torch.ones(256)
    table[_GROUND] = ground
    more = torch.zeros(256)
    more[_SMALL] = organs
    plain, extra = (each.to(parts.device)[parts.long()][:, None] for each in (table, more))
    if around:
        extra = functional.max_pool2d(extra, 4 * around + 1, stride=1, padding=2 * around)
        extra = functional.avg_pool2d(extra, 2 * around + 1, 1, around, count_include_pad=False)
    return plain + extra


def read_in(
    reader: nn.Module, pictures: Float[Tensor, "n 3 h w"]
) -> tuple[Float[Tensor, "n k h w"], Float[Tensor, "n 68 2"]]:
    """Logits of the parts, and landmarks in pixels, as the reader says them at its own size.

    The pictures are windows with a face in the middle. The gradient goes back to them.
    """
    height, width = pictures.shape[-2:]
    reading = cast(Reading, reader(_as_weights(reader, _resized(pictures, WINDOW, WINDOW))))
    parts, points = (wide(said).to(wide(pictures)) for said in (reading.parts, reading.points))
    scale = points.new_tensor([width / WINDOW, height / WINDOW])
    return _resized(parts, height, width), points * scale


def guessed_in(
    completer: nn.Module, damaged: Float[Tensor, "n 3 h w"], hole: Float[Tensor, "n 1 h w"]
) -> Float[Tensor, "n 19 h w"]:
    """What `completion` says of which part is where, as nets are told it; as large as the pictures.

    It learned at the reader's size. No gradient goes back.
    """
    with torch.no_grad():
        there = functional.interpolate(hole, (WINDOW, WINDOW), mode="nearest")
        seen = (_resized(damaged, WINDOW, WINDOW), there)
        damaged_there, there = (_as_weights(completer, one) for one in seen)
        logits = wide(completer(damaged_there, hole=there)).to(wide(damaged))
        return told_of(_resized(logits, *damaged.shape[-2:]))


def reader_terms(
    reader: nn.Module,
    output: Float[Tensor, "n 3 h w"],
    hole: Float[Tensor, "n 1 h w"],
    parts: UInt8[Tensor, "n h w"],
    points: Float[Tensor, "n 68 2"],
) -> dict[str, Tensor]:
    """What a reader says of pictures whose holes were painted, beside what is true of them.

    `read_parts` is the cross-entropy in the hole, `read_points` the landmarks' mean distance in
    widths of the picture. What is not known (255, NaN) counts as right.
    """
    logits, found = read_in(reader, output)
    labels = torch.where(hole[:, 0] > 0.5, parts.long(), UNKNOWN["parts"])
    known = labels != UNKNOWN["parts"]
    wrong = functional.cross_entropy(logits, torch.where(known, labels, 0), reduction="none")
    areas = known.sum((1, 2)).clamp(min=1)
    there = points.isfinite().all(-1)
    off = (found - torch.where(there[..., None], points, found.detach())).square().sum(-1)
    far = torch.where(there, (off + 1e-6).sqrt(), 0.0)
    return {
        "read_parts": ((wrong * known).sum((1, 2)) / areas).mean(),
        "read_points": far.mean() / output.shape[-1],
    }


def _as_weights(net: nn.Module, x: Tensor) -> Tensor:
    """The same in the type of the net's weights: a run may be computed in float64."""
    return x.to(next(net.parameters()).dtype)


def _resized(x: Float[Tensor, "n c h w"], height: int, width: int) -> Float[Tensor, "n c h2 w2"]:
    """Bilinear, without aliasing where it shrinks; untouched where it has the size."""
    if x.shape[-2:] == (height, width):
        return x
    return functional.interpolate(wide(x), (height, width), mode="bilinear", antialias=True)
