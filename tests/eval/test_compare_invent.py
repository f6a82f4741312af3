"""Methods that invent faces, compared as sets: what they are given, who is refused, who is best."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trombine.commands.compare import judge_compare
from trombine.core.conventions import to_pixels
from trombine.core.errors import InputError
from trombine.eval.compare import REFERENCES, by_set, method_of, outcome, text_of
from trombine.eval.methods import methods
from trombine.eval.protocol_files import Case, ProtocolFile, cases, load, shipped
from trombine.models import Card, save
from trombine.nets import build

# Seeds that no protocol and no training has: whatever is measured of them is in no log.
INVENT = """
version = 1
task = "invent"
pictures = "world:photo"
seeds = { first = 2_000_100, count = 60 }
size = 32
measures = ["Fréchet", "KID", "precision", "recall", "density", "coverage", "accuracy"]
"""
FLOOR = "Gaussian of pixels"
# A program whose files have names of its own, in another order and in another format.
TOOL = """
import pathlib, sys
from trombine.core.conventions import to_pixels
from trombine.io.image import save_picture
from trombine.eval.methods import methods
target, seeds, size = pathlib.Path(sys.argv[1]), sys.argv[2].split("-"), int(sys.argv[3])
(method,) = methods("invent", "Gaussian of pixels").values()
seeds = range(int(seeds[0]), int(seeds[1]) + 1)
for seed in seeds:
    picture = method([seed], style="photo", size=size)[0]
    save_picture(target / f"face-{seeds.stop - seed}.bmp", to_pixels(picture))
"""
FLAT = """
import pathlib, sys
from PIL import Image
for number in range(int(sys.argv[2])):
    Image.new("RGB", (int(sys.argv[3]), 32)).save(pathlib.Path(sys.argv[1]) / f"{number}.png")
"""


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


def invented(name: str, file: ProtocolFile) -> list[np.ndarray]:
    (work,) = methods("invent", name).values()
    return [to_pixels(each) for each in work(list(file.seeds), style="photo", size=file.size)]


def done(folder: Path, *names: str, **options: Any) -> Any:
    """What the verb says."""
    protocol(folder)
    return judge_compare(folder / "faces.toml", names, **options)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with a page in it, and the report of a comparison."""
    folder = tmp_path_factory.mktemp("compared")
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


def test_text_and_page_show_sets(compared: tuple[Path, dict[str, Any]]) -> None:
    """Both have a line a method; the page has 12 pictures of each method and of the real ones."""
    folder, report = compared
    lines = text_of(report).splitlines()
    starts = (
        "random real picture (ceiling) ",
        "1  Gaussian of pixels (floor) ",
        "2  blurred faces ",
    )
    for line, start in zip(lines[1:4], starts, strict=True):
        assert line.strip().startswith(start)
    page = (folder / "page.html").read_text()
    assert page.count("<img") == 4 * 12
    assert "Gaussian of pixels (floor)" in page


def test_a_command_equals_the_baseline(
    tmp_path: Path,
    file: ProtocolFile,
    every: tuple[Case, ...],
    compared: tuple[Path, dict[str, Any]],
) -> None:
    """A program that is given a folder, the seeds and the size has the figures of the same method
    here, whatever its files are called."""
    tool = tmp_path / "tool.py"
    tool.write_text(TOOL)
    text = f"{sys.executable} {tool} {{output}} {{seeds}} {{size}}"
    by_tool = outcome(method_of(text, file), file, every)
    (floor,) = (one for one in compared[1]["methods"] if one["method"] == FLOOR)
    for name, figure in by_tool.figures.items():
        assert figure.value == floor["measures"][name]["value"]
    for one, other in zip(sorted(map(bytes, by_tool.results)),
                          sorted(map(bytes, invented(FLOOR, file))), strict=True):  # fmt: skip
        assert one == other  # a seed has its picture whatever is beside it


@pytest.mark.parametrize(
    ("words", "message"),
    [("59 32", "wrote 59 pictures of 60"), ("60 33", "made 000000 33 x 32, where 32 x 32 is want")],
)
def test_another_count_or_size_is_refused(
    tmp_path: Path, file: ProtocolFile, every: tuple[Case, ...], words: str, message: str
) -> None:
    """One line says what is wrong."""
    tool = tmp_path / "flat.py"
    tool.write_text(FLAT)
    method = method_of(f"{sys.executable} {tool} {{output}} {words}", file)
    with pytest.raises(InputError, match=message) as error:
        outcome(method, file, every)
    assert "\n" not in str(error.value)


def test_the_real_pictures_themselves_are_refused(
    file: ProtocolFile, every: tuple[Case, ...]
) -> None:
    """Who paints the protocol's own seeds has invented nothing."""
    results = [*REFERENCES["random real picture"](file, every)[:59], to_pixels(every[7].truth)]
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
    assert pictures.shape == (60, 3, 32, 32)
    alone = work([file.seeds[5]], style="photo", size=32)[0]
    assert torch.allclose(pictures[5], alone, atol=1.5 / 255)
    assert not torch.equal(pictures[5], pictures[6])
    save(path, build("dcgan_generator", sizes), Card(data="world:photo#2000200", **card))
    with pytest.raises(InputError, match="has learnt from seeds 2000100 to 2000159 of faces"):
        method_of(str(path), file)


def test_measures_of_sets_are_not_of_pictures(tmp_path: Path) -> None:
    """A repair has no Fréchet distance."""
    text = INVENT.replace('"invent"', '"repair"\nmasks = ["irregular:10-20"]')
    with pytest.raises(InputError, match=re.escape("measures of sets (Fréchet, KID")):
        protocol(tmp_path, text)


def test_the_other_protocols_have_their_hashes() -> None:
    """A new task changes none of them; the real faces beside its own are of no protocol."""
    hashes = {name: load(name).protocol.hash for name in shipped()}
    assert hashes.pop("invent-64") == "2827923c455a"
    assert hashes.pop("invent-96") == "31a83ae54a66"
    assert hashes.pop("invent-96-photo") == "4eb541c08cf6"
    assert hashes == HASHES
    seeds = load("invent-64").seeds
    others = {seed for name in HASHES for seed in load(name).seeds}
    assert not others & set(range(seeds.start, seeds.stop + len(seeds)))


HASHES = {
    "portraits-repair": "ca428804c5d7",
    "portraits-x2": "8798f40d8db8",
    "portraits-x4": "45c8ad9adce2",
    "repair-128": "a9f2103788fe",
    "repair-64": "cccd18dd6cf1",
    "restyle-photo-anime": "82a5df5d7342",
    "sharpen-photos": "9f7e618e09c3",
    "sharpen-x2": "6b374be6394c",
    "sharpen-x4": "0ae3d2222b09",
    "sharpen-x8": "5c0d4945b361",
}
