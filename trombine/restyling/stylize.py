"""One picture or film restyled: its faces, or all of it, and further files that show that.

How a picture is drawn is in drawing.py; the verbs are in commands/restyle.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError, about, shortened
from trombine.core.progress import Tick, part_of, unheard
from trombine.faces import Face, Tracked, Tracker
from trombine.faces.frames import samples_of
from trombine.faces.tracks import Features, unit
from trombine.generation import PAINTER
from trombine.io.batch import Made
from trombine.io.doors import Source
from trombine.io.image import Picture, Pixels, as_seen, picture_of
from trombine.io.sheets import Sheet, centred, fitting, overview
from trombine.io.video import Frames, Video, spread
from trombine.models import Model, loaded
from trombine.models.model import find
from trombine.restyling.drawing import (
    Portrait,
    Restyling,
    faces_in,
    portrait_of,
    restyled,
    style_of,
)
from trombine.restyling.like import Eye, restyled_like
from trombine.restyling.portrait import Actor, Character, character_of, in_moment, median
from trombine.world import paint

GREY: Final = "is grey: colours of skin, hair and eyes are guessed; --attributes gives them"
NO_FACE: Final = "no face is seen in some of its frames; they stay as they are"
_FRAME: Final = 0.04  # seconds from one frame to the next, for who follows faces
_MET: Final = 5  # frames of a film in which faces are fitted in full
_SAME: Final = 0.7  # of features, of one person in two frames: as alike, at least (docs/log)
PICTURE, BECOMES, MOSAIC, CHARACTER = "picture", "becomes", "mosaic", "character"  # outputs
_OPTIONS: Final = {BECOMES: "--gif", MOSAIC: "--mosaic", CHARACTER: "--write-character"}
_STYLES: Final = ("photo", "anime", "cartoon", "sketch")
_STEPS: Final = 12  # frames from a picture to what it becomes
_STEP: Final = 80  # milliseconds
_HELD: Final = 1000
_CELL: Final = 360  # pixels of the longer side of a mosaic's pictures


def stylize(source: Source, tick: Tick, *, asked: Restyling) -> Made:
    """The picture or film with its faces drawn anew, and what shows that."""
    film, asked = source.film, replace(asked, cast=source.side("character"))
    start = time.perf_counter()
    if source.is_film and (further := [_OPTIONS[n] for n in source.wanted if n in _OPTIONS]):
        raise InputError(f"is a film, and {further[0]} is for pictures", "leave it out")
    faces = faces_in(film.first, asked.device)
    if not source.is_film and not asked.whole:
        _check_faces(faces, "--full-image draws all of it anew")
    drawing = _Drawing(asked=asked, first=faces)
    if source.is_film:
        drawing.meet(film)
    if isinstance(film, Video):
        result: Frames | Video = replace(film, work=drawing.frame)
        drawing.frame(film.first)  # which finds the style, and is refused before a file is begun
        drawing.begin()
    else:
        result = drawing.film(film, tick)
    guessed = drawing.characters and not asked.changes and asked.cast is None
    if not source.is_film and guessed and film.first.is_grey and not result.first.is_grey:
        drawing.notices.append(GREY)
    files: dict[str, Any] = {PICTURE: result}
    if CHARACTER in source.wanted and drawing.characters:
        files[CHARACTER] = drawing.characters[0].as_json()
    if MOSAIC in source.wanted:
        others = asked.net.styles if asked.knows_styles else ()
        every = {asked.target: result.first} | {
            name: restyled(film.first, replace(asked, target=name), faces, drawing.source).image
            for name in others
            if name not in (drawing.source, asked.target)
        }
        files[MOSAIC] = mosaic(source.name, {"input": film.first, **every})
    nets = drawing.nets
    return Made(
        files=_with_film(files, source),
        model="+".join(dict.fromkeys(net.hash for net in nets)),
        chosen={"from_": drawing.source} if drawing.source else {},
        notices=drawing.notices,  # of a video more come with its frames
        facts=drawing.drawn_by,
        details=(
            *(net.described for net in nets),
            f"drawn in {time.perf_counter() - start:.2f} s",
        ),
        counts={"face": len(faces)},
    )


def draw_portrait(source: Source, tick: Tick, *, asked: Portrait) -> Made:
    """The person of the largest face of a picture, drawn alone."""
    image, asked = source.picture, replace(asked, cast=source.side("character"))
    start = time.perf_counter()
    faces = faces_in(image, asked.device)
    _check_faces(faces)
    style = style_of(faces, image, asked.source, asked.target)
    face = max(faces, key=lambda face: face.size)
    drawn = portrait_of(image, asked, face, style, tick)
    (character,), notices = drawn.characters, [*drawn.notices]
    guessed = not asked.changes and asked.cast is None
    if guessed and image.is_grey and not drawn.image.is_grey:
        notices.append(GREY)
    files: dict[str, Any] = {PICTURE: Frames(frames=(drawn.image,))}
    if CHARACTER in source.wanted:
        files[CHARACTER] = character.as_json()
    if MOSAIC in source.wanted:
        person = character.framed(image.height, image.width)
        others = [name for name in _STYLES if name not in (style, asked.target)]
        every = {n: picture_of(paint(person, asked.size, n).pixels) for n in others}
        shown = {"input": image, asked.target: drawn.image, **every}
        files[MOSAIC] = mosaic(source.name, shown)
    return Made(
        files=files,
        model="+".join(net.hash for net in drawn.nets),
        chosen={"from_": style},
        notices=notices,
        facts=PAINTER,
        details=(
            *(net.described for net in drawn.nets),
            f"drawn in {time.perf_counter() - start:.2f} s",
        ),
        counts={"face": 1},
    )


def imitate_style(
    source: Source, tick: Tick, *, by: Eye, strength: float, keep_colours: bool
) -> Made:
    """The picture in the style of another one."""
    image, style = source.picture, as_seen(source.side("style_image"))
    options = {"strength": strength, "keep_colours": keep_colours}
    result = restyled_like(image, to_picture(style), by, **options)
    files: dict[str, Any] = {PICTURE: Frames(frames=(result,))}
    if MOSAIC in source.wanted:
        shown = {"input": image, "style": picture_of(style), "result": result}
        files[MOSAIC] = mosaic(source.name, shown)
    return Made(files=_with_film(files, source), model=by.hash, facts=f"compared by {by.name}")


def _with_film(files: dict[str, Any], source: Source) -> dict[str, Any]:
    """The same, with the film of how the picture changes, where it is wanted."""
    if BECOMES in source.wanted:
        files[BECOMES] = becoming(source.picture, files[PICTURE].first)
    return files


def becoming(before: Picture, after: Picture) -> Frames:
    """A film without an end: the picture becomes the other, and is itself again."""
    ends = [np.float32(as_seen(one)) for one in (before, after)]
    shares = (1 - np.cos(np.pi * np.arange(_STEPS + 1) / _STEPS)) / 2
    there = [
        picture_of((ends[0] + s * (ends[1] - ends[0])).round().astype(np.uint8)) for s in shares
    ]
    times = [_HELD, *[_STEP] * (_STEPS - 1), _HELD]
    return Frames(frames=(*there, *there[-2:0:-1]), durations=(*times, *times[-2:0:-1]), loops=0)


def mosaic(name: str, shown: Mapping[str, Picture]) -> Pixels:
    """A sheet of pictures, each under its title."""
    sizes = [fitting((one.height, one.width), _CELL) for one in shown.values()]
    cell = max(max(sides) for sides in zip(*sizes, strict=True))
    pairs = zip(shown.values(), sizes, strict=True)
    cells = [centred(overview(as_seen(one), size), (cell, cell)) for one, size in pairs]
    return Sheet(rows=[cells], title=shortened(name), column_titles=list(shown)).pixels()


@dataclass(kw_only=True, eq=False)
class _Drawing:
    """The frames of a film, or a picture, drawn one after the other.

    Each face is followed from frame to frame, and its place steadied; its noise is always the same.
    """

    asked: Restyling
    first: Sequence[Face]  # of the first frame, which is read already
    source: str = ""
    notices: list[str] = field(default_factory=list)
    used: dict[str, Model] = field(default_factory=dict)
    characters: Sequence[Character] = ()  # of the last frame
    met: list[list[tuple[Features, Character]]] = field(default_factory=list)  # frame by frame

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin anew with the first frame; the style stays, once it is known."""
        self.tracker, self.number = Tracker(), 0
        self.actors = dict[int, Actor]()

    def meet(self, film: Frames | Video) -> None:
        """Fit whoever is seen in some frames, by which it is known who the faces of a film are."""
        for image in spread(film, _MET) if self.asked.method == PAINTER else ():
            if faces := faces_in(image, self.asked.device):
                self.source = self.source or self.asked.style_of(faces, image)
                picture = samples_of(image.plain.rgb_pixels())
                people = [character_of(picture, face, self.source) for face in faces]
                features = [unit(face.features) for face in faces]
                self.met.append(list(zip(features, people, strict=True)))

    @property
    def nets(self) -> Sequence[Model]:
        """The nets that have worked, the one that draws first."""
        own = self.asked.path.stem
        nets = sorted(self.used, key=lambda name: (name != own, name))
        return tuple(self.used[name] for name in nets) or (self.asked.model,)

    @property
    def drawn_by(self) -> str:
        """The net that drew faces, or the painter."""
        own = self.asked.path.stem
        return own if own in self.used or not self.used else PAINTER

    def film(self, film: Frames, tick: Tick | None) -> Frames:
        """A film that is in memory, or a picture."""
        frames = []
        for done, frame in enumerate(film.frames, 1):
            frames.append(self.frame(frame, tick if film.count == 1 else None))
            if tick is not None:
                tick(done, film.count)
        return replace(film, frames=tuple(frames))

    def frame(self, image: Picture, tick: Tick | None = None) -> Picture:
        """The next frame; `tick` hears of its faces, each of which takes a second."""
        faces = self.first if not self.number else faces_in(image, self.asked.device)
        time = self.number * _FRAME
        tracked = self.tracker.update(faces, time)
        self.number += 1
        if not faces and not self.asked.whole:
            if NO_FACE not in self.notices:
                self.notices.append(NO_FACE)
            return image
        self.source = self.source or self.asked.style_of(faces, image)
        people = self.people(image, tracked, time, tick) if self.asked.method == PAINTER else ()
        drawn = restyled(image, self.asked, [one.face for one in tracked], self.source, people)
        self.used |= {net.path.stem: net for net in drawn.nets}
        self.characters = drawn.characters
        self.notices += [text for text in drawn.notices if text not in self.notices]
        return drawn.image

    def people(
        self, image: Picture, tracked: Sequence[Tracked], time: float, tick: Tick | None
    ) -> list[Character]:
        """Who the faces of a frame are: known ones are followed."""
        picture = samples_of(image.plain.rgb_pixels())
        people = []
        for number, face in ((one.number, one.face) for one in tracked):
            step = unheard if tick is None else part_of(tick, len(people), 1 + len(tracked))
            if actor := self.actors.get(number):
                people.append(actor.step(picture, face, self.source, time))
                continue
            if met := self.met_as(face):
                people.append(in_moment(median(met), picture, face, self.source))
            else:
                people.append(character_of(picture, face, self.source, step))
            self.actors[number] = Actor(people[-1], time)
        return people

    def met_as(self, face: Face) -> list[Character]:
        """Who was met and is like a face: in each frame at most one."""
        features = unit(face.features)
        each = [[(float(features @ one), who) for one, who in some] for some in self.met]
        nearest = [max(some, key=itemgetter(0)) for some in each]
        return [who for alike, who in nearest if alike > _SAME]


def _check_faces(faces: Sequence[Face], *cures: str) -> None:
    """Refuse a picture of which nothing would be drawn."""
    if not faces:
        cure = "; ".join(("if it lies on its side, turn it", *cures))
        raise InputError("shows no face", cure)


def model_of(model: str | Path) -> Path:
    """The file of the model that is named, which must be one that restyles."""
    with about(model):
        path = find(model)
    if (task := loaded(path).card.task) not in ("restyle", "restore"):
        raise InputError(f"is for {task}, not for restyling", path=model)
    return path
