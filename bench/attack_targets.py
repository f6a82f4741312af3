"""What attack.py attacks: the kinds of files that trombine writes and reads, and who reads them.

Every kind has its commands: those of trombine, as one types them, and a few calls (a word with an
@) where only a function reads the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from trombine.data.filling import JOURNAL
from trombine.data.pack import Pack
from trombine.data.source import source
from trombine.draws import Chance

SETTINGS: Final = (
    "--data pack:leaves --size 32 --batch 4 --width 4 --depth 2 --log-every 4 --sample-every 8"
    " --measure-every 8 --save-every 8 --faces 2 --judged 4 --warmup 0 --threads 1"
    " --precision float32 --no-board"
)
TRAIN: Final = f"train upscale-fast-x2 {SETTINGS} --pictures 16 -o runs/small"
LONGER: Final = f"train upscale-fast-x2 {SETTINGS} --pictures 24 --change -o runs/small"
BEGUN_WITH: Final = (
    f"train upscale-fast-x2 {SETTINGS} --start runs/small/best.safetensors --pictures 4 -o new"
)
SWEEP: Final = f"sweep upscale-fast-x2 --grid lr=1e-3,2e-3 {SETTINGS} --pictures 8 -o runs/many"
WORLD: Final = "data world --count 6 --size 32 --workers 1 -o world"
PAIRS: Final = "data world --count 4 --size 16 --style photo+anime --workers 1 --pack -o pairs"
LEAVES: Final = "data leaves --count 12 --size 32 --workers 1 --pack -o leaves"
FRACTALS: Final = "data fractals --count 3 --size 32 --workers 1 -o fractals"
MASKS: Final = "data masks --count 4 --size 32 --workers 1 -o masks"
PREPARE: Final = "data prepare world --size 32 --workers 1 -o prepared"
LISTED: Final = "data prepare listed --size 16 --workers 1 -o of-listed"
CELEBA: Final = "data prepare celeba --size 16 --workers 1 -o of-celeba"
READ: Final = "read world/000000.png --write-parts --write-points --json -o seen"
FEW: Final = f"{SETTINGS} --pictures 4 -o new".replace("pack:leaves", "{}")
_FACES: Final = (
    "--size 32 --batch 4 --width 4 --faces 2 --judged 4 --warmup 0 --threads 1 --precision float32"
    " --no-board --pictures 4 -o new"
)
POSE: Final = f"train pose --data pack:prepared {_FACES}"
READER: Final = f"train reader --data pack:prepared --other pack:leaves {_FACES}"
PICTURES: Final = ("up.png", "up.jpg", "up.tif", "up.webp", "up.gif", "up.bmp")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Files of one kind, and the commands that read them."""

    kind: str
    files: tuple[str, ...]  # patterns, in the folder of the material; of words the text itself
    format: str  # as distort.py knows it, or "words"
    needs: tuple[str, ...]  # what of the material the commands need beside
    commands: tuple[str, ...]


RUN_VERBS: Final = (
    "runs list runs",
    "runs show runs/small",
    "runs compare runs/small runs/other -o two.html",
    TRAIN,
    LONGER,
)
MODEL_VERBS: Final = (
    "models show {}",
    "models show {} --json",
    "upscale world/000000.png --model {} -o new.png",
    "models import {} --net residual:width=4,depth=2,factor=2 --task upscale -o new.safetensors",
)
RUN: Final = ("runs/small", "runs/other", "leaves")

