"""Train the nets for damaged photographs on one graphics card, in minutes.

    python bench/wild.py --folder PHOTOS --soft 4 1 --sharp 4 2 --out runs/wild

    python bench/wild.py --faces --folder PORTRAITS --factors 4 --start upscale-wild-x4 --out runs/f

For each factor first a net by the difference from the truth, `upscale-wild-xN`; then the same net
learns on by features and a discriminator, `upscale-wild-sharp-xN`, so that both blend. With
`--faces` nothing but faces, upright, in milder damage, and from the start by what the reader sees
in them: `upscale-wild-faces-xN`, to be put where a face is. `--folder`
may come several times: photographs of any size, of which `test.txt` there names those left out.
The rest is painted, leaves and faces, by the other cores while the card learns. All damage is done
on the card, in batches: blur, shrinking in two steps, noise, sharpening, JPEG once or twice. The
minutes are the clock: the rate falls to 0 when they are over, so a faster card makes a better net.
"""

from __future__ import annotations

import argparse
import math
import mmap
import multiprocessing
import random
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrizations import spectral_norm

from trombine.core.conventions import to_pixels
from trombine.data.degrade import Chain, degrade_one
from trombine.losses.terms import Judge
from trombine.metrics import edge_energy, psnr_y
from trombine.models import Card, load, save
from trombine.nets import build
from trombine.nets.blocks import Normed, doubled

TILE: Final = 448  # pixels a side of what is painted; windows are cut from it
WINDOW: Final = 64  # pixels a side of the small pictures that are learned from
LOOSE: Final = 8  # more of them, so that blocks of JPEG begin anywhere
KINDS: Final = ("leaves", "folder", "leaves", "faces", "leaves", "folder", "leaves", "leaves")
FACES: Final = ("faces", "folder", "near", "folder")
CHOOSING: Final = 1_000_000  # the first seed that no training paints
CHOSEN_BY: Final = 24
# What is done to the pictures that it is measured on: the bench's, milder and as usual.
MEASURED: Final = {
    4: "blur:gaussian:1+shrink:4+noise:gaussian:0.0157+jpeg:70",
    2: "blur:gaussian:0.7+shrink:2+noise:gaussian:0.0157+jpeg:70",
}


# ---------------------------------------------------------------------------------------------
# Pictures


