"""A few of the damaged files of bench/fuzz.py: read, or refused in one line, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import fuzz
import numpy as np
import pytest
from mutants import mutant, sound_files

from trombine import codecs
from trombine.images import MAX_PIXELS, read, read_frames
from trombine.refusal import InputError

FILES = sound_files()
COUNT = 160
SEED = 7  # not the one that bench/fuzz.py starts at


@pytest.mark.parametrize("name", FILES)
def test_what_is_damaged_was_sound(name: str, tmp_path: Path) -> None:
    """Else nothing would be tested: a file that was never read is refused for that."""
    (tmp_path / "a").write_bytes(FILES[name])
    image = read(tmp_path / "a")
    icon = image.format in ("ICO", "ICNS")  # these have sizes of their own
    assert icon or sorted((image.height, image.width)) == [37, 43]
    assert len(read_frames(tmp_path / "a").frames) == 1 + 3 * ("film" in name) - ("opaque" in name)


def test_every_format_that_is_written_is_damaged() -> None:
    formats = {codecs.decode(data, MAX_PIXELS).format for data in FILES.values()}
    assert formats > set(codecs.FORMATS)
    assert len(formats) > 12


def test_damaged_files_are_read_or_refused_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = []
    for index in range(COUNT):
        name, data = mutant(FILES, SEED, index)
        (tmp_path / "a").write_bytes(data)
        found.append(fuzz.attempt(tmp_path / "a", index, name))
    assert [one for one in found if one.fault or one.seconds > fuzz.SECONDS] == []
    # This process holds much else, and may hold more than that from before.
    assert max(one.megabytes for one in found) - min(one.megabytes for one in found) < fuzz.MEMORY
    assert 10 < sum(one.read for one in found) < COUNT - 10
    assert capfd.readouterr() == ("", "")


def test_damage_is_the_same_each_time_and_of_each_seed_another() -> None:
    same = [mutant(FILES, SEED, index) for index in (3, 4)]
    assert same == [mutant(FILES, SEED, index) for index in (3, 4)]
    assert mutant(FILES, SEED + 1, 3) != same[0]


def test_what_is_wrong_is_seen(tmp_path: Path) -> None:
    """The judge can say no: to a traceback, to two lines, and to a process that ends."""

    def two_lines() -> None:
        raise InputError("is\nbroken", "mend it", path=tmp_path)

    def failing() -> None:
        np.zeros(3)[5]

    assert fuzz.outcome(lambda: None) == (True, "")
    assert "several lines" in fuzz.outcome(two_lines)[1]
    assert "IndexError" in fuzz.outcome(failing)[1]
    assert "line" in fuzz.outcome(failing)[1]
    bad = fuzz.Found(index=0, name="x", fault="ended with -11", megabytes=2000, seconds=99)
    good = fuzz.Found(index=1, name="y", read=True)
    assert [row.name for row in fuzz.rows([bad, good], 2) if not row.ok] == [
        "files read or refused in one line",
        "crashes and hangs",
        "peak memory",
        "slowest file",
    ]
    assert all(row.ok for row in fuzz.rows([good, good], 2))


def test_a_process_that_ends_is_named_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    code = (
        "import json, os, sys; start = int(sys.argv[1]);"
        "[(print(json.dumps('kind')), index == 2 and (sys.stdout.flush(), os.abort()),"
        " print(json.dumps({'index': index, 'name': 'kind', 'read': True})))"
        " for index in range(start, 4)]"
    )

    def started(first_seed: int, index: int, count: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, str(index)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    monkeypatch.setattr(fuzz, "_started", started)
    found = list(fuzz.attempts(0, 4))
    assert [one.index for one in found] == [0, 1, 2, 3]
    assert [bool(one.fault) for one in found] == [False, False, True, False]
    assert found[2].name == "kind"
