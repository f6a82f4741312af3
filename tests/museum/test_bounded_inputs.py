"""What files and callers can do to the process: nothing beyond one line, some memory, some time.

Each room has an input that once was misread in silence, took gigabytes or minutes, or ended in
another library's words, and shows what becomes of it.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image as Pillow
from PIL import PpmImagePlugin

import trombine
from trombine import codecs, conventions, images, provenance, weights
from trombine.codecs import CodecError
from trombine.codecs.png import SIGNATURE, chunk, chunks
from trombine.conventions import ConventionError
from trombine.data.augment import Augment
from trombine.data.degrade import Chain, ChainError
from trombine.data.layouts import list_folder
from trombine.data.listing import FolderError
from trombine.data.made import Maker
from trombine.data.masks import MaskError
from trombine.data.masks import parse as parse_masks
from trombine.data.masks.spec import _cut
from trombine.data.pack import INDEX, Pack, PackError
from trombine.data.packing import write_pack
from trombine.data.reading import read_row
from trombine.data.spec import SpecError
from trombine.data.spec import parse as parse_spec
from trombine.files import PictureError
from trombine.nets import NetError, build
from trombine.nets import parse as parse_net
from trombine.provenance import ProvenanceError
from trombine.recipes.freeze import Freeze
from trombine.recipes.recipe import RecipeError
from trombine.recipes.settings import settings_of
from trombine.texts import DEEPEST, LONGEST
from trombine.weights import ModelError
from trombine.weights.card import Card, CardError, dumps
from trombine.weights.card import loads as load_card
from trombine.weights.importing import import_net

RNG = np.random.default_rng(7)
PIXELS = RNG.integers(0, 256, (24, 30, 3), np.uint8)
LIMIT = 10**7
SIZES = {"width": 4, "depth": 1}
NET = "residual"

# The chunks' numbers: white, red, green, blue; and 1/2.2 in hundred thousandths.
PLACES_OF_SRGB = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
PLACES_OF_ADOBE = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
ADOBE_TO_XYZ = np.array(
    [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
)


def gamma(number: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", number))


def places(numbers: tuple[int, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *numbers))


def png(pixels: np.ndarray, *more: bytes) -> bytes:
    """A PNG file with these chunks behind its header."""
    first, *others = [raw for _, _, raw in chunks(images.encode_png(pixels))]
    return b"".join([SIGNATURE, first, *more, *others])


def one_line(error: BaseException, *words: str) -> str:
    """What an error says, which is one line with these words."""
    text = str(error)
    assert len(text.splitlines()) == 1 and len(text) < 600
    for word in words:
        assert word in text, text
    return text


# --- what a PNG says of its colours -------------------------------------------------------------


def test_gamma_of_a_png_is_followed() -> None:
    """A PNG whose gAMA says that its samples are light is seen, and read, as that light."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None], 2, 0)
    light = np.arange(256) / 255
    seen = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    for pixels in (ramp, np.repeat(ramp[..., None], 3, 2)):
        image = codecs.decode(png(pixels, gamma(100_000)), LIMIT)
        assert np.abs(image.rgb()[0, :, 0] - seen).max() < 1 / 255


def test_primaries_of_a_png_are_followed() -> None:
    """A PNG whose cHRM has the colours of Adobe RGB is seen in these."""
    image = codecs.decode(png(PIXELS, gamma(45_455), places(PLACES_OF_ADOBE)), LIMIT)
    light = (PIXELS / 255.0) ** 2.2 @ ADOBE_TO_XYZ.T @ np.linalg.inv(TO_XYZ).T
    inside = ((light > 0.02) & (light < 0.98)).all(2)
    wanted = 1.055 * light[inside] ** (1 / 2.4) - 0.055
    assert inside.sum() > 50 and np.abs(image.rgb()[inside] - wanted).max() < 2 / 255


