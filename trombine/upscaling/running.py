"""An enlarging net over a picture of any size: exactly, in bounded memory, on all cores.

The picture is cut into tiles that overlap by as far as the net looks (`Net.reach`), so the result
is that of the whole picture at once. Each tile is worked on by one thread, several at the same
time: the bits of a tile then depend on nothing but the tile. Which net is run on which picture is
in ways.py and pictures.py; where tiles lie is in canvas.py.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Final, final
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float32

from trombine.canvas import Box, Tile, cut, tiles
from trombine.data.workers import cores
from trombine.nets import Net

LEAST_TILE: Final = 16  # pixels a side: smaller ones would be halo and nothing else
_STEP: Final = 8  # the sides that are tried are so far apart
# Features of a tile that are larger than this leave the cache, and each is then fetched from the
# system anew, page by page, which takes longer than a layer's arithmetic.
_MOST_BYTES: Final = 24 << 20
_LARGEST_LEAST: Final = 128  # but tiles of a net that looks far would else be halo for the most
_AT_ONCE: Final = 2  # tiles that take no longer than one: nearly every machine has two cores
_PROBE: Final = 8  # pixels a side of what a net's features are measured on

Picture = Float32[torch.Tensor, "c h w"]


def enlarged(
    net: Net,
    picture: Picture,
    *,
    tile: int | None = None,
    threads: int | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> Float32[torch.Tensor, "c fh fw"]:
    """What the net makes of a picture within [0, 1], held within [0, 1].

    As net(picture[None])[0].clamp(0, 1) to 1e-5, whatever the `tile` (see resolved_tile); the same
    bits whatever the number of threads. `tick(done, of)` is called by the caller's thread after
    each tile; when it raises, the tiles at hand are ended, no other is begun, and that is raised.
    """
    height, width = picture.shape[-2:]
    parts = _parts(net, height, width, tile)
    ready = _ready(net)
    whole = picture.new_empty(len(picture), net.factor * height, net.factor * width)

    def work(part: Tile) -> None:
        with torch.inference_mode():
            made = ready(cut(picture, part.box)[None].contiguous(memory_format=_LAST))[0]
            counts = _counting(part)
            inside = cut(whole, _moved(counts, part.box.scaled(net.factor)))
            torch.clamp(cut(made, counts), 0, 1, out=inside)

    _each(work, parts, min(resolved_threads(threads), len(parts)), tick)
    return whole


_LAST: Final = torch.channels_last


def resolved_threads(threads: int | None) -> int:
    """How many tiles are worked on at the same time: as many as there are cores, unless told."""
    return cores() if threads is None else max(1, threads)


def resolved_tile(net: Net, height: int, width: int, tile: int | None) -> int:
    """How many pixels a side of the small picture a tile counts for: a function of these alone.

    Unless given, the side at which the least is computed, the overlaps included, among those whose
    features stay in the cache. A net that looks at the whole picture has one tile.
    """
    if net.reach is None:
        return max(height, width)
    if tile is not None:
        return tile
    most = _most(net)
    if max(height, width) <= most:
        most = max(height, width)
    sides = [most, *range(LEAST_TILE, most, _STEP)]
    return min(sides, key=lambda side: _cost(height, width, side, net.reach or 0))


def _cost(height: int, width: int, side: int, reach: int) -> int:
    """How many pixels are computed, where `_AT_ONCE` tiles take no longer than one."""
    rows, columns = _along(height, side, reach), _along(width, side, reach)
    rounds = -(-rows[0] * columns[0] // _AT_ONCE)
    return rounds * rows[1] * columns[1]


def _along(length: int, side: int, reach: int) -> tuple[int, int]:
    """How many tiles lie along an axis, and how long each is with its overlaps."""
    size = side + 2 * reach
    return (1 + -(-(length - size) // side), size) if length > size else (1, length)


def _most(net: Net) -> int:
    """The largest side at which the net's largest features stay in the cache."""
    box = int((_MOST_BYTES / (4 * _numbers_a_pixel(net))) ** 0.5)
    return max(_LARGEST_LEAST, box - 2 * (net.reach or 0))


def _numbers_a_pixel(net: Net) -> int:
    """How many numbers the largest features of a net hold for each pixel of the small picture."""
    kept = _KEPT.get(net)
    return _measured(net) if kept is None else kept.numbers


