"""Pictures to batches.

spec.py        where pictures come from, in one line of text
source.py      opens what a spec says: items, batches, and which picture comes when
draws.py       chance as a function of (seed, what for, index, rollbacks)
made.py        what the worlds make of a seed; workers.py: in several processes
asked.py       what verbs that make pictures of seeds share; publishing.py: card and notebook
pack.py        the fast store, pack_writer.py writes it, packing.py makes one of seeds and
               preparing.py one of a folder; columns.py: what any store keeps
imagefolder.py the store of single files, filling.py writes it, folder.py reads it
places.py      where both may be written
item.py        columns as tensors
degrade/       what spoils pictures: smaller, unsharp, noisy, squeezed, old; and chains of these
"""
