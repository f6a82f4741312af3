"""A picture in another style: each face in an upright window, drawn anew with what lies round it,
blended into the picture along the outline of its parts; or all of the picture, and its faces over
that.

Where nothing is blended in, every sample stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from jaxtyping import Bool, Float32
from scipy.ndimage import label, maximum_filter, minimum_filter, uniform_filter
from torch import Tensor
from torch.nn import functional

from trombine.core.conventions import PART_INDEX
from trombine.core.devices import CPU, device_of
from trombine.core.errors import InputError
from trombine.core.progress import Tick, unheard
from trombine.core.tiles import through_tiles
from trombine.faces import Face, Frame
from trombine.faces.frames import WINDOW, crop_windows, sample_window
from trombine.faces.maps import REFINER, refined
from trombine.faces.reading import read_picture
from trombine.generation import NET
from trombine.inpainting.damaged import middles, sampled
from trombine.inpainting.repairing import repaired
from trombine.inpainting.windows import Window
from trombine.io.color import LUMA
from trombine.io.image import Picture, picture_of
from trombine.metrics.drawing import is_drawing
from trombine.models import Model, loaded
from trombine.models.running import SOFT, enlarged, enlarger_for
from trombine.nets.blocks import padded
from trombine.nets.restyler import DEEP, Restyler
from trombine.nets.spaces import from_space, to_space
from trombine.restyling import filters
from trombine.restyling.portrait import (
    READER,
    Character,
    character_of,
    cutout,
    neck_of,
    parts_at,
    style_by_looks,
)
from trombine.world import Face as Person
from trombine.world import paint

AUTO: Final = "auto"
INPAINTER: Final = "inpaint"
# A neck is drawn where head or neck were, and else keeps all but its colours: it would end in a
# blur upon the clothes.
_NOT_OF_IT: Final = [PART_INDEX[name] for name in ("background", "cloth", "neck")]
_NECK, _SKIN = PART_INDEX["neck"], PART_INDEX["skin"]
_NOTCH: Final = 0.05  # of a face's frame: half the width of what is no notch any more
_RIMS: Final = 0.012  # of a face's frame: as far beyond its outline a head is taken away
DOUBTFUL: Final = "the painter can draw no such face; it drew the nearest"
ONLY_SHOULDERS: Final = "shows more than head and shoulders; clothes stay as they are"
UNLIKE: Final = "the painter can draw no such face; the net drew it"
_FADES: Final = 5  # pixels of a window over which its outline fades
_RIM: Final = 5  # pixels from a window's edge within which all fades
_DEEP: Final = 21  # pixels of a window: half of that within its outline, all is the head
_WIDER: Final = 5  # pixels of a window: half of that beyond an outline, nothing old stays
_BESIDE: Final = 13  # pixels of a window: half of that from an outline, all is ground
_ON: Final = 9  # pixels of a window from which the head's colours go on
_REACHES: Final = (9, 33, 129)  # pixels of a window from which ground goes on behind a head
_LEAST: Final = 1 / 1024  # a share that is none
_UNSEEN: Final = 0.03  # a share of a neck whose tint nobody sees
_FAINT: Final = 0.25  # a share that is meant to be none, as a neck's of clothes
_AROUND: Final = 15  # pixels of a window whose colours are kept together
_TILE: Final = 512  # pixels of a whole picture drawn at once, beside what lies round them
_SMALLEST: Final = 0.25  # how small a whole picture is made, for its faces to be as nets know them

Planes = Float32[Tensor, "3 h w"]
Pictures = Float32[Tensor, "n 3 h w"]
Plane = Float32[np.ndarray, "_ _"]
Colours = Float32[np.ndarray, "_ _ 3"]
Share = Float32[Tensor, "1 1 s s"]  # of each of a window's pixels


@dataclass(frozen=True, kw_only=True)
class Restyling:
    """What is asked of a picture."""

    path: Path  # of the model
    target: str
    source: str = AUTO
    whole: bool = False
    strength: float = 1.0
    keep_colours: bool = False
    method: str = NET
    clothes: bool = False  # are drawn, too, by the painter
    changes: Mapping[str, float] = field(default_factory=dict)  # of who is drawn, by field
    cast: Person | None = None  # who is drawn in place of who is seen
    device: str = CPU

    def __post_init__(self) -> None:
        """Refuse styles that the model does not know."""
        for style in {self.target, self.source} - {AUTO} if self.knows_styles else ():
            if style not in (known := self.net.styles):
                raise InputError(f"knows {', '.join(known)}, not {style}", path=self.path)
        if self.source == self.target:
            raise InputError(f"what is {self.target} becomes {self.target} by itself")

    @cached_property
    def model(self) -> Model:
        """The model, loaded once."""
        return loaded(self.path, device=self.device)

    @property
    def knows_styles(self) -> bool:
        """Whether the net is told styles; a translator draws one kind of pictures as another."""
        return self.model.card.task == "restyle"

    @property
    def net(self) -> Restyler:
        """The net, if it knows its styles."""
        return cast(Restyler, self.model.net)

    @property
    def size(self) -> int:
        """The side of the windows that the net learned from, in pixels."""
        of_translator = self.model.card.settings.get("size", WINDOW)
        return self.net.size if self.knows_styles else int(of_translator)

    def played(self, character: Character) -> Character:
        """Who is to be painted in the place of somebody."""
        return character.played(self.cast, self.changes)

    def drawn(self, pictures: Pictures, source: str) -> Pictures:
        """Windows in the other style."""
        styles = self.styles(source) if self.knows_styles else ()
        return self.model(pictures.to(device_of(self.model.net)), *styles).cpu().clone()

    @property
    def beyond(self) -> int:
        """How many pixels are drawn round a window, too, for hair that reaches out of it."""
        return DEEP * (self.size // 64) if self.knows_styles else 0

    def drawn_beyond(self, wide: Pictures, source: str) -> Pictures:
        """Windows with what lies round them. Faces are as the net draws windows alone: it knows
        from their edges where jaws are."""
        if not (beyond := self.beyond):
            return self.drawn(wide, source)
        seen = to_space(wide, self.model.space).to(device_of(self.net))
        with torch.inference_mode():
            around = self.net(seen, *self.styles(source)).cpu().clone()
        around = from_space(around, self.model.space).clamp(0, 1)
        middle = slice(beyond, -beyond)
        inner = self.drawn(wide[..., middle, middle], source)
        around[..., middle, middle].lerp_(inner, _rim(self.size))
        return around

    def drawn_whole(self, picture: Planes, source: str) -> Planes:
        """A picture of any size: softly, tile by tile, or by a translator at once, since that
        weighs by all of the picture."""
        if self.knows_styles:
            seen = to_space(picture, self.model.space)
            drawn = soft_in_tiles(seen, self.net, self.styles(source))
            return from_space(drawn, self.model.space)
        return self.drawn(picture[None], source)[0]

    def style_of(self, faces: Sequence[Face], image: Picture) -> str:
        """The style of a picture with these faces, where the model knows styles."""
        if not self.knows_styles:
            return self.source
        return style_of(faces, image, self.source, self.target)

    def styles(self, source: str) -> tuple[Tensor, Tensor]:
        """The styles of a picture and of what it becomes, as the net takes them."""
        return self.net.named(source, self.target)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A picture that is drawn anew, and how."""

    image: Picture
    where: Bool[np.ndarray, "h w"]  # it is not as it was
    nets: Sequence[Model] = ()  # beside the one that draws
    characters: Sequence[Character] = ()  # who was painted, from the largest face on
    notices: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """What is asked of a person who is drawn alone."""

    target: str
    size: int  # pixels a side
    source: str = AUTO
    changes: Mapping[str, float] = field(default_factory=dict)  # of who is drawn, by field
    cast: Person | None = None  # who is drawn in place of who is seen
    device: str = CPU

    def __post_init__(self) -> None:
        """Refuse a style that is the picture's own."""
        if self.source == self.target:
            raise InputError(f"what is {self.target} becomes {self.target} by itself")


