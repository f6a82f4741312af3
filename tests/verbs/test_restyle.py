"""Restyle pictures and films: what is written, kept, refused, and made again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

import trombine
from trombine.batch.result import drain
from trombine.events import Event, Notice, Skipped
from trombine.io.image import Picture, as_seen, load_picture, picture_of, read_record, save_picture
from trombine.io.video import read_frames, save_frames
from trombine.nets import build
from trombine.refusal import InputError
from trombine.verbs.restyle import RestyleRequest, run
from trombine.weights import Card, save
from trombine.world import face, paint

SIZES = {"size": 32, "width": 4, "latent": 6, "blocks": 1, "details": 4, "levels": 1, "finish": 1}
SEED = 2_000_041


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quick and has learnt nothing."""
    path = tmp_path_factory.mktemp("nets") / "mine.safetensors"
    model = build("restyler", SIZES, seed=5)
    save(path, model, Card(task="restyle", net="restyler", sizes=model.sizes))
    return path


def scene(left: int = 20, size: int = 128) -> np.ndarray:
    """A painted face before smooth colours."""
    rows, columns = np.mgrid[:150, :200]
    ground = np.stack([rows, columns, 90 + 0 * rows], 2).astype(np.uint8)
    ground[10 : 10 + size, left : left + size] = paint(face(SEED), size, "photo").pixels
    return ground


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "a.png"
    save_picture(path, scene())
    return path


def events(*sources: Path, **options: Any) -> list[Event]:
    return list(run(RestyleRequest(pictures=sources, **{"to": "anime", **options})))


def why(heard: list[Event]) -> str:
    (skipped,) = [event for event in heard if isinstance(event, Skipped)]
    assert "\n" not in skipped.why
    return skipped.why


