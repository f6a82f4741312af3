"""Pictures to batches.

spec.py        where pictures come from, in one line of text; paths.py: whether they are there
source.py      opens what a spec says: items, batches, and which picture comes when
split.py       which pictures a training learns from, and which it is measured on
item.py        columns as tensors; columns.py: what any store keeps
augment.py     pictures changed by chance, with their truth; kernel_resample.py computes it;
               proportions.py: faces bent
staging.py     windows for readers: faces anywhere, and what is in front of them

made.py        what is made of a seed: faces, leaves, fractals, masks; workers.py: in processes
publishing.py  the card of fractals, of the template in published/
masks/         holes by family, mixes and curricula
degrade/       what spoils pictures: smaller, unsharp, noisy, squeezed, old; and chains of these

pack.py        the fast store; pack_writer.py writes it, packing.py has one made of seeds,
               preparing.py one of a folder, and decoding.py is what its processes do
journal.py     one writer at a time, and what of a pack is written: a stop loses nothing
folder.py      the store of single files: layouts/ list what is there (listing.py), described.py
               those that a metadata.jsonl describes, and reading.py makes rows of them
imagefolder.py what `trombine data` writes into a folder, and filling.py writes it
places.py      where packs and folders may be written
hub.py         sets of the Hugging Face hub, as folders
"""
