"""Faces read from pictures: as numbers, as drawings, and made again from a record.

making.py     options, the files of one picture, and their replay
drawing.py    landmarks and parts drawn over the picture
table.py      what is told of a picture where no file is written
in_memory.py  pictures that a program holds

Where faces are and what they are like is found in reader/.
"""