def test_a_face_is_drawn_and_what_is_around_stays(photo: Path, net: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.png"
    events(photo, model=net, output=out)
    changed = (load_picture(out).samples != scene()).any(2)
    assert changed.any() and not changed[:, 155:].any() and not changed[:8].any()
    record = read_record(out) or {}
    assert record["options"] == {
        "picture": "a.png",
        "from": "photo",  # as the reader says
        "to": "anime",
        "method": "net",
        "model": "mine.safetensors",
        "format": "PNG",
    }
    assert set(record["inputs"]) == {"a.png", "mine.safetensors"}


def test_the_same_again_is_kept_and_another_style_is_refused(
    photo: Path, net: Path, tmp_path: Path
) -> None:
    out = tmp_path / "b.png"
    events(photo, model=net, output=out)
    before = out.stat().st_mtime_ns
    assert drain(events(photo, model=net, output=out)).kept == 1
    assert drain(events(photo, model=net, output=out, from_="photo")).kept == 1
    assert out.stat().st_mtime_ns == before
    assert "to anime, not sketch" in why(events(photo, model=net, output=out, to="sketch"))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"whole": True, "strength": 0.5, "to": "sketch", "from_": "cartoon"},
        {"keep_colours": True},
    ],
)
def test_replay(photo: Path, net: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    out, again = tmp_path / "b.png", tmp_path / "again.png"
    events(photo, model=net, output=out, **options)
    replayed(out, photo, net, again)
    assert again.read_bytes() == out.read_bytes()


def replayed(made: Path, source: Path, net: Path, output: Path) -> None:
    """Make it again, from its inputs in another folder."""
    folder = made.parent / "inputs"
    folder.mkdir()
    for path in (source, net):
        shutil.copy(path, folder)
    trombine.replay(pictures=[made], inputs=folder, output=output)


def test_a_folder_goes_on_where_it_was(net: Path, tmp_path: Path) -> None:
    """What shows no face is named and left out; the same again makes only what is missing."""
    for number in range(2):
        save_picture(tmp_path / "in" / f"{number}.png", scene(left=20 + number))
    save_picture(tmp_path / "in" / "none.png", np.full((60, 60, 3), 90, np.uint8))
    heard = events(tmp_path / "in", model=net, output=tmp_path / "out")
    assert "shows no face; if it lies on its side, turn it; --whole" in why(heard)
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["0.png", "1.png"]
    data = (tmp_path / "out" / "1.png").read_bytes()
    (tmp_path / "out" / "1.png").unlink()
    result = drain(events(tmp_path / "in", model=net, output=tmp_path / "out"))
    assert len(result.written) == 1 and result.kept == 1
    assert (tmp_path / "out" / "1.png").read_bytes() == data


def test_16_bits_and_transparency_stay(net: Path, tmp_path: Path) -> None:
    samples = scene().astype(np.uint16) * 257 + 5
    alpha = np.linspace(1, 65535, 150 * 200).reshape(150, 200).astype(np.uint16)
    alpha[:, 20:148] = 65535
    save_picture(tmp_path / "a.png", Picture(samples=np.dstack([samples, alpha])))
    events(tmp_path / "a.png", model=net, output=tmp_path / "b.png", from_="photo")
    found = load_picture(tmp_path / "b.png").samples
    assert found.dtype == np.uint16 and np.array_equal(found[..., 3], alpha)
    assert np.array_equal(found[:, 155:, :3], samples[:, 155:])
    assert (found[..., :3] != samples).any()


def test_a_gif_keeps_its_times_and_its_frames_without_a_face(net: Path, tmp_path: Path) -> None:
    ground = scene()
    ground[:, :150] = ground[:, 150:151]
    frames = [picture_of(one) for one in (scene(), scene(left=24), ground)]
    save_frames(tmp_path / "a.webp", frames, [40, 120, 80], loops=3)
    heard = events(tmp_path / "a.webp", model=net, output=tmp_path / "b.webp")
    film = read_frames(tmp_path / "b.webp")
    assert film.durations == (40, 120, 80) and film.loops == 3
    assert np.array_equal(film.frames[2].samples, ground)
    assert all((film.frames[n].samples != frames[n].samples).any() for n in (0, 1))
    notices = [event.text for event in heard if isinstance(event, Notice)]
    assert any("no face is seen in some of its frames" in text for text in notices)


def film(path: Path, count: int = 4, faceless: int = 0, pace: int = 2, last: int = 0) -> Path:
    """A film with sound, at uneven times; its first frames show no face, and its `last` ones."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25, options={"crf": "0"})
        sound: Any = output.add_stream("aac", rate=8000)
        stream.width, stream.height, stream.pix_fmt = 200, 150, "yuv444p"
        for number in range(count):
            is_seen = faceless <= number < count - last
            shown = scene(left=20 + number) if is_seen else np.full_like(scene(), 90)
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts = pace * number + (number == 2)  # in 25ths of a second
            output.mux(stream.encode(frame))
        tone = (np.sin(np.arange(4096)[None] / 9) * 0.3).astype(np.float32)
        for start in range(0, 4096, 1024):
            part = av.AudioFrame.from_ndarray(tone[:, start : start + 1024], "fltp", "mono")
            part.sample_rate, part.pts = 8000, start
            output.mux(sound.encode(part))
        output.mux(stream.encode(None))
        output.mux(sound.encode(None))
    return path


def test_a_film_whose_face_goes_away_says_so(net: Path, tmp_path: Path) -> None:
    heard = events(film(tmp_path / "a.mp4", last=2), model=net, output=tmp_path / "b.mp4")
    notices = [event.text for event in heard if isinstance(event, Notice)]
    assert sum("no face is seen in some of its frames" in text for text in notices) == 1
    heard = events(film(tmp_path / "c.mp4"), model=net, output=tmp_path / "d.mp4")
    notices = [event.text for event in heard if isinstance(event, Notice)]
    assert not any("no face is seen" in text for text in notices)


def inside(path: Path) -> tuple[list[Any], list[bytes]]:
    """The times of a film's frames in seconds, and the packets of its sound."""
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    return times, packets


def test_a_film_keeps_its_times_and_its_sound(net: Path, tmp_path: Path) -> None:
    """Made again, once by the command and once from its record, it is the same bytes."""
    source, out, again = film(tmp_path / "a.mp4"), tmp_path / "b.mp4", tmp_path / "c.mp4"
    events(source, model=net, output=out)
    assert inside(out) == inside(source)
    events(source, model=net, output=again)
    assert out.read_bytes() == again.read_bytes()
    again.unlink()
    replayed(out, source, net, again)
    assert again.read_bytes() == out.read_bytes()
    assert (load_picture(out).samples[:, :150].astype(int) - scene()[:, :150]).std() > 3


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_film_becomes_one_that_holds_no_sound(
    ending: str, net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frame for frame that of the MP4, for as long, for ever; what is lost is said, and replay
    makes it again. A longer one than is held at once is refused."""
    source, out = film(tmp_path / "a.mp4"), tmp_path / f"b.{ending}"
    heard = events(source, model=net, output=out)
    assert "its sound, aac, is left out" in [one.text for one in heard if isinstance(one, Notice)]
    made = read_frames(out)
    assert made.durations == (80, 120, 40, 40) and made.loops == 0
    events(source, model=net, output=tmp_path / "c.mp4")
    with av.open(str(tmp_path / "c.mp4")) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for frame, same in zip(made.frames, shown, strict=True):
        assert np.abs(as_seen(frame).astype(float) - same).mean() < (6 if ending == "gif" else 3)
    replayed(out, source, net, tmp_path / "again" / out.name)
    assert (tmp_path / "again" / out.name).read_bytes() == out.read_bytes()
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", str(3 * 200 * 150))
    said = why(events(source, model=net, output=out, overwrite=True))
    assert "has 4 frames of 200 x 150 pixels, more than are held at once" in said


def test_like_another_picture(photo: Path, tmp_path: Path) -> None:
    """It names both pictures, is made again from them, and is what the function gives."""
    style, out, again = tmp_path / "style.png", tmp_path / "b.png", tmp_path / "again.png"
    save_picture(style, paint(face(SEED + 1), 64, "sketch").pixels)
    events(photo, to="", like=style, output=out)
    record = read_record(out) or {}
    assert set(record["inputs"]) == {"a.png", "style.png"}
    assert drain(events(photo, to="", like=style, output=out)).kept == 1
    replayed(out, photo, style, again)
    assert again.read_bytes() == out.read_bytes()
    given = trombine.restyle(scene(), like=style)
    assert np.array_equal(given, load_picture(out).samples)
    # Of a drawing in black and white: hardly any colour is left.
    colour = abs(given.astype(int) - given.mean(2, keepdims=True)).mean()
    assert colour < 0.2 * abs(scene().astype(int) - scene().mean(2, keepdims=True)).mean()


def test_a_gif_and_a_mosaic(photo: Path, net: Path, tmp_path: Path) -> None:
    """The film goes from the picture to what was drawn and back; the sheet shows every style."""
    out = tmp_path / "b.png"
    events(photo, model=net, output=out, gif=True, mosaic=True)
    becomes, drawn = read_frames(tmp_path / "b.becomes.gif"), as_seen(load_picture(out))
    assert becomes.count == 24 and becomes.loops == 0
    shown = [as_seen(becomes.frames[n]).astype(float) for n in (0, 12)]
    for frame, truth in zip(shown, (scene(), drawn), strict=True):
        assert abs(frame - truth).mean() < 6  # of 255: a GIF has 256 colours
    sheet = load_picture(tmp_path / "b.mosaic.png")
    assert sheet.width > 4 * 200  # the picture, anime, cartoon, sketch
    alone = tmp_path / "alone"
    for name in ("b.becomes.gif", "b.mosaic.png"):
        replayed(tmp_path / name, photo, net, alone / name)
        shutil.rmtree(tmp_path / "inputs")
        assert (alone / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_translator_restyles(photo: Path, tmp_path: Path) -> None:
    """A net of one direction, which is told no style: its faces, or all of a picture."""
    path, out = tmp_path / "mine.safetensors", tmp_path / "b.png"
    model = build("translator", {"width": 4, "blocks": 1}, seed=5)
    save(path, model, Card(task="restore", net="translator", sizes=model.sizes))
    events(photo, model=path, output=out)
    changed = (load_picture(out).samples != scene()).any(2)
    assert changed.any() and not changed[:, 155:].any()
    assert drain(events(photo, model=path, output=out)).kept == 1
    events(photo, model=path, output=tmp_path / "c.png", whole=True)
    assert (load_picture(tmp_path / "c.png").samples != scene()).any(2).mean() > 0.9
    again = tmp_path / "again.png"
    replayed(out, photo, path, again)
    assert again.read_bytes() == out.read_bytes()


def test_a_film_that_begins_without_a_face(net: Path, tmp_path: Path) -> None:
    """Its style is that of the first face, and its record leaves it to the reader again."""
    source, out, again = (
        film(tmp_path / "a.mp4", faceless=1),
        tmp_path / "b.mp4",
        tmp_path / "c.mp4",
    )
    events(source, model=net, output=out)
    assert (read_record(out) or {})["options"]["from"] == "auto"
    replayed(out, source, net, again)
    assert again.read_bytes() == out.read_bytes()
    with av.open(str(out)) as container:
        frames = [one.to_ndarray(format="rgb24") for one in container.decode(video=0)]
    assert frames[0].std() < 3 and (frames[1][:, :150].astype(int) - scene(21)[:, :150]).std() > 3


def test_a_picture_that_a_program_holds(photo: Path, net: Path, tmp_path: Path) -> None:
    """The array that comes back is what the command writes; floats around the face stay."""
    events(photo, model=net, output=tmp_path / "b.png")
    made = trombine.restyle(scene(), to="anime", model=net)
    assert np.array_equal(made, load_picture(tmp_path / "b.png").samples)
    tensor = torch.from_numpy(scene().copy()).permute(2, 0, 1).float() / 255 + 1e-5
    found = trombine.restyle(tensor.clamp(0, 1), to="anime", from_="photo", model=net)
    assert torch.equal(found[:, :, 155:], tensor.clamp(0, 1)[:, :, 155:])
    assert not torch.equal(found, tensor.clamp(0, 1))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"model": "upscale-x4"}, "upscale"),
        ({"model": "nowhere.safetensors"}, "nowhere.safetensors"),
        ({"to": "oil"}, "oil"),
        ({"from_": "oil"}, "oil"),
        ({"from_": "anime"}, "what is anime becomes anime"),
        ({"strength": 1.5}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"format": "docx"}, "docx"),
        ({"suffix": "a/b"}, "suffix"),
        ({"device": "tpu"}, "tpu"),
        ({"to": ""}, "--to is not said; give --to anime, say, or --like PICTURE"),
        ({"like": Path("style.png")}, "leave --to, --from, --whole, --model and"),
        ({"to": "", "model": "restyle", "like": Path("nowhere.png")}, "nowhere.png"),
        ({"to": "", "model": "restyle", "like": Path(__file__)}, "test_restyle.py"),
    ],
)
def test_what_is_asked_for_wrongly(
    photo: Path, net: Path, tmp_path: Path, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        events(photo, **{"model": net, "output": tmp_path / "b.png", **options})
    assert not list(tmp_path.iterdir())


def test_bad_inputs_are_named(photo: Path, net: Path, tmp_path: Path) -> None:
    """Each with one line; nothing is left of them."""
    save_picture(tmp_path / "flat.png", np.full((60, 60, 3), 90, np.uint8))
    (tmp_path / "cut.png").write_bytes(photo.read_bytes()[:500])
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    film(tmp_path / "film.mp4", count=1)
    out = tmp_path / "out"
    for name, options, problem in (
        ("flat.png", {}, "shows no face"),
        ("cut.png", {}, "cannot be read"),
        ("text.png", {}, "text.png"),
        ("empty.png", {}, "empty"),
        ("missing.png", {}, "missing.png"),
        ("film.mp4", {"output": tmp_path / "b.png"}, "is a film of 1 frames, and PNG holds one"),
        ("film.mp4", {"gif": True}, "is a film, and -g is for pictures"),
        ("film.mp4", {"mosaic": True}, "is a film, and -m is for pictures"),
        ("film.mp4", {"to": "", "like": photo, "model": "restyle"}, "--like is for pictures"),
    ):
        heard = events(tmp_path / name, **{"model": net, "output": out, **options})
        assert problem in f"{tmp_path / name} {why(heard)}"
    heard = events(photo, model=net, output=tmp_path / "b.mp4")
    assert "is a picture, and MP4 holds films" in why(heard)
    assert not out.exists() or not list(out.iterdir())
