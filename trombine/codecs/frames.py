"""Films in GIF and WebP: each frame as a viewer shows it, and back.

The blocks of a GIF are in gif.py; libwebp composes and packs WebP's frames itself. All pixels of
all frames are bounded before the first is decoded: a small file may hold ten thousand frames.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
from jaxtyping import UInt8
from PIL import Image as Pillow
from PIL.WebPImagePlugin import WebPImageFile

from trombine.codecs import gif, webp
from trombine.codecs.fit import fit
from trombine.codecs.gif import GifLayout, GifPart
from trombine.codecs.indexed import indexed
from trombine.codecs.kind import MOST_LOOPS, Frames, described, samples_of
from trombine.refusal import InputError
from trombine.samples import Image

Pixels = UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w 4"]

_CLEAR = 2  # a part's disposal: its place is cleared
_BACK = 3  # what was before it is put back
# Decoders hold this many frames beside those that they have given out.
_BESIDE = 3


def read(data: bytes, format: str, limit: int) -> Frames | None:
    """The film in a GIF or WebP file; None where it holds a still picture, or another format."""
    if format == "GIF":
        return _read_gif(gif.layout(data), limit)
    return _read_webp(data, limit) if format == "WEBP" else None


def count(data: bytes, format: str) -> int:
    """How many frames a file shows, without decoding one; 1 where it holds a still picture."""
    if format == "GIF":
        return max(len(gif.layout(data).parts), 1)
    return max(webp.count_frames(data), 1) if format == "WEBP" else 1


def write(film: Frames, format: str, record: str | None) -> bytes:
    """The bytes of a film; one frame is a film too. `record` is provenance."""
    if format == "GIF":
        return _write_gif(
            _same_channels([_srgb_pixels(frame) for frame in film.frames]), film, record
        )
    frames, profile = _with_profile(film)
    return _write_webp(_same_channels(frames), film, record, profile)


def _check(count: int, width: int, height: int, limit: int, *, parts: int = 0) -> None:
    """Refuse a film whose frames, or `parts` as they are packed, are more pixels than `limit`."""
    if max((count + _BESIDE) * width * height, parts) > limit:
        raise InputError(
            f"has {count:,} frames of {width} x {height} pixels, more than the {limit:,} pixels"
            " that are read",
            "if you trust it, set TROMBINE_MAX_PIXELS higher",
        )


def _images(frames: list[Pixels], profile: bytes | None = None) -> tuple[Image, ...]:
    """RGBA where any frame is transparent anywhere, else RGB."""
    opaque = all((frame[..., 3:] == 255).all() for frame in frames)
    for index, frame in enumerate(frames) if opaque else ():
        frames[index] = np.ascontiguousarray(frame[..., :3])
    mode = "RGB" if opaque else "RGBA"
    return tuple(Image(samples=frame, mode=mode, profile=profile) for frame in frames)


def _with_profile(film: Frames) -> tuple[list[Pixels], bytes | None]:
    """The frames for a WebP, and the profile that all of them have there; sRGB if they differ."""
    fitted = [fit(frame, "WEBP") for frame in film.frames]
    profile = fitted[0].profile
    if profile is None or any(frame.profile != profile for frame in fitted):
        return [_srgb_pixels(frame) for frame in film.frames], None
    return [frame.samples for frame in fitted], profile


def _srgb_pixels(image: Image) -> Pixels:
    """A frame in 8-bit sRGB, with alpha if it has any."""
    alpha = image.alpha()
    if alpha is None:
        return image.rgb_pixels()
    opacity = (alpha * 255).round().astype(np.uint8)
    return np.concatenate([image.rgb_pixels(), opacity[..., None]], axis=2)


def _same_channels(frames: list[Pixels]) -> list[Pixels]:
    """All with alpha if one has it."""
    if len({frame.shape[2] for frame in frames}) == 1:
        return frames
    return [frame if frame.shape[2] == 4 else np.insert(frame, 3, 255, axis=2) for frame in frames]


# --- GIF ---------------------------------------------------------------------------------------


def _read_gif(film: GifLayout, limit: int) -> Frames | None:
    if len(film.parts) < 2:
        return None
    unpacked = sum(part.width * part.height for part in film.parts)
    _check(len(film.parts), film.width, film.height, limit, parts=unpacked)
    frames = _images(list(_composed(film)))
    # "Again" 0 times is for ever; without the extension it is shown once.
    loops = 1 if film.repeats is None else film.repeats and min(film.repeats + 1, MOST_LOOPS)
    return Frames(frames=frames, durations=tuple(part.duration for part in film.parts), loops=loops)


def _composed(film: GifLayout) -> Iterator[UInt8[np.ndarray, "h w 4"]]:
    """The canvas after each part is drawn; it starts transparent."""
    canvas = np.zeros((film.height, film.width, 4), np.uint8)
    for part in film.parts:
        backup = canvas.copy() if part.disposal == _BACK else None
        place = canvas[part.top : part.top + part.height, part.left : part.left + part.width]
        _draw(part, place)
        yield canvas.copy()
        if backup is not None:
            canvas = backup
        elif part.disposal == _CLEAR:
            place[:] = 0  # browsers clear to nothing, whatever the file's background colour


def _draw(part: GifPart, place: UInt8[np.ndarray, "h w 4"]) -> None:
    """Lay a part on its place of the canvas, which ends where the canvas does."""
    if not part.width or not part.height:
        return
    indices = gif.unpacked(part)[: place.shape[0], : place.shape[1]]
    drawn = slice(None) if part.clear is None else indices != part.clear
    place[drawn] = _colours(part)[indices[drawn]]


def _colours(part: GifPart) -> UInt8[np.ndarray, "256 4"]:
    """The palette, black beyond its end; grey where there is none."""
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    colours = np.frombuffer(part.palette, np.uint8).reshape(-1, 3)
    table[: len(colours), :3] = colours
    if not part.palette:
        table[:, :3] = np.arange(256)[:, None]
    return table


def _write_gif(frames: list[Pixels], film: Frames, record: str | None) -> bytes:
    """Of an opaque film only what changes; a transparent one is cleared before each frame."""
    height, width = frames[0].shape[:2]
    parts: list[GifPart] = []
    for index, (frame, duration) in enumerate(zip(frames, _tens(film.durations), strict=True)):
        opaque = frame.shape[2] == 3
        top, left, below, right = (0, 0, height, width)
        if opaque and index:
            top, left, below, right = _changed(frames[index - 1], frame)
        cut = frame[top:below, left:right]
        indices, palette = indexed(
            np.ascontiguousarray(cut[..., :3]), None if opaque else cut[..., 3] < 128
        )
        disposal = 1 if opaque else _CLEAR
        part = gif.packed(
            indices, palette, left=left, top=top, duration=duration, disposal=disposal
        )
        parts.append(part)
    repeats = {0: 0, 1: None}.get(film.loops, film.loops - 1)
    layout = GifLayout(width=width, height=height, parts=tuple(parts), repeats=repeats)
    return gif.assembled(layout, [] if record is None else [record.encode("ascii")])


def _changed(previous: Pixels, current: Pixels) -> tuple[int, int, int, int]:
    """The smallest box, top, left, below, right, outside which two frames are the same."""
    differ = (previous != current).any(axis=2)
    rows, columns = np.flatnonzero(differ.any(axis=1)), np.flatnonzero(differ.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _tens(durations: Sequence[int]) -> list[int]:
    """Durations in tens of ms, which is what GIF counts; ends are rounded, so none adds up."""
    ends = [round(end / 10) for end in accumulate(durations)]
    return [10 * (end - start) for start, end in zip([0, *ends], ends, strict=False)]


# --- WebP --------------------------------------------------------------------------------------


def _read_webp(data: bytes, limit: int) -> Frames | None:
    file = io.BytesIO(data)
    head = webp.head(file)
    count = webp.count_frames(data)
    if count < 2:
        return None
    _check(count, head.width, head.height, limit)
    frames: list[Pixels] = []
    durations: list[int] = []
    with WebPImageFile(io.BytesIO(data)) as opened:
        for index in range(opened.n_frames):
            opened.seek(index)
            opened.load()
            frames.append(samples_of(opened.convert("RGBA")))
            durations.append(int(opened.info["duration"]))
        loops = min(int(opened.info["loop"]), MOST_LOOPS)
        profile = opened.info.get("icc_profile") or None
    return Frames(frames=_images(frames, profile), durations=tuple(durations), loops=loops)


def _write_webp(
    frames: list[Pixels], film: Frames, record: str | None, profile: bytes | None
) -> bytes:
    """Lossless; libwebp joins a frame that looks like the one before with it, times added."""
    out = io.BytesIO()
    first, *following = [Pillow.fromarray(frame) for frame in frames]
    first.save(
        out,
        "WEBP",
        save_all=True,
        append_images=following,
        duration=list(film.durations),
        loop=film.loops,
        lossless=True,
        method=4,
        icc_profile=profile or b"",
        exif=described(record).removeprefix(b"Exif\0\0"),
    )
    return out.getvalue()
