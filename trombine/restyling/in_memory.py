"""One picture that a program holds, restyled to the same kind of object, without any file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from trombine.batch.making import Options
from trombine.conventions import to_picture
from trombine.devices import CPU
from trombine.io.convert import like, naming, picture_from, planes_like, planes_of, singles
from trombine.io.image import as_seen
from trombine.restyling.drawing import LikeAsked, Restyling, faces_in, restyled, restyled_like
from trombine.restyling.like import eye
from trombine.restyling.making import check_faces, model_of


def restyled_value(
    value: object,
    options: Options,
    model: str | Path,
    *,
    like_picture: Path | None = None,
    character: Path | None = None,
    device: str = CPU,
) -> Any:
    """The picture as io/convert.py takes and gives it; what is not drawn anew stays as it is."""
    if (several := singles(value)) is not None:
        import torch

        more: Any = {"like_picture": like_picture, "character": character, "device": device}
        return torch.stack([restyled_value(one, options, model, **more) for one in several])
    image = picture_from(value)
    with naming(value):
        if like_picture is not None:
            style = to_picture(as_seen(picture_from(like_picture)))
            names = ("strength", "keep_colours")
            wanted = LikeAsked(style=style, **{name: options[name] for name in names})
            drawn = restyled_like(image, wanted, eye(device))
        else:
            asked = Restyling.of(model_of(model), options, device, character)
            faces = faces_in(image, device)
            check_faces(faces, asked)
            drawn = restyled(image, asked, faces, asked.style_of(faces, image))
        if options["portrait"]:
            return like(value, drawn.image)
        if (planes := planes_of(value)) is not None:
            colours, alpha = planes
            colours = colours.copy()
            colours[drawn.where] = drawn.colours
            return planes_like(value, colours, alpha)
        return like(value, replace(drawn.image, profile=image.profile))
