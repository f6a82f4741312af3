"""The one training loop.

    loop.py      the loop itself, told in order
    orders.py    what is asked for, and what of it is refused
    steps.py     what a step does: phases, gradients, optimisers, averages, clocks
    muon.py      an optimiser of matrices
    state.py     all that changes
    material.py  pictures and chance for each step
    shares.py    how many pictures are learned from, measured on and left alone
    story.py     what is written of a run: log, samples, measures, checkpoints, page
    looking.py   what the nets make, and how good it is, at one moment
    launch.py    several processes
    stopping.py  Ctrl-C and SIGTERM
    machine.py   device, precision, threads
    expect.py    what a training would be: --dry-run

What is minimised is in objectives/, what can be trained in recipes/, a run's files in runs/.
"""
