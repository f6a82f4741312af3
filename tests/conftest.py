"""What every test stands on: annotations checked at run time, a quiet machine, a cache of its own.

The hook comes first, before anything of trombine is imported: under pytest every function of the
package checks its arguments and its result against its annotations, shapes included.
"""

from __future__ import annotations

import importlib.util
import io
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

import checking
import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

# Set before torch, numba or a worker process reads them: tests run beside one another, and keep
# their own cache, so that they neither use nor touch the user's. It outlives a run: compiling the
# painters takes longer than most tests.
SURROUNDINGS = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "TROMBINE_CACHE": str(ROOT / ".pytest_cache" / "trombine"),
}
os.environ.update(SURROUNDINGS)

# Where bytecode is not to be kept, each worker and each command would compile the package anew, and
# pytest write all asserts out again: a third of what collecting takes, a quarter of an upscale.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell that starts a job in the background has it ignore Ctrl-C, and its children inherit that;
# the tests that press it would wait in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests to the front, all others as they were: at the end one worker would wait for
    another."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class KernelFinder(MetaPathFinder):
    """Imports modules named kernel* as they are, past the hook.

    The hook puts its decorator next to the function, below numba's, and numba cannot compile what
    comes out.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        """The plain spec of a kernel module of trombine, None (the next finder's) for others."""
        package, _, name = fullname.rpartition(".")
        if not name.startswith("kernel") or package.partition(".")[0] != "trombine":
            return None
        return PathFinder.find_spec(fullname, path)


checking.install()
sys.meta_path.insert(0, KernelFinder())

# "suite" draws the same examples each time: a failure is the change's. HYPOTHESIS_PROFILE=search
# goes looking for new ones.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, max_examples=40)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def calls_in() -> Callable[[Callable[[], object]], int]:
    """How many functions something calls: what its time grows with, and the same on any machine.

    Tests time nothing: another's work on the same machine would make them fail.
    """

    def count(do: Callable[[], object]) -> int:
        calls = 0

        def note(_frame: object, event: str, _of: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            do()
        finally:
            sys.setprofile(before)
        return calls

    return count


@pytest.fixture
def ours(root: Path) -> Callable[[str, str], Callable[..., None]]:
    """`ours("nets/test_vgg.py", "test_x")`: a test of the suite, to be called where a bug of the
    past is planted again, with its parameters by name."""

    def find(file: str, name: str) -> Callable[..., None]:
        path = root / "tests" / file
        if path not in _LOADED:
            spec = importlib.util.spec_from_file_location(f"planted_{path.stem}", path)
            assert spec is not None and spec.loader is not None
            _LOADED[path] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(_LOADED[path])
        return getattr(_LOADED[path], name)

    return find


_LOADED: dict[Path, ModuleType] = {}
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def no_lines_of_slow_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command says does not depend on how long it takes."""
    monkeypatch.setattr("trombine.terminal.SILENCE", math.inf)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """`command("replay", "a.png", cwd=folder)`: the command as its console entry calls it, but in
    this process, which has torch and kernels loaded; output captured.

    It runs in an empty folder unless told. What is tested of starting and ending itself (what is
    loaded, signals, closed streams) starts Python as users do.
    """
    from trombine.__main__ import main

    def run(*arguments: str | Path, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        words, out, err = [*map(str, arguments)], io.StringIO(), io.StringIO()
        with chdir(cwd), redirect_stdout(out), redirect_stderr(err):
            code = main(words)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    return run
