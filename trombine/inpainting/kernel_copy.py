"""The compiled loops of copying.py, which patch looks like which, and what patches say of a pixel;
and of repeating.py, by which shift each pixel is copied.

`exact`, without fast arithmetic: the same pictures on any machine. A patch is the square round its
middle, cut at the edges of the picture.
"""

from __future__ import annotations

import numpy as np

from trombine.world.compiled import exact

REACH = 3  # pixels from a patch's middle to its sides
_MANY = np.float32(1e30)
_MOST = np.float32(1e6)  # of a message


@exact
def drawn(state: np.ndarray) -> np.uint64:
    """A random number of 53 bits; Marsaglia's xorshift, whose state is one number."""
    bits = state[0]
    bits ^= bits << np.uint64(13)
    bits ^= bits >> np.uint64(7)
    bits ^= bits << np.uint64(17)
    state[0] = bits
    return bits >> np.uint64(11)


@exact
def apart(planes: np.ndarray, y: int, x: int, v: int, u: int, least: np.float32) -> np.float32:
    """The sum of squared differences of two patches; some of it from `least` on."""
    height, width, channels = planes.shape
    total = np.float32(0)
    for dy in range(max(-REACH, -y), min(REACH, height - 1 - y) + 1):
        for dx in range(max(-REACH, -x), min(REACH, width - 1 - x) + 1):
            for k in range(channels):
                off = planes[y + dy, x + dx, k] - planes[v + dy, u + dx, k]
                total += off * off
        if total >= least:
            break
    return total


@exact
def match(
    planes: np.ndarray,
    usable: np.ndarray,
    spots: np.ndarray,
    index: np.ndarray,
    sources: np.ndarray,
    costs: np.ndarray,
    rounds: int,
    state: np.ndarray,
) -> None:
    """Better sources, n x 2, for the patches at `spots`, n x 2 (Barnes et al., 2009): those of
    neighbours, and random ones nearer and nearer. `index`, h x w, is which spot a pixel is, or -1.
    """
    height, width, _ = planes.shape
    count = len(spots)
    for i in range(count):
        y, x = spots[i]
        costs[i] = apart(planes, y, x, sources[i, 0], sources[i, 1], np.float32(1e30))
    for number in range(rounds):
        step = 1 if number % 2 == 0 else -1
        for j in range(count):
            i = j if step == 1 else count - 1 - j
            y, x = spots[i]
            best, top, left = costs[i], sources[i, 0], sources[i, 1]
            for down in range(2):
                across = 1 - down
                ny, nx = y - step * down, x - step * across
                if ny < 0 or nx < 0 or ny >= height or nx >= width or index[ny, nx] < 0:
                    continue
                near = sources[index[ny, nx]]
                v, u = near[0] + step * down, near[1] + step * across
                if v < 0 or u < 0 or v >= height or u >= width or not usable[v, u]:
                    continue
                cost = apart(planes, y, x, v, u, best)
                if cost < best:
                    best, top, left = cost, v, u
            radius = max(height, width)
            while radius >= 1:
                span = np.uint64(2 * radius + 1)
                v = top - radius + np.int64(drawn(state) % span)
                u = left - radius + np.int64(drawn(state) % span)
                if v >= 0 and u >= 0 and v < height and u < width and usable[v, u]:
                    cost = apart(planes, y, x, v, u, best)
                    if cost < best:
                        best, top, left = cost, v, u
                radius //= 2
            costs[i], sources[i, 0], sources[i, 1] = best, top, left


@exact
def blend(
    planes: np.ndarray,
    hole: np.ndarray,
    index: np.ndarray,
    sources: np.ndarray,
    costs: np.ndarray,
    trust: np.ndarray,
    usual: np.float32,
    result: np.ndarray,
) -> None:
    """Each pixel of the hole as the patches over it say, in the mean, those that fit the more.

    `trust`, h x w, is how much the patch in whose middle a pixel lies counts. Where `usual`, the
    cost of a patch that fits, is 0, the pixel is the best patch's own.
    """
    height, width, channels = planes.shape
    for y in range(height):
        for x in range(width):
            if not hole[y, x]:
                continue
            total, least = np.float32(0), np.float32(1e30)
            for k in range(channels):
                result[y, x, k] = 0
            for dy in range(max(-REACH, -y), min(REACH, height - 1 - y) + 1):
                for dx in range(max(-REACH, -x), min(REACH, width - 1 - x) + 1):
                    i = index[y + dy, x + dx]
                    if i < 0:
                        continue
                    v, u = sources[i, 0] - dy, sources[i, 1] - dx
                    if usual > 0:
                        weight = np.exp(-costs[i] / (2 * usual)) * trust[y + dy, x + dx]
                        weight += np.float32(1e-12)
                        total += weight
                        for k in range(channels):
                            result[y, x, k] += weight * planes[v, u, k]
                        continue
                    # Of patches that fit as well the one whose middle is nearest.
                    cost = costs[i] + np.float32(1e-6) * (dy * dy + dx * dx)
                    if cost < least:
                        least, total = cost, np.float32(1)
                        for k in range(channels):
                            result[y, x, k] = planes[v, u, k]
            for k in range(channels):
                result[y, x, k] /= total


@exact
def choose(
    colours: np.ndarray,
    costs: np.ndarray,
    neighbours: np.ndarray,
    rounds: int,
    chosen: np.ndarray,
) -> None:
    """The shift of each pixel, n, by min-sum belief propagation, forward and back.

    `colours`, n x k x 3, is what each of k shifts copies there, `costs`, n x k, what that costs by
    itself; `neighbours`, n x 4, are the pixels at the right, below, at the left and above, or -1.
    Two neighbours of different shifts cost what these differ by at both.
    """
    count, shifts = costs.shape
    messages = np.zeros((count, 4, shifts), np.float32)  # from these neighbours
    held = np.empty(shifts, np.float32)
    for number in range(2 * rounds):
        back = number % 2
        for j in range(count):
            i = count - 1 - j if back else j
            for axis in range(2):
                to = axis + 2 * back  # where the neighbour lies
                other = neighbours[i, to]
                if other < 0:
                    continue
                for a in range(shifts):
                    total = costs[i, a]
                    for side in range(4):
                        if side != to:
                            total += messages[i, side, a]
                    held[a] = total
                least = _MANY
                for b in range(shifts):
                    best = held[b]
                    for a in range(shifts):
                        if held[a] >= best:
                            continue
                        cost = held[a]
                        for c in range(3):
                            here = colours[i, a, c] - colours[i, b, c]
                            there = colours[other, a, c] - colours[other, b, c]
                            cost += here * here + there * there
                        best = min(best, cost)
                    messages[other, (to + 2) % 4, b] = best
                    least = min(least, best)
                for b in range(shifts):
                    place = messages[other, (to + 2) % 4, b] - least
                    messages[other, (to + 2) % 4, b] = min(place, _MOST)
    for i in range(count):
        best = _MANY
        for a in range(shifts):
            total = costs[i, a]
            for side in range(4):
                total += messages[i, side, a]
            if total < best:
                best, chosen[i] = total, a
