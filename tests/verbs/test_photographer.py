"""What somebody who enlarges photographs at home may rely on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trombine.__main__ import main
from trombine.io.image import save_picture

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
        save_picture(path, _pixels(sum(name.encode())))
        return path

    return make


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """`command("upscale", "a.png")`: the exit code of a command, and all that it says."""

    def run(*words: str) -> tuple[int, str]:
        code = main(list(words))
        return code, "".join(capsys.readouterr())

    return run


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
    save_picture(Path("c.png"), pixels.clip(0, 255).astype(np.uint8))
    text = command("upscale", "c.png")[1]
    assert "that is removed" in text, text
    assert "--model upscale leaves it in" in text


def test_a_picture_without_faces_is_said_once(photo: Photo, command: Command) -> None:
    """The table says that there are no faces; nothing else does."""
    photo("a.png")
    code, text = command("read", "a.png")
    assert (code, text.count("0 faces"), text.count("no face")) == (0, 1, 0), text


@pytest.mark.parametrize("size", ["96X80", "96 x 80"])
def test_a_size_may_have_spaces_and_capitals(size: str, photo: Photo, command: Command) -> None:
    """However a size is written, the result is the one of 96x80."""
    photo("a.png")
    assert command("upscale", "a.png", "--size", size, "-o", "b.png")[0] == 0
    assert "1 kept" in command("upscale", "a.png", "--size", "96x80", "-o", "b.png")[1]


def test_read_says_that_it_recognises_nobody(command: Command) -> None:
    """Its help says that it finds faces and not whose they are."""
    text = " ".join(command("read", "--help")[1].split())
    assert "It does not recognise people: it says where a face is, not whose." in text
