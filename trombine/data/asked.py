"""What every verb that makes pictures of seeds is asked alike: checked, made, made again.

A verb names its kind; here is the rest of `data world`, `leaves`, `fractals` and the like. No
NumPy at import: a verb imports this before it knows what it is asked.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from trombine.events import Event
from trombine.refusal import InputError

if TYPE_CHECKING:
    from trombine.data.made import Maker

_LONGEST_WHY: Final = 200  # letters, of what a record may put into a line


@runtime_checkable  # for the tests' check of annotations
class Asked(Protocol):
    """The fields that the requests of such verbs share."""

    @property
    def count(self) -> int:
        """How many pictures."""
        ...

    @property
    def output(self) -> Path:
        """The folder to write, or with `pack` the pack."""
        ...

    @property
    def size(self) -> int:
        """Width and height in pixels."""
        ...

    @property
    def first_seed(self) -> int:
        """The seed of the first picture; the others follow it."""
        ...

    @property
    def workers(self) -> int | None:
        """How many processes paint; None: as many as there are cores."""
        ...

    @property
    def pack(self) -> bool:
        """Whether a pack is written, not a folder."""
        ...

    @property
    def overwrite(self) -> bool:
        """Whether what is there is made again."""
        ...


def make(request: Asked, kind: str, styles: tuple[str, ...] = ()) -> Generator[Event, None, None]:
    """Make pictures of this kind: those that are asked for and not there."""
    from trombine.data.filling import fill_folder
    from trombine.data.packing import write_pack
    from trombine.data.workers import cores

    _check(request)
    write = write_pack if request.pack else fill_folder
    yield from write(
        request.output,
        _maker(kind, request.size, styles),
        first_seed=request.first_seed,
        count=request.count,
        workers=cores() if request.workers is None else request.workers,
        overwrite=request.overwrite,
    )


def _check(request: Asked) -> None:
    """Refuse numbers that cannot be; a program may have given anything."""
    from trombine.data.made import SEEDS

    check_whole("count", request.count, 1)
    check_whole("size", request.size, 1)
    if request.workers is not None:
        check_whole("workers", request.workers, 1)
    check_whole("first seed", request.first_seed, 0)
    last = request.first_seed + request.count - 1
    if last not in SEEDS:
        raise InputError(f"seeds end at {SEEDS[-1]}, before {last}; ask for fewer or lower ones")
    if not isinstance(request.output, Path):
        raise InputError(f"output is a path, not {request.output!r}")


def _maker(kind: str, size: int, styles: tuple[str, ...]) -> Maker:
    from trombine.data.made import Maker

    try:
        return Maker(kind=kind, styles=styles, size=size)
    except ValueError as error:
        raise InputError(str(error)) from error


def check_whole(what: str, number: object, least: int) -> None:
    """Refuse what is no whole number, or a smaller one."""
    if type(number) is not int or number < least:
        raise InputError(f"{what} is a whole number, {least} or more, not {number!r}")


def remake(record: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
    """The file that this record is of, made again; there are no inputs."""
    from trombine.data.imagefolder import png
    from trombine.data.made import MakeError
    from trombine.refusal import InputError

    try:
        maker, seed = _recorded(record)
        return png(maker, seed, maker.make(seed).sides[0])
    except (LookupError, TypeError, ValueError, MakeError) as error:
        why = str(error)[:_LONGEST_WHY]
        raise InputError(
            f"has a record that none of our pictures has: {why}", "make the picture anew"
        ) from error


def _recorded(record: Mapping[str, Any]) -> tuple[Maker, int]:
    """What a record says was made, and of which seed; an error where it says anything else."""
    from trombine.data.made import KINDS, SEEDS, Maker

    kind, options, seed = record["verb"], record["options"], record["seed"]
    key = KINDS[kind].styles_key
    names = {"size", key} - {""}
    if options.keys() != names:
        raise ValueError(f"its options are {' and '.join(sorted(names))}")
    size, text = options["size"], options.get(key, "")
    if type(seed) is not int or seed not in SEEDS:
        raise ValueError(f"a seed is a whole number of 0 to {SEEDS[-1]}")
    if type(size) is not int or type(text) is not str:
        raise ValueError("a size is a whole number, and a style a text")
    # A picture of a pair says its own style; a mask says all the families it was drawn from.
    styles = (text,) if kind == "world" else tuple(text.split("+")) if text else ()
    return Maker(kind=kind, styles=styles, size=size), seed
