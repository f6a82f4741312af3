"""The sizes of a net: whole numbers, numbers, words and switches that say how large it is.

Here is what they may be and how they are checked. Which nets there are is in __init__.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import ClassVar, Final

from torch import nn

from trombine.core.errors import InputError, shortened
from trombine.core.grammar import instead

Size = int | float | str | bool

WIDEST: Final = 4096  # channels: beyond it a typing error, or a file that wants to do harm
# Of whole numbers of these names, in any net that does not limit them otherwise.
USUAL: Final = {
    "levels": range(1, 9),
    "factor": range(1, 9),
    "size": range(16, 1025),
    **dict.fromkeys(("depth", "blocks", "layers", "mapping"), range(1, 257)),
    **dict.fromkeys(("steps", "finish"), range(1, 1001)),
}


class Net(nn.Module):
    """Abstract: a net of NETS, with all its sizes as `build` resolved them.

    It knows nothing of files, training or devices, and draws nothing.
    """

    tasks: ClassVar[tuple[str, ...]] = ()  # what it can do, of models.tasks.TASKS
    # Of sizes: a range of whole numbers other than the usual, or choices.
    limits: ClassVar[Mapping[str, range | tuple[Size, ...]]] = {}
    optional: tuple[str, ...] = ()  # which of a task's optional inputs it takes, by name
    sizes: dict[str, Size]
    factor: int = 1  # what comes out is so many times as high and wide as what goes in

    @property
    def reach(self) -> int | None:
        """How many pixels of what goes in, to each side, a pixel that comes out depends on.

        None where that is all of them, or not known: such a net cannot work in tiles.
        """
        return None


def check_limits(net: type[Net], sizes: Mapping[str, Size]) -> None:
    """Refuse a size out of its range, or a word that is none of its choices."""
    for name, value in sizes.items():
        usual = USUAL.get(name, range(1, WIDEST + 1)) if type(value) is int else (value,)
        allowed = net.limits.get(name, usual)
        if value in allowed:
            continue
        if isinstance(allowed, range):
            said = f"{allowed.start} to {allowed.stop - 1}"
        else:
            said = f"one of {', '.join(map(str, allowed))}"
        raise InputError(f"{name} is {said}, not {shortened(str(value))}")


def defaults_of(net: type[nn.Module]) -> dict[str, Size]:
    """The sizes that a constructor takes, with their defaults."""
    parameters = inspect.signature(net).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}


_KINDS: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def resolved(name: str, defaults: Mapping[str, Size], sizes: Mapping[str, Size]) -> dict[str, Size]:
    """All sizes of the net `name`: those given, each of its default's type, and the defaults."""
    for size, value in sizes.items():
        if size not in defaults:
            raise InputError(f"{name} has no size {shortened(size)}; {instead(size, defaults)}")
        kind = type(defaults[size])
        if type(value) not in ((int, float) if kind is float else (kind,)):  # True is an int too
            problem = f"{size} of {name} is {_KINDS[kind]}, not {shortened(repr(value))}"
            raise InputError(problem)
    # A float may be given as a whole number; the card of the model then still says 1.0.
    try:
        return {size: type(one)(sizes.get(size, one)) for size, one in defaults.items()}
    except OverflowError as error:  # a whole number of hundreds of digits
        raise InputError(f"{name} has a size that is larger than numbers can be") from error
