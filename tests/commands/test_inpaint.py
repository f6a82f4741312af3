"""Repair pictures: where the hole is, what is written, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from trombine import inpaint, models, replay
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.inpainting import inpaint as inpainting
from trombine.io.holes import Hole
from trombine.io.image import load_picture, picture_of, read_record, save_picture
from trombine.models import Card
from trombine.nets import build
from trombine.world.painting import Painted, paint
from trombine.world.people import face

HEIGHT, WIDTH = 40, 48


@pytest.fixture(scope="session")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quick and has learnt nothing."""
    path = tmp_path_factory.mktemp("nets") / "mine.safetensors"
    model = build("unet", {"width": 4, "levels": 2, "inputs": 4}, seed=5)
    models.save(path, model, Card(task="repair", net="unet", sizes=model.sizes))
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
KINDS = ("white", "black", "transparent")  # what of a mask is the hole


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture, and m.png, its mask, beside it."""
    save_picture(tmp_path / "a.png", pixels())
    save_picture(tmp_path / "m.png", np.where(HOLE, 255, 0).astype(np.uint8))
    return tmp_path / "a.png"


@pytest.fixture
def repair(photo: Path, net: Path) -> Callable[..., Result]:
    """Repairs the picture as b.png by its mask, unless told otherwise."""

    def repair(picture: Path = photo, **options: Any) -> Result:
        usual: dict[str, Any] = {"output": photo.parent / "b.png", "model": net}
        usual["mask"] = photo.with_name("m.png")
        return inpaint(picture, **usual | options)

    return repair


@pytest.fixture(scope="session")
def person() -> Painted:
    return paint(face(900_003), 128, "photo")


def changed(path: Path, before: np.ndarray | None = None) -> np.ndarray:
    """Which pixels are other than the picture's."""
    return (load_picture(path).samples != (pixels() if before is None else before)).any(-1)


# Where the hole is


def test_a_mask_says_where_the_hole_is(photo: Path, repair: Callable[..., Result]) -> None:
    """Inside the mask's hole pixels are painted, outside none; what was guessed is told."""
    done = repair()
    inside = changed(photo.parent / "b.png")
    assert inside[HOLE].mean() > 0.95 and not inside[~HOLE].any()
    assert (done.summary, done.written) == ("1 picture written", (photo.parent / "b.png",))
    assert done.notices == (
        f"{photo}: what is white in m.png is painted (most of its border is black);"
        " black:m.png says otherwise",
        f"{photo}: no face is seen at the hole; it is painted as a texture",
    )


@pytest.mark.parametrize(
    ("kind", "polarity"),
    [("white", "black"), *((kind, "auto") for kind in KINDS)],
)
def test_what_of_a_mask_is_the_hole(
    kind: str, polarity: str, photo: Path, net: Path, repair: Callable[..., Result]
) -> None:
    """A word before the mask's name decides; else each of them is guessed rightly."""
    if kind == "transparent":
        opacity = np.where(HOLE, 0, 255).astype(np.uint8)
        save_picture(photo.with_name("m.png"), np.dstack([pixels(), opacity]))
    else:
        levels = np.where((kind == "white") == HOLE, 255, 0).astype(np.uint8)
        save_picture(photo.with_name("m.png"), levels)
    mask = photo.with_name("m.png")
    repair(mask=mask if polarity == "auto" else f"{polarity}:{mask}")
    hole = HOLE if polarity in ("auto", kind) else ~HOLE
    inside = changed(photo.parent / "b.png")
    assert not inside[~hole].any() and inside[hole].mean() > 0.9
    record = read_record(photo.parent / "b.png") or {}
    assert record.get("options", {}).get("mask") == (
        None if polarity == "auto" else f"{polarity}:m.png"
    )
    assert record["files"]["mask"][0] == "m.png"
    (photo.parent / net.name).write_bytes(net.read_bytes())
    assert replay(photo.parent / "b.png").summary.endswith("the same pixels")


