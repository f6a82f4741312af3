"""Frames a second of the microscope in Chromium, on one core: a generator of a million parameters,
and shipped nets. Each frame is a whole one, of another input, drawn. Counted are the seconds of the
processor that the browser takes, all of its processes together, so that what else a machine does is
none of it: Linux alone says them.

    python bench/microscope.py [--rounds N] [--json]
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from playwright.sync_api import Browser, sync_playwright
from table import Row, at_least, cpu_seconds, interleaved, options, ratio_of_medians, report

from trombine.activations.page import described, page
from trombine.models import Card, Model, load
from trombine.nets import build, parameter_count

FRAMES = 5  # of a measurement: the system counts in hundredths of a second
WIDTH = 40  # of a DCGAN of a million parameters
NETS = ("generate-anime", "upscale-fast-x2", "upscale-x2", "reader", "finder")
FRAME = """async () => {
  const scope = document.querySelector("net-microscope");
  const before = scope.frames;
  if (scope.net.vector) [scope.from, scope.to] = [scope.to, scope.from];
  else scope.light.value = scope.light.value > 1 ? 0.8 : 1.2;
  scope.ask();
  while (scope.frames === before || scope.isBusy) await new Promise((then) => setTimeout(then));
}"""


def generator() -> Model:
    """A DCGAN of a million parameters, which has learnt nothing: that takes as long."""
    torch.manual_seed(0)
    net = build("dcgan_generator", {"width": WIDTH}).eval()
    card = Card(task="generate", net="dcgan_generator", sizes=net.sizes)
    return Model(net=net, card=card, hash="", path=Path("dcgan.safetensors"))


def main() -> int:
    """Measure every net; 1 unless each is as fast as was asked."""
    arguments = options(__doc__, rounds=5)  # measurements of each net, of five frames
    if hasattr(os, "sched_setaffinity"):  # the browser, which is begun by this process, has it too
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    models = {"dcgan": generator()} | {name: load(name) for name in NETS}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        rows = [
            row
            for name in models
            for row in measured(browser, Path(folder), name, models[name], arguments.rounds)
        ]
        browser.close()
    return report(rows, json=arguments.json)


def measured(browser: Browser, folder: Path, name: str, model: Model, rounds: int) -> list[Row]:
    """Frames a second, the browser's and torch's in turn; the middle of each."""
    file = folder / f"{name}.html"
    net = described(model)
    file.write_text(page(net, name).html(), "utf-8")
    tab = browser.new_page()
    tab.goto(file.as_uri())
    tab.wait_for_selector("net-microscope[data-frames]")
    tab.wait_for_timeout(500)
    shape = (1, len(net["vector"])) if "vector" in net else (1, 3, net["side"], net["side"])
    x = torch.rand(shape)

    def torchs() -> float:
        with torch.inference_mode():
            return cpu_seconds(lambda: model.in_rgb(x))

    def ours() -> float:
        start = browsers_seconds()
        for _ in range(FRAMES):
            tab.evaluate(FRAME)
        return (browsers_seconds() - start) / FRAMES

    # The generator that ships has its details in torch, which the page leaves out.
    both = {"ours": ours} if name == "generate-anime" else {"ours": ours, "torch": torchs}
    times = interleaved(both, rounds, warm=1)
    tab.close()
    goal = 15.0 if name == "dcgan" else 5.0
    about = f"{name}, {parameter_count(model.net):,} parameters"
    rows = [at_least(about, 1 / statistics.median(times["ours"]), "frames a second", goal)]
    if "torch" in times:
        share = ratio_of_medians(times["torch"], times["ours"])
        rows.append(Row(f"{name}: against torch on one thread", share, "times as fast"))
    return rows


def browsers_seconds() -> float:
    """Seconds of the processor that what this process began has taken until now."""
    taken, parents = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        parents[int(place.name)] = int(fields[1])
        taken[int(place.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(taken[pid] for pid in ours - {os.getpid()} if pid in taken)


if __name__ == "__main__":
    sys.exit(main())
