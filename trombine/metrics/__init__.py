"""How good pictures are, and under which conditions that was said.

similarity.py  a picture against the one it should be: PSNR, SSIM
detection.py   detected pixels against those that are there: precision, recall
reading.py     a reading of a face against what is so: parts, landmarks, numbers
distances.py   a set of pictures against another: how far apart, how diverse, of what colour
protocol.py    what was measured

All are pure functions of pictures or features. What compares methods and draws verdicts is in
eval/.
"""

from trombine.metrics.distances import diversity as diversity
from trombine.metrics.distances import energy_distance as energy_distance
from trombine.metrics.distances import look as look
from trombine.metrics.distances import spacing as spacing
from trombine.metrics.protocol import CHOOSING_SEEDS as CHOOSING_SEEDS
from trombine.metrics.protocol import PROTOCOL_SEEDS as PROTOCOL_SEEDS
from trombine.metrics.protocol import Protocol as Protocol
from trombine.metrics.similarity import SSIM_RADIUS as SSIM_RADIUS
from trombine.metrics.similarity import SSIM_TAPS as SSIM_TAPS
from trombine.metrics.similarity import edge_energy as edge_energy
from trombine.metrics.similarity import luma as luma
from trombine.metrics.similarity import psnr as psnr
from trombine.metrics.similarity import psnr_y as psnr_y
from trombine.metrics.similarity import ssim as ssim
from trombine.metrics.similarity import ssim_map as ssim_map
