"""`restyle`: faces of pictures and films drawn in another style.

How one picture is drawn is in restyling/; here is what is asked for and refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from trombine.batch.making import Making
from trombine.batch.requests import PicturesRequest
from trombine.devices import CPU, DEVICES, resolve
from trombine.events import Event
from trombine.inventing import NET, PAINTER
from trombine.refusal import InputError
from trombine.requests import Choice, Integer, Number

STYLES: Final = ("photo", "anime", "cartoon", "sketch")
PORTRAIT: Final = 512  # pixels


@dataclass(frozen=True, kw_only=True)
class RestyleRequest(PicturesRequest):
    """Draw the faces of pictures and films in another style.

    The face world's painter draws the person who looks like each face, with crisp lines at the
    picture's size, and puts the head in its place; clothes and scene stay. The same command again
    does only what is missing.
    """

    output: Path | None = None
    """The file to write, or for several pictures the folder; unless given, photo.restyle.png beside
    photo.png."""
    to: Annotated[str, Choice(("", *STYLES))] = ""
    """How to draw: photo, anime, cartoon or sketch."""
    like: Path | None = None
    """A picture in whose style to draw all of the picture, in place of --to: its colours and its
    strokes; what is where stays."""
    from_: Annotated[str, Choice(("auto", *STYLES))] = "auto"
    """How it is drawn now; auto is what the reader sees, and in doubt a photograph."""
    portrait: bool = False
    """Draw the person of the largest face alone, in a new square picture."""
    size: Annotated[int | None, Integer(16, 2048)] = None
    """Width and height of a --portrait in pixels: 512 unless given."""
    with_: str = ""
    """What to change of who is drawn: "glasses, smile=.8, hair_red=1", of the fields of the world's
    faces."""
    character: Path | None = None
    """A character's file: draw that person, with each face's pose, expression and light."""
    write_character: bool = False
    """Write NAME.character.json beside each output: the person of the largest face, as numbers."""
    clothes: bool = False
    """Draw clothes, too."""
    method: Annotated[str, Choice(("", PAINTER, NET))] = ""
    """painter, or net: a neural net draws what is seen, softer, and knows nothing of who it is. It
    is the net where --model names one, and for faces that the painter cannot draw."""
    whole: bool = False
    """Draw all of the picture anew, not only its faces (--face, as is usual)."""
    strength: Annotated[float, Number(0, 1)] = 1.0
    """How much of what is drawn is blended in, 0 to 1."""
    keep_colours: bool = False
    """Keep the picture's own colours, and draw only light, dark and lines anew."""
    model: str | Path = "restyle"
    """A model that restyles, by name, file or run's folder; also one that learned to draw one kind
    of pictures as another, which knows no names of styles."""
    gif: bool = False
    """Write NAME.becomes.gif beside each output: the picture becomes what was drawn."""
    mosaic: bool = False
    """Write NAME.mosaic.png beside each output: the picture beside it in every style."""
    device: Annotated[str, Choice(DEVICES)] = CPU
    """auto, cpu, cuda or mps: where nets are computed. A graphics card is faster, and its bytes are
    not always those of the processor."""

    def __post_init__(self) -> None:
        """Refuse none and two ways to draw."""
        super().__post_init__()
        if not self.to and self.like is None:
            raise InputError("--to is not said", "give --to anime, say, or --like PICTURE")
        usual = not self.to and self.from_ == "auto" and self.model == "restyle"
        if self.like is not None and (self.whole or not usual or self.of_painter):
            raise InputError(
                "--like draws all of a picture by itself",
                "leave --to, --from, --whole, --model and what the painter is asked out",
            )
        if self.method == PAINTER and self.model != "restyle":
            raise InputError("--model is a net's, and --method painter needs none", "leave one out")
        if self.drawn_by == NET and self.of_painter:
            raise InputError(f"--{self.of_painter[0]} is of the painter", "leave --method net out")
        if self.size is not None and not self.portrait:
            raise InputError("--size is of a --portrait", "add --portrait, or leave --size out")
        if self.portrait and (self.whole or self.keep_colours or self.strength != 1):
            problem = "--portrait is a new picture: there is nothing to blend it with"
            raise InputError(problem, "leave --whole, --keep-colours and --strength out")
        from trombine.inventing.asking import fields_in

        fields_in(self.with_)

    @property
    def drawn_by(self) -> str:
        """What draws faces."""
        return self.method or (PAINTER if self.model == "restyle" else NET)

    @property
    def of_painter(self) -> list[str]:
        """The options that are given and that only the painter knows."""
        asked = {"portrait": self.portrait, "with": self.with_, "character": self.character}
        asked |= {"write-character": self.write_character, "clothes": self.clothes}
        return [name for name, is_asked in asked.items() if is_asked]


def run(request: RestyleRequest) -> Iterator[Event]:
    """Restyle every picture whose output is not there."""
    from trombine.io.image import film_suffix, load_picture, output_suffix
    from trombine.restyling.drawing import Restyling
    from trombine.restyling.making import CHARACTER, GIF, MOSAIC, RESULT, model_of, target_for

    path, device, options = model_of(request.model), resolve(request.device), _options(request)
    if request.like is not None:
        load_picture(request.like)  # refused before anything is begun
    else:  # which refuses styles that the model does not know, and what is no character
        Restyling.of(path, options, device, request.character)
    wanted = {GIF: request.gif, MOSAIC: request.mosaic, CHARACTER: request.write_character}
    wanted[RESULT] = True
    yield from making().run(
        request,
        lambda source: target_for(options, source, path, request.like, request.character),
        shows=[shows for shows, is_wanted in wanted.items() if is_wanted],
        ending=lambda source: film_suffix(source) or output_suffix(source),
        device=device,
    )


def of_image(image: object, request: RestyleRequest) -> object:
    """A picture that a program holds, restyled, as the same kind; of a path a Pillow image."""
    from trombine.restyling.in_memory import restyled_value

    return restyled_value(
        image,
        _options(request),
        request.model,
        like_picture=request.like,
        character=request.character,
        device=resolve(request.device),
    )


def making() -> Making:
    """How files are restyled, and made again."""
    from trombine.restyling.making import RESTYLE

    return RESTYLE


def _options(request: RestyleRequest) -> dict[str, Any]:
    """The options of a record, but for files."""
    from trombine.inventing.asking import fields_in, spelled

    return {
        "from": request.from_,
        "to": request.to,
        "whole": request.whole,
        "strength": float(request.strength),
        "keep_colours": request.keep_colours,
        "method": NET if request.like else request.drawn_by,
        "clothes": request.clothes,
        "with": spelled(fields_in(request.with_)),
        "portrait": (request.size or PORTRAIT) if request.portrait else 0,
    }
