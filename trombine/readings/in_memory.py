"""Pictures that a program holds, read: a path, a Pillow image, an array or a tensor."""

from __future__ import annotations

from pathlib import Path

from trombine.io.convert import naming, picture_from, singles
from trombine.readings.making import LARGEST, PictureReading, as_known, read_picture


def read_value(
    image: object, model: str | Path, *, faces: str, enlarge: bool, traits: bool, device: str
) -> PictureReading | list[PictureReading]:
    """What is read of it; of a tensor of several pictures a list. Without `traits` no guesses."""

    def reading_of(one: object) -> PictureReading:
        picture = picture_from(one, first=True)
        with naming(one):
            reading = read_picture(
                picture, model, largest=faces == LARGEST, small=enlarge, device=device
            )
        return reading if traits else as_known(reading)

    several = singles(image)
    return reading_of(image) if several is None else [reading_of(one) for one in several]
