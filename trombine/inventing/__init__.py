"""Faces that nobody painted, one a seed: for `trombine generate`.

asking.py   which seeds, and what is to be of the faces, as people write it
making.py   the picture of a seed by a model, its file, and the same bytes again
"""
