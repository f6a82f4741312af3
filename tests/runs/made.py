"""Runs as training leaves them, made up: curves of the right shapes, faces that grow sharper.

Loaded by the tests beside it, in tests/verbs and in tests/browser.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from new_runs import new_run
from PIL import Image

from trombine.runs.folder import Entry, RunFolder
from trombine.world import face, paint

SIZE = 32  # of a face; 64 to look at
SHOWN = 5  # samples after the first; 30 to look at
SEEN = "9f2c51d08a3e"  # a protocol


def upscale(
    path: Path, *, lines: int = 200, pictures: int = 200_000, lr: float = 1e-3, seed: int = 0
) -> RunFolder:
    """An enlarger's run that is finished: one phase, a measure, input and truth."""
    settings = {
        "about": "enlarges faces twice",
        "task": "upscale",
        "nets": {"net": "residual:width=32,depth=8,factor=2,channels=3"},
        "data": "world:1-8000/photo",
        "size": SIZE,
        "pictures": pictures,
        "batch": 16,
        "lr": lr,
        "seed": seed,
        "best": "PSNR",
    }
    folder = new_run(path, recipe("upscale-x2", settings, path))
    chance = np.random.default_rng(seed)
    for step in range(1, lines + 1):
        at = step / lines
        folder.append(train(round(at * pictures), restoring(at, lr, chance)))
        if step % max(1, lines // 20) == 0:
            folder.append(measured(round(at * pictures), at, chance, best=at < 0.9))
    folder.append({"kind": "end", "pictures": pictures})
    samples(folder, [pictures * i // SHOWN for i in range(SHOWN + 1)], restore=True)
    clock(folder, pictures, kills=1)
    return folder


def adversarial(path: Path, *, lines: int = 200, pictures: int = 120_000) -> RunFolder:
    """A generator's run that an alarm stopped: two phases, D's outputs, no truth."""
    settings = {
        "about": "Invent anime faces of 64 px.",
        "task": "generate",
        "nets": {"generator": "dcgan_generator:latent=64", "discriminator": "dcgan_discriminator"},
        "data": "world:1-20000/anime",
        "pictures": 2 * pictures,
        "critic": "logistic",
        "best": "distance",
    }
    folder = new_run(path, recipe("generate", settings, path))
    chance = np.random.default_rng(3)
    folder.append(phase(0, "discriminator", "began", "it comes first"))
    folder.append(phase(5_000, "discriminator", "ended", "5,000 pictures are seen"))
    folder.append(phase(5_000, "generator", "began", "the phase before has ended"))
    for step in range(1, lines + 1):
        at = step / lines
        folder.append(train(round(at * pictures), playing(at, chance)))
        if step == lines // 2:
            text = "its loss is 1% of that of one that cannot tell"
            folder.append(alarm(pictures // 2, "discriminator has won", text, "warned"))
    text = "the fixed samples differ by 0.004 of what the data differ by, under 0.02 for 3 times"
    folder.append(alarm(pictures, "collapse", text, "stopped"))
    samples(folder, [pictures * i // SHOWN for i in range(SHOWN + 1)], restore=False)
    clock(folder, pictures, kills=2)
    return folder


def recipe(name: str, settings: dict[str, Any], path: Path) -> dict[str, Any]:
    return {
        "recipe": name,
        "settings": settings,
        "resolved": {"precision": "bf16", "layout": "channels_last", "threads": 1, "device": "cpu"},
        "data": {"pictures": 8000, "hash": "5d1f0c2277aa"},
        "version": "0.1.0",
        "commit": "f87c318",
        "command": f"trombine train {name} -o runs/{path.name}",
    }


# Lines of the log


def train(pictures: int, values: dict[str, float]) -> Entry:
    return {"kind": "train", "pictures": pictures, "values": values}


def phase(pictures: int, name: str, what: str, why: str) -> Entry:
    return {"kind": "phase", "pictures": pictures, "phase": name, "what": what, "why": why}


def alarm(pictures: int, name: str, text: str, did: str) -> Entry:
    return {"kind": "alarm", "pictures": pictures, "alarm": name, "text": text, "did": did}


def measured(pictures: int, at: float, chance: np.random.Generator, *, best: bool) -> Entry:
    values = {
        "PSNR": 26.5 + 4.5 * (1 - math.exp(-4 * at)) - max(0.0, at - 0.88) * 2,
        "SSIM": 0.82 + 0.1 * (1 - math.exp(-5 * at)) + 0.001 * chance.standard_normal(),
    }
    line = {"kind": "measure", "pictures": pictures, "values": values, "protocol": SEEN}
    return {**line, "best": best}


def restoring(at: float, lr: float, chance: np.random.Generator) -> dict[str, float]:
    noise = math.exp(0.15 * chance.standard_normal())
    loss = (0.012 + 0.2 * math.exp(-25 * at)) * noise
    return {
        "net/l1": loss,
        "net/ssim": 0.4 * loss * math.exp(0.1 * chance.standard_normal()),
        "net/total": 1.4 * loss,
        "net/gradient": 0.3 * noise + 2 * math.exp(-30 * at),
        "rate": lr * (1 + math.cos(math.pi * at)) / 2,
    }


def playing(at: float, chance: np.random.Generator) -> dict[str, float]:
    gap, wobble = 1 + 2.5 * at, 0.2 * chance.standard_normal()
    values = {
        "discriminator/real": math.log1p(math.exp(-gap + wobble)),
        "discriminator/fake": math.log1p(math.exp(-gap - wobble)),
        "discriminator/r1": 0.02 * math.exp(wobble),
        "generator/critic": math.log1p(math.exp(gap + wobble)),
        "discriminator/gradient": 2 + wobble,
        "generator/gradient": 1.2 + 0.5 * wobble,
        "curve/diversity": 0.4 * (1 - at**6),
        "rate": 2e-4,
        "weight/r1": min(1.0, 3 * at) * 10,
    }
    values["discriminator/total"] = sum(values[f"discriminator/{t}"] for t in ("real", "fake"))
    for kind, sign in (("real", 1), ("fake", -1)):
        values[f"curve/D({kind}) mean"] = sign * gap + wobble
        values[f"curve/D({kind}) std"] = 1 + 0.3 * wobble
        values[f"curve/D({kind}) coefficient of variation"] = (1 + 0.3 * wobble) / gap
    return values


# Samples and the clock


@cache
def faces(style: str = "photo", first: int = 0) -> np.ndarray:
    """Sixteen faces in rows of four."""
    painted = [paint(face(seed), SIZE, style).pixels for seed in range(first, first + 16)]
    rows = [np.concatenate(painted[i : i + 4], axis=1) for i in range(0, 16, 4)]
    return np.concatenate(rows, axis=0)


def blurred(pixels: np.ndarray, times: float) -> np.ndarray:
    """The picture as if it were so many times smaller."""
    height, width = pixels.shape[:2]
    small = (max(1, round(width / times)), max(1, round(height / times)))
    picture = Image.fromarray(pixels).resize(small, Image.Resampling.BOX)
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))


def samples(folder: RunFolder, numbers: list[int], *, restore: bool) -> None:
    truth = faces("photo" if restore else "anime")
    if restore:
        folder.write_fixed("input", blurred(truth, 4))
        folder.write_fixed("truth", truth)
    for number in numbers:
        at = number / numbers[-1]
        grey = np.round(128 + (truth.astype(np.float64) - 128) * min(1, 0.2 + 1.5 * at))
        folder.write_sample(number, blurred(grey.astype(np.uint8), 1 + 7 * (1 - at) ** 3))


def clock(folder: RunFolder, pictures: int, *, kills: int) -> None:
    """Ticks of processes, all but the last of them killed: they left no last line."""
    share = pictures // (kills + 1)
    for process in range(kills + 1):
        for tick in range(4):
            event = ("started" if process == 0 else "resumed") if tick == 0 else "tick"
            folder.clock(
                {
                    "event": "ended" if (process, tick) == (kills, 3) else event,
                    "pictures": process * share + tick * share // 3,
                    "seconds": 200.0 * tick,
                    "cpu": 390.0 * tick,
                    "gpu": 0.0,
                    "processes": 1,
                    "when": f"2030-05-0{process + 1}T12:{tick:02d}:00+00:00",
                }
            )
