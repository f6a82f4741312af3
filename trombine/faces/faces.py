"""A picture to its faces: found, then read twice, the second time upright and at the right size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, TypeVar, cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8
from PIL import Image, ImageDraw
from scipy.ndimage import label
from skimage.morphology import convex_hull_image
from torch import Tensor

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX, PARTS
from trombine.core.devices import device_of
from trombine.core.errors import InputError
from trombine.faces.fields import beyond, clues_of, decode_styles, fields_of, spreads_of
from trombine.faces.frames import (
    WINDOW,
    Frame,
    Samples,
    aligned,
    as_floats,
    as_painted,
    crop_windows,
    round_face,
)
from trombine.faces.scan import LIKELY, Corners, area, covered, places, resized, shared
from trombine.faces.twice import read_twice
from trombine.models import Model
from trombine.models.tasks import check_finite
from trombine.nets.blocks import fused
from trombine.nets.reader import Reader, Reading
from trombine.nets.spaces import to_space

# How likely a window is to show a face before it is called one. Parts and landmarks that have to be
# of the same face leave few that are none; a face whose brows are cut off is some .15.
FACE: Final = 0.1
# Points of photographed people are so many times as far off as the reader expects of those that it
# learned from (docs/log/read.md).
UNMET: Final = 1.19
LOST: Final = 0.02  # of the window: where half of its landmarks may be off by more, none is seen
# Where landmarks may be off by so many times more in a window that is not upright yet, those of the
# upright one are LOST, too (docs/log/read.md).
_HOPELESS: Final = 2
_SAME: Final = 0.5  # of two boxes of landmarks together in both: from here on they are of one face
_TWICE: Final = 0.6  # of the smaller of two boxes inside the other: from here on one face
# Where a pixel of a photo's window is called glasses, some are worn, whatever the number says: of
# 507 portraits so for 53 % of 116 wearers and one of 388 others (bench/choices.py); thin rims are
# missed.
_WORN: Final = 0.75
_AT_ODDS: Final = 0.2  # of what the boxes of parts and landmarks share: below it there is no face
_BESIDE: Final = 0.2  # of the landmarks' box, to each side: what is there can be of the same face
_SPECK: Final = 12  # pixels of a window: what is smaller says nothing of where a face ends
_BATCH: Final = 16  # windows read at once
_OUTSIDE: Final = 0.05  # of the landmarks' box: of faces that are all there at most .005
# Much is hidden where this part of the landmarks may be off by more than so much of the window. Of
# faces of which half is covered it always is; of those that are as they are painted never.
_MUCH: Final = 0.25
_UNSEEN: Final = 0.011 * UNMET
_NEAR: Final = 0.1  # of its size: a face so near to the picture's border may be cut by it
_CUT: Final = 0.1  # how likely the finder must say that one is there
# Of what lies between jaw and brows, and in the hull of what is above the eyes, so much is
# background: of sound faces .012 and .039 at most.
_HOLLOW: Final = 0.03
_HOLLOW_CROWN: Final = 0.05
_OVERVIEW: Final = 1280  # pixels of the longer side
# A picture is dark whose lightest pixels but 2 of 100 are below that: none were learned from. It is
# made so light that these are at that.
_DARK: Final = 0.3
_LIT: Final = 0.8
_LIGHTEST: Final = 0.98
_SEEN: Final = 256  # pixels of the shorter side, of which the lightest are looked for
_FACE_PARTS: Final = (
    *("skin", "nose", "glasses", "left_eye", "right_eye", "left_brow", "right_brow"),
    *("left_ear", "right_ear", "mouth", "upper_lip", "lower_lip"),
)
_IN_BOX: Final = np.array([part.name in _FACE_PARTS for part in PARTS])  # by label
_OUTLINE: Final = [*LANDMARK_GROUPS["jaw"], *range(26, 16, -1)]  # the jaw, and the brows back
_EYES: Final = [list(LANDMARK_GROUPS[name]) for name in ("right_eye", "left_eye")]


@dataclass(frozen=True, kw_only=True)
class Least:
    """What must be said of a window for it to show a face."""

    place: float = LIKELY  # how likely the finder says that one is here
    likely: float = FACE
    lost: float = LOST


CLEAR: Final = Least()

Picture = Float32[Tensor, "3 h w"]
_Item = TypeVar("_Item")
Enlarge = Callable[[Picture, int], Picture]
Wanted = Callable[[Frame], bool]


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face of a picture. Places and lengths are in pixels of the picture."""

    box: Corners  # left, top, right, bottom: tight round all parts but hair, neck and what is worn
    likely: float  # to be a face
    points: Float32[np.ndarray, "68 2"]
    errors: Float32[np.ndarray, "68"]  # by how much each point may be off
    frame: Frame  # that it was read in
    logits: Float32[Tensor, "p 128 128"]  # of the parts, in that frame
    # Of whoever it is, by name, as in a painted face; pose, expression, light, what is worn.
    traits: Mapping[str, float] = field(default_factory=dict[str, float])
    moment: Mapping[str, float] = field(default_factory=dict[str, float])
    styles: Mapping[str, float] = field(default_factory=dict[str, float])  # how likely each is
    # By which people can be told apart.
    features: Float32[np.ndarray, "f"] = field(default_factory=lambda: np.zeros(1, np.float32))
    style: str | None = None  # where it is sure
    cut: bool = False  # whether a part of it lies outside the picture
    # Half of 90 % intervals, by the names of traits and moment; of a reader that was measured.
    spreads: Mapping[str, float] = field(default_factory=dict[str, float])

    def aligned(self) -> Frame:
        """The square that has its eyes in the places where aligned faces have them."""
        right, left = (self.points[eye].mean(0).astype(np.float64) for eye in _EYES)
        return aligned(right, left)

    def as_painted(self, style: str) -> Frame:
        """The square in which it stands as painted faces of a style stand in their pictures."""
        return as_painted(self.points.astype(np.float64), style)

    @property
    def size(self) -> float:
        """The longer side of its box."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)

    @cached_property
    def parts(self) -> UInt8[np.ndarray, "128 128"]:
        """The label of each pixel of its window, which lies in the picture as its frame says."""
        return labels_of(self.logits).numpy()

    @property
    def unsure(self) -> tuple[str, ...]:
        """What speaks against the reading, in words; empty where nothing does. Of what is hidden
        or outside the picture landmarks are guessed, and say that they may be far off."""
        hidden = np.quantile(self.errors, 1 - _MUCH) > _UNSEEN * self.frame.side
        doubts = {
            "a part of it is outside the picture": self.cut,
            "much of it is hidden or blurred": hidden,
            "a part of it is taken for background": self._is_hollow(),
            "turned as far as the reader can tell": bool(self.beyond),
        }
        return tuple(doubt for doubt, is_so in doubts.items() if is_so)

    def _is_hollow(self) -> bool:
        """Whether much of what lies between jaw and brows, or between the eyes and the top of the
        head, is taken for background."""
        points = self.frame.to_window(torch.from_numpy(self.points)).numpy()
        head = self.parts > 0
        head[max(int(points[[*_EYES[0], *_EYES[1]], 1].mean()), 0) :] = False
        crown = convex_hull_image(head) if head.any() else head
        left, right = np.array([points[:, 0].min(), points[:, 0].max()]).clip(0, WINDOW).astype(int)
        crown[:, :left] = crown[:, right + 1 :] = False  # where hair lies off the face
        shapes = (below_brows(points, head.shape), _HOLLOW), (crown, _HOLLOW_CROWN)
        return any((self.parts[where] == 0).sum() > most * where.sum() for where, most in shapes)

    @property
    def beyond(self) -> tuple[str, ...]:
        """The turns that are as far as the reader can tell: the true ones may be farther."""
        return tuple(name for name, value in self.moment.items() if beyond(name, value))


def below_brows(points: Float[np.ndarray, "68 2"], shape: Sequence[int]) -> Bool[np.ndarray, "h w"]:
    """What of a plane of this shape lies between a face's jaw and its brows."""
    image = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(image).polygon([(x, y) for x, y in points[_OUTLINE].tolist()], fill=1)
    return np.array(image)


