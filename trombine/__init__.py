"""trombine repairs, sharpens, invents and restyles pictures of faces, and measures the result.

The verbs are functions of this package; each takes what its request takes (trombine/verbs/):

    import trombine

    trombine.data_world(count=8, size=128, style="photo", output="faces")

Importing trombine loads none of its libraries: a verb loads what it needs when it is called.
"""

from __future__ import annotations

from trombine.commands import COMMANDS, VERBS

TYPE_CHECKING = False  # typing's own takes longer to import than all the rest here
if TYPE_CHECKING:
    from collections.abc import Callable

    from trombine.batch.result import Result
    from trombine.verbs.replay import replay as replay
    from trombine.verbs.studio import studio as studio
    from trombine.verbs.upscale import upscale as upscale

__version__ = "0.1.0"
# data_world is "data world"
_LINES = {line.replace(" ", "_"): line for line, verb in VERBS.items() if not verb.serves}
_FUNCTIONS = {line.replace(" ", "_"): place for line, (place, _) in COMMANDS.items()}
__all__ = ["__version__", *_LINES, *_FUNCTIONS]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Callable[..., Result]:
    """A verb, loaded when it is first asked for."""
    if name in _FUNCTIONS:
        from importlib import import_module

        module, _, function = _FUNCTIONS[name].partition(":")
        return getattr(import_module(module), function)
    if name not in _LINES:
        raise AttributeError(f"module 'trombine' has no attribute {name!r}")
    from trombine.functions import function

    return function(_LINES[name])


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__
