"""Repair pictures: where the hole is, what is written, what is refused, and replay."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from PIL import Image as PillowImage

import trombine
from trombine import weights
from trombine.batch.result import drain
from trombine.events import Event, Notice, Picture, Skipped
from trombine.io.image import load_picture, picture_of, read_record, save_picture
from trombine.nets import build
from trombine.refusal import InputError
from trombine.verbs.inpaint import InpaintRequest, run
from trombine.weights import Card

Command = Callable[..., subprocess.CompletedProcess[str]]
HEIGHT, WIDTH = 40, 48


@pytest.fixture(scope="session")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quick and has learnt nothing."""
    path = tmp_path_factory.mktemp("nets") / "mine.safetensors"
    model = build("unet", {"width": 4, "levels": 2, "inputs": 4}, seed=5)
    weights.save(path, model, Card(task="repair", net="unet", sizes=model.sizes))
    return path


def pixels(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / 5 + columns / (6 + channel)) for channel in range(3)]
    return (np.stack(waves, axis=2) * 90 + 128).astype(np.uint8)


def rectangle(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[12:20, 10:30] = True
    return hole


HOLE = rectangle()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture, and m.png, its mask, beside it."""
    save_picture(tmp_path / "a.png", pixels())
    save_picture(tmp_path / "m.png", np.where(HOLE, 255, 0).astype(np.uint8))
    return tmp_path / "a.png"


def events(*sources: Path, **options: Any) -> list[Event]:
    return list(run(InpaintRequest(pictures=sources, **options)))


def notices(heard: Sequence[Event]) -> list[str]:
    return [event.text for event in heard if isinstance(event, Notice)]


def changed(path: Path, before: np.ndarray | None = None) -> np.ndarray:
    """Which pixels are other than the picture's."""
    return (load_picture(path).samples != (pixels() if before is None else before)).any(-1)


# Where the hole is


def test_a_mask_says_where_the_hole_is(photo: Path, net: Path) -> None:
    """Inside the mask's hole pixels are painted, outside none; what was guessed is told."""
    heard = events(photo, mask=photo.with_name("m.png"), model=net, output=photo.parent / "b.png")
    inside = changed(photo.parent / "b.png")
    assert inside[HOLE].mean() > 0.95 and not inside[~HOLE].any()
    assert notices(heard)[0] == (
        "what is white in m.png is painted (most of its border is black);"
        " --mask-is black says otherwise"
    )


@pytest.mark.parametrize(
    ("kind", "polarity"),
    [
        *(
            (kind, polarity)
            for kind in ("white", "black")
            for polarity in ("white", "black", "auto")
        ),
        ("transparent", "transparent"),
        ("transparent", "auto"),
    ],
)
def test_what_of_a_mask_is_the_hole(polarity: str, kind: str, photo: Path, net: Path) -> None:
    """--mask-is decides; auto guesses each of them rightly, and says so."""
    if kind == "transparent":
        opacity = np.where(HOLE, 0, 255).astype(np.uint8)
        save_picture(photo.with_name("m.png"), np.dstack([pixels(), opacity]))
    else:
        levels = np.where((kind == "white") == HOLE, 255, 0).astype(np.uint8)
        save_picture(photo.with_name("m.png"), levels)
    options: dict[str, Any] = {"mask": photo.with_name("m.png"), "model": net}
    events(photo, mask_is=polarity, output=photo.parent / "b.png", **options)
    right = polarity in ("auto", kind)
    inside = changed(photo.parent / "b.png")
    assert not inside[~HOLE if right else HOLE].any()
    assert inside[HOLE if right else ~HOLE].mean() > 0.9
    record = read_record(photo.parent / "b.png") or {}
    assert record["options"]["mask_is"] == (kind if polarity == "auto" else polarity)


def test_masks_of_a_folder_go_by_name(photo: Path, net: Path) -> None:
    """Each picture has the mask of its name; one without is skipped, and that is said."""
    folder = photo.parent / "in"
    for name in ("a.png", "b.png"):
        save_picture(folder / name, pixels())
    save_picture(photo.parent / "masks" / "a.png", np.where(HOLE, 255, 0).astype(np.uint8))
    heard = events(folder, mask=photo.parent / "masks", model=net, output=photo.parent / "out")
    (skipped,) = [event for event in heard if isinstance(event, Skipped)]
    assert skipped.file.name == "b.png" and "has no mask" in skipped.why
    assert any("has no mask of its name" in text for text in notices(heard))
    assert changed(photo.parent / "out" / "a.png")[HOLE].mean() > 0.9


def test_a_colour_says_where_the_hole_is(photo: Path, net: Path) -> None:
    """What was painted over with a colour is painted anew, with two pixels round it."""
    scrawled = pixels()
    scrawled[HOLE] = (255, 0, 255)
    save_picture(photo, scrawled)
    events(photo, mask_colour="#FF00ff", model=net, output=photo.parent / "b.png")
    inside = changed(photo.parent / "b.png", scrawled)
    near = np.zeros_like(HOLE)
    near[10:22, 8:32] = True
    assert inside[HOLE].mean() > 0.95 and not inside[~near].any() and inside[near & ~HOLE].any()


@pytest.mark.parametrize("kind", ["RGBA", "LA", "palette"])
def test_transparency_says_where_the_hole_is(kind: str, photo: Path, net: Path) -> None:
    """Without a mask what is transparent is painted, and opaque then."""
    opacity = np.where(HOLE, 0, 255).astype(np.uint8)
    source, target = photo.parent / "t.png", photo.parent / "b.png"
    if kind == "palette":
        image = PillowImage.fromarray(np.where(HOLE, 2, np.arange(WIDTH) % 2).astype(np.uint8))
        image.putpalette([9, 9, 9, 90, 9, 200, 0, 0, 0])
        image.save(source, transparency=2)
    else:
        colours = pixels() if kind == "RGBA" else pixels()[..., 0]
        save_picture(source, np.dstack([colours, opacity]))
    events(source, model=net, output=target)
    result = load_picture(target)
    assert result.mode == ("LA" if kind == "LA" else "RGBA")
    assert (result.samples[..., -1] == 255).all()
    assert np.array_equal(result.samples[~HOLE], load_picture(source).samples[~HOLE])


def test_the_hole_grows(photo: Path, net: Path) -> None:
    """--grow makes the hole so many pixels larger to each side."""
    mask = photo.with_name("m.png")
    events(photo, mask=mask, grow=3, model=net, output=photo.parent / "b.png")
    inside = changed(photo.parent / "b.png")
    assert inside[9, 20] and inside[15, 7] and not inside[8, 20] and not inside[9, 7]


def test_parts_by_name_are_painted_anew(tmp_path: Path, net: Path) -> None:
    """--mask-part takes the eyes that the reader sees, and little else."""
    from trombine.world.painting import paint
    from trombine.world.people import face

    painted = paint(face(900_003), 128, "photo")
    save_picture(tmp_path / "f.png", painted.pixels)
    events(tmp_path / "f.png", mask_part="eyes,mouth", model=net, output=tmp_path / "b.png")
    inside = changed(tmp_path / "b.png", painted.pixels)
    eyes = np.isin(painted.parts, (4, 5))
    assert inside[eyes].mean() > 0.9 and inside.mean() < 0.15


def test_how_much_is_taken_for_damage_is_said(photo: Path, net: Path) -> None:
    heard = events(photo, scratches=True, model=net, output=photo.parent / "b.png")
    said = [event.text for event in heard if isinstance(event, Notice)]
    assert any(re.search(r"\d+\.\d% of it is taken for damage", text) for text in said)


# What is sensible


@pytest.mark.parametrize(
    ("level", "text"),
    [(0, "the hole is empty: nothing is painted"), (255, "the hole is the whole picture")],
)
def test_a_hole_of_nothing_and_of_all(level: int, text: str, photo: Path, net: Path) -> None:
    """An empty hole leaves the picture as it is; of a picture that is all hole that is said."""
    save_picture(photo.with_name("m.png"), np.full((HEIGHT, WIDTH), level, np.uint8))
    mask = photo.with_name("m.png")
    heard = events(photo, mask=mask, model=net, output=photo.parent / "b.png")
    assert any(text in notice for notice in notices(heard))
    assert changed(photo.parent / "b.png").mean() == pytest.approx(level / 255, abs=0.05)


def test_no_face_in_sight_is_said(photo: Path, net: Path) -> None:
    """Where no face is at the hole it is mended as a texture, with a notice."""
    mask = photo.with_name("m.png")
    heard = events(photo, mask=mask, model=net, output=photo.parent / "b.png")
    assert any("no face is seen at the hole" in text for text in notices(heard))


def test_a_model_that_gives_the_same_each_time_says_so(photo: Path, net: Path) -> None:
    """--tries of a model that cannot vary writes the sheet with its only answer, and says why."""
    mask = photo.with_name("m.png")
    heard = events(photo, mask=mask, tries=4, model=net, output=photo.parent / "b.png")
    assert any("gives the same answer each time" in text for text in notices(heard))
    assert (photo.parent / "b.sheet.png").exists()


def test_what_is_there_is_kept(photo: Path, net: Path) -> None:
    """The same command again does nothing; with another --grow it leaves the file alone."""
    options: dict[str, Any] = {"mask": photo.with_name("m.png"), "model": net}
    result = photo.parent / "b.png"
    events(photo, output=result, **options)
    assert not [e for e in events(photo, output=result, **options) if isinstance(e, Picture)]
    heard = events(photo, output=result, grow=1, **options)
    (skipped,) = [event for event in heard if isinstance(event, Skipped)]
    assert "was made otherwise (grow 0, not 1)" in skipped.why


def test_a_mask_that_is_written_is_the_hole_and_can_be_given_back(photo: Path, net: Path) -> None:
    """Grown as the hole was; the picture that is made by it is the same to the sample."""
    first = {"mask": photo.with_name("m.png"), "model": net, "grow": 2}
    events(photo, output=photo.parent / "b.png", write_mask=True, **first)
    written = photo.parent / "b.mask.png"
    hole = load_picture(written).samples[..., 0]
    given = load_picture(photo.with_name("m.png")).samples[..., 0] > 127
    assert set(np.unique(hole)) == {0, 255} and (hole > 0)[given].all()
    assert (hole > 0).sum() > given.sum()
    events(photo, output=photo.parent / "c.png", mask=written, mask_is="white", model=net)
    first_again, second = (load_picture(photo.parent / name).samples for name in ("b.png", "c.png"))
    assert np.array_equal(first_again, second)


# Steering


def test_points_that_are_written_can_be_edited_and_given_back(tmp_path: Path, net: Path) -> None:
    """The files that --write-parts and --write-points make are taken by --parts and --points."""
    from trombine.world.painting import paint
    from trombine.world.people import face

    painted = paint(face(900_003), 128, "photo")
    hole = np.zeros((128, 128), np.uint8)
    hole[50:66, 36:92] = 255
    save_picture(tmp_path / "f.png", painted.pixels)
    save_picture(tmp_path / "m.png", hole)
    options: dict[str, Any] = {"mask": tmp_path / "m.png", "model": net, "write_points": True}
    events(tmp_path / "f.png", write_parts=True, output=tmp_path / "b.png", **options)
    points = json.loads((tmp_path / "b.points.json").read_text())
    assert np.array(points["faces"][0]["points"]).shape == (68, 2)
    points["faces"][0]["points"] = [
        None if number < 10 else [x + 2, y]
        for number, (x, y) in enumerate(points["faces"][0]["points"])
    ]
    (tmp_path / "mine.json").write_text(json.dumps(points))
    events(
        tmp_path / "f.png",
        parts=tmp_path / "b.parts.png",
        points=tmp_path / "mine.json",
        output=tmp_path / "c.png",
        **options,
    )
    again = json.loads((tmp_path / "c.points.json").read_text())["faces"][0]["points"]
    assert np.allclose(again[10:], points["faces"][0]["points"][10:], atol=1e-3)


# Replay


def test_replay_in_a_fresh_process_and_another_folder(
    photo: Path, net: Path, tmp_path: Path, command: Command
) -> None:
    """From its record and the inputs every file is made again, byte by byte, where the folder that
    it was written to is no more."""
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for file in (photo, photo.with_name("m.png"), net):
        (inputs / file.name).write_bytes(file.read_bytes())
    save_picture(inputs / "c.tif", np.dstack([pixels(), pixels()[..., 0]]))
    save_picture(inputs / "d.png", picture_of(pixels().astype(np.uint16) * 200))
    for name in ("a.png", "c.tif", "d.png"):
        events(
            inputs / name,
            mask=inputs / "m.png",
            model=inputs / net.name,
            output=tmp_path / "out" / name,
            sheet=True,
            write_parts=True,
        )
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "out").rename(there / "kept")
    done = command("replay", "kept", "--inputs", "../inputs", "-o", "again", cwd=there)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the same bytes") == len(files) == 9
    for name, data in files.items():
        assert (there / "again" / name).read_bytes() == data


