"""trombine repairs, sharpens, draws and generates pictures of faces, and measures the result.

The commands are functions of this package (verbs/): `trombine upscale` is `trombine.upscale`, and
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
    from trombine.verbs.audit import data_audit as data_audit
    from trombine.verbs.compare import judge_compare as judge_compare
    from trombine.verbs.doctor import doctor as doctor
    from trombine.verbs.fidelity import judge_fidelity as judge_fidelity
    from trombine.verbs.generate import generate as generate
    from trombine.verbs.generated import data_generated as data_generated
    from trombine.verbs.inpaint import inpaint as inpaint
    from trombine.verbs.judge import judge_originality as judge_originality
    from trombine.verbs.judge import judge_restoration as judge_restoration
    from trombine.verbs.likenesses import data_likenesses as data_likenesses
    from trombine.verbs.microscope import microscope as microscope
    from trombine.verbs.models import models_blend as models_blend
    from trombine.verbs.models import models_export as models_export
    from trombine.verbs.models import models_import as models_import
    from trombine.verbs.models import models_list as models_list
    from trombine.verbs.models import models_show as models_show
    from trombine.verbs.morph import morph as morph
    from trombine.verbs.paint import data_fractals as data_fractals
    from trombine.verbs.paint import data_leaves as data_leaves
    from trombine.verbs.paint import data_masks as data_masks
    from trombine.verbs.paint import data_world as data_world
    from trombine.verbs.people import judge_people_make as judge_people_make
    from trombine.verbs.people import judge_people_score as judge_people_score
    from trombine.verbs.prepare import data_prepare as data_prepare
    from trombine.verbs.read import read as read
    from trombine.verbs.replay import replay as replay
    from trombine.verbs.restyle import restyle as restyle
    from trombine.verbs.runs import runs_list as runs_list
    from trombine.verbs.runs import runs_show as runs_show
    from trombine.verbs.sweep import sweep as sweep
    from trombine.verbs.train import train as train
    from trombine.verbs.upscale import upscale as upscale

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
