"""A photograph to the parameters of a face: the person of the world who looks like the one seen.

    fit(seen)               the Face whose picture has the landmarks, parts and colours that were
                            read of a photograph, where that picture lies, and how well it fits

    fit_moment(seen, face)  a known Face in another pose and mood, as the next frame of a film

Landmarks are fitted first, by Gauss-Newton on the painter's own curves; then the hair, by the parts
that the painter would label; then colours and light, on small paintings; then the irises, on
paintings of the eyes alone. Each step starts from the numbers that were read (`Seen.numbers`), and
what nothing shows stays at what is usual for such a person, as people.py draws people.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import product
from typing import Final

import numpy as np
from jaxtyping import Float64, UInt8
from scipy.ndimage import map_coordinates, uniform_filter

from trombine.core.computing import cores, in_turn
from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX, PARTS
from trombine.core.progress import Tick, unheard
from trombine.io.color import LUMA
from trombine.world.colours import to_linear
from trombine.world.faces import FIELDS, Face, to_vector
from trombine.world.fit_colours import Changes, Picture, coloured
from trombine.world.painting import Painted, painted, parts_of, points_of
from trombine.world.people import face
from trombine.world.shape import seen_in, shape

# What landmarks show: the form of the face, and how it is held.
_BY_POINTS: Final = (
    *("head_height", "forehead", "cheeks", "cheekbones", "jaw_width", "jaw_square"),
    *("chin_length", "chin_width", "eye_spacing", "eye_size", "eye_height", "eye_tilt"),
    *("brow_height", "brow_arch", "nose_length", "nose_width", "nose_bridge", "mouth_width"),
    *("mouth_height", "upper_lip", "lower_lip", "cupid", "yaw", "pitch", "smile", "mouth_open"),
    *("brow_raise", "brow_furrow", "brow_sad", "lid_open", "squint"),
)
_PEOPLE: Final = 500  # of the world, by which is known what goes with what
_INFO: Final = {info.name: info for info in FIELDS}

Points = Float64[np.ndarray, "68 2"]
Vector = Float64[np.ndarray, "_"]


@dataclass(frozen=True)
class Square:
    """Where a picture of the world lies in a window: its middle, side and turn (clockwise, in
    radians). Lengths are in sides of the window."""

    x: float = 0.5
    y: float = 0.5
    side: float = 1.0
    angle: float = 0.0

    def to_window(self, places: Float64[np.ndarray, "*n 2"]) -> Float64[np.ndarray, "*n 2"]:
        """Places of the picture, in its sides, as places of the window."""
        turn = self.side * np.exp(1j * self.angle)
        there = self.x + 1j * self.y + turn * ((places - 0.5) @ [1, 1j])
        return np.stack([there.real, there.imag], -1)

    def part(self, square: Square) -> Square:
        """A square of the picture that lies in this one, as one of the window."""
        x, y = self.to_window(np.array([square.x, square.y])).tolist()
        return Square(x, y, self.side * square.side, self.angle + square.angle)

    def within(self, other: Square) -> Square:
        """This square of the window as one of the picture that lies in the other square."""
        turn = np.exp(-1j * other.angle) / other.side
        place = 0.5 + 0.5j + turn * (self.x - other.x + 1j * (self.y - other.y))
        side, angle = self.side / other.side, self.angle - other.angle
        return Square(float(place.real), float(place.imag), side, angle)

    def moved(self, change: Float64[np.ndarray, "4"]) -> Square:
        """Moved by parts of its side, enlarged and turned a little."""
        across, down, larger, turn = (float(value) for value in change)
        x, y = self.x + across * self.side, self.y + down * self.side
        return Square(x, y, self.side * math.exp(larger), self.angle + turn)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was read of a face: a square window of its picture, in which it stands about as painted
    faces do. Points and errors are in sides of the window."""

    pixels: UInt8[np.ndarray, "s s 3"]
    parts: UInt8[np.ndarray, "p p"]
    points: Points
    errors: Float64[np.ndarray, "68"]  # by how much each point may be off
    numbers: Mapping[str, float]  # of fields, as they were read
    spreads: Mapping[str, float]  # half of the interval in which nine of ten true values lie
    style: str = "photo"

    @cached_property
    def grey(self) -> bool:
        """Whether the picture has no colours."""
        return float(np.ptp(self.pixels, axis=2).mean()) < _GREY