# In Python


def test_a_picture_in_memory(net: Path) -> None:
    """Arrays, tensors and Pillow images come back as they are, with masks held as arrays."""
    model, before = str(net), pixels()
    levels = np.where(HOLE, 255, 0).astype(np.uint8)
    of_array = trombine.inpaint(before, mask=levels, mask_is="white", model=model)
    of_truths = trombine.inpaint(before, mask=HOLE, mask_is="white", model=model)
    pillow = trombine.inpaint(
        Pillow.fromarray(before), mask=Pillow.fromarray(levels), mask_is="white", model=model
    )
    assert np.array_equal(of_array, of_truths) and np.array_equal(of_array, np.asarray(pillow))
    assert np.array_equal(of_array[~HOLE], before[~HOLE])
    tensor = torch.rand(3, HEIGHT, WIDTH)
    of_tensor = trombine.inpaint(tensor, mask=torch.from_numpy(HOLE), mask_is="white", model=model)
    assert torch.equal(of_tensor[:, ~HOLE], tensor[:, ~HOLE]), "floats are not rounded"
    assert not torch.equal(of_tensor[:, HOLE], tensor[:, HOLE])
    both = trombine.inpaint(
        torch.stack([tensor, tensor]), mask=torch.from_numpy(HOLE), mask_is="white", model=model
    )
    assert torch.equal(both[1], of_tensor)


