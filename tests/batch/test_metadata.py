"""What a photograph says of itself, date, camera, place, in what is made of it."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

import trombine
from trombine import codecs
from trombine.events import Done, Event, Notice
from trombine.images import read_provenance
from trombine.verbs.upscale import UpscaleRequest, run

PIXELS = (np.add.outer(np.arange(20), np.arange(24))[..., None] * (2, 3, 4)).astype(np.uint8)
TAKEN = "2024:05:17 18:30:00"
LATITUDE = (IFDRational(48), IFDRational(51), IFDRational(2952, 100))
NOTES = b"Canon-like notes, which point into themselves" * 3
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description xmp:Rating="5"'
    b' tiff:Orientation="6" exif:PixelXDimension="24" GPano:FullPanoWidthPixels="24">'
    b"<tiff:ImageWidth>24</tiff:ImageWidth><dc:subject>cat</dc:subject>"
    b"<xmp:Thumbnails>secret</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>"
)
IPTC = b"\x1c\x02\x78\x00\x05hello"
ENDINGS = ["jpg", "png", "webp", "tif", "avif"]


def exif(**tags: Any) -> bytes:
    """What a phone writes."""
    block = Pillow.Exif()
    block[271], block[272], block[305], block[306] = "Maker", "Model 7", "Firmware 2", TAKEN
    block[274] = 6
    block[34665] = {36867: TAKEN, 37500: NOTES, 40962: 24, 40963: 20, 37122: 3, 33434: 0.01}
    block[34853] = {1: "N", 2: LATITUDE, 29: "2024:05:17"}
    for tag, value in tags.items():
        block[int(tag[1:])] = value
    return block.tobytes()


def photograph(folder: Path, name: str = "photo.jpg", **options: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    options = {"exif": exif(), **options}
    if name.endswith("png") and "xmp" in options:  # which Pillow writes as any other text
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode())
    if name.endswith("tif") and "xmp" in options:
        block = Pillow.Exif()
        block.load(options["exif"])
        block[700] = options.pop("xmp")
        options["exif"] = block
    Pillow.fromarray(PIXELS).save(folder / name, **options)
    return folder / name


def enlarge(*pictures: Path, output: Path, **options: Any) -> list[Event]:
    options = {"model": "upscale-fast", **options}
    return list(run(UpscaleRequest(pictures=pictures, output=output, **options)))


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def kept(heard: list[Event]) -> int:
    """How many results were there already."""
    (done,) = [event for event in heard if isinstance(event, Done)]
    return done.kept


@pytest.mark.parametrize("source", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_date_camera_and_place_are_kept(tmp_path: Path, source: str, ending: str) -> None:
    """Date, camera and place of a photograph are in the large one, whatever formats both have."""
    photo = photograph(tmp_path, f"photo.{source}", xmp=XMP)
    heard = enlarge(photo, output=tmp_path / f"large.{ending}")
    assert not any("damaged or" in text for text in notices(heard))
    with Pillow.open(tmp_path / f"large.{ending}") as opened:
        held = opened.getexif()
        assert (held[271], held[272], held[306]) == ("Maker", "Model 7", TAKEN)
        inner = held.get_ifd(34665)
        assert inner[36867] == TAKEN and inner[37500] == NOTES and 37122 not in inner
        place = held.get_ifd(34853)
        assert place[1] == "N" and place[2] == LATITUDE and place[29] == "2024:05:17"
        assert held.get(274, 1) == 1, "it is upright now"
        assert (inner[40962], inner[40963]) == opened.size and min(opened.size) == 40
        xmp = opened.info.get("xmp") or opened.getexif()[700]
    assert b'xmp:Rating="5"' in xmp and b'tiff:Orientation="1"' in xmp and b"dc:subject" in xmp
    assert b'exif:PixelXDimension="%d"' % opened.width in xmp
    assert b"secret" not in xmp and b"GPano" not in xmp
    assert read_provenance(tmp_path / f"large.{ending}")


def test_words_of_photoshop_are_kept(tmp_path: Path) -> None:
    """IPTC goes from a JPEG to a JPEG and to a TIFF, and back."""
    body = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC
    extra = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    photo = photograph(tmp_path, extra=extra)
    enlarge(photo, output=tmp_path / "large.tif")
    enlarge(tmp_path / "large.tif", output=tmp_path / "larger.jpg")
    with Pillow.open(tmp_path / "large.tif") as opened:
        assert bytes(opened.getexif()[33723]) == IPTC
    with Pillow.open(tmp_path / "larger.jpg") as opened:
        assert opened.info["photoshop"][0x0404] == IPTC


def test_a_cameras_notes_stay_where_they_were(tmp_path: Path) -> None:
    """A camera's own notes stay at their byte, as programs that read them need it."""
    photo = photograph(tmp_path)
    enlarge(photo, output=tmp_path / "large.jpg")
    enlarge(tmp_path / "large.jpg", output=tmp_path / "larger.webp")
    places = []
    for name in ("photo.jpg", "large.jpg", "larger.webp"):
        data = (tmp_path / name).read_bytes()
        start = max(data.find(b"MM\0*"), data.find(b"II*\0"))
        places.append(data.index(NOTES) - start)
    assert len(set(places)) == 1


