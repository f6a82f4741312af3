"""Faces with points placed by hand, who they are, and what each is for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trombine.core.conventions import PART_INDEX
from trombine.core.errors import InputError
from trombine.data.layouts import list_folder
from trombine.data.pack import Pack
from trombine.data.people import landmarks_of
from trombine.data.prepare import PrepareOptions, prepare_pack
from trombine.data.source import parse, source, tiles_path
from trombine.data.split import split

SIZE = 32


def pictures(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        chance = np.random.default_rng([*name.encode()])
        Image.fromarray(chance.integers(0, 256, (SIZE, SIZE, 3), np.uint8)).save(folder / name)


def family(folder: Path, count: int = 40) -> Path:
    """So many people, two pictures each; the first three are for tests."""
    people = [f"p{number:02d}" for number in range(count)]
    pictures(folder, *(f"{who}_{mood}.png" for who in people for mood in ("calm", "glad")))
    rows = (f"{who},{20 + n},{('female', 'male')[n % 2]},x" for n, who in enumerate(people))
    (folder / "people.csv").write_text("\n".join(["person,age,gender,origin", *rows]) + "\n")
    tests = [f"{who}_{mood}.png" for who in people[:3] for mood in ("calm", "glad")]
    (folder / "test.txt").write_text("\n".join(tests) + "\n")
    return folder


def test_nobody_is_learned_from_and_measured_on(tmp_path: Path) -> None:
    listing = list_folder(family(tmp_path))
    uses: dict[int, set[int]] = {}
    for record in listing.records:
        uses.setdefault(record.label, set()).add(record.split)
    assert all(len(use) == 1 for use in uses.values())
    counts = [sum(use == {split} for use in uses.values()) for split in range(3)]
    assert counts[2] == 3 and counts[1] >= 1 and counts[0] >= 30
    learned, measured = split(f"folder:{tmp_path}", SIZE, 64)
    who = [{Path(f).name[:3] for p in s.parts for f in p.files()} for s in (learned, measured)]
    assert who[0] and who[1] and not who[0] & who[1]
    assert not {"p00", "p01", "p02"} & (who[0] | who[1])


def test_squares_of_people_are_apart_too(tmp_path: Path) -> None:
    folder, path = family(tmp_path / "faces"), tmp_path / "pack"
    prepare_pack(folder, path, PrepareOptions(size=SIZE // 2, crop="tiles"))
    pack = Pack(path)
    assert pack.splits is not None and len(pack) == 4 * 80
    uses: dict[str, set[int]] = {}
    for row, use in enumerate(pack.splits.tolist()):
        uses.setdefault(pack.name(row)[:3], set()).add(use)
    assert all(len(use) == 1 for use in uses.values()) and {1} in uses.values()


def test_numbers_of_people_go_with_their_pictures(tmp_path: Path) -> None:
    listing = list_folder(family(tmp_path))
    assert listing.vector_names == ("age", "masculine")
    found = {listing.classes[record.label]: record.vector for record in listing.records}
    assert found["p05"].tolist() == [25, 1] and found["p10"].tolist() == [30, 0]


def test_a_list_of_the_folder_above_is_kept_to(tmp_path: Path) -> None:
    pictures(tmp_path / "faces", "a.png", "b.png", "c.png")
    (tmp_path / "test.txt").write_text("faces/b.png\nscenes/x.png\n")
    assert [record.split for record in list_folder(tmp_path / "faces").records] == [0, 2, 0]


def test_68_points_are_taken_as_they_are_and_others_left_out(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png", "b.png", "c.png")
    points = np.random.default_rng(0).uniform(0, SIZE, (68, 2)).astype(np.float32)
    np.savetxt(tmp_path / "a.points.txt", points, "%.6f")
    np.savetxt(tmp_path / "b.points.txt", points[:5], "%.6f")
    listing = list_folder(tmp_path)
    assert listing.layout == "people"
    rows = source(f"folder:{tmp_path}", SIZE).take(np.arange(3))
    np.testing.assert_allclose(rows["points"][0], points, atol=1e-4)
    assert np.isnan(rows["points"][1:]).all()


@pytest.mark.parametrize("text", ["1 2\n3\n", "1 x\n2 y\n", "1 2 3\n4 5 6\n", "nan 1\n2 3\n"])
def test_what_is_no_list_of_points_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    pictures(tmp_path, "a.png")
    (tmp_path / "a.points.txt").write_text(text)
    with pytest.raises(InputError, match=r"a\.points\.txt"):
        list_folder(tmp_path)


def test_people_csv_without_persons_is_refused(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png")
    (tmp_path / "people.csv").write_text("name,age\na,3\n")
    with pytest.raises(InputError, match="column person"):
        list_folder(tmp_path)


# What the README of the data says is the same point in both templates, 68: 189.
SAME = {36: 18, 39: 22, 42: 23, 45: 27, 48: 87, 54: 93, 51: 90, 62: 96, 66: 101, 57: 106}
SAME |= {33: 55, 8: 129}


def test_189_points_become_68() -> None:
    points = np.random.default_rng(1).uniform(0, 100, (189, 2))
    found = landmarks_of(points)
    for number, at in SAME.items():
        np.testing.assert_allclose(found[number], points[at], rtol=1e-6)


def test_points_on_curves_lie_at_their_shares() -> None:
    """On straight lines they are where arithmetic says."""
    points = np.zeros((189, 2))
    jaw = (109, 185, 110, 186, 111, 125, 126, 127, 128, 129)
    points[[*jaw], 1] = [0, 1, 5, 6, 20, 30, 50, 60, 70, 80]  # uneven steps along a line
    points[[18, 19, 20, 21, 22], 0] = [10, 13, 15, 27, 30]
    found = landmarks_of(points)
    np.testing.assert_allclose(found[:9, 1], np.arange(0, 90, 10), rtol=1e-6)
    np.testing.assert_allclose(found[36:40, 0], [10, 16.4, 23.6, 30], rtol=1e-6)


def test_parts_are_known_within_outlines(tmp_path: Path) -> None:
    """Rectangles: an eye's, and lips that meet in a line; of all else nothing is known."""
    pictures(tmp_path, "a.png")
    points = np.full((189, 2), -9.0)  # out of the picture
    points[18:23] = [[4, 4], [5, 4], [6, 4], [8, 4], [10, 4]]
    points[28:31] = [[4, 9], [7, 9], [10, 9]]
    points[87:94] = [[4, 20], [4, 18], [6, 18], [8, 18], [10, 18], [12, 18], [12, 20]]
    points[94:99] = points[99:104] = [[5, 20], [6, 20], [8, 20], [10, 20], [11, 20]]
    points[104:109] = [[4, 23], [6, 23], [8, 23], [10, 23], [12, 23]]
    np.savetxt(tmp_path / "a.points.txt", points)
    parts = source(f"folder:{tmp_path}", SIZE).take(np.arange(1))["parts"][0]
    wanted = np.full((SIZE, SIZE), 255, np.uint8)
    wanted[4:9, 4:10] = PART_INDEX["right_eye"]
    wanted[18:20, 4:12] = PART_INDEX["upper_lip"]
    wanted[20:23, 4:12] = PART_INDEX["lower_lip"]
    np.testing.assert_array_equal(parts, wanted)


def test_squares_are_cut_anew_where_a_list_of_tests_came_later(tmp_path: Path) -> None:
    """Or what the list names would be learned from, out of the cache."""
    pictures(tmp_path, *(f"{n}.png" for n in range(8)))
    (term,) = parse(f"tiles:{tmp_path}")
    before = tiles_path(term, SIZE)
    (tmp_path / "test.txt").write_text("3.png\n")
    assert tiles_path(term, SIZE) != before
