"""Pictures and films in another style.

drawing.py  a picture: its faces, or all of it, drawn anew and blended in
like.py     a picture in the style of another one, without training
making.py   files: what is asked for, what is recorded
"""