@pytest.mark.parametrize(
    "more",
    [
        (gamma(45_455),),
        (gamma(45_455), places(PLACES_OF_SRGB)),
        (chunk(b"sRGB", b"\0"), gamma(100_000)),
        (chunk(b"cICP", bytes([1, 13, 0, 1])), gamma(100_000)),
        (gamma(0),),
        (gamma(2**32 - 1),),
        (places((0,) * 8),),
    ],
)
def test_what_is_srgb_or_nonsense_stays_as_it_is(more: tuple[bytes, ...]) -> None:
    """Chunks that say sRGB, or what cannot be, change nothing."""
    image = codecs.decode(png(PIXELS, *more), LIMIT)
    assert image.profile is None and np.array_equal(image.rgb_pixels(), PIXELS)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_colours_go_along_into_what_is_made(format: str) -> None:
    """What the chunks say is in the output too, as a profile, in every format that holds one."""
    image = codecs.decode(png(PIXELS, gamma(55_556)), LIMIT)
    again = codecs.decode(codecs.encode(image, format), LIMIT)
    assert image.profile is not None and again.profile == image.profile
    assert codecs.encode(image, format) == codecs.encode(image, format)


def test_colours_that_cannot_be_followed_are_kept_and_said(tmp_path: Path) -> None:
    """The mark of an HDR picture stays in PNG, and is said where it is not followed or kept."""
    (tmp_path / "hdr.png").write_bytes(png(PIXELS, chunk(b"cICP", bytes([9, 16, 0, 1]))))
    (tmp_path / "p3.png").write_bytes(png(PIXELS, chunk(b"cICP", bytes([12, 13, 0, 1]))))
    result = trombine.upscale(pictures=tmp_path / "hdr.png", output=tmp_path / "larger.png")
    assert any("HDR (PQ)" in notice.text for notice in result.notices)
    assert images.read(tmp_path / "larger.png").code == bytes([9, 16, 0, 1])
    result = trombine.upscale(pictures=tmp_path / "hdr.png", output=tmp_path / "larger.webp")
    assert any("nothing says any more" in notice.text for notice in result.notices)
    result = trombine.upscale(pictures=tmp_path / "p3.png", output=tmp_path / "p3.webp")
    assert not result.notices, "the profile says all of it"
    assert images.read(tmp_path / "p3.webp").profile is not None


# --- several pictures in a file -----------------------------------------------------------------


def test_a_heic_of_several_pictures_is_said(tmp_path: Path) -> None:
    """Of a HEIC that holds more than one picture it is said that one is taken."""
    pillow_heif = pytest.importorskip("pillow_heif")
    pictures = pillow_heif.from_pillow(Pillow.fromarray(PIXELS))
    pictures.save(tmp_path / "one.heic")
    pictures.add_from_pillow(Pillow.fromarray(255 - PIXELS))
    pictures.save(tmp_path / "two.heic")
    assert images.holds_others(tmp_path / "two.heic")
    assert not images.holds_others(tmp_path / "one.heic")


# --- weights from elsewhere ---------------------------------------------------------------------

UNUSUAL: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "complex": lambda one: one.to(torch.complex64),
    "sparse": lambda one: one.to_sparse(),
    "meta": lambda one: one.to("meta"),
}


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("kind", UNUSUAL)
def test_tensors_that_no_net_holds_are_not_imported(kind: str, old: bool, tmp_path: Path) -> None:
    """Complex, sparse and empty (meta) tensors are refused, not cut down to what fits."""
    path, state = tmp_path / "there.pth", build(NET, SIZES).state_dict()
    name = next(iter(state))
    torch.save(
        {**state, name: UNUSUAL[kind](state[name])}, path, _use_new_zipfile_serialization=not old
    )
    with pytest.raises(ModelError) as error:
        import_net(path, NET, SIZES)
    one_line(error.value, str(path), name if not (old and kind == "meta") else "", ";")


def test_quantised_tensors_are_not_imported(tmp_path: Path) -> None:
    """Weights of 8 bits are refused in one line."""
    state = build(NET, SIZES).state_dict()
    name = next(iter(state))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch is to give them up
        one = torch.quantize_per_tensor(state[name], 0.1, 0, torch.qint8)
    torch.save({**state, name: one}, tmp_path / "there.pth")
    with pytest.raises(ModelError) as error:
        import_net(tmp_path / "there.pth", NET, SIZES)
    one_line(error.value, "quantised")


def repacked(path: Path, change: Callable[[str, bytes], bytes], how: int) -> None:
    """A file that torch has saved, with other contents or packed otherwise."""
    whole = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w", how) as out:
        for name in whole.namelist():
            out.writestr(name, change(name, whole.read(name)))


