"""The request shared by all verbs that paint from seeds, its execution, and its replay.

`data world`, `leaves`, `fractals` and `masks` add only their kind. No NumPy at import: a verb
imports this before it has parsed its request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from trombine.events import Event
from trombine.refusal import InputError
from trombine.requests import Integer, Request

if TYPE_CHECKING:
    from trombine.data.made import Maker


@dataclass(frozen=True, kw_only=True)
class PaintRequest(Request):
    """Pictures of seeds, into a folder."""

    count: Annotated[int, Integer(1)]
    """How many pictures."""
    output: Path
    """The folder to write."""
    size: Annotated[int, Integer(16, 2048)] = 128
    """Width and height in pixels."""
    first_seed: Annotated[int, Integer(0)] = 0
    """The seed of the first picture; the others follow it."""
    workers: Annotated[int | None, Integer(1)] = None
    """How many processes paint: by default one for each core where that pays."""
    overwrite: bool = False
    """Make pictures again that are there already."""

    def __post_init__(self) -> None:
        """Refuse seeds out of range."""
        super().__post_init__()
        from trombine.data.made import SEEDS

        last = self.first_seed + self.count - 1
        if last not in SEEDS:
            remedy = "ask for fewer or lower ones"
            raise InputError(f"seeds end at {SEEDS[-1]}, before {last}", remedy)


@dataclass(frozen=True, kw_only=True)
class PackRequest(PaintRequest):
    """Pictures of seeds, into a folder or a pack."""

    output: Path
    """The folder to write, or with --pack the pack."""
    pack: bool = False
    """Write a pack: fewer and larger files, which are faster to read, in place of pictures."""


def paint(request: PaintRequest, kind: str, styles: tuple[str, ...] = ()) -> Iterator[Event]:
    """Make pictures of this kind: those that are asked for and not there."""
    from trombine.data.filling import fill_folder
    from trombine.data.made import Maker
    from trombine.data.packing import write_pack

    write = write_pack if isinstance(request, PackRequest) and request.pack else fill_folder
    yield from write(
        request.output,
        Maker(kind=kind, styles=styles, size=request.size),
        first_seed=request.first_seed,
        count=request.count,
        workers=request.workers,
        overwrite=request.overwrite,
    )


@dataclass(frozen=True)
class SeedRemaker:
    """Makes a file that was painted from a seed again."""

    kind: str

    @property
    def _holds(self) -> dict[str, type]:
        """What its record holds."""
        from trombine.data.made import KINDS

        key = KINDS[self.kind].styles_key
        return {"seed": int, "size": int} | ({key: str} if key else {})

    def remake(self, record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
        """The file that this record is of, made again from the files it was made from, if any."""
        from trombine.data.imagefolder import png
        from trombine.data.made import SEEDS
        from trombine.provenance import check_holds, following

        check_holds(record, self._holds)
        with following():
            seed = record["seed"]
            if seed not in SEEDS:
                raise InputError(f"seeds are 0 to {SEEDS[-1]}, not {seed}")
            maker = self._maker(record["options"])
            return png(maker, seed, maker.again(seed, record["options"], inputs))

    def _maker(self, options: Mapping[str, Any]) -> Maker:
        from trombine.data.made import KINDS, Maker

        kind = KINDS[self.kind]
        # A picture of a pair says its own style; a mask says all the families it was drawn from.
        text = "" if kind.again else options.get(kind.styles_key, "")
        return Maker(kind=self.kind, styles=(text,) if text else (), size=options["size"])