def labels_of(logits: Float[Tensor, "p h w"]) -> UInt8[Tensor, "h w"]:
    """The likeliest part of each pixel: argmax, the first of several, in an eighth of its time."""
    highest = logits.amax(0)
    labels = torch.zeros(highest.shape, dtype=torch.uint8)
    for number in reversed(range(len(logits))):
        labels.masked_fill_(logits[number] == highest, number)
    return labels


def read_faces(
    picture: Samples,
    model: Model,
    *,
    largest: bool = False,
    wanted: Wanted | None = None,
    least: Least = CLEAR,
    enlarge: Enlarge | None = None,
) -> list[Face]:
    """The faces of a picture, or of its 8-bit samples, which is quicker where it is large; from
    left to right, with `largest` only that one.

    `wanted` says in which frames, round places where faces may be, they are to be read, and
    `least` what counts as one.
    `enlarge` makes small faces larger (a picture, and how many times) before they are read.
    """
    model = replace(model, net=fused(cast(Reader, model.net)))
    with torch.inference_mode():
        scene = Scene.of(lit(picture))
        try:
            candidates = _candidates(scene, least)
            some = [one for one in candidates if wanted is None or wanted(one.frame)]
            again = _framed(scene, model, some, least)
        except InputError as error:
            raise InputError(f"{error}", path=model.path) from error
        readings = _read(scene, model, [one.frame for one in again], enlarge=enlarge)
        size = picture.shape[-2:]
        pairs = zip(readings, again, strict=True)
        described = [_face_of(reading, one, model, size, least) for reading, one in pairs]
    faces = _once([face for face in described if face is not None])
    if largest:
        faces = sorted(faces, key=lambda item: -item.size)[:1]
    return sorted(faces, key=lambda item: item.box[0])