_GREY: Final = 5.0  # levels of 255, by which the colours of a grey picture differ


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A person of the world who looks like the one seen."""

    person: Face
    square: Square  # where the person's picture lies in the window
    points_off: float  # the mean distance of the landmarks, in distances of the pupils
    real: float  # from 0, a painting of the world's, to 1, a photograph


def fit(seen: Seen, tick: Tick = unheard) -> Fit:
    """The person who is seen; `tick` gets the number of each step, and of how many."""
    usual = _usual(seen)
    person, square = _fit_points(seen, usual, real=1.0, steps=2)
    person = _fit_light(seen, usual, person, square)
    tick(1, _STEPS)
    real = _realness(seen, person, square)
    usual = usual.looser(real)
    lit = {name: getattr(person, name) for name in _OF_LIGHT}
    usual = replace(usual, person=replace(usual.person, **lit))
    person, square = _fit_points(seen, usual, real=real)
    tick(2, _STEPS)
    person = _fit_hair(seen, usual, person, square, real=real)
    tick(3, _STEPS)
    person = _fit_colours(seen, person, square)
    if real < 0.5:
        person = _fit_strands(seen, person, square)
    tick(4, _STEPS)
    person, square = _fit_face(seen, usual, person, square, real=real)
    tick(5, _STEPS)
    if real > 0.5:
        person = _fit_mouth(seen, person, square)
    find_beard = _fit_real_beard if real > 0.5 else _fit_beard
    person = find_beard(seen, person, square)
    tick(6, _STEPS)
    person = _fit_glasses(seen, person, square)
    person = _fit_irises(seen, person, square, real=real)
    tick(_STEPS, _STEPS)
    return Fit(
        person=person,
        square=square,
        points_off=_points_off(seen, person, square),
        real=real,
    )


_STEPS: Final = 7
# What changes from one frame of a film to the next.
MOMENT: Final = (
    *("yaw", "pitch", "smile", "mouth_open", "brow_raise", "brow_furrow", "brow_sad"),
    *("lid_open", "squint"),
)


def fit_moment(seen: Seen, person: Face) -> tuple[Face, Square]:
    """A known person as they look in this moment: pose and expression alone are fitted."""
    names = [name for name in ("gaze_x", "gaze_y", "teeth") if name in seen.numbers]
    person = replace(person, **{name: seen.numbers[name] for name in names})
    deviations = np.full(len(MOMENT), _MOVED)
    means = np.array([_scaled(name, getattr(person, name)) for name in MOMENT])
    return _laid_by_points(seen, person, MOMENT, means, deviations, reach=_reaches(MOMENT))


_MOVED: Final = 0.3  # of half a field's range: what changes from frame to frame

# Fields run from -1 to 1 here, over their range.


def _scaled(name: str, value: float) -> float:
    info = _INFO[name]
    return 2 * (value - info.low) / (info.high - info.low) - 1


def _value(name: str, scaled: float) -> float:
    info = _INFO[name]
    within = min(max(scaled, -info.reach), info.reach)
    return info.low + (within + 1) / 2 * (info.high - info.low)


def _reaches(names: Sequence[str], real: float = 1.0) -> Vector:
    """How far fields go, of a picture that is so far from being painted."""
    return 1 + real * (np.array([_INFO[name].reach for name in names]) - 1)


def _with(person: Face, names: Sequence[str], scaled: Vector) -> Face:
    """The person with other values of these fields."""
    changes = {n: _value(n, float(v)) for n, v in zip(names, scaled, strict=True)}
    return replace(person, **changes)


@cache
def _people() -> Float64[np.ndarray, "n k"]:
    """People of the world, a row each, fields from -1 to 1."""
    low, high = (np.array([getattr(info, end) for info in FIELDS]) for end in ("low", "high"))
    rows = np.stack([to_vector(face(seed)) for seed in range(_PEOPLE)])
    return 2 * (rows - low) / (high - low) - 1


@dataclass(frozen=True, kw_only=True)
class _Usual:
    """What is known of each field before it is looked at: a value and its standard deviation,
    from -1 to 1 over the field's range."""

    person: Face
    means: Mapping[str, float]
    deviations: Mapping[str, float]

    def of(self, names: Sequence[str]) -> tuple[Vector, Vector]:
        means, deviations = ([of[name] for name in names] for of in (self.means, self.deviations))
        return np.array(means), np.array(deviations)

    def looser(self, real: float) -> _Usual:
        """As it is of a picture that is so far from being painted: real people differ more, and
        are read less surely."""
        wider = 1 + (_DIFFER - 1) * real
        changed = {name: wider * self.deviations[name] for name in (*_BY_POINTS, *_OF_HAIR)}
        means = dict(self.means)
        if real > 0.5:  # light on straight hair is read as curls; skin colours tell how likely
            curl = 2 * (_value("hair_curl", means["hair_curl"]) - _STRAIGHT)
            most = 0.5 + min(max(2 * _value("tone", means["tone"]) - 0.9, 0.0), 0.5)
            means |= {"beard": -1.0, "moustache": -1.0}  # until they are seen
            means["hair_curl"] = _scaled("hair_curl", min(max(curl, 0.05), most))
        names = ("hair_curl", "beard", "moustache")
        person = _with(self.person, names, np.array([means[name] for name in names]))
        return replace(self, person=person, means=means, deviations={**self.deviations, **changed})


