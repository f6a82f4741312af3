"""Enlarging pictures with nets: from a net and a picture of any size to files.

    damage.py     how JPEG and noise have damaged a picture
    pipelines.py  which nets lead to a size
    pictures.py   pictures with their modes, profiles, transparency and faces; films
    report.py     a result beside what it is compared with; what a net invented
    enlarge.py    one picture or film to its files

The nets are in nets/, their weights in models/zoo/, how one runs in models/running.py;
the verb is commands/upscale.py.
"""

from __future__ import annotations

from typing import Final

MOST_TIMES: Final = 16  # as high and wide: beyond it a net invents what it then enlarges
