"""Pictures to batches.

source.py       where pictures come from, in one line of text; opened as items and batches, and
                which picture comes when
split.py        which pictures a training learns from, and which it is measured on
columns.py      what is known of pictures: arrays by name, batches of tensors
augment.py      pictures changed by chance, with their truth; proportions.py: faces bent
staging.py      windows for readers: faces anywhere, and what is in front of them

painting.py     what is made of a seed: faces, leaves, fractals, masks; packs and folders of it
masks.py        holes by family, mixes and curricula; brushes.py: those that are painted
degrade.py      what spoils pictures, and chains of it; prints.py: old prints; resize.py: smaller

pack.py         the fast store: read, and written in shards that a stop leaves whole
layouts.py      what is in a folder of pictures; reading.py: its pictures as rows
people.py       faces with points; silhouettes.py: who stands before an even ground
prepare.py      a pack of a folder of pictures, or of a set of the Hugging Face hub

kernel_*.py     compiled loops
"""
