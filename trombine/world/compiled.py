"""How the kernels are compiled: `@kernel`, `@inner` and `@exact`, cached where they can't go stale.

numba recompiles a cached function when the file it stands in has changed, not when a function
that it calls, in another file, has. So the cache's folder is named by the contents of all kernel
files: any change begins a new folder. It lies with the other cached files, so that a package in
a folder that can't be written compiles once, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from numba import njit
from numba.core import config

from trombine.files import cache_folder

_SETTING: Final = "CACHE_DIR"  # of numba.core.config


@cache
def _folder() -> str:
    """The folder for this state of the kernels: those of the world, and those of the data."""
    package = Path(__file__).parents[1]
    sources = sorted([*package.glob("world/*.py"), *package.glob("*/kernel_*.py")])
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    return str(cache_folder() / "kernels" / digest[:16])


def _compiled(*, fastmath: bool = True, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: numba's njit with these options, its files in our folder."""

    def decorate(function: Callable[..., Any]) -> Any:
        # numba asks where to keep a function's files when it is decorated; others in this process
        # who use numba keep theirs where they did.
        before = getattr(config, _SETTING)
        setattr(config, _SETTING, _folder())
        try:
            return njit(fastmath=fastmath, cache=True, error_model="numpy", **options)(function)
        finally:
            setattr(config, _SETTING, before)

    return decorate


# fastmath: a sum may be reordered, the same way every time the same machine compiles it. The error
# model leaves out a test at each division.
kernel: Final = _compiled()

# As Python itself would compute it, to the last bit: for orbits, in which a last bit grows.
exact: Final = _compiled(fastmath=False)

# For what is called at every point and makes no array: without counts of references to the arrays
# handed through, which are atomic and took as long as the arithmetic.
inner: Final = _compiled(_nrt=False)