def test_a_checkpoint_that_unpacks_to_far_more_than_itself_is_refused(tmp_path: Path) -> None:
    """A checkpoint of some kB cannot take gigabytes."""
    path = tmp_path / "bomb.pth"
    torch.save({"weight": torch.zeros(1 << 22)}, path)
    repacked(path, lambda _, data: data, zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError) as error:
        import_net(path, NET, SIZES)
    one_line(error.value, str(path), "would be unpacked to 17 MB", "torch.save")


def test_a_checkpoint_that_was_packed_as_usual_is_imported(tmp_path: Path) -> None:
    """A zip that packs sound weights a little smaller is no bomb."""
    net, path = build(NET, SIZES), tmp_path / "packed.pth"
    torch.save(net.state_dict(), path)
    repacked(path, lambda _, data: data, zipfile.ZIP_DEFLATED)
    state = import_net(path, NET, SIZES).state_dict()
    assert all(torch.equal(state[name], one) for name, one in net.state_dict().items())


@pytest.mark.parametrize("old", [True, False])
def test_a_pickle_cannot_fill_memory(old: bool, tmp_path: Path) -> None:
    """A pickle of a hundred bytes that makes a bytearray of a gigabyte is refused unread."""
    path, filled = tmp_path / "filled.pth", b"\x80\x02cbuiltins\nbytearray\nJ\0\0\0\x40\x85R."
    torch.save({"a": torch.zeros(1)}, path)
    repacked(path, lambda name, data: filled if name.endswith(".pkl") else data, 0)
    if old:
        path.write_bytes(filled)
    with pytest.raises(ModelError) as error:
        import_net(path, NET, SIZES)
    one_line(error.value, "holds more than tensors")


# --- what the Python API is given ---------------------------------------------------------------


def test_a_name_with_a_zero_byte_is_refused_everywhere(tmp_path: Path) -> None:
    """A zero byte in a path is one line of ours, wherever it is given."""
    picture, bad = tmp_path / "a.png", str(tmp_path / "a\0b.png")
    images.write(picture, images.image_of(PIXELS))
    calls: list[Callable[[], object]] = [
        lambda: images.read(bad),
        lambda: images.write(bad, images.image_of(PIXELS)),
        lambda: trombine.upscale(pictures=bad, output=tmp_path / "o.png"),
        lambda: trombine.upscale(pictures=picture, output=bad),
        lambda: trombine.read(pictures=[picture], output=bad),
        lambda: trombine.data_leaves(count=1, size=32, output=bad),
        lambda: trombine.data_prepare(folder=tmp_path, output=bad),
        lambda: trombine.replay(pictures=bad, output=tmp_path / "o.png"),
        lambda: trombine.models_export(model="upscale-fast-x2", onnx=True, output=bad),
        lambda: weights.load("a\0b"),
        lambda: weights.load(Path("a\0b.safetensors")),
    ]
    for call in calls:
        with pytest.raises((PictureError, ModelError)) as error:
            call()
        assert "\0" not in one_line(error.value)


STRANGE: dict[str, Callable[[], torch.Tensor]] = {
    "meta": lambda: torch.empty(3, 9, 9, device="meta"),
    "sparse": lambda: torch.rand(3, 9, 9).to_sparse(),
    "mkldnn": lambda: torch.rand(3, 9, 9).to_mkldnn(),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_tensors_without_plain_numbers_are_refused(kind: str) -> None:
    """A meta or a sparse tensor is refused by the conventions, not by torch."""
    given, picture = STRANGE[kind](), torch.rand(3, 9, 9)
    image = images.image_of(np.zeros((9, 9, 3), np.uint8))
    calls: list[Callable[[], object]] = [
        lambda: conventions.check_picture(given),
        lambda: conventions.to_pixels(given),
        lambda: conventions.check_hole(given, picture),
        lambda: image.replace_picture(given, torch.ones(1, 9, 9)),
        lambda: weights.load("upscale-fast-x2")(given),
    ]
    for call in calls:
        with pytest.raises(ConventionError, match="plain tensor"):
            call()


# --- pictures that ask for more than they show --------------------------------------------------


def tiff(piece: bytes, packed: int, side: int = 16) -> bytes:
    """A TIFF whose one strip of grey pixels is this piece."""
    tags = {256: side, 257: side, 258: 8, 259: packed, 262: 1, 273: 0, 277: 1, 278: side, 279: 0}
    tags |= {273: 8 + 2 + 12 * len(tags) + 4, 279: len(piece)}
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + body + bytes(4) + piece


LARGE = np.zeros((500, 500), np.uint8)
PIECES: dict[str, Callable[[np.ndarray], bytes]] = {
    "JPEG": lambda a: imagecodecs.jpeg_encode(a),
    "JPEG2000": lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="j2k"),
    "JPEG_2000_LOSSY": lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="jp2"),
    "WEBP": lambda a: imagecodecs.webp_encode(np.repeat(a[..., None], 3, 2), lossless=True),
    "PNG": lambda a: imagecodecs.png_encode(a),
    "JPEGXL": lambda a: imagecodecs.jpegxl_encode(a, effort=1),
    "JPEGXR": lambda a: imagecodecs.jpegxr_encode(a),
    "LERC": lambda a: imagecodecs.lerc_encode(a),
}


