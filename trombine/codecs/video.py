"""Films in MP4 and WebM, through PyAV: a frame is decoded, worked on and encoded before the next.

Frames keep their times, however far they lie apart. Sound goes along as it is packed, unless the
format cannot hold it. One thread encodes, and nothing of the moment or of the encoder's version is
written, so the same film gives the same bytes. A record of provenance is the container's comment.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from hashlib import file_digest
from itertools import pairwise
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
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8

from trombine.codecs.fit import fit
from trombine.codecs.kind import MOST_CHUNKS, START, Frames, Head, Video, damaged, unpack, untagged
from trombine.files import Bytes
from trombine.provenance import check_unchanged
from trombine.refusal import InputError
from trombine.samples import Image

Tick = Callable[[int, int], None]
Pixels = UInt8[np.ndarray, "h w 3"]

# The encoder of a format and its options. Without frames that wait for later ones (B-frames and
# the like) times are exactly those that are given; few are held in memory.
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
# What sound a format holds as it is, and what any other becomes.
_SOUND: Final = {
    "MP4": (("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"), "aac"),
    "WEBM": (("opus", "vorbis"), "libopus"),
}
# Bit-exact: no date, no chance and no version; faststart: it plays while it is fetched.
_OPTIONS: Final = {
    "MP4": {"fflags": "+bitexact", "movflags": "+faststart+use_metadata_tags"},
    "WEBM": {"fflags": "+bitexact"},
}
_RECORD: Final = "comment"
# Of the container, not of what it shows; ffmpeg names a place twice.
_NOT_CARRIED: Final = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
_LONGEST: Final = 65_000  # characters of all tags
# The matrix from RGB, as ITU-T H.273 numbers them and as ffmpeg's filter calls them.
_MATRICES: Final = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020"}
_BT709, _BT601, _LIMITED, _FULL = 1, 6, 1, 2
_HIGH: Final = 720  # rows, from which a film that does not say it has the colours of HDTV
_FLAGS: Final = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_COVER: Final = 0x400  # of a sound: a stream of pictures that is one


def head(file: Bytes) -> Head:
    """What the container says. What is made of a film that is no WebM is an MP4."""
    is_webm = b"webm" in file.read(START)
    file.seek(0)
    with _opened(file) as container:
        context = _picture_of(container).codec_context
        return Head(
            format="WEBM" if is_webm else "MP4",
            width=context.width,
            height=context.height,
            lossless=False,
            space="RGB",
            more_pictures=True,
        )


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image that is a film's first frame."""
    with _opened(io.BytesIO(data)) as container:
        return {"samples": _first(container), "mode": "RGB"}


def text(file: Bytes) -> str | None:
    """The record of provenance, as `write` wrote it."""
    with _opened(file) as container:
        comments = (v for name, v in container.metadata.items() if name.lower() == _RECORD)
        return untagged(next(comments, None))


def open_video(path: Path) -> Video:
    """The film in a file, its first frame decoded; one that was cut short is refused."""
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        file.seek(0)
        _check_whole(file)
    with _opened(path) as container:
        count = _count(container, _picture_of(container))
        first = Image(samples=_first(container), mode="RGB", lossless=False)
        return Video(
            path=path,
            digest=digest,
            first=first,
            size=(first.height, first.width),
            count=count,
            sound=tuple(sound.codec_context.name for sound in container.streams.audio),
            more=len(container.streams.video) > 1 or bool(container.streams.subtitles),
            metadata=_tags(container.metadata),
        )


def lost(film: Video, format: str) -> Iterator[str]:
    """What a file of this format does not hold of a film as it is."""
    if format not in _SOUND:
        yield from (f"its sound, {codec}, is left out" for codec in dict.fromkeys(film.sound))
        if film.more:
            yield "subtitles and further pictures are left out"
        return
    held, becomes = _SOUND[format]
    for codec in dict.fromkeys(film.sound):
        if codec not in held:
            yield f"its sound, {codec}, is encoded anew as {becomes.removeprefix('lib')}"
    if film.more:
        yield "subtitles and further pictures are left out"


