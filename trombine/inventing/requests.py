"""What `data generated` is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trombine.inventing import REDRAWN, STYLES
from trombine.requests import Choice, Integer, Number, Request

if TYPE_CHECKING:
    from trombine.inventing.by_net import Inventing


@dataclass(frozen=True, kw_only=True)
class InventRequest(Request):
    """Abstract: which model, told what, how large."""

    style: Annotated[str, Choice((*STYLES, *REDRAWN))] = STYLES[0]
    """How they are drawn: anime or photo; cartoon and sketch are drawn anew, by the net that
    restyles, from the photo."""
    attributes: str = ""
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

        fields_in(self.attributes)

    def inventing(self) -> Inventing:
        """How its faces are made."""
        from trombine.inventing.asking import fields_in
        from trombine.inventing.by_net import inventing_of

        asked = fields_in(self.attributes)
        return inventing_of(self.style, self.model, self.size, self.truncation, asked)

    @property
    def workers(self) -> int:
        """How many threads work."""
        from trombine.data.workers import cores

        return min(self.threads or cores(), cores())
