"""How the kernels are compiled, `@kernel`, `@threaded`, `@inner` and `@exact`, and cached.

numba recompiles a cached function when the file it stands in has changed, not when a function
that it calls, in another file, has. So the cache's folder is named by the contents of all kernel
files, and of those that they import: any change begins a new folder. It lies with the other cached
files, so that a package in a folder that can't be written compiles once, too. Where that folder
cannot be used either, each process compiles for itself (files.cache_refusal says why), and nothing
is written elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from numba import njit
from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator

from trombine.io.files import KERNELS, cache_folder

_SETTING: Final = "CACHE_DIR"  # of numba.core.config


class _OurFolder(CompileResultCacheImpl):
    """Where a function's files lie: in our folder; numba would try the package's own after it."""

    _locator_classes = [UserProvidedCacheLocator]  # noqa: RUF012


class _Cache(FunctionCache):
    """numba's cache, except that a file which is torn or cannot be written is done without.

    One process writes at a time: numba numbers a function's files by how many there are, so two
    that add one at once would have the same number for different code.
    """

    _impl_class = _OurFolder

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled before; None where it cannot be read, and then it is removed."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a torn pickle raises anything
            with suppress(OSError), self._alone():
                for path in Path(self.cache_path).glob(f"{self._impl.filename_base}.*nb?"):
                    path.unlink()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, unless the disk refuses."""
        with suppress(OSError), self._alone():
            super().save_overload(sig, data)

    def _alone(self) -> AbstractContextManager[object]:
        return FileLock(Path(self.cache_path) / f"{self._impl.filename_base}.lock")


def sources() -> list[Path]:
    """All that compiled code is made of."""
    package = Path(__file__).parents[1]
    imported = ("world/compiled.py", "metrics/similarity.py")
    return sorted([*package.glob("**/kernel_*.py"), *(package / name for name in imported)])


@cache
def _folder() -> str:
    """The folder for this state of the kernels."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources())).hexdigest()
    return str(cache_folder() / KERNELS / digest[:16])


def _compiled(*, fastmath: bool = True, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: numba's njit with these options, its files in our folder."""

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = njit(fastmath=fastmath, error_model="numpy", **options)(function)
        # numba asks where to keep a function's files when its cache is made; others in this process
        # who use numba keep theirs where they did.
        before = getattr(config, _SETTING)
        setattr(config, _SETTING, _folder())
        try:
            with suppress(RuntimeError):  # the folder cannot be used
                vars(compiled)["_cache"] = _Cache(function)  # as enable_caching does
        finally:
            setattr(config, _SETTING, before)
        return compiled

    return decorate


# fastmath: a sum may be reordered, the same way every time the same machine compiles it. The error
# model leaves out a test at each division.
kernel: Final = _compiled()

# As Python itself would compute it, to the last bit: for orbits, in which a last bit grows.
exact: Final = _compiled(fastmath=False)

# For long loops, which several threads run at a time: without Python's lock.
threaded: Final = _compiled(nogil=True)

# For what is called at every point and makes no array: without counts of references to the arrays
# handed through, which are atomic and took as long as the arithmetic.
inner: Final = _compiled(_nrt=False)