@pytest.mark.parametrize("kind", PIECES)
def test_a_strip_that_is_larger_than_the_picture_is_not_decoded(kind: str) -> None:
    """A TIFF of 16 x 16 pixels whose strip holds a picture of millions is refused before that."""
    data = tiff(bytes(PIECES[kind](LARGE)), tifffile.COMPRESSION[kind])
    with pytest.raises(CodecError) as error:
        codecs.decode(data, LIMIT)
    assert error.value.what.endswith(("larger than it says)", f"packed as {kind}"))


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000", "JPEG_2000_LOSSY"])
def test_a_strip_as_large_as_the_picture_is_read(kind: str) -> None:
    """A TIFF whose strips are pictures of the right size is read as before."""
    pixels = np.repeat(np.arange(0, 256, 16, dtype=np.uint8)[None], 16, 0)
    image = codecs.decode(tiff(bytes(PIECES[kind](pixels)), tifffile.COMPRESSION[kind]), LIMIT)
    assert np.abs(image.samples[..., 0].astype(int) - pixels).max() < 8


def test_a_tiff_of_jpeg_in_strips_and_tiles_is_read() -> None:
    """A JPEG in strips, of which the last is shorter, or in tiles, is read as before."""
    for how in ({"rowsperstrip": 16}, {"tile": (16, 16)}):
        out = io.BytesIO()
        tifffile.imwrite(out, PIXELS, photometric="rgb", compression="jpeg", **how)
        assert codecs.decode(out.getvalue(), LIMIT).samples.shape == PIXELS.shape


