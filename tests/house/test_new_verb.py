"""A new verb, degradation or kind of data is a file and a line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trombine.io.image import load_picture, read_record, save_picture

GUIDE = Path(__file__).parents[2] / "docs" / "architecture.md"
VERB = GUIDE.read_text().partition("```text\nfrom typing")[2].partition("```")[0]
VERB = f'"""`darken`: pictures made darker."""\n\nfrom typing{VERB}'
LINE = 'PICTURES["darken"] = ("trombine.commands.darken:darken", "Make pictures darker.")'
DEGRADATION = '''
"""Colours turned round."""

from trombine.data.degrade import Amount, Degradation


def inverted(pictures, share):
    share = pictures.new_tensor(share)[:, None, None, None]
    return pictures * (1 - share) + (1 - pictures) * share


INVERT = Degradation(
    example="0.5-1",
    about="colours turned round by a SHARE",
    amounts=(Amount(name="share", low=0, high=1),),
    apply=inverted,
)
'''
DATA = '''
"""Pictures of one shade."""

import numpy as np

from trombine.data.painting import Kind, Sample


def make(maker, seed):
    pixels = np.full((maker.size, maker.size, 3), seed % 256, np.uint8)
    return Sample(row={"pictures": pixels})


SHADES = Kind(make=make, in_specs=True)
'''
# Each file, and the line that puts it into its table.
OTHERS = {
    "data/invert.py": (
        DEGRADATION,
        "data/degrade.py",
        "from trombine.data.invert import INVERT; KINDS['invert'] = INVERT",
    ),
    "data/shades.py": (
        DATA,
        "data/painting.py",
        "from trombine.data.shades import SHADES; KINDS['shades'] = SHADES",
    ),
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
    (home / "trombine" / "commands" / "darken.py").write_text(VERB.lstrip())
    table = home / "trombine" / "commands" / "__init__.py"
    table.write_text(table.read_text().replace("\nOTHERS", f"\n{LINE}\nOTHERS", 1))
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


def test_a_verb_is_a_function_a_command_and_a_form(home: Path) -> None:
    words = ["-m", "trombine", "darken", "in", "--to", ".25", "-o", "dark"]
    text = python(home, "-m", "trombine", "darken", "--help")
    assert "The share of the light that is kept." in " ".join(text.replace("│", "").split())
    assert "darken" in python(home, "-m", "trombine", "--help")
    assert "3 pictures written" in python(home, *words)
    before = load_picture(home / "in" / "a.png").samples
    assert (load_picture(home / "dark" / "a.png").samples == (before * 0.25).astype("uint8")).all()
    record = read_record(home / "dark" / "a.png") or {}
    assert (record["function"], record["options"]) == ("darken", {"to": 0.25})
    (home / "dark" / "b.png").unlink()
    assert "1 picture written, 2 skipped that were there" in python(home, *words)
    said = python(home, *["-m", "trombine", "replay", "dark", "--inputs", "in"])
    assert said.count("the same pixels") == 3
    wrong = python(home, *["-m", "trombine", "darken", "in/a.png", "--to", "3", "-o", "x.png"])
    assert "for --to. Input should be less than or equal to 1;" in wrong
    code = "import trombine; print(trombine.darken('in', output='f', to=1).summary)"
    assert python(home, "-c", code) == "3 pictures written\n"
    code = "from trombine.studio.api import schema; print(schema('darken')['properties']['to'])"
    assert "'maximum': 1" in python(home, "-c", code)


def test_a_degradation_and_a_kind_of_data_are_a_file_and_a_line(home: Path) -> None:
    code = """
import numpy as np, torch
from trombine.data.degrade import Chain, degrade_one
from trombine.data.source import prepare, source
chain = Chain.parse("invert:0.2+shrink:2")
print(chain, round(degrade_one(torch.zeros(3, 4, 4), chain, 7).mean().item(), 4))
prepare("shades#300", 16)
shades = source("shades#300", 16)
print(len(shades), shades.batch(np.array([7])).pixels.unique().tolist())
"""
    assert python(home, "-c", code) == "invert:0.2+shrink:2 0.2\n300 [7]\n"