def write(
    path: Path, format: str, film: Video | Frames, comment: str | None, tick: Tick | None = None
) -> None:
    """Write a film, each frame worked on as the Video says; the bytes are always the same."""
    try:
        with av.open(str(path), "w", format=format.lower(), options=_OPTIONS[format]) as output:
            if comment is not None:
                output.metadata[_RECORD] = comment
            if isinstance(film, Frames):
                _write_frames(output, format, film)
            else:
                _write_video(output, format, film, tick or (lambda done, of: None))
    except (InputError, OSError):  # of the disk
        raise
    except (FFmpegError, ValueError, ArithmeticError, LookupError) as error:
        problem = f"cannot become {format} ({' '.join(str(error).split())[:120]})"
        raise InputError(problem, "choose the other of .mp4 and .webm") from error


def _write_frames(output: OutputContainer, format: str, film: Frames) -> None:
    encoder = _Encoder(output, format, film.first.samples.shape[:2], Fraction(1, 1000))
    time = 0
    for frame, duration in zip(film.frames, film.durations, strict=True):
        encoder.add(fit(frame, "JPEG").rgb_pixels(), time)
        time += max(1, duration)
    encoder.end(time)


def _write_video(output: OutputContainer, format: str, film: Video, tick: Tick) -> None:
    output.metadata.update(film.metadata)
    with _opened(film.path) as container:
        stream, sounds = _picture_of(container), container.streams.audio
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
    check_unchanged({film.path: film.digest})


def played(film: Video, limit: int, tick: Tick | None = None) -> Frames:
    """The film with all its frames worked on and at hand, for formats that hold no sound; refused
    where these are more pixels than `limit`. It is shown for ever."""
    height, width = film.size
    frames: list[Image] = []
    times: list[Fraction] = []
    with _opened(film.path) as container:
        base, end = _base(_picture_of(container)), Fraction(0)
        for item in _worked(film, container, (), tick or (lambda done, of: None)):
            if isinstance(item, Packet):  # there are none without sounds
                continue
            if max(len(frames) + 1, film.count) * height * width > limit:
                size = f"{width} x {height} pixels"
                problem = f"has {film.count:,} frames of {size}, more than are held at once"
                raise InputError(problem, "let it end in .mp4 or .webm, or cut it shorter")
            frame, result = item
            start = end if frame.pts is None else frame.pts * base
            times.append(max([start, *times[-1:]]))
            end = times[-1] + (frame.duration or 1) * base
            frames.append(Image(samples=result, mode="RGB", lossless=False))
    check_unchanged({film.path: film.digest})
    moments = [round(1000 * time) for time in (*times, end)]
    durations = tuple(last - first for first, last in pairwise(moments))
    return Frames(frames=tuple(frames), durations=durations, loops=0)


def _worked(
    film: Video, container: InputContainer, sounds: Sequence[AudioStream], tick: Tick
) -> Iterator[Packet | tuple[VideoFrame, Pixels]]:
    """The frames with what becomes of each, and the packets of the sounds; frames that are alike
    are worked on once."""
    reader, done = _Reader(), 0
    before: Pixels | None = None
    result: Pixels | None = None
    for item in _items(container, _picture_of(container), sounds):
        if isinstance(item, Packet):
            yield item
            continue
        pixels = reader.pixels(item)
        if result is None or before is None or not np.array_equal(before, pixels):
            image = Image(samples=pixels, mode="RGB", lossless=False)
            result = (image if film.work is None else film.work(image)).samples
        before, done = pixels, done + 1
        yield item, result
        tick(done, max(done, film.count))
    if not done:
        raise damaged("it has no frames")


def _base(stream: VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 1000)


# --- reading ---------------------------------------------------------------------------------


@contextmanager
def _opened(source: Path | Bytes) -> Iterator[InputContainer]:
    """A film's container; whatever is wrong with what is read in it is an InputError."""
    with _refusing():
        container = av.open(str(source) if isinstance(source, Path) else source, "r")
    with container:
        yield container


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except FFmpegError as error:
        raise damaged(error.strerror) from error


def _picture_of(container: InputContainer) -> VideoStream:
    """The stream that is looked at; not one that is a sound's cover."""
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & _COVER:
            if not stream.codec_context.width or not stream.codec_context.height:
                raise damaged("its frames have no size")
            stream.codec_context.thread_count = 1  # others would hold a frame each
            return stream
    raise InputError("has no pictures in it, only sound", "name a film")


