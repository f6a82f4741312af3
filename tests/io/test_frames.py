"""GIF and WebP films: what is written comes back, and looks so in other programs."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import av
import imagecodecs
import numpy as np
import pytest
from films import save_frames
from PIL import Image, ImageSequence

from trombine.core.errors import InputError
from trombine.io.image import Picture, picture_of, read_record
from trombine.io.video import Frames, encode_frames, read_frames

ADOBE = imagecodecs.cms_profile("adobergb")


def shapes(count: int = 5, channels: int = 3) -> list[np.ndarray]:
    """A square that moves over stripes; with 4 channels the stripes are transparent in part."""
    frames = []
    for index in range(count):
        frame = np.zeros((24, 32, channels), np.uint8)
        frame[:, ::4, 1] = 200
        frame[4:12, 3 + 2 * index : 11 + 2 * index] = (250, 10 * index, 90, 255)[:channels]
        if channels == 4:
            frame[:, ::4, 3] = 255
        frames.append(frame)
    return frames


def pictures(frames: list[np.ndarray]) -> list[Picture]:
    return [picture_of(frame) for frame in frames]


def seen(samples: np.ndarray) -> np.ndarray:
    """RGBA, black where nothing is seen."""
    full = samples if samples.shape[2] == 4 else np.insert(samples, 3, 255, axis=2)
    return np.where(full[..., 3:] > 0, full, 0)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("loops", [0, 1, 7])
@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_a_film_comes_back(tmp_path: Path, ending: str, loops: int, channels: int) -> None:
    durations, record = (40, 50, 60, 70, 80), {"verb": "morph", "options": {}}
    path, frames = tmp_path / f"a{ending}", pictures(shapes(channels=channels))
    save_frames(path, frames, durations, loops=loops, record=record)
    assert read_record(path) == record
    found = read_frames(path)
    assert (found.durations, found.loops) == (durations, loops)
    for ours, theirs in zip(found.frames, frames, strict=True):
        assert np.array_equal(seen(ours.samples), seen(theirs.samples))
    with Image.open(path) as opened:
        for theirs, ours in zip(ImageSequence.Iterator(opened), frames, strict=True):
            assert np.array_equal(seen(np.asarray(theirs.convert("RGBA"))), seen(ours.samples))


def test_ffmpeg_sees_the_same_gif(tmp_path: Path) -> None:
    save_frames(tmp_path / "a.gif", pictures(shapes()), [100] * 5)
    with av.open(str(tmp_path / "a.gif")) as opened:
        frames = [frame.to_ndarray(format="rgb24") for frame in opened.decode(video=0)]
    for ours, theirs in zip(shapes(), frames, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_gif_by_another_program(tmp_path: Path) -> None:
    first, *rest = [Image.fromarray(frame) for frame in shapes()]
    times = [50, 60, 70, 80, 90]
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=times, loop=2)
    found = read_frames(tmp_path / "a.gif")
    assert (found.durations, found.loops) == (tuple(times), 3)
    for ours, theirs in zip(found.frames, shapes(), strict=True):
        assert np.array_equal(ours.samples, theirs)


def test_frames_that_do_not_change_keep_the_time(tmp_path: Path) -> None:
    for ending in (".gif", ".webp"):
        frames = pictures([*[shapes(1)[0]] * 3, shapes(2)[1]])
        save_frames(tmp_path / f"a{ending}", frames, [10, 20, 30, 40])
        assert sum(read_frames(tmp_path / f"a{ending}").durations) == 100


def test_durations_in_tens_do_not_drift(tmp_path: Path) -> None:
    save_frames(tmp_path / "a.gif", pictures(shapes(9)), [33] * 9)
    found = read_frames(tmp_path / "a.gif")
    assert sum(found.durations) == 300
    assert all(abs(duration - 33) <= 10 for duration in found.durations)


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_a_long_film_is_refused_before_a_frame_is_decoded(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_frames(tmp_path / f"a{ending}", pictures(shapes(12)), [10] * 12)
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded"))
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", str(12 * 32 * 24 - 1))
    with pytest.raises(InputError, match="12 frames of 32 x 24 pixels"):
        read_frames(tmp_path / f"a{ending}")


def test_a_film_keeps_its_profile_as_webp_and_becomes_srgb_as_gif() -> None:
    frames = tuple(replace(picture_of(frame), profile=ADOBE) for frame in shapes(2))
    film = Frames(frames=frames, durations=(50, 50))
    with Image.open(io.BytesIO(encode_frames(film, "WEBP"))) as opened:
        assert opened.info["icc_profile"] == ADOBE
        assert np.array_equal(np.asarray(opened.convert("RGB")), shapes(1)[0])
    with Image.open(io.BytesIO(encode_frames(film, "GIF"))) as opened:
        assert np.array_equal(np.asarray(opened.convert("RGB")), frames[0].rgb_pixels())
