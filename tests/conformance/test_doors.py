"""A picture in a file and one in memory take one way: each option gives the same, or is refused."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import trombine
from trombine.core.calls import Files, options_of
from trombine.core.errors import InputError
from trombine.io.batch import ENDINGS
from trombine.world import face, paint

SIDE = 96
# What no file and no picture in memory has in common, or every verb takes.
OF_FILES = {**asdict(Files()), "output": Path("b.png"), "recursive": True, "overwrite": True}
OF_FILES |= {"suffix": "x", "format": "webp", "quality": 40, "strip": True, "cluster": "auto"}
# A value of each option that is not the default; {} is the folder of files.
VALUES: dict[str, dict[str, Any]] = {
    "upscale": {
        "scale": 3,
        "size": "150x150",
        "model": "upscale-fast",
        "sharpness": 0.5,
        "grain": True,
        "strength": "{}/mask.png",
        "tta": True,
        "sheet": True,
        "truth": "{}/truth.png",
        "report": True,
        "hole": "black:{}/mask.png",
        "tile": 32,
        "threads": 1,
        "precision": "float32",
    },
    "inpaint": {
        "mask": "scratches",
        "grow": 3,
        "attributes": "long hair",
        "model": "inpaint-diffusion",
        "num_samples": 2,
        "seed": 5,
        "sheet": True,
        "parts": "{}/a.parts.png",
        "points": "{}/a.points.json",
        "write_parts": True,
        "write_points": True,
        "write_mask": True,
    },
    "restyle": {
        "to": "sketch",
        "attributes": "glasses",
        "clothes": True,
        "full_image": True,
        "strength": 0.5,
        "keep_colours": True,
        "gif": True,
        "mosaic": True,
        "from_": "photo",
        "character": "{}/c.json",
        "write_character": True,
        "model": "restyle",
    },
    "portrait": {
        "to": "sketch",
        "size": 64,
        "attributes": "glasses",
        "mosaic": True,
        "from_": "photo",
        "character": "{}/c.json",
        "write_character": True,
    },
    "imitate": {
        "style_image": "{}/truth.png",
        "strength": 0.5,
        "keep_colours": True,
        "gif": True,
        "mosaic": True,
    },
    "read": {
        "write_parts": True,
        "write_points": True,
        "write_cutout": True,
        "json": True,
        "faces": "largest",
        "traits": True,
        "enlarge": True,
        "model": "reader",
    },
}
USUAL: dict[str, dict[str, Any]] = {
    "upscale": {"scale": 2},
    "inpaint": {"mask": "{}/mask.png"},
    "restyle": {"to": "anime"},
    "portrait": {"to": "anime", "size": 48},
    "imitate": {"style_image": "{}/style.png"},
    "read": {"write_parts": True, "write_points": True},
}
# What goes with an option; the usual options that it takes the place of; what is refused by both.
ALONG: dict[tuple[str, str], dict[str, Any]] = {
    ("upscale", "size"): {"scale": None},
    ("upscale", "truth"): {"sheet": True},
    ("upscale", "grain"): {"model": "upscale-wild", "scale": 1},
    ("inpaint", "attributes"): {"mask": "hair"},
    ("inpaint", "num_samples"): {"model": "inpaint-diffusion"},
    ("inpaint", "seed"): {"model": "inpaint-diffusion"},
}
# What changes how something is computed, or what this picture does not show.
CHANGES_NOTHING = {"tile", "threads", "precision", "traits", "faces", "enlarge", "from_", "clothes"}
CHANGES_NOTHING |= {"model of read", "write_parts of read", "write_points of read"}
CHANGES_NOTHING |= {"attributes of inpaint"}  # the face is too small: see inpainting/test_hair.py
TITLED = ("sheet", "report", "mosaic")  # by the name of the file, in their first rows
TITLE = 64
REFUSED: dict[tuple[str, str], dict[str, Any]] = {
    ("upscale", "sharpness"): {"model": "upscale-fast"},
    ("upscale", "truth"): {"scale": 3},
    ("upscale", "hole"): {"hole": "{}/small.png"},
    ("upscale", "strength"): {"strength": "{}/small.png"},
    ("inpaint", "mask"): {"mask": "{}/none.png"},
    ("inpaint", "parts"): {"parts": "{}/truth.png"},
    ("inpaint", "points"): {"points": "{}/c.json"},
    ("restyle", "clothes"): {"model": "restyle", "clothes": True},
    ("restyle", "to"): {"to": "photo"},
    ("portrait", "character"): {"character": "{}/a.points.json"},
    ("imitate", "style_image"): {"style_image": "{}/c.json"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of a face, and what may be given with it."""
    folder = tmp_path_factory.mktemp("doors")
    picture = paint(face(2_000_041), SIDE, "photo").pixels.copy()
    picture[10:80, 20:22] = 240
    Image.fromarray(picture).save(folder / "a.png")
    large = paint(face(2_000_041), 2 * SIDE, "photo").pixels
    Image.fromarray(large).save(folder / "truth.png")
    Image.fromarray(paint(face(7), 64, "sketch").pixels).save(folder / "style.png")
    hole = np.full((SIDE, SIDE), 255, np.uint8)
    Image.fromarray(hole[:9, :9]).save(folder / "small.png")
    hole[40:52, 30:66] = 0
    Image.fromarray(hole).save(folder / "mask.png")
    trombine.read(folder / "a.png", output=folder / "a", write_parts=True, write_points=True)
    for name in ("a.parts.png", "a.points.json"):
        (folder / "a" / name).rename(folder / name)
    person = {"character": {name: float(v) for name, v in vars(face(9)).items()}}
    (folder / "c.json").write_text(json.dumps(person))
    return folder


