"""Which of many pictures are most like one, and which of them it is a copy of.

    found = search(pictures, references, top=4)     uint8, N x H x W x 3; a memory map will do

One walk over the references compares each picture with every one of them in two ways:

- by SSIM at the same places, exactly: that of metrics/similarity.py, to 1e-6;
- roughly with windows of the reference at several scales, as is the picture's mirror, by a product
  of matrices. The best candidates are then registered, window against picture, and compared block
  by block. So copies are found that were mirrored or cropped. Light and contrast of a block do not
  count, nor does the worst quarter of the blocks, so that a patch may be another. All of this is
  done by luma, which a JPEG leaves, and by the brightest of the three colours, which a change of
  hue leaves; the better of the two counts.

The score of a copy is 1 for the same picture. What two pictures of different things score depends
on the pictures: originality.py learns where copies begin from pairs known to be different.

`doubles` finds the same picture twice in one set, mirrored or not, by SSIM alone: it is fast enough
to compare each of tens of thousands with all others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int64, UInt8
from torch.nn import functional

from trombine.core.cluster import spread
from trombine.core.errors import InputError
from trombine.core.progress import Tick, unheard
from trombine.data.pack import Pack
from trombine.io.color import LUMA
from trombine.metrics import SSIM_RADIUS

Pictures = UInt8[np.ndarray, "_ _ _ _"]
Views = Float32[torch.Tensor, "*_ v s s"]
Window = Float32[np.ndarray, "3"]

SIZE: Final = 48  # pixels a side, at which copies are looked for
SCALES: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)  # of a window's side to the picture's
STEP: Final = 0.05  # of the picture's side, from window to window
ROUGH: Final = 8  # pixels a side of windows in the first look
CANDIDATES: Final = 12  # references that each of four first looks gives, mirrored or not
CELL: Final = 4  # pixels of SIZE from block to block; a block is twice as wide
FLAT: Final = 0.004  # contrast of a block below which it shows nothing: a level of 255
TRUSTED: Final = 0.75  # the share of blocks that count, the most alike
VISIBLE: Final = 0.03  # contrast of a block that counts half
_LEAST_SIDE: Final = 0.6  # of a window that is moved
# Of a window, larger, to the right and down: first along one axis, then along several.
_MOVES: Final = torch.tensor(
    sorted(product((0, -1, 1), repeat=3), key=lambda move: sum(map(abs, move)))[1:]
)
# Rounds in which windows are moved and scaled: how far, how many candidates, how many moves each.
_ROUNDS: Final = ((0.04, 48, 6), (0.04, 16, 26), (0.02, 6, 26), (0.01, 3, 26))
_AT_ONCE: Final = 25  # pictures whose SSIM is computed while a reference is in the cache
_CHUNK: Final = 256  # references that are in memory at a time
_SHARD: Final = 40 * _CHUNK  # references that a node of a cluster walks over at a time
_SENT: Final = 32 * 2**20  # bytes of pictures that are sent to each of its workers
_QUERIES: Final = 128  # pictures that are looked for in them at a time


@dataclass(frozen=True, eq=False)
class Found:
    """What was found of each picture."""

    indices: Int64[np.ndarray, "q k"]  # the references of highest SSIM, best first
    ssim: Float32[np.ndarray, "q k"]
    means: Float32[np.ndarray, "q"]  # of SSIM with all references
    copy_of: Int64[np.ndarray, "q"]  # the reference that it is most like, wherever it was cut out
    scores: Float32[np.ndarray, "q"]
    mirrored: Bool[np.ndarray, "q"]
    windows: Float32[np.ndarray, "q 3"]  # side, left, top, in shares of the reference's side

    def rows(self, rows: slice) -> Found:
        """What was found of these pictures."""
        return Found(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, eq=False)
class Asked:
    """What is searched for."""

    pictures: Pictures
    top: int
    candidates: int
    skip: Int64[np.ndarray, "q"]  # the reference that each is not compared with, or -1


@dataclass(frozen=True, eq=False)
class Best:
    """What is best for each picture among the references of a walk."""

    indices: Int64[np.ndarray, "q k"]  # of highest SSIM, best first; of equal ones the first
    ssim: Float64[np.ndarray, "q k"]
    sums: Float64[np.ndarray, "q"]  # of SSIM
    looks: Float32[torch.Tensor, "4 m c"]  # by window or whole, by view; m: mirrors too
    which: Int64[torch.Tensor, "2 4 m c"]  # reference, window

    @classmethod
    def of(cls, parts: Sequence[Best], asked: Asked) -> Best:
        """The best of parts of the references, in their order."""
        indices = np.concatenate([part.indices for part in parts], 1)
        ssim = np.concatenate([part.ssim for part in parts], 1)
        best = np.lexsort((indices, -ssim))[:, : asked.top]
        looks = torch.cat([part.looks for part in parts], 2)
        which = torch.cat([part.which for part in parts], 3)
        looks, chosen = looks.topk(min(asked.candidates, looks.shape[2]), dim=2)
        return cls(
            indices=np.take_along_axis(indices, best, 1),
            ssim=np.take_along_axis(ssim, best, 1),
            sums=np.sum([part.sums for part in parts], 0),
            looks=looks,
            which=which.gather(3, chosen.expand(2, *chosen.shape)),
        )


Walk = Callable[[Asked, Pictures, int, Tick], Best]


def search(
    pictures: Pictures,
    references: Pictures,
    *,
    top: int = 4,
    skip: Int64[np.ndarray, "q"] | None = None,
    threads: int = 2,
    tick: Tick = unheard,
    walk: Walk | None = None,
) -> Found:
    """The references that each picture is most like; never the one that `skip` names for it, as
    where pictures are compared with one another. With a `top` of 0 nothing is compared by SSIM,
    which takes most of the time. `walk` is `walk_over`, or one of many machines."""
    count, total = len(references), len(pictures) + len(references)
    skip = np.full(len(pictures), -1) if skip is None else skip
    top, candidates = (min(n, count - bool((skip >= 0).any())) for n in (top, CANDIDATES))
    sent = max(1, _SENT // pictures[0].nbytes)
    if walk and len(pictures) > sent:  # more would be too much to send to each node
        options: dict[str, Any] = {"top": top, "threads": threads, "tick": tick, "walk": walk}
        blocks = [slice(a, a + sent) for a in range(0, len(pictures), sent)]
        parts = [search(pictures[b], references, skip=skip[b], **options) for b in blocks]
        names = [field.name for field in fields(Found)]
        return Found(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})
    asked = Asked(pictures, top, candidates, skip)
    found = (walk or walk_over)(asked, references, threads, lambda done, _: tick(done, total))

    # 2q, candidates, (reference, window)
    pairs = found.which.permute(2, 1, 3, 0).flatten(1, 2).numpy()
    jobs = _views(pictures), pairs[: len(pictures)], pairs[len(pictures) :]
    copies = []
    for each in map(partial(_register, references), *jobs):
        copies.append(each)
        tick(count + len(copies), total)
    copy_of, fits, mirrored, where = zip(*copies, strict=True)
    return Found(
        indices=found.indices,
        ssim=found.ssim.astype(np.float32),
        means=(found.sums / count).astype(np.float32),
        copy_of=np.array(copy_of, np.int64),
        scores=np.array(fits, np.float32),
        mirrored=np.array(mirrored, np.bool_),
        windows=np.array(where, np.float32).reshape(-1, 3),
    )


def walk_over(
    asked: Asked, references: Pictures, threads: int, tick: Tick, *, first: int = 0
) -> Best:
    """The best of these references, which are numbered from `first` on."""
    views = _views(asked.pictures)
    both = torch.cat((views, views.flip(-1)))  # pictures, then their mirrors
    rough = _unit(functional.adaptive_avg_pool2d(both, ROUGH))  # 2q 2 d
    best = list[Best]()
    for start in range(0, len(references), _CHUNK):
        part = np.ascontiguousarray(references[start : start + _CHUNK])
        numbers = np.arange(first + start, first + start + len(part))
        if asked.top:
            new = ssim(asked.pictures, part, threads=threads)
        else:
            new = np.zeros((len(asked.pictures), len(part)), np.float32)
        alike, windows = _look(rough, _rough_windows(_views(part)))
        alone = asked.skip[:, None] == numbers
        here = Best(
            indices=np.broadcast_to(numbers, new.shape),
            ssim=np.where(alone, -np.inf, new.astype(np.float64)),
            sums=new.sum(1, dtype=np.float64),
            looks=alike.masked_fill(torch.from_numpy(np.tile(alone, (2, 1))), -torch.inf),
            which=torch.stack((torch.from_numpy(numbers).expand(windows.shape), windows)),
        )
        best = [Best.of([*best, here], asked)]
        tick(start + len(part), len(references))
    return best[0]


def walk_of_pack(pack: Path, cluster: str) -> Walk:
    """A walk over the pictures of a pack by the nodes of a cluster, which all see it."""

    def walk(asked: Asked, references: Pictures, threads: int, tick: Tick) -> Best:
        starts = range(0, len(references), _SHARD)
        waiting, ended, best = deque(starts), dict[int, Best](), list[Best]()
        made = spread(partial(_walk_shard, pack, asked), starts, workers=None, cluster=cluster)
        for done, (start, part) in enumerate(made, 1):  # as they end
            ended[start] = part
            while waiting and waiting[0] in ended:
                best = [Best.of([*best, ended.pop(waiting.popleft())], asked)]
            tick(min(done * _SHARD, len(references)), len(references))
        return best[0]

    return walk


def _walk_shard(pack: Path, asked: Asked, start: int) -> Best:
    shard = Pack(pack).columns["pictures"][start : start + _SHARD]
    return walk_over(asked, shard, 1, unheard, first=start)


def ssim(
    pictures: Pictures, references: Pictures, *, threads: int = 1
) -> Float32[np.ndarray, "q n"]:
    """SSIM of each picture with every reference."""
    from trombine.eval.kernel_search import compare

    shape = pictures.shape[1:]
    if shape != references.shape[1:]:
        raise InputError(f"pictures of {shape} and {references.shape[1:]} do not compare")
    if min(shape[:2]) <= 2 * SSIM_RADIUS:
        raise InputError(f"SSIM needs pictures of at least {2 * SSIM_RADIUS + 1} pixels a side")
    out = np.empty((len(pictures), len(references)), np.float32)
    ours, theirs = (
        np.ascontiguousarray(each).reshape(len(each), shape[0], -1)
        for each in (pictures, references)
    )
    each = -(-len(references) // threads)
    parts = [
        (slice(a, a + _AT_ONCE), slice(b, b + each))
        for a in range(0, len(pictures), _AT_ONCE)
        for b in range(0, len(references), each)
    ]

    def work(part: tuple[slice, slice]) -> None:
        compare(ours[part[0]], theirs[part[1]], shape[2], out[part])

    if threads == 1:
        for part in parts:
            work(part)
        return out
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))
    return out


# ---------------------------------------------------------------------------------------------
# Doubles in one set

_CELLS: Final = 16  # pixels a side of the rough look
_NEAREST: Final = 6  # pictures, and as many mirrored ones, that are compared by SSIM
_ROWS: Final = 512  # pictures that are compared with all others at a time


def doubles(
    pictures: Pictures, threshold: float, tick: Tick = unheard
) -> dict[tuple[int, int], tuple[float, bool]]:
    """The pairs of pictures with an SSIM of at least `threshold`, one of them mirrored or not: by
    their places the SSIM, and whether it is that of the mirror."""
    total, found = len(pictures), dict[tuple[int, int], tuple[float, bool]]()
    if total < 2:
        return found
    parts = torch.from_numpy(pictures).movedim(3, 1).split(_ROWS)
    pool = functional.adaptive_avg_pool2d
    cells = torch.cat([_unit(pool(part.float(), _CELLS)) for part in parts])
    cells = cells.unflatten(2, (_CELLS, _CELLS))
    for start, mirrored in product(range(0, total, _ROWS), (False, True)):
        ours = cells[start : start + _ROWS]
        ours = ours.flip(-1) if mirrored else ours
        alike = ours.flatten(1) @ cells.flatten(1).T
        alike.diagonal(start).fill_(-torch.inf)
        best = alike.topk(min(_NEAREST, total - 1)).indices.numpy()
        for at, others in enumerate(best, start):
            query = pictures[at : at + 1, :, :: -1 if mirrored else 1]
            scores = ssim(query, pictures[others])[0]
            for other, score in zip(others.tolist(), scores.tolist(), strict=True):
                pair = min(at, other), max(at, other)
                if score >= threshold and score > found.get(pair, (0.0, False))[0]:
                    found[pair] = score, mirrored
        tick(start + len(ours), total)
    return found


# ---------------------------------------------------------------------------------------------
# Copies, wherever they were cut out


@cache
def windows() -> Float64[np.ndarray, "n 3"]:
    """Side, left and top of all windows of the first look, the whole picture first."""
    places = []
    for side in SCALES:
        starts = np.linspace(0, 1 - side, round((1 - side) / STEP) + 1).tolist()
        places += [(side, left, top) for top in starts for left in starts]
    return np.array(places)


def _views(pictures: Pictures) -> Views:
    """Luma and the brightest colour, within [-.5, .5], at SIZE."""
    values = torch.from_numpy(np.ascontiguousarray(pictures).astype(np.float32)) / 255 - 0.5
    views = torch.stack((values @ torch.tensor(LUMA), values.amax(3)), 1)
    return functional.interpolate(
        views, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False
    )


def _unit(cells: torch.Tensor) -> torch.Tensor:
    """Rows of length 1 without their mean: light and contrast do not count."""
    flat = cells.flatten(-2)
    return functional.normalize(flat - flat.mean(-1, keepdim=True), dim=-1, eps=1e-3)


def _rough_windows(views: Views) -> Float32[torch.Tensor, "n 2 k d"]:
    """Every window of every view, small, as rows of length 1."""
    cells = []
    for side in SCALES:
        starts = np.unique(windows()[windows()[:, 0] == side, 1]).tolist()
        means = torch.cat([_means(start, side) for start in starts])  # starts x ROUGH, size
        grid = (means @ views @ means.T).unflatten(2, (len(starts), ROUGH))
        grid = grid.unflatten(4, (len(starts), ROUGH))
        cells.append(grid.permute(0, 1, 2, 4, 3, 5).flatten(2, 3))
    return _unit(torch.cat(cells, 2))


@cache
def _means(start: float, side: float) -> Float32[torch.Tensor, "r s"]:
    """The matrix that takes means over ROUGH equal parts of a side's window."""
    edges = (start + side * np.arange(ROUGH + 1) / ROUGH) * SIZE
    pixel = np.arange(SIZE)
    share = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    share = np.clip(share, 0, None)
    return torch.from_numpy((share / share.sum(1, keepdims=True)).astype(np.float32))


