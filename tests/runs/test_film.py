"""film.mp4: read back frame by frame."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from trombine.refusal import OutputError
from trombine.runs import film
from trombine.runs.film import LONGEST, RATE, even, held, write_film
from trombine.runs.folder import RunFolder


def plain(grey: int, height: int = 32, width: int = 48) -> np.ndarray:
    return np.full((height, width, 3), grey, np.uint8)


def run_of(path: Path, greys: list[int], height: int = 32, width: int = 48) -> RunFolder:
    folder = RunFolder.create(path, {})
    for number, grey in enumerate(greys):
        folder.write_sample(100 * number, plain(grey, height, width))
    return folder


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def test_samples_come_in_order_and_the_last_one_stays(tmp_path: Path) -> None:
    greys = [20, 120, 220]
    path = write_film(run_of(tmp_path / "run", greys))
    assert path == tmp_path / "run" / "film.mp4"
    assert path is not None
    frames = decoded(path)
    seen = [int(np.median(frame)) for frame in frames]
    expected = [grey for grey in greys for _ in range(12)] + [220] * RATE
    assert len(frames) == len(expected) and frames[0].shape == (32, 48, 3)
    assert np.abs(np.subtract(seen, expected)).max() <= 4
    with av.open(str(path)) as told:
        stream = told.streams.video[0]
        assert (stream.average_rate, stream.codec_context.pix_fmt) == (RATE, "yuv420p")


def test_odd_sizes_are_made_even(tmp_path: Path) -> None:
    path = write_film(run_of(tmp_path / "run", [0, 255], 33, 47))
    assert path is not None and decoded(path)[0].shape == (34, 48, 3)
    odd = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    assert even(odd).shape == (4, 4, 3)
    assert np.array_equal(even(odd)[:3, :3], odd) and np.array_equal(even(odd)[3, 3], odd[2, 2])


@pytest.mark.parametrize("count", [2, 3, 20, 21, 200, 250, 3000])
def test_it_walks_for_about_nine_seconds_at_most(count: int) -> None:
    shown = min(count, LONGEST)
    assert 1 <= held(shown) <= RATE // 2
    assert shown * held(shown) <= LONGEST
    if count > 20:
        assert shown * held(shown) > 0.79 * LONGEST


def test_a_film_is_ten_seconds_at_most(tmp_path: Path) -> None:
    """Its last picture too; one more sample than there is time for."""
    folder = run_of(tmp_path / "run", [n % 200 for n in range(LONGEST + 1)], 16, 16)
    path = write_film(folder)
    assert path is not None and len(decoded(path)) == 10 * RATE


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "run", [10, 200])
    first = write_film(folder)
    assert first is not None
    data = first.read_bytes()
    assert write_film(folder) == first and first.read_bytes() == data
    other = write_film(run_of(tmp_path / "other", [10, 200]))
    assert other is not None and other.read_bytes() == data


def test_one_sample_is_no_film(tmp_path: Path) -> None:
    assert write_film(run_of(tmp_path / "none", [])) is None
    assert write_film(run_of(tmp_path / "one", [9])) is None
    assert not (tmp_path / "one" / "film.mp4").exists()


def test_without_h264_it_is_mpeg4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "_has", lambda name: name == "mpeg4")
    path = write_film(run_of(tmp_path / "run", [20, 220]))
    assert path is not None
    with av.open(str(path)) as told:
        assert told.streams.video[0].codec_context.name == "mpeg4"
    assert abs(int(np.median(decoded(path)[-1])) - 220) <= 4


def test_without_an_encoder_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "ENCODERS", {"no such encoder": {}})
    assert write_film(run_of(tmp_path / "run", [20, 220])) is None


def test_a_full_disk_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(film, "_encode", full)
    folder = run_of(tmp_path / "run", [20, 220])
    with pytest.raises(OutputError, match="the disk is full"):
        write_film(folder)
    assert not folder.film.exists() and not list(folder.path.glob(".trombine-*"))


def test_a_damaged_sample_is_left_out(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "run", [20, 120, 220])
    folder.sample_files()[100].write_bytes(b"\x89PNG\r\n")
    path = write_film(folder)
    assert path is not None and len(decoded(path)) == 24 + RATE
