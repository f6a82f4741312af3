"""An enlarging net over a picture of any size: exactly, in bounded memory, on all cores.

The picture is cut into tiles that overlap by as far as the net looks (`Net.reach`), so the result
is that of the whole picture at once. One tile is computed after the other, by all of torch's
threads, so small that its memory need not be asked of the system anew for every layer. Which net is
run on which picture is in pipelines.py and pictures.py; where tiles lie, and how they become one
picture, in core/tiles.py.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float32

from trombine.core.computing import computing
from trombine.core.devices import device_of
from trombine.core.tiles import through_tiles
from trombine.models.foreign import FADE, Foreign
from trombine.models.model import Model, loaded
from trombine.models.tasks import check_finite
from trombine.nets import Net

LEAST_TILE: Final = 16  # pixels a side: smaller ones would be halo and nothing else
_STEP: Final = 8  # the sides that are tried are so far apart
_OF_CARD: Final = 8  # of a card's free memory the largest features take this part
_MOST_BYTES: Final = 32 << 20  # of a tile's features: glibc keeps no larger block (docs/log)
_LARGEST_LEAST: Final = 128  # but tiles of a net that looks far would else be halo for the most
_PROBE: Final = 8  # pixels a side of what a net's features are measured on
# Other people's nets know the picture's size by their edges, so as few tiles as memory allows.
_MOST_FOREIGN_BYTES: Final = 512 << 20  # of the largest features
_DISCOURAGED_TIMES: Final = 4  # as many for nets that are better off without tiles
SOFT: Final = 1.25  # times: what a window painted lacks sharpness where it is enlarged by more
_ENLARGERS: Final = (  # of pictures and of drawings, by 2 and by 4
    ("upscale-fast-x2", "upscale-x4"),
    ("upscale-drawings-x2", "upscale-drawings-x4"),
)

Picture = Float32[torch.Tensor, "c h w"]


def enlarged(
    net: Net,
    picture: Picture,
    *,
    tile: int | None = None,
    threads: int | None = None,
    half: bool = False,
    tick: Callable[[int, int], None] | None = None,
) -> Float32[torch.Tensor, "c fh fw"]:
    """What the net, wherever it is, makes of a picture within [0, 1], held within [0, 1].

    As net(picture[None])[0].clamp(0, 1) to 1e-5, whatever the `tile` (see resolved_tile). `threads`
    are torch's own unless given. With `half` convolutions compute in float16, and sums in float32,
    which is less exact. `tick(done, of)` is called after each tile; what it raises ends
    the work. An InputError where what the net makes is no numbers.
    """
    height, width = picture.shape[-2:]
    side, reach, ready = resolved_tile(net, height, width, tile), net.reach or 0, _ready(net)
    device = device_of(ready)
    count, done = _along(height, side, reach)[0] * _along(width, side, reach)[0], 0

    def work(part: Picture) -> Float32[torch.Tensor, "c k l"]:
        nonlocal done
        with torch.autocast(device.type, torch.float16, enabled=half):
            result = ready(part[None].to(device))[0].to(picture.device, picture.dtype)
        check_finite(result)  # before an infinite one becomes white
        done += 1
        if tick is not None:
            tick(done, count)
        return result.clamp_(0, 1)

    with torch.no_grad(), computing(threads):
        return through_tiles(picture, work, **_layout(net, side))


def _layout(net: Net, side: int) -> dict[str, Any]:
    """How a picture is cut into tiles, as core.tiles takes it."""
    reach = net.reach or 0
    layout = {"size": side + 2 * reach, "halo": reach, "factor": net.factor}
    if isinstance(net, Foreign):
        layout |= {"blend": min(FADE, reach), "multiple": net.step}
    return layout


def resolved_tile(net: Net, height: int, width: int, tile: int | None) -> int:
    """How many pixels a side of the small picture a tile counts for: a function of these alone.

    Unless given, the side at which the least is computed, the overlaps included, among those whose
    features are blocks that are kept. A net that looks at the whole picture has one tile.
    """
    if net.reach is None:
        return max(height, width)
    if tile is not None and tile < 1:
        raise ValueError(f"a tile has at least one pixel, not {tile}")
    if isinstance(net, Foreign):
        return _foreign_tile(net, height, width, tile)
    if tile is not None:
        return tile
    most = min(_most(net), max(height, width))
    sides = [most, *range(LEAST_TILE, most, _STEP)]
    return min(sides, key=lambda side: _computed(height, width, side, net.reach or 0))


def _foreign_tile(net: Foreign, height: int, width: int, tile: int | None) -> int:
    """In one piece what there is memory for; else, or if asked for, tiles of the net's step."""
    if tile is None:
        most = _MOST_FOREIGN_BYTES * (_DISCOURAGED_TIMES if net.discouraged else 1)
        box = int((most / (4 * _numbers_a_pixel(net))) ** 0.5)
        whole = height * width <= box**2
        tile = max(height, width) if whole else max(_LARGEST_LEAST, box - 2 * (net.reach or 0))
    return -(-max(tile, net.least) // net.step) * net.step


def _computed(height: int, width: int, side: int, reach: int) -> int:
    """How many pixels go through the net."""
    rows, columns = _along(height, side, reach), _along(width, side, reach)
    return rows[0] * rows[1] * columns[0] * columns[1]


def _along(length: int, side: int, reach: int) -> tuple[int, int]:
    """How many tiles lie along an axis, and how long each is with its overlaps."""
    size = side + 2 * reach
    return (1 + -(-(length - size) // side), size) if length > size else (1, length)


def _most(net: Net) -> int:
    """The largest side at which the net's largest features are a block that is kept, or on a card
    leave memory for the others."""
    device, most = device_of(_ready(net)), _MOST_BYTES
    if device.type == "cuda":
        most = torch.cuda.mem_get_info(device)[0] // _OF_CARD
    box = int((most / (4 * _numbers_a_pixel(net))) ** 0.5)
    return max(_LARGEST_LEAST, box - 2 * (net.reach or 0))


def _numbers_a_pixel(net: Net) -> int:
    """How many numbers the largest features of a net hold for each pixel of the small picture."""
    return _PREPARED[net][1] if net in _PREPARED else _measured(net)


def _measured(net: Net) -> int:
    probe, largest = _copied(net), 0

    def measure(_: torch.nn.Module, __: object, output: object) -> None:
        nonlocal largest
        if isinstance(output, torch.Tensor):
            largest = max(largest, output.numel())

    for part in probe.modules():
        part.register_forward_hook(measure)
    side = max(_PROBE, probe.least) if isinstance(probe, Foreign) else _PROBE
    with torch.no_grad():
        channels = int(net.sizes.get("channels", 3))
        probe(torch.zeros(1, channels, side, side, device=device_of(probe)))
    return max(1, largest // side**2)


# ---------------------------------------------------------------------------------------------
# Getting a net ready


# Nets that change no more: each as it enlarges, and its _numbers_a_pixel.
_PREPARED: Final[WeakKeyDictionary[Net, tuple[Net, int]]] = WeakKeyDictionary()
_PREPARING: Final = threading.Lock()


def enlarger(name: str, device: str) -> Model:
    """A shipped net that enlarges, loaded and got ready once."""
    model = loaded(name, task="upscale", device=device)
    prepare(model.in_rgb)
    return model


def enlarger_for(times: float, device: str, *, drawn: bool = False) -> Model:
    """The net that enlarges what a window painted, or has `drawn`, so many times, or nearly."""
    return enlarger(_ENLARGERS[drawn][times > 3], device)


def prepare(net: Net) -> None:
    """Get a net ready once for all pictures. From now on what it has learnt must not change.

    Any other net is got ready for each picture anew, which takes longer than a small one does.
    """
    with _PREPARING:
        if net not in _PREPARED:
            _PREPARED[net] = _copied(net), _measured(net)


def _ready(net: Net) -> Net:
    """The net as it enlarges; the caller's keeps its mode, its slopes and its layout."""
    return _PREPARED[net][0] if net in _PREPARED else _copied(net)


def _copied(net: Net) -> Net:
    """A copy that only enlarges."""
    ready = copy.deepcopy(net).eval().requires_grad_(False)
    if not isinstance(ready, Foreign):  # some of which take only the usual layout
        ready.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return ready