# What most people have nothing of: without a sign of it there is none.
_RARE: Final = (
    *("freckles", "hair_dye", "bun", "glasses_tint", "earrings", "necklace"),
    *("lipstick", "eye_makeup"),
)
_DIFFER: Final = 2.0  # times as much as people of the world do real ones differ
_STRAIGHT: Final = 0.45  # what is read of the curls of real straight hair, at most
_SURE: Final = 1.645  # standard deviations to half of an interval of nine in ten


def _usual(seen: Seen) -> _Usual:
    """The numbers that were read, and for fields that nobody read what people of the world with
    such numbers have: the regression of the others on those."""
    names = [info.name for info in FIELDS]
    read = [name for name in names if name in seen.numbers]
    others = [name for name in names if name not in seen.numbers]
    people = _people()
    known = np.array([np.clip(_scaled(name, seen.numbers[name]), -1, 1) for name in read])
    columns = [np.array([names.index(name) for name in some], int) for some in (read, others)]
    mean = people.mean(0)
    given, wanted = (people[:, c] - mean[c] for c in columns)
    ridge = 0.05 * len(people) * np.eye(len(read))
    slopes = np.linalg.solve(given.T @ given + ridge, given.T @ wanted)
    guesses = np.clip(mean[columns[1]] + (known - mean[columns[0]]) @ slopes, -1, 1)
    rest = (wanted - given @ slopes).std(0)
    means = dict(zip(read, known.tolist(), strict=True))
    means |= dict(zip(others, guesses.tolist(), strict=True))
    deviations = {
        name: 2 * seen.spreads[name] / _SURE / (_INFO[name].high - _INFO[name].low)
        for name in read
        if name in seen.spreads
    }
    deviations = {name: deviations.get(name, 0.25) for name in read}
    deviations |= dict(zip(others, rest.tolist(), strict=True))
    if seen.grey:  # only the brightness is known: of two unknowns one has to be given
        means["tone"] = _scaled("tone", _tone_in_grey(seen))
        deviations |= {"tone": 0.04, "exposure": 1.0}
    means |= {name: _scaled(name, 0.0) for name in _RARE}
    middle = {"centre_x": 0.0, "centre_y": 0.0, "scale": 0.25, "roll": 0.0}
    person = Face(**{name: _value(name, means[name]) for name in names} | middle)
    return _Usual(person=person, means=means, deviations=deviations)


def _tone_in_grey(seen: Seen) -> float:
    """The tone of skin in a picture without colours, from how light it is there: of grey portraits
    of real people that tells more than what is read (docs/log/restyle.md)."""
    side = len(seen.parts)
    rows = (np.arange(side) + 0.5) * len(seen.pixels) / side
    at = rows.astype(int)
    skin = np.isin(seen.parts, _SKINS)
    if not skin.any():
        return 0.4
    light = to_linear(seen.pixels[at][:, at][skin].mean(1) / 255)
    tone = _PALE + (_PALE_LIGHT - float(np.median(light))) * _DARKER
    return min(max(tone, 0.08), 0.85)


_PALE, _PALE_LIGHT, _DARKER = 0.2, 0.43, 2.4  # a tone, its linear light, tones for a unit less


# Landmarks


def _points(person: Face, style: str) -> Points:
    """The landmarks of a person in the picture, in its sides."""
    return points_of(shape(person, style))[0]


def _laid(points: Points, there: Points, weights: Float64[np.ndarray, "68"]) -> Square:
    """The square in which points of the picture come nearest to those of the window."""
    here, to = (places @ [1, 1j] for places in (points, there))
    share = weights / weights.sum()
    middle, about = (share * here).sum(), (share * to).sum()
    here, to = here - middle, to - about
    turn = (weights * here.conj() * to).sum() / (weights * abs(here) ** 2).sum()
    place = about + turn * (0.5 + 0.5j - middle)
    return Square(float(place.real), float(place.imag), abs(turn), float(np.angle(turn)))


