"""Training windows of a reader: faces anywhere in a picture, not only in its middle.

A face is moved, turned, made smaller or larger and mirrored; put before another ground along its
outline, with occluders in front of it, or with holes in it; and some windows show no face: ground
alone, blobs that look a little like a face, faces cut in two. Some faces stay as they were painted,
or are only mirrored: fine details are learned from these. The truth goes with the picture: parts
under an occluder are background, as that is what is visible; parts under a hole stay, as a reader
is to guess them. All of it is drawn by a picture's place in the run (core/rng.py); the loops
are in kernel_stage.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Complex128, Float32, Float64, Int64, UInt8
from torch import Tensor

from trombine.core.conventions import MIRRORED_LANDMARK
from trombine.core.rng import Rng
from trombine.data.augment import MIRRORED_LABEL, Augment, augmented, inverse, permuted, turns
from trombine.data.columns import UNKNOWN, Batch
from trombine.data.kernel_stage import covered
from trombine.data.kernel_stage import stage as run
from trombine.data.masks import draw_masks
from trombine.data.proportions import eyes
from trombine.io.color import LUMA

HOLES: Final = "irregular:5-40*2+squares"
_CUT_OUT, _NO_FACE = 1, 2  # of kernel_stage's `alone`
_USUAL: Final = 0.5  # of a picture's width: the longer side of the box of a face's landmarks
_BUST: Final = 0.4  # what stands smaller in its picture, with shoulders, is made as large first
_MOST_HIDDEN: Final = 0.6  # of a face's landmarks, by occluders: a mask hides half
# Of faces whose eyes are nearer to one another than this, in heights of the face, none is bent:
# from the side other proportions are seen than those that proportions.py knows.
_FRONTAL: Final = 0.36
# Faces that are framed nearly as usual.
_NEAR_SIZE: Final = (0.85, 1.15)
_NEAR_PART: Final = 0.3  # of the turn and the shift of the others
_OTHER: Final = Augment(faces=1.0)


_MOST_THINGS: Final = 8  # in a picture at most
_COLOURS: Final = ("red", "green", "blue")
_HELD: Final = 3  # of things before mouths: masks, microphones, hands
_SKIN: Final = (235.0, 185.0, 155.0)  # in the light
_WHITE, _BLACK = 235.0, 25.0  # of cloth, which is mostly one or the other
_CLOTHS: Final = (0.35, 0.6)  # of cloth: up to here white, up to there black, then of any colour
_FINGERS: Final = 4

Rows = Float64[np.ndarray, "n 11"]
Things = Float64[np.ndarray, "n t 11"]  # kernel_stage.py has the columns
Places = Complex128[np.ndarray, "n"]
Lengths = Float64[np.ndarray, "n"]
Flags = Bool[np.ndarray, "n"]
Colours = Float64[np.ndarray, "n 3"]


@dataclass(frozen=True, kw_only=True)
class StageOptions:
    """How often each change is made: shares of all pictures, unless noted."""

    size: tuple[float, float] = (0.45, 1.4)  # of the face, as a part of what it was
    # Most are framed nearly as usual, since a reader reads a second time what it has set upright
    # itself. The others may stand anywhere, as in its first pass.
    near: float = 0.65
    turn: float = 35.0  # degrees to either side
    shift: float = 0.12  # of the width, to each side
    grounds: float = 0.5  # before another ground, along the outline
    fronts: float = 0.25  # something in front
    held: float = 0.4  # of these: a mask, a hand or a microphone before the mouth, a third each
    holes: float = 0.25  # with a hole
    plain: float = 0.3  # of those that show a face: as they were painted, and not spoiled after
    none: float = 0.2  # no face: ground, blobs, faces cut in two, a third each
    grey: float = 0.25  # without colours, or in one
    colour: float = 0.5  # in other colours
    people: float = 0.0  # with other proportions than the world's, of those seen from the front


@dataclass(frozen=True, kw_only=True)
class Staged:
    """Windows, and what is true of them."""

    pixels: UInt8[Tensor, "n h w 3"]
    parts: UInt8[Tensor, "n h w"]  # 255 where unknown: of faces cut in two
    points: Float32[Tensor, "n 68 2"]  # also where they are out of sight, or of the window
    visible: Bool[Tensor, "n 68"]
    shows: Bool[Tensor, "n"]  # a whole face, its middle in the window, half of it in sight
    sizes: Float32[Tensor, "n"]  # of the face: the longer side of the box of its landmarks, pixels
    middles: Float32[Tensor, "n 2"]  # of that box
    mirrored: Bool[Tensor, "n"]
    turned: Float32[Tensor, "n"]  # radians, clockwise
    coloured: Bool[Tensor, "n"]  # whether its colours are its own
    plain: Bool[Tensor, "n"]  # whether it is as it was painted, but for mirroring
    bent: Bool[Tensor, "n"]  # whether its proportions are not those it was painted with

    def only(self, rows: Int64[Tensor, "k"]) -> Staged:
        """Some of the windows."""
        return Staged(**{column.name: getattr(self, column.name)[rows] for column in fields(self)})


def staged(batch: Batch, grounds: Batch, stage: StageOptions, chance: Rng) -> Staged:
    """Windows of the size of the pictures, of which parts and landmarks must be known."""
    if batch.parts is None or batch.points is None or batch.visible is None:
        raise ValueError("only pictures whose parts and landmarks are known can be staged")
    chance = chance.fold_in("stage")
    height, width = batch.pixels.shape[1:3]
    mirrored, faceless = _is_drawn(chance, "mirror", 0.5), _is_drawn(chance, "none", stage.none)
    plain = _is_drawn(chance, "plain", stage.plain) & ~faceless
    bent = _is_drawn(chance, "people", stage.people) & ~plain
    if stage.people:
        points = batch.points.numpy().astype(np.float64)
        bent &= np.abs(eyes(points)[1][:, 0]) > _FRONTAL * np.ptp(points, axis=1).max(1)
        batch = _with_other_proportions(batch, bent, chance)
    assert batch.parts is not None and batch.points is not None and batch.visible is not None
    old = np.ascontiguousarray(batch.pixels.numpy())
    points = batch.points.numpy().astype(np.float64)
    share = np.ptp(points, axis=1).max(1) / width
    grown = np.where(share < _BUST, _USUAL / share, 1.0)  # what shows shoulders, too
    sizes, angles, maps = _places(chance, stage, plain, mirrored, (height, width), grown)
    points = points @ maps[:, :, :2].transpose(0, 2, 1)
    points = permuted(points + maps[:, None, :, 2], mirrored, MIRRORED_LANDMARK)
    low, high = points.min(1), points.max(1)
    middle = (low + high) / 2
    alone, cuts, blobs = _kinds(chance, faceless, width, sizes, middle)
    alone[_is_drawn(chance, "ground", stage.grounds) & ~plain & (alone == 0)] = _CUT_OUT
    fronts = _is_drawn(chance, "front", stage.fronts) & ~plain & ~blobs
    occluders = _anywhere(chance, fronts, width, blobs)
    held = fronts & _is_drawn(chance, "held", stage.held)
    occluders[held] = _before_mouths(chance, points)[held]
    tints, coloured = _tints(chance, stage, plain)
    new = np.empty_like(old)
    parts = np.empty(old.shape[:3], np.uint8)
    labels = np.ascontiguousarray(batch.parts.numpy())
    behind = np.ascontiguousarray(grounds.pixels.numpy())
    back, widths = inverse(maps), np.maximum(1 / sizes, 1.0)
    behind_maps = _ground_maps(chance, behind.shape[1], width)
    run(old, labels, behind, back, widths, behind_maps, alone, cuts, tints, occluders, new, parts)
    parts[mirrored] = MIRRORED_LABEL[parts[mirrored]]
    hidden = np.empty(points.shape[:2], np.bool_)
    covered(points, occluders, hidden)
    visible = permuted(batch.visible.numpy(), mirrored, MIRRORED_LANDMARK) & ~hidden
    visible &= ((points >= 0) & (points < [width, height])).all(-1)
    inside = ((middle > 0) & (middle < [width, height])).all(-1)
    uncut = (cuts[:, 0] == 0) & (cuts[:, 1] == 0)
    parts[~uncut] = UNKNOWN["parts"]
    complete = (alone != _NO_FACE) & uncut & (hidden.mean(1) < _MOST_HIDDEN)
    windows = Staged(
        pixels=torch.from_numpy(new),
        parts=torch.from_numpy(parts),
        points=torch.from_numpy(points.astype(np.float32)),
        visible=torch.from_numpy(visible),
        shows=torch.from_numpy(complete & inside),
        sizes=torch.from_numpy((high - low).max(1).astype(np.float32)),
        middles=torch.from_numpy(middle.astype(np.float32)),
        mirrored=torch.from_numpy(mirrored),
        turned=torch.from_numpy(angles.astype(np.float32)),
        coloured=torch.from_numpy(coloured),
        plain=torch.from_numpy(plain),
        bent=torch.from_numpy(bent),
    )
    return _holed(chance, stage, windows)


# What is drawn


def _with_other_proportions(batch: Batch, bent: Flags, chance: Rng) -> Batch:
    """The batch, these faces of it bent."""
    rows = np.flatnonzero(bent)
    if not len(rows):
        return batch
    other = augmented(batch.only(rows), _OTHER, chance.only(rows))
    names = ("pixels", "parts", "points", "visible")
    changed = {name: getattr(batch, name).clone() for name in names}
    for name, values in changed.items():
        values[torch.from_numpy(rows)] = getattr(other, name)
    return replace(batch, **changed)


def _places(
    chance: Rng,
    stage: StageOptions,
    plain: Flags,
    mirrored: Flags,
    shape: tuple[int, int],
    grown: Lengths,
) -> tuple[Lengths, Lengths, Float64[np.ndarray, "n 2 3"]]:
    """By what faces are enlarged and turned (radians), and maps from old places to new ones; all
    are `grown` first."""
    height, width = shape
    near = _is_drawn(chance, "near", stage.near)
    least, most = np.log(stage.size)
    low, high = np.clip(np.log(_NEAR_SIZE), least, most)
    usual, any_size = _even(chance, "near size", low, high), _even(chance, "size", least, most)
    sizes = np.where(plain, 1.0, np.exp(np.where(near, usual, any_size))) * grown
    # Mostly few degrees: the product of two draws is more often small.
    angles = math.radians(stage.turn) * np.where(near, _NEAR_PART, 1.0)
    angles = angles * _even(chance, "turn", -1, 1) * _even(chance, "turn more")
    angles = np.where(plain, 0.0, angles)
    # How far a face may move to each side, of the width; small ones have more room.
    room = stage.shift * np.where(near, _NEAR_PART, 1.0)
    room = room + np.where(near, 0.0, np.maximum(0.0, 0.9 - sizes) / 2) * (stage.shift > 0)
    room = np.where(plain, 0.0, room)
    linear = turns(angles) * sizes[:, None, None]
    linear[mirrored, :, 0] *= -1
    centre = np.array([width, height]) / 2
    ways = [_even(chance, "right", -1, 1) * room, _even(chance, "down", -1, 1) * room]
    offsets = centre + np.stack(ways, 1) * width - linear @ centre
    return sizes, angles, np.concatenate([linear, offsets[:, :, None]], 2)


def _kinds(
    chance: Rng, faceless: Flags, width: int, sizes: Lengths, middles: Float64[np.ndarray, "n 2"]
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n 5"], Flags]:
    """Which windows show no face, where faces are cut, and which show blobs instead."""
    count = len(sizes)
    which = _even(chance, "which", 0, 3).astype(np.int64)  # ground alone, blobs, faces cut in two
    alone = np.where(faceless & (which < 2), _NO_FACE, 0)
    cuts = np.zeros((count, 5))
    cut = faceless & (which == 2)
    # Through the face's middle or near it, along any line, the normal pointing any way.
    angle, off = _even(chance, "cut turn", 0, 2 * math.pi), _even(chance, "cut off", -0.12, 0.12)
    a, b = np.cos(angle), np.sin(angle)
    cuts[cut, 0], cuts[cut, 1] = a[cut], b[cut]
    cuts[cut, 2] = (a * middles[:, 0] + b * middles[:, 1] + off * width * sizes)[cut]
    moved = cut & _is_drawn(chance, "cut moved", 0.4)  # along the line, by a third of the face
    by = _even(chance, "cut by", 0.2, 0.45) * width * sizes
    by *= np.where(_is_drawn(chance, "cut back", 0.5), -1, 1)
    cuts[moved, 3], cuts[moved, 4] = (-b * by)[moved], (a * by)[moved]
    return alone, cuts, faceless & (which == 1)


def _ground_maps(chance: Rng, side: int, width: int) -> Float64[np.ndarray, "n 2 3"]:
    """Any part of the ground, up to twice as large as it is, or half."""
    scale = np.exp(_even(chance, "ground size", math.log(0.5), math.log(1.6)))
    room = side - width * scale
    maps = np.zeros((len(scale), 2, 3))
    maps[:, 0, 0] = maps[:, 1, 1] = scale
    maps[:, 0, 2] = _even(chance, "ground x") * room
    maps[:, 1, 2] = _even(chance, "ground y") * room
    return maps


def _tints(
    chance: Rng, stage: StageOptions, plain: Flags
) -> tuple[Float64[np.ndarray, "n 3 4"], Flags]:
    """Other colours: grey or toned, brighter, flatter, warmer; and which are as they were."""
    grey = _is_drawn(chance, "grey", stage.grey) & ~plain
    tinted = _is_drawn(chance, "colour", stage.colour) & ~plain
    count = len(grey)
    tints = np.zeros((count, 3, 4))
    luma = np.broadcast_to(LUMA, (3, 3))
    saturation = np.where(grey, 0.0, np.where(tinted, _even(chance, "saturation", 0.4, 1.5), 1.0))
    mixed = luma + saturation[:, None, None] * (np.eye(3) - luma)
    cast = tinted & _is_drawn(chance, "cast", 0.5)
    gains = np.where(cast[:, None], _colours(chance, "cast", 0.8, 1.15), 1.0)
    contrast = np.where(tinted, _even(chance, "contrast", 0.6, 1.35), 1.0)
    lift = np.where(tinted, _even(chance, "bright", -40.0, 40.0), 0.0)
    tints[:, :, :3] = mixed * (gains * contrast[:, None])[:, :, None]
    tints[:, :, 3] = (128 * (1 - contrast) + lift)[:, None]
    return tints, ~(grey | tinted)


# Things in front


def _anywhere(chance: Rng, fronts: Flags, width: int, blobs: Flags) -> Things:
    """One or two occluders anywhere, or the blobs of something like a face."""
    occluders = np.zeros((len(blobs), _MOST_THINGS, 11))
    for t in range(2):
        chosen = fronts if t == 0 else fronts & _is_drawn(chance, "second", 0.4)
        centre = [_even(chance, f"front {t} {axis}", 0.1, 0.9) for axis in "xy"]
        long = _even(chance, f"front {t} long", 0.06, 0.35)
        thin = _even(chance, f"front {t} thin", 0.15)
        angle = _even(chance, f"front {t} turn", 0, math.pi)
        thing = _occluder(centre[0], centre[1], long, np.maximum(long * thin, 0.03), angle)
        thing[:, 6] = np.where(_is_drawn(chance, f"front {t} angular", 0.5), 8.0, 2.0)
        thing[:, 10] = _is_drawn(chance, f"front {t} shows", 0.5)
        thing[:, 7:10] = _colours(chance, f"front {t}", 0, 255)
        occluders[chosen, t] = thing[chosen]
    occluders[blobs] = _blobs(chance)[blobs]
    occluders[:, :, :4] *= width
    return occluders


class _Faces:
    """Where faces are, in pixels; down is from the eyes to the mouth."""

    def __init__(self, points: Float64[np.ndarray, "n 68 2"]) -> None:
        """Those with these landmarks."""
        places: Complex128[np.ndarray, "n 68"] = points @ [1, 1j]
        self.nose, self.chin = places[:, 33], places[:, 8]
        self.mouth = places[:, 48:68].mean(1)
        right, left = places[:, 36:42].mean(1), places[:, 42:48].mean(1)
        way = self.mouth - (right + left) / 2
        self.far = np.abs(way)  # from the eyes to the mouth
        self.down = way / np.maximum(self.far, 1e-6)  # of length 1
        self.turn = np.angle(way) - math.pi / 2  # radians, clockwise
        # From eye to eye, or as it may be from the front.
        self.wide = np.maximum(np.abs(left - right), 0.6 * self.far)


def _before_mouths(chance: Rng, points: Float64[np.ndarray, "n 68 2"]) -> Things:
    """A mask, a microphone or a hand, in pixels, before faces with these landmarks."""
    kind = _even(chance, "held kind", 0, _HELD).astype(np.int64)
    result = np.zeros((len(points), _MOST_THINGS, 11))
    for number, make in enumerate((_masks, _microphones, _hands)):
        for t, thing in enumerate(make(chance, _Faces(points))):
            result[kind == number, t] = thing[kind == number]
    return result


def _masks(chance: Rng, faces: _Faces) -> list[Rows]:
    """From the nose to the chin, with a fold."""
    top = faces.nose - faces.down * faces.far * _even(chance, "mask up", -0.1, 0.35)
    low = faces.chin + faces.down * faces.far * _even(chance, "mask down", -0.15, 0.1)
    high, across = np.abs(low - top) / 2, faces.wide * _even(chance, "mask wide", 0.75, 1.2)
    middle, angular = (top + low) / 2, _even(chance, "mask angular", 2, 5)
    colour = _cloth(chance)
    return [
        _coloured(_at(middle, across, high, faces.turn, angular), colour),
        _coloured(_at(middle, across * 0.97, high * 0.03, faces.turn, 2.0), 0.8 * colour),
    ]


def _microphones(chance: Rng, faces: _Faces) -> list[Rows]:
    """A ball before the mouth or below it, on a handle."""
    ball = faces.wide * _even(chance, "ball", 0.16, 0.34)
    middle = faces.mouth + faces.down * faces.far * _even(chance, "ball down", 0.0, 0.6)
    middle = middle + 1j * faces.down * faces.far * _even(chance, "ball aside", -0.3, 0.3)
    aim = faces.turn + math.pi / 2 + _even(chance, "handle turn", -0.9, 0.9)
    length = faces.wide * _even(chance, "handle long", 0.8, 1.5)
    colour = _cloth(chance)
    handle = _at(middle + np.exp(1j * aim) * length, length, ball * 0.5, aim, 8.0)
    return [
        _coloured(handle, 0.8 * colour),
        _coloured(_at(middle, ball, ball, faces.turn, 2.0), colour),
    ]


def _hands(chance: Rng, faces: _Faces) -> list[Rows]:
    """Four fingers side by side, and what they grow from."""
    thick = faces.wide * _even(chance, "finger thick", 0.09, 0.14)
    long = thick * _even(chance, "finger long", 3.0, 5.0)
    tilt = faces.turn + _even(chance, "hand turn", -1.6, 1.6)
    along, beside = np.exp(1j * (tilt + math.pi / 2)), np.exp(1j * tilt)
    tips = faces.mouth + faces.down * faces.far * _even(chance, "hand down", -0.35, 0.7)
    tips = tips + 1j * faces.down * faces.far * _even(chance, "hand aside", -0.8, 0.8)
    shapes = [_at(tips + along * long * 1.4, thick * 4.0, long * 0.9, tilt, 3.0)]
    for k in range(_FINGERS):
        middle = tips + beside * thick * 1.9 * (k - 1.5) + along * thick * abs(k - 1.3)
        shapes.append(_at(middle, thick, long, tilt, 3.0))
    light = _even(chance, "skin", 0.2, 1.0)[:, None]
    skin = light * np.array(_SKIN) + 0.06 * (_colours(chance, "held", 0, 255) - 128)
    skin = np.clip(skin, 0, 255)
    return [_coloured(shape, skin * (1.0 - 0.06 * (t % 2))) for t, shape in enumerate(shapes)]


def _cloth(chance: Rng) -> Colours:
    """Mostly white or black, else of any colour."""
    kind, colour = _even(chance, "cloth")[:, None], _colours(chance, "held", 0, 255)
    white, black = (tone + 0.08 * (colour - 128) for tone in (_WHITE, _BLACK))
    return np.where(kind < _CLOTHS[0], white, np.where(kind < _CLOTHS[1], black, colour))


def _coloured(rows: Rows, colour: Colours) -> Rows:
    rows[:, 7:10] = np.clip(colour, 0, 255)
    return rows


def _at(middle: Places, across: Lengths, down: Lengths, turn: Lengths, angular: Any) -> Rows:
    """Black things in pixels, none thinner than two."""
    across, down = np.maximum(across, 1), np.maximum(down, 1)
    rows = _occluder(np.real(middle), np.imag(middle), across, down, turn)
    rows[:, 6] = angular
    return rows


def _occluder(x, y, across, down, angle) -> Rows:
    """Round black occluders; lengths are parts of the width."""
    occluders = np.zeros((len(x), 11))
    occluders[:, 0], occluders[:, 1], occluders[:, 2], occluders[:, 3] = x, y, across, down
    occluders[:, 4], occluders[:, 5], occluders[:, 6] = np.cos(angle), np.sin(angle), 2.0
    return occluders


def _blobs(chance: Rng) -> Things:
    """A disc of one colour with spots where a face has eyes, and a bar or none.

    Some have one spot too few, or they stand askew: like a face, and none.
    """
    x, y = _even(chance, "blob x", 0.35, 0.65), _even(chance, "blob y", 0.35, 0.65)
    size, angle = _even(chance, "blob size", 0.18, 0.42), _even(chance, "blob turn", -0.6, 0.6)
    cos, sin = np.cos(angle), np.sin(angle)
    count = len(x)
    occluders = np.zeros((count, _MOST_THINGS, 11))
    occluders[:, 0] = _occluder(x, y, size, size * _even(chance, "blob long", 0.8, 1.4), angle)
    spots = (("left", -0.4, -0.2), ("right", 0.4, -0.2), ("mouth", 0.0, 0.45), ("nose", 0.0, 0.1))
    for t, (name, u, v) in enumerate(spots, start=1):
        u = u + _even(chance, f"blob {name} u", -0.15, 0.15)
        v = v + _even(chance, f"blob {name} v", -0.15, 0.15)
        wide = size * _even(chance, f"blob {name} wide", 0.08, 0.28 if t < 3 else 0.5)
        high = size * _even(chance, f"blob {name} high", 0.06, 0.22)
        spot = _occluder(
            x + size * (cos * u - sin * v), y + size * (sin * u + cos * v), wide, high, angle
        )
        chosen = _is_drawn(chance, f"blob {name}", 0.7)
        occluders[chosen, t] = spot[chosen]
    occluders[:, :, 6] = np.where(_is_drawn(chance, "blob angular", 0.2), 6.0, 2.0)[:, None]
    colour, dark = _colours(chance, "blob", 40, 240), _even(chance, "blob dark", 0.0, 1.6)
    occluders[:, :, 7:10] = colour[:, None]
    occluders[:, 1:, 7:10] = np.clip(colour * dark[:, None], 0, 255)[:, None]
    return occluders


def _even(chance: Rng, purpose: str, low: float = 0.0, high: float = 1.0) -> Lengths:
    """A number between low and high for each picture."""
    return low + (high - low) * chance.uniforms(purpose)


def _colours(chance: Rng, purpose: str, low: float, high: float) -> Colours:
    """A colour for each picture, each of red, green and blue between low and high."""
    return np.stack([_even(chance, f"{purpose} {name}", low, high) for name in _COLOURS], 1)


def _is_drawn(chance: Rng, purpose: str, share: float) -> Flags:
    return chance.uniforms(purpose) < share


# Holes


def _holed(chance: Rng, stage: StageOptions, windows: Staged) -> Staged:
    """Some windows with a hole, in one colour or in noise; what was there stays the truth."""
    rows = np.flatnonzero(
        _is_drawn(chance, "hole", stage.holes) & (windows.shows & ~windows.plain).numpy()
    )
    if not len(rows):
        return windows
    pixels, row_chance = windows.pixels.numpy(), chance.only(rows)
    masks = draw_masks(HOLES, row_chance, size=pixels.shape[1]).numpy()[:, 0] == 1
    kinds = _even(chance, "hole kind", 0, 4).astype(np.int64)
    colours = _colours(chance, "hole", 0, 255)
    for n, mask, noise in zip(rows.tolist(), masks, row_chance.generators("noise"), strict=True):
        # Of one colour, the picture's mean, black or white, or noise.
        fills = (colours[n], pixels[n].mean((0, 1)), 255 * (colours[n, :1] > 128))
        if kinds[n] == 3:
            pixels[n][mask] = noise.integers(0, 256, (int(mask.sum()), 3), np.uint8)
        else:
            pixels[n][mask] = fills[kinds[n]].astype(int)
    return windows