def test_a_path_gives_a_pillow_image(photo: Path, net: Path) -> None:
    """What is repaired of a path is saved as any Pillow image is."""
    result = trombine.inpaint(str(photo), mask=str(photo.with_name("m.png")), model=str(net))
    result.save(photo.parent / "saved.png")
    assert changed(photo.parent / "saved.png")[HOLE].mean() > 0.9


# Refusals


def wrong_size(folder: Path) -> dict[str, Any]:
    save_picture(folder / "w.png", np.zeros((9, 9), np.uint8))
    return {"mask": folder / "w.png"}


def grey_mask(folder: Path) -> dict[str, Any]:
    save_picture(folder / "w.png", np.full((HEIGHT, WIDTH), 120, np.uint8))
    return {"mask": folder / "w.png"}


def text(folder: Path, option: str, content: str) -> dict[str, Any]:
    (folder / "w.json").write_text(content)
    return {"mask": folder / "m.png", option: folder / "w.json"}


def map_of(folder: Path, samples: np.ndarray) -> dict[str, Any]:
    save_picture(folder / "w.png", samples)
    return {"mask": folder / "m.png", "parts": folder / "w.png"}


def other_model(folder: Path) -> dict[str, Any]:
    model = build("unet", {"width": 4, "levels": 2, "inputs": 3})
    weights.save(
        folder / "o.safetensors", model, Card(task="restore", net="unet", sizes=model.sizes)
    )
    return {"mask": folder / "m.png", "model": folder / "o.safetensors"}


