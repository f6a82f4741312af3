"""The one training loop.

    loop.py      the loop itself
    config.py    what is to be trained, and what makes it another run
    steps.py     what a step does: phases, gradients, optimisers, averages, clocks
    muon.py      an optimiser of matrices
    state.py     all that changes, and what the nets begin with
    material.py  pictures and chance for each step
    writer.py    writes a run's files: log, samples, measures, checkpoints, page
    evaluation.py  samples, measures and model cards at one moment
    launch.py    several processes, Ctrl-C and SIGTERM
    machine.py   device, precision, threads
    dry_run.py   what a training would be: --dry-run

    methods/     one method a file: its config, its phases with their losses, its presets

What methods share is in losses/, what a recipe is in recipes/, a run's files in runs/.
"""