_LEAST_ERROR: Final = 0.003  # of the window: a landmark may be off by so much, whatever is said
_TOGETHER: Final = 1.0  # how much a landmark counts: its neighbours are off alike


def _fit_points(seen: Seen, usual: _Usual, *, real: float, steps: int = 4) -> tuple[Face, Square]:
    """The form and pose by which the landmarks are where they were read."""
    known, reach = usual.of(_BY_POINTS), _reaches(_BY_POINTS, real)
    return _laid_by_points(seen, usual.person, _BY_POINTS, *known, reach=reach, steps=steps)


def _laid_by_points(
    seen: Seen,
    person: Face,
    names: Sequence[str],
    means: Vector,
    deviations: Vector,
    *,
    reach: Vector,
    steps: int = 4,
) -> tuple[Face, Square]:
    """The person with the values of these fields by which landmarks are where they were read."""
    errors = np.maximum(seen.errors, _LEAST_ERROR)
    weights = _TOGETHER / errors**2
    root = np.sqrt(weights)[:, None]

    def off(scaled: Vector) -> Vector:
        points = _points(_with(person, names, scaled), seen.style)
        square = _laid(points, seen.points, weights)
        return (root * (square.to_window(points) - seen.points)).ravel()

    person = _with(person, names, _nearest(off, means, deviations, reach=reach, steps=steps))
    return person, _laid(_points(person, seen.style), seen.points, weights)


def _nearest(
    off: Callable[[Vector], Vector],
    means: Vector,
    deviations: Vector,
    *,
    reach: Vector,
    steps: int,
    start: Vector | None = None,
    step: float = 0.02,
) -> Vector:
    """Fields of least squares by Gauss-Newton, within their ranges: what is off, and how far they
    are from their means in standard deviations."""
    scaled, pull = np.clip(means if start is None else start, -reach, reach), 1 / deviations**2
    now = off(scaled)
    slopes = inverse = np.zeros((len(now), len(scaled)))
    for number in range(steps):
        if number % 2 == 0:  # they hold for two steps
            moved = scaled + np.diag(np.where(scaled < 0, step, -step))
            aside = np.stack(list(in_turn(off, moved, cores())), 1)
            slopes = (aside - now[:, None]) / (np.diag(moved) - scaled)
            inverse = np.linalg.inv(slopes.T @ slopes + np.diag(pull))
        way = -inverse @ (slopes.T @ now + pull * (scaled - means))
        for length in (1.0, 0.5, 0.25):
            there = np.clip(scaled + length * way, -reach, reach)
            then = off(there)
            if _cost(then, there, means, pull) < _cost(now, scaled, means, pull):
                scaled, now = there, then
                break
    return scaled


def _cost(off: Vector, scaled: Vector, means: Vector, pull: Vector) -> float:
    return float(off @ off + (pull * (scaled - means) ** 2).sum())


def _points_off(seen: Seen, person: Face, square: Square) -> float:
    there = square.to_window(_points(person, seen.style))
    right, left = (there[list(LANDMARK_GROUPS[eye])].mean(0) for eye in ("right_eye", "left_eye"))
    distances = np.linalg.norm(there - seen.points, axis=1)
    return float(distances.mean() / np.linalg.norm(left - right))


# The window as the person's picture


def _in_square(seen: Seen, square: Square, size: int) -> Float64[np.ndarray, "size size 3"]:
    """What the window shows in the square, in pictures of this size, sRGB from 0 to 1."""
    times = max(1, min(4, round(square.side * len(seen.pixels) / size)))
    places = square.to_window(_places(size * times)) * len(seen.pixels) - 0.5
    planes = [
        map_coordinates(plane, (places[..., 1], places[..., 0]), order=1, mode="nearest")
        for plane in np.moveaxis(seen.pixels.astype(np.float32), 2, 0)
    ]
    fine = np.stack(planes, -1).reshape(size, times, size, times, 3)
    return fine.mean((1, 3), dtype=np.float64) / 255


def _parts_in(seen: Seen, square: Square, size: int) -> UInt8[np.ndarray, "size size"]:
    """The parts that were read in the square; _UNKNOWN outside the window."""
    side = len(seen.parts)
    places = np.floor(square.to_window(_places(size)) * side).astype(int)
    inside = ((places >= 0) & (places < side)).all(-1)
    columns, rows = np.moveaxis(places.clip(0, side - 1), -1, 0)
    return np.where(inside, seen.parts[rows, columns], _UNKNOWN).astype(np.uint8)


