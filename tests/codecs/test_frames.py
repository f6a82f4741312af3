"""Films: each frame as other programs compose it, and what is written comes back."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from itertools import pairwise

import av
import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

from trombine import codecs
from trombine.codecs import Frames, gif
from trombine.codecs.gif import GifLayout
from trombine.images import MAX_PIXELS, Image, image_of
from trombine.provenance import record
from trombine.refusal import InputError

RNG = np.random.default_rng(8)
ADOBE = imagecodecs.cms_profile("adobergb")
PALETTE = np.concatenate([RNG.integers(0, 256, (15, 4), np.uint8) | (0, 0, 0, 255)])
CLEAR = np.concatenate([PALETTE, np.zeros((1, 4), np.uint8)]).astype(np.uint8)


def shapes(count: int = 5, channels: int = 3) -> list[np.ndarray]:
    """A square that moves over stripes; with 4 channels the stripes are transparent in part."""
    frames = []
    for index in range(count):
        frame = np.zeros((24, 32, channels), np.uint8)
        frame[:, ::4, 1] = 200
        frame[4:12, 3 + 2 * index : 11 + 2 * index] = (250, 20 * index, 90, 255)[:channels]
        if channels == 4:
            frame[:, ::4, 3] = 255
        frames.append(frame)
    return frames


def film(frames: list[np.ndarray], durations: list[int] | None = None, loops: int = 0) -> Frames:
    times = tuple(durations or [100] * len(frames))
    return Frames(frames=tuple(image_of(f) for f in frames), durations=times, loops=loops)


def patchwork(disposals: tuple[int, ...], clear: bool, seed: int = 0) -> bytes:
    """A GIF whose parts lie anywhere, with the disposals that are named."""
    rng = np.random.default_rng(seed)
    palette = CLEAR if clear else PALETTE.astype(np.uint8)
    parts = []
    for index, disposal in enumerate(disposals):
        top, left = (int(n) for n in rng.integers(0, 8, 2)) if index else (0, 0)
        shape = tuple(rng.integers(3, 9, 2)) if index else (16, 18)
        indices = rng.integers(0, len(palette), shape).astype(np.uint8)
        parts.append(
            gif.packed(indices, palette, left=left, top=top, duration=50, disposal=disposal)
        )
    return gif.assembled(GifLayout(width=18, height=16, parts=tuple(parts), repeats=0))


def by_ffmpeg(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data), "r") as opened:
        return [frame.to_ndarray(format="rgba") for frame in opened.decode(video=0)]


def by_hand(data: bytes) -> list[np.ndarray]:
    """The frames of a lossless WebP film, composed as its container's specification says."""
    canvas, frames, at = np.zeros((24, 32, 4), np.uint8), [], 12
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"ANMF":
            left, top, width, height = (
                int.from_bytes(data[at + 8 + i : at + 11 + i], "little") for i in (0, 3, 6, 9)
            )
            alone, flags = data[at + 24 : at + 8 + length], data[at + 23]
            alone = b"RIFF" + struct.pack("<I", len(alone) + 4) + b"WEBP" + alone
            drawn = imagecodecs.webp_decode(alone, hasalpha=True)
            assert drawn.shape[:2] == (height + 1, width + 1)
            place = canvas[2 * top : 2 * top + height + 1, 2 * left : 2 * left + width + 1]
            where = np.full(drawn.shape[:2], True) if flags & 2 else drawn[..., 3] > 0
            place[where] = drawn[where]  # opacity is all or nothing in these
            frames.append(canvas.copy())
            if flags & 1:
                place[:] = 0
        at += 8 + length + length % 2
    return frames


def seen(frame: Image) -> np.ndarray:
    """RGBA, with what nobody sees made black."""
    alpha = frame.alpha()
    opaque = np.ones((frame.height, frame.width)) if alpha is None else alpha
    whole = np.concatenate([frame.rgb_pixels(), (opaque * 255).astype(np.uint8)[..., None]], axis=2)
    whole[whole[..., 3] == 0] = 0
    return whole


