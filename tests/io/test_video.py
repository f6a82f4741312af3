"""Films in MP4 and WebM: in and out of `upscale`, frame by frame, with their sound."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

import trombine
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.io.image import Picture, load_picture, picture_of, read_record
from trombine.io.video import Frames, open_video, spread
from trombine.superres import enlarge as enlarging

SIZE = (36, 50)
TIMES = (0, 40, 90, 100, 260, 300, 1000)  # ms
SECOND = 48_000


def plain(colour: tuple[int, int, int], size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.full((*size, 3), colour, np.uint8)


def waves(count: int, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """Frames that differ."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    waves = [np.sin(rows / 5 + at) + np.cos(columns / 7 - at) for at in range(count)]
    return [np.dstack([wave * 50 + 128, wave * 30 + 100, 180 - wave * 40]) for wave in waves]


def film(
    path: Path,
    frames: Sequence[np.ndarray],
    times: Sequence[int] = (),
    *,
    sound: str = "aac",
    pixels: str = "yuv420p",
    matrix: int = 6,
    full: bool = False,
    rotation: int = 0,
    tags: dict[str, str] | None = None,
    codec: str = "",
) -> Path:
    """A film by another program than ours, nearly without loss; 40 ms a frame unless told."""
    webm = path.suffix == ".webm"
    codec = codec or ("libvpx-vp9" if webm else "libx264")
    base = Fraction(1, 1000)
    with av.open(str(path), "w") as out:
        out.metadata.update(tags or {})
        stream: Any = out.add_stream(codec, rate=25, options={"crf": "1"})
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixels
        context = stream.codec_context
        context.time_base, context.colorspace = base, matrix
        context.color_range = 2 if full else 1
        if rotation:
            stream.set_display_rotation(rotation)
        track: Any = out.add_stream("libopus" if webm else sound, rate=SECOND) if sound else None
        if track is not None:
            tone = np.sin(np.arange(SECOND) * 440 * 2 * np.pi / SECOND).astype(np.float32)[None]
            heard = AudioFrame.from_ndarray(tone / 4, format="fltp", layout="mono")
            heard.sample_rate, heard.pts = SECOND, 0
            out.mux(track.encode(heard))
            out.mux(track.encode(None))
        for frame, time in zip(frames, times or range(0, 40 * len(frames), 40), strict=True):
            packed = from_rgb(frame, pixels, matrix, full)
            packed.pts, packed.time_base = time, base
            out.mux(stream.encode(packed))
        out.mux(stream.encode(None))
    return path


