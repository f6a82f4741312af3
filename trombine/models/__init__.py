"""Model files: one file is one model, which can be loaded and called.

    from trombine.models import load

    larger = load("upscale-fast-x2")(picture)

    card.py       what a model says of itself
    file.py       reading and writing
    tasks.py      what models do, and what goes in and out
    model.py      names and files to models, checked
    exporting.py  to ONNX, checked
    importing.py  from pickled checkpoints, without running what they say

The shipped models are in models/zoo/; how a model learns is in training/.
"""

from __future__ import annotations

from trombine.models.card import Card, Score
from trombine.models.model import Model, find, load, loaded, of_run, read_card, save, shipped
from trombine.models.tasks import TASKS, Task

__all__ = [
    "TASKS",
    "Card",
    "Model",
    "Score",
    "Task",
    "find",
    "load",
    "loaded",
    "of_run",
    "read_card",
    "save",
    "shipped",
]
