"""What somebody who enlarges photographs at home may rely on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from trombine.__main__ import main
from trombine.images import write, write_frames
from trombine.pages.sheets import spelled
from trombine.samples import Image

Photo = Callable[[str], Path]
Command = Callable[..., tuple[int, str]]


def _pixels(seed: int = 3) -> np.ndarray:
    rows, columns = np.mgrid[:20, :24]
    phases = np.random.default_rng(seed).random(3) * 6
    waves = [np.sin(rows / 3 + columns / 5 + phase) for phase in phases]
    return (np.stack(waves, axis=2) * 100 + 127).astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Photo:
    """`photo("Photos/a.png")`: a small picture of its own in the folder where commands run."""
    monkeypatch.chdir(tmp_path)

    def make(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, _pixels(sum(name.encode())))
        return path

    return make


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """`command("upscale", "a.png")`: the exit code of a command, and all that it says."""

    def run(*words: str) -> tuple[int, str]:
        code = main(list(words))
        return code, "".join(capsys.readouterr())

    return run


def check_made_again(source: str, result: Path, command: Command) -> None:
    """A result without its last byte is made again."""
    assert command("upscale", source, "-o", str(result))[0] == 0
    data = result.read_bytes()
    assert "1 kept" in command("upscale", source, "-o", str(result))[1]
    result.write_bytes(data[:-1])
    code, text = command("upscale", source, "-o", str(result))
    assert (code, result.read_bytes() == data) == (0, True), text
    assert "is there, but cut short; made again" in text


@pytest.mark.parametrize("format", ["png", "jpg", "webp", "tif", "gif", "avif"])
def test_a_result_that_was_cut_short_is_made_again(
    format: str, photo: Photo, command: Command
) -> None:
    """The same command makes a result again that a broken copy cut short, and says so."""
    photo("a.png")
    check_made_again("a.png", Path(f"out.{format}"), command)


def test_a_result_whose_record_was_cut_off_is_refused_as_cut_short(
    photo: Photo, command: Command
) -> None:
    """A result that is too short to hold its record is neither kept nor called another's."""
    photo("a.png")
    command("upscale", "a.png", "-o", "out.gif")
    Path("out.gif").write_bytes(Path("out.gif").read_bytes()[:400])
    code, text = command("upscale", "a.png", "-o", "out.gif")
    assert (code, Path("out.gif").stat().st_size) == (2, 400)
    assert "out.gif: is there, and it is cut short; choose another -o, or add --over" in text


@pytest.mark.parametrize("format", ["gif", "mp4", "webm"])
def test_a_film_that_was_cut_short_is_made_again(
    format: str, photo: Photo, command: Command, tmp_path: Path
) -> None:
    """A film that a broken copy cut short is no result to keep."""
    photo("a.png")
    frames = [Image(samples=_pixels(seed), mode="RGB") for seed in range(3)]
    write_frames(tmp_path / "film.gif", frames, [40] * 3)
    check_made_again("film.gif", Path(f"out.{format}"), command)


def test_results_beside_their_pictures_are_not_enlarged_again(
    photo: Photo, command: Command
) -> None:
    """What lies beside its picture as its result is enlarged again only if it is named."""
    for name in ("Photos/a.png", "Photos/b.png", "Photos/sub/c.png"):
        photo(name)
    assert command("upscale", "Photos", "--recursive")[0] == 0
    code, text = command("upscale", "Photos", "--recursive", "-o", "Bigger")
    assert code == 0
    results = sorted(str(path.relative_to("Bigger")) for path in Path("Bigger").rglob("*.png"))
    assert results == ["a.png", "b.png", "sub/c.png"]
    assert "2 results of trombine in Photos are left alone; name them to take them too" in text
    assert "1 result of trombine in Photos/sub is left alone; name it" in text
    assert command("upscale", "Photos/a.x2.png", "-o", "Bigger")[0] == 0
    assert Path("Bigger/a.x2.png").exists()
    assert command("upscale", "Bigger", "-o", "Largest")[0] == 0  # results without their pictures
    assert Path("Largest/a.png").exists()


@pytest.mark.parametrize("title", ["Käthe é ß Ł", "Müller – “Ångström” …", "Лена 東京 ¿½", "ﬁ·°"])
def test_the_title_of_a_sheet_has_no_box(title: str) -> None:
    """Whatever a file is called, the sheet's title has letters and no boxes."""
    letters = ImageFont.load_default(20)

    def drawn(sign: str) -> bytes:
        picture = Pillow.new("L", (40, 40))
        ImageDraw.Draw(picture).text((5, 5), sign, 255, letters)
        return picture.tobytes()

    assert not [sign for sign in spelled(title) if drawn(sign) == drawn("\uffff")]
    assert spelled("Käthe é ß Ł") == "Kathe e ss L"


def test_camera_raw_files_are_said_not_to_be_read(photo: Photo, command: Command) -> None:
    """Camera raw files in a folder, alone in one, or by name, are said not to be read."""
    photo("Photos/a.png")
    Path("Raw").mkdir()
    for folder in ("Photos", "Raw"):
        for name in ("b.cr2", "c.NEF", "d.raf"):
            Path(folder, name).write_bytes(b"II*\0" + bytes(99))
    text = "3 camera raw files are not read: {0}/b.cr2, {0}/c.NEF, {0}/d.raf; save them as TIFF"
    for verb in ("upscale", "read"):
        code, heard = command(verb, "Photos")
        assert (code, text.format("Photos") in heard) == (0, True), heard
        code, heard = command(verb, "Raw")
        assert (code, heard.count(text.format("Raw"))) == (2, 1), heard
        code, heard = command(verb, "Raw/d.raf")
        assert code == 2
        assert "Raw/d.raf: is a camera raw file, which is not read; save it as TIFF" in heard


