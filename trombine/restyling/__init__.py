"""Pictures and films in another style.

stylize.py  a picture or film, and further files beside it
drawing.py  a picture: its faces, or all of it, drawn anew and blended in
like.py     a picture in the style of another one, without training
"""
