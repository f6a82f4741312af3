"""Terms of a reader: by hand, alone as in a batch, and true of what was done to a window."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import pytest
import torch

from trombine.core.conventions import GROUP_OF_PART
from trombine.data.staging import Staged
from trombine.faces import Fields
from trombine.losses import reading
from trombine.nets.reader import CENTRE_STEP, Reading
from trombine.training.methods import find, objective_of
from trombine.training.methods.reader import ReadObjective
from trombine.world import FIELDS, STYLES, face, paint

GENERATOR = torch.Generator().manual_seed(3)
COUNT, SIDE = 4, 32


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=GENERATOR)


def windows(**changes: torch.Tensor) -> Staged:
    parts = torch.randint(0, 19, (COUNT, SIDE, SIDE), generator=GENERATOR).to(torch.uint8)
    made = Staged(
        pixels=torch.zeros(COUNT, SIDE, SIDE, 3, dtype=torch.uint8),
        parts=parts,
        points=SIDE * torch.rand(COUNT, 68, 2, generator=GENERATOR),
        visible=torch.rand(COUNT, 68, generator=GENERATOR) < 0.7,
        shows=torch.tensor([True, True, False, True]),
        sizes=torch.tensor([16.0, 20.0, 12.0, 9.0]),
        middles=torch.tensor([[12.0, 20.0], [16.0, 16.0], [3.0, 30.0], [31.5, 0.5]]),
        mirrored=torch.tensor([False, True, True, False]),
        turned=torch.tensor([0.0, 0.3, -0.1, -0.4]),
        coloured=torch.tensor([True, False, True, True]),
        plain=torch.zeros(4, dtype=torch.bool),
        bent=torch.tensor([True, False, False, False]),
    )
    return dataclasses.replace(made, **changes)


def some_reading() -> Reading:
    return Reading(
        parts=noise(COUNT, 19, SIDE, SIDE),
        points=SIDE * torch.rand(COUNT, 68, 2, generator=GENERATOR),
        spreads=noise(COUNT, 68) - 3,
        centres=noise(COUNT, 2, SIDE // CENTRE_STEP, SIDE // CENTRE_STEP),
        face=noise(COUNT),
        features=noise(COUNT, 8),
        traits=noise(COUNT, 3),
        moment=noise(COUNT, 6),
    )


def rows(staged: Staged, here: slice) -> Staged:
    cells = {f.name: getattr(staged, f.name)[here] for f in dataclasses.fields(staged)}
    return Staged(**cells)


def test_each_term_is_the_mean_over_windows() -> None:
    """So that processes which share a batch agree with one that has it all."""
    staged, found = windows(), some_reading()

    def terms(of: Staged, what: Reading) -> torch.Tensor:
        counts = of.shows.float()
        return torch.stack(
            [
                reading.parts_loss(what.parts, of.parts),
                reading.overlap_loss(what.parts, of.parts, counts),
                *reading.points_loss(what, of, counts),
                reading.face_loss(what.face, of.shows),
                reading.centres_loss(what.centres, of),
            ]
        )

    halves = [slice(0, 2), slice(2, 4)]
    parts = [terms(rows(staged, h), Reading(*(one[h] for one in found))) for h in halves]
    torch.testing.assert_close(torch.stack(parts).mean(0), terms(staged, found))


def test_parts_by_hand() -> None:
    logits, staged = noise(1, 19, 2, 2), torch.tensor([[[1, 6], [255, 13]]], dtype=torch.uint8)
    shares = logits[0].log_softmax(0)
    counts = {1: 0.8, 6: 3.0, 13: 0.7}  # skin, a brow, hair
    places = {1: (0, 0), 6: (0, 1), 13: (1, 1)}
    wanted = sum(-counts[k] * float(shares[k, i, j]) for k, (i, j) in places.items()) / 4
    assert float(reading.parts_loss(logits, staged)) == pytest.approx(wanted, rel=1e-5)


def test_overlap_by_hand() -> None:
    logits, shown = noise(1, 19, 2, 3), [[1, 6, 255], [13, 7, 1]]  # skin, brows, hair, unknown
    shares = logits[0].softmax(0)
    known = [(i, j) for i in range(2) for j in range(3) if shown[i][j] != 255]
    lacks = []
    for group in {GROUP_OF_PART[shown[i][j]] for i, j in known}:
        likely = {p: float(shares[list(group == GROUP_OF_PART), *p].sum()) for p in known}
        area = [p for p in known if GROUP_OF_PART[shown[p[0]][p[1]]] == group]
        lacks.append(1 - 2 * sum(likely[p] for p in area) / (sum(likely.values()) + len(area)))
    assert len(lacks) == 3
    parts = torch.tensor([shown], dtype=torch.uint8)
    found = reading.overlap_loss(logits, parts, torch.tensor([0.5]))
    assert float(found) == pytest.approx(0.5 * sum(lacks) / 3, rel=1e-5)


def test_points_by_hand() -> None:
    staged, found = windows(), some_reading()
    far, said = reading.points_loss(found, staged, staged.shows.float())
    wanted_far, wanted_said = 0.0, 0.0
    for n in range(COUNT):
        for k in range(68):
            weight = (1.0 if staged.visible[n, k] else 0.3) * float(staged.shows[n])
            off = float((found.points[n, k] - staged.points[n, k]).abs().sum())
            wanted_far += weight * off / float(staged.sizes[n])
            spread = float(found.spreads[n, k])
            wanted_said += weight * abs(spread - math.log(max(off / SIDE, 1e-3)))
    assert float(far) == pytest.approx(wanted_far / (68 * COUNT), rel=1e-4)
    assert float(said) == pytest.approx(wanted_said / (68 * COUNT), rel=1e-4)


def test_what_is_said_of_an_error_moves_no_landmark() -> None:
    staged, found = windows(), some_reading()
    found = found._replace(
        points=found.points.requires_grad_(), spreads=found.spreads.requires_grad_()
    )
    far, said = reading.points_loss(found, staged, staged.shows.float())
    assert torch.autograd.grad(said, found.points, allow_unused=True, retain_graph=True) == (None,)
    assert torch.autograd.grad(far, found.spreads, allow_unused=True) == (None,)
    (slope,) = torch.autograd.grad(said, found.spreads)
    assert (slope[staged.shows] != 0).all() and (slope[~staged.shows] == 0).all()


def test_a_perfect_map_of_centres_costs_little() -> None:
    staged = windows()
    maps = torch.full((COUNT, 2, 4, 4), -8.0)
    maps[0, 0, 2, 1], maps[1, 0, 2, 2], maps[3, 0, 0, 3] = 8.0, 8.0, 8.0
    maps[:, 1] = staged.sizes.log()[:, None, None]
    best = float(reading.centres_loss(maps, staged))
    assert best < 0.01
    worse = maps.clone()
    worse[2, 0, 3, 0] = 8.0  # where no face is shown
    assert float(reading.centres_loss(worse, staged)) > best + 1
    worse = maps.clone()
    worse[0, 1, 2, 1] += 0.5
    assert float(reading.centres_loss(worse, staged)) == pytest.approx(best + 0.5 / COUNT, rel=1e-4)


def test_fields_after_mirroring_and_turning() -> None:
    fields = Fields.parse("age+yaw+roll+light_turn")
    vectors = torch.tensor([[40.0, 0.2, 0.1, 0.6]]).repeat(COUNT, 1)
    truth = fields.unscaled(reading.field_truth(fields, vectors, windows()))
    wanted = torch.tensor(
        [
            [40.0, 0.2, 0.1, 0.6],
            [40.0, -0.2, -0.1 + 0.3, -0.6],
            [40.0, -0.2, -0.1 - 0.1, -0.6],
            [40.0, 0.2, 0.1 - 0.4, 0.6],
        ]
    )
    torch.testing.assert_close(truth, wanted, rtol=1e-4, atol=1e-5)
    assert vectors[1, 1] == 0.2  # the batch's own numbers stay


def test_fields_that_are_no_longer_true_do_not_count() -> None:
    fields = Fields.parse("age+tone+light_turn+exposure+smile")
    styles = torch.tensor([0, 0, 0, 1])  # photo, photo, photo, anime
    counts = reading.field_counts(fields, styles, windows())
    assert counts[0].tolist() == [1, 1, 1, 1, 0]  # its mouth is bent
    assert counts[1].tolist() == [1, 0, 0, 0, 1]  # in other colours, and turned
    assert counts[2].tolist() == [0, 0, 0, 0, 0]  # shows no face
    assert counts[3].tolist() == [1, 1, 0, 0, 1]  # turned; anime draws no exposure
    assert reading.field_counts(fields, styles, None)[3].tolist() == [1, 1, 1, 0, 1]


@pytest.mark.parametrize("style", STYLES)
def test_what_a_style_does_not_draw_changes_its_pictures_hardly(style: str) -> None:
    """Painted from one end of a field to the other; and what is read there changes them more."""
    infos = {info.name: info for info in FIELDS}
    recipe = objective_of(find("reader"))
    assert isinstance(recipe, ReadObjective)
    names = {*recipe.traits.names, *recipe.moment.names}

    def changes(name: str) -> Iterator[float]:
        for seed in range(900_000, 900_006):
            ends = [
                paint(dataclasses.replace(face(seed), **{name: end}), 64, style).pixels.astype(int)
                for end in (infos[name].low, infos[name].high)
            ]
            yield np.abs(ends[0] - ends[1]).mean() / 6

    undrawn = set(reading.UNDRAWN.get(style, ())) & names
    assert all(sum(changes(name)) < 0.45 for name in undrawn)
    # Most are seen in the first face, and the others need not be painted.
    assert [n for n in names - undrawn if all(s < 0.02 for s in accumulate(changes(n)))] == []