def test_masks_of_a_folder_go_by_name(photo: Path, repair: Callable[..., Result]) -> None:
    """Each picture has the mask of its name; one without is skipped, and that is said."""
    folder = photo.parent / "in"
    for name in ("a.png", "b.png"):
        save_picture(folder / name, pixels())
    save_picture(photo.parent / "masks" / "a.png", np.where(HOLE, 255, 0).astype(np.uint8))
    done = repair(folder, mask=photo.parent / "masks", output=photo.parent / "out")
    (skipped,) = done.skipped.items()
    assert skipped[0].name == "b.png" and skipped[1].startswith("has no mask of its name")
    assert changed(photo.parent / "out" / "a.png")[HOLE].mean() > 0.9


def test_a_colour_says_where_the_hole_is(photo: Path, repair: Callable[..., Result]) -> None:
    """What was painted over with a colour is painted anew, with two pixels round it."""
    scrawled = pixels()
    scrawled[HOLE] = (255, 0, 255)
    save_picture(photo, scrawled)
    repair(mask="#FF00ff")
    inside = changed(photo.parent / "b.png", scrawled)
    near = np.zeros_like(HOLE)
    near[10:22, 8:32] = True
    assert inside[HOLE].mean() > 0.95 and not inside[~near].any() and inside[near & ~HOLE].any()


@pytest.mark.parametrize("kind", ["LA", "palette"])
def test_transparency_says_where_the_hole_is(
    kind: str, photo: Path, repair: Callable[..., Result]
) -> None:
    """Without a mask what is transparent is painted, and opaque then."""
    source = photo.parent / "t.png"
    if kind == "palette":
        image = Pillow.fromarray(np.where(HOLE, 2, np.arange(WIDTH) % 2).astype(np.uint8))
        image.putpalette([9, 9, 9, 90, 9, 200, 0, 0, 0])
        image.save(source, transparency=2)
    else:
        opacity = np.where(HOLE, 0, 255).astype(np.uint8)
        save_picture(source, np.dstack([pixels()[..., 0], opacity]))
    repair(source, mask=None)
    result = load_picture(photo.parent / "b.png")
    assert result.mode == ("LA" if kind == "LA" else "RGBA")
    assert (result.samples[..., -1] == 255).all()
    assert np.array_equal(result.samples[~HOLE], load_picture(source).samples[~HOLE])


def test_parts_by_name_are_painted_anew(
    tmp_path: Path, person: Painted, repair: Callable[..., Result]
) -> None:
    """The eyes that the reader sees, and little else."""
    save_picture(tmp_path / "f.png", person.pixels)
    repair(tmp_path / "f.png", mask="eyes,mouth")
    inside = changed(tmp_path / "b.png", person.pixels)
    eyes = np.isin(person.parts, (4, 5))
    assert inside[eyes].mean() > 0.9 and inside.mean() < 0.15


@pytest.mark.parametrize(
    ("level", "text"),
    [(0, "the hole is empty: nothing is painted"), (255, "the hole is the whole picture")],
)
def test_a_hole_of_nothing_and_of_all(
    level: int, text: str, photo: Path, repair: Callable[..., Result]
) -> None:
    """An empty hole leaves the picture as it is; of a picture that is all hole that is said."""
    save_picture(photo.with_name("m.png"), np.full((HEIGHT, WIDTH), level, np.uint8))
    assert text in " ".join(repair().notices)
    assert changed(photo.parent / "b.png").mean() == pytest.approx(level / 255, abs=0.05)


def test_beside_its_picture_a_result_has_a_name_of_its_own(
    photo: Path, repair: Callable[..., Result]
) -> None:
    assert repair(output=None).written == (photo.with_name("a.inpaint.png"),)
    assert repair(output=None).kept == 1


# What is written


