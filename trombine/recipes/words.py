"""Settings by the words of other programs, and what says the same here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

NAMES: Final = {
    "learning_rate": "lr",
    "batch_size": "batch",
    "bs": "batch",
    "image_size": "size",
    "img_size": "size",
    "imgsz": "size",
    "resolution": "size",
    "optimizer": "optimiser",
    "scheduler": "schedule",
    "lr_scheduler": "schedule",
    "momentum": "beta1",
    "wd": "weight_decay",
    "grad_clip": "clip",
    "clip_grad": "clip",
    "max_grad_norm": "clip",
    "gradient_accumulation_steps": "accumulate",
    "grad_accum": "accumulate",
    "random_seed": "seed",
    "gpus": "devices",
    "num_gpus": "devices",
    "dtype": "precision",
    "amp": "precision",
    "fp16": "precision",
    "bf16": "precision",
    "mixed_precision": "precision",
    "dataset": "data",
    "data_dir": "data",
    "pretrained": "start",
    "checkpoint": "start",
    "weights": "start",
    "output_dir": "output",
    "log_interval": "log_every",
    "log_steps": "log_every",
    "eval_every": "measure_every",
    "eval_steps": "measure_every",
    "val_every": "measure_every",
    "save_steps": "save_every",
    "save_interval": "save_every",
    "checkpoint_every": "save_every",
    "license": "licence",
}
_EPOCHS: Final = {"epochs", "epoch", "num_epochs", "max_epochs", "n_epochs"}
_STEPS: Final = {
    "steps",
    "iterations",
    "iters",
    "max_steps",
    "num_steps",
    "max_iters",
    "total_steps",
}
AGAIN: Final = {"resume", "resume_from", "resume_from_checkpoint", "continue"}


def right_word(name: str, settings: Mapping[str, Any]) -> str:
    """The setting of trombine that says what this word of other programs says, beside these
    settings; "" of any other word."""
    known = name.lower().replace("-", "_")
    if known in NAMES:
        return f"it is --{NAMES[known].replace('_', '-')} here"
    if known in _EPOCHS:
        return f"training counts pictures: --pictures N; {_epoch(settings['data'])}"
    if known in _STEPS:
        return f"training counts pictures: --pictures N; a step is {settings['batch']} (--batch)"
    return "the same command again goes on where it was" if known in AGAIN else ""


def _epoch(data: str) -> str:
    """How many pictures an epoch is, where the spec alone tells it."""
    from trombine.data.spec import parse

    terms = parse(data)
    if any(term.path and not term.count for term in terms):
        return f"an epoch of {data} is as many as it has"
    count = sum(len(term.seeds) for term in terms)
    return f"an epoch of {data} is {count}"
