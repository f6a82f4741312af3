"""Methods that invent faces, compared as sets: what they are given, who is refused, who is best."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trombine.commands.compare import judge_compare
from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError
from trombine.eval.compare import REFERENCES, by_set, method_of, of_function, outcome
from trombine.eval.methods import invent, methods
from trombine.eval.protocol_files import Case, ProtocolFile, cases, load
from trombine.models import Card, save
from trombine.nets import build

# Seeds that no protocol and no training has: whatever is measured of them is in no log.
INVENT = """
version = 1
task = "invent"
pictures = "world:photo"
seeds = { first = 2_000_100, count = 50 }
size = 32
measures = ["Fréchet", "KID", "precision", "recall", "density", "coverage", "accuracy"]
"""
FLOOR = "Gaussian of pixels"
# A program whose files have names of its own, in another order and in another format.
TOOL = """
import pathlib, sys
import numpy as np
from PIL import Image
target, seeds, size = pathlib.Path(sys.argv[1]), sys.argv[2].split("-"), int(sys.argv[3])
for seed in range(int(seeds[0]), int(seeds[1]) + 1):
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
    Image.fromarray(pixels).save(target / f"face-{3_000_000 - seed}.bmp")
"""


def noise(seeds: list[int], *, size: int, **_: Any) -> torch.Tensor:
    """What the program makes."""
    rngs = (np.random.default_rng(seed) for seed in seeds)
    pixels = (rng.integers(0, 256, (size, size, 3), np.uint8) for rng in rngs)
    return torch.stack([to_picture(each) for each in pixels])


def protocol(folder: Path, text: str = INVENT) -> ProtocolFile:
    (folder / "faces.toml").write_text(text)
    return load(str(folder / "faces.toml"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ProtocolFile:
    return protocol(tmp_path_factory.mktemp("protocol"))


@pytest.fixture(scope="module")
def every(file: ProtocolFile) -> tuple[Case, ...]:
    """The real faces; what the witness reads of them stays with them."""
    return tuple(cases(file, None))


def done(folder: Path, *names: str, **options: Any) -> Any:
    """What the verb says."""
    protocol(folder)
    return judge_compare(folder / "faces.toml", names, **options)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with a page in it, and the report of a comparison."""
    folder = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(invent, "LEARNT_FROM", invent.TRAINING[:60])
        end = done(folder, "blurred faces", FLOOR, json=True, output=folder / "page.html")
    return folder, json.loads(end.summary)


def test_real_faces_are_better_than_a_gaussian(compared: tuple[Path, dict[str, Any]]) -> None:
    """Real faces of other seeds lead; limits have no rank unless they are named, and nothing is
    paired."""
    _, report = compared
    entries = {entry["method"]: entry for entry in report["methods"]}
    assert report["methods"][0]["method"] == "random real picture"
    limits = [(entries[n]["limit"], entries[n]["rank"]) for n in ("random real picture", FLOOR)]
    assert limits == [("ceiling", None), ("floor", 1)]
    assert entries["blurred faces"]["rank"] == 2
    best, floor = (entries[name]["measures"] for name in ("random real picture", FLOOR))
    assert best["Fréchet"]["value"] < 0.7 * floor["Fréchet"]["value"]
    assert best["recall"]["value"] > 0.8 > floor["recall"]["value"]
    assert best["accuracy"]["p"] > 0.05 > floor["accuracy"]["p"]
    assert not any("difference" in figure for figure in floor.values())
    assert list(floor) == report["protocol"]["conditions"]["measures"]
    assert report["protocol"]["witness"] is not None and "pictures" not in report


def test_a_command_equals_the_function(
    tmp_path: Path, file: ProtocolFile, every: tuple[Case, ...]
) -> None:
    """A program that is given a folder, the seeds and the size has the figures of the same method
    here, whatever its files are called."""
    tool = tmp_path / "tool.py"
    tool.write_text(TOOL)
    text = f"{sys.executable} {tool} {{output}} {{seeds}} {{size}}"
    by_tool = outcome(method_of(text, file), file, every)
    ours = outcome(of_function("noise", noise), file, every)
    assert by_tool.figures == ours.figures


def test_the_real_pictures_themselves_are_refused(
    file: ProtocolFile, every: tuple[Case, ...]
) -> None:
    """Who paints the protocol's own seeds has invented nothing."""
    results = [*REFERENCES["random real picture"](file, every)[:49], to_pixels(every[7].truth)]
    with pytest.raises(InputError, match="shows 1 of the real pictures"):
        by_set(file, every, results)


def test_a_generator_is_a_method(tmp_path: Path, file: ProtocolFile) -> None:
    """A model's file invents a picture a seed, the same whatever is beside it; one that has learnt
    from the protocol's faces is refused."""
    sizes: dict[str, Any] = {"latent": 4, "width": 4, "size": 32, "norm": "batch"}
    path = tmp_path / "gan.safetensors"
    card: dict[str, Any] = {"task": "generate", "net": "dcgan_generator", "sizes": sizes}
    save(path, build("dcgan_generator", sizes), Card(data="world:photo#500", **card))
    method = method_of(str(path), file)
    assert (method.kind, method.notes) == ("net", ())
    (work,) = methods("invent", str(path)).values()
    pictures = work(list(file.seeds), style="photo", size=32)
    assert pictures.shape == (50, 3, 32, 32)
    alone = work([file.seeds[5]], style="photo", size=32)[0]
    assert torch.allclose(pictures[5], alone, atol=1.5 / 255)
    assert not torch.equal(pictures[5], pictures[6])
    save(path, build("dcgan_generator", sizes), Card(data="world:photo#2000200", **card))
    with pytest.raises(InputError, match="has learnt from seeds 2000100 to 2000149 of faces"):
        method_of(str(path), file)
