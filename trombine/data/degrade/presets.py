"""Chains by name: what becomes of pictures in the wild, and of prints in an album.

wild-xN    once through a phone or a web page, and N times smaller
wilder-x4  twice: spoilt, shown smaller and large again, spoilt once more (the second order of Wang
           et al. 2021, Real-ESRGAN)
old-photo  a print that faded and was handled, then scanned

Blurs are in pixels of the large picture, so they grow with the factor; noise is added to the small
one. None shrinks to nearest pixels: by an even factor that moves the picture by half a pixel, and a
net that cannot see it moved learns to draw it unsharp.
"""

from __future__ import annotations

from typing import Final

_SMALL_NOISE: Final = (
    "noise:gaussian:0.005-0.04/noise:grey:0.005-0.03/noise:poisson:300-4000?0.75"
    "+noise:pattern:0.003-0.012?0.2"
)
_FILE: Final = "jpeg:45-95/jpeg:75-95/webp:45-95?0.9"

PRESETS: Final[dict[str, str]] = {
    "wild-x2": (
        "blur:gaussian:0.2-1.2/blur:long:0.2-1.6:0.2-0.8/blur:motion:1-4/blur:box:1-2.5?0.8"
        f"+shrink:2/shrink:pillow:2/shrink:area:2+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x3": (
        "blur:gaussian:0.3-1.8/blur:long:0.3-2.4:0.3-1.2/blur:motion:1-6/blur:box:1-3.5?0.8"
        f"+shrink:3/shrink:pillow:3/shrink:area:3+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x4": (
        "blur:gaussian:0.4-2.4/blur:long:0.4-3.2:0.4-1.6/blur:motion:1-8/blur:box:1-5?0.8"
        f"+shrink:4/shrink:pillow:4/shrink:area:4+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x8": (
        "blur:gaussian:0.8-4.8/blur:long:0.8-6:0.8-3.2/blur:motion:2-14/blur:box:1-9?0.8"
        f"+shrink:8/shrink:pillow:8/shrink:area:8+{_SMALL_NOISE}+{_FILE}"
    ),
    "wilder-x4": (
        "blur:gaussian:0.4-2.4/blur:long:0.4-3.2:0.4-1.6/blur:motion:1-8/blur:box:1-5?0.8"
        "+resize:0.4-1?0.6+noise:gaussian:0.005-0.06/noise:grey:0.005-0.05/noise:poisson:200-3000"
        "?0.7+jpeg:40-95/webp:40-95?0.8+blur:gaussian:0.3-1.6?0.5"
        f"+shrink:4/shrink:pillow:4/shrink:area:4+{_SMALL_NOISE}+{_FILE}"
    ),
    "old-photo": (
        "blur:gaussian:0.3-1+noise:grey:0.01-0.05+fade:0.3-1+stains:0.1-0.8?0.5+creases:0.1-0.8?0.3"
        "+scratches:0.1-0.9?0.7+dust:0.1-0.9?0.8+torn:0.3-1?0.12+jpeg:75-95?0.5"
    ),
}