def test_thumbnails_are_dropped(tmp_path: Path) -> None:
    """The small picture in a photograph's EXIF, which may show what was cut off, is gone."""
    block = exif()
    small = b"\xff\xd8secret thumbnail\xff\xd9"
    order = ">" if block[6:8] == b"MM" else "<"
    directory = struct.unpack_from(f"{order}I", block, 10)[0]
    count = struct.unpack_from(f"{order}H", block, 6 + directory)[0]
    at = len(block) - 6
    second = struct.pack(f"{order}HHHIIHHIII", 2, 0x201, 4, 1, at + 30, 0x202, 4, 1, len(small), 0)
    link = 6 + directory + 2 + 12 * count
    block = block[:link] + struct.pack(f"{order}I", at) + block[link + 4 :] + second + small
    photo = photograph(tmp_path, exif=block)
    enlarge(photo, output=tmp_path / "large.jpg")
    assert b"secret" in photo.read_bytes()
    assert b"secret" not in (tmp_path / "large.jpg").read_bytes()


@pytest.mark.parametrize("ending", ["webp", "avif", "tif"])
def test_a_caption_keeps_its_place(tmp_path: Path, ending: str) -> None:
    """A photograph's own description stays, where the record of provenance would lie as well."""
    photo = photograph(tmp_path, exif=exif(t270="Our cat"))
    output = tmp_path / f"large.{ending}"
    enlarge(photo, output=output)
    with Pillow.open(output) as opened:
        assert opened.getexif()[270] == "Our cat"
    assert (read_provenance(output) or {})["verb"] == "upscale"
    enlarge(output, output=tmp_path / "larger.png")
    with Pillow.open(tmp_path / "larger.png") as opened:
        assert opened.getexif()[270] == "Our cat"
        assert 305 not in opened.getexif(), "the record of another file is not carried on"


@pytest.mark.parametrize("ending", ENDINGS)
def test_strip_drops_all(tmp_path: Path, ending: str) -> None:
    """With --strip nothing is left of date, camera and place, nor of anything else that it says."""
    bare = tmp_path / "bare" / "photo.png"
    bare.parent.mkdir()
    Pillow.fromarray(np.rot90(PIXELS, -1)).save(bare)
    photo = photograph(tmp_path, "photo.png", xmp=XMP)
    for source in (photo, bare):
        enlarge(source, output=source.parent / f"large.{ending}", strip=source is photo)
    stripped, plain = ((f.parent / f"large.{ending}").read_bytes() for f in (photo, bare))
    for trace in (b"Maker", b"Firmware", b"2024:05", b"Rating", b"secret"):
        assert trace not in stripped
    first, second = (codecs.decode(data, 10**6).samples for data in (stripped, plain))
    assert np.array_equal(first, second)
    assert abs(len(stripped) - len(plain)) < 100, "but for the input's hash and one option"


def test_the_same_command_again_knows(tmp_path: Path) -> None:
    """The same command again keeps what is there; with --strip, or without, it is another one."""
    photo, output = photograph(tmp_path), tmp_path / "large.png"
    enlarge(photo, output=output)
    assert kept(enlarge(photo, output=output)) == 1
    why = enlarge(photo, output=output, strip=True)
    assert any("metadata kept, not dropped" in str(event) for event in why)
    enlarge(photo, output=output, strip=True, overwrite=True)
    assert kept(enlarge(photo, output=output, strip=True)) == 1
    why = enlarge(photo, output=output)
    assert any("metadata dropped, not kept" in str(event) for event in why)


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_replay_makes_the_same_bytes(tmp_path: Path, ending: str, strip: bool) -> None:
    """What is kept of a photograph is kept by replay as well: the bytes are the same."""
    output, again = tmp_path / f"large.{ending}", tmp_path / f"again.{ending}"
    enlarge(photograph(tmp_path, xmp=XMP), output=output, strip=strip)
    trombine.replay(pictures=[output], output=again, inputs=tmp_path)
    assert again.read_bytes() == output.read_bytes()


def test_a_picture_that_says_nothing_has_no_word_of_it_in_its_record(tmp_path: Path) -> None:
    """A picture without date, camera or place gives the bytes that it gave before."""
    for name, options in (("a.jpg", {"exif": b""}), ("b.tif", {"exif": b""})):
        photo = photograph(tmp_path, name, **options)
        enlarge(photo, output=tmp_path / f"{name}.png")
        assert "metadata" not in (read_provenance(tmp_path / f"{name}.png") or {})["options"]
    turned = Pillow.Exif()
    turned[274] = 6
    enlarge(photograph(tmp_path, "c.jpg", exif=turned), output=tmp_path / "c.png")
    assert b"eXIf" not in (tmp_path / "c.png").read_bytes()


def test_the_option_stands_in_the_help() -> None:
    """`trombine upscale --help` names --strip."""
    command = [sys.executable, "-m", "trombine", "upscale", "--help"]
    assert "--strip" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
