"""How near drawings come to what is painted: faces that are painted in two styles.

One is shown, the other is the truth. Gains are over the best of five floors: the untouched picture,
colour transfer, histogram matching, the nearest of 64 faces, and filters.

What is kept of a person is what the witness reads of the drawing, beside what it reads of the true
one. Of pose, smile and hair's colour: how much of what differs from face to face it reads alike
(R2: 1 is all, 0 is as much as the mean of all faces says). Of glasses and hat: the mean of two
shares, of those who wear one and of those who do not, that are read as such (.5 is chance). The
same of the untouched photograph says how alike the witness reads one person in two styles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32
from table import Row, at_least, at_most
from torch.nn import functional

from trombine.core.conventions import to_picture
from trombine.eval.fidelity import frechet
from trombine.eval.methods import TASKS
from trombine.eval.restoration import by_witness
from trombine.eval.witness import Seen, field_names, seen
from trombine.metrics import psnr, ssim
from trombine.metrics.reading import explained
from trombine.world import STYLES, face, paint

SIDE: Final = 128
SMALL: Final = 64
MANY: Final = 500  # truths, of which the partner is to be the nearest
DRAWN: Final = ("anime", "cartoon", "sketch")
FLOORS: Final = ("input", "colour transfer", "histogram matching", "nearest face", "filters")
BATCH: Final = 16
Groups = Mapping[str, tuple[str, ...]]
KEPT: Final[Groups] = {
    "pose": ("yaw", "pitch", "roll"),
    "smile": ("smile",),
    "hair's colour": ("hair_light", "hair_red", "hair_grey"),
}
GREY: Final = {"hair's colour": ("hair_light",)}  # what a sketch shows of it
WORN: Final = ("glasses", "hat")
OTHERS: Final = 1000  # seeds from here on have other people
Pictures = Float32[torch.Tensor, "n 3 h w"]
Method = Callable[..., Pictures]
Rows = Iterator[Row]


def painted(seeds: Sequence[int], style: str, side: int = SIDE) -> Pictures:
    """Faces in a style."""
    return torch.stack([to_picture(paint(face(seed), side, style).pixels) for seed in seeds])


def drawn_by(method: Method, pictures: Pictures, **styles: str) -> Pictures:
    """What a method draws, a few pictures at a time."""
    return torch.cat([method(batch, **styles) for batch in pictures.split(BATCH)])


def every_pair(first: int, count: int, name: str) -> Rows:
    """Every ordered pair of styles; of photographs as anime all measures, at two sizes."""
    seeds = range(first, first + count)
    every = {one: TASKS["restyle"].baselines[one] for one in FLOORS}
    every[name] = TASKS["restyle"].net(name)
    truths = {style: painted(seeds, style) for style in STYLES}
    for source, style in permutations(STYLES, 2):
        results = {
            who: drawn_by(method, truths[source], style=style, source=source)
            for who, method in every.items()
        }
        each = {who: psnr(one, truths[style]) for who, one in results.items()}
        scores = {who: float(one.mean()) for who, one in each.items()}
        floor = max(scores[who] for who in FLOORS)
        pair = f"{source} to {style}"
        if (source, style) != ("photo", "anime"):
            yield Row(f"{pair}: PSNR", scores[name], "dB")
            yield at_least(f"{pair}: gain over floors", scores[name] - floor, "dB", 2.5)
            continue
        many = painted(range(first, first + max(count, MANY)), style)
        yield Row(f"{pair}: PSNR of the best floor", floor, "dB")
        yield from measured(pair, results[name], many)
        rows = list(small(first, len(many), every[name]))
        yield from rows
        apart = scores[name] - rows[0].value
        yield at_least(f"{pair}: PSNR over that at {SMALL} px", apart, "dB", -1)


def small(first: int, count: int, method: Method) -> Rows:
    """Photographs as anime, painted at 64 pixels. As the command does with a face as small as that,
    they are resized to the net's 128 pixels, drawn, and resized again."""
    seeds = range(first, first + count)
    photos, truths = (painted(seeds, style, SMALL) for style in ("photo", "anime"))
    large = drawn_by(method, _resized(photos, SIDE), style="anime", source="photo")
    yield from measured(f"photo to anime, {SMALL} px", _resized(large, SMALL), truths)


def _resized(pictures: Pictures, side: int) -> Pictures:
    return functional.interpolate(pictures, (side, side), mode="bilinear", antialias=True)


def measured(pair: str, results: Pictures, truths: Pictures) -> Rows:
    """All measures of results, whose truths are the first of as many or more."""
    own = truths[: len(results)]
    rows = [by_witness(seen(a[None]), seen(b[None])) for a, b in zip(results, own, strict=True)]
    means = {
        name: float(np.mean([row[name] for row in rows if row])) for name in ("parts", "landmarks")
    }
    yield at_least(f"{pair}: PSNR", float(psnr(results, own).mean()), "dB", 18)
    yield at_least(f"{pair}: SSIM", float(ssim(results, own).mean()), "", 0.55)
    yield at_least(f"{pair}: partner of {len(truths)}", partners(results, truths), "", 0.85)
    yield at_least(f"{pair}: parts", means["parts"], "", 0.85)
    yield at_most(f"{pair}: landmarks off, of the pupils' distance", means["landmarks"], "%", 3)


def partners(results: Pictures, truths: Pictures) -> float:
    """How often a result's own truth, which has its place, is the nearest of all truths."""
    apart = torch.cdist(results.flatten(1), truths.flatten(1))
    return float((apart.argmin(1) == torch.arange(len(results))).double().mean())


# ---------------------------------------------------------------------------------------------
# What the witness says


def witnessed(first: int, count: int, method: Method) -> Rows:
    """Photographs in each drawn style: what is kept of a person, and whether it is the style."""
    seeds = range(first, first + count)
    others = range(first + OTHERS, first + OTHERS + count)
    photos = painted(seeds, "photo")
    untouched = seen(photos)
    for style in DRAWN:
        pair = f"photo to {style}"
        results = seen(drawn_by(method, photos, style=style, source="photo"))
        truths, strangers = (seen(painted(those, style)) for those in (seeds, others))
        groups = {**KEPT, **(GREY if style == "sketch" else {})}
        floor = kept(untouched, truths, groups)
        for name, value in kept(results, truths, groups).items():
            yield Row(f"{pair}: {name} kept", value, "")
            yield Row(f"{pair}: {name} kept, untouched", floor[name], "")
        yield Row(f"{pair}: called {style}", called(results, style), "")
        real = strangers.features.double().numpy()
        for who, one in {"": results, ", of the truth": truths, ", untouched": untouched}.items():
            distance = frechet(one.features.double().numpy(), real)
            yield Row(f"{pair}: Fréchet distance{who}", distance, "")


def kept(results: Seen, truths: Seen, groups: Groups = KEPT) -> dict[str, float]:
    """How much of each group of fields, and of what is worn, the witness reads alike of pictures
    and of their truths."""
    names = field_names()
    alike = dict(zip(names, explained(results.fields, truths.fields).tolist(), strict=True))
    shares = {about: float(np.mean([alike[one] for one in some])) for about, some in groups.items()}
    for name in WORN:
        ours, true = (one.fields[:, names.index(name)] > 0.5 for one in (results, truths))
        each = [(ours[true == worn] == worn).double().mean() for worn in (True, False)]
        shares[name] = float(torch.stack(each).nanmean())
    return shares


def called(results: Seen, style: str) -> float:
    """The share that the witness takes for faces of a style."""
    is_style = results.styles.argmax(1) == STYLES.index(style)
    return float((is_style & results.is_face).double().mean())
