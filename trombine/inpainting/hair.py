"""Another hair style, where a hole hides all hair: `--mask hair`.

A net paints the mean of all hair styles there: a smooth cap. So the person of the world who looks
like the painted face (fitted.py) is given a style of the world's people by the seed, or what the
user asks for, and drawn in three layers: behind the head what is seen of the background goes on,
on the forehead the skin, and over both lies the hair. It looks like the hair that was chosen to be
hidden; under any other hole it is as dark as the brows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from scipy.ndimage import gaussian_filter

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.core.errors import InputError
from trombine.core.tiles import Box, cut
from trombine.faces import Face
from trombine.faces.maps import parts_map
from trombine.generation.asking import fields_in
from trombine.inpainting.background import Colours, Mask, Plane, continued, grain, sized, split
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.fitted import fitted_in
from trombine.inpainting.windows import Area, Window
from trombine.io.color import LUMA
from trombine.io.image import Picture
from trombine.models import Model
from trombine.restyling.portrait import cutout
from trombine.world import Face as Person
from trombine.world import face as person_of

STYLE: Final = (
    *("hair_length", "hair_volume", "hair_curl", "hairline", "recession"),
    *("fringe", "parting", "bun"),
)
COLOUR: Final = ("hair_light", "hair_red", "hair_grey", "hair_dye", "hair_hue")
_BROWS: Final = slice(LANDMARK_GROUPS["right_brow"].start, LANDMARK_GROUPS["left_brow"].stop)
_SEEN: Final = 1.6  # sides of a face's frame that are looked at
_FITS: Final = 0.15  # of the pupils' distance, by which landmarks may be off
_MOST: Final = 1024  # pixels a side in which they are drawn
_SKULL: Final = (0.27, 0.36)  # sides from the brows' middle to the temples, and to the top
_BAND: Final = (0.85, 1.3)  # of that, where hair is
_HIDES: Final = 0.65  # of all directions
_WORN: Final = (PART_INDEX["hair"], PART_INDEX["hat"])
_SHOWN: Final = 0.15  # of all hair: of masks by hair none is, of irregular holes .3 and more
_TRIES: Final = 1000  # people whose style may be taken
_LEAST: Final = {"hair_length": 0.08}
_AT_MOST: Final = {"hat": 0.05, "recession": 0.5, "bun": 0.3, "hair_curl": 0.35}
_OF_MEN: Final = {"hair_length": 0.2}  # at most: longer hair hangs before their ears as a wig
_MALE: Final = 0.6  # from here on
_ALIKE: Final = 0.25  # in how masculine they are
_STRONGER: Final = 4  # times the world's light and shade, at most
_SMOOTH: Final = 0.05  # of its light, by which strands vary: bald heads' .04, hair's .07 and more
_MANY: Final = 1000  # pixels, that show what hair is like
_DARK: Final = 0.5  # of skin's light, at most: what is lighter of brows is skin
_GREY: Final = 2 / 255  # by which the channels of a grey picture differ at most
_FEWEST: Final = 20  # pixels, that show a colour
_RIM: Final = 0.006  # sides over which layers blend

Labels = UInt8[np.ndarray, "h w"]


def hair_in(text: str) -> dict[str, float]:
    """The fields of a hair style that a text sets."""
    asked = fields_in(text)
    if wrong := next((name for name in asked if name not in (*STYLE, *COLOUR)), None):
        known = ", ".join((*STYLE, *COLOUR))
        raise InputError(f"{wrong} is of no hair style", f"attributes here are {known}")
    return asked


def hides_hair(damaged: Damaged, face: Face) -> bool:
    """Whether the hole goes round most of the head, from one temple over the top to the other, as
    far as the picture shows it."""
    side, (half, height) = face.frame.side, _SKULL
    up = np.array([np.sin(face.frame.angle), -np.cos(face.frame.angle)])
    across = np.array([-up[1], up[0]])
    turns = np.linspace(0, np.pi, 37)
    outline = np.sin(turns)[:, None] * height * up + np.cos(turns)[:, None] * half * across
    band = np.linspace(*_BAND, 12)[:, None, None] * side * outline
    columns, rows = np.floor(face.points[_BROWS].mean(0) + band).astype(np.int64).transpose(2, 0, 1)
    there = (rows >= 0) & (rows < damaged.size[0]) & (columns >= 0) & (columns < damaged.size[1])
    hidden = there & damaged.hole[rows * there, columns * there]
    return bool(hidden.any(0).sum() >= _HIDES * max(there.any(0).sum(), 1))


def shows_hair(parts: Float32[np.ndarray, "p h w"], unknown: Bool[torch.Tensor, "h w"]) -> bool:
    """Whether some hair, or a hat, is left to see: what is missing of it then goes on as it is."""
    worn = parts[list(_WORN)].sum(0)
    return bool(worn[~unknown.numpy()].sum() > _SHOWN * worn.sum())


def draw_hair(
    damaged: Damaged,
    face: Face,
    area: Area,
    reader: Model,
    seed: int,
    asked: Mapping[str, float],
    own_hair: Mask | None = None,
) -> bool:
    """Draw hair, and what is round it, in the area of a face that a net has painted, if the face is
    one of a photograph and fitted well; whether it was. `asked` are fields of STYLE and COLOUR;
    where the picture shows `own_hair` under the hole, it has the colour of that."""
    side = face.frame.side
    view = Window.of_frame(replace(face.frame, side=_SEEN * side)).reach(*damaged.size)
    whole = view.height, view.width
    shrink = min(1.0, _MOST / max(whole))
    size = (max(1, round(whole[0] * shrink)), max(1, round(whole[1] * shrink)))
    before = damaged.known(view)
    planes = np.concatenate([before, cut(damaged.hole, view)[..., None].astype(np.float32)], 2)
    before, planes = before[..., :3], sized(planes, size).clip(0, 1)
    colours, hidden = planes[..., :3], planes[..., 4] > 0.02
    seen = ~hidden & (planes[..., 3] > 0.98)  # what is transparent shows no colour
    middle = np.array([face.frame.x - view.left, face.frame.y - view.top]) * shrink
    found = fitted_in(colours, middle, reader)
    if found is None or area.box.shared(view) is None or found[1].points_off > _FITS:
        return False
    own, character = found
    labels = parts_map([own], *size)
    person = styled(character.person, seed, asked)
    drawn, rows, columns = cutout(replace(character, person=person), "photo").inside(*size)
    head, opacity = np.zeros_like(colours), np.zeros(size, np.float32)
    parts = np.zeros(size, np.uint8)
    head[rows, columns], opacity[rows, columns] = drawn.colours, drawn.opacity
    parts[rows, columns] = drawn.parts
    look = None
    if not set(asked) & set(COLOUR):
        if own_hair is not None:
            look = look_of(*_shown(damaged.image, own_hair, view, size), own.frame.side)
        if look is None and (tone := tone_of(colours, labels, seen)) is not None:
            look = Look(tone=tone)
    made = _layered(colours, hidden, seen, labels, head, opacity, parts, look, own.frame.side, seed)
    if np.ptp(colours[seen], axis=1).max(initial=0) < _GREY:
        made = np.repeat(made.mean(2, keepdims=True), 3, 2)

    # What is added, so that what was painted as fine as the picture stays so elsewhere.
    damaged.put(view, area.within(view), before + sized(made - colours, whole))
    return True


def _shown(image: Picture, hair: Mask, box: Box, size: tuple[int, int]) -> tuple[Colours, Mask]:
    """A part of a picture, in this size, and where all of it is hair."""
    part = np.ascontiguousarray(image.samples[box.top : box.bottom, box.left : box.right])
    colours, where = replace(image, samples=part).rgb(), cut(hair, box)[..., None]
    planes = sized(np.concatenate([colours, where.astype(np.float32)], 2), size)
    return planes[..., :3].clip(0, 1), planes[..., 3] > 0.99


def styled(person: Person, seed: int, asked: Mapping[str, float]) -> Person:
    """The person with the hair style of another one of the world, by the seed, and what is asked
    for; without a hat."""
    other, most = person, _AT_MOST | (_OF_MEN if person.masculine > _MALE else {})
    for number in range(_TRIES):
        other = person_of(seed * _TRIES + number)
        if (
            all(getattr(other, name) >= least for name, least in _LEAST.items())
            and all(getattr(other, name) <= limit for name, limit in most.items())
            and abs(other.masculine - person.masculine) <= _ALIKE
        ):
            break
    changes = {name: getattr(other, name) for name in STYLE} | {"hat": 0.0}
    return replace(person, **changes | dict(asked))


@dataclass(frozen=True, kw_only=True)
class Look:
    """What hair looks like: its mean colour, and how much its light varies, of the mean: from lock
    to lock and from strand to strand. Unless given, as that of most people in photographs."""

    tone: Float32[np.ndarray, "3"]
    locks: float = 0.3
    strands: float = 0.17


def look_of(colours: Colours, hair: Mask, side: float) -> Look | None:
    """That of hair in a picture where a face's frame has this side; None where hardly any is, or
    it is a bald head."""
    if hair.sum() < _MANY:
        return None
    light = colours @ np.array(LUMA, np.float32)
    mean = max(float(light[hair].mean()), 1e-3)
    locks, strands = (float(part[hair].std()) / mean for part in split(light, hair, side))
    if strands < _SMOOTH:
        return None
    return Look(tone=colours[hair].mean(0), locks=locks, strands=strands)


def tone_of(colours: Colours, labels: Labels, seen: Mask) -> np.ndarray | None:
    """The colour of brows that are seen, without the skin between: thin ones show more of that, and
    are made darker. Where none are seen, what the net painted hair in; None without any."""
    light = colours @ np.array(LUMA, np.float32)
    names = ("left_brow", "right_brow")
    brows = np.isin(labels, [PART_INDEX[name] for name in names]) & seen
    skin = (labels == PART_INDEX["skin"]) & seen
    if brows.sum() >= _FEWEST and skin.any():
        dark = brows & (light <= np.quantile(light[brows], 0.25))
        tone = colours[dark].mean(0)
        own = max(float(tone @ np.array(LUMA, np.float32)), 1e-3)
        return tone * np.float32(min(_DARK * float(np.median(light[skin])) / own, 1.0))
    hair = (labels == PART_INDEX["hair"]) & ~seen
    return colours[hair].mean(0) if hair.sum() >= _FEWEST else None


def _layered(
    colours: Colours,
    hidden: Mask,
    seen: Mask,
    labels: Labels,
    head: Colours,
    opacity: Plane,
    parts: Labels,
    look: Look | None,
    side: float,
    seed: int,
) -> Colours:
    """Background, skin and hair, one over the other, where it is hidden."""
    light = np.array(LUMA, np.float32)
    shape = np.maximum(opacity, 1e-3)[..., None]
    hair, is_skin = parts == PART_INDEX["hair"], labels == PART_INDEX["skin"]
    noise = grain(colours, (labels == 0) & seen, seed)
    made = colours
    # What the net painted is a blend of skin, hair and what is behind; each goes on by itself.
    forehead = (parts == PART_INDEX["skin"]) & (opacity > 0.5)
    for known, where in (((labels == 0), opacity <= 0.5), (is_skin, forehead)):
        if (known & seen).sum() < _FEWEST:
            continue
        share = _soft(where & hidden, side)[..., None]
        made = made + share * (continued(made, known & seen) + noise - made)
    strands = head / shape
    if look is not None and hair.any():
        lit = strands @ light
        shade = np.ones_like(lit)
        parts_of_light = split(lit / lit[hair].mean() - 1, hair, side)
        for part, wanted in zip(parts_of_light, (look.locks, look.strands), strict=True):
            shade += part * min(wanted / max(float(part[hair].std()), 1e-3), _STRONGER)
        strands = (look.tone * shade[..., None]).clip(0, 1)
    share = (_soft(hair, side) * opacity * hidden)[..., None]
    made = made + share * (strands + noise - made)
    depth = (2 * _soft(hidden, side) - 1).clip(0, 1)[..., None]
    return (colours + depth * (made - colours)).astype(np.float32)


def _soft(mask: Mask, side: float) -> Plane:
    return gaussian_filter(mask.astype(np.float32), _RIM * side)
