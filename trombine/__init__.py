"""trombine repairs, sharpens, draws and generates pictures of faces, and measures the result.

The commands are functions of this package (commands/): `trombine upscale` is `trombine.upscale`,
`trombine data world` is `trombine.data_world`.

    import trombine

    trombine.upscale("photo.jpg", scale=4, output="large.png")

Importing trombine loads none of its libraries: a function is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trombine.commands import COMMANDS

if TYPE_CHECKING:  # for editors
    from trombine.commands.audit import data_audit as data_audit
    from trombine.commands.doctor import doctor as doctor
    from trombine.commands.generate import generate as generate
    from trombine.commands.inpaint import inpaint as inpaint
    from trombine.commands.judge import judge_compare as judge_compare
    from trombine.commands.judge import judge_fidelity as judge_fidelity
    from trombine.commands.judge import judge_originality as judge_originality
    from trombine.commands.judge import judge_people_make as judge_people_make
    from trombine.commands.judge import judge_people_score as judge_people_score
    from trombine.commands.judge import judge_restoration as judge_restoration
    from trombine.commands.likenesses import data_likenesses as data_likenesses
    from trombine.commands.microscope import microscope as microscope
    from trombine.commands.models import models_blend as models_blend
    from trombine.commands.models import models_export as models_export
    from trombine.commands.models import models_import as models_import
    from trombine.commands.models import models_list as models_list
    from trombine.commands.models import models_show as models_show
    from trombine.commands.morph import morph as morph
    from trombine.commands.paint import data_fractals as data_fractals
    from trombine.commands.paint import data_leaves as data_leaves
    from trombine.commands.paint import data_masks as data_masks
    from trombine.commands.paint import data_world as data_world
    from trombine.commands.prepare import data_prepare as data_prepare
    from trombine.commands.read import read as read
    from trombine.commands.replay import replay as replay
    from trombine.commands.restyle import imitate as imitate
    from trombine.commands.restyle import portrait as portrait
    from trombine.commands.restyle import restyle as restyle
    from trombine.commands.runs import runs_list as runs_list
    from trombine.commands.runs import runs_show as runs_show
    from trombine.commands.train import sweep as sweep
    from trombine.commands.train import train as train
    from trombine.commands.upscale import upscale as upscale

__version__ = "0.1.0"
# All but studio, which is the name of a package, and serves until it is told to end.
_FUNCTIONS = {
    line.replace(" ", "_"): place for line, (place, _) in COMMANDS.items() if line != "studio"
}
__all__ = ["__version__", *_FUNCTIONS]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """A function, loaded when it is first asked for."""
    if name not in _FUNCTIONS:
        raise AttributeError(f"module 'trombine' has no attribute {name!r}")
    module, _, function = _FUNCTIONS[name].partition(":")
    return getattr(import_module(module), function)


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__
