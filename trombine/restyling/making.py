"""One picture or film restyled as its options say.

How a picture is drawn is in drawing.py; files, records and replay are in batch/making.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, final

from trombine.batch.making import (
    FORMAT,
    PICTURE,
    Job,
    Making,
    Options,
    Output,
    Target,
    name_file,
)
from trombine.codecs import Frames, Video, lost_by_video
from trombine.events import Tick
from trombine.images import Image
from trombine.provenance import shortened
from trombine.reader import Face, Tracker
from trombine.refusal import InputError, about
from trombine.restyling.drawing import AUTO, Restyling, faces_in, restyled
from trombine.upscaling.making import check_format
from trombine.weights import Model, loaded, shipped
from trombine.weights.model import find
from trombine.world import STYLES

MODEL: Final = "restyle"
NO_FACE: Final = "no face is seen in some of its frames; they stay as they are"
_FRAME: Final = 0.04  # seconds from one frame to the next, for who follows faces
HOLDS: Final[Mapping[str, type]] = {
    PICTURE: str,
    "from": str,  # a style of the world
    "to": str,
    "whole": bool,
    "strength": float,
    "keep_colours": bool,
    "model": str,
    FORMAT: str,
}


def make(job: Job) -> Output:
    """The picture or film with its faces drawn anew."""
    film, asked, format = job.source.film, _asked(job), job.options[FORMAT]
    check_format(film, format)
    start = time.perf_counter()
    faces = faces_in(film.first, job.device)
    is_still = film.count == 1 and isinstance(film, Frames)
    if is_still:
        check_faces(faces, asked)
    drawing = _Drawing(asked=asked, first=faces)
    if isinstance(film, Video):
        result: Frames | Video = replace(film, work=drawing.frame)
        drawing.frame(film.first)  # which finds the style, and is refused before a file is begun
        drawing.begin()
    else:
        result = drawing.film(film, job.tick)
    nets = drawing.nets
    return Output(
        contents={"": result},
        model="+".join(dict.fromkeys(net.hash for net in nets)),
        chosen={"from": drawing.source} if drawing.source else {},
        notices=(
            *((NO_FACE,) if drawing.lacks_faces and not asked.whole else ()),
            *(lost_by_video(film, format) if isinstance(film, Video) else ()),
        ),
        nets=(asked.path.stem,),
        details=(
            *(net.described for net in nets),
            f"drawn in {time.perf_counter() - start:.2f} s",
        ),
        counts={"faces": len(faces)},
    )


@final
@dataclass(kw_only=True, eq=False)
class _Drawing:
    """The frames of a film, or a picture, drawn one after the other.

    Each face is followed from frame to frame, and its place steadied; its noise is always the same.
    """

    asked: Restyling
    first: Sequence[Face]  # of the first frame, which is read already
    source: str = ""
    lacks_faces: bool = False
    used: dict[str, Model] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin anew with the first frame; the style stays, once it is known."""
        self.tracker, self.number = Tracker(), 0

    @property
    def nets(self) -> Sequence[Model]:
        """The nets that have worked, the one that draws first."""
        return (self.asked.model, *(self.used[name] for name in sorted(self.used)))

    def film(self, film: Frames, tick: Tick | None) -> Frames:
        """A film that is in memory, or a picture."""
        frames = []
        for done, frame in enumerate(film.frames, 1):
            frames.append(self.frame(frame))
            if tick is not None:
                tick(done, film.count)
        return replace(film, frames=tuple(frames))

    def frame(self, image: Image) -> Image:
        """The next frame."""
        faces = self.first if not self.number else faces_in(image, self.asked.device)
        tracked = self.tracker.update(faces, self.number * _FRAME)
        self.number += 1
        if not faces and not self.asked.whole:
            self.lacks_faces = True
            return image
        self.source = self.source or self.asked.style_of(faces)
        drawn = restyled(image, self.asked, [one.face for one in tracked], self.source)
        self.used |= {net.path.stem: net for net in drawn.nets}
        return drawn.image


def _asked(job: Job) -> Restyling:
    options, name = job.options, job.options["model"]
    path = job.file("model") or shipped().get(name)
    if path is None:
        raise InputError(f"was made by {shortened(name)}, which is not among its inputs")
    return Restyling.of(path, options, job.device)


def check_faces(faces: Sequence[Face], asked: Restyling) -> None:
    """Refuse a picture of which nothing would be drawn."""
    if not faces and not asked.whole:
        raise InputError("shows no face", "give --whole to draw all of it anew")


def model_of(model: str | Path) -> Path:
    """The file of the model that is named, which must be one that restyles."""
    with about(model):
        path = find(model)
    loaded(path, task="restyle")
    return path


def target_for(options: Options, source: Path, model: Path) -> Target:
    """What is asked for a picture: the options, and the model's file where it is not shipped."""
    files: dict[str, Path] = {}
    is_shipped = shipped().get(model.stem) == model
    called = model.stem if is_shipped else name_file(files, model, source, "model")
    return Target(options={**options, "model": called}, files=files)


def equivalent(name: str, recorded: object, target: object) -> bool:
    """Whether a result with the recorded option is as good as one with the target's."""
    if name == "from" and target == AUTO:
        return recorded in STYLES
    return recorded == target


RESTYLE: Final = Making(
    verb="restyle",
    holds=HOLDS,
    usual={"whole": False, "strength": 1.0, "keep_colours": False},
    make=make,
    needs=("torch", "scipy"),
    films=True,
    equivalent=equivalent,
)
