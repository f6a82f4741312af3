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


def test_damage_is_said(photo: Photo, command: Command) -> None:
    """Of damage: what was done about it and how to keep it."""
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
    assert (
        "1 skipped that were there"
        in command("upscale", "a.png", "--size", "96x80", "-o", "b.png")[1]
    )


def test_read_says_that_it_recognises_nobody(command: Command) -> None:
    """Its help says that it finds faces and not whose they are."""
    text = " ".join(command("read", "--help")[1].split())
    assert "It does not recognise people: it says where a face is, not whose." in text
