"""A method of methods/ over a folder of pictures, in a process of its own, as a command is run;
one that invents, over seeds.

    python -m trombine.judge.compare_child '{"task": "upscale", "method": "bicubic", ...}'

It works on one picture after the other on one thread, so that its bytes do not depend on how many
cores there are. The last line that it prints is the seconds that the method itself took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

from trombine.conventions import to_picture, to_pixels
from trombine.io.image import as_seen, load_picture, save_picture
from trombine.methods import Run, methods
from trombine.refusal import InputError


def run(job: dict[str, Any]) -> float:
    """Write what the method makes of each picture; the seconds that it took without files."""
    (method,) = methods(job["task"], job["method"]).values()
    if job["task"] == "invent":
        return _invent(method, job)
    options = {name: job[name] for name in ("factor", "style", "source") if job.get(name)}
    seconds = 0.0
    for path in sorted(Path(job["input"]).iterdir()):
        picture = to_picture(as_seen(load_picture(path)))[None]
        if job.get("masks"):
            mask = to_picture(as_seen(load_picture(Path(job["masks"]) / path.name)))[:1]
            options["hole"] = (mask > 0.5).float()[None]
        start = time.perf_counter()
        with torch.inference_mode():
            result = method(picture, **options)[0]
        seconds += time.perf_counter() - start
        save_picture(Path(job["output"]) / path.name, to_pixels(result))
    return seconds


def _invent(method: Run, job: dict[str, Any]) -> float:
    """Write a picture a seed."""
    options = {name: job[name] for name in ("style", "size", "crop") if name in job}
    seconds = 0.0
    for number, seed in enumerate(range(*job["seeds"])):
        start = time.perf_counter()
        with torch.inference_mode():
            result = method([seed], **options)[0]
        seconds += time.perf_counter() - start
        save_picture(Path(job["output"]) / f"{number:06d}.png", to_pixels(result))
    return seconds


if __name__ == "__main__":
    torch.set_num_threads(1)
    try:
        print(run(json.loads(sys.argv[1])))
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
