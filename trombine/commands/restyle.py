"""`restyle`, `portrait`, `imitate`: pictures in another style. The work on one is in restyling/."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Unpack

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.calls import Files, Recorded
from trombine.core.devices import resolve
from trombine.core.errors import InputError
from trombine.generation import NET, PAINTER
from trombine.generation.asking import fields_in, spelled
from trombine.io.batch import run
from trombine.io.doors import Side
from trombine.models import shipped
from trombine.models.zoo import named
from trombine.restyling.drawing import AUTO, Portrait, Restyling
from trombine.restyling.like import eye
from trombine.restyling.portrait import person_in, read_character
from trombine.restyling.stylize import (
    BECOMES,
    CHARACTER,
    MOSAIC,
    PICTURE,
    draw_portrait,
    imitate_style,
    model_of,
    stylize,
)

_NET: Final = "restyle"

# Options that these commands share.
To = Annotated[
    Literal["photo", "anime", "cartoon", "sketch"],
    Parameter(help="The style: photo, anime, cartoon or sketch.", show_choices=False),
    opt.RECORDED,
]
From = Annotated[
    Literal["auto", "photo", "anime", "cartoon", "sketch"],
    Parameter(
        help="The picture's style; auto: as the reader sees it.",
        group=opt.MORE,
        show_choices=False,
    ),
    opt.RECORDED,
]
Attributes = Annotated[
    str, Parameter(help='Of who is drawn: "glasses, smile=.8, red hair".'), opt.RECORDED
]
Character = Annotated[
    opt.Side, Parameter(help="A character's file: the person to draw instead.", group=opt.MORE)
]
WriteCharacter = Annotated[
    opt.Flag, Parameter(help="Write NAME.character.json too: the person.", group=opt.MORE)
]
Strength = Annotated[
    float,
    opt.limits(0, 1),
    Parameter(help="How much of the drawing to blend in, 0 to 1. [1]"),
    opt.RECORDED,
]
KeepColours = Annotated[opt.Flag, Parameter(help="Keep the colours; draw light, dark and lines.")]
Gif = Annotated[
    opt.Flag, Parameter(alias="-g", help="Write NAME.becomes.gif too: the picture changes.")
]
Mosaic = Annotated[opt.Flag, Parameter(alias="-m", help="Write NAME.mosaic.png too: every style.")]


@opt.verb
def restyle(
    pictures: opt.Pictures,
    *,
    to: To,
    output: opt.Output = None,
    attributes: Attributes = "",
    clothes: opt.Flag = False,
    full_image: opt.Flag = False,
    strength: Strength = 1.0,
    keep_colours: KeepColours = False,
    gif: Gif = False,
    mosaic: Mosaic = False,
    from_: From = AUTO,
    character: Character = None,
    write_character: WriteCharacter = False,
    model: Annotated[
        str | Path,
        Parameter(group=opt.MORE),
        Recorded(lambda name: name == PAINTER or name in shipped()),
    ] = PAINTER,
    progress: opt.Progress = None,
    **files: Unpack[opt.FileOptions],
) -> Any:
    """Draw the faces of pictures and films in another style.

    For example:
      trombine restyle photo.jpg --to anime -o anime.png
      trombine restyle holiday --to cartoon --full-image -o cartoons

    Parameters
    ----------
    clothes
        Draw clothes, too.
    full_image
        Draw the whole picture, not only its faces.
    model
        painter, or a net, softer, of any face: restyle, a file. [painter]
    """
    changes, by_painter = fields_in(attributes), model == PAINTER
    of_painter = {
        "--attributes": attributes,
        "--clothes": clothes,
        "--character": character is not None,
        "--write-character": write_character,
    }
    if not by_painter and (given := [name for name, is_given in of_painter.items() if is_given]):
        raise InputError(f"{given[0]} is for the painter", "leave it or --model out")
    path = model_of(_NET if by_painter else model)
    asked = Restyling(
        path=path,
        source=from_,
        target=to,
        whole=full_image,
        strength=strength,
        keep_colours=keep_colours,
        method=PAINTER if by_painter else NET,
        clothes=clothes,
        changes=changes,
        device=resolve(Files(**files).device),
    )
    return run(
        partial(stylize, asked=asked),
        wanted=_wanted(gif=gif, mosaic=mosaic, character=write_character),
        sides=[_character(character)],
        chosen={
            "attributes": spelled(changes),
            "model": PAINTER if by_painter else named(path),
        },
        beside=".restyle",
        films=True,
    )


@opt.verb
def portrait(
    pictures: opt.Pictures,
    *,
    to: To,
    output: opt.Output = None,
    size: Annotated[int, opt.limits(16, 2048), opt.WHOLE, opt.RECORDED] = 512,
    attributes: Attributes = "",
    mosaic: Mosaic = False,
    from_: From = AUTO,
    character: Character = None,
    write_character: WriteCharacter = False,
    progress: opt.Progress = None,
    **files: Unpack[opt.FileOptions],
) -> Any:
    """Draw the person of the largest face, alone, in a style.

    For example:
      trombine portrait photo.jpg --to anime -o anime.png
      trombine portrait photo.jpg --to cartoon --attributes "glasses" -o cartoon.png

    Parameters
    ----------
    size
        Pixels a side, 16 to 2048. [512]
    """
    changes = fields_in(attributes)
    device = resolve(Files(**files).device)
    asked = Portrait(target=to, size=size, source=from_, changes=changes, device=device)
    return run(
        partial(draw_portrait, asked=asked),
        wanted=_wanted(mosaic=mosaic, character=write_character),
        sides=[_character(character)],
        chosen={"attributes": spelled(changes)},
        beside=".portrait",
    )


@opt.verb
def imitate(
    pictures: opt.Pictures,
    *,
    style_image: opt.Side,
    output: opt.Output = None,
    strength: Strength = 1.0,
    keep_colours: KeepColours = False,
    gif: Gif = False,
    mosaic: Mosaic = False,
    progress: opt.Progress = None,
    **files: Unpack[opt.FileOptions],
) -> Any:
    """Draw pictures in the style of another picture (style transfer).

    For example:
      trombine imitate photo.jpg --style-image painting.jpg -o painted.png

    Parameters
    ----------
    style_image
        The picture whose strokes and colours to take.
    """
    device = resolve(Files(**files).device)
    options = {"strength": strength, "keep_colours": keep_colours}
    return run(
        partial(imitate_style, by=eye(device), **options),
        wanted=_wanted(gif=gif, mosaic=mosaic),
        sides=[Side(option="style_image", value=style_image, is_common=True)],
        beside=".imitate",
    )


def _wanted(*, mosaic: bool, gif: bool = False, character: bool = False) -> list[str]:
    outputs = {PICTURE: True, BECOMES: gif, MOSAIC: mosaic, CHARACTER: character}
    return [name for name, is_wanted in outputs.items() if is_wanted]


def _character(value: Any) -> Side:
    reading = {"read": read_character, "take": person_in}
    return Side(option="character", value=value, is_common=True, **reading)
