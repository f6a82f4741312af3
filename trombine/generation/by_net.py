"""The picture of a seed by a net.

Each picture is computed by itself, on one thread, so that sums have one order: then the bytes are
the same alone and among others, however many threads work. A seed draws a person of the world, in
seeds that no training and no protocol has, and a vector: in every style the same. A face that does
not show what is asked for, by the reader, is drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float64

from trombine.core.computing import computing
from trombine.core.conventions import to_picture, to_pixels
from trombine.core.devices import CPU
from trombine.core.errors import InputError, about
from trombine.core.rng import Rng
from trombine.data.source import parse
from trombine.generation import REDRAWN, REDRAWN_FROM
from trombine.generation.asking import TIMES, apart, check_told, freed, merged
from trombine.generation.looking import looked_at, numbers, readable, redrawer, redrawn
from trombine.generation.painting import PEOPLE, Pixels
from trombine.io.image import picture_of
from trombine.models import loaded, read_card
from trombine.models.model import find, shipped
from trombine.nets.inventor import fields_of
from trombine.superres.pictures import How, enlarged_image
from trombine.superres.pipelines import plan_pipeline, resolve
from trombine.world import face

GUIDANCE: Final = 2.0  # how much more than usual a face is to be as it is asked for
TRIES: Final = 8  # how often a face is drawn again, at most, that does not show what is asked
NEAR: Final = 0.2  # of a field's range: what is read is what was asked
ANEW: Final = 0.2  # how much of the vector each of the later tries draws anew
_KEPT: Final = 4_096  # seeds whose place is known
_DRAWN, _PHOTO = "upscale-drawings", "upscale"


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """Where a picture is in the space of a model."""

    vector: Float64[np.ndarray, "latent"]
    fields: Float64[np.ndarray, "f"]  # what the model is told, in their units; NaN is nothing
    base: Float64[np.ndarray, "f"] | None = None  # of that, what guidance adds nothing to


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """The place that is taken for a seed."""

    place: Place
    tries: int  # how often it was drawn again
    lacks: tuple[str, ...]  # fields of which the reader sees something else than was asked


@dataclass(frozen=True, kw_only=True)
class Inventing:
    """What is asked of every picture of a command."""

    path: Path  # of the model
    size: int
    truncation: float
    asked: Mapping[str, float]
    tries: int = TRIES  # how often a face is drawn again, at most
    style: str = ""  # that its pictures are drawn anew in, of REDRAWN
    device: str = CPU

    def __post_init__(self) -> None:
        side = self.side
        if self.style and side > int(redrawer().net.sizes["size"]):
            raise InputError(f"pictures of {side} pixels are too large to be drawn anew")
        if self.size not in (sizes := [side * times for times in TIMES]):
            listed = ", ".join(map(str, sizes))
            raise InputError(f"this model's pictures are of {listed} pixels, not of {self.size}")
        check_told(self.asked, self.told)

    @cached_property
    def model(self) -> Any:
        """The model, loaded once."""
        model = loaded(self.path, task="generate", device=self.device)
        # Channels last: its convolutions of one small picture take .85 of the time.
        model.net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return model

    @property
    def side(self) -> int:
        """Of the model's own pictures, in pixels."""
        return int(self.model.net.sizes["size"])

    @property
    def unenlarged(self) -> Inventing:
        """The same, in the size of the model's own pictures, as the reader looks at them."""
        return replace(self, size=self.side)

    @property
    def told(self) -> tuple[str, ...]:
        """The fields that the model may be told."""
        if "fields" not in self.model.net.optional:
            return ()
        return tuple(field.name for field in fields_of(str(self.model.net.sizes["fields"])))

    def person(self, seed: int) -> dict[str, float]:
        """What the model is told of a seed's face."""
        drawn = face(PEOPLE + seed)
        return merged({name: getattr(drawn, name) for name in self.told}, self.asked)

    def place(self, seed: int) -> Place:
        """Where a seed is."""
        return self.drawn(seed).place

    def drawn(self, seed: int) -> Drawn:
        """The place of a seed, drawn until it shows what is asked; the best of some, if none
        does."""
        if not self.draws_again:
            return Drawn(place=self.at_try(seed, 0), tries=0, lacks=())
        found = self._drawn.get(seed) or self._draw(seed)
        if len(self._drawn) >= _KEPT:
            self._drawn.clear()
        self._drawn[seed] = found
        return found

    @cached_property
    def _drawn(self) -> dict[int, Drawn]:
        """What was taken for the seeds that were looked at last."""
        return {}

    def _draw(self, seed: int) -> Drawn:
        names = [name for name in self.asked if name in readable()]
        own = replace(self.unenlarged, tries=0, style="")
        best, least = None, math.inf
        with computing(1):
            for tries in range(self.tries + 1):
                place = self.at_try(seed, tries)
                read = numbers(looked_at(to_picture(own.pixels_at(place))[None]))
                off = {name: apart(name, self.asked[name], read[name]) for name in names}
                lacks = tuple(name for name in names if off[name] > NEAR)
                if (total := sum(value**2 for value in off.values())) < least:
                    best, least = Drawn(place=place, tries=tries, lacks=lacks), total
                if not lacks:
                    return Drawn(place=place, tries=tries, lacks=())
        assert best is not None
        return best

    @property
    def draws_again(self) -> bool:
        """Whether it is looked whether faces show what is asked."""
        return bool(self.asked and self.tries and "base" in self.model.net.optional)

    def at_try(self, seed: int, number: int) -> Place:
        """Where a seed is as it is drawn first (0), and again: told what is asked more than the
        rest of the person; then of a vector that is further and further from the seed's."""
        length = int(self.model.net.sizes["latent"])
        chance = Rng(seed=0, places=np.array([seed], np.int64))
        vector = chance.normals("invent vectors", (length,))[0]
        person = self.person(seed)
        if not number:
            return Place(vector=vector, fields=np.array([person[name] for name in self.told]))
        if share := min(1.0, ANEW * (number - 1)):
            other = chance.normals(f"invent vectors, try {number}", (length,))[0]
            vector = math.sqrt(1 - share**2) * vector + share * other
        person = freed(person, self.asked)
        return Place(
            vector=vector,
            fields=np.array([person[name] for name in self.told]),
            base=np.array([math.nan if n in self.asked else person[n] for n in self.told]),
        )

    def pixels(self, seed: int) -> Pixels:
        """The picture of a seed."""
        return self.pixels_at(self.place(seed))

    def pixels_at(self, place: Place) -> Pixels:
        """The picture that is at a place."""
        latents = torch.from_numpy(place.vector)[None].float().to(self.device)
        optional = {}
        if self.told:
            optional["fields"] = torch.from_numpy(place.fields)[None].float()
        if self.asked:
            optional["guidance"] = torch.tensor([GUIDANCE])
            if place.base is not None:
                optional["base"] = torch.from_numpy(place.base)[None].float()
        optional = {name: value.to(self.device) for name, value in optional.items()}
        pixels = to_pixels(self.model(self.truncation * latents, **optional)[0].cpu())
        if self.style:
            pixels = redrawn(pixels, self.learned, self.style, self.device)
        return self.sized(pixels)

    def sized(self, pixels: Pixels) -> Pixels:
        """A picture of the model at the size that is asked for."""
        times = self.size // len(pixels)
        if times == 1:
            return pixels
        height, width = pixels.shape[:2]
        nets = resolve(self.enlarger)
        pipeline = plan_pipeline(height, width, times, model=nets, device=self.device)
        return enlarged_image(picture_of(pixels), pipeline, How()).samples

    @property
    def learned(self) -> str:
        """The style of what the model learned from: anime, or photo, as which all else counts."""
        data = self.model.card.data  # others' models need not say
        styles = {style for term in parse(data) for style in term.styles} if data else set()
        return "anime" if styles == {"anime"} else "photo"

    @property
    def enlarger(self) -> str:
        """The shipped family of nets that enlarges the pictures."""
        return _DRAWN if self.style or self.learned == "anime" else _PHOTO

    @property
    def hash(self) -> str:
        """Of the models that make its pictures."""
        return "+".join([self.model.hash, *([redrawer().hash] if self.style else [])])


def found(read: Sequence[Mapping[str, float]]) -> str:
    """What is read of some pictures, in the mean, for people."""
    faces = [each for each in read if each]
    if not faces:
        return "none of these fields is read of them"
    means = {name: sum(each[name] for each in faces) / len(faces) for name in faces[0]}
    words = ", ".join(f"{name} {float(f'{value:.3g}'):g}" for name, value in means.items())
    return f"read of {len(faces)} of {len(read)}, in the mean: {words}"


def model_of(style: str, model: str | Path) -> Path:
    """The file of the model of a style, or of the one that is named."""
    if model:
        with about(model):
            return find(model)
    return shipped()[f"generate-{REDRAWN_FROM if style in REDRAWN else style}"]


def inventing_of(
    style: str,
    model: str | Path,
    size: int | None,
    truncation: float,
    asked: Mapping[str, float],
    device: str = CPU,
) -> Inventing:
    """What makes faces of a style, or by the model that is named; of the net's own size unless one
    is given."""
    path = model_of(style, model)
    return Inventing(
        path=path,
        size=size or int(read_card(path).sizes.get("size", 0)),
        truncation=truncation,
        asked=asked,
        style=style if style in REDRAWN else "",
        device=device,
    )