def empty(folder: Path, option: str) -> dict[str, Any]:
    (folder / "empty").mkdir()
    return {"mask": folder / "m.png", option: folder / "empty"}


BAD: dict[str, tuple[Callable[[Path], dict[str, Any]], str]] = {
    "no mask": (lambda f: {}, "has no transparent pixels, and no mask is given"),
    "size": (wrong_size, "is 9 x 9, and the picture is 48 x 40; give a mask of the picture's size"),
    "grey": (grey_mask, "is no mask: 100% of it is neither black nor white"),
    "no such mask": (lambda f: {"mask": f / "no.png"}, "no.png: does not exist"),
    "opaque": (
        lambda f: {"mask": f / "m.png", "mask_is": "transparent"},
        "has no transparency; say --mask-is white or black",
    ),
    "two holes": (lambda f: {"mask": f / "m.png", "mask_part": "eyes"}, "give one of them"),
    "no such pixels": (lambda f: {"mask_colour": "#00ff00"}, "no pixel of the colour #00ff00"),
    "part": (lambda f: {"mask_part": "elbow"}, "there is no part elbow; there are skin, nose"),
    "no face": (lambda f: {"mask_part": "eyes"}, "shows no face, so none of its parts"),
    "its task": (other_model, "is for restore"),
    "no JSON": (lambda f: text(f, "points", "{"), "w.json: is no JSON; give points as trombine"),
    "points' size": (
        lambda f: text(f, "points", '{"width": 9, "height": 9, "faces": []}'),
        "is of a picture of 9 x 9, and this one is 48 x 40",
    ),
    "label": (
        lambda f: map_of(f, np.full((HEIGHT, WIDTH), 40, np.uint8)),
        "has the label 40, and parts are 0 to 18",
    ),
    "over the mask": (lambda f: {"mask": f / "m.png", "output": f / "m.png"}, "would be written"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_refused_in_one_line(name: str, photo: Path, net: Path) -> None:
    """The file, what is wrong with it and what to do stand in one line; nothing is written."""
    options, words = BAD[name]
    before = sorted(photo.parent.iterdir())
    given = {"model": net, "output": photo.parent / "b.png", **options(photo.parent)}
    extra = {path for path in photo.parent.iterdir() if path not in before}
    with pytest.raises(InputError) as caught:
        drain(run(InpaintRequest(pictures=(photo,), **given)))
    line = str(caught.value)
    assert words in line and "\n" not in line and len(line) < 400, line
    assert set(photo.parent.iterdir()) == {*before, *extra}
