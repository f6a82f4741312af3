"""Pictures to pictures by name, one table a task: nets and plain baselines alike.

A method takes a batch of pictures, N x C x H x W within [0, 1], and what its task adds, by name: a
`factor` to enlarge by; a `hole`, N x 1 x H x W, 1 where pixels are to be painted; a `style` of the
world to draw in, and the `source` that pictures are drawn in. It gives pictures within [0, 1],
rounded to 8 bits as a file holds them. Who compares methods need not know which are nets.

    TASKS["upscale"].baselines["bicubic"](pictures, factor=2)
    TASKS["upscale"].net("upscale-fast")(pictures, factor=2)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from jaxtyping import Float32
from torch import Tensor

from trombine.eval.methods import repair, restyle, upscale

Pictures = Float32[Tensor, "n c h w"]
Run = Callable[..., Float32[Tensor, "n c k l"]]


@dataclass(frozen=True)
class Methods:
    """What methods there are for a kind of work."""

    baselines: Mapping[str, Run]  # that need no net
    net: Callable[[str], Run]  # the method of a net's name
    floor: str  # the baseline below which a method does harm


TASKS: Final = {
    "upscale": Methods(upscale.BASELINES, upscale.of_net, "nearest pixel"),
    "repair": Methods(repair.BASELINES, repair.of_net, "mean colour"),
    "restyle": Methods(restyle.BASELINES, restyle.of_net, "input"),
}
