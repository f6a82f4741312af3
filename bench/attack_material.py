"""Sound files of every kind that trombine writes and reads itself, made by its own commands."""

from __future__ import annotations

import io
import shlex
import shutil
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

from attack_targets import (
    FRACTALS,
    LEAVES,
    MASKS,
    PAIRS,
    PICTURES,
    PREPARE,
    READ,
    SWEEP,
    TRAIN,
    WORLD,
)

from trombine.__main__ import main
from trombine.data.filling import JOURNAL
from trombine.data.imagefolder import METADATA
from trombine.data.made import Maker
from trombine.data.packing import write_pack


def make_material(folder: Path) -> None:
    """Write sound files of all kinds into `folder`, which is the folder that one is in."""
    for command in (
        WORLD,
        PAIRS,
        LEAVES,
        FRACTALS,
        MASKS,
        PREPARE,
        *(f"upscale world/000000.png --model upscale-fast-x2 -o {name}" for name in PICTURES),
        READ,
        TRAIN,
        SWEEP,
    ):
        _run(command)
    shutil.copytree(folder / "runs" / "small", folder / "runs" / "other")
    shutil.copy(folder / "runs" / "small" / "best.safetensors", folder / "model.safetensors")
    _begin_pack(folder)
    shutil.copytree(folder / "world", folder / "half")
    (folder / "half" / METADATA).rename(folder / "half" / JOURNAL)
    _list_pictures(folder)


def _run(command: str) -> None:
    """A command that must succeed, in silence."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as errors:
        code = main(shlex.split(command))
    if code:
        raise SystemExit(f"trombine {command}: {errors.getvalue()}")


def _begin_pack(folder: Path) -> None:
    """The same pairs as a pack that was stopped after two rows."""
    maker = Maker(kind="world", styles=("photo", "anime"), size=16)
    aside = folder / "aside" / "pairs"
    with closing(write_pack(aside, maker, first_seed=0, count=4, workers=1)) as events:
        for event in events:
            if getattr(event, "done", 0) == 2:
                break
    aside.with_name("pairs.part").rename(folder / "pairs.part")
    shutil.rmtree(aside.parent)


def _list_pictures(folder: Path) -> None:
    """Folders with lists of names: plain ones, and CelebA's."""
    names = [f"{number:06d}.png" for number in range(3)]
    for place in ("listed", "celeba/img_align_celeba"):
        (folder / place).mkdir(parents=True)
        for name in names:
            shutil.copy(folder / "world" / name, folder / place / name)
    for word, name in zip(("train", "val", "test"), names, strict=True):
        (folder / "listed" / f"{word}.txt").write_text(f"{name}\n")
    tables = {
        "list_attr_celeba": ["3", "Smiling Young", *(f"{name} 1 -1" for name in names)],
        "list_eval_partition": [f"{name} {number}" for number, name in enumerate(names)],
        "identity_CelebA": [f"{name} 7" for name in names],
    }
    for name, lines in tables.items():
        (folder / "celeba" / f"{name}.txt").write_text("\n".join(lines) + "\n")