def _count(container: InputContainer, stream: VideoStream) -> int:
    """How many frames there are, about: some containers do not say."""
    seconds = Fraction(container.duration or 0, av.time_base)
    return max(1, stream.frames or int(seconds * (stream.average_rate or 0)))


def _check_whole(file: Bytes) -> None:
    """Refuse a file that ends within one of its boxes; ffmpeg would take what is there."""
    start, length = file.read(START), file.seek(0, io.SEEK_END)
    needed = _end_of_segment(start) if start.startswith(_EBML) else _end_of_boxes(file)
    if needed > length:
        raise damaged(f"{needed - length:,} bytes are missing")


def _end_of_segment(start: bytes) -> int:
    """Where the one segment of a WebM ends, as its start says; 0 where it does not."""
    after, size = _number(start, len(_EBML))
    at, length = _number(start, after + size + len(_SEGMENT))
    if start[after + size :].startswith(_SEGMENT) and start[at - 7 : at] != b"\xff" * 7:
        return at + length
    return 0


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Where a number of EBML ends, and its value: zeros before its first 1 tell its length."""
    width = 9 - unpack("B", data[at : at + 1])[0].bit_length()
    value = int.from_bytes(data[at : at + width]) & ((1 << 7 * width) - 1)
    return at + width, value


def _end_of_boxes(file: Bytes) -> int:
    """Where the last of the boxes that an MP4 consists of ends."""
    at = 0
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        box = file.read(16)
        size = int.from_bytes(box[8:] if box[:4] == b"\0\0\0\1" else box[:4])
        if size < 8 or not box[4:8].isalnum():  # the end, or something else behind it
            break
        at += size
    return at


def _items(
    container: InputContainer, stream: VideoStream, sounds: Sequence[AudioStream]
) -> Iterator[Packet | VideoFrame]:
    """Frames of the film and packets of its sounds, in the order of the file."""
    with _refusing():
        for packet in container.demux(stream, *sounds):
            if packet.stream.index != stream.index:
                yield packet
            else:
                yield from (frame for frame in packet.decode() if isinstance(frame, VideoFrame))


def _first(container: InputContainer) -> Pixels:
    """The first frame."""
    frames = _items(container, _picture_of(container), ())
    frame = next((item for item in frames if isinstance(item, VideoFrame)), None)
    if frame is None:
        raise damaged("it has no frames")
    return _Reader().pixels(frame)


def _tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """Date, place, camera, title and so on, but for those of the container itself."""
    tags: dict[str, str] = {}
    for name, value in metadata.items():
        is_record = name.lower() == _RECORD and untagged(value) is not None
        if name.lower() not in _NOT_CARRIED and not is_record and name != "location-eng":
            tags[name] = value
    return tags if sum(map(len, tags.values())) <= _LONGEST else {}


# --- colours, times, sound -------------------------------------------------------------------


class _Reader:
    """The frames of a film as they are shown: RGB, upright, all of one size."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._kind: tuple[object, ...] = ()

    def pixels(self, frame: VideoFrame) -> Pixels:
        kind = (frame.width, frame.height, frame.format.name)
        if self._graph is None:
            matrix, is_full = _MATRICES[_matrix(frame)], frame.color_range == _FULL
            side = "full" if is_full or frame.format.name.startswith("yuvj") else "limited"
            scale = f"in_color_matrix={matrix}:in_range={side}:out_range=full"
            self._graph, self._kind = _graph(frame, scale, "rgb24"), kind
        if kind != self._kind:
            raise InputError("changes its size in between", "cut it in two where it does")
        samples = _through(self._graph, frame).to_ndarray()
        return np.ascontiguousarray(np.rot90(samples, frame.rotation // 90))


def _matrix(film: VideoFrame | VideoCodecContext) -> int:
    """What a film says of its matrix, or what one of its size is taken to mean."""
    if film.colorspace in _MATRICES:
        return int(film.colorspace)
    return _BT709 if min(film.height, film.width) >= _HIGH else _BT601


def _graph(frame: VideoFrame, scale: str, format: str) -> Graph:
    graph = Graph()
    buffer = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    nodes = [graph.add("scale", f"{scale}:flags={_FLAGS}"), graph.add("format", format)]
    graph.link_nodes(buffer, *nodes, graph.add("buffersink")).configure()
    return graph


def _through(graph: Graph, frame: VideoFrame) -> VideoFrame:
    graph.push(frame)
    result = graph.pull()
    assert isinstance(result, VideoFrame)
    return result


class _Encoder:
    """Frames to packets of a stream, each at its time, in the colours of the film they are from."""

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
        stream.pix_fmt = "yuv420p"  # the one that every player shows
        context = stream.codec_context
        context.time_base, context.thread_count = base, 1
        context.flags |= Flags.bitexact
        if source is not None and source.sample_aspect_ratio:
            context.sample_aspect_ratio = source.sample_aspect_ratio
        film = None if source is None else source.codec_context
        self._matrix = _BT709 if film is None else _matrix(film)
        context.colorspace, context.color_range = self._matrix, _LIMITED
        context.color_primaries = _BT709 if film is None else film.color_primaries
        context.color_trc = _BT709 if film is None else film.color_trc
        self._output, self._stream, self._base = output, stream, base
        self._graph: Graph | None = None
        self._last: int | None = None
        self._held: Packet | None = None

    def add(self, pixels: Pixels, time: int | None) -> int:
        """Encode a frame for its time, or the next moment there is; return which it was."""
        pixels = np.pad(pixels, ((0, self._odd[0]), (0, self._odd[1]), (0, 0)), mode="edge")
        frame = VideoFrame.from_ndarray(pixels, format="rgb24")
        graph = self._graph = self._graph or self._begun(frame)
        after = 0 if self._last is None else self._last + 1
        self._last = time if time is not None and (self._last is None or time >= after) else after
        frame.pts, frame.time_base = self._last, self._base
        encoded = _through(graph, frame)
        encoded.pts, encoded.time_base, encoded.pict_type = self._last, self._base, 0
        self._mux(self._stream.encode(encoded))
        return self._last

    def end(self, time: int) -> None:
        """Write what is left; the last frame is shown until `time`."""
        self._mux(self._stream.encode(None))
        if self._held is not None:
            self._held.duration = max(1, time - (self._held.pts or 0))
            self._output.mux(self._held)

    def _begun(self, frame: VideoFrame) -> Graph:
        """The conversion to the colours that the stream says it has."""
        matrix = _MATRICES[self._matrix]
        scale = f"out_color_matrix={matrix}:in_range=full:out_range=limited"
        return _graph(frame, scale, "yuv420p")

    def _mux(self, packets: list[Packet]) -> None:
        """Write packets as soon as it is known how long each is shown."""
        for packet in packets:
            if self._held is not None:
                self._held.duration = (packet.pts or 0) - (self._held.pts or 0)
                self._output.mux(self._held)
            self._held = packet


class _Track:
    """One sound of a film, from packets to packets."""

    def __init__(self, output: OutputContainer, format: str, source: AudioStream) -> None:
        held, becomes = _SOUND[format]
        self._output, self._copies = output, source.codec_context.name in held
        if self._copies:
            self._stream = output.add_stream_from_template(source)
        else:
            self._stream = output.add_stream(becomes, rate=_rate(source, becomes))
            self._stream.codec_context.layout = source.codec_context.layout
            self._stream.codec_context.flags |= Flags.bitexact
            self._stream.codec_context.thread_count = 1
        if language := source.metadata.get("language"):
            self._stream.metadata["language"] = language

    def add(self, packet: Packet) -> None:
        if self._copies and packet.dts is not None:
            packet.stream = self._stream
            self._output.mux(packet)
        elif not self._copies:
            with _refusing():
                frames = packet.decode()
            for frame in frames:
                self._output.mux(self._stream.encode(frame))

    def end(self) -> None:
        if not self._copies:
            self._output.mux(self._stream.encode(None))


def _rate(source: AudioStream, codec: str) -> int:
    """Samples a second; Opus has few rates."""
    return 48_000 if codec == "libopus" else source.codec_context.sample_rate
