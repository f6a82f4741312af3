"""The folder of a training run, and what it tells.

folder.py       which files there are, the log that only grows, and one process at a time
checkpoints.py  everything a run needs to go on, in one file that notices damage
log.py          what the log says: curves, alarms, state, cost
page.py         index.html, and film.gif from the samples
board.py        TensorBoard's events

Nothing here knows what the tensors mean; that is in training/.
"""
