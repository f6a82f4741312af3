"""The last step: a picture that a net made a little too large, shrunk to the size that was asked.

The same as data/degrade's `imresize_matlab`, antialiased bicubic, but with the few weights that
are not 0: of 30,000 rows its matrix would take 10 GB. Which sizes there are is in pipelines.py.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32
from scipy.sparse import csr_array

from trombine.data.degrade.resize import matlab_taps


def resized(
    picture: Float32[torch.Tensor, "c h w"], size: tuple[int, int]
) -> Float32[torch.Tensor, "c h2 w2"]:
    """The picture at this size (rows, columns) by antialiased bicubic, back within [0, 1]."""
    rows = weights(picture.shape[1], size[0])
    columns = weights(picture.shape[2], size[1])
    output = torch.empty(len(picture), *size)
    for plane, result in zip(picture, output, strict=True):  # one at a time: they are large
        narrow = columns @ np.ascontiguousarray((rows @ plane.cpu().numpy()).T)  # w2 x h2
        result.copy_(torch.from_numpy(narrow.T))
    return output.clamp_(0, 1).to(picture.device)


def weights(n_in: int, n_out: int) -> csr_array:
    """The matrix of one pass, n_out x n_in, float32: `matlab_weights` without its zeros."""
    sources, values = matlab_taps(n_in, n_out, n_out / n_in, "bicubic")
    targets = np.broadcast_to(np.arange(n_out)[:, None], sources.shape)
    places = (targets.ravel(), sources.ravel())
    matrix = csr_array((values.ravel(), places), shape=(n_out, n_in))
    matrix.eliminate_zeros()
    return csr_array(matrix, dtype=np.float32)
