"""The models that pages offer: shipped ones, and those of runs/.

Only headers of files are read: the server builds no nets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trombine.core.errors import InputError
from trombine.generation import PAINTER
from trombine.generation.asking import TIMES
from trombine.models import Card, read_card
from trombine.models.zoo import no_model, shipped
from trombine.superres.pipelines import is_shipped, no_net
from trombine.world.faces import FIELDS

BEST: Final = "best.safetensors"  # of a run
VARYING: Final = ("diffusion_painter",)  # nets that answer otherwise for another seed
# What a shipped model is for; a family's nets are chosen among by how many times.
_FOR: Final = {
    "inpaint": "faces, and small holes in anything",
    "upscale": "photographs",
    "upscale-fast": "photographs, fast",
    "upscale-drawings": "drawings",
    "upscale-sharp": "photographs, as sharp as it gets",
    "upscale-wild": "damaged photographs",
}
_CALLED: Final = {
    "generate-anime": "anime, by a net",
    "generate-photo": "photographs, by a net",
    "inpaint-diffusion": "faces, another answer for each try",
}
# The styles of the painter.
_PAINTED: Final = {
    "anime": "anime",
    "photo": "photographs",
    "cartoon": "cartoons",
    "sketch": "sketches",
}
_SIZES: Final = (512, 256, 1024, 2048)  # of its pictures, the usual one first
VERBS: Final = {"inpaint": "repair", "generate": "generate", "morph": "generate"}  # tasks of yours
_FIELDS: Final = {field.name: field for field in FIELDS}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model or a style of the painter that a page offers, by the name that a request uses."""

    name: str
    task: str
    about: str
    path: Path | None = None  # None: it ships, and is known by its name
    varies: bool = False
    sizes: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()
    style: str = ""  # of the painter, which a request gives in place of a model's name

    @property
    def told(self) -> dict[str, Any]:
        """The offer as JSON."""
        fields = [vars(_FIELDS[name]) for name in self.fields if name in _FIELDS]
        names = ("name", "task", "about", "varies", "sizes", "style")
        return {**{name: getattr(self, name) for name in names}, "fields": fields}


def offers(runs: Path) -> list[Offer]:
    """Shipped models, then those of a folder of runs."""
    found: dict[tuple[str, str], Offer] = {}
    for offer in (*_shipped(), *_of_runs(runs)):
        found.setdefault((offer.task, offer.name), offer)
    return list(found.values())


def model_named(name: str, verb: str, models: list[Offer]) -> Path | None:
    """The file of a model that a request names; None if it is shipped. An unknown name is refused
    as by the command."""
    for offer in models:
        if offer.path is not None and offer.name == name and offer.task == VERBS.get(verb):
            return offer.path
    if verb == "restyle" and name == PAINTER:
        return None
    if verb == "upscale" and name != "auto" and not is_shipped(name):
        raise no_net(name)
    if verb != "upscale" and name not in shipped():
        raise no_model(name)
    return None


def _shipped() -> Iterator[Offer]:
    for name, about in _FOR.items():
        task = name.partition("-")[0].replace("inpaint", "repair")
        yield Offer(name=name, task=task, about=about)
    painted: dict[str, Any] = {"task": "generate", "sizes": _SIZES, "fields": tuple(_FIELDS)}
    for name, about in _PAINTED.items():
        yield Offer(name=name, about=about, style=name, **painted)
    for name, path in shipped().items():
        if name not in _FOR and (offer := _offer(name, read_card(path), None)):
            yield offer


def _of_runs(runs: Path) -> Iterator[Offer]:
    for path in sorted(runs.glob(f"*/{BEST}")):
        with suppress(InputError):  # no model
            if offer := _offer(path.parent.name, read_card(path), path):
                yield offer


def _offer(name: str, card: Card, path: Path | None) -> Offer | None:
    if card.task not in VERBS.values() or (card.task == "generate" and card.net != "inventor"):
        return None
    side = card.sizes.get("size") if card.task == "generate" else None
    return Offer(
        name=name,
        task=card.task,
        about=f"{name} (yours)" if path else _CALLED.get(name, name),
        path=path,
        varies=card.net in VARYING,
        sizes=tuple(side * times for times in TIMES) if isinstance(side, int) else (),
        fields=tuple(str(card.sizes.get("fields", "")).split("+")),
    )
