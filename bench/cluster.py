"""What a cluster costs: pictures of 128 px enlarged by one process, by one node of Ray, and by two;
and, of how small ones it is dear, of 48 px.

Two nodes of one core each on this machine take turns with two processes of concurrent.futures that
call the same function; all are warm, their nets are loaded. The goal is about their ratio. From
the times that are measured (planning and handing out, which one process does for all; a worker's
start; the work) a simulation says how long 1 to 1,000 workers take, and where that bends:
docs/figures/scale.svg. There are no 1,000 workers here, so that part is a computation. Storage is
taken to give STORE bytes a second to all of them together.

Of `judge originality --cluster` the memory of the process that gives it is measured with 20,000 and
with 200,000 references; that for ten millions is computed from what is held of each.

    python bench/cluster.py [--count 400] [--first-seed 0] [--rounds 3] [--json]
"""

from __future__ import annotations

import heapq
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import torch
from PIL import Image
from plots import standalone
from table import ROOT, Row, at_most, interleaved, options, report, seconds

import trombine
from trombine.core.cluster import joined, on_cluster
from trombine.core.progress import Account
from trombine.core.rng import Rng
from trombine.data.pack import write_pack
from trombine.eval.search import search, walk_of_pack
from trombine.eval.sets import open_set
from trombine.io.image import save_picture
from trombine.report.plot import Plot, Series

GOAL = 1.15  # times as long as two processes
TINY, SMALL, LARGE = 48, 128, 512  # pixels of a side; the smallest sets of faces have 128
TASK = 8  # pictures of a task
CELL = 16  # pixels of a side of references
REFERENCES = (20_000, 200_000)
EACH = 32  # bytes that are held of a reference: its number thrice, and where its name ends
SHAPES = {"pictures": (CELL, CELL, 3)}
STORE = 1e9  # bytes a second, of a shared disk or an object store on a fast network
PICTURES = 200_000  # of the simulation
WORKERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ALONE = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": 80 * 2**20}


def main() -> int:
    """Measure, print, draw, and say whether the goal was met."""
    arguments = options(__doc__, count=400, first_seed=0, rounds=3)
    load = os.getloadavg()[0]
    os.environ |= ALONE | {"OMP_NUM_THREADS": "1"}  # for the workers, as Ray has it
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        paint(here / "small", SMALL, arguments.first_seed, arguments.count)
        paint(here / "tiny", TINY, arguments.first_seed, arguments.count)
        paint(here / "large", LARGE, arguments.first_seed, 6)
        rows = [Row("load of the machine before", load, "processes")]
        rows += measure(here, arguments.rounds)
        rows += judged(here)
    return report(rows, json=arguments.json)


