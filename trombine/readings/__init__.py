"""Faces read from pictures: as numbers, as drawings, as words.

reading.py    one picture read, and the files of it
drawing.py    landmarks and parts drawn over the picture
table.py      what is told of a picture where no file is written

Where faces are and what they are like is found in reader/.
"""
