"""The programs that measure restyling: what is perfect is so, and what is off is so by as much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import restyle
import restyle_pairs as pairs
import restyle_portraits as portraits
import torch
import upscale
from restyle_portraits import Proportions
from table import Row

from trombine.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.data.proportions import eyes
from trombine.images import as_seen
from trombine.judge.witness import Seen, seen
from trombine.restyling.drawing import Restyling
from trombine.restyling.making import model_of
from trombine.world import face, paint

NOBODYS = range(2_000_000, 2_000_008)


def values(rows: pairs.Rows) -> dict[str, Row]:
    return {row.name: row for row in rows}


# Pairs ---------------------------------------------------------------------------------------


def test_the_truth_is_perfect() -> None:
    """Its own partner among others too, and no landmark is off."""
    truths = pairs.painted(NOBODYS, "anime", 64)
    rows = values(pairs.measured("x", truths[:3], truths))
    assert rows["x: PSNR"].value == float("inf")
    assert all(rows[f"x: {name}"].value == 1 for name in ("SSIM", "partner of 8", "parts"))
    assert rows["x: landmarks off, of the pupils' distance"].value == 0
    assert all(row.ok for row in rows.values())


def test_a_partner_is_the_nearest_of_all_truths() -> None:
    """Two of three are near their own; the third is near one that is nobody's."""
    truths = torch.arange(4).float().view(4, 1, 1, 1).expand(-1, 3, 8, 8)
    assert pairs.partners(truths[[0, 1, 3]] + 0.2, truths) == pytest.approx(2 / 3)


def test_small_faces_are_drawn_large() -> None:
    """The method is given 128 pixels of what is painted at 64; what it draws is shrunk again."""
    sizes: list[tuple[int, ...]] = []

    def method(pictures: pairs.Pictures, **styles: str) -> pairs.Pictures:
        sizes.append(tuple(pictures.shape))
        assert styles == {"style": "anime", "source": "photo"}
        truths = pairs.painted(NOBODYS[:2], "anime", 64)
        return truths.repeat_interleave(2, 2).repeat_interleave(2, 3)

    rows = values(pairs.small(NOBODYS[0], 2, method))
    assert sizes == [(2, 3, 128, 128)]
    assert rows["photo to anime, 64 px: PSNR"].value > 25


def test_what_is_kept() -> None:
    """Of the truth all; of other people less; of what is worn the mean of two shares."""
    truths = seen(pairs.painted(NOBODYS, "anime"))
    everything = pairs.kept(truths, truths)
    assert set(everything) == {"pose", "smile", "hair's colour", "glasses", "hat"}
    assert list(everything.values()) == pytest.approx([1] * 5)
    strangers = seen(pairs.painted(range(2_000_100, 2_000_108), "anime"))
    assert max(pairs.kept(strangers, truths)[name] for name in pairs.KEPT) < 0.5


