"""PNG, read through Pillow; 16 bits, which it would narrow to 8, in two halves.

The chunks around the pixels (profile, palette's alpha, transparent colour, provenance) are read
and written here. 16 bits are written by imagecodecs, which knows none of them.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from trombine.codecs.kind import (
    MOST_CHUNKS,
    Head,
    damaged,
    exactly,
    orientation,
    samples_of,
    unpack,
    upright,
)
from trombine.codecs.metadata import PREFIX, exif_for, metadata_of, xmp_for
from trombine.colour import coded, profile_of
from trombine.files import Bytes
from trombine.provenance import KEY
from trombine.samples import Image

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SPACES: Final = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}  # by the header's colour type
# Fixed, so that the same picture makes the same bytes; beyond 4 files of photographs do not
# shrink, and take longer.
_LEVEL: Final = 4
_LARGEST_PROFILE: Final = 1 << 24  # bytes, unpacked
_OF_BYTES: Final = {"L": 4, "LA": 6}  # colour types that have as many bytes as these 16-bit ones
# The start of the text that is XMP: keyword, not packed (2), no language, no translation.
_XMP: Final = b"XML:com.adobe.xmp\0" + b"\0\0" + b"\0\0"
_HOLD_PIXELS: Final = (b"IHDR", b"PLTE", b"IDAT", b"IEND")


def head(file: Bytes) -> Head:
    """What the first chunk says."""
    start = exactly(file, 33)
    width, height, _, kind = unpack(">IIBB", start[16:])
    if start[12:16] != b"IHDR" or kind not in _SPACES or not width or not height:
        raise damaged("its header is not one of PNG")
    return Head(
        format="PNG",
        width=width,
        height=height,
        lossless=True,
        space=_SPACES[kind],
        more_pictures=_moves(file),
    )


def _moves(file: Bytes) -> bool:
    """Whether there is an animation: its chunk lies before the first picture."""
    while len(start := file.read(8)) == 8 and start[4:] != b"IDAT":
        if start[4:] == b"acTL":
            return True
        file.seek(unpack(">I", start[:4])[0] + 4, io.SEEK_CUR)
    return False


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in a PNG file, in its own depth and mode."""
    depth, kind = unpack(">BB", data[24:])
    # Only what holds pixels goes to the decoders: they would turn tRNS into an alpha channel,
    # unpack texts of any size, and play animations.
    bare = SIGNATURE + b"".join(raw for name, _, raw in chunks(data) if name in _HOLD_PIXELS)
    around: dict[bytes, bytes] = {}
    for name, body, _ in chunks(data):
        if name == b"iTXt" and body.startswith(_XMP):
            around.setdefault(_XMP, body[len(_XMP) :])
        elif name not in (b"IDAT", b"tEXt"):
            around.setdefault(name, body)
    samples, mode = _wide(bare, kind) if depth == 16 else _narrow(bare)
    fields = {"mode": mode, **_transparency(around, mode, depth, samples)}
    if mode == "1" and "key" in fields:  # one bit of which one is transparent
        fields["mode"] = "L"
    turned = upright(samples, orientation(around.get(b"eXIf", b"")))
    space = {"1": "", "L": "L", "LA": "L"}.get(fields["mode"], "RGB")  # 0 and 1 are what they are
    return {
        **fields,
        "samples": turned,
        "profile": _colours(around, space) if space else _profile(around.get(b"iCCP", b"")),
        "code": _code(around, space),
        "metadata": metadata_of(around.get(b"eXIf"), around.get(_XMP)),
    }


def _code(around: dict[bytes, bytes], space: str) -> bytes | None:
    """The body of a cICP chunk, which is of colours."""
    body = around.get(b"cICP", b"")
    return body if len(body) == 4 and space == "RGB" else None


def _colours(around: dict[bytes, bytes], space: str) -> bytes | None:
    """The profile of what the chunks say of the colours, in the standard's order: cICP, iCCP, sRGB,
    gAMA and cHRM. None where that is sRGB, or nothing.
    """
    code = _code(around, space)
    if code is not None and not coded(code)[1]:
        return coded(code)[0]
    profile = _profile(around.get(b"iCCP", b""))
    if profile is not None or b"sRGB" in around:
        return profile
    gamma, places = around.get(b"gAMA", b""), around.get(b"cHRM", b"")
    power = 100_000 / max(1, unpack(">I", gamma)[0]) if len(gamma) == 4 else None
    if len(places) != 32:
        return profile_of(space, None, power)
    return profile_of(space, tuple(value / 100_000 for value in unpack(">8I", places)), power)


def _wide(bare: bytes, kind: int) -> tuple[np.ndarray, str]:
    """16-bit samples and their mode. libpng would do, but says on the terminal what it minds.

    To Pillow a grey of two bytes is shown as a grey and an alpha of one, which are packed alike.
    Of colours it unpacks only one byte of two, whichever it is asked for.
    """
    mode = _SPACES[kind]
    if mode in _OF_BYTES:
        halves = _narrow(_of_bytes(bare, _OF_BYTES[mode]))[0]
        high, low = halves[..., 0::2], halves[..., 1::2]
    else:
        high, low = _narrow(bare, f"{mode};16B")[0], _narrow(bare, f"{mode};16L")[0]
    return high.astype(np.uint16) << 8 | low, mode


def _of_bytes(bare: bytes, kind: int) -> bytes:
    """The file, its header calling each byte a sample of 8 bits."""
    (name, body, raw), *following = chunks(bare)
    if chunk(name, body) != raw:
        raise damaged("its checksums are wrong")
    start = chunk(name, body[:8] + bytes([8, kind]) + body[10:])
    return SIGNATURE + start + b"".join(raw for _, _, raw in following)