def test_a_mask_that_is_written_is_the_hole_and_can_be_given_back(
    photo: Path, repair: Callable[..., Result]
) -> None:
    """Grown as the hole was; the picture that is made by it is the same to the sample."""
    repair(write_mask=True, grow=2)
    written = photo.parent / "b.mask.png"
    hole = load_picture(written).samples[..., 0]
    assert set(np.unique(hole)) == {0, 255} and (hole > 0)[HOLE].all()
    assert (hole > 0).sum() > HOLE.sum()
    repair(output=photo.parent / "c.png", mask=f"white:{written}")
    first, second = (load_picture(photo.parent / name).samples for name in ("b.png", "c.png"))
    assert np.array_equal(first, second)


def test_points_that_are_written_can_be_edited_and_given_back(
    tmp_path: Path, person: Painted, repair: Callable[..., Result]
) -> None:
    """The files that --write-parts and --write-points make are taken by --parts and --points, by
    name or by folder."""
    hole = np.zeros((128, 128), np.uint8)
    hole[50:66, 36:92] = 255
    save_picture(tmp_path / "f.png", person.pixels)
    save_picture(tmp_path / "m.png", hole)
    first = tmp_path / "first"
    repair(tmp_path / "f.png", write_parts=True, write_points=True, output=first / "f.png")
    content = json.loads((first / "f.points.json").read_text())
    points = np.array(content["faces"][0]["points"]) + np.array([2, 0])
    assert points.shape == (68, 2)
    content["faces"][0]["points"] = [None] * 10 + points[10:].tolist()
    (first / "f.points.json").write_text(json.dumps(content))
    repair(
        tmp_path / "f.png",
        parts=first / "f.parts.png",
        points=first,
        write_points=True,
        output=tmp_path / "c.png",
    )
    again = json.loads((tmp_path / "c.points.json").read_text())["faces"][0]["points"]
    assert np.allclose(again[10:], points[10:], atol=1e-3)


@pytest.mark.parametrize("name", ["c.tif", "d.png"])
def test_replay_makes_every_file_again(name: str, tmp_path: Path, photo: Path, net: Path) -> None:
    """Where a mask has its picture's name, it lies as mask-NAME among the inputs."""
    inputs, masks = tmp_path / "inputs", tmp_path / "masks"
    save_picture(inputs / "c.tif", np.dstack([pixels(), pixels()[..., 0]]))
    save_picture(inputs / "d.png", picture_of(pixels().astype(np.uint16) * 200))
    save_picture(masks / name, load_picture(photo.with_name("m.png")))
    for path, place in ((masks / name, f"mask-{name}"), (net, net.name)):
        (inputs / place).write_bytes(path.read_bytes())
    wanted: dict[str, Any] = {"sheet": True, "write_parts": True, "write_points": True}
    done = inpaint(
        inputs / name, mask=masks, model=net, grow=1, output=tmp_path / "out" / name, **wanted
    )
    assert len(done.written) == 4
    said = replay(done.written, inputs=inputs).summary.splitlines()
    assert [line.rpartition(" ")[2] for line in said] == ["pixels", "pixels", "values", "pixels"]
    assert all("the same" in line for line in said)


# In Python


def test_a_picture_in_memory(net: Path) -> None:
    """Arrays, tensors and Pillow images come back as they are, with masks held as arrays."""
    before, levels = pixels(), np.where(HOLE, 255, 0).astype(np.uint8)
    of_array = inpaint(before, mask=levels, model=net)
    of_truths = inpaint(before, mask=HOLE, model=net)
    pillow = inpaint(Pillow.fromarray(before), mask=Pillow.fromarray(levels), model=net)
    assert np.array_equal(of_array, of_truths) and np.array_equal(of_array, np.asarray(pillow))
    assert np.array_equal(of_array[~HOLE], before[~HOLE])
    hole, tensor = torch.from_numpy(HOLE), torch.rand(3, HEIGHT, WIDTH)
    of_tensor = inpaint(tensor, mask=hole, model=net)
    assert torch.equal(of_tensor[:, ~HOLE], tensor[:, ~HOLE]), "floats are not rounded"
    assert not torch.equal(of_tensor[:, HOLE], tensor[:, HOLE])
    both = inpaint(torch.stack([tensor, tensor]), mask=hole, model=net)
    own = inpaint([tensor, before], mask=[hole, HOLE], model=net)
    assert torch.equal(both[1], of_tensor) and torch.equal(own[0], of_tensor)
    assert np.array_equal(own[1], of_array)


