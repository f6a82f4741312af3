"""The console entry: what is set before anything is loaded, and how a command ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trombine.__main__ import is_for_people, main
from trombine.refusal import InputError

POLICY = """
import os, sys
from trombine.__main__ import main
main(["--version"])
assert "torch" not in sys.modules and "numba" not in sys.modules
print(os.environ["OMP_WAIT_POLICY"])
"""


@pytest.mark.parametrize(("before", "after"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_idle_threads_sleep_unless_told_otherwise(before: str | None, after: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": before} if before else {}
    done = subprocess.run(
        [sys.executable, "-c", POLICY], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == after


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InputError("is empty", "copy it again", path="a.png"), True),
        (InputError("a picture is float32"), True),
        (OSError(28, "No space left on device"), True),
        (KeyError("x"), False),
        (AssertionError(), False),
    ],
)
def test_faults_keep_their_traceback(error: Exception, expected: bool) -> None:
    assert is_for_people(error) == expected


def ends_with(error: BaseException, patch: pytest.MonkeyPatch) -> int:
    """How a command ends that raises this."""

    def fail(_: object) -> int:
        raise error

    patch.setattr("trombine.cli.run", fail)
    return main(["doctor"])


def test_an_error_for_people_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(InputError("two\nlines"), monkeypatch) == 2
    assert capsys.readouterr().err == "trombine: two lines\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "no space left on device"),
        (PermissionError(13, "Permission denied", "a\nb"), "a\\nb: permission denied"),
        (OSError("odd"), "odd"),
    ],
)
def test_an_error_of_the_system_names_the_file(
    error: Exception,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends_with(error, monkeypatch) == 2
    assert capsys.readouterr().err == f"trombine: {said}\n"


def test_a_fault_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        ends_with(ZeroDivisionError(), monkeypatch)


def test_ctrl_c_gets_a_line_and_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(KeyboardInterrupt(), monkeypatch) == 130
    assert "stopped" in capsys.readouterr().err


def test_sigterm_gets_the_same_line_and_143(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_with(KeyboardInterrupt(), monkeypatch)
    line = capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        ends_with(SystemExit(143), monkeypatch)
    assert left.value.code == 143
    assert capsys.readouterr().err == line
    with pytest.raises(SystemExit):
        ends_with(SystemExit(1), monkeypatch)
    assert not capsys.readouterr().err


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    line = f"set -o pipefail; {sys.executable} -m trombine doctor | head -n 1"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