def _look(
    rough: Float32[torch.Tensor, "q 2 d"], cells: Float32[torch.Tensor, "n 2 k d"]
) -> tuple[Float32[torch.Tensor, "4 q n"], Int64[torch.Tensor, "4 q n"]]:
    """How like each picture each reference is, looked at in four ways, and by which window."""
    looks, places = [], []
    for view in range(2):
        ours, theirs = rough[:, view], cells[:, view]
        flat = theirs.flatten(0, 1).T
        products = (part @ flat for part in ours.split(_QUERIES))
        parts = [product.unflatten(1, theirs.shape[:2]).max(2) for product in products]
        scores, best = (torch.cat(column) for column in zip(*parts, strict=True))
        # Of whole pictures by sums of differences, in which a patch counts as much as it covers.
        looks += [scores, -torch.cdist(ours, theirs[:, 0].contiguous(), p=1)]
        places += [best, torch.zeros_like(best)]
    return torch.stack(looks), torch.stack(places)


def _register(
    references: Pictures,
    views: Views,
    straight: Int64[np.ndarray, "n 2"],
    turned: Int64[np.ndarray, "n 2"],
) -> tuple[int, float, bool, Window]:
    """Of candidates (reference, window) the one that is most like a picture, its score, whether it
    is mirrored, and its window; `turned` are those of the picture's mirror."""
    straight, turned = (np.unique(pairs, axis=0) for pairs in (straight, turned))
    # The mirror of a picture beside a reference is the picture beside the reference's mirror.
    flips = np.repeat([False, True], (len(straight), len(turned)))
    indices, best = np.concatenate((straight, turned)).T
    theirs = _views(references[indices])
    theirs[flips] = theirs[flips].flip(-1)
    where = windows()[best].astype(np.float32)
    where[flips] = _mirror(where[flips])
    number, score, window = registered(views, theirs, torch.from_numpy(where))
    flip = bool(flips[number])
    return int(indices[number]), score, flip, _mirror(window) if flip else window


