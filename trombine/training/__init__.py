"""The one training loop.

    loop.py      the loop itself
    orders.py    what is to be trained, and what is refused before it begins
    steps.py     what a step does: phases, gradients, optimisers, averages, clocks
    muon.py      an optimiser of matrices
    state.py     all that changes
    material.py  pictures and chance for each step
    shares.py    how many pictures are learned from, measured on and not used
    writer.py    writes a run's files: log, samples, measures, checkpoints, page
    evaluation.py  samples, measures and model cards at one moment
    launch.py    several processes
    stopping.py  Ctrl-C and SIGTERM
    machine.py   device, precision, threads
    expect.py    what a training would be: --dry-run

What is minimised is in objectives/, what can be trained in recipes/, a run's files in runs/.
"""