class Tiles:
    """Painted or read by other processes, into memory that all share."""

    def __init__(
        self, folders: Sequence[Path], count: int, workers: int, kinds: Sequence[str] = KINDS
    ) -> None:
        self.kinds = kinds
        paths = [path for folder in folders for path in listed(folder)]
        self.chosen_by, self.paths = paths[:: len(paths) // 16 or 1][:16], paths
        self.paths = [path for path in paths if path not in self.chosen_by]
        self.count = count
        self.pixels = shared((count, TILE, TILE, 3))
        self.ready = shared((count,))
        self.measured = shared((CHOSEN_BY, TILE, TILE, 3))
        self.measured_ready = shared((CHOSEN_BY,))
        fork = multiprocessing.get_context("fork")
        self.painters = [fork.Process(target=self.paint, args=(n, workers)) for n in range(workers)]
        for painter in self.painters:
            painter.daemon = True
            painter.start()

    def paint(self, first: int, step: int) -> None:
        """This process's share; first what is only read, and what is measured on."""
        torch.set_num_threads(1)
        kinds = [self.kind(index) for index in range(self.count)]
        mine = sorted(
            range(first, self.count, step), key=lambda i: (kinds[i] != "folder") * (i + 1)
        )
        at_once = [index for index in mine if kinds[index] == "folder"][:40]
        for index in at_once:
            self.put(index, kinds[index])
        for place in range(first, CHOSEN_BY, step):
            if place < len(self.chosen_by):
                tile = read(self.chosen_by[place], random.Random(place), 1.0)
            else:
                tile = painted(("leaves", "faces")[place % 2], CHOOSING + place)
            self.measured[place] = tile
            self.measured_ready[place] = 1
        for index in range(first, self.count, step):
            if not self.ready[index]:
                self.put(index, kinds[index])

    def kind(self, index: int) -> str:
        """Of the tile with this number."""
        kind = self.kinds[index % len(self.kinds)]
        return self.kinds[0] if kind == "folder" and not self.paths else kind

    def put(self, index: int, kind: str) -> None:
        """One tile."""
        if kind == "folder":
            path = self.paths[index // 4 % len(self.paths)]
            chance = random.Random(index)
            self.pixels[index] = read(path, chance, chance.uniform(0.55, 1.0))
        else:
            self.pixels[index] = painted(kind, index)
        self.ready[index] = 1


def listed(folder: Path) -> list[Path]:
    """The pictures of a folder, less those that its test.txt names."""
    kept = folder / "test.txt"
    left_out = set(kept.read_text().split()) if kept.exists() else set()
    endings = {".jpg", ".jpeg", ".png", ".webp"}
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)
    return [path for path in paths if path.name not in left_out]


def shared(shape: tuple[int, ...]) -> np.ndarray:
    """Bytes that processes made from now on share."""
    return np.frombuffer(mmap.mmap(-1, math.prod(shape)), np.uint8).reshape(shape)


def painted(kind: str, seed: int) -> np.ndarray:
    """Leaves; or a face, or four small ones; or a part of a large one."""
    from trombine.world import face, paint
    from trombine.world.leaves import leaves

    if kind == "leaves":
        return leaves(seed, TILE)
    if kind == "near":
        top, left = (random.Random(seed).randint(0, TILE) for _ in range(2))
        large = paint(face(seed), 2 * TILE, "photo").pixels
        return large[top : top + TILE, left : left + TILE]
    if seed % 3 == 0:
        return paint(face(seed), TILE, "photo").pixels
    four = [paint(face(4 * seed + part), TILE // 2, "photo").pixels for part in range(4)]
    return np.concatenate([np.concatenate(four[:2], 1), np.concatenate(four[2:], 1)])


def read(path: Path, chance: random.Random, scale: float) -> np.ndarray:
    """A photograph, made smaller by a little, cut or mirrored to a tile."""
    with Image.open(path) as file:
        picture = file.convert("RGB")
    if min(picture.size) * scale < TILE and min(picture.size) >= TILE:
        scale = TILE / min(picture.size)
    size = [max(64, round(side * scale)) for side in picture.size]
    pixels = np.asarray(picture.resize(size, Image.Resampling.LANCZOS) if scale < 1 else picture)
    top, left = (chance.randint(0, max(0, side - TILE)) for side in pixels.shape[:2])
    pixels = pixels[top : top + TILE, left : left + TILE]
    missing = [(0, TILE - side) for side in pixels.shape[:2]]
    return np.pad(pixels, (*missing, (0, 0)), "symmetric")


class Bank:
    """The tiles that are ready, on the card."""

    def __init__(self, tiles: Tiles, device: torch.device) -> None:
        self.tiles, self.device = tiles, device
        self.pixels = torch.empty(tiles.pixels.shape, dtype=torch.uint8, device=device)
        self.there = np.zeros(tiles.count, bool)
        self.numbers = torch.empty(0, dtype=torch.long, device=device)

    def refresh(self) -> None:
        """Take over what has been painted since."""
        fresh = np.flatnonzero((self.tiles.ready > 0) & ~self.there)
        for part in np.array_split(fresh, max(1, len(fresh) // 256)):
            if len(part):
                rows = torch.from_numpy(part).to(self.device)
                self.pixels[rows] = torch.from_numpy(self.tiles.pixels[part]).to(self.device)
        self.there[fresh] = True
        self.numbers = torch.from_numpy(np.flatnonzero(self.there)).to(self.device)

    def windows(self, count: int, side: int) -> torch.Tensor:
        """So many windows, N x 3 x side x side, mirrored, of other tones: most grey ones tinted."""
        which = self.numbers[torch.randint(len(self.numbers), (count,), device=self.device)]
        starts = torch.randint(TILE - side + 1, (2, count, 1), device=self.device)
        rows, columns = starts + torch.arange(side, device=self.device)
        cut = self.pixels[which[:, None, None], rows[:, :, None], columns[:, None, :]]
        pictures = cut.permute(0, 3, 1, 2).float() / 255
        if random.random() < 0.5:
            pictures = pictures.flip(3)
        grey = (pictures[:, 0] - pictures[:, 1]).abs().mean((1, 2)) < 1e-3
        spread = torch.where(grey, 0.22, 0.06)[:, None, None, None]
        tinted = torch.rand_like(spread) < 0.7
        gammas = torch.exp(spread * torch.randn(count, 3, 1, 1, device=self.device) * tinted)
        return pictures.clamp(1e-4, 1) ** gammas


# ---------------------------------------------------------------------------------------------
# Damage


def damaged(large: torch.Tensor, factor: int, mild: float = 0.0) -> torch.Tensor:
    """Pictures through a chain as photographs go: each by amounts of its own, the sizes in between
    the same for all of one call. A share of calls is `mild`: as good cameras and pages leave them.
    """
    count, side = len(large), large.shape[-1]
    small, scale = side // factor, factor / 4
    if random.random() < mild:
        x = resized(blurred(large, kernels(count, 0.35, 1.6 * scale, large.device)), small)
        x = some(x, noisy(x, 0.02), 0.6)
        return some(x, jpeg(x.clamp(0, 1), 60, 97), 0.85).clamp(0, 1).mul(255).round().div(255)
    x = blurred(large, kernels(count, 0.35, 3.2 * scale, large.device))
    if random.random() < 0.5:  # shown, saved or sent at a size in between
        middle = round(random.uniform(small, side) / 16) * 16
        x = resized(x, middle)
        x = some(x, noisy(x, 0.02), 0.4)
        x = some(x, jpeg(x, 45, 97), 0.45)
        x = some(x, blurred(x, kernels(count, 0.3, 1.2, x.device)), 0.2)
    x = resized(x, small)
    x = some(x, noisy(x, 0.035), 0.55)
    x = some(x, sharpened(x), 0.2)
    x = some(x, jpeg(x.clamp(0, 1), 55, 97), 0.2)
    x = some(x, jpeg(x.clamp(0, 1), *((30, 75) if random.random() < 0.35 else (55, 96))), 0.93)
    return x.clamp(0, 1).mul(255).round().div(255)


def some(kept: torch.Tensor, changed: torch.Tensor, share: float) -> torch.Tensor:
    """About a share of the pictures changed."""
    chosen = torch.rand(len(kept), 1, 1, 1, device=kept.device) < share
    return torch.where(chosen, changed, kept)


def kernels(count: int, least: float, most: float, device: torch.device) -> torch.Tensor:
    """Blurs, N x 25 x 25: none, round, long, of a lens, of a sinc."""
    along = torch.arange(-12.0, 13.0, device=device)
    y, x = along[:, None], along[None, :]

    def drawn(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, device=device)

    width = drawn(math.log(least), math.log(most)).exp()
    narrow = width * torch.where(torch.rand(count, 1, 1, device=device) < 0.5, 1.0, drawn(0.15, 1))
    narrow = narrow.clamp(min=0.2)
    turn = drawn(0, math.pi)
    u, v = x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin()
    radius = (x * x + y * y).sqrt().expand(count, 25, 25)
    gaussian = torch.exp(-0.5 * ((u / width) ** 2 + (v / narrow) ** 2))
    lens = torch.sigmoid((1.4 * width - radius) * 4)
    sinc = sincs(device)[torch.randint(64, (count,), device=device)]
    which = torch.rand(count, 1, 1, device=device)
    none = (radius < 0.5).float()
    found = torch.where(which < 0.28, none, gaussian)
    found = torch.where((which > 0.82) & (which < 0.94), lens, found)
    found = torch.where(which > 0.94, sinc, found)
    return found / found.sum((1, 2), keepdim=True)


@cache
def sincs(device: torch.device) -> torch.Tensor:
    """What rings: 64 round low passes that cut between a quarter and the whole of what there is."""
    along = torch.arange(-12.0, 13.0)
    radius = (along[:, None] ** 2 + along**2).sqrt().clamp(min=1e-3)
    cut = torch.linspace(math.pi / 4, math.pi, 64)[:, None, None]
    return (cut * torch.special.bessel_j1(cut * radius) / radius).to(device)


@cache
def constant(text: str, device: torch.device) -> torch.Tensor:
    """Numbers on the card."""
    return torch.tensor([float(word) for word in text.split()], device=device)


def blurred(x: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Each picture by its kernel; beyond the rim it is mirrored."""
    x = functional.pad(x, (12, 12, 12, 12), "reflect")
    height, width = x.shape[-2:]
    spread = functional.pad(kernels, (0, width - 25, 0, height - 25)).roll((-12, -12), (1, 2))
    product = torch.fft.rfft2(x) * torch.fft.rfft2(spread)[:, None]
    return torch.fft.irfft2(product, s=(height, width))[..., 12:-12, 12:-12]


def resized(x: torch.Tensor, side: int) -> torch.Tensor:
    """By one of three ways."""
    if side == x.shape[-1]:
        return x
    mode = random.choice(("bicubic", "bicubic", "bilinear", "area"))
    if mode == "area":
        return functional.interpolate(x, (side, side), mode=mode)
    return functional.interpolate(x, (side, side), mode=mode, antialias=True, align_corners=False)


def noisy(x: torch.Tensor, most: float) -> torch.Tensor:
    """Noise of colours or of grey, of light or not, fine or as a camera leaves it."""
    count = len(x)

    def drawn() -> torch.Tensor:
        return torch.rand(count, 1, 1, 1, device=x.device)

    noise = torch.randn_like(x)
    noise = torch.where(drawn() < 0.35, noise[:, :1], noise)
    soft = functional.avg_pool2d(noise, 3, 1, 1, count_include_pad=False) * 2.2
    noise = torch.where(drawn() < 0.2, soft, noise)
    of_light = torch.where(drawn() < 0.35, x.clamp(min=0.02).sqrt() * 1.4, 1.0)
    return x + noise * of_light * (0.004 + (most - 0.004) * drawn())


def sharpened(x: torch.Tensor) -> torch.Tensor:
    """By an unsharp mask."""
    kernel = constant("0.06 0.24 0.4 0.24 0.06", x.device)
    soft = functional.pad(x, (2, 2, 2, 2), "reflect")
    weights = (kernel[:, None] * kernel).expand(3, 1, 5, 5)
    soft = functional.conv2d(soft, weights, groups=3)
    return x + (0.3 + 1.2 * torch.rand(len(x), 1, 1, 1, device=x.device)) * (x - soft)


_LUMA: Final = (
    "16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 "
    "62 18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 "
    "98 112 100 103 99"
)
_CHROMA: Final = (
    "17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 "
    "99" + 32 * " 99"
)


_TO: Final = "0.299 0.587 0.114 -0.168736 -0.331264 0.5 0.5 -0.418688 -0.081312"
_BACK: Final = "1 0 1.402 1 -0.344136 -0.714136 1 1.772 0"


def jpeg(x: torch.Tensor, worst: float, best: float) -> torch.Tensor:
    """Saved as JPEG, each at a quality of its own; in most calls with halved colours."""
    device, side = x.device, x.shape[-1]
    halved = random.random() < 0.75
    x = functional.pad(x, (0, -side % 16, 0, -side % 16), "replicate") * 255
    quality = worst + (best - worst) * torch.rand(len(x), 1, 1, 1, 1, device=device)
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    to, back = (constant(numbers, device).reshape(3, 3) for numbers in (_TO, _BACK))
    luma, chroma = torch.einsum("ij,njhw->nihw", to, x).split((1, 2), 1)
    if halved:
        chroma = functional.avg_pool2d(chroma, 2)
    luma = _rounded(luma - 128, _LUMA, scale) + 128
    chroma = _rounded(chroma, _CHROMA, scale)
    if halved:
        chroma = functional.interpolate(chroma, scale_factor=2.0, mode="bilinear")
    x = torch.einsum("ij,njhw->nihw", back, torch.cat([luma, chroma], 1))
    return (x / 255).clamp(0, 1)[..., :side, :side]


def _rounded(planes: torch.Tensor, table: str, scale: torch.Tensor) -> torch.Tensor:
    """Their blocks' coefficients as multiples of the table's steps."""
    k = torch.arange(8.0, device=planes.device)
    waves = torch.cos((2 * k + 1) * k[:, None] * math.pi / 16) / 2
    waves[0] /= math.sqrt(2)
    steps = (
        ((constant(table, planes.device).reshape(8, 8) * scale + 50) / 100).floor().clamp(1, 255)
    )
    n, c, h, w = planes.shape
    blocks = planes.reshape(n, c, h // 8, 8, w // 8, 8).permute(0, 1, 2, 4, 3, 5)
    blocks = blocks.reshape(n, -1, 1, 8, 8)
    steps = steps.reshape(n, 1, 1, 8, 8)
    found = (waves @ blocks @ waves.T / steps).round() * steps
    found = (waves.T @ found @ waves).reshape(n, c, h // 8, w // 8, 8, 8)
    return found.permute(0, 1, 2, 4, 3, 5).reshape(n, c, h, w)


class Pairs:
    """Small and large pictures, so many that a batch mixes many calls of `damaged`."""

    def __init__(
        self, bank: Bank, factor: int, batch: int, count: int, *, faces: bool = False
    ) -> None:
        self.bank, self.factor, self.batch, self.faces = bank, factor, batch, faces
        side, device = WINDOW + LOOSE, bank.device
        self.small = torch.empty(count, 3, side, side, dtype=torch.uint8, device=device)
        self.large = torch.empty(
            count, 3, side * factor, side * factor, dtype=torch.uint8, device=device
        )
        self.next = 0
        for _ in range(count // batch):
            self.renew()

    def renew(self) -> None:
        """Another batch in place of the oldest."""
        large = self.bank.windows(self.batch, (WINDOW + LOOSE) * self.factor)
        rows = slice(self.next, self.next + self.batch)
        self.large[rows] = (large * 255).round().byte()
        self.small[rows] = (damaged(large, self.factor, 0.5 * self.faces) * 255).round().byte()
        self.next = (self.next + self.batch) % len(self.small)

    def draw(self, count: int, window: int) -> tuple[torch.Tensor, torch.Tensor]:
        """So many, the large one last."""
        rows = torch.randint(len(self.small), (count,), device=self.bank.device)
        top, left = (random.randrange(WINDOW + LOOSE - window + 1) for _ in range(2))
        f = self.factor
        small = self.small[rows, :, top : top + window, left : left + window].float() / 255
        large = self.large[rows, :, f * top : f * (top + window), f * left : f * (left + window)]
        turns = 0 if self.faces else random.randrange(4)
        return tuple(
            torch.rot90(x, turns, (2, 3)).contiguous(memory_format=torch.channels_last)
            for x in (small, large.float() / 255)
        )  # pyright: ignore[reportReturnType]


# ---------------------------------------------------------------------------------------------
# Learning


class Critic(nn.Module):
    """A U-Net with spectral norm that judges each pixel (Wang et al. 2021, Real-ESRGAN)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        w = width
        self.first = nn.Conv2d(3, w, 3, 1, 1)
        self.down = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, 2, 1, bias=False))
            for a, b in ((w, 2 * w), (2 * w, 4 * w), (4 * w, 4 * w))
        )
        self.up = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 3, 1, 1, bias=False))
            for a, b in ((4 * w, 4 * w), (4 * w, 2 * w), (2 * w, w))
        )
        self.deep = spectral_norm(nn.Conv2d(w, w, 3, 1, 1, bias=False))
        self.last = nn.Conv2d(w, 1, 3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A logit for each pixel."""
        passed = [functional.leaky_relu(self.first(2 * x - 1), 0.2)]
        for layer in self.down:
            passed.append(functional.leaky_relu(layer(passed[-1]), 0.2))
        x = passed.pop()
        for layer in self.up:
            x = functional.leaky_relu(layer(doubled(x)), 0.2) + passed.pop()
        return self.last(functional.leaky_relu(self.deep(x), 0.2))


class Seen(nn.Module):
    """What the reader sees first; its first layer is at half the size."""

    def __init__(self, reader: Any, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([reader.first, *reader.down[: depth - 1]])
        for part in self.modules():
            if isinstance(part, Normed) and isinstance(part.norm, nn.BatchNorm2d):
                part.conv, part.norm = fuse_conv_bn_eval(part.conv, part.norm), nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the reader begins."""
        x = 2 * x - 1
        for layer in self.layers:
            x = layer(x)
        return x


@dataclass
class Clock:
    """How far a training of so many seconds is."""

    seconds: float
    warm: float = 0.03

    def __post_init__(self) -> None:
        self.began = time.monotonic()

    @property
    def share(self) -> float:
        return (time.monotonic() - self.began) / self.seconds

    def rate(self, high: float) -> float:
        """Rising at first, then along a cosine to 0."""
        share = min(1.0, self.share)
        return high * min(1.0, share / self.warm + 0.01) * (0.5 + 0.5 * math.cos(math.pi * share))


class Average:
    """The moving average of a net's weights."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net, self.decay, self.count = net, decay, 0
        self.kept = [p.detach().clone() for p in net.parameters()]

    @torch.no_grad()
    def update(self) -> None:
        self.count += 1
        share = 1 - min(self.decay, self.count / (self.count + 10))
        weights: Any = torch
        weights._foreach_lerp_(self.kept, list(self.net.parameters()), share)

    def into(self, net: nn.Module) -> None:
        """Copy it."""
        with torch.no_grad():
            for p, kept in zip(net.parameters(), self.kept, strict=True):
                p.copy_(kept)


class Trainer:
    """One factor: pairs, the two nets, and what is measured."""

    def __init__(self, bank: Bank, factor: int, options: argparse.Namespace) -> None:
        self.bank, self.factor, self.options = bank, factor, options
        self.device = bank.device
        sizes = {"width": options.width, "depth": options.depth, "factor": factor}
        self.net = build("residual", sizes)
        on_card(self.net, self.device)
        self.pairs = Pairs(bank, factor, options.batch, options.pairs, faces=options.faces)
        self.began = time.monotonic()
        self.measured = self.prepared()

    def autocast(self) -> Any:
        return torch.autocast(self.device.type, torch.bfloat16)

    def steps(self, clock: Clock, name: str, uses: int, often: int = 250) -> Iterator[int]:
        """Step numbers until the time is over; says how it goes. Pairs are new after some uses."""
        step, said = 0, time.monotonic()
        while clock.share < 1:
            if step % 50 == 0 and not self.bank.there.all():
                self.bank.refresh()
            if step % uses == 0:
                self.pairs.renew()
            yield step
            step += 1
            if step % often == 0:
                if self.device.type == "cuda":
                    torch.cuda.synchronize()
                now = time.monotonic()
                print(
                    f"{name} {step} at {clock.share:.2f}, {often / (now - said):.1f} steps/s,"
                    f" {len(self.bank.numbers)} tiles; {self.told}",
                    flush=True,
                )
                said = now
                torch.save(self.net.state_dict(), self.options.out / "going.pt")
        self.made = step

    told = ""

    def soft(self, minutes: float) -> int:
        """By the difference from the truth; how many pictures were seen."""
        net, clock = self.net, Clock(60 * minutes)
        optimiser = torch.optim.AdamW(
            net.parameters(), self.options.rate, betas=(0.9, 0.99), weight_decay=0, fused=self.fused
        )
        average, losses = Average(net, 0.998), torch.zeros((), device=self.device)
        judge = self.judge() if self.options.faces else None
        for step in self.steps(clock, f"x{self.factor} soft", uses=3):
            small, large = self.pairs.draw(self.options.batch, WINDOW)
            with self.autocast():
                made = net(small).float()
            loss = off(made, large)
            if judge:
                loss = loss + self.options.perceptual * self.seen(judge, made, large)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            set_rate(optimiser, clock.rate(self.options.rate))
            optimiser.step()
            average.update()
            losses = losses.lerp(loss.detach(), 0.01)
            if step % 250 == 248:
                self.told = f"loss {float(losses):.4f}"
        average.into(net)
        return self.made * self.options.batch

    def sharp(self, minutes: float) -> int:
        """By features and a discriminator besides; how many pictures were seen."""
        options, net, clock = self.options, self.net, Clock(60 * minutes)
        critic = on_card(Critic(options.critic_width), self.device)
        judge = self.judge()
        ours, theirs = (
            torch.optim.Adam(m.parameters(), lr, betas=(0.9, 0.99), fused=self.fused)
            for m, lr in ((net, options.sharp_rate), (critic, options.critic_rate))
        )
        average = Average(net, 0.998)
        weights = {"off": 1.0, "seen": options.perceptual, "real": options.adversarial}
        alone = 0.06  # of the time, in which the discriminator learns by itself
        for step in self.steps(clock, f"x{self.factor} sharp", uses=4):
            small, large = self.pairs.draw(options.sharp_batch, WINDOW - 16)
            learns = clock.share > alone
            with torch.set_grad_enabled(learns), self.autocast():
                made = net(small).float()
            if learns:
                critic.requires_grad_(False)
                with self.autocast():
                    terms = {
                        "off": off(made, large),
                        "seen": self.seen(judge, made, large),
                        "real": functional.softplus(-critic(made).float()).mean(),
                    }
                loss = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
                if step % 250 == 249:
                    self.told = self.slopes(terms, weights, made)
                ours.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 0.5)
                set_rate(ours, options.sharp_rate * min(1, 2 * (1 - clock.share)) + 1e-7)
                ours.step()
                average.update()
                critic.requires_grad_(True)
            with self.autocast():
                real, fake = critic(torch.cat([large, made.detach()])).float().chunk(2)
            judged = functional.softplus(-real).mean() + functional.softplus(fake).mean()
            theirs.zero_grad()
            judged.backward()
            set_rate(theirs, options.critic_rate * min(1, 2 * (1 - clock.share)) + 1e-7)
            theirs.step()
            if step % 250 == 248:
                self.told += (
                    f", D {float(real.detach().mean()):.2f} {float(fake.detach().mean()):.2f}"
                )
        average.into(net)
        return self.made * options.sharp_batch

    def judge(self) -> Judge:
        """What the reader sees in pictures; of faces also what it sees last, who it is."""
        depth = 4 if self.options.faces else 3
        reader = on_card(Seen(load("reader").net.eval(), depth), self.device)
        names = ("layers.0.first", *(f"layers.{layer}" for layer in range(depth)))
        return Judge(reader, names)

    def seen(self, judge: Judge, made: torch.Tensor, large: torch.Tensor) -> torch.Tensor:
        """How far from the truth in what the reader sees, from any of its places on the pixels."""
        top, left = random.randrange(2), random.randrange(2)
        with self.autocast():
            ours, theirs = (x[..., top:, left:] for x in (made, large))
            return judge(ours, theirs)["perceptual"]

    @property
    def fused(self) -> bool:
        return self.device.type == "cuda"

    def slopes(self, terms: dict[str, Any], weights: dict[str, float], made: torch.Tensor) -> str:
        """How much each term pulls at the picture."""
        said = []
        for name, term in terms.items():
            (slope,) = torch.autograd.grad(weights[name] * term, made, retain_graph=True)
            said.append(f"{name} {float(term):.4f} pulls {float(slope.norm()) * 1e3:.2f}")
        return ", ".join(said)

    def prepared(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """What is measured on: small, large, in the order of tiles."""
        tiles = self.bank.tiles
        while not tiles.measured_ready.all():
            time.sleep(0.1)
        pairs = []
        for place in range(CHOSEN_BY):
            large = (
                torch.from_numpy(tiles.measured[place, :192, :192].copy()).permute(2, 0, 1) / 255
            )
            pairs.append((degrade_one(large, Chain.parse(MEASURED[self.factor]), place), large))
        return pairs

    def measure(self, name: str, out: Path) -> None:
        """Print how near to the truth and how sharp it is, and write a sheet."""
        rows, numbers = [], []
        for small, large in self.measured:
            with torch.no_grad():
                made = self.net(small[None].to(self.device))[0].float().clamp(0, 1).cpu()
            bicubic = functional.interpolate(
                small[None], scale_factor=float(self.factor), mode="bicubic"
            )[0].clamp(0, 1)
            edges = float(edge_energy(made) / edge_energy(large))
            ours, plain = (float(psnr_y(large, x, border=self.factor)) for x in (made, bicubic))
            numbers.append((ours, plain, edges))
            rows.append(torch.cat([bicubic, made, large], 2))
        for first, last in ((0, 16), (16, CHOSEN_BY)):
            psnr, plain, edges = np.mean(numbers[first:last], 0)
            print(
                f"{name}: {psnr:.2f} dB (bicubic {plain:.2f}), edge energy {edges:.2f}", flush=True
            )
        columns = [torch.cat(rows[first::4], 1) for first in range(4)]
        sheet = to_pixels(torch.cat(columns, 2))
        Image.fromarray(sheet).save(out / f"{name}.jpg", quality=92)

    def save(self, name: str, pictures: int, out: Path) -> None:
        """The net as a model file."""
        options = self.options
        card = Card(
            task="upscale",
            net="residual",
            sizes=self.net.sizes,
            settings={k: v for k, v in vars(options).items() if isinstance(v, int | float)},
            data=("" if options.faces else "leaves+")
            + "world:photo"
            + (f"+plain:{options.named}" if options.folder else ""),
            pictures=pictures,
            licence="" if options.folder else "MIT",
            command=f"python bench/wild.py {shlex.join(sys.argv[1:])}",
            about=ABOUT[2 if options.faces else "-sharp" in name].format(
                times={2: "twice", 4: "four times"}[self.factor],
                count=f"{len(self.bank.tiles.paths):,}",
            ),
        )
        save(out / f"{name}.safetensors", self.net.cpu(), card)
        self.net.to(self.device)


ABOUT: Final = (
    "enlarges {times} what phones and web pages have blurred, grained and squeezed; learned from"
    " leaves, painted faces and {count} photographs",
    "enlarges {times} what phones and web pages have blurred, grained and squeezed, and looks"
    " sharp: learned on by a discriminator from leaves, painted faces and {count} photographs",
    "enlarges faces {times} in what phones and web pages have blurred, grained and squeezed;"
    " learned from painted faces and {count} photographs",
)


def off(made: torch.Tensor, large: torch.Tensor) -> torch.Tensor:
    """The mean absolute difference, of colours and of the luma."""
    difference = made - large
    luma = torch.einsum("c,nchw->nhw", constant("0.299 0.587 0.114", made.device), difference)
    return torch.sqrt(difference.square() + 1e-5).mean() + torch.sqrt(luma.square() + 1e-5).mean()


def on_card(net: Any, device: torch.device) -> Any:
    """The net there, the channels of a pixel side by side."""
    return net.to(device).to(memory_format=torch.channels_last)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--faces", action="store_true", help="a net for faces alone")
    add("--factors", type=int, nargs="+", default=[4, 2])
    add("--folder", type=Path, action="append", default=[], help="photographs to learn from")
    add("--named", default="photographs", help="what the card calls the folders")
    add("--soft", type=float, nargs="+", default=[5.0, 1.5], help="minutes, for each factor")
    add("--sharp", type=float, nargs="+", default=[5.0, 1.5], help="minutes, for each factor")
    add("--start", default="", help="a model whose net is learned on, of the first factor")
    add("--out", type=Path, default=Path("runs/wild"))
    add("--device", default="cuda")
    add("--workers", type=int, default=14, help="processes that paint")
    add("--tiles", type=int, default=6000)
    add("--pairs", type=int, default=4096)
    add("--width", type=int, default=96)
    add("--depth", type=int, default=18)
    add("--batch", type=int, default=64)
    add("--rate", type=float, default=1e-3)
    add("--sharp-batch", type=int, default=32)
    add("--sharp-rate", type=float, default=2e-4)
    add("--critic-rate", type=float, default=4e-4)
    add("--critic-width", type=int, default=32)
    add("--perceptual", type=float, default=0.06)
    add("--adversarial", type=float, default=0.25)
    add("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    options = parsed()
    options.out.mkdir(parents=True, exist_ok=True)
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    kinds = FACES if options.faces else KINDS
    tiles = Tiles(
        options.folder, options.tiles, options.workers, kinds
    )  # forks: before CUDA begins
    device = torch.device(options.device)
    torch.backends.cudnn.benchmark = True
    torch.set_num_threads(1)
    bank = Bank(tiles, device)
    while bank.numbers.numel() < min(options.tiles, 48):
        bank.refresh()
        time.sleep(0.2)
    before: dict[str, torch.Tensor] = load(options.start).net.state_dict() if options.start else {}
    for factor, soft, sharp in zip(options.factors, options.soft, options.sharp, strict=False):
        print(f"x{factor} begins after {time.process_time():.0f} s", flush=True)
        trainer = Trainer(bank, factor, options)
        own = trainer.net.state_dict()
        fits = {name: t for name, t in before.items() if own[name].shape == t.shape}
        trainer.net.load_state_dict({**own, **fits})
        family, seen = "upscale-wild" + "-faces" * options.faces, 0
        name = f"{family}-x{factor}"
        if soft:
            seen = trainer.soft(soft)
            trainer.measure(name, options.out)
            trainer.save(name, seen, options.out)
        before = {k: t.detach().clone() for k, t in trainer.net.state_dict().items()}
        if sharp:
            name = f"{family}-sharp-x{factor}"
            seen += trainer.sharp(sharp)
            trainer.measure(name, options.out)
            trainer.save(name, seen, options.out)


if __name__ == "__main__":
    main()
