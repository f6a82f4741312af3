"""A new verb is a file and a line: it has a command, a function, resume, records and replay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trombine.images import read, read_provenance, write

VERB = '''
"""`darken`: pictures made darker."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from trombine.batch.making import Output, Making, Job, Target
from trombine.batch.requests import PicturesRequest
from trombine.events import Event
from trombine.requests import Number


@dataclass(frozen=True, kw_only=True)
class DarkenRequest(PicturesRequest):
    """Make pictures darker."""

    to: Annotated[float, Number(0, 1)] = 0.5
    """The share of the light that is kept."""


def make(job: Job) -> Output:
    import numpy as np  # not above: help pages load no libraries

    film, to = job.source.film, job.options["to"]
    everywhere = np.ones((film.frames[0].height, film.frames[0].width), bool)
    darker = [image.replace(image.rgb() * to, everywhere) for image in film.frames]
    return Output(contents={"": replace(film, frames=tuple(darker))})


def making() -> Making:
    return Making(verb="darken", holds={"picture": str, "to": float, "format": str}, make=make)


def run(request: DarkenRequest) -> Iterator[Event]:
    return making().run(request, Target(options={"to": request.to}))
'''
LINE = """
VERBS["darken"] = Verb(
    module="darken",
    request="DarkenRequest",
    summary="Make pictures darker.",
    examples=("trombine darken a.png -o b.png", "trombine darken a --to .2 -o b"),
    positional=("pictures",),
)
"""
METHOD = '''
"""The hole painted white."""

import torch


def white(pictures, *, hole):
    return torch.where(hole > 0.5, torch.ones_like(pictures), pictures)
'''
DEGRADATION = '''
"""Colours turned round."""

from trombine.data.degrade.terms import Amount, Degradation


def inverted(pictures, amounts, chance):
    share = pictures.new_tensor(amounts[0])[:, None, None, None]
    return pictures * (1 - share) + (1 - pictures) * share


INVERT = Degradation(
    about="colours turned round by a SHARE",
    amounts=(Amount(name="share", low=0, high=1),),
    apply=inverted,
)
'''
NET = '''
"""Holes painted with the mean of hints."""

import torch
from torch import nn

from trombine.nets.sizes import Net


class Hinted(Net):
    """One shade a picture, of what is kept, and of the points if there are any."""

    tasks = ("repair",)
    optional = ("points",)

    def __init__(self, *, inputs: int = 4) -> None:
        super().__init__()
        self.shade = nn.Parameter(torch.full((inputs - 1, 1, 1), 0.25))

    def forward(self, x, hole, points=None):
        extra = 0 if points is None else points.mean((1, 2)).view(-1, 1, 1, 1)
        return x * (1 - hole) + hole * (self.shade + extra)
'''
DATA = '''
"""Pictures of one shade."""

import numpy as np

from trombine.data.made import Kind, Sample, Side


def make(maker, seed):
    pixels = np.full((maker.size, maker.size, 3), seed % 256, np.uint8)
    return Sample(seed=seed, sides=(Side(style=None, pixels=pixels),))


