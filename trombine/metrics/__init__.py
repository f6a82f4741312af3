"""How good pictures are, and under which conditions that was said.

similarity.py  a picture against the one it should be: PSNR, SSIM
detection.py   detected pixels against those that are there: precision, recall
reading.py     a reading of a face against what is so: parts, landmarks, numbers
distances.py   a set of pictures against another: how far apart, how diverse, of what colour
protocol.py    what was measured, the numbers of a table, the log of evaluations

All are pure functions of pictures or features. What compares methods and draws verdicts is in
eval/.
"""

from trombine.metrics.distances import (
    diversity,
    sliced_distance,
    spacing,
)
from trombine.metrics.protocol import (
    CHECKOUT,
    CHOOSING_SEEDS,
    LOG,
    PROTOCOL_SEEDS,
    Figure,
    Protocol,
    commit_of,
    figure,
    log_evaluation,
    student,
)
from trombine.metrics.similarity import (
    SSIM_RADIUS,
    SSIM_TAPS,
    PerPicture,
    Picture,
    edge_energy,
    luma,
    psnr,
    psnr_y,
    ssim,
    ssim_map,
)

__all__ = [
    "CHECKOUT",
    "CHOOSING_SEEDS",
    "LOG",
    "PROTOCOL_SEEDS",
    "SSIM_RADIUS",
    "SSIM_TAPS",
    "Figure",
    "PerPicture",
    "Picture",
    "Protocol",
    "commit_of",
    "diversity",
    "edge_energy",
    "figure",
    "log_evaluation",
    "luma",
    "psnr",
    "psnr_y",
    "sliced_distance",
    "spacing",
    "ssim",
    "ssim_map",
    "student",
]
