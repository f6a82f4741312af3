"""What the verbs that generate faces are asked alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from trombine.inventing import NET, PAINTER, REDRAWN, STYLES
from trombine.refusal import InputError
from trombine.requests import Choice, Integer, Number, Request

if TYPE_CHECKING:
    from trombine.inventing.making import Inventing, Reads
    from trombine.inventing.painting import Known, Painting


@dataclass(frozen=True, kw_only=True)
class InventRequest(Request):
    """Abstract: which model, told what, how large."""

    style: Annotated[str, Choice((*STYLES, *REDRAWN))] = STYLES[0]
    """How they are drawn: anime or photo; cartoon and sketch are drawn anew, by the net that
    restyles, from the photo."""
    with_: str = ""
    """What is to be of all of them: "age=60, glasses, no hat, smile=.8", of the fields of the
    world's faces; the rest is the seed's."""
    size: Annotated[int | None, Integer(16, 4096)] = None
    """Width and height in pixels: the net's own, 96, unless given; 192 and 384 by the net that
    enlarges."""
    truncation: Annotated[float, Number(0.1, 1)] = 1.0
    """How varied a net's faces are, 0.1 to 1: lower ones are more alike, and fewer are odd."""
    model: str | Path = ""
    """A net that generates, by name, file or run's folder, in place of the style's own."""
    threads: Annotated[int | None, Integer()] = None
    """How many threads work: by default one for each core, and never more. The bytes are the
    same."""
    overwrite: bool = False
    """Make again what is there."""

    def __post_init__(self) -> None:
        """Refuse fields that there are not."""
        super().__post_init__()
        from trombine.inventing.asking import fields_in

        fields_in(self.with_)

    def inventing(self, reads: Reads | None = None) -> Inventing:
        """How its faces are made; `reads` says of each what is read of it."""
        from trombine.inventing.asking import fields_in
        from trombine.inventing.making import Inventing, model_of
        from trombine.weights import read_card

        path = model_of(self.style, self.model)
        size = self.size or int(read_card(path).sizes.get("size", 0))
        asked = fields_in(self.with_)
        return Inventing(
            path=path,
            size=size,
            truncation=self.truncation,
            asked=asked,
            reads=reads,
            style=self.style if self.style in REDRAWN else "",
        )

    @property
    def workers(self) -> int:
        """How many threads work."""
        from trombine.data.workers import cores

        return min(self.threads or cores(), cores())


@dataclass(frozen=True, kw_only=True)
class GeneratingRequest(InventRequest):
    """Abstract: the same, by the painter or by a net."""

    method: Annotated[str, Choice(("", PAINTER, NET))] = ""
    """painter, the procedural painter of the world, or net, a neural network that learned from
    it; painter unless a --model is named."""
    style: Annotated[str, Choice((*STYLES, *REDRAWN))] = STYLES[0]
    """How they are drawn: anime, photo, cartoon or sketch; by a net cartoon and sketch are drawn
    anew, by the net that restyles, from its photo."""
    size: Annotated[int | None, Integer(16, 2048)] = None
    """Width and height in pixels, 16 to 2048: 512 unless given, of walks 256; by a net its own,
    96, or twice and four times that by the net that enlarges."""

    painted_size: ClassVar[int]  # unless one is given

    def __post_init__(self) -> None:
        """Refuse of the painter what nets alone can."""
        super().__post_init__()
        if not self.by_net:
            for option in self.of_nets():
                raise InputError(f"--{option} needs --method net", "add that, or leave it out")

    @property
    def by_net(self) -> bool:
        """Whether a net makes the faces."""
        return self.method == NET or bool(self.model and not self.method)

    def of_nets(self) -> list[str]:
        """The options that are given and that the painter has not."""
        asked = {"model": bool(self.model), "truncation": self.truncation != 1}
        return [name for name, is_asked in asked.items() if is_asked]

    def painting(self, files: Sequence[Known] = ()) -> Painting:
        """How the painter makes its faces, and those of people who are known."""
        from trombine.inventing.asking import fields_in
        from trombine.inventing.painting import Painting

        size = self.size or self.painted_size
        asked = fields_in(self.with_)
        return Painting(size=size, style=self.style, asked=asked, files=files)
