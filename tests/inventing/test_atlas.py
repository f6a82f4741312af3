"""The atlas of a generator: its directions, its faces, the page that shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from trombine.inventing import atlas
from trombine.inventing.making import Inventing, Pixels
from trombine.nets import build
from trombine.pages import plane
from trombine.weights import Card, save


def test_principal_directions_are_those_of_most_variance() -> None:
    """Of a cloud that is stretched along two known directions."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    codes = rng.normal(size=(40_000, 5)) * [0.1, 3, 0.1, 1.5, 0.1] @ axes + 7
    found = atlas.principal(codes)
    for row, (axis, length) in enumerate(((axes[1], 3), (axes[3], 1.5))):
        assert np.linalg.norm(found[row]) == pytest.approx(length, rel=0.02)
        assert abs(found[row] @ axis) == pytest.approx(length, rel=0.02)
        assert found[row][np.abs(found[row]).argmax()] > 0


def test_directions_that_are_read_are_those_by_which_codes_were_made() -> None:
    """Codes that are a known linear function of three fields, two of which go together, in noise;
    a row that was not read counts nothing."""
    rng = np.random.default_rng(1)
    fields = rng.normal(size=(20_000, 3)) * [10, 1, 0.1] + [40, 0, 5]
    fields[:, 1] += 0.05 * fields[:, 0]
    truth = rng.normal(size=(3, 6))
    codes = (fields / fields.std(0)) @ truth + 0.1 * rng.normal(size=(20_000, 6))
    fields[7], codes[7] = np.nan, 1e6
    assert_allclose(atlas.regressed(codes, fields), truth, atol=0.01)
    constant = np.column_stack([fields[:100], np.ones(100)])
    assert_allclose(atlas.regressed(codes[:100], constant)[3], 0, atol=1e-9)


def test_a_plane_holds_each_picture_once_in_rows_and_columns() -> None:
    rows = [[np.full((4, 4, 3), 10 * y + x, np.uint8) for x in range(3)] for y in range(2)]
    html = plane(rows, label="faces", across="left to right", down="up to down")
    assert "--columns:3;--rows:2" in html and html.count("url(data:") == 1
    assert re.findall(r'max="(\d)" value="(\d)"', html) == [("2", "1"), ("1", "1")]
    assert "left to right" in html and "up to down" in html


def test_the_page_has_both_planes_and_needs_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlas, "SIDE", 3)
    monkeypatch.setattr(atlas, "SEEDS", 6)
    sizes = {"latent": 6, "size": 32, "width": 4, "hidden": 8, "details": 4, "levels": 1}
    net = build("inventor", {**sizes, "steps": 2, "finish": 1, "fields": "age+smile"})
    path = tmp_path / "tiny.safetensors"
    save(path, net, Card(task="generate", net="inventor", sizes=net.sizes, data="world:anime#48"))

    def reads(pixels: Pixels, names: Sequence[str]) -> dict[str, float]:
        values = {"age": float(pixels[..., 0].mean()), "smile": float(pixels[:16].mean())}
        return {name: values[name] for name in names if name in values}

    inventing = Inventing(path=path, size=32, truncation=1.0, asked={}, reads=reads)
    html = atlas.page(inventing, "tiny", 1).html()
    assert html.count('class="plane"') == 3 and "age, 16 to 85" in html
    assert "smile, as read" in html and "light_turn" not in html
    without = atlas.page(replace(inventing, reads=None), "tiny", 1).html()
    assert without.count('class="plane"') == 2
    assert atlas.foot(inventing) in html
    assert not re.search(r'(src|href)="(?!data:|#)', html)
    code = atlas.codes(inventing)[0]
    assert np.array_equal(atlas.at_code(inventing, code), atlas.at_code(inventing, 2 * code))
