"""What somebody who enlarges photographs at home may rely on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

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


@pytest.mark.parametrize("format", ["png", "jpg", "webp", "tif", "gif", "avif"])
def test_a_result_that_was_cut_short_is_made_again(
    format: str, photo: Photo, command: Command
) -> None:
    """The same command makes a result again that a broken copy cut short, and says so."""
    photo("a.png")
    result = Path(f"out.{format}")
    assert command("upscale", "a.png", "-o", str(result))[0] == 0
    data = result.read_bytes()
    assert "1 kept" in command("upscale", "a.png", "-o", str(result))[1]
    result.write_bytes(data[:-1])
    code, text = command("upscale", "a.png", "-o", str(result))
    assert (code, result.read_bytes() == data) == (0, True), text
    assert "is there, but cut short; made again" in text


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
    result = Path(f"out.{format}")
    assert command("upscale", "film.gif", "-o", str(result))[0] == 0
    data = result.read_bytes()
    assert "1 kept" in command("upscale", "film.gif", "-o", str(result))[1]
    result.write_bytes(data[:-1])
    code, text = command("upscale", "film.gif", "-o", str(result))
    assert (code, result.read_bytes() == data) == (0, True), text
    assert "is there, but cut short; made again" in text


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
    box = bytes(letters.getmask("\uffff"))
    assert not [sign for sign in spelled(title) if bytes(letters.getmask(sign)) == box]
    assert spelled("Käthe é ß Ł") == "Kathe e ss L"