SHADES = Kind(one="shade", plural="shades", make=make, in_specs=True)
'''
# Each file, and the line that puts it into its table.
OTHERS = {
    "methods/white.py": (
        METHOD,
        "methods/repair.py",
        "from trombine.methods.white import white; BASELINES['white'] = white",
    ),
    "data/degrade/invert.py": (
        DEGRADATION,
        "data/degrade/terms.py",
        "from trombine.data.degrade.invert import INVERT; KINDS['invert'] = INVERT",
    ),
    "nets/hinted.py": (
        NET,
        "nets/__init__.py",
        "from trombine.nets.hinted import Hinted; NETS['hinted'] = Hinted",
    ),
    "data/shades.py": (
        DATA,
        "data/made.py",
        "from trombine.data.shades import SHADES; KINDS['shades'] = SHADES",
    ),
}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs Python with the package and the verb, in a folder with three pictures."""
    home = tmp_path_factory.mktemp("verb")
    leave = shutil.ignore_patterns("__pycache__", "*.safetensors")
    shutil.copytree(root / "trombine", home / "trombine", ignore=leave)
    (home / "trombine" / "verbs" / "darken.py").write_text(VERB.lstrip())
    with (home / "trombine" / "commands.py").open("a") as table:
        table.write(LINE)
    for file, (text, place, line) in OTHERS.items():
        (home / "trombine" / file).write_text(text.lstrip())
        with (home / "trombine" / place).open("a") as table:
            table.write(line + "\n")
    for name in ("a.png", "b.png", "c.bmp"):
        grey = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) + ord(name[0])
        write(home / "in" / name, grey)

    def python(*words: str) -> subprocess.CompletedProcess[str]:
        here = os.environ | {"PYTHONPATH": str(home), "COLUMNS": "80"}
        return subprocess.run(
            [sys.executable, *words],
            cwd=home,
            env=here,
            capture_output=True,
            text=True,
            timeout=300,
        )

    vars(python)["home"] = home
    return python


def home_of(run: Run) -> Path:
    return vars(run)["home"]


def command(run: Run, words: str) -> tuple[int, str, str]:
    done = run("-m", "trombine", *words.split())
    return done.returncode, done.stdout, done.stderr


def test_it_is_as_short_as_promised() -> None:
    assert len([line for line in VERB.splitlines() if line.strip()]) <= 40


def test_its_help(run: Run) -> None:
    code, text, _ = command(run, "darken --help")
    assert code == 0 and "The share of the light that is kept: 0 to 1." in " ".join(
        text.replace("│", " ").split()
    )
    assert "trombine darken a --to .2 -o b" in text
    assert "Make pictures darker." in command(run, "--help")[1]


def test_its_help_loads_no_library(run: Run) -> None:
    imports = run("-X", "importtime", "-m", "trombine", "darken", "--help").stderr
    modules = {line.rpartition("|")[2].strip() for line in imports.splitlines()}
    assert "trombine.batch.making" in modules  # which the verb imports
    assert not modules & {"numpy", "torch", "PIL"}


def test_every_mode_keeps_what_is_no_colour(run: Run) -> None:
    from PIL import Image

    home = home_of(run)
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8) * 3
    folder = home / "modes"
    folder.mkdir()
    Image.fromarray(np.dstack([grey, grey, grey, 255 - grey])).save(folder / "alpha.png")
    Image.fromarray(grey).convert("P").save(folder / "palette.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "deep.png")
    assert command(run, "darken modes -o kept")[0] == 0
    for name, mode in (("alpha", "RGBA"), ("palette", "P"), ("deep", "I;16")):
        with Image.open(home / "kept" / f"{name}.png") as result:
            assert result.mode == mode
            pixels = np.asarray(result.convert("RGBA") if mode == "P" else result)
        if mode == "RGBA":
            assert np.array_equal(pixels[..., 3], 255 - grey)
            assert np.abs(pixels[..., 0] - grey / 2.0)[grey < 255].max() <= 0.5


def test_a_folder_is_done_once_and_what_is_missing_again(run: Run) -> None:
    home = home_of(run)
    code, text, errors = command(run, "darken in -o out")
    assert (code, text) == (0, "3 pictures written\n")
    assert [line.rpartition(", ")[0] for line in errors.splitlines()] == [
        f"trombine: out/{name}: 4 x 4" for name in ("a.png", "b.png", "c.bmp")
    ]
    before, after = read(home / "in" / "a.png").samples, read(home / "out" / "a.png").samples
    assert np.abs(after - before * 0.5).max() <= 0.5
    (home / "out" / "b.png").unlink()
    kept = "2 kept that were there (--overwrite makes them again)"
    assert command(run, "darken in -o out")[:2] == (0, f"1 picture written, {kept}\n")


def test_what_was_made_otherwise_is_kept(run: Run) -> None:
    home = home_of(run)
    command(run, "darken in/a.png -o other.png")
    before = (home / "other.png").read_bytes()
    code, _, errors = command(run, "darken in/a.png --to .2 -o other.png")
    assert code == 2 and "was made otherwise (to 0.5, not 0.2)" in errors
    assert (home / "other.png").read_bytes() == before
    assert command(run, "darken in/a.png --to .2 --overwrite -o other.png")[0] == 0


def test_its_exit_codes(run: Run) -> None:
    home = home_of(run)
    (home / "bad.png").write_bytes(b"no picture")
    assert command(run, "darken bad.png in/a.png -o mixed")[0] == 1
    assert command(run, "darken bad.png -o x.png")[0] == 2
    code, _, errors = command(run, "darken in/a.png --to 3 -o x.png")
    assert (code, errors) == (2, "trombine: --to is a number, 0 to 1, not 3.0\n")


def test_its_record_and_replay(run: Run) -> None:
    home = home_of(run)
    command(run, "darken in --to .25 -o dark")
    record = read_provenance(home / "dark" / "a.png") or {}
    assert record["options"] == {"picture": "a.png", "to": 0.25, "format": "PNG"}
    assert command(run, "replay dark --inputs in -o again")[0] == 0
    for path in (home / "dark").iterdir():
        assert path.read_bytes() == (home / "again" / path.name).read_bytes()


def test_it_is_a_function(run: Run) -> None:
    code = "import trombine; print(trombine.darken(pictures='in', output='f', to=1).summary)"
    assert run("-c", code).stdout == "3 pictures written\n"
    assert (
        "to: The share of the light" in run("-c", "import trombine; help(trombine.darken)").stdout
    )


def test_it_is_served_over_http(run: Run) -> None:
    """The studio takes its fields, with their limits, from the request alone."""
    code = """
from trombine.studio.fields import schema, served
entry = schema(served()["darken"])["properties"]["to"]
print(entry["type"], entry["minimum"], entry["maximum"], entry["default"])
"""
    assert run("-c", code).stdout == "number 0 1 0.5\n"


def test_a_method_is_a_file_and_a_line(run: Run) -> None:
    code = """
import torch
from trombine.methods import methods
picture, hole = torch.zeros(1, 3, 2, 2), torch.eye(2)[None, None]
print(*methods("repair"))
print(methods("repair", "white")["white"](picture, hole=hole)[0, 0].tolist())
"""
    names, made = run("-c", code).stdout.splitlines()
    assert "white" in names.split() and made == "[[1.0, 0.0], [0.0, 1.0]]"


def test_a_degradation_is_a_file_and_a_line(run: Run) -> None:
    code = """
import torch
from trombine.data.degrade import Chain, degrade_one
chain = Chain.parse("invert:0.2+shrink:2")
print(chain, round(degrade_one(torch.zeros(3, 4, 4), chain, 7).mean().item(), 4))
"""
    assert run("-c", code).stdout == "invert:0.2+shrink:2 0.2\n"
    wrong = "from trombine.data.degrade import Chain; Chain.parse('invert:2')"
    assert "share of invert" in run("-c", wrong).stderr


def test_a_net_is_a_file_and_a_line(run: Run) -> None:
    """It is trained, saved and loaded, and its optional input has a name."""
    words = "train repairer --net hinted --data shades#32 --size 16 --pictures 64 --batch 4"
    small = "--faces 2 --judged 4 --ssim 0 --threads 1 --no-board -o shade"
    code, _, errors = command(run, f"{words} {small}")
    assert code == 0 and "64 of 64 pictures" in errors
    code = """
import torch
from trombine.weights import load
model = load("shade/best.safetensors")
picture, hole = torch.zeros(1, 3, 2, 2), torch.eye(2)[None, None]
plain = model(picture, hole=hole)
hinted = model(picture, hole=hole, points=torch.full((1, 68, 2), 0.25))
print((hinted - plain)[0, 0].tolist(), plain[0, 0, 0, 1].item())
model(picture, hole=hole, parts=hole)
"""
    done = run("-c", code)
    assert done.stdout == "[[0.25, 0.0], [0.0, 0.25]] 0.0\n"
    assert "takes no parts; it takes picture, hole, points" in done.stderr


def test_a_data_kind_is_a_file_and_a_line(run: Run) -> None:
    code = """
import numpy as np
from trombine.data.source import prepare, source
for _ in prepare("shades#300*0.5+leaves#4", 16):
    pass
mix = source("shades#300*0.5+leaves#4", 16)
print(len(mix), mix.batch(np.array([7])).pixels.unique().tolist())
"""
    done = run("-c", code)
    assert done.stdout == "304 [7]\n", done.stderr
