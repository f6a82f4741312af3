"""Restyle pictures and films: what is written, kept, refused, and made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from films import save_frames
from written import is_made_again

from trombine import imitate, portrait, restyle
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.io.batch import record_in
from trombine.io.image import Picture, as_seen, load_picture, picture_of, save_picture
from trombine.io.video import read_frames
from trombine.models import Card, save
from trombine.nets import build
from trombine.world import face, paint

SIZES = {"size": 32, "width": 4, "latent": 6, "blocks": 1, "details": 4, "levels": 1, "finish": 1}
SEED = 2_000_041


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A model that is quick and has learnt nothing."""
    path = tmp_path / "mine.safetensors"
    model = build("restyler", SIZES, seed=5)
    save(path, model, Card(task="restyle", net="restyler", sizes=model.sizes))
    return path


def scene(left: int = 20, size: int = 128) -> np.ndarray:
    """A painted face before smooth colours."""
    rows, columns = np.mgrid[:150, :200]
    ground = np.stack([rows, columns, 90 + 0 * rows], 2).astype(np.uint8)
    ground[10 : 10 + size, left : left + size] = paint(face(SEED), size, "photo").pixels
    return ground


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    save_picture(tmp_path / "a.png", scene())
    return tmp_path / "a.png"


def samples(path: Path) -> np.ndarray:
    return load_picture(path).samples


def drawn(*sources: Path, **options: Any) -> Result:
    words: dict[str, Any] = {"to": "anime", **options}
    return restyle(sources, **words)


# Pictures


def test_a_face_is_drawn_and_what_is_around_stays(photo: Path, net: Path) -> None:
    out = photo.with_name("b.png")
    result = drawn(photo, model=net, output=out)
    assert result.written == (out,) and result.summary == "1 picture written, 1 face"
    changed = (samples(out) != scene()).any(2)
    assert changed.any() and not changed[:, 155:].any() and not changed[:8].any()
    record = record_in(out) or {}
    assert record["options"] == {"to": "anime", "from_": "photo"}  # as the reader says
    assert record["files"].keys() == {"pictures", "model"} and is_made_again(out)
    assert drawn(photo, model=net, output=out, to="sketch").kept == 1


@pytest.mark.parametrize(
    "options",
    [
        {"full_image": True, "strength": 0.5, "to": "sketch", "from_": "cartoon"},
        {"keep_colours": True},
    ],
)
def test_it_is_made_again(photo: Path, net: Path, options: dict[str, Any]) -> None:
    drawn(photo, model=net, output=photo.with_name("b.png"), **options)
    assert is_made_again(photo.with_name("b.png"))


def test_a_folder_goes_on_where_it_was(net: Path, tmp_path: Path) -> None:
    """What shows no face is named and left out; the same again makes only what is missing."""
    for number in range(2):
        save_picture(tmp_path / "in" / f"{number}.png", scene(left=20 + number))
    save_picture(tmp_path / "in" / "none.png", np.full((60, 60, 3), 90, np.uint8))
    result = drawn(tmp_path / "in", model=net, output=tmp_path / "out")
    (why,) = result.skipped.values()
    assert "shows no face; if it lies on its side, turn it; --full-image" in why
    assert sorted(path.name for path in result.written) == ["0.png", "1.png"]
    before = samples(tmp_path / "out" / "1.png")
    (tmp_path / "out" / "1.png").unlink()
    result = drawn(tmp_path / "in", model=net, output=tmp_path / "out")
    assert len(result.written) == 1 and result.kept == 1
    assert np.array_equal(samples(tmp_path / "out" / "1.png"), before)


def test_16_bits_and_transparency_stay(net: Path, tmp_path: Path) -> None:
    before = scene().astype(np.uint16) * 257 + 5
    alpha = np.linspace(1, 65535, 150 * 200).reshape(150, 200).astype(np.uint16)
    alpha[:, 20:148] = 65535
    save_picture(tmp_path / "a.png", Picture(samples=np.dstack([before, alpha])))
    drawn(tmp_path / "a.png", model=net, output=tmp_path / "b.png", from_="photo")
    found = samples(tmp_path / "b.png")
    assert found.dtype == np.uint16 and np.array_equal(found[..., 3], alpha)
    assert np.array_equal(found[:, 155:, :3], before[:, 155:]) and (found[..., :3] != before).any()


