"""One picture that a program holds, enlarged to the same kind of object, without any file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trombine.devices import CPU
from trombine.io.convert import like, naming, picture_from, planes_like, planes_of, singles
from trombine.io.video import Frames
from trombine.upscaling.making import AUTO, model_for, pipeline_for
from trombine.upscaling.pictures import enlarged_colours, enlarged_image


def enlarged_value(
    value: object,
    enlarge: str,
    model: str | Path,
    *,
    tile: int | None = None,
    threads: int | None = None,
    device: str = CPU,
    best: bool = False,
    sharpness: float = 0.0,
) -> Any:
    """The picture as io/convert.py takes and gives it, `enlarge` as in a record: "x3", "300x200".

    Samples are those that the command writes; floats are not rounded at all.
    """
    options: dict[str, Any] = {"tile": tile, "threads": threads}
    if (several := singles(value)) is not None:
        import torch

        options |= {"device": device, "best": best, "sharpness": sharpness}
        return torch.stack([enlarged_value(one, enlarge, model, **options) for one in several])
    image = picture_from(value)
    with naming(value):
        film = Frames(frames=(image,))
        chosen = model_for(film, enlarge)[0] if model == AUTO else model
        pipeline = pipeline_for(
            film, enlarge, chosen, device=device, best=best, sharpness=sharpness
        )
        if (planes := planes_of(value)) is not None:
            return planes_like(value, *enlarged_colours(*planes, pipeline, **options))
        return like(value, enlarged_image(image, pipeline, **options))