TARGETS: Final = (
    Target(
        kind="run: recipe.json",
        files=("runs/small/recipe.json",),
        format="json",
        needs=RUN,
        commands=RUN_VERBS,
    ),
    Target(
        kind="run: log.jsonl",
        files=("runs/small/log.jsonl",),
        format="lines",
        needs=RUN,
        commands=RUN_VERBS,
    ),
    Target(
        kind="run: clock.jsonl",
        files=("runs/small/clock.jsonl",),
        format="lines",
        needs=RUN,
        commands=RUN_VERBS,
    ),
    Target(
        kind="run: checkpoints",
        files=("runs/small/checkpoints/*.safetensors",),
        format="tensors",
        needs=(*RUN, "world"),
        commands=(TRAIN, LONGER, *MODEL_VERBS, "runs show runs/small"),
    ),
    Target(
        kind="run: best.safetensors",
        files=("runs/small/best.safetensors",),
        format="tensors",
        needs=(*RUN, "world"),
        commands=(*MODEL_VERBS, TRAIN, BEGUN_WITH),
    ),
    Target(
        kind="model: card and weights",
        files=("model.safetensors",),
        format="tensors",
        needs=("world",),
        commands=MODEL_VERBS,
    ),
    Target(
        kind="run: samples",
        files=("runs/small/samples/*.png",),
        format="bytes",
        needs=RUN,
        commands=("runs show runs/small", "runs compare runs/small runs/other -o two.html", LONGER),
    ),
    Target(
        kind="sweep: recipe.json",
        files=("runs/many/*/recipe.json",),
        format="json",
        needs=("runs/many", "leaves"),
        commands=(SWEEP, "runs list runs", "runs show runs/many"),
    ),
    Target(
        kind="sweep: log.jsonl",
        files=("runs/many/*/log.jsonl", "runs/many/*/clock.jsonl"),
        format="lines",
        needs=("runs/many", "leaves"),
        commands=(SWEEP, "runs list runs", "runs show runs/many"),
    ),
    Target(
        kind="pack: index.json",
        files=("prepared/index.json", "pairs/index.json", "leaves/index.json"),
        format="json",
        needs=("prepared", "pairs", "leaves", "world"),
        commands=(
            "@items pack:prepared 32",
            "@items pack:pairs 16",
            "@verify leaves",
            PREPARE,
            PAIRS,
            f"train upscale-fast-x2 {FEW.format('pack:leaves')}",
        ),
    ),
    Target(
        kind="pack: columns",
        files=("prepared/*.npy", "pairs/*.npy"),
        format="array",
        needs=("prepared", "pairs", "world", "leaves"),
        commands=(
            "@items pack:prepared 32",
            "@items pack:pairs 16",
            "@verify prepared",
            "@verify pairs",
            f"train upscale-fast-x2 {FEW.format('pack:prepared')}",
            POSE,
            READER,
        ),
    ),
    Target(
        kind="pack: names",
        files=("prepared/names.jsonl",),
        format="lines",
        needs=("prepared", "world"),
        commands=("@items pack:prepared 32", "@verify prepared", PREPARE),
    ),
    Target(
        kind="pack: begun.json",
        files=("pairs.part/begun.json",),
        format="lines",
        needs=("pairs.part",),
        commands=(PAIRS, "@items pack:pairs 16"),
    ),
    Target(
        kind="folder: metadata.jsonl",
        files=("world/metadata.jsonl",),
        format="lines",
        needs=("world",),
        commands=(
            WORLD,
            PREPARE,
            "@items folder:world 32",
            f"train upscale-fast-x2 {FEW.format('folder:world')}",
            POSE.replace("pack:prepared", "folder:world"),
        ),
    ),
    Target(
        kind="folder: journal",
        files=(f"half/{JOURNAL}",),
        format="lines",
        needs=("half",),
        commands=(WORLD.replace("-o world", "-o half"), "@items folder:half 32"),
    ),
    Target(
        kind="fractals: metadata.jsonl",
        files=("fractals/metadata.jsonl",),
        format="lines",
        needs=("fractals",),
        commands=(FRACTALS, "@items folder:fractals 32"),
    ),
    Target(
        kind="fractals: card and notebook",
        files=("fractals/README.md", "fractals/starter.ipynb"),
        format="bytes",
        needs=("fractals",),
        commands=(FRACTALS,),
    ),
    Target(
        kind="masks: metadata.jsonl",
        files=("masks/metadata.jsonl",),
        format="lines",
        needs=("masks",),
        commands=(MASKS, "data masks --count 2 --size 32 --workers 1 --family files:masks -o of"),
    ),
    Target(
        kind="masks: files",
        files=("masks/*.png",),
        format="bytes",
        needs=("masks",),
        commands=(MASKS, "data masks --count 2 --size 32 --workers 1 --family files:masks -o of"),
    ),
    Target(
        kind="record: in an enlarged picture",
        files=PICTURES[:-1],
        format="record",
        needs=("world",),
        commands=(
            "replay {} --inputs world -o again",
            "upscale world/000000.png --model upscale-fast-x2 -o {}",
            "read {}",
        ),
    ),
    Target(
        kind="record: beside a BMP",
        files=("up.bmp.json",),
        format="json",
        needs=("world", "up.bmp"),
        commands=(
            "replay up.bmp --inputs world -o again",
            "upscale world/000000.png --model upscale-fast-x2 -o up.bmp",
        ),
    ),
    Target(
        kind="record: in painted pictures",
        files=("world/000001.png", "fractals/000001.png", "masks/000001.png"),
        format="record",
        needs=("world", "fractals", "masks"),
        commands=("replay {} --inputs world -o again", WORLD, FRACTALS, MASKS),
    ),
    Target(
        kind="record: in sheets and parts",
        files=("seen/000000.png", "seen/000000.parts.png"),
        format="record",
        needs=("world", "seen"),
        commands=("replay {} --inputs world -o again", READ),
    ),
    Target(
        kind="read: landmarks and fields",
        files=("seen/000000.points.json", "seen/000000.json"),
        format="json",
        needs=("world", "seen"),
        commands=(READ, "replay {} --inputs world -o again"),
    ),
    Target(
        kind="read: parts",
        files=("seen/000000.parts.png", "world/parts/000001.png"),
        format="bytes",
        needs=("world", "seen"),
        commands=(READ, PREPARE, "@items folder:world 32"),
    ),
    Target(
        kind="lists: train, val, test",
        files=("listed/train.txt", "listed/val.txt", "listed/test.txt"),
        format="list",
        needs=("listed",),
        commands=(LISTED, "@items folder:listed 16"),
    ),
    Target(
        kind="lists: CelebA",
        files=("celeba/*.txt",),
        format="list",
        needs=("celeba",),
        commands=(CELEBA, "@items celeba:celeba 16"),
    ),
    Target(
        kind="words: masks",
        files=("irregular:30-40*0.7+squares:20*0.3+parts:eyes", "huge+text*2", "half:left"),
        format="words",
        needs=(),
        commands=("data masks --count 1 --size 16 --workers 1 -o new --family {}",),
    ),
    Target(
        kind="words: data",
        files=("pack:leaves*0.5+folder:world@train*0.5", 'pack:"leaves"#4', "world:photo+anime#2"),
        format="words",
        needs=("leaves", "world"),
        commands=("train upscale-fast-x2 --dry-run --size 32 --batch 4 --data {}",),
    ),
    Target(
        kind="words: settings",
        files=("mirror+crop:60", "residual:width=4,depth=2,factor=2", "1e-3", "cosine", "0.9"),
        format="words",
        needs=("leaves",),
        commands=tuple(
            f"train upscale-fast-x2 --dry-run --data pack:leaves --{name} {{}}"
            for name in ("augment", "nets", "lr", "schedule", "pictures", "freeze", "degrade")
        ),
    ),
)


def call(words: list[str]) -> int:
    """Read as functions do: @items SPEC SIZE, or @verify PACK."""
    if words[0] == "@verify":
        Pack(Path(words[1])).verify()
        return 0
    opened = source(words[1], int(words[2]))
    for index in range(min(len(opened), 4)):
        opened.item(index)
        opened.name(index)
    opened.batch(np.arange(min(len(opened), 4), dtype=np.int64))
    opened.draw(Chance(seed=0, places=np.arange(4, dtype=np.int64)))
    return 0


def target_of(index: int) -> Target:
    """The kind of a mutant of this number: all kinds in turn."""
    return TARGETS[index % len(TARGETS)]


def chance_of(first_seed: int, index: int) -> np.random.Generator:
    """What a mutant of this number is drawn from."""
    return Chance(seed=first_seed, places=np.array([index])).generator("attack")