def filled(options: dict[str, Any], folder: Path) -> dict[str, Any]:
    texts = {n: v.format(folder) if isinstance(v, str) else v for n, v in options.items()}
    return {name: value for name, value in texts.items() if value is not None}


def in_files(verb: str, options: dict[str, Any], source: Path, place: Path) -> dict[str, Any]:
    """The outputs of a call on a file, by name."""
    target = place / ("out" if verb == "read" else "b.png")
    result = getattr(trombine, verb)(source, output=target, **options)
    found = {}
    for path in result.written:
        ending = path.name[path.name.index(".") :]
        name = next((n for n, e in ENDINGS.items() if e and e == ending), "picture")
        found[name] = contents(path)
    return found


def contents(path: Path) -> Any:
    if path.suffix == ".json":
        return kept(json.loads(path.read_bytes()))
    if path.suffix == ".gif":
        return None  # of 256 colours
    return np.asarray(Image.open(path))


def kept(content: dict[str, Any]) -> Any:
    """What JSON holds, but for the names of files."""
    bare = {name: value for name, value in content.items() if name not in ("record", "picture")}
    return json.loads(json.dumps(bare))


def in_memory(verb: str, options: dict[str, Any], source: Path) -> dict[str, Any]:
    result = getattr(trombine, verb)(np.asarray(Image.open(source)), **options)
    outputs = getattr(result, "outputs", None)
    outputs = outputs if isinstance(outputs, dict) and outputs else {"picture": result}
    return {n: kept(v) if isinstance(v, dict) else v for n, v in outputs.items() if n in ENDINGS}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and np.array_equal(one, other)
    return one is None or one == other


@pytest.mark.parametrize(
    ("verb", "option"), [(verb, option) for verb, values in VALUES.items() for option in values]
)
def test_a_file_and_an_array_give_the_same(
    verb: str, option: str, folder: Path, tmp_path: Path
) -> None:
    more = {option: VALUES[verb][option], **ALONG.get((verb, option), {})}
    options = filled({**USUAL[verb], **more}, folder)
    files = in_files(verb, options, folder / "a.png", tmp_path / "with")
    if verb == "read":  # the picture of what was read is for files alone
        files.pop("picture")
    memory = in_memory(verb, options, folder / "a.png")
    assert files.keys() == memory.keys()
    for name, content in files.items():
        if name in TITLED:
            assert content.shape == memory[name].shape
            content, memory[name] = content[TITLE:], memory[name][TITLE:]
        assert same(content, memory[name]), name
    if option not in CHANGES_NOTHING and f"{option} of {verb}" not in CHANGES_NOTHING:
        before = filled({**USUAL[verb], **ALONG.get((verb, option), {})}, folder)
        before.pop(option, None) if option not in USUAL[verb] else None
        plain = in_memory(verb, before, folder / "a.png")
        is_changed = plain.keys() != memory.keys() or not all(
            same(plain[name], memory[name]) for name in plain
        )
        assert is_changed, "it is ignored"


def test_every_option_is_tried() -> None:
    for verb, values in VALUES.items():
        options = set(options_of(getattr(trombine, verb))) - {"pictures", "progress"}
        assert options - OF_FILES.keys() == values.keys(), verb


@pytest.mark.parametrize(
    ("verb", "option"),
    [(v, o) for v in VALUES for o in OF_FILES if o in options_of(getattr(trombine, v))],
)
def test_what_is_of_files_is_refused_of_an_array(verb: str, option: str, folder: Path) -> None:
    function: Callable[..., Any] = getattr(trombine, verb)
    options = filled({**USUAL[verb], option: OF_FILES[option]}, folder)
    if option == "device":
        function(np.asarray(Image.open(folder / "a.png")), **options)
        return
    with pytest.raises(InputError, match=f"^{option} is for pictures in files; leave it out"):
        function(np.asarray(Image.open(folder / "a.png")), **options)


@pytest.mark.parametrize(("verb", "option"), REFUSED)
def test_what_is_wrong_is_refused_by_both(
    verb: str, option: str, folder: Path, tmp_path: Path
) -> None:
    options = filled({**USUAL[verb], option: VALUES[verb][option], **REFUSED[verb, option]}, folder)
    said = []
    for source, more in (
        (folder / "a.png", {"output": tmp_path / "b.png"}),
        (np.asarray(Image.open(folder / "a.png")), {}),
    ):
        with pytest.raises(InputError) as refused:
            getattr(trombine, verb)(source, **options, **more)
        said.append(refused.value.why)
    assert said[0].removeprefix("the image ") == said[1].removeprefix("the image ")
    assert not list(tmp_path.iterdir())


def test_an_option_that_there_is_not_is_refused(folder: Path) -> None:
    """Also of those that a verb takes as `**files`."""
    for verb in VALUES:
        assert inspect.signature(getattr(trombine, verb)).parameters["files"]
        with pytest.raises(InputError, match=f"{verb} has no option bogus"):
            getattr(trombine, verb)(folder / "a.png", **filled(USUAL[verb], folder), bogus=1)
