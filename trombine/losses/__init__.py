"""What methods of training share: phases and steps, losses, critics, alarms.

objective.py   what every objective is: phases, terms, what they are computed from
adversary.py   a discriminator: its losses, penalties, phases and pool of old pictures
terms.py       losses between pictures, and between what nets make of them
reading.py     losses of what is read
damage.py      what restoring undoes
alarms.py      what watches a training

The methods are in training/methods/, one file each.
"""
