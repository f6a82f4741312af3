"""One picture or film restyled as its options say.

How a picture is drawn is in drawing.py; files, records and replay are in batch/making.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, final

import numpy as np

from trombine.batch.contents import JSON
from trombine.batch.making import (
    FORMAT,
    PICTURE,
    SHOWS,
    Job,
    Making,
    Options,
    Output,
    Product,
    Target,
)
from trombine.conventions import to_picture
from trombine.events import Tick
from trombine.inventing import PAINTER
from trombine.io.image import Picture, Pixels, as_seen, load_picture, picture_of
from trombine.io.video import Frames, Video, lost_by_video
from trombine.pages import Sheet
from trombine.reader import Face, Tracked, Tracker
from trombine.reader.frames import samples_of
from trombine.refusal import InputError, about, shortened
from trombine.restyling.drawing import (
    AUTO,
    NET,
    LikeAsked,
    Restyling,
    faces_in,
    restyled,
    restyled_like,
)
from trombine.restyling.like import eye
from trombine.restyling.portrait import Actor, Character, character_of
from trombine.upscaling.making import check_format
from trombine.upscaling.sheet import centred, fitting, overview
from trombine.weights import Model, loaded, shipped
from trombine.weights.model import find
from trombine.world import STYLES

MODEL: Final = "restyle"
NO_FACE: Final = "no face is seen in some of its frames; they stay as they are"
_FRAME: Final = 0.04  # seconds from one frame to the next, for who follows faces
HOLDS: Final[Mapping[str, type]] = {
    PICTURE: str,
    "from": str,  # a style of the world
    "to": str,  # one too; "" where it is like a picture
    "like": str,
    "whole": bool,
    "strength": float,
    "keep_colours": bool,
    "method": str,
    "clothes": bool,
    "with": str,
    "character": str,  # a file
    "portrait": int,  # its pixels; 0 is none
    "model": str,
    FORMAT: str,
    SHOWS: str,
}
RESULT, GIF, MOSAIC, CHARACTER = "", "gif", "mosaic", "character"
PRODUCTS: Final = (
    Product(shows=GIF, ending=".becomes.gif", format="GIF"),
    Product(shows=MOSAIC, ending=".mosaic.png", format="PNG"),
    Product(shows=CHARACTER, ending=".character.json", format=JSON),
    Product(shows=RESULT),
)
_STEPS: Final = 12  # frames from a picture to what it becomes
_STEP: Final = 80  # milliseconds
_HELD: Final = 1000
_CELL: Final = 360  # pixels of the longer side of a mosaic's pictures


def make(job: Job) -> Output:
    """The picture or film with its faces drawn anew, or as another picture is."""
    film, format = job.source.film, job.options[FORMAT]
    check_format(film, format)
    start = time.perf_counter()
    is_still = film.count == 1 and isinstance(film, Frames)
    like = job.file("like", "made like")
    of_stills = {"--like": like, "--portrait": job.options["portrait"]}
    of_stills |= {"-g": GIF in job.shows, "-m": MOSAIC in job.shows}
    of_stills |= {"--write-character": CHARACTER in job.shows}
    if not is_still and (asked_of := [name for name, asked in of_stills.items() if asked]):
        option = asked_of[0]
        raise InputError(f"is a film, and {option} is for pictures", "leave it out")
    if like:
        return _like(job, like, start)
    asked = _asked(job)
    faces = faces_in(film.first, job.device)
    if is_still:
        check_faces(faces, asked)
    drawing = _Drawing(asked=asked, first=faces)
    if isinstance(film, Video):
        result: Frames | Video = replace(film, work=drawing.frame)
        drawing.frame(film.first)  # which finds the style, and is refused before a file is begun
        drawing.begin()
        drawing.notices += lost_by_video(film, format)
    else:
        result = drawing.film(film, job.tick)
    contents: dict[str, object] = {RESULT: result}
    if GIF in job.shows:
        contents[GIF] = becoming(film.first, result.first)
    if CHARACTER in job.shows and drawing.characters:
        contents[CHARACTER] = drawing.characters[0].as_json()
    if MOSAIC in job.shows:
        others = [] if not asked.knows_styles else asked.net.styles
        others = [name for name in others if name not in (drawing.source, asked.target)]
        every = {asked.target: result.first} | {
            name: restyled(film.first, replace(asked, target=name), faces, drawing.source).image
            for name in others
        }
        contents[MOSAIC] = mosaic(job, film.first, every)
    nets = drawing.nets
    return Output(
        contents=contents,
        model="+".join(dict.fromkeys(net.hash for net in nets)),
        chosen={"from": drawing.source} if drawing.source else {},
        notices=drawing.notices,  # of a video more come with its frames
        nets=(drawing.drawn_by,),
        details=(
            *(net.described for net in nets),
            f"drawn in {time.perf_counter() - start:.2f} s",
        ),
        counts={"faces": len(faces)},
    )


def _like(job: Job, path: Path, start: float) -> Output:
    """The picture in the style of another one."""
    name = job.options["like"]
    first, by, style = job.source.film.first, eye(job.device), load_picture(path)
    asked = LikeAsked(
        style=to_picture(as_seen(style)),
        strength=job.options["strength"],
        keep_colours=job.options["keep_colours"],
    )
    result = restyled_like(first, asked, by).image
    contents: dict[str, object] = {RESULT: Frames(frames=(result,))}
    if GIF in job.shows:
        contents[GIF] = becoming(first, result)
    if MOSAIC in job.shows:
        contents[MOSAIC] = mosaic(job, first, {f"like {shortened(name)}": result}, style)
    return Output(
        contents=contents,
        model=by.hash,
        nets=(by.name,),
        details=(
            f"features of {by.name} ({by.hash})",
            f"drawn in {time.perf_counter() - start:.2f} s",
        ),
    )


def becoming(before: Picture, after: Picture) -> Frames:
    """A film without an end: the picture becomes the other, and is itself again."""
    ends = [np.float32(as_seen(one)) for one in (before, after)]
    shares = (1 - np.cos(np.pi * np.arange(_STEPS + 1) / _STEPS)) / 2
    there = [
        picture_of((ends[0] + s * (ends[1] - ends[0])).round().astype(np.uint8)) for s in shares
    ]
    times = [_HELD, *[_STEP] * (_STEPS - 1), _HELD]
    return Frames(frames=(*there, *there[-2:0:-1]), durations=(*times, *times[-2:0:-1]), loops=0)


def mosaic(
    job: Job, before: Picture, made: Mapping[str, Picture], style: Picture | None = None
) -> Pixels:
    """A sheet of the picture beside what was made of it."""
    shown = {"input": before, **({} if style is None else {"style": style}), **made}
    sizes = [fitting((one.height, one.width), _CELL) for one in shown.values()]
    cell = max(max(sides) for sides in zip(*sizes, strict=True))
    pairs = zip(shown.values(), sizes, strict=True)
    cells = [centred(overview(as_seen(one), size), (cell, cell)) for one, size in pairs]
    title = shortened(job.source.path.name)
    return Sheet(rows=[cells], title=title, column_titles=list(shown)).pixels()


@final
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

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin anew with the first frame; the style stays, once it is known."""
        self.tracker, self.number = Tracker(), 0
        self.actors = dict[int, Actor]()

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
            frames.append(self.frame(frame))
            if tick is not None:
                tick(done, film.count)
        return replace(film, frames=tuple(frames))

    def frame(self, image: Picture) -> Picture:
        """The next frame."""
        faces = self.first if not self.number else faces_in(image, self.asked.device)
        time = self.number * _FRAME
        tracked = self.tracker.update(faces, time)
        self.number += 1
        if not faces and not self.asked.whole:
            if NO_FACE not in self.notices:
                self.notices.append(NO_FACE)
            return image
        self.source = self.source or self.asked.style_of(faces, image)
        people = self.people(image, tracked, time) if self.asked.method == PAINTER else ()
        drawn = restyled(image, self.asked, [one.face for one in tracked], self.source, people)
        self.used |= {net.path.stem: net for net in drawn.nets}
        self.characters = drawn.characters
        self.notices += [text for text in drawn.notices if text not in self.notices]
        return drawn.image

    def people(self, image: Picture, tracked: Sequence[Tracked], time: float) -> list[Character]:
        """Who the faces of a frame are: known ones are followed."""
        picture = samples_of(image.plain.rgb_pixels())
        people = []
        for one in tracked:
            if actor := self.actors.get(one.number):
                people.append(actor.step(picture, one.face, self.source, time))
            else:
                people.append(character_of(picture, one.face, self.source))
                self.actors[one.number] = Actor(people[-1], time)
        return people