def registered(
    picture: Views, references: Views, windows: Float32[torch.Tensor, "n 3"]
) -> tuple[int, float, Window]:
    """Of candidate windows, one a reference, the one that fits best once moved: its number, how
    well it fits, and where."""
    windows, scores = windows.clone(), likeness(picture, references, windows)
    for reach, kept, tried in _ROUNDS:
        best = scores.argsort(descending=True)[:kept]
        wider, right, lower = reach * _MOVES[:tried].T
        start = windows[best, :, None]
        side = (start[:, 0] + wider).clamp(_LEAST_SIDE, 1)
        # A larger window keeps its middle.
        left, top = start[:, 1] + right - wider / 2, start[:, 2] + lower - wider / 2
        places = (torch.minimum(place.clamp(min=0), 1 - side) for place in (left, top))
        moved = torch.stack((side, *places), -1)
        again = references[best].repeat_interleave(tried, 0)
        found = likeness(picture, again, moved.flatten(0, 1)).view(-1, tried).max(1)
        is_better = found.values > scores[best]
        scores[best[is_better]] = found.values[is_better]
        windows[best[is_better]] = moved[is_better, found.indices[is_better]]
    number = int(scores.argmax())
    return number, float(scores[number]), windows[number].numpy()


def likeness(
    picture: Views, references: Views, windows: Float32[torch.Tensor, "n 3"]
) -> Float32[torch.Tensor, "n"]:
    """How like a window of each reference is to a picture: of its views the better."""
    side, left, top = windows.T[..., None]
    steps = (torch.arange(picture.shape[-1]) + 0.5) / picture.shape[-1]
    x, y = (2 * (start + side * steps) - 1 for start in (left, top))
    grid = torch.stack(torch.broadcast_tensors(x[:, None], y[:, :, None]), -1)
    parts = functional.grid_sample(references, grid, padding_mode="border", align_corners=False)
    mean, ours = _blocks(parts), _blocks(picture)
    deviation = (_blocks(parts * parts) - mean * mean).clamp(min=0).sqrt()
    own = (_blocks(picture * picture) - ours * ours).clamp(min=0).sqrt()
    contrast = torch.maximum(deviation, own)
    covariance = _blocks(parts * picture) - mean * ours
    alike = (covariance / (deviation * own).clamp(min=FLAT * FLAT)).clamp(max=1)
    tells = contrast >= FLAT  # two flat blocks say nothing
    weights = tells * contrast / (contrast + VISIBLE)
    alike, order = alike.masked_fill(~tells, -2).sort(dim=-1, descending=True)
    counted = torch.arange(order.shape[-1]) < (TRUSTED * tells.sum(-1, keepdim=True)).ceil()
    weights = weights.gather(-1, order) * counted
    return ((alike * weights).sum(-1) / (weights.sum(-1) + 1e-6)).amax(-1)


def _blocks(views: torch.Tensor) -> torch.Tensor:
    """The means over blocks, of each view one after the other."""
    return functional.avg_pool2d(functional.avg_pool2d(views, CELL), 2, 1).flatten(-2)


def _mirror(where: Float32[np.ndarray, "*n 3"]) -> Float32[np.ndarray, "*n 3"]:
    """The same windows in the mirrors of their pictures."""
    side, left, top = np.moveaxis(where, -1, 0)
    return np.stack((side, np.maximum(1 - side - left, 0), top), -1)