@pytest.mark.parametrize(
    "disposals", [(0, 0, 0), (1, 1, 1, 1), (2, 2, 2), (1, 3, 1, 3, 1), (1, 2, 3, 0, 2, 3, 1)]
)
@pytest.mark.parametrize("clear", [False, True])
def test_a_gif_is_composed_as_ffmpeg_composes_it(disposals: tuple[int, ...], clear: bool) -> None:
    data = patchwork(disposals, clear)
    found = codecs.decode_frames(data, MAX_PIXELS)
    expected = by_ffmpeg(data)
    assert len(found.frames) == len(expected) == len(disposals)
    assert found.durations == (50,) * len(disposals)
    for ours, theirs in zip(found.frames, expected, strict=True):
        theirs[theirs[..., 3] == 0] = 0
        assert np.array_equal(seen(ours), theirs)
    assert any(not np.array_equal(a, b) for a, b in pairwise(expected))


def test_disposals_by_hand() -> None:
    """On a canvas of two pixels: left alone, cleared, and put back."""
    red, green = (np.array([[*colour, 255]], np.uint8) for colour in ((255, 0, 0), (0, 255, 0)))
    one, both = np.zeros((1, 1), np.uint8), np.zeros((1, 2), np.uint8)
    parts = (
        gif.packed(both, red, disposal=1),
        gif.packed(one, green, left=1, disposal=3),
        gif.packed(one, green, disposal=2),
        gif.packed(one, green, left=1),
    )
    data = gif.assembled(GifLayout(width=2, height=1, parts=parts))
    found = [seen(frame)[0].tolist() for frame in codecs.decode_frames(data, MAX_PIXELS).frames]
    r, g, nothing = [255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 0, 0]
    assert found == [[r, r], [r, g], [g, r], [nothing, g]]


@pytest.mark.parametrize("interlace", [0, 1])
def test_a_gif_by_pillow(interlace: int) -> None:
    frames = [Pillow.fromarray(frame) for frame in shapes()]
    out = io.BytesIO()
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], duration=[50, 60, 70, 80, 90],
        loop=2, interlace=interlace,
    )  # fmt: skip
    found = codecs.decode_frames(out.getvalue(), MAX_PIXELS)
    assert (found.durations, found.loops) == ((50, 60, 70, 80, 90), 3)
    for ours, theirs in zip(found.frames, shapes(), strict=True):
        assert np.array_equal(ours.samples, theirs)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("loops", [0, 1, 2, 7])
@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_a_film_comes_back(format: str, loops: int, channels: int) -> None:
    made = record("world", {"size": 9}, seed=1)
    durations = [40, 50, 60, 70, 80]
    whole = film(shapes(channels=channels), durations, loops)
    data = codecs.encode_frames(whole, format, provenance=made)
    assert data == codecs.encode_frames(whole, format, provenance=made)
    assert codecs.record_in(io.BytesIO(data)) == made
    found = codecs.decode_frames(data, MAX_PIXELS)
    assert (found.durations, found.loops) == (whole.durations, loops)
    for ours, theirs in zip(found.frames, whole.frames, strict=True):
        assert ours.mode == theirs.mode
        assert np.array_equal(seen(ours), seen(theirs))


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
@pytest.mark.parametrize("channels", [3, 4])
def test_others_see_the_film_that_was_written(format: str, channels: int) -> None:
    whole = film(shapes(channels=channels))
    data = codecs.encode_frames(whole, format)
    others = by_ffmpeg(data) if format == "GIF" else by_hand(data)
    for ours, theirs in zip(whole.frames, others, strict=True):
        theirs[theirs[..., 3] == 0] = 0
        assert np.array_equal(seen(ours), theirs)


def test_frames_that_do_not_change_stay_frames_in_a_gif() -> None:
    whole = film([shapes(1)[0]] * 3, [10, 20, 30])
    found = codecs.decode_frames(codecs.encode_frames(whole, "GIF"), MAX_PIXELS)
    assert found.durations == (10, 20, 30)
    joined = codecs.decode_frames(codecs.encode_frames(whole, "WEBP"), MAX_PIXELS)
    assert sum(joined.durations) in (0, 60)  # libwebp joins them, to a still here


