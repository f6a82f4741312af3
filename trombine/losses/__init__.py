"""What methods of training share: phases and steps, losses, critics, alarms.

objective.py   what every objective is: phases, terms, what they are computed from
adversary.py   a discriminator: its phases, penalties and pool
terms.py       losses between pictures      critics.py   losses and penalties of discriminators
perceptual.py  losses between features      pools.py     old pictures for a discriminator
damage.py      what restoring undoes        judges.py    which net's features are compared
alarms.py      what watches a training      by_reader.py what a reader says of pictures
by_part.py     how much each pixel counts   untrue.py    numbers that augmentation makes untrue
reading.py     losses of what is read       views.py     what a net sees of a larger picture

The methods are in training/methods/, one file each.
"""