def test_a_small_icon_does_not_hold_a_huge_picture() -> None:
    """An ICNS whose picture inside is beyond Pillow's bound is refused before it is decoded."""
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 6, 0, 0, 0)
    inside = (
        SIGNATURE
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    data = b"ic07" + struct.pack(">I", 8 + len(inside)) + inside
    with pytest.raises(CodecError, match="more memory"):
        codecs.decode(b"icns" + struct.pack(">I", 8 + len(data)) + data, LIMIT)


class Counted(io.BytesIO):
    """A file that counts how often it is read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.count += 1
        return super().read(size)


@pytest.mark.parametrize("fill", [b"#a\n", b"\n", b"#a"])
def test_a_header_of_comments_is_not_gone_through_byte_by_byte(fill: bytes) -> None:
    """A PGM that begins with megabytes of comments is refused after a few reads."""
    file = Counted(b"P5\n" + fill * 500_000 + b"\n2 2 255\nabcd")
    with pytest.raises(CodecError):
        codecs.look(file, LIMIT)
    assert file.count < 100


@pytest.mark.parametrize("magic", [b"P1", b"P2", b"P3"])
def test_comments_between_samples_do_not_reach_pillow(
    magic: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PGM with half a million comments between its samples is read, and in one go."""
    blocks: list[bytes] = []
    honest = PpmImagePlugin.PpmPlainDecoder._ignore_comments

    def noted(self: PpmImagePlugin.PpmPlainDecoder, block: bytes) -> bytes:
        blocks.append(block)
        return honest(self, block)

    monkeypatch.setattr(PpmImagePlugin.PpmPlainDecoder, "_ignore_comments", noted)
    header = b"2 2\n" if magic == b"P1" else b"2 2\n# the brightest\n1\n"
    samples = b"1 0 1 0 " * (3 if magic == b"P3" else 1)
    data = magic + b" # a comment\n" + header + b"# more\n" * 500_000 + samples + b"\n#end"
    image = codecs.decode(data, LIMIT)
    assert (image.height, image.width) == (2, 2) and len(np.unique(image.samples)) == 2
    assert blocks and not any(b"#" in block for block in blocks)


MANY = 200_000


def gif(*more: bytes) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(PIXELS).save(out, "GIF")
    data = out.getvalue()
    at = 13 + (3 << (data[10] & 7) + 1)  # behind the palette
    return b"".join([data[:at], *more, data[at:]])


def jpeg(*more: bytes) -> bytes:
    data = codecs.encode(images.image_of(PIXELS), "JPEG")
    return b"".join([data[:2], *more, data[2:]])


@pytest.mark.parametrize(
    "data",
    [
        jpeg(b"\xff\xe1\0\x09Exif\0\0x" * MANY),
        jpeg(b"\xff\xe3\0\x02" * MANY),
        png(PIXELS, chunk(b"abCd", b"") * MANY),
        gif(b"!\xfe\x01a\0" * MANY),
    ],
    ids=["exif", "segments", "chunks", "comments"],
)
def test_more_pieces_than_any_picture_has_are_not_gone_through(data: bytes) -> None:
    """A file of hundreds of thousands of tiny pieces is refused."""
    with pytest.raises(CodecError, match=r"more (segments|chunks|pictures and comments) than"):
        codecs.decode(data, LIMIT)


def test_a_gif_with_comments_is_read_as_without_them() -> None:
    """Comments before the picture change nothing of it."""
    with_comments = gif(b"!\xfe\x05hello\0" * 100)
    plain, other = codecs.decode(gif(), LIMIT), codecs.decode(with_comments, LIMIT)
    assert np.array_equal(plain.rgb_pixels(), other.rgb_pixels())


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_no_decoder_speaks_by_itself(channels: int, capfd: pytest.CaptureFixture[str]) -> None:
    """A 16-bit PNG that libpng would remark on is read without a word on the terminal."""
    samples = RNG.integers(0, 65536, (9, 7, channels), np.uint16)
    whole = codecs.encode(images.image_of(samples), "PNG")
    pieces = [(name, body + b"abc" if name == b"IDAT" else body) for name, body, _ in chunks(whole)]
    data = SIGNATURE + b"".join(chunk(name, body) for name, body in pieces)
    assert np.array_equal(codecs.decode(data, LIMIT).samples, samples)
    assert capfd.readouterr() == ("", "")


# --- texts --------------------------------------------------------------------------------------

GRAMMARS: dict[str, tuple[Callable[[str], object], type[Exception]]] = {
    "masks": (parse_masks, MaskError),
    "pictures": (parse_spec, SpecError),
    "damage": (Chain.parse, ChainError),
    "augment": (Augment.parse, SpecError),
    "freeze": (Freeze.parse, RecipeError),
    "net": (parse_net, NetError),
    "setting": (lambda text: settings_of([f"a={text}"]), RecipeError),
}


@pytest.mark.parametrize("name", GRAMMARS)
@pytest.mark.parametrize("text", ["squares+", "x>", "1", "folder:a+", "a:b=1,", "\x1b["])
def test_a_spec_of_a_megabyte_is_refused_at_once(name: str, text: str) -> None:
    """Every text that asks for something is bounded, in one line that does not repeat it."""
    parse, error = GRAMMARS[name]
    with pytest.raises(error) as refused:
        parse(text * (1_000_000 // len(text)))
    assert "\x1b" not in one_line(refused.value, "letters long", f"{LONGEST:,}")


def test_a_spec_of_masks_is_cut_in_one_pass() -> None:
    """Cutting a spec takes time in proportion to it: pieces are slices, quotes are kept."""
    assert _cut('a+"b+c"+d + "e', "+") == ["a", '"b+c"', "d", '"e']
    text = "squares+" * 100_000  # which a piece that grows by letters would take minutes for
    assert len(_cut(text, "+")) == 100_001


@pytest.mark.parametrize("inner", ["[", '{"a":'])
def test_deep_nests_are_refused(inner: str) -> None:
    """JSON that is nested beyond all use is refused as other broken JSON is, not by a traceback."""
    for depth in (DEEPEST + 1, 400, 100_000):
        deep = inner * depth + "0" + ("]" if inner == "[" else "}") * depth
        with pytest.raises(ProvenanceError, match="not JSON"):
            provenance.loads(f'{{"format":1,"verb":"masks","options":{{"a":{deep}}}}}')
        card = dumps(Card(task="upscale", net=NET, sizes={})).replace(
            '"settings": {}', f'"settings": {{"a": {deep}}}'
        )
        with pytest.raises(CardError, match="not JSON"):
            load_card(card)


def test_sizes_beyond_numbers_are_refused() -> None:
    """A size of a thousand digits in a card is one line."""
    with pytest.raises(NetError) as error:
        build("residual", {"width": 10**1000})
    one_line(error.value)
    with pytest.raises(NetError) as error:
        build("dcgan_generator", {"width": 10**1000})
    one_line(error.value)


# --- damaged files of our own -------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of two painted faces; for reading only."""
    path = tmp_path_factory.mktemp("sound") / "pack"
    maker = Maker(kind="world", styles=("sketch",), size=16)
    list(write_pack(path, maker, first_seed=0, count=2, workers=1))
    return path


@pytest.fixture
def pack(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "pack"))


def with_head(path: Path, head: str, version: bytes = b"\x01\0") -> None:
    """Another head for a .npy file, before the same numbers."""
    data = path.read_bytes()
    numbers = data[10 + int.from_bytes(data[8:10], "little") :]
    text = head.encode("latin1") + b"\n"
    path.write_bytes(b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + numbers)


HEADS = {
    "huge": "{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999, 16, 16, 3), }",
    "beyond": "{'descr': '|u1', 'fortran_order': False, 'shape': (10" + "0" * 40 + ", 16), }",
    "negative": "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, 16, 16, 3), }",
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (2, 16, 16, 3), }",
    "columns first": "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 16, 16, 3), }",
    "letters": "{'descr': '<U4', 'fortran_order': False, 'shape': (2, 16, 16, 3), }",
    "torn": "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 16,",
    "deep": "(" * 9000,
    "odd": "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 16L, 16L, 3L), '\\d': 1}",
}


@pytest.mark.parametrize("head", HEADS)
def test_a_column_of_a_pack_with_another_head_is_refused(head: str, pack: Path) -> None:
    """Whatever the head of a .npy file claims, it is one line that names the file and the cure."""
    with_head(pack / "pictures.npy", HEADS[head])
    with pytest.raises(PackError) as error:
        Pack(pack)
    one_line(error.value, "pictures.npy: is damaged", "make it again with --overwrite")


def test_a_column_of_another_version_or_length_is_refused(pack: Path) -> None:
    """A head of another version, and numbers that were cut or added, are refused."""
    file = pack / "pictures.npy"
    whole = file.read_bytes()
    for data in (b"\x93NUMPY\x09\0" + whole[8:], whole[:-1], whole + b"\0", whole[:5], b""):
        file.write_bytes(data)
        with pytest.raises(PackError) as error:
            Pack(pack)
        one_line(error.value, "pictures.npy", "--overwrite")
    file.write_bytes(whole)
    assert len(Pack(pack)) == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("about", None),
        ("about", [1]),
        ("about", {"vector_names": 3}),
        ("about", {"classes": [1, 2]}),
        ("hash", {}),
        ("names", "x"),
        ("columns", {"pictures": 3}),
        ("columns", {"pictures": {"dtype": "uint8", "shape": "x", "sha256": ""}}),
        ("columns", {"pictures": {"dtype": "uint8", "shape": [2, [16]], "sha256": ""}}),
        ("columns", {"../pictures": {"dtype": "uint8", "shape": [2], "sha256": ""}}),
    ],
)
def test_an_index_of_another_shape_is_refused(key: str, value: object, pack: Path) -> None:
    """What index.json says is of the right kind, or refused when the pack is opened."""
    index = json.loads((pack / INDEX).read_text())
    (pack / INDEX).write_text(json.dumps({**index, key: value}))
    with pytest.raises(PackError) as error:
        Pack(pack)
    one_line(error.value, str(pack), "--overwrite")


