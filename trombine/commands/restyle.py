"""`restyle`: faces of pictures and films in another style. The work on one is in restyling/."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.conventions import to_picture
from trombine.core.devices import resolve
from trombine.core.errors import InputError
from trombine.generation import NET, PAINTER
from trombine.generation.asking import fields_in, spelled
from trombine.io.batch import each
from trombine.io.convert import is_held, of_held
from trombine.io.image import as_seen, load_picture
from trombine.models.zoo import named
from trombine.restyling.drawing import AUTO, Restyling
from trombine.restyling.like import LikeAsked, eye, restyled_like
from trombine.restyling.portrait import read_character
from trombine.restyling.stylize import (
    CHARACTER,
    GIF,
    MOSAIC,
    model_of,
    stylize,
    stylize_like,
    stylize_picture,
)

_MODEL: Final = "restyle"
_SIZE: Final = 512  # pixels of a portrait
_HIDDEN_CHOICES: Final = Parameter(show_choices=False)


@opt.verb
def restyle(
    pictures: opt.Pictures,
    *,
    output: opt.Output = None,
    to: Annotated[Literal["photo", "anime", "cartoon", "sketch"] | None, _HIDDEN_CHOICES] = None,
    style_image: Path | None = None,
    portrait: bool = False,
    size: Annotated[int | None, opt.limits(16, 2048), opt.WHOLE] = None,
    attributes: str = "",
    clothes: bool = False,
    full_image: bool = False,
    strength: Annotated[float, opt.limits(0, 1)] = 1.0,
    keep_colours: bool = False,
    gif: Annotated[bool, Parameter(alias="-g")] = False,
    mosaic: Annotated[bool, Parameter(alias="-m")] = False,
    overwrite: opt.Overwrite = False,
    recursive: opt.Recursive = False,
    suffix: opt.Suffix = "",
    format: opt.Format = "",
    quality: opt.Quality = 95,
    strip: opt.Strip = False,
    from_: Annotated[
        Literal["auto", "photo", "anime", "cartoon", "sketch"],
        Parameter(group=opt.MORE, show_choices=False),
    ] = AUTO,
    character: Annotated[Path | None, Parameter(group=opt.MORE)] = None,
    write_character: Annotated[bool, Parameter(group=opt.MORE)] = False,
    method: Annotated[
        Literal["painter", "net"] | None, Parameter(group=opt.MORE, show_choices=False)
    ] = None,
    model: Annotated[str | Path, Parameter(group=opt.MORE)] = _MODEL,
    device: opt.Device = "auto",
    cluster: opt.Cluster = "",
    progress: opt.Progress = None,
) -> Any:
    """Draw the faces of pictures and films in another style.

    For example:
      trombine restyle photo.jpg --to anime -o anime.png
      trombine restyle photo.jpg --to cartoon --portrait --attributes "glasses" \\
        -o cartoon.png

    Parameters
    ----------
    to
        The style: photo, anime, cartoon or sketch.
    style_image
        A picture whose style to take, in place of --to.
    portrait
        Draw the person of the largest face alone.
    size
        Pixels a side of a --portrait, 16 to 2048. [512]
    attributes
        Of who is drawn: "glasses, smile=.8, hair_red=1".
    clothes
        Draw clothes, too.
    full_image
        Draw the whole picture, not only its faces.
    strength
        How much of the drawing to blend in, 0 to 1. [1]
    keep_colours
        Keep the colours; draw light, dark and lines.
    gif
        Write NAME.becomes.gif too: the picture changes.
    mosaic
        Write NAME.mosaic.png too: every style.
    from_
        The picture's style; auto: as the reader sees it.
    character
        A character's file: the person to draw instead.
    write_character
        Write NAME.character.json too: the person.
    method
        painter, or net: softer, of any face. [painter]
    model
        The net that draws, by name or file. [restyle]
    """
    arguments = locals()
    changes = fields_in(attributes)
    arguments |= {"attributes": spelled(changes), "method": NET if method == NET else None}
    by_painter = (method or (PAINTER if model == _MODEL else NET)) == PAINTER
    for_painter = {
        "--portrait": portrait,
        "--attributes": attributes,
        "--clothes": clothes,
        "--character": character,
        "--write-character": write_character,
    }
    given = [name for name, is_given in for_painter.items() if is_given]
    if to is None and style_image is None:
        raise InputError("no style is named", "give --to anime, say, or --style-image PICTURE")
    if style_image and (to or full_image or given or from_ != AUTO or method or model != _MODEL):
        problem = "--style-image sets the style of the whole picture"
        raise InputError(problem, f"leave {', '.join(['--to', *given])} and the like out")
    if method == PAINTER and model != _MODEL:
        raise InputError("--model is for --method net", "leave one out")
    if given and not by_painter:
        raise InputError(f"{given[0]} needs --method painter", "leave one out")
    if size is not None and not portrait:
        raise InputError("--size is for --portrait", "add --portrait, or leave --size out")
    if portrait and (full_image or keep_colours or strength != 1):
        problem = "--portrait makes a new picture, with nothing to blend"
        raise InputError(problem, "leave --full-image, --keep-colours and --strength out")
    wanted = {GIF: gif, MOSAIC: mosaic, CHARACTER: write_character}
    endings = [ending for ending, is_wanted in wanted.items() if is_wanted]
    if style_image:
        by = eye(resolve(device))
        style = to_picture(as_seen(load_picture(style_image)))
        like = LikeAsked(style=style, strength=strength, keep_colours=keep_colours)
        work = partial(stylize_like, asked=like, by=by, endings=endings)
        alone = partial(restyled_like, asked=like, by=by)
    else:
        path = model_of(model)
        arguments["model"] = named(path)
        asked = Restyling(
            path=path,
            source=from_,
            target=to or "",
            whole=full_image,
            strength=strength,
            keep_colours=keep_colours,
            method=PAINTER if by_painter else NET,
            clothes=clothes,
            changes=changes,
            cast=read_character(character) if character else None,
            portrait=(size or _SIZE) if portrait else 0,
            device=resolve(device),
        )
        work = partial(stylize, asked=asked, endings=endings)
        alone = partial(stylize_picture, asked=asked)
    if is_held(pictures):
        return of_held(pictures, alone)
    return each(
        opt.paths_of(pictures),
        work,
        restyle,
        arguments,
        endings=("", *endings),
        beside=".restyle",
        reads=[path for path in (style_image, character) if path],
        films=True,
        cluster=cluster,
        progress=progress,
    )