def from_rgb(frame: np.ndarray, pixels: str, matrix: int, full: bool) -> VideoFrame:
    """RGB to planes by the standards' own formulas, in floating point."""
    kr, kb = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}[matrix]
    red, green, blue = np.moveaxis(frame / 255, 2, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = [(blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)]
    top = 4 if pixels.endswith("10le") else 1
    offset, of_luma, of_chroma = (0, 255, 255) if full else (16, 219, 224)
    planes = [offset + of_luma * luma, *(128 + of_chroma * part for part in chroma)]
    if "420" in pixels:
        planes[1:] = [plane[::2, ::2] for plane in planes[1:]]
    packed = VideoFrame(frame.shape[1], frame.shape[0], pixels)
    for plane, values in zip(packed.planes, planes, strict=True):
        stored = (values * top).round().astype(np.uint16 if top > 1 else np.uint8)
        row = plane.line_size // stored.itemsize
        padded = np.zeros((stored.shape[0], row), stored.dtype)
        padded[:, : stored.shape[1]] = stored
        plane.update(padded.tobytes())
    return packed


def to_rgb(frame: VideoFrame) -> np.ndarray:
    """What our own results show, by the same formulas: 8 bits, limited, as the frame says."""
    assert frame.format.name == "yuv420p" and frame.color_range == 1
    kr, kb = {1: (0.2126, 0.0722), 6: (0.299, 0.114)}[frame.colorspace]
    values = []
    for plane in frame.planes:
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
        values.append(rows[:, : plane.width].astype(float).mean())
    luma, blue, red = (values[0] - 16) / 219, (values[1] - 128) / 224, (values[2] - 128) / 224
    red, blue = luma + (2 - 2 * kr) * red, luma + (2 - 2 * kb) * blue
    return np.array([red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue]) * 255


def enlarge(film: Path, output: Path, **options: Any) -> Result:
    words: dict[str, Any] = {"model": "upscale-fast", **options}
    return trombine.upscale(film, output=output, **words)


def why(film: Path, output: Path, **options: Any) -> str:
    """Why a film is not enlarged, in one line."""
    with pytest.raises(InputError) as error:
        enlarge(film, output=output, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def times(path: Path) -> list[float]:
    with av.open(str(path)) as opened:
        return [float(frame.time or 0) for frame in opened.decode(video=0)]


def sounds(path: Path) -> list[bytes]:
    with av.open(str(path)) as opened:
        return [bytes(packet) for packet in opened.demux(audio=0) if packet.size]


def size(path: Path) -> tuple[int, int]:
    with av.open(str(path)) as opened:
        return opened.streams.video[0].height, opened.streams.video[0].width


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_a_film_becomes_a_larger_film(tmp_path: Path, ending: str) -> None:
    """A film's frames are each enlarged, at their own times, and its sound is the same bytes."""
    source = film(tmp_path / f"a.{ending}", waves(len(TIMES)), TIMES)
    output = tmp_path / f"b.{ending}"
    assert not enlarge(source, output=output).notices
    assert size(output) == (72, 100)
    assert times(output) == pytest.approx([time / 1000 for time in TIMES], abs=1e-6)
    assert sounds(output) == sounds(source) != []
    with av.open(str(source)) as small, av.open(str(output)) as large:
        for before, after in zip(small.decode(video=0), large.decode(video=0), strict=True):
            shrunk = after.to_ndarray(format="gray").reshape(36, 2, 50, 2).mean((1, 3))
            assert np.abs(shrunk - before.to_ndarray(format="gray")).mean() < 3


@pytest.mark.parametrize(("source", "ending"), [("mp4", "webm"), ("webm", "mp4")])
def test_one_kind_of_film_becomes_another(tmp_path: Path, source: str, ending: str) -> None:
    """MP4 becomes WebM and back; what the other cannot hold of the sound is encoded anew."""
    path = film(tmp_path / f"a.{source}", waves(5))
    output = tmp_path / f"b.{ending}"
    heard = enlarge(path, output=output).notices
    assert times(output) == pytest.approx(times(path), abs=0.001)
    assert bool(sounds(output)) and ("anew as opus" in "".join(heard)) == (ending == "webm")
    assert not list(tmp_path.glob("a.x2*"))


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        ("mp4", {"matrix": 1}),
        ("webm", {"matrix": 6}),
        ("webm", {"matrix": 6, "full": True}),
        ("mp4", {"matrix": 1, "pixels": "yuv444p"}),
        ("webm", {"matrix": 1, "pixels": "yuv420p10le"}),
    ],
    ids=str,
)
def test_colours_stay(tmp_path: Path, kind: dict[str, Any], ending: str) -> None:
    """A film of flat colours has the same colours when large, to two levels of 255."""
    colours = [(200, 40, 30), (20, 180, 60), (40, 60, 220), (128, 128, 128), (250, 250, 20)]
    source = film(tmp_path / "a.mp4", [plain(colour) for colour in colours], sound="", **kind)
    enlarge(source, output=tmp_path / f"b.{ending}")
    with av.open(str(tmp_path / f"b.{ending}")) as opened:
        for colour, frame in zip(colours, opened.decode(video=0), strict=True):
            assert np.abs(to_rgb(frame) - colour).mean() <= 2, colour
            assert frame.colorspace == kind["matrix"], "said, since players guess by the size"