def test_masks_in_memory_that_fit_nothing(photo: Path, net: Path) -> None:
    with pytest.raises(InputError, match=r"mask: there are 2, and pictures: 1$"):
        inpaint(pixels(), mask=[HOLE, HOLE], model=net)
    with pytest.raises(InputError, match="is 48 x 39, and the picture is 48 x 40"):
        inpaint(pixels(), mask=HOLE[1:], model=net)
    with pytest.raises(InputError, match="a mask in memory is for pictures in memory"):
        inpaint(photo, mask=HOLE, model=net)


# What is refused


def given(folder: Path, option: str, content: str | np.ndarray) -> dict[str, Any]:
    """An option's file; and the mask, where that is not the option."""
    file = folder / ("w.json" if isinstance(content, str) else "w.png")
    if isinstance(content, str):
        file.write_text(content)
    else:
        save_picture(file, content)
    return {"mask": folder / "m.png", option: file}


def level(value: int, *size: int) -> np.ndarray:
    return np.full(size or (HEIGHT, WIDTH), value, np.uint8)


def other_model(folder: Path) -> dict[str, Any]:
    model = build("unet", {"width": 4, "levels": 2, "inputs": 3})
    models.save(
        folder / "o.safetensors", model, Card(task="restore", net="unet", sizes=model.sizes)
    )
    return {"mask": folder / "m.png", "model": folder / "o.safetensors"}


BAD: dict[str, tuple[Callable[[Path], dict[str, Any]], str]] = {
    "no mask": (lambda f: {}, "has no transparent pixels, and no mask is given"),
    "size": (
        lambda f: given(f, "mask", level(0, 9, 9)),
        "is 9 x 9, and the picture is 48 x 40; give a mask of the picture's size",
    ),
    "grey": (
        lambda f: given(f, "mask", level(120)),
        "is no mask: 100% of it is neither black nor white",
    ),
    "part": (lambda f: {"mask": "eyez"}, "no file, part or colour eyez; did you mean eyes"),
    "no face": (lambda f: {"mask": "eyes"}, "shows no face, so none of its parts"),
    "its task": (other_model, "is for restore"),
    "no JSON": (lambda f: given(f, "points", "{"), "w.json: is no JSON; give points as trombine"),
    "points' size": (
        lambda f: given(f, "points", '{"width": 9, "height": 9, "faces": []}'),
        "is of a picture of 9 x 9, and this one is 48 x 40",
    ),
    "label": (
        lambda f: given(f, "parts", level(40)),
        "has the label 40, and parts are 0 to 18",
    ),
    "over the mask": (lambda f: {"mask": f / "m.png", "output": f / "m.png"}, "would be written"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_refused_in_one_line(name: str, photo: Path, net: Path) -> None:
    """The file, what is wrong with it and what to do stand in one line; nothing is written."""
    options, words = BAD[name]
    asked: dict[str, Any] = {
        "model": net,
        "output": photo.parent / "b.png",
        **options(photo.parent),
    }
    before = set(photo.parent.iterdir())
    with pytest.raises(InputError) as caught:
        inpaint(photo, **asked)
    line = str(caught.value)
    assert words in line and "\n" not in line and len(line) < 400, line
    assert set(photo.parent.iterdir()) == before


def test_scratches_are_added_to_parts(photo: Path, net: Path, person: Painted) -> None:
    found = np.zeros((128, 128), bool)
    found[2:5, :9] = True
    with patch.object(inpainting, "hole_of_scratches", lambda *_, strong: Hole(mask=found)):
        both, eyes = (
            inpaint(person.pixels, mask=words, model=net, write_mask=True).outputs["mask"] > 0
            for words in ("eyes, scratches", "eyes")
        )
    assert np.array_equal(both, eyes | found) and both.sum() > eyes.sum() > 0