def style_of(faces: Sequence[Face], image: Picture, source: str, target: str) -> str:
    """The style of a picture with these faces: as it is said, or as the reader sees it; what has
    none and does not look drawn is a photograph."""
    if source != AUTO:
        return source
    if faces:
        style = max(faces, key=lambda face: face.size).style
    else:
        style = None if is_drawing(image.rgb_pixels()) else "photo"
    if style is None:
        remedy = "say it: --from photo, anime, cartoon or sketch"
        raise InputError("does not show in which style it is drawn", remedy)
    if style == target:
        raise InputError(f"looks {style} already", "say what it is, if not that: --from")
    return style


def faces_in(image: Picture, device: str = CPU) -> Sequence[Face]:
    """The faces of a picture, each with its style."""
    reading = read_picture(image, READER, device=device)
    return [replace(face, style=style_by_looks(face, reading.pixels)) for face in reading.faces]


def restyled(
    image: Picture,
    asked: Restyling,
    faces: Sequence[Face],
    source: str,
    people: Sequence[Character] = (),
) -> Drawn:
    """The picture with its faces, or all of it, in another style; elsewhere it is as it was.

    `people` are those of the faces, where they are known.
    """
    plain = image.plain
    canvas = _Canvas(asked=asked, source=source, colours=plain.rgb().copy())
    if asked.whole:
        canvas.draw_all(faces)
    by_size = sorted(range(len(faces)), key=lambda n: -faces[n].frame.side)
    for n in by_size:
        face, known = faces[n], people[n] if people else None
        if asked.method == NET or not canvas.paint(face, known):
            canvas.draw(face)
    chosen = np.ascontiguousarray(canvas.colours[canvas.touched])
    result = replace(plain.recoloured(chosen, canvas.touched), profile=image.profile)
    return Drawn(
        image=result,
        where=canvas.touched,
        nets=tuple(canvas.nets.values()),
        characters=canvas.characters,
        notices=canvas.notices,
    )