def test_glasses_that_are_kept_and_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two pairs is kept, and of three people without any one has some: 1/2 and 2/3."""
    monkeypatch.setattr(pairs, "WORN", ("glasses",))
    people = seen(pairs.painted(NOBODYS[:5], "photo"))
    column = pairs.field_names().index("glasses")

    def wearing(*glasses: float) -> Seen:
        fields = people.fields.clone()
        fields[:, column] = torch.tensor(glasses)
        return replace(people, fields=fields)

    truths, results = wearing(1, 1, 0, 0, 0), wearing(1, 0, 1, 0, 0)
    assert pairs.kept(results, truths, {})["glasses"] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_the_style_is_what_the_witness_calls_it() -> None:
    """A truth is of its style and of no other; a picture without a face is of none."""
    truths = pairs.painted(NOBODYS, "cartoon")
    assert pairs.called(seen(truths), "cartoon") == 1
    assert pairs.called(seen(truths), "photo") == 0
    assert pairs.called(seen(torch.full_like(truths, 0.5)), "sketch") == 0


def test_rows_of_the_truth_as_a_method() -> None:
    """A method that draws what is painted keeps everything, in each style."""

    def method(pictures: pairs.Pictures, *, style: str, source: str) -> pairs.Pictures:
        assert source == "photo"
        return pairs.painted(NOBODYS[: len(pictures)], style)

    rows = values(pairs.witnessed(NOBODYS[0], 6, method))
    for style in pairs.DRAWN:
        about = f"photo to {style}"
        for name in ("pose", "smile", "hair's colour", "glasses", "hat"):
            assert rows[f"{about}: {name} kept"].value == pytest.approx(1)
        assert rows[f"{about}: called {style}"].value == 1
        distance, floor = (
            rows[f"{about}: Fréchet distance{who}"].value for who in ("", ", of the truth")
        )
        assert distance == floor > 0


# Portraits -----------------------------------------------------------------------------------


def some_faces(count: int, seed: int) -> portraits.Points:
    """Landmarks without any order but that of eyes."""
    points = np.random.default_rng(seed).normal(0, 1, (count, 68, 2))
    for eye, x in zip(("right_eye", "left_eye"), (-3, 3), strict=True):
        points[:, list(LANDMARK_GROUPS[eye])] += [x, 0]
    return points


def changed(points: portraits.Points) -> portraits.Points:
    """In the frame of its eyes each landmark moves with its neighbour, and by a constant."""
    middle, across = eyes(points)
    places = (points[..., 0] + 1j * points[..., 1] - middle) / across
    places = 0.9 * places + 0.2 * np.roll(places.conj(), 1, 1) + 0.1 - 0.3j
    there = middle + across * places
    return np.stack([there.real, there.imag], -1)


def test_proportions_find_an_affine_change_exactly() -> None:
    """Whatever the place, size and turn of a face that was not among those that taught it."""
    people, others = some_faces(400, 0), some_faces(20, 1)
    proportions = Proportions.learned(people, changed(people), noise=1e-6)
    turn = 7 * np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    moved = others @ turn + [50, 60]
    assert np.allclose(proportions.of(moved), changed(moved), atol=1e-5)


def test_proportions_of_the_same_style_are_none() -> None:
    people = portraits.exact(range(40), "photo")
    proportions = Proportions.learned(people, people)
    others = portraits.exact(NOBODYS, "photo")
    assert np.allclose(proportions.of(others), others)


def test_proportions_of_the_world_hold_for_people_of_other_seeds() -> None:
    people = {style: portraits.exact(range(600), style) for style in ("photo", "cartoon")}
    proportions = Proportions.learned(people["photo"], people["cartoon"])
    photos, drawings = (portraits.exact(NOBODYS, style) for style in ("photo", "cartoon"))
    without = portraits.off(photos, drawings).mean()
    assert portraits.off(proportions.of(photos), drawings).mean() < 0.2 * without


def test_proportions_hold_for_real_peoples_where_they_were_learned_so() -> None:
    """People who are bent are beyond those who are not: a map learned from the latter goes on too
    far, and one learned from the former is as good for both."""
    errors = {}
    for bent in (False, True):
        people = {
            style: portraits.exact(range(600), style, bent=bent) for style in ("photo", "cartoon")
        }
        proportions = Proportions.learned(people["photo"], people["cartoon"])
        for of_bent in (False, True):
            photos, drawings = (
                portraits.exact(NOBODYS, style, bent=of_bent) for style in ("photo", "cartoon")
            )
            errors[bent, of_bent] = portraits.off(proportions.of(photos), drawings).mean()
    assert errors[True, True] < 0.5 * errors[False, True]
    assert errors[True, False] < 1.5 * errors[False, False]


def test_landmarks_off_are_in_pupils_distances() -> None:
    true = some_faces(3, 2)
    wide = np.abs(eyes(true)[1])[:, :, None]
    points = true + wide * [0.03, 0.04]
    assert portraits.off(points, true) == pytest.approx([5] * 3, rel=1e-5)


def test_portraits_that_are_drawn_perfectly() -> None:
    """Painted people as portraits, their true drawings as results: as near as the map."""
    people = {style: portraits.exact(range(600), style) for style in ("photo", "anime")}
    proportions = Proportions.learned(people["photo"], people["anime"])
    before, after = (seen(pairs.painted(NOBODYS, style)) for style in ("photo", "anime"))
    rows = values(portraits.compared("anime", proportions, before, after))
    assert rows["portraits to anime: landmarks off"].value < 4
    assert rows["portraits to anime: landmarks off, untouched"].value > 8
    assert all(row.ok for row in rows.values())
    wrong = values(portraits.compared("anime", proportions, before, before))
    assert wrong["portraits to anime: called anime"].value == 0
    assert not wrong["portraits to anime: landmarks off"].ok


def test_portraits_that_are_not_there_are_skipped_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(upscale, "SHARED", tmp_path)
    monkeypatch.setattr(portraits, "LEARNED", range(200))
    monkeypatch.setattr(portraits, "of_painted", lambda first, maps: iter(()))
    asked = Restyling(path=model_of("restyle"), target="anime")
    assert not list(portraits.real(NOBODYS[0], 2, asked))
    assert capsys.readouterr().err.startswith("skipped")


def test_a_portrait_is_seen_where_its_face_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A painted face as a file, drawn as the command does it: the eyes stay in their places."""
    from trombine.images import write
    from trombine.world import face, paint

    folder = tmp_path / "portraits"
    write(folder / "a.png", paint(face(NOBODYS[0]), 200, "photo").pixels)
    (folder / "test.txt").write_text("a.png\n")
    monkeypatch.setattr(portraits, "SHARED", tmp_path)
    (portrait,) = portraits.portraits(5)
    result = portrait.drawn(Restyling(path=model_of("restyle"), target="sketch"))
    windows = torch.stack([portrait.window(one) for one in (portrait.image, result)])
    before, after = (portraits._points(seen(one[None])) for one in windows)
    assert portraits.off(after, before).mean() < 6
    assert pairs.called(seen(windows[1:]), "sketch") == 1


# In pictures -----------------------------------------------------------------------------------


def test_a_head_in_a_picture_is_scored_alone() -> None:
    """Its own pixels are the truth; all off by 51 of 255 are 14 dB off it; no ground counts."""
    truth = paint(face(NOBODYS[0]), restyle.SHOWN, "photo")
    inside = slice(restyle.ROUND, -restyle.ROUND)
    placed = as_seen(restyle.before_leaves(NOBODYS[0], truth))[inside, inside]
    assert restyle.psnr_of_head(placed, truth) == float("inf")
    off = np.where(truth.pixels < 128, truth.pixels + 51, truth.pixels - 51).astype(np.uint8)
    off[truth.parts == PART_INDEX["background"]] = 0
    assert restyle.psnr_of_head(off, truth) == pytest.approx(20 * np.log10(5))
    assert not np.array_equal(placed, truth.pixels)


def test_every_pair_is_measured_in_pictures() -> None:
    asked = Restyling(path=model_of("restyle"), target="anime")
    rows = list(restyle.placed(NOBODYS[0], 1, asked))
    assert len({row.name for row in rows}) == 12
    assert all(8 < row.value < 30 for row in rows)