def test_an_index_that_is_nested_too_deeply_is_refused(pack: Path) -> None:
    """A deep nest in index.json is one line."""
    (pack / INDEX).write_text("[" * 100_000)
    with pytest.raises(PackError) as error:
        Pack(pack)
    one_line(error.value, INDEX, "cannot be read")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parts", 19),
        ("parts", 254),
        ("points", np.inf),
        ("points", np.nan),
        ("vectors", -np.inf),
    ],
)
def test_truth_that_cannot_be_meant_is_refused(name: str, value: float, pack: Path) -> None:
    """Labels that are none, and infinite or half unknown points, do not get into training."""
    file = pack / f"{name}.npy"
    numbers = np.load(file)
    numbers[(1, *([0] * (numbers.ndim - 1)))] = value
    np.save(file, numbers)
    opened = Pack(pack)
    with pytest.raises(PackError) as error:
        opened.rows(np.array([0, 1]))
    one_line(error.value, file.name, "--overwrite")
    assert opened.rows(np.array([0])), "the other picture is sound"


def test_truth_of_which_nothing_is_known_is_read(pack: Path) -> None:
    """What is written for unknown parts and points stays readable, and can be shown."""
    from trombine.objectives.read import _coloured

    for name, value in (("parts", 255), ("points", np.nan)):
        numbers = np.load(pack / f"{name}.npy")
        numbers[1] = value
        np.save(pack / f"{name}.npy", numbers)
    rows = Pack(pack).rows(np.array([0, 1]))
    shown = _coloured(torch.rand(2, 3, 16, 16), torch.from_numpy(rows["parts"]))
    assert shown.shape == (2, 3, 16, 16) and bool(shown.isfinite().all())


