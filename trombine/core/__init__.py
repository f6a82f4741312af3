"""What every other package may use, and which knows none of them.

conventions.py  what a picture, a part and a landmark are
tiles.py        boxes of pixels; tiles with a halo, and back into the whole
rng.py          random numbers as a function of (seed, purpose, place in the run)
grammar.py      the one syntax of texts: data, masks, degradations, augmentation, nets
errors.py       InputError: what is wrong with which file
progress.py     the callable, the Result of a function, the log
devices.py, computing.py, memory.py  where and with how many threads nets compute
texts.py        tables, JSON and numbers as text
"""
