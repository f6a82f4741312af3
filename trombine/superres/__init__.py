"""Enlarging pictures with nets: from a net and a picture of any size to files.

    running.py    a net over a picture of any size, in tiles that leave no trace
    names.py      what the shipped nets are called
    pipelines.py  which nets lead to a size
    last.py       the step that is left when they have done
    pictures.py   pictures with their modes, profiles and transparency; films
    drawing.py    whether a picture is a drawing
    sheet.py      the picture of a result beside what it is compared with
    enlarge.py    one picture or film to its files

The nets are in nets/, their weights in models/zoo/; the verb is commands/upscale.py.
"""

from __future__ import annotations

from typing import Final

MOST_TIMES: Final = 16  # as high and wide: beyond it a net invents what it then enlarges
