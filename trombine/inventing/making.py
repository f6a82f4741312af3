"""The picture of a seed by a model that invents, its file, and the same bytes again.

Each picture is computed by itself, on one thread, so that sums have one order: then the bytes are
the same alone and among others, however many threads work. A seed draws a person of the world, in
seeds that no training and no protocol has, and a vector: in every style the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import UInt8

from trombine.conventions import to_pixels
from trombine.data.spec import parse
from trombine.draws import Chance
from trombine.images import encode_png
from trombine.inventing.asking import (
    LARGEST,
    TIMES,
    check_told,
    fields_in,
    merged,
    seeds_in,
    spelled,
)
from trombine.nets.inventor import fields_of
from trombine.pages import Sheet
from trombine.provenance import check_holds, digest, following, record
from trombine.refusal import InputError, about
from trombine.upscaling.in_memory import enlarged_value
from trombine.upscaling.running import computing
from trombine.weights import loaded
from trombine.weights.model import ZOO, find, shipped
from trombine.world import face

STYLES: Final = ("anime", "photo")
VERB: Final = "generate"
GUIDANCE: Final = 2.0  # how much more than usual a face is to be as --with says
_PEOPLE: Final = 2_000_000  # the person of seed 0: trainings and protocols have lower ones
_SHOWN: Final = 400  # pictures of a sheet
_ENLARGERS: Final = {"anime": "upscale-drawings", "photo": "upscale"}
_HOLDS: Final = {"size": int, "model": str, "truncation": float}
_MAY: Final = {"with": str, "seeds": str}
Pixels = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, kw_only=True)
class Inventing:
    """What is asked of every picture of a command."""

    path: Path  # of the model
    size: int
    truncation: float
    asked: Mapping[str, float]

    def __post_init__(self) -> None:
        side = int(self.model.net.sizes["size"])
        if self.size not in (sizes := [side * times for times in TIMES]):
            listed = ", ".join(map(str, sizes))
            raise InputError(f"this model's pictures are of {listed} pixels, not of {self.size}")
        check_told(self.asked, self.told)

    @cached_property
    def model(self) -> Any:
        """The model, loaded once."""
        return loaded(self.path, task="generate")

    @property
    def told(self) -> tuple[str, ...]:
        """The fields that the model may be told."""
        if "fields" not in self.model.net.optional:
            return ()
        return tuple(field.name for field in fields_of(str(self.model.net.sizes["fields"])))

    def person(self, seed: int) -> dict[str, float]:
        """What the model is told of a seed's face."""
        drawn = face(_PEOPLE + seed)
        return merged({name: getattr(drawn, name) for name in self.told}, self.asked)

    def pixels(self, seed: int) -> Pixels:
        """The picture of a seed."""
        length = int(self.model.net.sizes["latent"])
        chance = Chance(seed=0, places=np.array([seed], np.int64))
        latents = torch.from_numpy(chance.normals("invent vectors", (length,))).float()
        optional = {}
        if self.told:
            person = self.person(seed)
            optional["fields"] = torch.tensor([[person[name] for name in self.told]])
        if self.asked:
            optional["guidance"] = torch.tensor([GUIDANCE])
        pixels = to_pixels(self.model(self.truncation * latents, **optional)[0])
        times = self.size // len(pixels)
        return pixels if times == 1 else enlarged_value(pixels, f"x{times}", self.enlarger)

    @property
    def enlarger(self) -> str:
        """The shipped family of nets that enlarges the model's pictures."""
        styles = {style for term in parse(self.model.card.data) for style in term.styles}
        return _ENLARGERS["anime" if styles == {"anime"} else "photo"]

    def record(self, seed: int | None = None, *, seeds: str = "") -> dict[str, Any]:
        """What determines the picture of a seed, or the sheet of some."""
        is_shipped = self.path.parent == ZOO
        name = self.path.stem if is_shipped else self.path.name
        options = {"size": self.size, "model": name, "truncation": float(self.truncation)}
        options |= {"with": spelled(self.asked)} if self.asked else {}
        options |= {"seeds": seeds} if seeds else {}
        return record(
            VERB,
            options,
            seed=seed,
            inputs={} if is_shipped else {name: self._digest},
            model=self.model.hash,
            needs=("torch", "numba"),
        )

    @cached_property
    def _digest(self) -> str:
        return digest(self.path)

    def png(self, seed: int) -> bytes:
        """The file of a seed."""
        return encode_png(self.pixels(seed), self.record(seed))

    def sheet(self, seeds: Sequence[int], text: str) -> bytes:
        """The file of a sheet of these seeds, the first of them if there are many; what they are
        asked for stands under it."""
        some = list(seeds)[:_SHOWN]
        columns = int(np.ceil(np.sqrt(len(some))))
        with computing(1):
            pictures = [self.pixels(seed) for seed in some]
        rows = [pictures[start : start + columns] for start in range(0, len(some), columns)]
        note = f"with {spelled(self.asked)}" if self.asked else ""
        title = f"seeds {text}" if len(text) < 40 else f"{len(some)} seeds"
        return encode_png(
            Sheet(rows=rows, title=title, note=note).pixels(), self.record(seeds=text)
        )


def model_of(style: str, model: str | Path) -> Path:
    """The file of the model of a style, or of the one that is named."""
    if model:
        with about(model):
            return find(model)
    name = f"generate-{style}"
    if (path := shipped().get(name)) is None:
        raise InputError(
            f"no model that invents {style} faces comes with this trombine",
            f"train one (trombine train {name}) and give --model runs/{name}",
        )
    return path


def files_of(
    inventing: Inventing, seeds: Sequence[int], threads: int
) -> Iterator[tuple[int, bytes]]:
    """The files of these seeds, in their order, `threads` pictures worked on at a time."""
    with (
        computing(1),
        ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool,
    ):
        ahead = 4 * threads
        for start in range(0, len(seeds), ahead):
            some = seeds[start : start + ahead]
            yield from zip(some, pool.map(inventing.png, some), strict=True)


class Remaker:
    """Makes an invented picture again."""

    def remake(self, record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
        """The file that this record is of."""
        one = "seed" in record
        check_holds(record, {**_HOLDS, **({"seed": int} if one else {"seeds": str})}, _MAY)
        with following():
            options = record["options"]
            if one and record["seed"] > LARGEST:
                raise InputError(f"seeds end at {LARGEST:,}")
            name = options["model"]
            inventing = Inventing(
                path=inputs[name] if name in inputs else model_of(STYLES[0], name),
                size=options["size"],
                truncation=options["truncation"],
                asked=fields_in(options.get("with", "")),
            )
            with computing(1):
                if one:
                    return inventing.png(record["seed"])
                return inventing.sheet(seeds_in(options["seeds"]), options["seeds"])
