"""What methods of training share: phases and steps, losses, critics, alarms.

objective.py   what every objective is: phases, terms, what they are computed from
adversary.py   a discriminator: its phases, penalties and pool
terms.py       losses between pictures      critics.py   losses and penalties of discriminators
perceptual.py  losses between features      pools.py     old pictures for a discriminator
reading.py     losses of what is read       damage.py    what restoring undoes
alarms.py      what watches a training

The methods are in training/methods/, one file each.
"""