def lines(folder: Path, **more: Any) -> Path:
    """A folder of one picture with a line of metadata."""
    folder.mkdir()
    images.write(folder / "a.png", images.image_of(PIXELS))
    line = json.dumps({"file_name": "a.png", **more})
    (folder / "metadata.jsonl").write_text(line + "\n")
    return folder


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e300, 10**400, "x", None])
def test_points_of_a_folder_that_are_no_numbers_are_refused(wrong: object, tmp_path: Path) -> None:
    """Landmarks that are infinite, or no numbers, are one line with the file that has them."""
    folder = lines(tmp_path / "set", landmarks=[[1.0, 1.0]] * 67 + [[wrong, 1.0]])
    listing = list_folder(folder)
    with pytest.raises(FolderError) as error:
        read_row(folder, listing, listing.records[0], 16)
    one_line(error.value, "metadata.jsonl", "mend it")


@pytest.mark.parametrize("label", [19, 200, 255])
def test_a_map_of_labels_that_are_none_is_refused(label: int, tmp_path: Path) -> None:
    """A parts map with a label above 18, 255 too, is one line that names it."""
    folder = lines(tmp_path / "set", parts_file_name="p.png")
    parts = np.zeros(PIXELS.shape[:2], np.uint8)
    parts[3, 3] = label
    images.write(folder / "p.png", images.image_of(parts))
    listing = list_folder(folder)
    with pytest.raises(PictureError) as error:
        read_row(folder, listing, listing.records[0], 16)
    one_line(error.value, "p.png", "labels below 19")


def celeba(folder: Path, **tables: str) -> Path:
    (folder / "img_align_celeba").mkdir(parents=True)
    images.write(folder / "img_align_celeba" / "000001.jpg", images.image_of(PIXELS))
    for name, text in tables.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


POINTS = "list_landmarks_align_celeba"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list_attr_celeba", "9" * 5000 + "\na b\n000001.jpg 1 -1\n"),
        (POINTS, f"000001.jpg {'1 ' * 9}1e999\n"),
        (POINTS, f"000001.jpg {'1 ' * 9}1e30\n"),
        ("identity_CelebA", "000001.jpg 9999999999999999999999\n"),
        ("identity_CelebA", f"000001.jpg {'9' * 5000}\n"),
        ("list_eval_partition", "000001.jpg inf\n"),
    ],
)
def test_a_table_of_absurd_numbers_is_refused(name: str, text: str, tmp_path: Path) -> None:
    """A list of CelebA that begins with 5,000 digits, or holds such numbers, names its line."""
    with pytest.raises(FolderError) as error:
        list_folder(celeba(tmp_path / "set", **{name: text}))
    one_line(error.value, name, "in line 1", "copy it again")