def portrait_of(
    image: Picture, asked: Portrait, face: Face, source: str, tick: Tick = unheard
) -> Drawn:
    """The person of a face alone, in the middle of a picture of their own."""
    picture = torch.from_numpy(image.plain.rgb().transpose(2, 0, 1).copy())
    character = character_of(picture, face, source, tick).played(asked.cast, asked.changes)
    pixels = paint(character.framed(image.height, image.width), asked.size, asked.target).pixels
    return Drawn(
        image=picture_of(pixels),
        where=np.ones(pixels.shape[:2], bool),
        nets=readers(asked.device),
        characters=[character],
        notices=() if character.fits else (DOUBTFUL,),
    )


def readers(device: str) -> tuple[Model, Model]:
    """The nets by which people are fitted."""
    return loaded(READER, device=device), loaded(REFINER, device=device)


@dataclass(kw_only=True, eq=False)
class _Canvas:
    """A picture while it is drawn anew; faces are seen as they were."""

    asked: Restyling
    source: str
    colours: np.ndarray  # h x w x 3
    nets: dict[str, Model] = field(default_factory=dict)
    characters: list[Character] = field(default_factory=list[Character])
    notices: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.height, self.width = len(self.colours), self.colours.shape[1]
        self.touched = np.zeros((self.height, self.width), bool)
        self.before = torch.from_numpy(self.colours.transpose(2, 0, 1).copy())

    def draw(self, face: Face) -> None:
        """Draw a face, upright, and blend it in along its outline, as it was and as it became."""
        self.nets[self.asked.path.stem] = self.asked.model
        side, frame = self.asked.size + 2 * self.asked.beyond, self._frame(face)
        frame = replace(frame, side=frame.side * side / self.asked.size)
        window = Window.of_frame(frame, side)
        seen = crop_windows(self.before, [frame], side)
        drawn = self._as_asked(self.asked.drawn_beyond(seen, self.source), seen)[0]
        was, became = self._parts(face, frame, drawn)
        of_neck = slice(_NECK, _NECK + 1)
        before = _of_it(was)
        after = _of_it(became) + torch.minimum(before + was[:, of_neck], became[:, of_neck])
        share = _faded(_grown(_sure(torch.maximum(before, after)), _WIDER))[0] * _rim(side)
        neck = _faded(_sure(was[:, of_neck]))[0] * _rim(side)
        skin = was[:, _SKIN : _SKIN + 1]
        tint = ((drawn - seen[0]) * skin[0]).sum((1, 2)) / skin.sum().clamp(min=1)
        larger, around = self._enlarged(alone(drawn, after), window)
        # The picture's pixels where the share or the neck's is of weight.
        box = window.reach(self.height, self.width)
        rows, columns = np.mgrid[box.top : box.bottom, box.left : box.right].reshape(2, -1)
        inside = window.to_window(middles(rows, columns))
        mine = ((inside > 0) & (inside < side)).all(1)
        rows, columns = rows[mine], columns[mine]
        both = sampled(torch.cat([share, neck, neck]), window, middles(rows, columns))
        mine = both.max(1) * self.asked.strength > _LEAST
        rows, columns, shares, necks = rows[mine], columns[mine], both[mine, :1], both[mine, 1:2]
        places = middles(rows, columns)
        there = self.colours[rows, columns]
        ground = sampled(self._ground(frame, before), window, places)
        head = sampled(_head(before, after).expand(3, -1, -1), window, places)
        anew = ground + head * (sampled(larger, around, places) - ground)
        if not self.asked.whole:  # else it is in the style already
            there = (there + necks * tint.numpy()).clip(0, 1)
        anew = shares * anew + (1 - shares) * there
        old = self.colours[rows, columns]
        self.colours[rows, columns] = old + np.float32(self.asked.strength) * (anew - old)
        self.touched[rows, columns] = True

    def paint(self, face: Face, known: Character | None = None) -> bool:
        """Put the person who looks like a face in its place, painted; False where none does."""
        character = known or character_of(self.before, face, self.source)
        character = self.asked.played(character)
        if not character.fits:
            if UNLIKE not in self.notices:
                self.notices.append(UNLIKE)
            return False
        clothes = self.asked.clothes and character.bottom >= self.height
        if self.asked.clothes and not clothes and ONLY_SHOULDERS not in self.notices:
            self.notices.append(ONLY_SHOULDERS)
        neck = 0.0 if clothes else neck_of(face)
        cut = cutout(character, self.asked.target, clothes=clothes, neck=neck)
        cut, rows, columns = cut.inside(self.height, self.width)
        there = self.colours[rows, columns].copy()
        head, bare = _shares(self.before, face, rows, columns)
        bare = bare * _largest(bare > _UNSEEN)
        wide = 1 + 2 * round(_RIMS * face.frame.side)
        hole = np.asarray(maximum_filter(_closed(head > _FAINT, face.frame.side), wide), bool)
        scene = self._without(there, hole)
        # What was neither head nor neck lies before the neck: clothes.
        covered = 0.0 if clothes else 1 - ((head + bare - 0.3) / 0.4).clip(0, 1)
        below = np.asarray(maximum_filter(cut.parts == _NECK, wide), bool)
        below = below & np.isin(cut.parts, [_NECK, PART_INDEX["background"]])
        kept = uniform_filter(below.astype(np.float32), 3) * covered
        opacity = cut.opacity * (1 - kept)
        if bare.sum() > 0 and (drawn := (cut.parts == _NECK) & (cut.opacity > 0.99)).any():
            tint = cut.colours[drawn].mean(0) - (bare[..., None] * there).sum((0, 1)) / bare.sum()
            scene = (scene + bare[..., None] * tint).clip(0, 1)
        anew = scene * (1 - opacity[..., None]) + cut.colours * (1 - kept[..., None])
        if self.asked.keep_colours:
            change = (anew - there) @ np.array(LUMA, np.float32)
            anew = there + change[..., None]
        changed = there + np.float32(self.asked.strength) * (anew.clip(0, 1) - there)
        self.touched[rows, columns] |= (abs(changed - there) > _LEAST).any(2)
        self.colours[rows, columns] = changed
        self.characters.append(character)
        self.nets |= {net.path.stem: net for net in readers(self.asked.device)}
        return True

    def _without(self, colours: Colours, head: Bool[np.ndarray, "_ _"]) -> Colours:
        """A part of the picture without a head: what lies round it goes on behind it."""
        image = picture_of((255 * colours).round().astype(np.uint8))
        model = loaded(INPAINTER, task="repair", device=self.asked.device)
        repair = repaired(image, head, model, plain=True, device=self.asked.device)
        self.nets |= {net.path.stem: net for net in (model, *repair.nets)}
        scene = colours.copy()
        scene[head] = repair.colours
        return scene

    def _frame(self, face: Face) -> Frame:
        """The square of a face that the net is shown, as it learned from its style."""
        return face.as_painted(self.source) if self.asked.knows_styles else face.aligned()

    def draw_all(self, faces: Sequence[Face]) -> None:
        """Draw all of the picture: a photograph by filters, which draw no faces where none are."""
        if self.asked.knows_styles and self.source == "photo":
            drawn = filters.drawn(self.before, self.asked.target)[None]
            self._paint(self._as_asked(drawn, self.before[None])[0])
        else:
            self.nets[self.asked.path.stem] = self.asked.model
            self._paint(self._softly(faces))

    def _softly(self, faces: Sequence[Face]) -> Planes:
        """All of the picture by the net, softly, as small as its largest face asks for."""
        height, width = self.height, self.width
        largest = max((self._frame(face).side for face in faces), default=0.0)
        scale = min(max(self.asked.size / max(largest, 1.0), _SMALLEST), 1.0)
        size = [max(round(length * scale), DEEP) for length in (height, width)]
        seen = functional.interpolate(self.before[None], size, mode="bilinear", antialias=True)
        drawn = self._as_asked(self.asked.drawn_whole(seen[0], self.source)[None], seen)[0]
        whole = Window(x=width / 2, y=height / 2, height=size[0], width=size[1], scale=scale)
        drawn, _ = self._enlarged(drawn, whole)
        if drawn.shape[-2:] != (height, width):
            shrinks = drawn.shape[-2] > height
            size = height, width
            drawn = functional.interpolate(drawn[None], size, mode="bicubic", antialias=shrinks)[0]
        return drawn

    def _paint(self, drawn: Planes) -> None:
        """Put a drawing of all of it in place of the picture, as strongly as is asked for."""
        planes = drawn.clamp(0, 1).permute(1, 2, 0).numpy()
        if self.asked.strength > _LEAST:
            self.colours += np.float32(self.asked.strength) * (planes - self.colours)
            self.touched[:] = True

    def _as_asked(
        self, drawn: Float32[Tensor, "1 3 h w"], seen: Float32[Tensor, "1 3 h w"]
    ) -> Float32[Tensor, "1 3 h w"]:
        """What was drawn, with the colours of what was there where these are to be kept: where all
        is smooth it has those, and only its light and dark are new."""
        if not self.asked.keep_colours:
            return drawn
        off = functional.avg_pool2d(seen - drawn, _AROUND, 1, _AROUND // 2, count_include_pad=False)
        return (
            drawn + off - torch.einsum("nchw,c->nhw", off, off.new_tensor(LUMA))[:, None]
        ).clamp(0, 1)

    def _parts(
        self, face: Face, frame: Frame, drawn: Planes
    ) -> tuple[Float32[Tensor, "1 19 s s"], Float32[Tensor, "1 19 s s"]]:
        """How likely each of a window's pixels is of which part: as it was, and as it is drawn."""
        side = drawn.shape[-1]
        reader = loaded(READER, task="read", device=self.asked.device)
        self.nets[READER] = reader
        window = _resized(drawn[None], WINDOW).clamp(0, 1).to(device_of(reader.net))
        after = _resized(reader(window).parts.cpu().float(), side)
        places = Window.of_frame(frame, side)
        own = Window.of_frame(face.frame).to_window(places.to_picture(places.centres()))
        before = sample_window(face.logits.float(), torch.from_numpy(own)).view(1, -1, side, side)
        return before.softmax(1), after.softmax(1)

    def _ground(self, frame: Frame, before: Share) -> Planes:
        """What a window shows behind the face: its surroundings, which go on smoothly where the
        face was."""
        colours = torch.from_numpy(self.colours).permute(2, 0, 1)
        seen = crop_windows(colours, [frame], before.shape[-1])
        beside = (1 - _grown(before, _BESIDE)).clamp(min=1e-4)
        sums, shares = (
            sum(0.01**k * boxed(x, n) for k, n in enumerate(_REACHES))
            for x in (seen * beside, beside)
        )
        return (beside * seen + (1 - beside) * sums / shares)[0]

    def _enlarged(self, drawn: Planes, window: Window) -> tuple[Float32[Tensor, "3 k l"], Window]:
        """What was drawn nearly as large as the picture is, as far as the enlarging nets go."""
        times = 1 / window.scale
        if times < SOFT:
            return drawn, window
        net = enlarger_for(times, self.asked.device, drawn=self.asked.target != "photo")
        self.nets[net.path.stem] = net
        larger = enlarged(net.in_rgb, drawn.clamp(0, 1))
        return larger, window.enlarged(net.net.factor)


def _closed(head: Bool[np.ndarray, "h w"], side: float) -> Bool[np.ndarray, "h w"]:
    """The largest piece of what is called a head, without the notches in its hair."""
    wide = 1 + 2 * round(_NOTCH * side)
    padded = np.pad(head, wide)
    closed = minimum_filter(maximum_filter(padded, wide), wide)
    return _largest(np.asarray(closed, bool)[wide:-wide, wide:-wide])


def _largest(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    pieces = np.zeros(mask.shape, np.int32)
    label(mask, output=pieces)
    sizes = np.bincount(pieces.ravel(), minlength=2)
    return pieces == 1 + int(sizes[1:].argmax())


def _shares(picture: Planes, face: Face, rows: slice, columns: slice) -> tuple[Plane, Plane]:
    """How likely each pixel of a part of the picture is of the head, and of the neck."""
    down, across = (
        torch.arange(s.start, s.stop, dtype=torch.float64) + 0.5 for s in (rows, columns)
    )
    places = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1).reshape(-1, 2)
    narrow = refined(picture, face).softmax(0)
    likely = parts_at(picture, face, places, narrow=narrow, both=False).numpy()
    head, neck = 1 - likely[_NOT_OF_IT].sum(0), likely[_NECK]
    return head.reshape(len(down), -1), neck.reshape(len(down), -1)


def soft_in_tiles(
    picture: Planes, net: Restyler, styles: tuple[Tensor, Tensor], tile: int = _TILE
) -> Planes:
    """A picture of any size without the details of faces, tile by tile: as all of it at once, for
    each tile sees as far as the net looks."""
    height, width = picture.shape[-2:]
    whole = padded(picture[None], DEEP)[0]
    device = device_of(net)

    def work(part: Planes) -> Planes:
        with torch.inference_mode():
            return net.soft(part[None].to(device), *styles)[0].clamp(0, 1).cpu()

    halo = net.soft_reach
    size = max(whole.shape[-2:]) if halo is None else tile + 2 * halo
    drawn = through_tiles(whole, work, size=size, halo=halo or 0, multiple=DEEP)
    return drawn[..., :height, :width].clone()


def _of_it(parts: Float32[Tensor, "1 k s s"]) -> Share:
    """How likely it is that a place is of the face, its hair, or what the head wears."""
    return 1 - parts[:, _NOT_OF_IT].sum(1, keepdim=True)


def _sure(share: Share) -> Share:
    return ((share - _FAINT) / (1 - _FAINT)).clamp(min=0)


def _faded(share: Share) -> Share:
    return functional.avg_pool2d(share, _FADES, 1, _FADES // 2, count_include_pad=False)


def alone(drawn: Planes, head: Share) -> Planes:
    """What was drawn, without the ground that was drawn behind the head: where that begins the
    head's own colours go on."""
    sure = head**4
    colours, shares = (boxed(x, _ON) for x in (drawn[None] * sure, sure))
    on = torch.where(shares > _LEAST, colours / shares.clamp(min=_LEAST), drawn)
    return (head * drawn + (1 - head) * on)[0]


def _grown(share: Share, width: int) -> Share:
    return functional.max_pool2d(share, width, 1, width // 2)


def boxed(x: Float32[Tensor, "1 c h w"], width: int) -> Float32[Tensor, "1 c h w"]:
    """The mean over squares, 0 beyond the edge: down, then across, as squares of 129 take long."""
    down = functional.avg_pool2d(x, (width, 1), 1, (width // 2, 0))
    return functional.avg_pool2d(down, (1, width), 1, (0, width // 2))


def _rim(side: int) -> Float32[Tensor, "s s"]:
    """1, but for the edge of a window, towards which it fades to 0."""
    middle = (torch.arange(side) + 0.5).minimum(side - torch.arange(side) - 0.5)
    rim = (middle / (_RIM * side / WINDOW)).clamp(max=1)
    return rim[:, None] * rim


def _head(before: Share, after: Share) -> Float32[Tensor, "1 s s"]:
    """How much of each pixel is the head as it is drawn, and no ground: all within its outline, and
    what is deep within the one that it had, where the reader may not know what was drawn."""
    deep = 1 - _grown(1 - before, _DEEP)
    return _faded(torch.maximum(after, deep))[0]


def _resized(x: Float32[Tensor, "n c h w"], side: int) -> Float32[Tensor, "n c s s"]:
    if x.shape[-1] == side:
        return x
    return functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
