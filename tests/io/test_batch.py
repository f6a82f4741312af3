"""Pictures in, files out: which are meant, how outputs are named, what is skipped, what stays."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Annotated, Any, Unpack

import numpy as np
import pytest
from PIL import Image

from trombine.commands.options import FileOptions, Output, Pictures, Progress, verb
from trombine.core.calls import RECORDED
from trombine.core.errors import InputError, OutputError
from trombine.core.progress import Tick
from trombine.io.batch import Made, run
from trombine.io.doors import Source, sidecars
from trombine.io.files import write_bytes
from trombine.io.image import Picture, load_picture, read_record, save_picture
from trombine.io.inputs import find
from trombine.io.video import Frames

RNG = np.random.default_rng(11)


def pictures(folder: Path, *names: str) -> list[Path]:
    """Small pictures of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        save_picture(folder / name, RNG.integers(0, 256, (4, 5, 3), np.uint8))
    return [folder / name for name in names]


def invert(source: Source, tick: Tick) -> Made:
    """What stands for a verb's work here: the negative, and its size."""
    picture = source.picture
    tick(1, 2)
    negative = Picture(samples=255 - picture.samples, exif=picture.exif, xmp=picture.xmp)
    size = {"height": picture.height, "width": picture.width}
    return Made(files={"json": size, "picture": Frames(frames=(negative,))}, counts={"face": 1})


@verb
def negative(
    pictures: Pictures,
    *,
    work: Any = invert,
    wanted: Any = ("picture",),
    reads: Any = (),
    at_once: int = 1,
    output: Output = None,
    strength: Annotated[int, RECORDED] = 1,
    progress: Progress = None,
    **files: Unpack[FileOptions],
) -> Any:
    """What stands for a verb here."""

    def only(source: Source, tick: Tick) -> Made:
        made = work(source, tick)
        return Made(files={name: made.files[name] for name in wanted}, counts=made.counts)

    return run(
        only,
        wanted=wanted,
        beside=".negative",
        reads=reads,
        at_once=at_once,
        light=lambda source: not source.name.startswith("heavy"),
    )


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# Which pictures


def test_a_folder_stands_for_the_pictures_in_it_sorted(tmp_path: Path) -> None:
    pictures(tmp_path / "in", "c.png", "a.tif", "b.JPG", ".hidden.png", "sub/d.png", ".h/e.png")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "in" / "film.mp4").write_bytes(b"film")
    (tmp_path / "in" / "raw.cr2").write_bytes(b"raw")
    assert [path.name for path in find([tmp_path / "in"])] == ["a.tif", "b.JPG", "c.png"]
    again = tmp_path / "in" / ".." / "in" / "a.tif"
    assert len(find([tmp_path / "in", again])) == 3
    done = negative(tmp_path / "in", output=tmp_path / "out")
    assert names(tmp_path / "out") == ["a.tif", "b.png", "c.png"]
    assert [text.partition(":")[0] for text in done.notices if "quality" not in text] == [
        "films in folders are left alone",
        "camera raw files are not read",
        "pictures in subfolders are left alone",
    ]
    negative(tmp_path / "in", output=tmp_path / "all", recursive=True)
    assert names(tmp_path / "all") == ["a.tif", "b.png", "c.png", "sub/d.png"]


@pytest.mark.parametrize(
    ("output", "wanted"),
    [(None, ["in/a.negative.png", "in/a.png"]), ("out", ["out/a.png"]), ("b.tif", ["b.tif"])],
)
def test_where_the_result_of_one_picture_lies(
    output: str | None, wanted: list[str], tmp_path: Path
) -> None:
    (source,) = pictures(tmp_path / "in", "a.png")
    done = negative(source, output=None if output is None else tmp_path / output)
    assert [name for name in names(tmp_path) if name in wanted] == wanted
    assert len(done.written) == 1 and done.summary == "1 picture written, 1 face"
    inverted = 255 - load_picture(source).samples
    assert np.array_equal(load_picture(done.written[0]).samples, inverted)


def test_suffix_and_format(tmp_path: Path) -> None:
    (source,) = pictures(tmp_path, "a.png")
    negative(tmp_path, output=tmp_path / "o", suffix="_n", format="webp")
    assert names(tmp_path / "o") == ["a_n.webp"]
    for options, said in [
        ({"suffix": "/../b"}, "part of a name"),
        ({"format": "webp", "output": tmp_path / "b.png"}, "ends otherwise than --format webp"),
        ({"output": tmp_path / "b.txt"}, "is no format to write"),
    ]:
        with pytest.raises(InputError, match=said):
            negative(source, **options)


# What is there


