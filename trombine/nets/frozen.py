"""Nets held still: inside, nothing in them changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import ParametrizationList


@contextmanager
def frozen(*nets: nn.Module, batch_statistics: bool = False) -> Iterator[None]:
    """Inside, no parameter of these nets has a gradient, and no buffer of theirs changes.

    They compute as finished models do. With `batch_statistics` their batch norm uses those of the
    batch, as it does while a net learns, but counts none of them. Afterwards all is as before.
    """
    modules = [module for net in nets for module in net.modules()]
    norms = [module for module in modules if isinstance(module, _BatchNorm)]
    parameters = [parameter for net in nets for parameter in net.parameters()]
    training = [module.training for module in modules]
    tracked = [norm.track_running_stats for norm in norms]
    learned = [parameter.requires_grad for parameter in parameters]
    for parameter in parameters:
        parameter.requires_grad_(False)
    for module in modules:
        if not batch_statistics:
            module.training = False
        elif isinstance(module, ParametrizationList):  # spectral norm, which iterates no further
            module.eval()
        elif isinstance(module, _BatchNorm):
            module.track_running_stats = False
    try:
        yield
    finally:
        for module, value in zip(modules, training, strict=True):
            module.training = value
        for norm, value in zip(norms, tracked, strict=True):
            norm.track_running_stats = value
        for parameter, value in zip(parameters, learned, strict=True):
            parameter.requires_grad_(value)