def lit(picture: Samples) -> Samples:
    """A dark picture, lighter; any other as it is."""
    step = max(1, min(picture.shape[-2:]) // _SEEN)  # a part says it, and all would take long
    some = as_floats(picture[:, ::step, ::step])
    lightest = float(np.quantile(some.amax(0).numpy(), _LIGHTEST))
    if not 0 < lightest < _DARK:
        return picture
    return (as_floats(picture) * (_LIT / lightest)).clamp(max=1)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A picture, and a smaller one of it, from which large faces are cut: all pixels of a large
    picture would take long."""

    picture: Samples
    overview: Picture
    scale: float  # of the overview

    @classmethod
    def of(cls, picture: Samples) -> Scene:
        """The overview of a small picture is the picture."""
        scale = min(1.0, _OVERVIEW / max(picture.shape[-2:]))
        return cls(picture=picture, overview=resized(picture, scale), scale=scale)

    def windows(self, frames: Sequence[Frame]) -> Float32[Tensor, "n 3 128 128"]:
        """What frames show, each cut where it has no fewer pixels than its window."""
        cut = []
        for frame in frames:
            large = frame.side * self.scale >= WINDOW
            source = self.overview if large else self.picture
            cut.append(crop_windows(source, [frame.scaled(self.scale) if large else frame]))
        return torch.cat(cut)


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """Where a face may be, and how likely the finder says that one is."""

    frame: Frame
    likely: float


def _candidates(scene: Scene, least: Least) -> list[_Candidate]:
    """What is looked at closer. The finder learned from whole faces, and is less sure of others."""
    found, size = list[_Candidate](), scene.overview.shape[-2:]
    for place in places(scene.overview, min(_CUT, least.place)):
        if place.likely > least.place or _may_be_cut(place.box(), *size):
            frame = round_face(place.x, place.y, place.size).scaled(1 / scene.scale)
            found.append(_Candidate(frame=frame, likely=place.likely))
    return found


def _framed(
    scene: Scene, model: Model, candidates: Sequence[_Candidate], least: Least
) -> list[_Candidate]:
    """The frames in which faces stand upright, by landmarks seen where faces may be.

    Of windows that show the same face, which is found at several sizes, the one counts that is
    nearest in size to the frame that its landmarks ask for.
    """
    net = cast(Reader, model.net)
    seen: list[tuple[float, Corners, _Candidate]] = []
    for batch in _batches(candidates):
        windows = to_space(scene.windows([one.frame for one in batch]), model.space)
        landmarks = net.landmarks(windows.to(device_of(net)))
        points, spreads = (output.to(windows.device) for output in landmarks)
        check_finite(points, spreads)
        hopeful = spreads.median(1).values.exp() < _HOPELESS * least.lost
        for number, one in enumerate(batch):
            if hopeful[number]:
                places = one.frame.to_picture(points[number])
                frame = upright(places)
                off = abs(math.log(frame.side / one.frame.side))
                seen.append((off, _round(places.numpy()), replace(one, frame=frame)))
    distinct: list[tuple[Corners, _Candidate]] = []
    for _, box, one in sorted(seen, key=lambda one: one[0]):
        if all(shared(box, other) < _SAME for other, _ in distinct):
            distinct.append((box, one))
    return [one for _, one in distinct]


def _read(
    scene: Scene, model: Model, frames: Sequence[Frame], *, enlarge: Enlarge | None
) -> list[Reading]:
    readings: list[Reading] = []
    for batch in _batches(frames):
        if enlarge:
            windows = torch.cat([_enlarged(scene, frame, enlarge) for frame in batch])
        else:
            windows = scene.windows(batch)
        outputs = read_twice(model, windows)
        readings += [
            Reading(*(output[number : number + 1] for output in outputs))
            for number in range(len(batch))
        ]
    return readings


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def _enlarged(scene: Scene, frame: Frame, enlarge: Enlarge) -> Float32[Tensor, "1 3 128 128"]:
    """A window of the picture, which is enlarged first where the window has more pixels."""
    times = 4 if frame.side < WINDOW / 2 else 2
    if frame.side >= WINDOW:
        return scene.windows([frame])
    reach = math.ceil(frame.side) + 8
    left, top = max(0, int(frame.x) - reach), max(0, int(frame.y) - reach)
    region = scene.picture[:, top : int(frame.y) + reach, left : int(frame.x) + reach]
    larger = enlarge(as_floats(region).contiguous(), times)
    inside = replace(frame, x=frame.x - left, y=frame.y - top).scaled(times)
    return crop_windows(larger, [inside])


def upright(points: Tensor) -> Frame:
    """The frame in which a face with these landmarks stands upright, as large as it should be."""
    right, left = (points[eye].mean(0) for eye in _EYES)
    across = left - right
    angle = math.atan2(float(across[1]), float(across[0]))
    cos, sin = math.cos(angle), math.sin(angle)
    upright = points @ torch.tensor([[cos, -sin], [sin, cos]], dtype=points.dtype)
    low, high = upright.amin(0), upright.amax(0)
    middle = (low + high) / 2 @ torch.tensor([[cos, sin], [-sin, cos]], dtype=points.dtype)
    size = max(float((high - low).max()), 1.0)
    return round_face(float(middle[0]), float(middle[1]), size, angle)


def _face_of(
    reading: Reading, where: _Candidate, model: Model, size: Sequence[int], least: Least
) -> Face | None:
    """All that was read of a face, in a picture of this height and width; None where it is none, or
    parts and landmarks are of none."""
    likely, frame = float(reading.face.sigmoid()), where.frame
    points = frame.to_picture(reading.points[0]).float().numpy()
    around = _round(points)
    of_points = _inside(around, *size)
    cut = 1 - area(of_points) / max(area(around), 1e-6) > _OUTSIDE
    lost = float(reading.spreads[0].median().exp())
    if likely <= least.likely:  # of faces cut in two, too, readers say so
        if lost >= LOST or not _may_be_cut(around, *size):
            return None
        likely, cut = where.likely, True
    parts = labels_of(reading.parts[0]).numpy()
    box = _box(parts, reading.points[0].float().numpy(), frame)
    box = box and _inside(box, *size)
    if box is None or lost >= least.lost or shared(box, of_points) < _AT_ODDS:
        return None
    traits, moment = fields_of(model)
    count = len(moment.names)
    values = moment.decode(reading.moment[0, :count])
    if "roll" in values:  # it was turned upright before it was read
        values["roll"] += frame.angle
    described, styles = traits.decode(reading.traits[0]), decode_styles(reading.moment[0, count:])
    rims = bool((parts == PART_INDEX["glasses"]).any())
    if "glasses" in values and rims and styles.get("photo", 0.0) > 0.5:
        values["glasses"] = max(values["glasses"], _WORN)
    spreads = spreads_of(
        model.hash, {**described, **values}, clues_of(styles, reading.spreads[0].exp().numpy())
    )
    return Face(
        box=box,
        likely=likely,
        points=points,
        errors=expected_errors(reading, frame),
        traits=described,
        moment=values,
        styles=styles,
        cut=cut,
        spreads=spreads,
        features=reading.features[0].numpy().copy(),
        frame=frame,
        logits=reading.parts[0].clone(),  # a view would keep what was read of all windows
    )


def expected_errors(reading: Reading, frame: Frame) -> Float32[np.ndarray, "68"]:
    """By how many pixels of the picture each landmark of the first window may be off."""
    return reading.spreads[0].exp().float().numpy() * np.float32(UNMET * frame.side)


def _round(points: Float[np.ndarray, "68 2"]) -> Corners:
    (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
    return left, top, right, bottom


def _may_be_cut(box: Corners, height: int, width: int) -> bool:
    """Whether a face with this box lies at the border of a picture of this size, or beyond."""
    left, top, right, bottom = box
    near = _NEAR * max(right - left, bottom - top)
    return min(left, top, width - right, height - bottom) < near


def _inside(box: Corners, height: int, width: int) -> Corners:
    left, right = (min(max(x, 0.0), float(width)) for x in box[::2])
    top, bottom = (min(max(y, 0.0), float(height)) for y in box[1::2])
    return left, top, right, bottom


def _box(
    parts: UInt8[np.ndarray, "h w"], points: Float32[np.ndarray, "68 2"], frame: Frame
) -> Corners | None:
    """The box of the face in a window, whose landmarks are there, as one of the picture.

    The largest piece of face, and what hair or things cut off of it: pieces whose middle lies
    among the landmarks or beside them, where ears are. Another's face lies further off.
    """
    inside = _IN_BOX[parts]
    if not inside.any():
        return None
    pieces = np.zeros(parts.shape, np.int32)
    label(inside, output=pieces)
    rows, columns = np.nonzero(inside)
    piece = pieces[inside] - 1
    sizes = np.bincount(piece)
    sums = [np.bincount(piece, places) for places in (columns, rows)]
    middles = np.stack(sums, 1) / sizes[:, None] + 0.5
    low, high = points.min(0), points.max(0)
    room = _BESIDE * (high - low)
    mine = ((middles > low - room) & (middles < high + room)).all(1) & (sizes >= _SPECK)
    mine[sizes.argmax()] = True
    kept = np.zeros_like(inside)
    kept[inside] = mine[piece]
    rows = np.flatnonzero(kept.any(1))  # of each row the corners of its first and last pixel do
    first = kept[rows].argmax(1)
    behind = kept.shape[1] - kept[rows, ::-1].argmax(1)
    corners = [(columns, rows + down) for columns in (first, behind) for down in (0, 1)]
    places = np.concatenate([np.stack(pair, 1) for pair in corners]).astype(np.float64)
    outline = frame.to_picture(torch.from_numpy(places)).numpy()
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    return float(left), float(top), float(right), float(bottom)


def _once(faces: list[Face]) -> list[Face]:
    """Of those that lie over one another the likeliest, read in the window that fits best."""
    distinct: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.likely * _fits(face)):
        if all(covered(face.box, earlier.box) < _TWICE for earlier in distinct):
            distinct.append(face)
    return distinct


def _fits(face: Face) -> float:
    """How much of its size its window has, or the other way round: 1 where they are the same.

    A window that was too small for a face cuts its parts off, and its numbers are of a part.
    """
    ratio = upright(torch.from_numpy(face.points)).side / face.frame.side
    return min(ratio, 1 / ratio)