def test_like_another_picture(photo: Path) -> None:
    """It is made again from both, and is what the function gives."""
    style, out = photo.with_name("style.png"), photo.with_name("b.png")
    save_picture(style, paint(face(SEED + 1), 64, "sketch").pixels)
    imitate(photo, style_image=style, mosaic=True, output=out)
    assert is_made_again(out, photo.with_name("b.mosaic.png"))
    given = imitate(scene(), style_image=style)
    assert np.array_equal(given, samples(out))
    # Of a drawing in black and white: hardly any colour is left.
    colour = abs(given.astype(int) - given.mean(2, keepdims=True)).mean()
    assert colour < 0.1 * abs(scene().astype(int) - scene().mean(2, keepdims=True)).mean()


def test_a_gif_and_a_mosaic(photo: Path, net: Path) -> None:
    """The film goes from the picture to what was drawn and back; the sheet shows every style."""
    out = photo.with_name("b.png")
    result = drawn(photo, model=net, output=out, gif=True, mosaic=True)
    assert len(result.written) == 3 and is_made_again(*result.written)
    becomes = read_frames(photo.with_name("b.becomes.gif"))
    assert becomes.count == 24 and becomes.loops == 0
    for number, truth in ((0, scene()), (12, samples(out))):
        shown = as_seen(becomes.frames[number]).astype(float)
        assert abs(shown - truth).mean() < 6  # of 255: a GIF has 256 colours
    sheet = load_picture(photo.with_name("b.mosaic.png"))
    assert sheet.width > 4 * 200  # the picture, anime, cartoon, sketch


def test_a_portrait_and_its_character(photo: Path) -> None:
    """Alone; the person lies beside it, and is drawn again."""
    asked: dict[str, Any] = {"to": "anime", "size": 64, "attributes": "glasses"}
    heard: list[float] = []
    result = portrait(
        photo,
        **asked,
        write_character=True,
        output=photo.with_name("b.png"),
        progress=lambda done, of, _: heard.append(done / of),
    )
    assert len(heard) > 7 and heard == sorted(heard), "it does not stand still"
    character = photo.with_name("b.character.json")
    assert character in result.written and samples(photo.with_name("b.png")).shape == (64, 64, 3)
    assert json.loads(character.read_text())["character"]["glasses"] == 1
    drawn(photo, character=character, output=photo.with_name("c.png"))
    assert is_made_again(photo.with_name("c.png"))


def test_of_a_grey_picture_the_painter_guesses_colours(net: Path, tmp_path: Path) -> None:
    """It says so, unless they are told; a net draws what it sees."""
    save_picture(tmp_path / "a.png", scene().mean(2).astype(np.uint8))
    for number, (verb, asked, said) in enumerate(
        (
            (portrait, {"size": 64}, True),
            (portrait, {"size": 64, "attributes": "hair_red=0.5"}, False),
            (restyle, {"model": net}, False),
        )
    ):
        words: dict[str, Any] = {"to": "anime", "output": tmp_path / f"{number}.png", **asked}
        result = verb(tmp_path / "a.png", **words)
        assert any("is grey: colours" in text for text in result.notices) == said


def test_a_translator_restyles(photo: Path) -> None:
    """A net of one direction, which is told no style: its faces, or all of a picture."""
    path, out = photo.with_name("translator.safetensors"), photo.with_name("b.png")
    model = build("translator", {"width": 4, "blocks": 1}, seed=5)
    save(path, model, Card(task="restore", net="translator", sizes=model.sizes))
    drawn(photo, model=path, output=out)
    changed = (samples(out) != scene()).any(2)
    assert changed.any() and not changed[:, 155:].any() and is_made_again(out)
    drawn(photo, model=path, output=out, full_image=True, strength=0.9, overwrite=True)
    assert is_made_again(out)
    assert (samples(out) != scene()).any(2).mean() > 0.9


def test_a_picture_that_a_program_holds(photo: Path, net: Path) -> None:
    """The array that comes back is what the command writes; floats go through 16 bits."""
    drawn(photo, model=net, output=photo.with_name("b.png"))
    made = restyle(scene(), to="anime", model=net)
    assert np.array_equal(made, samples(photo.with_name("b.png")))
    tensor = (torch.from_numpy(scene().copy()).permute(2, 0, 1).float() / 255 + 1e-5).clamp(0, 1)
    found = restyle(tensor, to="anime", from_="photo", model=net)
    torch.testing.assert_close(found[:, :, 155:], tensor[:, :, 155:], rtol=0, atol=1e-5)
    assert not torch.allclose(found, tensor, atol=0.1)


# Films