def test_a_film_held_upright_is_upright(tmp_path: Path) -> None:
    """A film that a phone turned a quarter is written as it is shown."""
    ramp = np.repeat(np.arange(50, dtype=np.uint8)[None, :, None] * 5, 36, axis=0).repeat(3, axis=2)
    source = film(tmp_path / "a.mp4", [ramp] * 2, rotation=90, sound="")
    matrix = np.frombuffer(source.read_bytes().split(b"tkhd")[1][40:76], ">i4")
    assert tuple(matrix[:2]) == (0, -65536), "what is right goes up"
    enlarge(source, output=tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as opened:
        frame = next(opened.decode(video=0))
        grey = frame.to_ndarray(format="gray").astype(float)
    assert grey.shape == (100, 72) and frame.rotation == 0
    assert grey[:10].mean() > 200 and grey[-10:].mean() < 50


@pytest.mark.parametrize(("ending", "expected"), [("mp4", (106, 148)), ("webm", (105, 147))])
def test_odd_sizes(tmp_path: Path, ending: str, expected: tuple[int, int]) -> None:
    """Sides of an odd number of pixels are kept in WebM; MP4 repeats the last row and column."""
    source = film(tmp_path / "a.webm", waves(2, (35, 49)), sound="")
    enlarge(source, output=tmp_path / f"b.{ending}", scale=3)
    assert size(tmp_path / f"b.{ending}") == expected


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_the_same_command_again_and_replay(tmp_path: Path, ending: str) -> None:
    """The same command again skips a film that is there, and replay makes its very bytes."""
    source, output = film(tmp_path / "a.mp4", waves(4)), tmp_path / f"b.{ending}"
    enlarge(source, output=output)
    record = read_record(output) or {}
    assert record["files"]["pictures"] == ["a.mp4", hashlib.sha256(source.read_bytes()).hexdigest()]
    assert enlarge(source, output=output).kept == 1
    assert trombine.replay(output).summary == f"{output}: the same bytes"


def test_date_and_place_of_a_film(tmp_path: Path) -> None:
    """When and where a film was taken is kept, unless it is to be dropped."""
    tags = {"creation_time": "2024-05-17T18:30:00.000000Z", "location": "+48.8583+002.2945/"}
    source = film(tmp_path / "a.mp4", waves(2), tags={**tags, "title": "Paris"})
    for strip in (False, True):
        enlarge(source, output=tmp_path / "b.mp4", strip=strip, overwrite=True)
        with av.open(str(tmp_path / "b.mp4")) as opened:
            held = dict(opened.metadata)
        assert ("title" in held) != strip
        assert strip or {name: held[name] for name in tags} == tags
        assert not strip or b"+48.8" not in (tmp_path / "b.mp4").read_bytes()


def test_one_frame_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a film is, few of its frames are in memory."""
    alive: weakref.WeakSet[Picture] = weakref.WeakSet()
    most = 0

    def watched(image: Picture, *_: object, **__: object) -> Picture:
        nonlocal most
        alive.add(image)
        most = max(most, len(alive))
        return picture_of(image.samples.repeat(2, axis=0).repeat(2, axis=1))

    monkeypatch.setattr(enlarging, "enlarged_image", watched)
    source = film(tmp_path / "a.mp4", waves(20))
    enlarge(source, output=tmp_path / "b.mp4")
    assert len(times(tmp_path / "b.mp4")) == 20 and most <= 3


def test_frames_are_spread_over_a_film(tmp_path: Path) -> None:
    still = [plain((20 * n, 90, 90)) for n in range(10)]
    held = Frames(frames=tuple(map(picture_of, still)), durations=(40,) * 10)
    in_file = open_video(film(tmp_path / "a.mp4", still))
    for one in (held, in_file):
        found = [float(frame.samples[..., 0].mean()) for frame in spread(one, 5)]
        np.testing.assert_allclose(found, [0, 40, 80, 120, 160], atol=4)
    assert len(list(spread(in_file, 30))) == 10
    assert len(list(spread(Frames(frames=held.frames[:1]), 5))) == 1


def test_a_stopped_film_leaves_nothing(tmp_path: Path) -> None:
    """Whoever stops a command while it writes a film finds no half of it."""
    source = film(tmp_path / "a.mp4", waves(12))

    def stop(done: float, total: float, what: str) -> None:
        if done / total > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enlarge(source, output=tmp_path / "b.mp4", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_damaged_films_are_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A film that is cut short, of sound alone, or without a frame is skipped in one line."""
    for ending in ("mp4", "webm"):
        whole = film(tmp_path / f"a.{ending}", waves(50)).read_bytes()
        for share in (0.02, 0.5, 0.9):
            cut = tmp_path / f"cut.{ending}"
            cut.write_bytes(whole[: int(len(whole) * share)])
            assert why(cut, output=tmp_path / "b.mp4")
    with av.open(str(tmp_path / "sound.mp4"), "w") as out:
        track: Any = out.add_stream("aac", rate=SECOND)
        heard = AudioFrame.from_ndarray(np.zeros((1, SECOND), np.float32), "fltp", "mono")
        heard.sample_rate = SECOND
        out.mux([*track.encode(heard), *track.encode(None)])
    assert "only sound" in why(tmp_path / "sound.mp4", output=tmp_path / "b.mp4")
    with av.open(str(tmp_path / "none.mp4"), "w") as out:
        stream: Any = out.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 16, 16, "yuv420p"
        out.start_encoding()
    assert why(tmp_path / "none.mp4", output=tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists() and not list(tmp_path.glob(".trombine*"))
    assert capfd.readouterr() == ("", "")


def test_a_film_of_large_frames_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the size that its file says, before a frame is decoded."""
    source = film(tmp_path / "a.mp4", waves(3))
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", "1000")
    monkeypatch.setattr("trombine.io.container.first_frame", lambda _: pytest.fail("decoded"))
    with pytest.raises(InputError, match="has 50 x 36 pixels, more than the 1,000"):
        load_picture(source)
    assert "more than the 1,000" in why(source, output=tmp_path / "b.mp4")