def _places(size: int) -> Float64[np.ndarray, "size size 2"]:
    """The middles of a picture's pixels, in its sides."""
    across, down = np.meshgrid(*[(np.arange(size) + 0.5) / size] * 2)
    return np.stack([across, down], -1)


_UNKNOWN: Final = 255


def _painting(person: Face, place: Square, square: Square, size: int, style: str) -> Painted:
    """The person painted as they lie in one square of the window, as another square shows them."""
    view = square.within(place)
    form = seen_in(shape(person, style), view.x, view.y, view.side, view.angle)
    return painted(person, form, size, style)


# Hair

_GRID: Final = 48  # pixels across, where hair is compared
# What is looked at in turn, and how far each field is moved at first, of half its range.
_OF_HAIR: Final = {
    "hair_length": 0.3,
    "hair_volume": 0.5,
    "hairline": 0.5,
    "recession": 0.4,
    "fringe": 0.5,
    "parting": 0.6,
}
_SELDOM: Final = 0.004  # the same, for a bun
_PULL: Final = 0.004  # of the compared pixels: what a field costs that is a deviation off


_NO_FACE, _HAIR, _HAT, _FACE_KIND = range(4)
_KINDS: Final[dict[str, int]] = {
    **dict.fromkeys(("background", "cloth", "necklace", "neck"), _NO_FACE),
    "hair": _HAIR,
    "hat": _HAT,
}
_KIND: Final = np.array([_KINDS.get(part.name, _FACE_KIND) for part in PARTS], np.uint8)


def _fit_hair(seen: Seen, usual: _Usual, person: Face, square: Square, *, real: float) -> Face:
    """The hair whose parts are where hair was read, by trying one field after the other."""
    parts = _parts_in(seen, square, _GRID)
    known = parts != _UNKNOWN
    there = _KIND[np.where(known, parts, 0)]
    # The outline of real hair says little of its curls.
    names = (*_OF_HAIR, *(("hair_curl",) if real < 0.5 else ()), "bun")
    means, deviations = usual.of(names)

    def cost(scaled: Vector) -> float:
        form = shape(_with(person, names, scaled), seen.style)
        here = _KIND[parts_of(form, _GRID)]
        wrong = float((here != there)[known].mean())
        off = ((scaled - means) / np.maximum(deviations, 0.15))[:-1]  # without the bun
        return wrong + _PULL * float((off**2).sum()) + _SELDOM * (scaled[-1] > 0)

    reach = _reaches(names, real)
    loose = means.clip(-1, 1)
    others = {"hair_length": 0.2}
    if person.masculine > 0.5:
        others["recession"] = 0.6  # bald on top
    if person.masculine <= 0.5 or real < 0.5:
        others["bun"] = 1.0
    every = np.array(names)
    starts = [loose, *(np.where(every == name, value, loose) for name, value in others.items())]
    best, least = starts[0], math.inf
    for start in starts:
        scaled, now = start.copy(), cost(start)
        for share in (1.0, 0.5, 0.25):
            for k, name in enumerate(names[:-1]):
                for way in (-1, 1):
                    while True:
                        moved = scaled.copy()
                        moved[k] += way * share * _OF_HAIR.get(name, 0.4)
                        moved[k] = min(max(moved[k], -1.0), reach[k])
                        if moved[k] == scaled[k] or (then := cost(moved)) >= now:
                            break
                        scaled, now = moved, then
        if now < least:
            best, least = scaled, now
    return _with(person, names, best)


# Colours and light

_SMALL: Final = 48  # pixels across, of paintings whose colours are compared
_CELLS: Final = 12  # across: skin is compared in its mean over each cell
_OF_LIGHT: Final = (
    *("tone", "undertone", "ruddy", "exposure"),
    *("light_turn", "light_height", "light_key", "light_warm"),
)
_COLOUR_ERROR: Final = 0.03  # of sRGB from 0 to 1: what the mean colour of a cell may be off


def _fit_colours(seen: Seen, person: Face, square: Square) -> Face:
    """The colour of each part, which the light makes look as it does in the window."""
    wanted, there = _in_square(seen, square, _SMALL), _parts_in(seen, square, _SMALL)
    for _ in range(2):
        now = painted(person, shape(person, seen.style), _SMALL, seen.style)
        person = coloured(person, now.pixels / 255, now.parts, wanted, there, grey=seen.grey)
    return person


