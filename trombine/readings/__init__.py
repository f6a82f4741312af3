"""Faces read from pictures: as numbers, as drawings, and made again from a record.

making.py   options, the files of one picture, and their replay
drawing.py  landmarks and parts drawn over the picture

Where faces are and what they are like is found in reader/.
"""
