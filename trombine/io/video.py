"""Films: GIF and WebP by Pillow, whole in memory; MP4 and WebM by PyAV, a frame at a time.

Frames keep their times, also at a variable rate. Sound is copied without decoding, unless the
format cannot hold it. One thread encodes and no date is written, so the same film gives the same
bytes. The record is the file's comment.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from trombine.core.errors import InputError, said
from trombine.io.container import (
    BT709,
    COMMENT,
    LIMITED,
    MATRICES,
    FrameReader,
    Pixels,
    first_frame,
    format_of,
    graph_of,
    items_of,
    matrix_of,
    open_container,
    picture_stream,
    through,
)
from trombine.io.files import opened
from trombine.io.image import (
    FILM_SUFFIXES,
    Picture,
    as_seen,
    check_pixels,
    comment,
    exif_of,
    fit,
    from_pillow,
    is_video,
    load_picture,
    max_pixels_of,
    open_pillow,
    picture_file,
    to_pillow,
)

Tick = Callable[[int, int], None]

FILMS: Final = tuple(FILM_SUFFIXES.values())
VIDEOS: Final = ("MP4", "WEBM")
_MOST_LOOPS: Final = 65535
# The encoder of a format and its options. Without B-frames and lookahead, times are exactly the
# given ones, and few frames are in memory.
_ENCODERS: Final = {
    "MP4": (
        "libx264",
        {"crf": "18", "x264-params": "threads=1:no-mbtree=1:bframes=0:rc-lookahead=8"},
    ),
    "WEBM": (
        "libvpx-vp9",
        {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "4", "lag-in-frames": "0"},
    ),
}
# The sound codecs that a format holds, and the one that others are encoded as.
_SOUND: Final = {
    "MP4": (("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"), "aac"),
    "WEBM": (("opus", "vorbis"), "libopus"),
}
# bitexact: no date and no version; faststart: it plays while it is downloaded.
_OPTIONS: Final = {
    "MP4": {"fflags": "+bitexact", "movflags": "+faststart+use_metadata_tags"},
    "WEBM": {"fflags": "+bitexact"},
}
# Metadata of the container; ffmpeg writes a location twice.
_NOT_CARRIED: Final = frozenset(
    (
        *("major_brand", "minor_version", "compatible_brands", "encoder", "duration"),
        *("location-eng", COMMENT),
    )
)
_WHOLE: Final = 0.9  # share of the promised frames, below which a film is cut short


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """A film in memory: its frames, all of one size, and their durations."""

    frames: tuple[Picture, ...]
    durations: tuple[int, ...] = (0,)  # milliseconds
    loops: int = 1  # how often it is played; 0: forever

    def __post_init__(self) -> None:
        """Check frames and durations."""
        if not self.frames:
            raise ValueError("a film has one frame or more; there are none")
        if len(self.frames) != len(self.durations):
            raise ValueError(f"{len(self.frames)} frames, but {len(self.durations)} durations")
        if len({frame.samples.shape[:2] for frame in self.frames}) > 1:
            raise ValueError("the frames of a film have one size")

    @property
    def first(self) -> Picture:
        return self.frames[0]

    @property
    def count(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, kw_only=True, eq=False)
class Video:
    """A film in a file; its frames are decoded, processed and written one at a time."""

    path: Path
    first: Picture
    size: tuple[int, int]  # height and width of the processed frames
    count: int  # frames
    sound: tuple[str, ...] = ()  # the codec of each
    more: bool = False  # whether there are subtitles, or further pictures
    metadata: Mapping[str, str] = field(default_factory=dict)  # date, place, camera, title
    work: Callable[[Picture], Picture] | None = None  # processes a frame


def read_film(path: Path, *, films: bool = False) -> tuple[Frames | Video, bool]:
    """The picture in a file, with `films` a film too; and whether it has more pictures than were
    read."""
    if is_video(path):
        video = open_video(path)
        return (video if films else Frames(frames=(video.first,))), not films
    with picture_file(path) as (_, head):
        moves = films and head.frames > 1 and head.format in FILMS
    film = read_frames(path) if moves else Frames(frames=(load_picture(path),))
    return film, head.frames > 1 and not moves


# ---------------------------------------------------------------------------------------------
# GIF and WebP


def read_frames(path: Path | str) -> Frames:
    """The film in a GIF or WebP file, with whole frames; one frame for a still picture.

    The limit of pixels is for all frames together.
    """
    path = Path(path)
    with picture_file(path) as (file, head):
        check_pixels(path, head.height, head.width, head.frames)
        film = open_pillow(file, path)
        if head.frames < 2 or head.format not in FILMS:
            return Frames(frames=(from_pillow(film),))
        frames, durations = [], []
        for index in range(head.frames):
            film.seek(index)
            frames.append(np.array(film.convert("RGBA")))
            durations.append(int(film.info.get("duration", 0)))
        loops = film.info.get("loop")
        if head.format == "GIF" and loops:  # a GIF counts repetitions
            loops += 1
        opaque = all((frame[..., 3] == 255).all() for frame in frames)
        profile = film.info.get("icc_profile") or None
        shown = [np.ascontiguousarray(frame[..., : 3 if opaque else 4]) for frame in frames]
        return Frames(
            frames=tuple(
                Picture(samples=samples, profile=profile, format=head.format) for samples in shown
            ),
            durations=tuple(durations),
            loops=1 if loops is None else min(int(loops), _MOST_LOOPS),
        )


def encode_frames(film: Frames, format: str, *, record: Mapping[str, Any] | None = None) -> bytes:
    """A film as GIF (256 colours a frame, times in 10 ms) or lossless WebP."""
    first, *rest = (_frame(frame, film, format) for frame in film.frames)
    options: dict[str, Any] = {"save_all": True, "append_images": rest}
    if format == "GIF":
        # Ends are rounded, not durations, so that errors do not add up.
        ends = [round(end / 10) for end in accumulate(film.durations)]
        options["duration"] = [
            10 * (end - start) for start, end in zip([0, *ends], ends, strict=False)
        ]
        options["disposal"] = 2 if first.mode == "RGBA" else 1
        options["comment"] = comment(record).encode()
        if film.loops != 1:
            options["loop"] = max(0, film.loops - 1)
    else:
        options |= {"duration": list(film.durations), "loop": film.loops, "lossless": True}
        options |= {"method": 4, "icc_profile": film.first.profile or b""}
        options["exif"] = exif_of(film.first, record).tobytes()
    out = io.BytesIO()
    first.save(out, format, **options)
    return out.getvalue()


def _frame(frame: Picture, film: Frames, format: str) -> Image.Image:
    """A frame in 8 bits: RGBA if any frame of the film has alpha, else RGB."""
    if format == "WEBP" and frame.profile != film.first.profile:  # a film has one profile
        frame = frame.in_srgb()
    image = to_pillow(fit(frame, format))
    opaque = all(one.alpha() is None for one in film.frames)
    return image.convert("RGB" if opaque else "RGBA")


# ---------------------------------------------------------------------------------------------
# MP4 and WebM: reading


def open_video(path: Path) -> Video:
    """Open a film and decode its first frame."""
    with opened(path), open_container(path) as container:
        stream = picture_stream(container)
        check_pixels(path, stream.codec_context.height, stream.codec_context.width)
        first = Picture(samples=first_frame(container), format=format_of(container))
        tags = {
            name: value
            for name, value in container.metadata.items()
            if name.lower() not in _NOT_CARRIED
        }
        return Video(
            path=path,
            first=first,
            size=(first.height, first.width),
            count=_count(container, stream),
            sound=tuple(sound.codec_context.name for sound in container.streams.audio),
            more=len(container.streams.video) > 1 or bool(container.streams.subtitles),
            metadata=tags,
        )


def play(film: Video, tick: Tick | None = None) -> Frames:
    """Process all frames of a film in memory, for formats without sound; refused if they have more
    pixels than the limit."""
    height, width = film.size
    if film.count * height * width > max_pixels_of(film.path):
        size = f"{film.count:,} frames of {width} x {height} pixels"
        remedy = "let it end in .mp4 or .webm, or cut it shorter"
        raise InputError(f"has {size}, more than are held at once", remedy, path=film.path)
    frames: list[Picture] = []
    times: list[Fraction] = []
    with open_container(film.path) as container:
        base, end = _base(picture_stream(container)), Fraction(0)
        for item in _worked(film, container, (), tick):
            if isinstance(item, Packet):  # there are none without sounds
                continue
            frame, result = item
            start = end if frame.pts is None else frame.pts * base
            times.append(max([start, *times[-1:]]))
            end = times[-1] + (frame.duration or 1) * base
            frames.append(Picture(samples=result))
    moments = [round(1000 * time) for time in (*times, end)]
    durations = tuple(last - first for first, last in pairwise(moments))
    return Frames(frames=tuple(frames), durations=durations, loops=0)


def spread(film: Frames | Video, count: int) -> Iterator[Picture]:
    """`count` evenly spaced frames of a film, beginning with the first; all if it has fewer."""
    wanted = sorted({n * film.count // count for n in range(count)})
    if isinstance(film, Frames):
        yield from (film.frames[n] for n in wanted)
        return
    with open_container(film.path) as container:
        reader, stream = FrameReader(), picture_stream(container)
        for n, frame in enumerate(items_of(container, stream, ())):
            if n in wanted and not isinstance(frame, Packet):
                yield Picture(samples=reader.pixels(frame))


def lost_by_video(film: Video, format: str) -> Iterator[str]:
    """What a file of this format cannot store of a film, each in a few words."""
    held, becomes = _SOUND.get(format, ((), ""))
    for codec in dict.fromkeys(film.sound):
        if not becomes:
            yield f"its sound, {codec}, is left out"
        elif codec not in held:
            yield f"its sound, {codec}, is encoded anew as {becomes.removeprefix('lib')}"
    if film.more:
        yield "subtitles and further pictures are left out"


def _count(container: InputContainer, stream: VideoStream) -> int:
    """The number of frames, estimated if the container does not say."""
    seconds = Fraction(container.duration or 0, av.time_base)
    return max(1, stream.frames or int(seconds * (stream.average_rate or 0)))


def _base(stream: VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 1000)


def _worked(
    film: Video, container: InputContainer, sounds: Sequence[AudioStream], tick: Tick | None
) -> Iterator[Packet | tuple[VideoFrame, Pixels]]:
    """Frames with their processed pixels, and packets of sound, in file order. Equal consecutive
    frames are processed once. A film that ends early is refused."""
    reader, done, stream = FrameReader(), 0, picture_stream(container)
    before: Pixels | None = None
    result: Pixels | None = None
    end = 0.0  # seconds
    for item in items_of(container, stream, sounds):
        if item.pts is not None and item.time_base:
            end = max(end, float((item.pts + (item.duration or 0)) * item.time_base))
        if isinstance(item, Packet):
            yield item
            continue
        pixels = reader.pixels(item)
        if result is None or before is None or not np.array_equal(before, pixels):
            picture = Picture(samples=pixels)
            result = (picture if film.work is None else film.work(picture)).samples
        before, done = pixels, done + 1
        yield item, result
        if tick is not None:
            tick(done, max(done, film.count))
    start = (container.start_time or 0) / av.time_base
    seconds = (container.duration or 0) / av.time_base
    # A sound that is left out may be longer than the pictures.
    heard = len(sounds) == len(container.streams.audio)
    if done < _WHOLE * stream.frames or (heard and end - start < _WHOLE * seconds) or not done:
        raise InputError(f"is cut short, after {done:,} frames", path=film.path)


# ---------------------------------------------------------------------------------------------
# MP4 and WebM: writing


def write_video(
    path: Path,
    film: Video | Frames,
    format: str,
    *,
    record: Mapping[str, Any] | None = None,
    tick: Tick | None = None,
) -> None:
    """Write a film, processing each frame of a Video; `tick` reports them."""
    try:
        with av.open(str(path), "w", format=format.lower(), options=_OPTIONS[format]) as output:
            if record is not None:
                output.metadata[COMMENT] = comment(record)
            if isinstance(film, Frames):
                _write_frames(output, format, film)
            else:
                _write_video(output, format, film, tick)
    except (InputError, OSError):  # of the disk
        raise
    except (FFmpegError, ValueError, ArithmeticError, LookupError) as error:
        problem = f"cannot become {format} ({said(error)})"
        raise InputError(problem, "choose the other of .mp4 and .webm") from error


def _write_frames(output: OutputContainer, format: str, film: Frames) -> None:
    encoder = _Encoder(output, format, film.first.samples.shape[:2], Fraction(1, 1000))
    time = 0
    for frame, duration in zip(film.frames, film.durations, strict=True):
        encoder.add(as_seen(frame), time)
        time += max(1, duration)
    encoder.end(time)


def _write_video(output: OutputContainer, format: str, film: Video, tick: Tick | None) -> None:
    output.metadata.update(film.metadata)
    with open_container(film.path) as container:
        stream, sounds = picture_stream(container), container.streams.audio
        encoder = _Encoder(output, format, film.size, _base(stream), stream)
        tracks = {sound.index: _Track(output, format, sound) for sound in sounds}
        end = 0
        for item in _worked(film, container, sounds, tick):
            if isinstance(item, Packet):
                tracks[item.stream.index].add(item)
            else:
                frame, result = item
                end = encoder.add(result, frame.pts) + (frame.duration or 1)
        encoder.end(end)
        for track in tracks.values():
            track.end()


class _Encoder:
    """Encodes frames with their times, in the colour space of the source film."""

    def __init__(
        self,
        output: OutputContainer,
        format: str,
        size: tuple[int, int],
        base: Fraction,
        source: VideoStream | None = None,
    ) -> None:
        name, options = _ENCODERS[format]
        stream = output.add_stream(name, rate=25, options=dict(options))
        assert isinstance(stream, VideoStream)
        height, width = size
        self._odd = (height % 2, width % 2) if format == "MP4" else (0, 0)
        stream.height, stream.width = height + self._odd[0], width + self._odd[1]
        stream.pix_fmt = "yuv420p"  # which every player supports
        context = stream.codec_context
        context.time_base, context.thread_count = base, 1
        context.flags |= Flags.bitexact
        if source is not None and source.sample_aspect_ratio:
            context.sample_aspect_ratio = source.sample_aspect_ratio
        film = None if source is None else source.codec_context
        self._matrix = BT709 if film is None else matrix_of(film)
        context.colorspace, context.color_range = self._matrix, LIMITED
        context.color_primaries = BT709 if film is None else film.color_primaries
        context.color_trc = BT709 if film is None else film.color_trc
        self._output, self._stream, self._base = output, stream, base
        self._graph: Graph | None = None
        self._last: int | None = None
        self._held: Packet | None = None

    def add(self, pixels: Pixels, time: int | None) -> int:
        """Encode a frame at its time, or the next free one; return that time."""
        pixels = np.pad(pixels, ((0, self._odd[0]), (0, self._odd[1]), (0, 0)), mode="edge")
        frame = VideoFrame.from_ndarray(pixels, format="rgb24")
        if self._graph is None:
            scale = f"out_color_matrix={MATRICES[self._matrix]}:in_range=full:out_range=limited"
            self._graph = graph_of(frame, scale, "yuv420p")
        after = 0 if self._last is None else self._last + 1
        self._last = time if time is not None and (self._last is None or time >= after) else after
        frame.pts, frame.time_base = self._last, self._base
        encoded = through(self._graph, frame)
        encoded.pts, encoded.time_base, encoded.pict_type = self._last, self._base, 0
        self._mux(self._stream.encode(encoded))
        return self._last

    def end(self, time: int) -> None:
        """Write the remaining packets; the last frame is shown until `time`."""
        self._mux(self._stream.encode(None))
        if self._held is not None:
            self._held.duration = max(1, time - (self._held.pts or 0))
            self._output.mux(self._held)

    def _mux(self, packets: list[Packet]) -> None:
        """Write packets as soon as their duration is known."""
        for packet in packets:
            if self._held is not None:
                self._held.duration = (packet.pts or 0) - (self._held.pts or 0)
                self._output.mux(self._held)
            self._held = packet


class _Track:
    """A sound track, copied, or encoded again if the format cannot hold it."""

    def __init__(self, output: OutputContainer, format: str, source: AudioStream) -> None:
        held, becomes = _SOUND[format]
        self._output, self._copies = output, source.codec_context.name in held
        if self._copies:
            self._stream = output.add_stream_from_template(source)
        else:
            rate = 48_000 if becomes == "libopus" else source.codec_context.sample_rate
            self._stream = output.add_stream(becomes, rate=rate)
            self._stream.codec_context.layout = source.codec_context.layout
            self._stream.codec_context.flags |= Flags.bitexact
            self._stream.codec_context.thread_count = 1
        if language := source.metadata.get("language"):
            self._stream.metadata["language"] = language

    def add(self, packet: Packet) -> None:
        if not self._copies:
            for frame in packet.decode():
                self._output.mux(self._stream.encode(frame))
        elif packet.dts is not None:
            packet.stream = self._stream
            self._output.mux(packet)

    def end(self) -> None:
        if not self._copies:
            self._output.mux(self._stream.encode(None))
