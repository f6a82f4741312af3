"""Reading MP4 and WebM with PyAV: size, comment, and frames as upright RGB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8

from trombine.core.errors import InputError
from trombine.io.files import opened, refusing

Pixels = UInt8[np.ndarray, "h w 3"]

COMMENT: Final = "comment"
# The matrix from RGB, as ITU-T H.273 numbers them and as ffmpeg's filter calls them.
MATRICES: Final = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020"}
BT709, _BT601, LIMITED, _FULL = 1, 6, 1, 2
_HIGH: Final = 720  # rows from which a film without a matrix is taken to use BT.709
_FLAGS: Final = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
_COVER: Final = 0x400  # disposition of a stream that is a cover image


def first_picture(path: Path) -> Pixels:
    """The first frame of a film, upright."""
    with opened(path), open_container(path) as container:
        return first_frame(container)


def read_size(path: Path) -> tuple[int, int]:
    """Height and width of a film's frames, as they are stored."""
    with opened(path), open_container(path) as container:
        context = picture_stream(container).codec_context
        return context.height, context.width


def read_comment(path: Path) -> str:
    """The comment of a film; empty where there is none."""
    with opened(path), open_container(path) as container:
        comments = (v for name, v in container.metadata.items() if name.lower() == COMMENT)
        return next(comments, "")


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    with refusing(path), av.open(str(path), "r") as container:
        yield container


def format_of(container: InputContainer) -> str:
    """WEBM for WebM, else MP4."""
    return "WEBM" if "webm" in container.format.name else "MP4"


def picture_stream(container: InputContainer) -> VideoStream:
    """The video stream, which is no cover image."""
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & _COVER:
            if not stream.codec_context.width or not stream.codec_context.height:
                raise InputError("has frames without a size")
            stream.codec_context.thread_count = 1  # each thread would hold a frame
            return stream
    raise InputError("has no pictures in it, only sound", "name a film")


def items_of(
    container: InputContainer, stream: VideoStream, sounds: Sequence[AudioStream]
) -> Iterator[Packet | VideoFrame]:
    """Frames of the film and packets of its sounds, in file order."""
    for packet in container.demux(stream, *sounds):
        if packet.stream.index != stream.index:
            yield packet
        else:
            yield from (frame for frame in packet.decode() if isinstance(frame, VideoFrame))


def first_frame(container: InputContainer) -> Pixels:
    frames = items_of(container, picture_stream(container), ())
    frame = next((item for item in frames if isinstance(item, VideoFrame)), None)
    if frame is None:
        raise InputError("has no frames")
    return FrameReader().pixels(frame)


class FrameReader:
    """Converts frames of a film to upright RGB; all must have one size."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._kind: tuple[object, ...] = ()

    def pixels(self, frame: VideoFrame) -> Pixels:
        kind = (frame.width, frame.height, frame.format.name)
        if self._graph is None:
            matrix, is_full = MATRICES[matrix_of(frame)], frame.color_range == _FULL
            side = "full" if is_full or frame.format.name.startswith("yuvj") else "limited"
            scale = f"in_color_matrix={matrix}:in_range={side}:out_range=full"
            self._graph, self._kind = graph_of(frame, scale, "rgb24"), kind
        if kind != self._kind:
            raise InputError("changes its size in between", "cut it in two where it does")
        samples = through(self._graph, frame).to_ndarray()
        return np.ascontiguousarray(np.rot90(samples, frame.rotation // 90))


def matrix_of(film: VideoFrame | VideoCodecContext) -> int:
    """The matrix of a film, guessed by its size if it does not say."""
    if film.colorspace in MATRICES:
        return int(film.colorspace)
    return BT709 if min(film.height, film.width) >= _HIGH else _BT601


def graph_of(frame: VideoFrame, scale: str, format: str) -> Graph:
    graph = Graph()
    buffer = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    nodes = [graph.add("scale", f"{scale}:flags={_FLAGS}"), graph.add("format", format)]
    graph.link_nodes(buffer, *nodes, graph.add("buffersink")).configure()
    return graph


def through(graph: Graph, frame: VideoFrame) -> VideoFrame:
    graph.push(frame)
    result = graph.pull()
    assert isinstance(result, VideoFrame)
    return result