def _narrow(bare: bytes, packed: str = "") -> tuple[np.ndarray, str]:
    """8-bit samples and their mode; fewer bits than 8 are spread over 8. `packed` is how Pillow
    unpacks them, where it is not as the header says.
    """
    from PIL.PngImagePlugin import PngImageFile

    with PngImageFile(io.BytesIO(bare)) as opened:
        if packed:
            opened.tile = [tile._replace(args=packed) for tile in opened.tile]
        opened.load()
        samples, mode = samples_of(opened), opened.mode
    if mode == "1":
        samples = samples.astype(np.uint8) * np.uint8(255)
    return samples if samples.ndim == 3 else samples[..., None], mode


def _transparency(
    around: dict[bytes, bytes], mode: str, depth: int, samples: np.ndarray
) -> dict[str, Any]:
    """The palette with its alpha, or the transparent colour, where there is one."""
    alpha = around.get(b"tRNS", b"")
    if mode == "P":
        colours = around.get(b"PLTE", b"")[: 3 * 256]
        count = max(len(colours) // 3, int(samples.max()) + 1)
        palette = np.zeros((count, 4), np.uint8)  # an index beyond the end means black
        palette[:, 3] = 255
        palette[: len(colours) // 3, :3] = np.frombuffer(colours, np.uint8).reshape(-1, 3)
        palette[: len(alpha), 3] = np.frombuffer(alpha[:count], np.uint8)
        return {"palette": palette}
    channels = {"1": 1, "L": 1, "RGB": 3}.get(mode, 0)
    if not alpha or not channels:
        return {}
    spread = 255 // (2**depth - 1) if depth < 8 else 1
    low = 2**depth - 1  # the bits above the depth mean nothing
    return {"key": tuple((value & low) * spread for value in unpack(f">{channels}H", alpha))}


def _profile(body: bytes) -> bytes | None:
    """The ICC profile in an iCCP chunk: name, 0, method, deflated profile. None where broken."""
    packed = body[body.find(b"\0") + 2 :]
    try:
        unpacker = zlib.decompressobj()
        profile = unpacker.decompress(packed, _LARGEST_PROFILE)
    except zlib.error:
        return None
    return profile if unpacker.eof and profile else None


def text(file: Bytes) -> str | None:
    """The record of provenance, as `encode` wrote it."""
    is_complete = False
    for name, body, _ in chunks(file.read()):
        is_complete = name == b"IEND"
        word, _, value = body.partition(b"\0")
        if name in (b"tEXt", b"iTXt") and word == KEY.encode():
            # iTXt, as other programs may rewrite it: two flags, language, translated keyword.
            value = value.split(b"\0", 4)[-1] if name == b"iTXt" else value
            return value.decode("ascii", "replace")
    if not is_complete:
        raise damaged("it ends before its last chunk")
    return None


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Each whole chunk of a PNG file, up to the last: its name, its body, and all its bytes."""
    at, name, count = len(SIGNATURE), b"", 0
    while at + 12 <= len(data) and name != b"IEND":
        end = at + 12 + unpack(">I", data[at : at + 4])[0]
        name = data[at + 4 : at + 8]
        if end > len(data) or not name.isalpha():
            return
        if (count := count + 1) > MOST_CHUNKS:
            raise damaged("it has more chunks than a picture has")
        yield name, data[at + 8 : end - 4], data[at:end]
        at = end


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk's bytes: length, name, body, checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def encode(image: Image, text: str | None) -> bytes:
    """A PNG file of the image's samples, palette, profile and provenance; always the same bytes."""
    plain = _encode_wide(image) if image.bits == 16 else _encode_narrow(image)
    early, late = b"", b""  # where a palette is, some chunks must come before it, some after
    if image.code is not None:
        early += chunk(b"cICP", image.code)
    if image.profile is not None:
        early += chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(image.profile, 9))
    if text is not None:
        early += chunk(b"tEXt", KEY.encode() + b"\0" + text.encode("ascii"))
    if image.metadata.exif:
        early += chunk(b"eXIf", exif_for(image, None).removeprefix(PREFIX))
    if image.metadata.xmp:
        early += chunk(b"iTXt", _XMP + xmp_for(image))
    if image.key is not None:
        late += chunk(b"tRNS", struct.pack(f">{len(image.key)}H", *image.key))
    if image.palette is not None and (image.palette[:, 3] < 255).any():
        opaque_from = int(np.flatnonzero(image.palette[:, 3] < 255)[-1]) + 1
        late += chunk(b"tRNS", image.palette[:opaque_from, 3].tobytes())
    parts = [raw for _, _, raw in chunks(plain)]
    at = next(i for i, (name, _, _) in enumerate(chunks(plain)) if name == b"IDAT")
    return b"".join([SIGNATURE, parts[0], early, *parts[1:at], late, *parts[at:]])


def _encode_wide(image: Image) -> bytes:
    import imagecodecs

    samples = image.samples[..., 0] if image.samples.shape[2] == 1 else image.samples
    # A copy, since a view of one pixel may have strides that imagecodecs takes for gaps.
    return bytes(imagecodecs.png_encode(samples.copy(), level=_LEVEL))


def _encode_narrow(image: Image) -> bytes:
    from PIL import Image as Pillow

    out = io.BytesIO()
    mode = "L" if image.mode == "1" else image.mode
    picture = Pillow.frombytes(mode, (image.width, image.height), image.samples.tobytes())
    if image.palette is not None:
        picture.putpalette(image.palette[:, :3].tobytes())
    if image.mode == "1":
        picture = picture.convert("1", dither=Pillow.Dither.NONE)
    picture.save(out, "PNG", compress_level=_LEVEL)
    return out.getvalue()