def _measured(net: Net) -> int:
    probe, largest = _copied(net), 0

    def measure(_: torch.nn.Module, __: object, found: object) -> None:
        nonlocal largest
        if isinstance(found, torch.Tensor):
            largest = max(largest, found.numel())

    for part in probe.modules():
        part.register_forward_hook(measure)
    with torch.inference_mode():
        probe(torch.zeros(1, int(net.sizes.get("channels", 3)), _PROBE, _PROBE))
    return max(1, largest // _PROBE**2)


# ---------------------------------------------------------------------------------------------
# Getting a net ready


@final
@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What is known of a net that changes no more."""

    ready: Net
    numbers: int  # see _numbers_a_pixel


_KEPT: Final[WeakKeyDictionary[Net, _Kept]] = WeakKeyDictionary()
_KEEPING: Final = threading.Lock()


def keep(net: Net) -> None:
    """Get a net ready once for all pictures. From now on what it has learnt must not change.

    Any other net is got ready for each picture anew, which takes longer than a small one does.
    """
    with _KEEPING:
        if net not in _KEPT:
            _settle()
            _KEPT[net] = _Kept(ready=_copied(net), numbers=_measured(net))


def _ready(net: Net) -> Net:
    """The net as it enlarges; the caller's keeps its mode, its slopes and its layout."""
    _settle()
    kept = _KEPT.get(net)
    return _copied(net) if kept is None else kept.ready


def _copied(net: Net) -> Net:
    """A copy that only enlarges."""
    ready = copy.deepcopy(net).eval().requires_grad_(False)
    ready.to(memory_format=_LAST)  # pyright: ignore[reportCallIssue]
    return ready


# ---------------------------------------------------------------------------------------------
# Tiles


def _parts(net: Net, height: int, width: int, tile: int | None) -> list[Tile]:
    side = resolved_tile(net, height, width, tile)
    if side < 1:
        raise ValueError(f"a tile has at least one pixel, not {side}")
    halo = net.reach or 0
    return list(tiles(height, width, size=side + 2 * halo, halo=halo, factor=net.factor))


def _counting(part: Tile) -> Box:
    """The pixels of a tile's result that count: the others are its neighbours'."""
    rows, columns = np.flatnonzero(part.rows), np.flatnonzero(part.columns)
    return Box(
        top=int(rows[0]),
        left=int(columns[0]),
        bottom=int(rows[-1]) + 1,
        right=int(columns[-1]) + 1,
    )


def _moved(box: Box, by: Box) -> Box:
    """A box of a part as a box of the whole; the part begins where `by` does."""
    return Box(
        top=box.top + by.top,
        left=box.left + by.left,
        bottom=box.bottom + by.top,
        right=box.right + by.left,
    )


# ---------------------------------------------------------------------------------------------
# Threads


def _each(
    work: Callable[[Tile], None],
    parts: list[Tile],
    threads: int,
    tick: Callable[[int, int], None] | None,
) -> None:
    """Work on every part, `threads` at the same time; see `enlarged` for what `tick` may do."""
    with _begun(threads) as pool:
        try:
            for done, one in enumerate(as_completed(pool.submit(work, part) for part in parts), 1):
                one.result()
                if tick is not None:
                    tick(done, len(parts))
        finally:
            pool.shutdown(cancel_futures=True)


# torch keeps how many threads it computes with for each thread of Python, and one number for those
# that have yet to compute, which is 1 for a moment while threads begin here. Of threads that call
# here none takes that one: each settles first, and waits for this.
_BEGINNING: Final = threading.Lock()


def _settle() -> None:
    """Have torch keep the usual number for this thread, if it has none yet."""
    with _BEGINNING:
        torch.get_num_threads()


def _begun(threads: int) -> ThreadPoolExecutor:
    """So many threads, all begun, in each of which torch computes without helpers.

    They are begun by a thread that has yet to compute, since none else can tell the number for
    such threads, nor put it back without losing its own.
    """
    with _BEGINNING, ThreadPoolExecutor(1) as other:
        return other.submit(_begun_by_another, threads).result()


def _begun_by_another(threads: int) -> ThreadPoolExecutor:
    usual = torch.get_num_threads()
    gate = threading.Barrier(threads + 1)
    pool = ThreadPoolExecutor(threads, initializer=_alone)
    try:
        for _ in range(threads):
            pool.submit(gate.wait)
        gate.wait()
    except BaseException:
        gate.abort()
        pool.shutdown()
        raise
    finally:
        torch.set_num_threads(usual)
    return pool


def _alone() -> None:
    """Have torch compute without helpers in the thread that runs this."""
    torch.get_num_threads()  # else the thread would take the usual number at its first layer
    torch.set_num_threads(1)