def film(path: Path, count: int = 4, faceless: int = 0, last: int = 0) -> Path:
    """A film with sound, at uneven times; its first frames show no face, and its `last` ones."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25, options={"crf": "0"})
        sound: Any = output.add_stream("aac", rate=8000)
        stream.width, stream.height, stream.pix_fmt = 200, 150, "yuv444p"
        for number in range(count):
            is_seen = faceless <= number < count - last
            shown = scene(left=20 + number) if is_seen else np.full_like(scene(), 90)
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts = 2 * number + (number == 2)  # in 25ths of a second
            output.mux(stream.encode(frame))
        tone = (np.sin(np.arange(4096)[None] / 9) * 0.3).astype(np.float32)
        for start in range(0, 4096, 1024):
            part = av.AudioFrame.from_ndarray(tone[:, start : start + 1024], "fltp", "mono")
            part.sample_rate, part.pts = 8000, start
            output.mux(sound.encode(part))
        output.mux(stream.encode(None))
        output.mux(sound.encode(None))
    return path


def inside(path: Path) -> tuple[list[Any], list[bytes]]:
    """The times of a film's frames in seconds, and the packets of its sound."""
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    return times, packets


def test_a_gif_keeps_its_times_and_its_frames_without_a_face(net: Path, tmp_path: Path) -> None:
    ground = scene()
    ground[:, :150] = ground[:, 150:151]
    frames = [picture_of(one) for one in (scene(), scene(left=24), ground)]
    save_frames(tmp_path / "a.webp", frames, [40, 120, 80], loops=3)
    result = drawn(tmp_path / "a.webp", model=net, output=tmp_path / "b.webp")
    made = read_frames(tmp_path / "b.webp")
    assert made.durations == (40, 120, 80) and made.loops == 3
    assert np.array_equal(made.frames[2].samples, ground)
    assert all((made.frames[n].samples != frames[n].samples).any() for n in (0, 1))
    assert "no face is seen in some of its frames" in result.notices[0]


def test_a_film_keeps_its_times_and_its_sound(net: Path, tmp_path: Path) -> None:
    """Where a face comes late, its style is the film's; where it goes away, that is said once."""
    source, out = film(tmp_path / "a.mp4", faceless=1, last=1), tmp_path / "b.mp4"
    result = drawn(source, model=net, output=out)
    assert inside(out) == inside(source) and is_made_again(out)
    with av.open(str(out)) as container:
        frames = [one.to_ndarray(format="rgb24") for one in container.decode(video=0)]
    assert frames[0].std() < 3 and (frames[1][:, :150].astype(int) - scene(21)[:, :150]).std() > 3
    assert sum("no face is seen" in text for text in result.notices) == 1


def test_a_film_becomes_one_that_holds_no_sound(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For as long, for ever; what is lost is said. A longer one than is held at once is refused."""
    source, out = film(tmp_path / "a.mp4"), tmp_path / "b.gif"
    result = drawn(source, model=net, output=out)
    assert any(text.endswith("its sound, aac, is left out") for text in result.notices)
    made = read_frames(out)
    assert made.durations == (80, 120, 40, 40) and made.loops == 0 and is_made_again(out)
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", str(3 * 200 * 150))
    with pytest.raises(InputError, match="has 4 frames of 200 x 150 pixels, more than are held"):
        drawn(source, model=net, output=out, overwrite=True)


# What is refused


def test_what_is_asked_for_wrongly(photo: Path, net: Path) -> None:
    with pytest.raises(InputError, match="--clothes is for the painter; leave it or --model out"):
        drawn(photo, model=net, output=photo.with_name("b.png"), clothes=True)
    assert not photo.with_name("b.png").exists()


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("flat.png", {}, "shows no face"),
        ("a.mp4", {"output": Path("b.png")}, "is a film of 1 frames, and PNG holds one"),
        ("a.mp4", {"gif": True}, "is a film, and --gif is for pictures"),
        ("flat.png", {"output": Path("b.mp4")}, "is a picture, and MP4 holds films"),
    ],
)
def test_inputs_that_it_cannot_take(
    name: str,
    options: dict[str, Any],
    problem: str,
    net: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    save_picture(Path("flat.png"), np.full((60, 60, 3), 90, np.uint8))
    film(Path("a.mp4"), count=1)
    with pytest.raises(InputError, match=problem) as refused:
        drawn(Path(name), **{"model": net, "output": Path("out"), **options})
    assert refused.value.path == Path(name)
    assert not list(tmp_path.glob("b.*")) and not list(tmp_path.glob("out/*"))
