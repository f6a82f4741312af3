"""The shipped nets that enlarge, by what they are called; nothing is loaded for it.

A file NAME-xN enlarges N times; all files of one NAME are a family.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from trombine.core.errors import InputError
from trombine.models.zoo import shipped

_NAME: Final = re.compile(r"(?P<family>.+)-x(?P<factor>[2-9]|[1-9]\d+)")
KEPT: Final = "input"  # in place of a net: the picture as it is, where its size stays
# Two names, and the share of the second.
BLEND: Final = re.compile(r"(?P<first>[\w-]+)\+(?P<second>[\w-]+)\*(?P<share>0?\.\d{1,3})")


def is_shipped(model: str | Path) -> bool:
    """Whether a model is named by what every trombine has, and not by a file."""
    if not isinstance(model, str):
        return False
    pair = BLEND.fullmatch(model)
    names = (pair["first"], pair["second"]) if pair else (model,)
    return all(name == KEPT or name in families() or name in shipped() for name in names)


def named(model: str, factor: int) -> str:
    """The name of the net of a family that enlarges so many times."""
    return f"{model}-x{factor}"


def families() -> dict[str, dict[int, Path]]:
    """The shipped nets that enlarge: of each name, by how many times."""
    nets: dict[str, dict[int, Path]] = {}
    for name, path in shipped().items():
        if match := _NAME.fullmatch(name):
            nets.setdefault(match["family"], {})[int(match["factor"])] = path
    return nets


def no_net(model: str) -> InputError:
    """Why a name that is no file's is none of a net that enlarges."""
    nets = families()
    choices = ", ".join(("auto", *nets))
    full = " or ".join(named(name, factor) for name in list(nets)[:1] for factor in nets[name])
    choice = f"one of: {choices}; or a full name, as {full}, or a .safetensors file or others' .pth"
    hub = "; of the hub's, write hub:OWNER/NAME/FILE" if "/" in model else ""
    problem = f"is neither a shipped model nor a file{hub}"
    return InputError(f"{problem}; to enlarge, choose {choice}", path=model)
