"""One picture repaired: window after window, each joined into the picture inside the hole only.

What is painted is context for the next window: faces first, then thin holes, then thick ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32

from trombine.core.conventions import to_pixels
from trombine.core.devices import CPU, device_of
from trombine.core.progress import Tick
from trombine.core.rng import Rng
from trombine.core.tiles import Box, cut
from trombine.faces import WINDOW, Face
from trombine.inpainting.background import continue_background
from trombine.inpainting.copying import copied
from trombine.inpainting.damaged import Damaged, middles, sampled
from trombine.inpainting.faces import (
    FaceWindow,
    completed,
    faces_in,
    half_hidden,
    looked_again,
    reread,
    window_of,
)
from trombine.inpainting.fitted import draw_organs, hides_organs
from trombine.inpainting.hair import draw_hair, hides_hair, shows_hair
from trombine.inpainting.repeating import repeated
from trombine.inpainting.steering import Steering
from trombine.inpainting.surroundings import SIDE, Noise, evened
from trombine.inpainting.symmetry import is_frontal, paint_by_other_side
from trombine.inpainting.windows import USUAL, Area, Patch, Window, patches, thickness
from trombine.io.image import Picture, picture_of
from trombine.models import Model, loaded, shipped
from trombine.models.pipelines import repairer
from trombine.models.running import SOFT, enlarged, enlarger_for

READER: Final = "reader"
COMPLETER: Final = "completion"
EMPTY: Final = "the hole is empty: nothing is painted"
EVERYTHING: Final = (
    "the hole is the whole picture: nothing is kept to go by, so anything is painted"
)
NO_FACE: Final = "no face is seen at the hole; it is painted as a texture"
_FINE: Final = 1.2  # pixels of a face's window for one of the picture, at most
_RING: Final = 48  # pixels round a hole in which grain is measured
_MARGIN: Final = 12  # pixels of a window: as far as enlarging nets look
_SQUARES: Final = 256  # of them at most
_THICK: Final = 16  # pixels of a hole, from which on what lies round it may be continued
_TEXTURED: Final = 0.02  # lost by shrinking, from which on a texture is missed
_ENOUGH: Final = 2  # times as many pixels as are missing: from fewer half a head would be copied
_MOST_COPIED: Final = 1 << 22  # pixels of a picture that patches are looked for in
_FEATURES: Final = 0.25  # of a face's frame, from its middle
_SIDES: Final = range(16, 1025)  # of windows: a card is a stranger's text


Copier = Callable[
    [Float32[np.ndarray, "k l 3"], Bool[np.ndarray, "k l"], Bool[np.ndarray, "k l"]],
    Float32[np.ndarray, "k l 3"] | None,
]
"""Makes a picture of a guess, of where its hole is, and of what is kept."""


@dataclass(frozen=True, kw_only=True)
class Repair:
    """A picture that is repaired, and how."""

    image: Picture
    hole: Bool[np.ndarray, "h w"]
    colours: Float32[np.ndarray, "n 3"]  # of the hole's pixels, row by row
    faces: Sequence[Face] = ()
    notices: tuple[str, ...] = ()
    windows: int = 0
    has_hair: bool = False  # whether a hair style was drawn
    nets: tuple[Model, ...] = ()  # beside the one that paints


def repaired(
    image: Picture,
    hole: Bool[np.ndarray, "h w"],
    model: Model,
    *,
    steering: Steering | None = None,
    plain: bool = False,
    seed: int = 0,
    device: str = CPU,
    tick: Tick | None = None,
    without: Collection[str] = (),
) -> Repair:
    """The picture with its hole painted; every sample elsewhere stays as it is.

    A `plain` ground shows no faces, and nothing is copied to it. `without` names PASSES.
    `tick(done, of)` counts pixels of the hole; what it raises ends the work.
    """
    if not hole.any():
        none = np.zeros((0, 3), np.float32)
        return Repair(image=image, hole=hole, colours=none, notices=(EMPTY,))
    steering = steering or Steering()
    damaged = Damaged.of(image, hole)
    painter = Painter(
        damaged=damaged, model=model, seed=seed, device=device, tick=tick, without=without
    )
    faces: list[Face] = []
    if hole.all() or plain:
        painter.paint((), steering)
    else:
        reader = loaded(READER, task="read", device=device)
        painter.nets[READER] = reader
        faces = painter.paint(faces_in(damaged, reader, steering), steering)
        if not faces and (seen := too_hidden(damaged, image, reader, steering)):
            painter.damaged = damaged = Damaged.of(image, hole)
            faces = painter.paint(seen, steering)
        painter.copy(faces)
    notices = (EVERYTHING,) if hole.all() else () if faces else (NO_FACE,)
    colours = damaged.painted
    return Repair(
        image=damaged.image.recoloured(colours, hole),
        hole=hole,
        colours=colours,
        faces=faces,
        notices=notices,
        windows=painter.windows,
        has_hair=painter.has_hair,
        nets=tuple(painter.nets.values()),
    )


def too_hidden(painted: Damaged, image: Picture, reader: Model, steering: Steering) -> list[Face]:
    """Faces of which too little is left to be found: those that what was painted continues; else
    those of which the rest is read clearly."""
    found = faces_in(painted, reader, steering)
    return found or half_hidden(Damaged.of(image, painted.hole), reader)


def faces_as_painted(repair: Repair, image: Picture, *, device: str = CPU) -> list[Face]:
    """The faces of a repair of this picture with the landmarks of what was painted; those that the
    user moved stay."""
    if not repair.faces:
        return []
    reader = loaded(READER, task="read", device=device)
    damaged = Damaged.of(image, repair.hole)
    rows, columns = np.nonzero(repair.hole)
    damaged.paint(rows, columns, repair.colours)
    return [reread(damaged, face, reader) for face in repair.faces]


@dataclass(kw_only=True, eq=False)
class Painter:
    """Paints windows of a damaged picture by a net."""

    damaged: Damaged
    model: Model
    seed: int
    device: str
    tick: Tick | None
    without: Collection[str] = ()  # passes
    windows: int = 0
    done: int = 0  # pixels
    of: int = 0
    nets: dict[str, Model] = field(default_factory=dict)  # beside the one that paints
    has_hair: bool = False  # whether a hair style was drawn
    # Thick areas without a face: how thick; whether they lack the texture of what is round them.
    ground: list[tuple[Area, float, bool]] = field(default_factory=list)

    @property
    def side(self) -> int:
        """Of the pictures that the net learned from, in pixels; 128 where its card says none."""
        return self._learned("window") or self._learned("size") or USUAL

    def side_for(self, face: Face) -> int:
        """Of the window that shows a face: larger where the net knows faces closer, and the picture
        has as many pixels of this one."""
        closer = self._learned("size") if self._learned("window") else 0
        return closer if self.side < closer <= _FINE * face.frame.side else self.side

    def _learned(self, name: str) -> int:
        """A side in pixels that the card names; 0 where it names none that is one."""
        side = self.model.card.settings.get(name)
        return side if isinstance(side, int) and side in _SIDES else 0

    def paint(self, faces: Sequence[Face], steering: Steering) -> list[Face]:
        """Paint all of the hole, the largest face first; the faces with what is guessed of them."""
        self.done, self.of = 0, int(np.count_nonzero(self.damaged.missing))
        self.ground, faces = [], list(faces)
        if faces:
            completer = loaded(COMPLETER, task="complete", device=self.device)
            self.nets[COMPLETER] = completer
            faces = [completed(self.damaged, face, completer) for face in faces]
        for number in sorted(range(len(faces)), key=lambda number: -faces[number].frame.side):
            face = faces[number]
            side = self.side_for(face)
            if area := window_of(self.damaged, face, faces, steering, side):
                faces[number] = self.face(area, face, steering)
        for patch in patches(self.damaged.missing, self.side):
            self.texture(patch)
        return faces

    def face(self, area: FaceWindow, face: Face, steering: Steering) -> Face:
        """Paint a face's hole, steered as far as the net can be: first by what is known and
        guessed, then by what the reader sees there; then FACE_PASSES. The face with the parts it is
        painted by."""
        seen = self.damaged.seen(area.window)
        if {"parts", "points"} & set(self.model.net.optional):
            result = self._through_net(*seen, _steered(area))
            for _, rows, columns in area.area.strips():
                colours = sampled(result, area.window, middles(rows, columns))
                self.damaged.paint(rows, columns, colours)
            area, face = looked_again(self.damaged, area, face, steering, self.nets[READER])
        self._paint(area.window, area.area, seen, _steered(area))
        if area.is_guessed and not varies(self.model) and self.model.path in shipped().values():
            hole = FaceHole(self, area, face, steering, goes_on=shows_hair(area.parts, seen[1]))
            for name, improve in FACE_PASSES.items():
                if name not in self.without:
                    improve(hole)
        return face

    def texture(self, patch: Patch) -> None:
        """Paint holes where no face is."""
        seen = self.damaged.seen(patch.window)
        lost = self._paint(patch.window, patch.area, seen, {})
        thick = thickness(np.pad(patch.area.inside, 1))
        if not varies(self.model) and thick >= _THICK:
            self.ground.append((patch.area, thick, lost > _TEXTURED))

    def copy(self, faces: Sequence[Face]) -> None:
        """Continue what the surroundings repeat, and where a texture ends at what is painted, put
        patches of them."""
        for number, (area, thick, lacks_texture) in enumerate(self.ground):
            chance = Rng(seed=self.seed, places=np.array([number], np.int64))
            seed = int(chance.generator("copy").integers(1 << 32))
            longest = max(area.box.height, area.box.width)
            makes = partial(repeated, seed=seed)
            done = REPEATED not in self.without and self._put(area, longest, faces, makes)
            if lacks_texture and not done and COPIED not in self.without:
                self._put(area, round(thick), faces, partial(copied, thick=thick, seed=seed))
            if self.tick is not None:
                self.tick(self.done, self.of)

    def _put(self, area: Area, far: int, faces: Sequence[Face], make: Copier) -> bool:
        """Put what is made of what is kept so far round an area into it; whether any is."""
        box = area.box.grown(max(far, _RING), *self.damaged.size)
        if box.height * box.width > _MOST_COPIED:
            return False
        known, hole = self.damaged.known(box), area.within(box)
        kept = (known[..., 3] > 0) & ~cut(self.damaged.hole, box)
        for face in faces:
            kept &= ~_features(face, box)
        if np.count_nonzero(kept) < _ENOUGH * area.count:
            return False
        result = make(known[..., :3], hole, kept)
        if result is None:
            return False
        self.damaged.put(box, hole, result)
        return True

    def _paint(
        self,
        window: Window,
        area: Area,
        seen: tuple[Float32[torch.Tensor, "3 h w"], Bool[torch.Tensor, "h w"]],
        steered: dict[str, torch.Tensor],
    ) -> float:
        """Paint pixels by what the net makes of a window; how much that lacks of what is round
        them, the standard deviation."""
        picture, unknown = seen
        result = self._through_net(picture, unknown, steered)
        kept, noise, lost = picture[:, ~unknown], None, 0.0
        is_grey = kept.numel() and bool((kept == kept[:1]).all())
        if window.scale * SOFT < 1:
            ring = area.box.grown(_RING, *self.damaged.size)
            net = enlarger_for(1 / window.scale, self.device)
            self.nets[net.path.stem] = net
            result, window = _shown(result, window, ring)
            result, window = enlarged(net.in_rgb, result), window.enlarged(net.net.factor)
            squares = self._lost(result, window, ring)
            chance = Rng(seed=self.seed, places=np.array([self.windows], np.int64))
            noise = Noise(squares, area.box.width, chance.generator("grain"))
            lost = float(squares.std()) if squares.size else 0.0
        for strip, rows, columns in area.strips():
            colours = sampled(result, window, middles(rows, columns))
            if noise is not None:
                grain = noise.rows(strip.height)[rows - strip.top, columns - strip.left]
                colours = (colours + grain).clip(0, 1)
            if is_grey:  # which stays exactly grey
                colours = np.repeat(colours.mean(1, keepdims=True), 3, axis=1)
            self.damaged.paint(rows, columns, colours)
            self.done += len(rows)
            if self.tick is not None:
                self.tick(self.done, self.of)
        self.windows += 1
        return lost

    def _through_net(
        self,
        picture: Float32[torch.Tensor, "3 h w"],
        unknown: Bool[torch.Tensor, "h w"],
        steered: dict[str, torch.Tensor],
    ) -> Float32[torch.Tensor, "3 h w"]:
        """The window with what is unknown painted by the net."""
        hole = unknown[None, None].float()
        steered = {**steered, "seed": torch.tensor([self.seed + self.windows])}
        device = device_of(self.model.net)
        extra = {
            name: tensor.to(device)
            for name, tensor in steered.items()
            if name in self.model.net.optional
        }
        result = self.model(picture[None].to(device), hole=hole.to(device), **extra)
        made = result[0].to(picture.device).clone()
        return evened(made, picture, unknown, steered["parts"][0]) if "parts" in steered else made

    def _lost(
        self, picture: Float32[torch.Tensor, "3 k l"], window: Window, ring: Box
    ) -> Float32[np.ndarray, "n 16 16 3"]:
        """What a window's picture lacks of squares that are kept."""
        down, across = ring.height // SIDE, ring.width // SIDE
        hole = self.damaged.hole[ring.top :, ring.left :][: down * SIDE, : across * SIDE]
        whole = ~hole.reshape(down, SIDE, across, SIDE).any((1, 3))
        places = np.argwhere(whole)
        places = places[:: max(1, -(-len(places) // _SQUARES))]
        result = np.zeros((len(places), SIDE, SIDE, 3), np.float32)
        for number, (row, column) in enumerate(places.tolist()):
            top, left = ring.top + row * SIDE, ring.left + column * SIDE
            box = Box(top=top, left=left, bottom=top + SIDE, right=left + SIDE)
            rows, columns = np.mgrid[top : box.bottom, left : box.right]
            blurred = sampled(picture, window, middles(rows.ravel(), columns.ravel()))
            known = self.damaged.known(box)
            difference = known[..., :3] - blurred.reshape(SIDE, SIDE, 3)
            result[number] = np.where(known[..., 3:] > 0, difference, np.float32(0))
        return result


@dataclass(eq=False)
class FaceHole:
    """A face's hole, as the net painted it."""

    painter: Painter
    window: FaceWindow
    face: Face
    steering: Steering
    goes_on: bool  # whether hair is seen that goes on in it

    @property
    def area(self) -> Area:
        return self.window.area

    @property
    def reader(self) -> Model:
        return self.painter.nets[READER]

    @property
    def is_large(self) -> bool:
        """Whether the picture has more pixels of the face than the net paints."""
        return self.face.frame.side > SOFT * WINDOW

    @cached_property
    def painted(self) -> Face:
        """The face with the landmarks of what the net painted."""
        return reread(self.painter.damaged, self.face, self.reader)


def _organs(hole: FaceHole) -> None:
    """Eyes and mouth of a large face by the face world."""
    damaged = hole.painter.damaged
    if hole.is_large and hides_organs(damaged, hole.painted, has_twin=is_frontal(hole.painted)):
        draw_organs(damaged, hole.face, hole.area, hole.reader)


def _other_side(hole: FaceHole) -> None:
    """What the other side of a large face shows."""
    if hole.is_large and is_frontal(hole.painted):
        paint_by_other_side(hole.painter.damaged, hole.painted, hole.area)


def _background(hole: FaceHole) -> None:
    """A smooth background behind a large face."""
    if hole.is_large:
        painter = hole.painter
        continue_background(painter.damaged, hole.painted, hole.area, hole.reader, painter.seed)


def _hair(hole: FaceHole) -> None:
    """A hair style by the face world, where little hair is seen."""
    painter, own = hole.painter, hole.steering.own_hair
    if hides_hair(painter.damaged, hole.face) and not (own is None and hole.goes_on):
        given = hole.reader, painter.seed, hole.steering.hair, own
        drawn = draw_hair(painter.damaged, hole.face, hole.area, *given)
        painter.has_hair = painter.has_hair or drawn


# What improves on the shipped net, one after the other; each can be left out.
FACE_PASSES: Final[Mapping[str, Callable[[FaceHole], None]]] = {
    "organs": _organs,
    "other side": _other_side,
    "background": _background,
    "hair": _hair,
}
REPEATED, COPIED = "repeated", "copied"  # of grounds
PASSES: Final = (*FACE_PASSES, REPEATED, COPIED)


def varies(model: Model) -> bool:
    """Whether a model gives different answers for different seeds."""
    return "seed" in model.net.optional


def _features(face: Face, box: Box) -> Bool[np.ndarray, "k l"]:
    """Where in a box a face has its features, as which nothing else is to look."""
    window = Window.of_frame(face.frame)
    rows, columns = np.mgrid[box.top : box.bottom, box.left : box.right]
    places = window.to_window(middles(rows.ravel(), columns.ravel())) / window.width
    return (np.abs(places - 0.5) < _FEATURES).all(1).reshape(rows.shape)


def _shown(
    picture: Float32[torch.Tensor, "3 h w"], window: Window, box: Box
) -> tuple[Float32[torch.Tensor, "3 k l"], Window]:
    """The part of a window in which a box of the picture lies, and some pixels round it."""
    rows, columns = np.array([box.top, box.bottom]), np.array([box.left, box.right])
    corners = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2).astype(np.float64)
    places = window.to_window(corners)
    left, top = (places.min(0) - _MARGIN).astype(int).clip(0)
    right, bottom = (places.max(0) + _MARGIN).astype(int)
    part = picture[:, top:bottom, left:right].contiguous()
    return part, window.part(int(top), int(left), *part.shape[-2:])


def repaired_pictures(
    pictures: Float32[torch.Tensor, "n 3 h w"],
    *,
    hole: Float32[torch.Tensor, "n 1 h w"],
    model: str | Path = "inpaint",
) -> Float32[torch.Tensor, "n 3 h w"]:
    """Pictures repaired as the verb does it, for who compares methods."""
    net, result = repairer(model), pictures.clone()
    for number, (picture, mask) in enumerate(zip(pictures, hole[:, 0] > 0.5, strict=True)):
        image = picture_of(to_pixels(picture, bits=16))
        repair = repaired(image, mask.numpy(), net)
        result[number][:, mask] = torch.from_numpy(repair.colours.T.copy())
    return result


def _steered(area: FaceWindow) -> dict[str, torch.Tensor]:
    parts, points = torch.from_numpy(area.parts), torch.from_numpy(area.points)
    return {"parts": parts[None], "points": points[None]}