def test_durations_in_tens_do_not_drift() -> None:
    whole = film(shapes(9), [33] * 9)
    found = codecs.decode_frames(codecs.encode_frames(whole, "GIF"), MAX_PIXELS)
    assert sum(found.durations) == 300
    assert all(abs(duration - 33) <= 10 for duration in found.durations)


def test_a_still_picture_is_one_frame() -> None:
    for format in codecs.FORMATS:
        image = image_of(shapes(1)[0])
        found = codecs.decode_frames(codecs.encode(image, format), MAX_PIXELS)
        assert (len(found.frames), found.durations, found.loops) == (1, (0,), 1)
    one = codecs.encode_frames(film(shapes(1)), "GIF")
    assert len(codecs.decode_frames(one, MAX_PIXELS).frames) == 1


def bomb(count: int, side: int) -> bytes:
    """A small GIF of many frames, each a pixel on a large canvas."""
    pixel = gif.packed(np.zeros((1, 1), np.uint8), PALETTE[:2].astype(np.uint8))
    return gif.assembled(GifLayout(width=side, height=side, parts=(pixel,) * count))


def webp_bomb(count: int) -> bytes:
    """One frame again and again, all on a canvas of 16,383 pixels square."""
    data = codecs.encode_frames(film(shapes(2)), "WEBP")
    at = data.index(b"ANMF")
    length = 8 + struct.unpack_from("<I", data, at + 4)[0]
    body = data[12:at] + data[at : at + length] * count
    body = body.replace(body[12:18], struct.pack("<HBHB", 3000, 0, 3000, 0))
    return data[:4] + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@pytest.mark.parametrize("data", [bomb(10_000, 100), webp_bomb(10_000)])
def test_ten_thousand_frames_are_refused_before_one_is_decoded(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*arguments: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("trombine.codecs.gif.unpacked", decode)
    monkeypatch.setattr("trombine.codecs.frames.WebPImageFile", decode)
    with pytest.raises(InputError, match="has 10,000 frames of") as error:
        codecs.decode_frames(data, MAX_PIXELS)
    assert error.value.remedy == "if you trust it, set TROMBINE_MAX_PIXELS higher"


def test_a_film_cut_short_is_refused() -> None:
    for format in ("GIF", "WEBP"):
        data = codecs.encode_frames(film(shapes()), format)
        with pytest.raises(InputError, match="cut short or damaged"):
            codecs.decode_frames(data[: len(data) * 3 // 4], MAX_PIXELS)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_film_keeps_its_profile_as_webp(channels: int) -> None:
    """As Pillow writes and reads it; the samples stay what they were in it."""
    frames = [Pillow.fromarray(frame) for frame in shapes(channels=channels)]
    out = io.BytesIO()
    frames[0].save(
        out, "WEBP", save_all=True, append_images=frames[1:], duration=50, lossless=True,
        icc_profile=ADOBE,
    )  # fmt: skip
    found = codecs.decode_frames(out.getvalue(), MAX_PIXELS)
    assert [frame.profile for frame in found.frames] == [ADOBE] * 5
    data = codecs.encode_frames(found, "WEBP", provenance=record("world", {}))
    with Pillow.open(io.BytesIO(data)) as opened:
        assert opened.info["icc_profile"] == ADOBE and opened.info["loop"] == 0
    for ours, theirs in zip(by_hand(data), shapes(channels=channels), strict=True):
        opaque = ours[..., 3] > 0
        assert np.array_equal(ours[opaque][:, :3], theirs[opaque][:, :3])


def test_a_profile_that_gif_has_no_place_for_and_frames_that_differ_become_srgb() -> None:
    wide = [replace(image_of(frame), profile=ADOBE) for frame in shapes(2)]
    expected = wide[1].rgb_pixels()
    assert not np.array_equal(expected, wide[1].samples)
    plain = replace(image_of(shapes(1)[0]), profile=None)
    for frames, format in ((wide, "GIF"), ([plain, wide[1]], "WEBP")):
        whole = Frames(frames=tuple(frames), durations=(50, 50))
        found = codecs.decode_frames(codecs.encode_frames(whole, format), MAX_PIXELS)
        assert [frame.profile for frame in found.frames] == [None, None]
        assert np.array_equal(found.frames[1].samples, expected)
