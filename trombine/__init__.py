"""trombine repairs, sharpens, invents and restyles pictures of faces, and measures the result.

The verbs are functions of this package; each takes what its request takes (trombine/verbs/):

    import trombine

    trombine.data_world(count=8, size=128, style="photo", output="faces")

Importing trombine loads none of its libraries: a verb loads what it needs when it is called.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own takes longer to import than all the rest here

__version__ = "0.1.0"

if TYPE_CHECKING:
    from trombine.functions import (
        data_fractals,
        data_leaves,
        data_masks,
        data_prepare,
        data_world,
        doctor,
        models_export,
        models_import,
        models_list,
        models_show,
        read,
        replay,
        runs_compare,
        runs_list,
        runs_show,
        sweep,
        train,
        upscale,
    )

__all__ = [
    "__version__",
    "data_fractals",
    "data_leaves",
    "data_masks",
    "data_prepare",
    "data_world",
    "doctor",
    "models_export",
    "models_import",
    "models_list",
    "models_show",
    "read",
    "replay",
    "runs_compare",
    "runs_list",
    "runs_show",
    "sweep",
    "train",
    "upscale",
]


def __getattr__(name: str) -> object:
    """A verb, loaded when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'trombine' has no attribute {name!r}")
    from trombine import functions

    return getattr(functions, name)


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__
