"""What is learned from is never measured on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.data.source import SEED_RANGES, Source
from trombine.data.split import apart, prepare_split, split
from trombine.io.image import save_picture


def seeds(source: Source) -> set[int]:
    found = source.batch(np.arange(len(source))).seeds
    assert found is not None
    return set(found.tolist())


def names(source: Source) -> set[str]:
    return {source.name(index) for index in range(len(source))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """23 pictures, each of one grey of its own."""
    place = tmp_path_factory.mktemp("greys")
    for number in range(23):
        pixels = np.full((16, 16, 3), 10 * number, np.uint8)
        save_picture(place / f"{number:02d}.png", pixels)
    return place


def test_of_a_world_other_seeds_are_measured() -> None:
    prepare_split("leaves#20", 16, 6)
    learned, measured = split("leaves#20", 16, 6)
    assert seeds(learned) == set(range(20))
    assert seeds(measured) == set(range(SEED_RANGES[1], SEED_RANGES[1] + 6))


def test_of_a_folder_some_are_held_out(folder: Path) -> None:
    learned, measured = split(f"folder:{folder}", 16, 64)
    assert len(measured) == 4  # a fifth of 23 at most
    assert len(learned) == 19
    assert not names(learned) & names(measured)
    assert len(names(learned) | names(measured)) == 23


def test_what_is_held_out_is_spread_over_the_folder(folder: Path) -> None:
    """Names are often in an order: by people, or by days."""
    held = sorted(int(Path(name).stem) for name in names(split(f"folder:{folder}", 16, 64)[1]))
    assert held[0] < 8 and held[-1] >= 15
    assert held != list(range(held[0], held[0] + 4))


def test_a_part_has_the_pictures_that_its_names_say(folder: Path) -> None:
    for side in split(f"folder:{folder}", 16, 64):
        batch = side.batch(np.arange(len(side)))
        greys = (batch.pixels[:, 0, 0, 0] // 10).tolist()
        assert greys == [int(Path(side.name(index)).stem) for index in range(len(side))]


def test_a_mix_is_split_term_by_term(folder: Path) -> None:
    prepare_split(f"leaves#20*3+folder:{folder}", 16, 4)
    learned, measured = split(f"leaves#20*3+folder:{folder}", 16, 4)
    assert learned.lengths == (20, 19)
    assert measured.lengths == (4, 4)
    assert learned.weights == measured.weights == (3.0, 1.0)


def test_too_few_pictures_are_refused(tmp_path: Path) -> None:
    for number in range(4):
        save_picture(tmp_path / f"{number}.png", np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(InputError, match="has 4 pictures; it takes 5 or more"):
        split(f"folder:{tmp_path}", 16, 4)


def test_a_test_folder_beside_is_measured_on(tmp_path: Path) -> None:
    """As sets of two kinds come: trainA, trainB, testA, testB."""
    for number, name in enumerate(("trainA", "trainB", "testA", "testB")):
        for picture in range(3 + number):
            save_picture(tmp_path / name / f"{name}{picture}.png", np.zeros((16, 16, 3), np.uint8))
    for kind, many in (("A", (3, 5)), ("B", (4, 6))):
        learned, measured = split(f"folder:{tmp_path / f'train{kind}'}", 16, 64)
        assert (len(learned), len(measured)) == many
        assert all(f"train{kind}" in name for name in names(learned))
        assert all(f"test{kind}" in name for name in names(measured))


def test_what_terms_share_is_not_both_learned_from_and_measured_on(folder: Path) -> None:
    """The pictures held out depend on how many there are."""
    for spec in (
        f"folder:{folder}+folder:{folder}#10",
        f"folder:{folder}#10*2+leaves#20+plain:{folder}",
        f"folder:{folder}+folder:{folder}",
    ):
        learned, measured = split(spec, 16, 64)
        assert names(learned) and names(measured)
        assert not names(learned) & names(measured), spec


def test_a_pack_named_twice_keeps_its_uses_apart(tmp_path: Path) -> None:
    for use in ("train", "validation", "test"):
        for number in range(6):
            save_picture(tmp_path / use / f"{number}.png", np.full((16, 16, 3), number, np.uint8))
    whole = f"folder:{tmp_path}"
    for spec in (f"{whole}+{whole}@validation", f"{whole}+{whole}@train", f"{whole}+{whole}@test"):
        learned, measured = split(spec.replace("@validation", "@choose"), 16, 4)
        assert not names(learned) & names(measured), spec
    with pytest.raises(InputError, match="all of its pictures are measured on"):
        split(f"folder:{tmp_path / 'train'}+folder:{tmp_path / 'test'}", 16, 4)


def test_streams_do_not_learn_what_another_is_measured_on(folder: Path) -> None:
    pairs = {
        "data": split(f"folder:{folder}", 16, 4),
        "other": split(f"folder:{folder}#10+leaves#8", 16, 3),
    }
    measured = {
        "data": names(pairs["data"][1]),
        "other": {name for name in names(pairs["other"][1]) if name.endswith(".png")},
    }
    assert names(pairs["data"][0]) & measured["other"]  # else this shows nothing
    found = apart(pairs)
    judged = measured["data"] | measured["other"]
    assert not names(found["data"][0]) & judged and not names(found["other"][0]) & judged
    assert names(found["data"][0]) | judged == {f"{i:02d}.png" for i in range(23)}
    assert len(found["other"][0].lengths) == 2 and found["other"][0].weights == (1.0, 1.0)
    assert all(found[stream][1] is pairs[stream][1] for stream in pairs)
