"""A new verb, degradation or kind of data is a file and a line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trombine.io.image import read_record, save_picture

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


# Each file, and the line that puts it into its table.
OTHERS = {
    "data/degrade/invert.py": (
        DEGRADATION,
        "data/degrade/terms.py",
        "from trombine.data.degrade.invert import INVERT; KINDS['invert'] = INVERT",
    ),
    "data/shades.py": (
        DATA,
        "data/made.py",
        "from trombine.data.shades import SHADES; KINDS['shades'] = SHADES",
    ),
    "verbs/darken.py": (VERB, "commands.py", LINE),
}


@pytest.fixture(scope="module")
def home(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, what is new in it, and three pictures."""
    home = tmp_path_factory.mktemp("verb")
    leave = shutil.ignore_patterns("__pycache__", "*.safetensors")
    shutil.copytree(root / "trombine", home / "trombine", ignore=leave)
    for file, (text, place, line) in OTHERS.items():
        (home / "trombine" / file).write_text(text.lstrip())
        with (home / "trombine" / place).open("a") as table:
            table.write(line + "\n")
    for name in ("a.png", "b.png", "c.tif"):
        grey = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) + ord(name[0])
        save_picture(home / "in" / name, grey)
    return home


def python(home: Path, *words: str) -> str:
    """What Python prints, and complains of."""
    here = os.environ | {"PYTHONPATH": str(home), "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, *words], cwd=home, env=here, capture_output=True, text=True, timeout=300
    )
    return done.stdout + done.stderr


def test_a_verb_is_a_command_that_is_made_again_and_a_function(home: Path) -> None:
    words = ["-m", "trombine", "darken", "in", "--to", ".25", "-o", "dark"]
    text = python(home, "-m", "trombine", "darken", "--help")
    assert "The share of the light that is kept: 0 to 1." in " ".join(text.replace("│", "").split())
    assert "3 pictures written" in python(home, *words)
    record = read_record(home / "dark" / "a.png") or {}
    assert record["options"] == {"picture": "a.png", "to": 0.25, "format": "PNG"}
    (home / "dark" / "b.png").unlink()
    said = python(home, *words)
    assert "1 picture written, 2 kept" in said
    python(home, *["-m", "trombine", "replay", "dark", "--inputs", "in", "-o", "again"])
    for path in (home / "dark").iterdir():
        assert path.read_bytes() == (home / "again" / path.name).read_bytes()
    wrong = python(home, *["-m", "trombine", "darken", "in/a.png", "--to", "3", "-o", "x.png"])
    assert wrong == "trombine: --to is a number, 0 to 1, not 3.0\n"
    code = "import trombine; print(trombine.darken(pictures='in', output='f', to=1).summary)"
    assert python(home, "-c", code) == "3 pictures written\n"


def test_a_degradation_and_a_kind_of_data_are_a_file_and_a_line(home: Path) -> None:
    code = """
import numpy as np, torch
from trombine.data.degrade import Chain, degrade_one
from trombine.data.source import prepare, source
chain = Chain.parse("invert:0.2+shrink:2")
print(chain, round(degrade_one(torch.zeros(3, 4, 4), chain, 7).mean().item(), 4))
for _ in prepare("shades#300", 16):
    pass
shades = source("shades#300", 16)
print(len(shades), shades.batch(np.array([7])).pixels.unique().tolist())
"""
    assert python(home, "-c", code) == "invert:0.2+shrink:2 0.2\n300 [7]\n"
