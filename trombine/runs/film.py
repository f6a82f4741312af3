"""film.mp4 and film.gif of a run: its samples one after the other, ten seconds at most.

Each sample is held equally long, the last one for a second more, which is one of the ten. The
same samples give the same bytes on one machine: one thread, no time, no version of the muxer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.codec.codec import Codec, UnknownCodecError
from av.codec.context import Flags
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream
from jaxtyping import UInt8
from PIL import Image

from trombine.io.files import atomic
from trombine.runs.folder import RunFolder
from trombine.runs.frames import Pixels, read_pixels, read_strip, spread

RATE: Final = 25  # frames a second
_PAUSE: Final = RATE  # frames at the end
LONGEST: Final = 10 * RATE - _PAUSE  # frames before it
_HELD: Final = RATE // 2  # frames: no sample is shown for longer
# The best first; what the options mean is each encoder's own. With its macroblock tree x264 does
# not always write the same bytes, though the same pictures come out.
ENCODERS: Final = {
    "libx264": {"crf": "16", "preset": "medium", "x264-params": "threads=1:no-mbtree=1"},
    "mpeg4": {"qscale": "2"},
}


def write_film(folder: RunFolder) -> Path | None:
    """Write film.mp4 and return it; None where there are no two samples, or no encoder."""
    encoder = next((name for name in ENCODERS if _has(name)), None)
    files = _readable(list(folder.sample_files().values()))
    if encoder is None or len(files) < 2:
        return None
    try:
        with atomic(folder.film) as part:
            _encode(part, encoder, _timed(files))
    except FFmpegError as error:
        if isinstance(error, OSError):
            raise
        return None
    return folder.film


def write_gif(folder: RunFolder) -> Path | None:
    """Write film.gif, of at most 24 samples; None where there are no two."""
    frames = [Image.fromarray(pixels) for pixels in read_strip(folder.sample_files()).values()]
    if len(frames) < 2:
        return None
    times = [400] * (len(frames) - 1) + [2000]  # ms
    with atomic(folder.gif) as part:
        frames[0].save(part, "GIF", append_images=frames[1:], save_all=True, duration=times, loop=0)
    return folder.gif


def _readable(files: Sequence[Path]) -> list[Path]:
    """The samples that a film has time for and that can be read, all of the last one's size."""
    chosen = [files[place] for place in spread(range(len(files)), LONGEST)]
    shapes = {path: pixels.shape for path in chosen if (pixels := read_pixels(path)) is not None}
    last = next(reversed(shapes.values()), None)
    return [path for path, shape in shapes.items() if shape == last]


def even(pixels: Pixels) -> UInt8[np.ndarray, "even_h even_w 3"]:
    """With the last row and column twice where their number is odd: a film has half as many
    colours either way."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def held(count: int) -> int:
    """How many frames each of so many samples is shown for."""
    return max(1, min(_HELD, LONGEST // count))


def _timed(files: Sequence[Path]) -> Iterator[Pixels]:
    """Every frame of the film, one at a time: all samples together may be large."""
    pixels = None
    for path in files:
        if (sample := read_pixels(path)) is not None:
            pixels = even(sample)
            yield from [pixels] * held(len(files))
    if pixels is not None:
        yield from [pixels] * _PAUSE


def _encode(path: Path, encoder: str, frames: Iterator[Pixels]) -> None:
    # Bit-exact: no date and no version in the file; faststart: it plays while it is fetched.
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as film:
        stream: VideoStream | None = None
        for pixels in frames:
            stream = stream or _stream(film, encoder, pixels)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        if stream is not None:
            film.mux(stream.encode(None))


def _stream(film: OutputContainer, encoder: str, pixels: Pixels) -> VideoStream:
    stream = film.add_stream(encoder, rate=RATE, options=dict(ENCODERS[encoder]))
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = pixels.shape[:2]
    stream.pix_fmt = "yuv420p"  # the one that every player shows
    stream.codec_context.thread_count = 1
    stream.codec_context.flags |= Flags.bitexact
    return stream


def _has(encoder: str) -> bool:
    try:
        Codec(encoder, "w")
    except UnknownCodecError:
        return False
    return True