def _asked(job: Job) -> Restyling:
    path = job.file("model", known=shipped()) or shipped()[job.options["model"]]
    character = job.file("character", "drawn as")
    return Restyling.of(path, job.options, job.device, character)


def check_faces(faces: Sequence[Face], asked: Restyling) -> None:
    """Refuse a picture of which nothing would be drawn."""
    if not faces and not asked.whole:
        cure = "if it lies on its side, turn it; --whole draws all of it anew"
        raise InputError("shows no face", cure)


def model_of(model: str | Path) -> Path:
    """The file of the model that is named, which must be one that restyles."""
    with about(model):
        path = find(model)
    if (task := loaded(path).card.task) not in ("restyle", "restore"):
        raise InputError(f"is for {task}, not for restyling", path=model)
    return path


def target_for(
    options: Options, source: Path, model: Path, like: Path | None, character: Path | None
) -> Target:
    """What is asked for a picture: the options, the picture that it is to be like, the character,
    and the model's file where it is not shipped."""
    is_shipped = shipped().get(model.stem) == model
    named = model.stem if is_shipped else model
    model_named = None if like else named
    return Target.of(source, options, like=like, character=character, model=model_named)


def equivalent(name: str, recorded: object, target: object) -> bool:
    """Whether a result with the recorded option is as good as one with the target's."""
    if name == "from" and target == AUTO:
        return recorded in (*STYLES, AUTO)
    return recorded == target


RESTYLE: Final = Making(
    verb="restyle",
    holds=HOLDS,
    earlier={"method": NET},
    usual={
        "whole": False,
        "strength": 1.0,
        "keep_colours": False,
        "like": "",
        SHOWS: RESULT,
        "clothes": False,
        "with": "",
        "character": "",
        "portrait": 0,
    },
    make=make,
    products=PRODUCTS,
    needs=("torch", "scipy"),
    films=True,
    equivalent=equivalent,
)
