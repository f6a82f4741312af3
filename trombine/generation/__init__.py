"""Faces from seeds, by the world's painter or a net: for `trombine generate`, `morph` and `data
generated`.

asking.py         which seeds, and what is to be of the faces, as people write it
painting.py       the picture of a seed by the painter
by_net.py         the picture of a seed by a net
looking.py        what the reader says of faces that nets make; the same in other styles
interpolation.py  from one face to the next
"""

from typing import Final

STYLES: Final = ("anime", "photo")  # that nets invent
REDRAWN: Final = ("cartoon", "sketch")  # that the restyling net draws anew
REDRAWN_FROM: Final = "photo"  # the style that it draws them from
PAINTER: Final = "painter"  # of the world
NET: Final = "net"
