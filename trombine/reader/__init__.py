"""What is where in a face: faces found in a picture, and each one read.

scan.py    where faces may be, over several sizes of the picture
frames.py  windows on a picture: what a reader looks at, and back
fields.py  the numbers that are read: traits, moment, style
twice.py   a window read twice, which is better
spreads.py how far the numbers may be off
doubts.py  what speaks against a reading
faces.py   all of it: a picture to its faces
maps.py    the parts of a whole picture, along its own edges
tracks.py  faces of a film, which keep their numbers; oneeuro.py takes noise from their landmarks

The net is nets/reader.py; what it learns is in objectives/read.py.
"""

from trombine.reader.faces import LOST, Face, read_faces
from trombine.reader.fields import Fields, decode_styles, fields_of
from trombine.reader.frames import WINDOW, Frame, crop_windows, round_face
from trombine.reader.maps import parts_map
from trombine.reader.scan import shared
from trombine.reader.tracks import Tracked, Tracker
from trombine.reader.twice import read_twice

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