def _fit_light(seen: Seen, usual: _Usual, person: Face, square: Square) -> Face:
    """The skin and the light in which a small painting's skin is as the window's is."""
    wanted, there = _in_square(seen, square, _SMALL), _parts_in(seen, square, _SMALL)
    here = parts_of(shape(person, seen.style), _SMALL)
    skin = np.isin(here, _SKINS) & np.isin(there, _SKINS)
    if not skin.any():
        return person
    cell = np.arange(_SMALL) * _CELLS // _SMALL
    group = np.unique((cell[:, None] * _CELLS + cell)[skin], return_inverse=True)[1]
    counts = np.bincount(group)
    root = np.sqrt(counts / (_SMALL / _CELLS) ** 2)[:, None] / _COLOUR_ERROR

    def means(pixels: Picture) -> Float64[np.ndarray, "g c"]:
        planes = [pixels @ LUMA] if seen.grey else list(np.moveaxis(pixels, 2, 0))
        return np.stack([np.bincount(group, p[skin]) for p in planes], 1) / counts[:, None]

    target = means(wanted)

    def off(scaled: Vector) -> Vector:
        someone = _with(person, _OF_LIGHT, scaled)
        pixels = painted(someone, shape(someone, seen.style), _SMALL, seen.style).pixels / 255
        return (root * (means(pixels) - target)).ravel()

    known, deviations = usual.of(_OF_LIGHT)
    found = _nearest(off, known, deviations, reach=_reaches(_OF_LIGHT), steps=3, step=0.1)
    return _with(person, _OF_LIGHT, found)


def _realness(seen: Seen, person: Face, square: Square) -> float:
    """How far the window is from being painted: by how much its skin differs from a painting's."""
    close = square.part(_FACE)
    wanted, there = _in_square(seen, close, _CLOSE), _parts_in(seen, close, _CLOSE)
    now = _painting(person, square, close, _CLOSE, seen.style)
    skin = np.isin(now.parts, _SKINS) & np.isin(there, _SKINS)
    if not skin.any():
        return 1.0
    off = float(np.median(abs((now.pixels[skin] / 255 - wanted[skin]) @ LUMA)))
    return min(max((off - _PAINTED_OFF) / (_REAL_OFF - _PAINTED_OFF), 0.0), 1.0)


_PAINTED_OFF, _REAL_OFF = 0.012, 0.03  # luma: the median over skin, of pictures of either kind


_SKINS: Final = [PART_INDEX[name] for name in ("skin", "nose")]

# The face, pixel by pixel

_CLOSE: Final = 64  # pixels across the face
_FACE: Final = Square(x=0.5, y=0.57, side=0.56)  # of the picture: from the brows to the chin
_IN_FACE: Final = (
    *_BY_POINTS,
    *_OF_LIGHT,
    *("brow_thick", "eye_hood", "eye_depth", "nose_tip", "teeth", "gaze_x", "gaze_y"),
    *("freckles", "stubble", "eye_makeup", "lip_red", "age"),
)
_MOVES: Final = 4  # of the square, which follow the fields
_CORRELATED: Final = 3.0  # pixels that are off as one


def _fit_face(
    seen: Seen, usual: _Usual, person: Face, square: Square, *, real: float
) -> tuple[Face, Square]:
    """The person whose painted face is, pixel by pixel, most like the one in the window, while
    landmarks stay where they were read. What no painting is like counts little."""
    close = square.part(_FACE)
    wanted, there = _in_square(seen, close, _CLOSE), _parts_in(seen, close, _CLOSE)
    first = _painting(person, square, close, _CLOSE, seen.style)
    alike = np.isin(first.parts, _FACES) & np.isin(there, _FACES)

    def planes(pixels: Picture) -> Float64[np.ndarray, "n c"]:
        return (pixels[alike] @ LUMA)[:, None] if seen.grey else pixels[alike]

    target = planes(wanted)
    spread = 1.4826 * float(np.median(abs(planes(first.pixels / 255) - target)))
    weight = 1 / (max(spread, 0.01) * math.sqrt(_CORRELATED * target.shape[1]))
    errors = np.maximum(seen.errors, _LEAST_ERROR)
    root = (math.sqrt(_TOGETHER) / errors)[:, None]
    moves = np.zeros(_MOVES)

    def off(scaled: Vector) -> Vector:
        someone = _with(person, _IN_FACE, scaled[:-_MOVES])
        place = square.moved(0.1 * scaled[-_MOVES:])
        form = shape(someone, seen.style)
        points = place.to_window(points_of(form)[0])
        view = close.within(place)
        form = seen_in(form, view.x, view.y, view.side, view.angle)
        pixels = painted(someone, form, _CLOSE, seen.style).pixels / 255
        apart = (planes(pixels) - target) / (2 * spread)
        apart = 2 * spread * np.sign(apart) * np.sqrt(2 * (np.sqrt(1 + apart**2) - 1))
        return np.concatenate([(weight * apart).ravel(), (root * (points - seen.points)).ravel()])

    means, deviations = usual.of(_IN_FACE)
    start = np.array([_scaled(name, getattr(person, name)) for name in _IN_FACE])
    found = _nearest(
        off,
        np.concatenate([means, moves]),
        np.concatenate([deviations, np.ones(_MOVES)]),
        reach=np.concatenate([_reaches(_IN_FACE, real), np.ones(_MOVES)]),
        start=np.concatenate([start, moves]),
        steps=2 if real > 0.5 else 4,  # real faces are not much like painted ones
        step=0.06,
    )
    return _with(person, _IN_FACE, found[:-_MOVES]), square.moved(0.1 * found[-_MOVES:])


