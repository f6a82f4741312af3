"""The one training loop, and its door for research: `steps`.

    for step in trombine.training.steps("dcgan", data="folder:faces", pictures=20_000):
        print(step.pictures, step.losses)

    loop.py      the loop itself, and what it would be: --dry-run
    config.py    what is to be trained, on which device, and what makes it another run
    step.py      what a step does: phases, gradients, optimisers, averages, clocks
    muon.py      an optimiser of matrices
    state.py     all that changes, and what the nets begin with
    material.py  pictures and chance for each step
    writer.py    a run's files: log, samples, measures, checkpoints, page, model cards
    launch.py    several processes, Ctrl-C and SIGTERM
    sweep.py     many runs that differ in settings

    methods/     one method a file: its config, its phases with their losses, its presets

What methods share is in losses/, what a recipe is in recipes.py, a run's files in runs/.
"""

from __future__ import annotations

from trombine.training.loop import Trained, steps

__all__ = ["Trained", "steps"]
