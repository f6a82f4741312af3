"""How the kernels are compiled: `@kernel` and `@inner`, cached where they can't go stale.

numba recompiles a cached function when the file it stands in has changed, not when a function
that it calls, in another file, has. So the cache's folder is named by the contents of all kernel
files: any change begins a new folder. It lies with the other cached files, so that a package in
a folder that can't be written compiles once, too.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from numba import njit
from numba.core import config

from trombine.files import cache_folder


def _folder() -> Path:
    """The folder for this state of the kernels."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    return cache_folder() / "kernels" / digest[:16]


setattr(config, "CACHE_DIR", str(_folder()))  # noqa: B010 - numba declares it nowhere

# fastmath: a sum may be reordered, the same way every time the same machine compiles it. The error
# model leaves out a test at each division.
kernel: Final[Any] = njit(fastmath=True, cache=True, error_model="numpy")

# For what is called at every point and makes no array: without counts of references to the arrays
# handed through, which are atomic and took as long as the arithmetic.
_BARE: Final[dict[str, Any]] = {"_nrt": False}  # numba knows the option, its stubs do not
inner: Final[Any] = njit(fastmath=True, cache=True, error_model="numpy", **_BARE)