def test_the_same_command_twice_does_only_what_is_missing(tmp_path: Path) -> None:
    sources = pictures(tmp_path, "a.png", "b.png", "c.png")
    negative(sources, output=tmp_path / "out")
    write_bytes(tmp_path / "out" / "a.png", b"old")
    (tmp_path / "out" / "b.png").unlink()
    done = negative(sources, output=tmp_path / "out")
    assert (len(done.written), done.kept) == (1, 2)
    assert "2 skipped that were there (--overwrite makes them again)" in done.summary
    assert (tmp_path / "out" / "a.png").read_bytes() == b"old"
    assert len(negative(sources, output=tmp_path / "out", overwrite=True).written) == 3
    assert load_picture(tmp_path / "out" / "a.png").width == 5


def test_a_further_file_that_is_missing_is_made_and_the_result_stays(tmp_path: Path) -> None:
    (source,) = pictures(tmp_path, "a.png")
    negative(source, output=tmp_path / "b.png")
    (tmp_path / "b.png").chmod(0o640)
    before = (tmp_path / "b.png").stat().st_mtime_ns
    ends = ("json", "picture")
    done = negative(source, output=tmp_path / "b.png", wanted=ends)
    assert [path.name for path in done.written] == ["b.json"]
    assert (tmp_path / "b.png").stat().st_mtime_ns == before
    negative(source, output=tmp_path / "b.png", wanted=ends, overwrite=True)
    assert (tmp_path / "b.png").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("output", [None, "in", "in/out"])
def test_results_are_no_inputs(output: str | None, tmp_path: Path) -> None:
    """A folder into itself twice, by its name and by all its files; one that is named is taken."""
    pictures(tmp_path / "in", "a.png", "sub/b.png")
    given = {"output": None if output is None else tmp_path / output, "recursive": True}
    negative(tmp_path / "in", **given)
    first = names(tmp_path)
    again = negative(tmp_path / "in", **given)
    assert names(tmp_path) == first and again.kept == 2
    if output is None:
        negative(find([tmp_path / "in"], recursive=True))
        assert names(tmp_path) == first
    negative(next((tmp_path / "in").rglob("*a*.png")), output=tmp_path / "named.png")
    assert "named.png" in names(tmp_path)


def test_an_input_is_never_written_over(tmp_path: Path) -> None:
    sources = pictures(tmp_path / "in", "a.png", "b.png")
    (truth,) = pictures(tmp_path / "truths", "a.json.png")
    os.link(truth, tmp_path / "hard.png")
    before = [path.read_bytes() for path in (*sources, truth)]
    said = "is an input, and would be written over"
    for output in (sources[1], tmp_path / "new" / ".." / "in" / "a.png"):
        with pytest.raises(InputError, match=said):
            negative(sources[0], output=output, overwrite=True, reads=tuple(sources))
    with pytest.raises(InputError, match=said):
        negative(sources[0], output=tmp_path / "hard.png", overwrite=True, reads=(truth,))
    assert [path.read_bytes() for path in (*sources, truth)] == before


# What is bad


def test_bad_inputs_are_skipped_and_named(tmp_path: Path) -> None:
    good = pictures(tmp_path / "in", "1.png", "9.png", "9.jpg")
    (tmp_path / "in" / "text.png").write_text("no picture")
    (tmp_path / "in" / "short.png").write_bytes(good[0].read_bytes()[:60])
    (tmp_path / "empty").mkdir()
    odd = tmp_path / "in" / "odd\nname\x1b[31m.png"
    odd.write_bytes(b"x")
    done = negative(
        [tmp_path / "in", tmp_path / "gone.png", tmp_path / "empty"], output=tmp_path / "o"
    )
    assert names(tmp_path / "o") == ["1.png", "9.png"]
    said = {path.name: why for path, why in done.skipped.items()}
    assert said["text.png"].startswith("is not a picture")
    assert said["short.png"].startswith("is cut off")
    assert said["gone.png"].startswith("does not exist")
    assert said["empty"].startswith("has no pictures in it")
    assert "so would" in said["9.png"], "two inputs for one output"
    assert r"odd\nname\x1b[31m.png" in done.summary and "\n" not in done.summary