def test_a_folder_of_folders_names_the_option_that_takes_them(
    photo: Photo, command: Command
) -> None:
    """Where all pictures lie in subfolders, the refusal says how to take them."""
    photo("onlysub/a/1.png")
    for verb in ("upscale", "read"):
        code, text = command(verb, "onlysub")
        assert code == 2
        assert "onlysub: has no pictures in it; add --recursive, or name onlysub/a" in text


def test_a_format_may_be_in_capitals(photo: Photo, command: Command) -> None:
    """JPG is jpg."""
    photo("a.png")
    assert command("upscale", "a.png", "--format", "JPG")[0] == 0
    assert Path("a.x2.jpg").exists()


def test_a_loss_is_said_in_words_of_photographs(photo: Photo, command: Command) -> None:
    """Of a JPEG its quality is said, and of damage what was done about it and how to keep it."""
    photo("a.png")
    text = command("upscale", "a.png", "-o", "b.jpg", "--quality", "80")[1]
    assert "JPEG of quality 80 loses a little; .png or .tif loses nothing" in text
    pixels = np.tile(_pixels(), (8, 8, 1))
    pixels = np.random.default_rng(1).integers(-9, 9, pixels.shape) + pixels
    write(Path("c.png"), pixels.clip(0, 255).astype(np.uint8))
    text = command("upscale", "c.png")[1]
    assert "that is removed" in text, text
    assert "--model upscale leaves it in" in text


def test_a_picture_without_faces_is_said_once(photo: Photo, command: Command) -> None:
    """The table says that there are no faces; nothing else does."""
    photo("a.png")
    code, text = command("read", "a.png")
    assert (code, text.count("0 faces"), text.count("no face")) == (0, 1, 0), text


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("upscale a.png --scale 4", "write -x 4 instead"),
        ("upscale a.png -s 4", "write -x 4 instead"),
        ("upscale a.png --gpu", "write --device cuda instead"),
        ("read a.png --output-dir b", "write -o instead"),
        ("upscale a.png --outdir b", "write -o instead"),
        ("upscale a -r", "write --recursive instead"),
        ("read a -R", "write --recursive instead"),
        ("upscale a.png --width 800", "write --size WIDTHxHEIGHT instead"),
        ("upscale a.png --dpi 300", "write --size WIDTHxHEIGHT instead"),
        ("upscale a.png --denoise 1", "write --model upscale-wild instead"),
        ("read a.png --age", "write --traits instead"),
        ("read a.png --gender", "write --traits instead"),
    ],
)
def test_words_of_other_programs_are_answered(words: str, instead: str, command: Command) -> None:
    """An option as other programs call it is answered by the one that says the same here."""
    code, text = command(*words.split())
    assert (code, instead in " ".join(text.split())) == (2, True), text


def test_no_option_is_guessed_that_is_not_near(command: Command) -> None:
    """A guess is made only where the names are alike."""
    assert "did you mean --recursive?" in command("upscale", "a.png", "--recursiv")[1]
    for name in ("--denoising", "--dots", "--scalar"):
        assert "did you mean" not in command("upscale", "a.png", name, "3")[1]
    assert "did you mean" not in command("read", "a.png", "--dpi", "3")[1]


@pytest.mark.parametrize("size", ["96X80", "96 x 80"])
def test_a_size_may_have_spaces_and_capitals(size: str, photo: Photo, command: Command) -> None:
    """However a size is written, the result is the one of 96x80."""
    photo("a.png")
    assert command("upscale", "a.png", "--size", size, "-o", "b.png")[0] == 0
    assert "1 kept" in command("upscale", "a.png", "--size", "96x80", "-o", "b.png")[1]


@pytest.mark.parametrize(
    ("size", "pixels"),
    [
        ("20x30cm", "20 x 30 cm at 300 dpi is 2362x3543"),
        ("A4", "21 x 29.7 cm at 300 dpi is 2480x3508"),
        ("8x10 in", "8 x 10 in at 300 dpi is 2400x3000"),
    ],
)
def test_a_size_on_paper_is_said_in_pixels(
    size: str, pixels: str, photo: Photo, command: Command
) -> None:
    """A size in centimetres is refused, and what it is in pixels is said."""
    photo("a.png")
    code, text = command("upscale", "a.png", "--size", size)
    assert (code, f"in pixels: {pixels}" in " ".join(text.split())) == (2, True), text


def test_replay_says_that_it_searches_no_subfolders(photo: Photo, command: Command) -> None:
    """Where an input is not in the folder that was named, it is said that none inside are."""
    photo("Photos/sub/a.png")
    command("upscale", "Photos/sub/a.png", "-o", "b.png")
    code, text = command("replay", "b.png", "--inputs", "Photos", "-o", "c.png")
    assert (code, "not in Photos (subfolders are not searched);" in text) == (2, True), text


def test_read_says_that_it_recognises_nobody(command: Command) -> None:
    """Its help says that it finds faces and not whose they are."""
    text = " ".join(command("read", "--help")[1].split())
    assert "It does not recognise people: it says where a face is, not whose." in text
