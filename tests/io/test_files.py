"""Files: opened or refused in one line, written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trombine.core.errors import InputError, OutputError
from trombine.io.files import atomic, opened, output_error, write_bytes


def refusal(path: Path) -> str:
    """What is said about a file that cannot be opened."""
    with pytest.raises(InputError) as error, opened(path):
        pass
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Permissions count, even where root runs the tests."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_what_is_no_file_with_something_in_it(tmp_path: Path, public: Path) -> None:
    gone, empty = tmp_path / "gone.png", tmp_path / "empty.png"
    empty.touch()
    assert refusal(gone) == f"{gone}: does not exist; check the name"
    assert "does not exist" in refusal(empty / "inside.png")
    assert "is empty" in refusal(empty)
    assert "is a folder" in refusal(tmp_path)
    odd = tmp_path / "two\nlines 写真.png"
    assert refusal(odd) == f"{tmp_path}/two\\nlines 写真.png: does not exist; check the name"
    path = public / "secret.png"
    path.write_bytes(b"something")
    path.chmod(0o000)
    with as_nobody():
        assert "permission denied" in refusal(path)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "out.png"
    with atomic(path) as part:
        assert part.parent == path.parent and part.suffix == ".png"
        part.write_bytes(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143), ValueError()])
@pytest.mark.parametrize("there", [False, True])
def test_whatever_stops_it_leaves_no_half_file(
    error: BaseException, there: bool, tmp_path: Path
) -> None:
    path = tmp_path / "out.png"
    if there:
        path.write_bytes(b"old")
    with pytest.raises(type(error)), atomic(path) as part:
        part.write_bytes(b"half")
        raise error
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"] * there


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_is_said_in_one_line_and_leaves_nothing(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if call == "write":
        monkeypatch.setattr(Path, "write_bytes", full)
    elif call == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    path = tmp_path / "out.png"
    with pytest.raises(OutputError) as error:
        write_bytes(path, b"something")
    assert str(error.value).startswith(f"{path}: cannot be written, the disk is full;")
    assert not list(tmp_path.iterdir())


def test_a_quota_that_is_used_up_has_the_remedy_of_a_full_disk(tmp_path: Path) -> None:
    error = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    said = str(output_error(tmp_path / "out.png", error))
    assert "the quota is used up; free some space and run the same command again" in said


def test_places_that_cannot_be_written(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody chose the cache's folder: what helps is another one, by its variable."""
    cache = public / "cache"
    cache.mkdir()
    monkeypatch.setenv("TROMBINE_CACHE", str(cache))
    cache.chmod(0o555)
    (public / "file").write_bytes(b"")
    public.chmod(0o555)
    for path, says in [
        (public, "is a folder"),
        (public / "file" / "out.png", "cannot be written"),
        (public / "out.png", "permission denied"),
        (cache / "packs" / "index.json", "set TROMBINE_CACHE to a folder that can"),
        (cache / ("a" * 300), "has too long a name; choose a shorter one"),
        (Path("/dev/null"), "is not an ordinary file"),
    ]:
        with pytest.raises(OutputError) as error, as_nobody():
            write_bytes(path, b"something")
        assert says in str(error.value) and "\n" not in str(error.value)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode), "it is still there"


def test_a_link_is_written_through(tmp_path: Path) -> None:
    link, target = tmp_path / "link.png", tmp_path / "there" / "target.png"
    target.parent.mkdir()
    link.symlink_to(target)
    write_bytes(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"


def test_others_may_read_it_if_the_umask_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "out.png", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.png").stat().st_mode) == 0o640
