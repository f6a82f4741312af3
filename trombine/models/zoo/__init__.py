"""The models that come with trombine: one .safetensors file each, found by models/.

How each is made is in recipes.toml.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from trombine.core.errors import InputError

ENDING: Final = ".safetensors"
ZOO: Final = Path(__file__).parent
# Of all of them, as LICENCE.md says at length. Their files say so where painted pictures alone
# taught; the others leave it out, for portraits taught too: works of the United States'
# government, in the public domain.
LICENCE: Final = "MIT"

# Computed in float16, with sums in float32, what these enlarge is off by less than one level of
# 255; upscale-sharp-x4 is by up to 2.5 (docs/log/enlarge.md).
HALF: Final = frozenset(
    (
        *("upscale-x2", "upscale-x4", "upscale-fast-x2", "upscale-clean-x2"),
        *("upscale-drawings-x2", "upscale-drawings-x4", "upscale-wild-x2", "upscale-wild-x4"),
        *("upscale-wild-sharp-x4", "upscale-wild-faces-x4"),
    )
)


def shipped() -> dict[str, Path]:
    """The models that come with trombine, by name."""
    return {path.stem: path for path in sorted(ZOO.glob(f"*{ENDING}"))}


@cache
def recipes() -> dict[str, dict[str, str]]:
    """How each shipped model is made, by name: its commands as `make`, one a line, and as `lost`
    what they do not give again."""
    entries = tomllib.loads((Path(__file__).parent / "recipes.toml").read_text())
    return {
        name: {key: re.sub(r"\\\n *", "", text).strip() for key, text in entry.items()}
        for name, entry in entries.items()
    }


def named(path: Path) -> str | Path:
    """The name of a shipped model's file; any other file as it is."""
    return path.stem if path.parent == ZOO else path


def no_model(name: str) -> InputError:
    """Why a name that is no file's is none of a model."""
    by_name = shipped()
    if "/" in name:
        return InputError("is no file", "of the hub's, write hub:OWNER/NAME/FILE", path=name)
    if members := [known for known in by_name if re.fullmatch(rf"{re.escape(name)}-x\d+", known)]:
        return InputError("is a family of models", f"name {' or '.join(members)}", path=name)
    choices = ", ".join(by_name) or "none yet"
    return InputError(f"is neither a shipped model nor a file; shipped are: {choices}", path=name)
