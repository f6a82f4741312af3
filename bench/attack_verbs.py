"""The verbs that write files, as attack.py kills them, and how what they work on is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from attack_targets import SETTINGS

_RUN_VARIES: Final = ("*clock.jsonl", "*index.html", "*.lock", "*film.mp4")


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A command that writes files, and what it needs."""

    command: str
    needs: tuple[str, ...] = ()
    before: str = ""  # a command that makes an older result, which is then replaced
    varies: tuple[str, ...] = ()  # files that hold times
    replaces: tuple[str, ...] = ()  # what is made anew at the end, and is not there meanwhile
    into: str = ""  # a folder of the output in which others may have files


_FACES: Final = "data world --count 6 --size 48 --workers 2"
_SMALL: Final = f"{SETTINGS} --pictures 24"

VERBS: Final[dict[str, Verb]] = {
    "upscale, png": Verb(
        command="upscale world --model upscale-fast-x2 --sheet -o out",
        needs=("world",),
        into="out",
    ),
    "upscale, bmp": Verb(
        command="upscale bitmaps --model upscale-fast-x2 -o out", needs=("bitmaps",), into="out"
    ),
    "upscale --overwrite": Verb(
        command="upscale bitmaps --model upscale-fast-x2 --sheet --overwrite -o out",
        needs=("bitmaps",),
        before="upscale bitmaps --model upscale-fast-x2 --sheet -x 3 -o out",
        into="out",
    ),
    "read": Verb(
        command="read world --write-parts --write-points --json -o out",
        needs=("world",),
        into="out",
    ),
    "data world": Verb(command=f"{_FACES} -o out", into="out"),
    "data world --pack": Verb(command=f"{_FACES} --pack -o out"),
    "data leaves": Verb(command="data leaves --count 12 --size 64 --workers 2 -o out", into="out"),
    "data leaves --pack": Verb(command="data leaves --count 12 --size 64 --pack -o out"),
    "data fractals": Verb(
        command="data fractals --count 8 --size 96 --workers 2 -o out", into="out"
    ),
    "data fractals --pack": Verb(
        command="data fractals --count 8 --size 96 --workers 2 --pack -o out"
    ),
    "data world --overwrite": Verb(
        command=f"{_FACES} --overwrite -o out",
        before="data world --count 6 --size 32 --workers 1 -o out",
        replaces=("out/metadata.jsonl",),  # its lines are not of the new pictures
        into="out",
    ),
    "data masks": Verb(command="data masks --count 12 --size 64 --workers 2 -o out", into="out"),
    "data prepare": Verb(
        command="data prepare world --size 64 --workers 2 -o out", needs=("world",)
    ),
    "data prepare --overwrite": Verb(
        command="data prepare world --size 64 --workers 2 --overwrite -o out",
        needs=("world",),
        before="data prepare world --size 32 --workers 1 -o out",
    ),
    "replay": Verb(
        command="replay world enlarged --inputs world -o out", needs=("world", "enlarged")
    ),
    "train": Verb(
        command=f"train upscale-fast-x2 {_SMALL} -o out", needs=("leaves",), varies=_RUN_VARIES
    ),
    "sweep": Verb(
        command=f"sweep upscale-fast-x2 --grid lr=1e-3,2e-3 {_SMALL} -o out",
        needs=("leaves",),
        varies=_RUN_VARIES,
    ),
    "models import": Verb(
        command="models import old.pth --net residual:width=4,depth=2,factor=2 --task upscale"
        " -o out/new.safetensors",
        needs=("old.pth",),
        into="out",
    ),
    "models export": Verb(
        command="models export model.safetensors --onnx -o out/new.onnx",
        needs=("model.safetensors",),
        into="out",
    ),
    "runs compare": Verb(
        command="runs compare runs/first runs/second -o out/two.html", needs=("runs",), into="out"
    ),
}


_TRAIN: Final = f"train upscale-fast-x2 {SETTINGS} --pictures 8"
_PICKLED: Final = """
import torch
from trombine.weights import load
torch.save(load("model.safetensors").net.state_dict(), "old.pth")
"""
_BITMAPS: Final = """
from pathlib import Path
from trombine.images import read, write
Path("bitmaps").mkdir()
for path in Path("world").glob("*.png"):
    write(Path("bitmaps", f"{path.stem}.bmp"), read(path))
"""
_LARGE: Final = """
from pathlib import Path
for path in sorted(Path("enlarged").iterdir()):  # names that no other picture has
    path.rename(path.with_name(f"large-{path.name}"))
"""
_MODEL: Final = "import shutil; shutil.copy('runs/first/best.safetensors', 'model.safetensors')"
# How what the verbs work on is made: what it is made from, commands, and a text for Python.
MADE: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], str]]] = {
    "world": ((), ("data world --count 4 --size 32 --workers 1 -o world",), ""),
    "leaves": ((), ("data leaves --count 12 --size 32 --workers 1 --pack -o leaves",), ""),
    "enlarged": (("world",), ("upscale world --model upscale-fast-x2 -o enlarged",), _LARGE),
    "bitmaps": (("world",), (), _BITMAPS),
    "runs": (("leaves",), (f"{_TRAIN} -o runs/first", f"{_TRAIN} --lr 1e-3 -o runs/second"), ""),
    "model.safetensors": (("runs",), (), _MODEL),
    "old.pth": (("model.safetensors",), (), _PICKLED),
}