_FACES: Final = [
    PART_INDEX[name]
    for name in (
        *("skin", "nose", "left_eye", "right_eye", "left_brow", "right_brow"),
        *("mouth", "upper_lip", "lower_lip"),
    )
]


# What is small: looked at by paintings of it alone


def _fit_irises(seen: Seen, person: Face, square: Square, *, real: float) -> Face:
    """The colour of the irises, by paintings of the eyes. Real ones are brown, unless they are
    clearly not."""
    points = _points(person, seen.style)
    eyes = [points[list(LANDMARK_GROUPS[name])] for name in ("right_eye", "left_eye")]
    views = [Square(*eye.mean(0).tolist(), side=1.1 * float(np.ptp(eye[:, 0]))) for eye in eyes]
    clearly = _CLEARLY if real > 0.5 else math.inf
    searches = (("iris", 29),) if real > 0.5 else (("iris", 22), ("iris_light", 7), ("iris", 22))
    if real > 0.5:
        person = replace(person, iris=_BROWN, iris_light=0.0)
    for name, steps in searches:
        choices = [{name: float(value)} for value in np.linspace(_INFO[name].low, 1, steps)]
        person = _most_alike(
            seen, person, square, views, choices, size=24, labels=_EYES, clearly=clearly
        )
    return person


_BROWN: Final = 0.12  # the colour of most eyes


def _fit_mouth(seen: Seen, person: Face, square: Square) -> Face:
    """The mouth opened as far as paintings of it have as much of the teeth: of real people's smiles
    landmarks say less."""
    lips = _points(person, seen.style)[list(LANDMARK_GROUPS["outer_lips"])]
    view = [Square(*lips.mean(0).tolist(), side=float(np.ptp(lips[:, 0])))]
    wider = [gap for gap in (0.2, 0.3, 0.4, 0.5) if gap > person.mouth_open]
    choices: list[Changes] = [{}, *({"mouth_open": gap, "teeth": 1.0} for gap in wider)]
    return _most_alike(seen, person, square, view, choices, size=32, labels=None)


def _fit_strands(seen: Seen, person: Face, square: Square) -> Face:
    """The hair by paintings of it, which are like painted hair, and not much like real hair."""
    view = [Square(0.5, 0.5, 1.0)]
    for share in (0.5, 0.25):
        for name, far in {**_OF_HAIR, "hair_curl": 0.4}.items():
            now = _scaled(name, getattr(person, name))
            moved = [{name: _value(name, now + way * share * far)} for way in (-1, 1)]
            person = _most_alike(seen, person, square, view, [{}, *moved], size=56, labels=None)
    return person


def _fit_beard(seen: Seen, person: Face, square: Square) -> Face:
    """The beard and the moustache, by paintings of the lower face, where they show clearly."""
    if person.masculine <= 0.5:
        return replace(person, beard=0.0, moustache=0.0)
    choices = [{}] + [
        {"beard": beard, "beard_extent": extent, "moustache": moustache}
        for beard, extent in ((0.0, 0.0), (0.7, 0.1), (0.7, 0.8))
        for moustache in (0.0, 0.7)
    ]
    view = [Square(0.5, 0.73, 0.4)]
    return _most_alike(seen, person, square, view, choices, size=40, labels=None, clearly=_CLEARLY)


_CLEARLY: Final = 0.94  # of what is off as it is: a change that leaves more is not made