def test_a_count_of_pictures_of_5000_digits_is_refused(tmp_path: Path) -> None:
    """LFW's table of people is read with the same bound."""
    person = tmp_path / "lfw" / "A_B"
    person.mkdir(parents=True)
    images.write(person / "A_B_0001.jpg", images.image_of(PIXELS))
    (tmp_path / "peopleDevTrain.txt").write_text("1\nA_B\t" + "9" * 5000 + "\n")
    with pytest.raises(FolderError) as error:
        list_folder(tmp_path)
    one_line(error.value, "peopleDevTrain.txt", "line 2")


def test_numbers_of_pictures_beyond_all_are_passed_over(tmp_path: Path) -> None:
    """A picture whose name is a number of thirty digits is not one of CelebAMask-HQ's."""
    folder = tmp_path / "CelebA-HQ-img"
    folder.mkdir()
    for name in ("0.jpg", "9" * 30 + ".jpg"):
        images.write(folder / name, images.image_of(PIXELS))
    listing = list_folder(tmp_path, "celebamask-hq")
    assert [record.name for record in listing.records] == ["CelebA-HQ-img/0.jpg"]


def test_an_infinite_number_of_a_table_is_refused(tmp_path: Path) -> None:
    """A number beyond all numbers in metadata.csv or metadata.jsonl is one line."""
    folder = lines(tmp_path / "one", face={"age": 1e400})
    with pytest.raises(FolderError) as error:
        list_folder(folder)
    one_line(error.value, "metadata.jsonl")
    (folder / "metadata.jsonl").unlink()
    (folder / "metadata.csv").write_text("file_name,age\na.png,1e400\n")
    with pytest.raises(FolderError) as error:
        list_folder(folder)
    one_line(error.value, "metadata.csv", "infinite")


@pytest.mark.parametrize(
    "header",
    [
        {"head.weight": {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}},
        {"head.weight": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}},
        {"head.weight": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}},
        {"head.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 2**63]}},
        {"head.weight": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}},
        {"head.weight": {"dtype": "X9", "shape": [2], "data_offsets": [0, 8]}},
        {"__metadata__": {"trombine": {"a": []}}},
        {"__metadata__": [1]},
        {"__metadata__": {"trombine": "[" * 100_000}},
        {"__metadata__": {"trombine": "3"}},
    ],
)
def test_a_header_of_a_model_that_cannot_be_is_refused(
    header: dict[str, Any], tmp_path: Path
) -> None:
    """Offsets, shapes and cards that cannot be are one line that names the model's file."""
    text, path = json.dumps(header).encode(), tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
    with pytest.raises(ModelError) as error:
        weights.load(path)
    one_line(error.value, str(path), ";")


# --- finite weights that overflow ---------------------------------------------------------------


@pytest.fixture
def overflowing(tmp_path: Path) -> Callable[[str], Path]:
    """The file of a shipped model whose weights were made far too large."""

    def make(name: str) -> Path:
        model = weights.load(name)
        with torch.no_grad():
            for parameter in model.net.parameters():
                parameter.mul_(1e20)
        weights.save(tmp_path / f"{name}.safetensors", model.net, replace(model.card))
        return tmp_path / f"{name}.safetensors"

    return make


def test_weights_that_overflow_do_not_end_a_folder(
    overflowing: Callable[[str], Path], tmp_path: Path
) -> None:
    """Each picture is refused in one line that names the model, and nothing is written."""
    for number in range(2):
        images.write(tmp_path / "in" / f"{number}.png", images.image_of(PIXELS))
    for verb, name in ((trombine.upscale, "upscale-fast-x2"), (trombine.read, "reader")):
        file = overflowing(name)
        result = verb(pictures=tmp_path / "in", output=tmp_path / "out", model=file)
        assert len(result.skipped) == 2 and not result.written
        for skipped in result.skipped:
            assert file.name in skipped.why and "infinite numbers; take another" in skipped.why


def test_a_model_that_overflows_is_named_in_python(overflowing: Callable[[str], Path]) -> None:
    """Called in Python it raises a ModelError, and gives back no white picture."""
    file = overflowing("upscale-fast-x2")
    with pytest.raises(ModelError) as error:
        weights.load(file)(torch.rand(3, 9, 9))
    one_line(error.value, str(file), "infinite numbers")
