"""How well damage by hands is found: scratches, dust, creases, torn corners of old prints.

    python bench/scratches.py [--first-seed N] [--count M] [--model NAME|PATH] [--json]

Faces and leaves of held-out seeds, and the photographs that scikit-image brings along, are spoiled
by `old-photo`; the pixels of `inpainting.scratches` are compared with those that were damaged.
Precision is the share of detected pixels within 2 px of a damaged one, recall the share of damaged
pixels within 2 px of a detected one, over all pictures of a set. The recall of a kind is that of
photographs which have this kind alone. Whatever is detected in whole photographs is false. Last,
the time for 12 megapixels.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Iterator
from typing import Final

import torch
from table import Row, at_least, at_most, options, report, seconds
from upscale_pictures import Pictures, faces, leaves, photographs

from trombine.core.rng import FIRST, Rng
from trombine.data.degrade import HANDLING, Chain
from trombine.data.prints import Marked
from trombine.inpainting.scratches import NET, scratches
from trombine.metrics import PROTOCOL_SEEDS
from trombine.metrics.detection import Matches, matches, pooled
from trombine.models import Model, load

COUNT: Final = 48
GOAL: Final = 0.8  # of precision and of recall
FALSE: Final = 1.0  # % of the pixels of whole photographs, on average
SECONDS: Final = 6.0  # for a picture of so many pixels
LARGE: Final = (3000, 4000)
OLD_PHOTO: Final = Chain.parse("old-photo")
# Each kind alone and on every picture, as strong as in old-photo.
KINDS: Final = {
    step.terms[0].name: Chain.parse(f"blur:gaussian:0.3-1+noise:grey:0.01-0.05+{step.terms[0]}")
    for step in OLD_PHOTO.steps
    if step.terms[0].name in HANDLING
}


def coloured(picture: torch.Tensor) -> torch.Tensor:
    """Three channels, whatever the picture has."""
    return picture.expand(3, -1, -1).contiguous()


def spoiled(picture: torch.Tensor, chain: Chain, seed: int) -> Marked:
    """One picture after a chain, and what hands damaged of it."""
    return chain.marked(coloured(picture)[None], Rng(seed=seed, places=FIRST), by=HANDLING)


def counts(
    model: Model, pictures: Iterable[torch.Tensor], chain: Chain, first: int
) -> list[Matches]:
    """The counts of each picture after this chain, which is drawn by the seeds from `first` on."""
    results = []
    for seed, picture in enumerate(pictures, first):
        marked = spoiled(picture, chain, seed)
        detected = scratches(marked.pictures[0], model=model)
        results.append(matches(detected[None], marked.damaged[0] > 0))
    return results


def set_rows(model: Model, pictures: Pictures, first: int) -> Iterator[Row]:
    """Precision and recall over one set."""
    every = pooled(counts(model, pictures.truths.values(), OLD_PHOTO, first))
    yield at_least(f"{pictures.name}: precision", every.precision, "", GOAL)
    yield at_least(f"{pictures.name}: recall", every.recall, "", GOAL)


def kind_rows(model: Model, photos: Pictures, first: int) -> Iterator[Row]:
    """The recall of each kind of damage."""
    for name, chain in KINDS.items():
        every = pooled(counts(model, photos.truths.values(), chain, first))
        yield Row(f"photographs with {name} alone: precision", every.precision, "")
        yield Row(f"photographs with {name} alone: recall", every.recall, "")


def false_rows(model: Model, photos: Pictures) -> Iterator[Row]:
    """What is detected in photographs that are whole."""
    shares = {
        name: 100 * float(scratches(coloured(picture), model=model).float().mean())
        for name, picture in photos.truths.items()
    }
    mean, worst = statistics.mean(shares.values()), max(shares, key=lambda name: shares[name])
    yield at_most("whole photographs: detected", mean, "% of the pixels", FALSE)
    yield Row(f"whole photographs: most, in {worst}", shares[worst], "% of the pixels")


def time_row(model: Model) -> Row:
    """Seconds for a large picture."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(3, *LARGE, generator=generator)
    scratches(picture[:, :256, :256].contiguous(), model=model)
    taken = seconds(lambda: scratches(picture, model=model))
    return at_most("12 megapixels", taken, "s", SECONDS)


def main() -> int:
    """Measure, print, say whether every goal is met."""
    given = options(__doc__, first_seed=PROTOCOL_SEEDS.start, count=COUNT, model=NET)
    model, first = load(given.model, task="detect"), given.first_seed
    seeds, photos = range(first, first + given.count), photographs()
    rows = [
        row
        for pictures in (faces(seeds), leaves(seeds), photos)
        for row in set_rows(model, pictures, first)
    ]
    rows += [*kind_rows(model, photos, first), *false_rows(model, photos), time_row(model)]
    return report(rows, json=given.json)


if __name__ == "__main__":
    sys.exit(main())