def _fit_real_beard(seen: Seen, person: Face, square: Square) -> Face:
    """The moustache that is read, where the skin below the nose is rough and a painted one is not
    much less like it; with a beard, where the chin is rough as well."""
    lip, chin = (_roughness(seen, person, square, *place) for place in _BELOW_NOSE_AND_LIPS)
    sign = seen.numbers.get("moustache", 0.0)
    if person.masculine <= 0.5 or sign < _HAIRY or lip < _ROUGH_LIP:
        return person
    view, worn = [Square(0.5, 0.69, 0.2)], [{"moustache": 0.7}]
    found = _most_alike(seen, person, square, view, worn, size=32, labels=None, clearly=_NOT_LESS)
    if found is person or chin < _ROUGH_CHIN:
        return found
    view, worn = [Square(0.5, 0.73, 0.4)], [{"beard": 0.7, "beard_extent": e} for e in (0.1, 0.8)]
    return _most_alike(seen, found, square, view, worn, size=40, labels=None)


_HAIRY: Final = 0.25  # of a moustache that is read, of which less is read of shaven lips
_BELOW_NOSE_AND_LIPS: Final = (((33, 51), 0.14), ((57, 8), 0.18))  # landmarks; sides of a picture
_ROUGH_LIP, _ROUGH_CHIN = 0.04, 0.033  # of what is hairy
_NOT_LESS: Final = 1.07  # times as much as without may be off with a moustache


def _roughness(
    seen: Seen, person: Face, square: Square, between: Sequence[int], side: float
) -> float:
    """How much skin between two landmarks differs in luma from what lies round it."""
    middle = _points(person, seen.style)[list(between)].mean(0).tolist()
    place = square.part(Square(*middle, side=side))
    skin = _painting(person, square, place, 32, seen.style).parts == PART_INDEX["skin"]
    luma = _in_square(seen, place, 32) @ LUMA
    apart = (luma - uniform_filter(luma, 5, mode="nearest"))[skin]
    return float(apart.std() / np.sqrt(np.median(luma[skin]))) if skin.any() else 0.0


def _fit_glasses(seen: Seen, person: Face, square: Square) -> Face:
    """The form and the colour of glasses, by paintings of them."""
    if person.glasses <= 0.5:
        return person
    view = [Square(x=0.5, y=0.5, side=0.5)]
    eyes = int(np.isin(_parts_in(seen, square, _GRID), _EYES).sum())
    if eyes < _DARK:  # they are behind dark lenses
        person = replace(person, glasses_tint=0.85)
    for names, steps in _OF_GLASSES:
        choices = [dict(zip(names, map(float, each), strict=True)) for each in product(*steps)]
        person = _most_alike(seen, person, square, view, choices, size=48, labels=None)
    return person


_DARK: Final = 6  # pixels of both eyes, of which fewer are seen through dark lenses
_OF_GLASSES: Final = (
    (("glasses_shape", "glasses_size"), ((0.0, 0.33, 0.67, 1.0), (0.0, 0.33, 0.67, 1.0))),
    (("glasses_hue", "glasses_thick"), (np.linspace(0, 1, 7), (0.2, 0.7))),
    (("glasses_thick",), (np.linspace(0, 1, 5),)),
    (("glasses_shape",), (np.linspace(0, 1, 7),)),
    (("glasses_size",), (np.linspace(0, 1, 7),)),
)


def _most_alike(
    seen: Seen,
    person: Face,
    square: Square,
    views: Sequence[Square],
    choices: Iterable[Changes],
    *,
    size: int,
    labels: Sequence[int] | None,
    clearly: float = math.inf,
) -> Face:
    """The person with those changes of whom paintings are most like the window, in the mean
    difference over these parts of the picture; where they are labelled so, if that is asked."""
    places = [square.part(view) for view in views]
    wanted = [_in_square(seen, place, size) for place in places]

    def apart(changes: Changes) -> float:
        someone, total = replace(person, **changes), 0.0
        for place, one in zip(places, wanted, strict=True):
            now = _painting(someone, square, place, size, seen.style)
            off = now.pixels / 255 - one
            off = abs(off @ LUMA) if seen.grey else abs(off).mean(2)
            total += float(off[np.isin(now.parts, labels)].sum() if labels else off.sum())
        return total

    every = list(choices)
    off = list(in_turn(apart, every, cores()))
    if math.isfinite(clearly) and min(off) > clearly * apart({}):
        return person
    return replace(person, **every[int(np.argmin(off))])


_EYES: Final = [PART_INDEX[name] for name in ("right_eye", "left_eye")]
