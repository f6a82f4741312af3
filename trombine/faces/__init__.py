"""What is where in a face: faces found in a picture, and each one read.

scan.py    where faces may be, over several sizes of the picture
frames.py  windows on a picture: what a reader looks at, and back
fields.py  the numbers that are read: traits, moment, style; how far they may be off
twice.py   a window read twice, which is better
faces.py   all of it: a picture to its faces
maps.py    the parts of a whole picture, along its own edges
tracks.py  faces of a film, which keep their numbers, without noise
reading.py one picture read: files and words; drawing.py draws what was read over it

The net is nets/reader.py; what it learns is in training/methods/reader.py.
"""

from trombine.faces.faces import LOST, Face, read_faces
from trombine.faces.fields import Fields, decode_styles, fields_of
from trombine.faces.frames import WINDOW, Frame, crop_windows, round_face
from trombine.faces.maps import parts_map
from trombine.faces.scan import shared
from trombine.faces.tracks import Tracked, Tracker
from trombine.faces.twice import read_twice

__all__ = [
    "LOST",
    "WINDOW",
    "Face",
    "Fields",
    "Frame",
    "Tracked",
    "Tracker",
    "crop_windows",
    "decode_styles",
    "fields_of",
    "parts_map",
    "read_faces",
    "read_twice",
    "round_face",
    "shared",
]