def paint(folder: Path, size: int, first_seed: int, count: int) -> None:
    """Pictures of soft noise, which PNG can neither leave out nor not compress."""
    for seed in range(first_seed, first_seed + count):
        coarse = np.random.default_rng(seed).integers(0, 256, (size // 4, size // 4, 3), np.uint8)
        soft = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
        save_picture(folder / f"{seed:06d}.png", np.array(soft))


def enlarge(source: Path | list[Path], output: Path, **more: Any) -> Any:
    options = {"model": "upscale-fast", "threads": 1, "overwrite": True, **more}
    return trombine.upscale(source, output=output, **options)


def measure(here: Path, rounds: int) -> list[Row]:
    """All ways in turn, and what the simulation needs."""
    small, tiny = here / "small", here / "tiny"
    count = len(list(small.iterdir()))
    with nodes(1) as (one, begun):
        lone = seconds(lambda: enlarge(small, here / "node", cluster=one))
    with nodes(2) as (two, _), processes(2) as pool:
        names = sorted(small.iterdir())
        lots = [names[at : at + TASK] for at in range(0, count, TASK)]
        ways: dict[str, Callable[[], object]] = {
            "one": lambda: enlarge(small, here / "one"),
            "two": lambda: enlarge(small, here / "two", cluster=two),
            "pool": lambda: list(pool.map(partial(enlarge, output=here / "pool"), lots)),
        }
        times = interleaved({name: partial(seconds, way) for name, way in ways.items()}, rounds)
        names = sorted(tiny.iterdir())
        quick = [names[at : at + TASK] for at in range(0, count, TASK)]
        least = interleaved(
            {
                "two": lambda: seconds(lambda: enlarge(tiny, here / "least", cluster=two)),
                "pool": lambda: seconds(
                    lambda: list(pool.map(partial(enlarge, output=here / "least"), quick))
                ),
            },
            rounds,
        )
        nothing = [*range(1000)]
        hand = seconds(lambda: list(on_cluster(int, nothing, two))) / len(nothing)
    plan = seconds(lambda: enlarge(tiny, here / "least", overwrite=False)) / count
    sizes = {"48 px": works(tiny, here), "512 px": works(here / "large", here)}
    rows = [
        Row("one process", median(times["one"]), "s"),
        Row("one node", lone, "s"),
        Row("two processes of concurrent.futures", median(times["pool"]), "s"),
        Row("two nodes", median(times["two"]), "s"),
        at_most(
            "two nodes beside two processes",
            median(times["two"]) / median(times["pool"]),
            "times as long",
            GOAL,
        ),
        Row(
            "two nodes beside two processes, 48 px",
            median(least["two"]) / median(least["pool"]),
            "times as long",
        ),
        Row("a worker's start, with its net", begun, "s"),
        Row("planning, a picture", plan * 1e3, "ms"),
        Row("handing out, a picture", hand * 1e3, "ms"),
    ]
    curves = dict[str, list[float]]()
    for name, work in sizes.items():
        rows.append(Row(f"the work on {name}", mean(work[0]) * 1e3, "ms"))
        rows.append(Row(f"{name} and its result", work[1] / 1e6, "MB"))
        costs = Costs(work=work[0], plan=plan, hand=hand, start=begun, size=work[1])
        hours = [simulate(workers, costs) for workers in WORKERS]
        curves[name] = [hours[0] / each for each in hours]
        for workers, taken in zip(WORKERS, hours, strict=True):
            if workers in (10, 100, 1000):
                times_one = hours[0] / taken
                rows.append(Row(f"simulated, {name}: {workers} workers", times_one, "times one"))
    draw(curves)
    return rows


def judged(here: Path) -> list[Row]:
    """What the process that gives `judge originality --cluster` holds, by how many references."""
    asked, held = np.stack([noise(seed) for seed in range(50)]), dict[int, float]()
    with nodes(2) as (address, _):
        for count in (REFERENCES[0] // 2, *REFERENCES):  # the first loads what is needed once
            pack = here / f"pack-{count}"
            write_pack(pack, named, about={}, count=count, shapes=SHAPES, shard=10_000)
            with Held() as memory:
                references = open_set(str(pack), CELL, Account())
                known = references.pictures
                search(asked, known, skip=np.full(len(asked), -1), walk=walk_of_pack(pack, address))
                rng = Rng(seed=0, places=np.arange(len(known)))
                rng.order("originality", len(known))
                str(references.name(len(known) - 1))
            held[count] = memory.most
    most = held[REFERENCES[-1]] + 1e7 * EACH
    return [
        *(Row(f"memory for {n:,} references", held[n] / 2**20, "MiB") for n in REFERENCES),
        Row(f"memory for 10,000,000, with {EACH} bytes of each", most / 2**20, "MiB"),
    ]


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (CELL, CELL, 3), np.uint8)


def named(places: Sequence[int]) -> list[tuple[str | None, dict[str, np.ndarray] | str]]:
    """Rows of a pack, whose names are as long as people's."""
    return [(f"generated-portraits/{n:09d}.png", {"pictures": noise(n)}) for n in places]


class Held:
    """How much more memory this process holds at most than at the beginning, without files that
    are mapped."""

    def __enter__(self) -> Held:
        self.most, self.ended, self.before = 0.0, threading.Event(), anonymous()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self) -> None:
        while not self.ended.wait(0.02):
            self.most = max(self.most, anonymous() - self.before)

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()


def anonymous() -> float:
    """Bytes of this process that no file holds."""
    status = Path("/proc/self/status").read_text()
    return float(re.findall(r"RssAnon:\s+(\d+)", status)[0]) * 1024


def works(folder: Path, here: Path) -> tuple[list[float], float]:
    """Seconds that the function takes for each picture of a folder, in this process; bytes of a
    picture and its result."""
    told, made = [time.perf_counter()], here / "works" / folder.name
    enlarge(folder, made, progress=lambda *_: told.append(time.perf_counter()))
    sizes = [path.stat().st_size for place in (folder, made) for path in place.iterdir()]
    return [float(each) for each in np.diff(told) if each > 1e-3], 2 * mean(sizes)


@contextmanager
def nodes(count: int) -> Iterator[tuple[str, float]]:
    """The address of so many nodes of one core, warm; how long their workers took to begin."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
    try:
        for _ in range(count - 1):
            cluster.add_node(**NODE)
        with joined(address := str(cluster.address)):
            begun = seconds(lambda: list(on_cluster(begin, [0.0], address)))
            list(on_cluster(begin, [1.0] * (4 * count), address))
            yield address, begun
    finally:
        cluster.shutdown()


def begin(busy: float) -> int:
    """Load the net, and keep its worker busy for so long, so that others begin too."""
    with tempfile.TemporaryDirectory() as folder:
        paint(Path(folder) / "in", SMALL, 0, 1)
        enlarge(Path(folder) / "in", Path(folder) / "out")
    time.sleep(busy)
    return os.getpid()


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """So many, warm."""
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        list(pool.map(begin, [1.0] * (4 * count)))
        yield pool


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Seconds, but for `size`: the bytes of a picture and its result."""

    work: Sequence[float]  # of pictures; others take as long as some of them
    plan: float  # a picture, in the one process that hands out
    hand: float  # a picture, in the same process
    start: float  # a worker
    size: float


def simulate(workers: int, costs: Costs) -> float:
    """Seconds until all pictures are done.

    One process plans, and then hands a task to the worker that is free next; one store gives and
    takes bytes, one task after the other; workers compute side by side.
    """
    rng = np.random.default_rng(0)
    work = rng.choice(costs.work, (PICTURES // TASK, TASK)).sum(1)
    driver, store, last = PICTURES * costs.plan, 0.0, 0.0
    free = [driver + costs.start] * workers
    for taken in work:
        driver = max(driver, free[0]) + TASK * costs.hand
        store = max(store, driver) + TASK * costs.size / STORE
        end = store + float(taken)
        heapq.heapreplace(free, end)
        last = max(last, end)
    return last


def draw(curves: Mapping[str, list[float]]) -> None:
    places = range(len(WORKERS))
    series = [Series(name=name, x=places, y=y) for name, y in {"ideal": WORKERS, **curves}.items()]
    plot = Plot(
        title=f"{PICTURES:,} pictures by 1 to 1,000 workers, simulated",
        x_label="workers",
        y_label="times as fast as one",
        series=series,
        categories=[str(count) for count in WORKERS],
        y_log=True,
    )
    (ROOT / "docs" / "figures" / "scale.svg").write_text(standalone(plot))


if __name__ == "__main__":
    sys.exit(main())
