"""Pictures to batches.

spec.py        where pictures come from, in one line of text
source.py      opens what a spec says: items, batches, and which picture comes when
split.py       which pictures a training learns from, and which it is measured on
item.py        columns as tensors; columns.py: what any store keeps
augment.py     pictures changed by chance, with their truth; kernel_resample.py computes it;
               proportions.py: faces bent
staging.py     windows for readers: faces anywhere, and what is in front of them

made.py        what is made of a seed: faces, leaves, fractals, masks; painting.py writes packs and
               folders of it
masks/         holes by family, mixes and curricula
degrade/       what spoils pictures: smaller, unsharp, noisy, squeezed, old; and chains of these

pack.py        the fast store; pack_writer.py writes it, in shards that a stop leaves whole
prepare.py     a pack of a folder of pictures
folder.py      the store of single files: layouts.py lists them as records (listing.py), and
               reading.py makes rows of them
hub.py         sets of the Hugging Face hub, as folders
"""
