"""Pictures and films in another style.

drawing.py  a picture: its faces, or all of it, drawn anew and blended in
making.py   files: what is asked for, what is recorded
"""
