"""One picture that a program holds, restyled to the same kind of object, without any file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from trombine.batch.making import Options
from trombine.conversion import image_from, like, naming, planes_like, planes_of, singles
from trombine.devices import CPU
from trombine.restyling.drawing import Restyling, faces_in, restyled
from trombine.restyling.making import check_faces, model_of


def restyled_value(value: object, options: Options, model: str | Path, *, device: str = CPU) -> Any:
    """The picture as conversion.py takes and gives it; what is not drawn anew stays as it is."""
    if (several := singles(value)) is not None:
        import torch

        return torch.stack([restyled_value(one, options, model, device=device) for one in several])
    asked = Restyling.of(model_of(model), options, device)
    image = image_from(value)
    with naming(value):
        faces = faces_in(image, device)
        check_faces(faces, asked)
        drawn = restyled(image, asked, faces, asked.style_of(faces))
        if (planes := planes_of(value)) is not None:
            colours, alpha = planes
            colours = colours.copy()
            colours[drawn.where] = drawn.colours
            return planes_like(value, colours, alpha)
        return like(value, replace(drawn.image, profile=image.profile))
