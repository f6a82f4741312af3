"""Kill trainings at many instants, resume them, and compare every byte with one left alone.

For each family of objectives a tiny run is trained to its end. Then the same run is trained again
and killed (SIGKILL) again and again: at instants spread evenly over the points that its steps
pass, and inside the writing of checkpoints. Whatever the instants, checkpoints, best models, log
and samples must end with the same bytes.

    python bench/resume.py --kills 50
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from table import Row, at_least, at_most, report

from trombine import files
from trombine.recipes import find, with_settings
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.training import loop, steps, writer
from trombine.training.loop import Order, train

KILLS_IN_A_RUN: Final = 5
SMALL: Final = {
    "data": "leaves#48",
    "size": "16",
    "batch": "4",
    "pictures": "96",
    "log_every": "8",
    "sample_every": "24",
    "measure_every": "24",
    "save_every": "12",
    "faces": "4",
    "judged": "8",
    "width": "4",
    "ema": "20",
    "warmup": "0",
    "threads": "1",
}
FAMILIES: Final = {
    "restore": ("upscale-fast-x2", {"size": "32", "depth": "2", "precision": "float32"}),
    "sharpen": (
        "sharpener-x2",
        {
            "size": "32",
            "depth": "2",
            "levels": "2",
            "alone": "24",
            "critic_alone": "12",
            "ramp": "40",
            "r1": "1",
            "penalty_every": "3",
            "pool": "0.5",
        },
    ),
    "adversarial": ("dcgan", {"pool": "0.5", "latent": "8"}),
    "denoise": ("flow", {"levels": "2", "steps": "3"}),
    "restyle": (
        "restyle",
        {
            "data": "world:photo+anime#48",
            "size": "32",
            "latent": "6",
            "blocks": "1",
            "details": "4",
            "levels": "1",
            "finish": "2",
            "perceptual": "0",
            "soft": "48",
        },
    ),
    "regress": ("pose", {"data": "world:photo#48", "size": "32"}),
    "read": (
        "reader",
        {"data": "world:photo#48", "other": "leaves#48", "real": "leaves#48", "size": "32"},
    ),
}
# Where a process can be killed inside the writing of a checkpoint.
WRITING: Final = ("nothing written", "half written", "written, not renamed", "renamed, not pruned")


@dataclass(frozen=True, order=True)
class Fuse:
    """When a process kills itself: in this step, or inside the writing of this checkpoint."""

    pictures: int  # seen before the step, or when the checkpoint is due
    point: int = 0  # of the step, from 0; if the step has fewer, at the next step's first
    stage: str = ""  # of WRITING


@dataclass
class Passed:
    """Where in a run a process is."""

    pictures: int = -1
    point: int = 0
    points: int = 0  # of all steps


def main() -> int:
    """Kill and resume; 1 unless every run ended with the same bytes."""
    parser = argparse.ArgumentParser(description="Kill trainings and resume them.")
    parser.add_argument("--kills", type=int, default=50, help="of each family")
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for family in arguments.families:
        with tempfile.TemporaryDirectory() as folder:
            rows += examine(family, arguments.kills, Path(folder))
    return report(rows, json=arguments.json)


def examine(family: str, kills: int, folder: Path) -> Iterator[Row]:
    """Kill one family's run `kills` times, several times in each run."""
    whole = folder / "whole"
    points = in_a_child(family, whole, None)
    assert points is not None
    wanted = contents(whole)
    fuses = planned(kills, points)
    count = -(-kills // KILLS_IN_A_RUN)
    killed = inside = different = 0
    for number in range(count):
        place = folder / str(number)
        for fuse in sorted(fuses[number::count]):
            if in_a_child(family, place, fuse) is None:
                killed += 1
                inside += bool(fuse.stage)
        in_a_child(family, place, None)
        different += contents(place) != wanted
        shutil.rmtree(place)
    yield at_least(f"{family}: kills", killed, "kills", kills)
    yield at_least(f"{family}: of them inside a checkpoint's writing", inside, "kills", kills // 5)
    yield at_most(f"{family}: runs with other bytes, of {count}", different, "runs", 0)


def planned(kills: int, points: int) -> list[Fuse]:
    """The fuses of one family: one in four inside a checkpoint's writing, the others in steps.

    Both kinds are spread evenly over the run.
    """
    batch, pictures, every = (int(SMALL[name]) for name in ("batch", "pictures", "save_every"))
    steps_of_run, writings = pictures // batch, pictures // every
    in_steps, in_writings = kills - kills // 4, kills // 4
    a_step = max(1, points // steps_of_run)
    fuses = [
        Fuse(number * steps_of_run // in_steps * batch, number % a_step)
        for number in range(in_steps)
    ]
    for number in range(in_writings):
        due = (1 + number * writings // in_writings) * every
        fuses.append(Fuse(due, stage=WRITING[number % len(WRITING)]))
    return fuses


def in_a_child(family: str, place: Path, fuse: Fuse | None) -> int | None:
    """Train in a process of its own; returns how many points its steps passed.

    None: it was killed. Anything else that ends it is an error.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        code = 1
        try:
            os.write(writer, str(watched(family, place, fuse)).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    if status:
        raise SystemExit(f"{family}: a run ended with status {status}")
    return int(said)


def watched(family: str, place: Path, fuse: Fuse | None) -> int:
    """Train to the end or to the kill, counting the points passed."""
    passed = Passed()
    with mined(passed, fuse):
        for _ in train(order(family, place)):
            pass
    return passed.points


def order(family: str, place: Path) -> Order:
    """The tiny run of a family."""
    name, settings = FAMILIES[family]
    recipe = with_settings(find(name), only_known(name, {**SMALL, **settings}))
    return Order(name=name, recipe=recipe, folder=place, board=False, command="bench/resume.py")


def only_known(name: str, settings: dict[str, str]) -> dict[str, str]:
    """The settings that a recipe has: not every net has a width."""
    sizes = {size for net in find(name).nets.values() for size in net.sizes}
    fields = set(find(name).plain())
    return {key: value for key, value in settings.items() if key in fields | sizes}


@contextmanager
def mined(passed: Passed, fuse: Fuse | None) -> Iterator[None]:
    """Let the points of a run count, and kill where the fuse says."""
    places: list[tuple[Any, str]] = [
        (steps, "_run_phase"),
        (steps, "update_averages"),
        (RunFolder, "append"),
        (RunFolder, "write_sample"),
        (writer, "save"),
        (loop, "parts_of"),
    ]
    before = [getattr(owner, name) for owner, name in places]
    write = checkpoints.write_bytes

    def point() -> None:
        if fuse and not fuse.stage:
            here = (passed.pictures, passed.point) >= (fuse.pictures, fuse.point)
            if here:
                os.kill(os.getpid(), signal.SIGKILL)
        passed.point += 1
        passed.points += 1

    def mine(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def mined_work(*given: Any, **named: Any) -> Any:
            if name == "parts_of":  # a step begins; its second argument is the state
                passed.pictures, passed.point = given[1].pictures, 0
            point()
            found = work(*given, **named)
            point()
            return found

        return mined_work

    def written(path: Path, data: bytes) -> None:
        if fuse and fuse.stage and int(path.stem) >= fuse.pictures:
            die_writing(path, data, fuse.stage)
        write(path, data)

    for (owner, name), work in zip(places, before, strict=True):
        setattr(owner, name, mine(name, work))
    checkpoints.write_bytes = written
    try:
        yield
    finally:
        for (owner, name), work in zip(places, before, strict=True):
            setattr(owner, name, work)
        checkpoints.write_bytes = write


def die_writing(path: Path, data: bytes, stage: str) -> None:
    """Write a checkpoint as far as this stage, as files.atomic does, and be killed there."""
    if stage == "renamed, not pruned":
        files.write_bytes(path, data)
    elif stage != "nothing written":
        with files.atomic(path) as part:
            part.write_bytes(data if stage == "written, not renamed" else data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def contents(place: Path) -> dict[str, bytes]:
    """Every file of a run whose bytes must not depend on when it was killed."""
    kept = ("checkpoints/*.safetensors", "best*.safetensors", "log.jsonl", "samples/*")
    paths = sorted(path for pattern in kept for path in place.glob(pattern))
    return {str(path.relative_to(place)): path.read_bytes() for path in paths}


if __name__ == "__main__":
    sys.exit(main())