def test_the_only_input_is_bad(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError) as error:
        negative(tmp_path / "a.png", output=tmp_path / "b.png")
    assert str(error.value) == f"{tmp_path}/a.png: is empty; copy it again from where it came"
    sources = pictures(tmp_path, "c.png", "d.png")
    with pytest.raises(InputError, match=r"is one file, and there are 2 pictures; name a folder"):
        negative(sources, output=tmp_path / "out.png")
    with pytest.raises(InputError, match="no pictures were named"):
        negative([], output=tmp_path / "out")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_full_disk_or_ctrl_c_leaves_no_half_file(error: BaseException, tmp_path: Path) -> None:
    """At the second of three: the first is there, the rest once the same command is run again."""
    sources = pictures(tmp_path, "a.png", "b.png", "c.png")
    out = tmp_path / "out"

    def work(source: Source, tick: Tick) -> Made:
        if source.name == "b.png":
            if isinstance(error, KeyboardInterrupt):
                raise error
            raise OutputError("cannot be written, the disk is full", path=source.label)
        return invert(source, tick)

    with pytest.raises((OutputError, KeyboardInterrupt)):
        negative(sources, work=work, output=out)
    assert names(out) == ["a.png"]
    assert len(negative(sources, output=out).written) == 2


# While it works


def test_progress_goes_up_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[float, float, str]] = []
    sources = pictures(tmp_path, "a.png", "b.png")
    negative(sources, output=tmp_path / "out", progress=lambda *step: told.append(step))
    assert [done for done, _, _ in told] == [0, 0.5, 1, 1.5, 2]
    assert told[1] == (0.5, 2, "a.png")

    def stop(done: float, total: float, what: str) -> None:
        if done == 1.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        negative(sources, output=tmp_path / "stopped", progress=stop)
    assert names(tmp_path / "stopped") == ["a.png"]


def test_light_pictures_are_worked_on_together_and_the_same_is_made(tmp_path: Path) -> None:
    """Three threads meet at a barrier, which one at a time would never pass."""
    sources = pictures(tmp_path / "in", "a1.png", "a2.png", "a3.png", "heavy.png", "z.png")
    sources.insert(2, tmp_path / "gone.png")
    meeting = threading.Barrier(3, timeout=60)

    def work(source: Source, tick: Tick) -> Made:
        if source.name.startswith("a"):
            meeting.wait()
        return invert(source, tick)

    together = negative(sources, work=work, at_once=3, output=tmp_path / "many")
    alone = negative(sources, output=tmp_path / "one")
    assert [path.name for path in together.written] == [path.name for path in alone.written]
    assert (together.skipped, together.summary) == (alone.skipped, alone.summary)
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


# Other files, records and what a photograph carries


def test_sidecars_have_the_names_of_their_pictures(tmp_path: Path) -> None:
    sources = pictures(tmp_path / "in", "a.png", "b.png", "c.png")
    pictures(tmp_path / "masks", "a.tif", "b.png")
    found = sidecars(sources, tmp_path / "masks", "mask")
    assert {source.name: path.name for source, path in found.items()} == {
        "a.png": "a.tif",
        "b.png": "b.png",
    }
    assert sidecars(sources[:1], sources[1], "mask") == {sources[0]: sources[1]}
    with pytest.raises(InputError, match="is one file, and there are 3 pictures"):
        sidecars(sources, sources[1], "mask")
    pictures(tmp_path / "masks", "a.bmp")
    with pytest.raises(InputError, match=r"a\.bmp, .*a\.tif could each be the mask of .*a\.png"):
        sidecars(sources, tmp_path / "masks", "mask")


def test_the_record_says_how_a_file_was_made(tmp_path: Path) -> None:
    (source,) = pictures(tmp_path, "a.png")
    negative(source, output=tmp_path / "b.png", wanted=("picture", "json"), strength=3, quality=40)
    record = read_record(tmp_path / "b.png")
    assert record is not None
    assert record["function"] == "negative"
    assert record["options"] == {"strength": 3, "quality": 40}
    assert record["files"]["pictures"][0] == "a.png" and len(record["files"]["pictures"][1]) == 64
    assert str(tmp_path) not in str(record)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "avif"])
@pytest.mark.parametrize("strip", [False, True])
def test_date_camera_and_place_are_kept_unless_stripped(
    ending: str, strip: bool, tmp_path: Path
) -> None:
    block = Image.Exif()
    block[0x010F], block[0x0112] = "Maker", 6
    block.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    block.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0)})
    pixels = RNG.integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=block, xmp=b"<x:xmpmeta/>", quality=95)
    output = tmp_path / f"b.{ending}"
    negative(tmp_path / "a.jpg", output=output, strip=strip)
    found = load_picture(output)
    assert found.samples.shape == (30, 20, 3), "as it is seen"
    assert read_record(output) is not None
    if strip:
        assert (found.exif, found.xmp) == (b"", b"") and b"Maker" not in output.read_bytes()
        return
    kept = Image.Exif()
    kept.load(found.exif)
    assert kept[0x010F] == "Maker" and kept.get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
    assert kept.get_ifd(0x8825)[2] == (48.0, 51.0, 30.0) and b"xmpmeta" in found.xmp
