"""Pictures to batches.

spec.py        where pictures come from, in one line of text
source.py      opens what a spec says: items, batches, and which picture comes when
draws.py       chance as a function of (seed, what for, index, rollbacks)
made.py        what the worlds make of a seed; workers.py: in several processes
pack.py        the fast store, packing.py writes it; columns.py: what any store keeps
imagefolder.py the store of single files, filling.py writes it, folder.py reads it
places.py      where both may be written
item.py        columns as tensors
degrade.py     resizing, exactly as Pillow and as MATLAB do
"""
