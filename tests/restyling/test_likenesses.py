"""People as the world would draw them: of painted faces, whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trombine
from trombine.core.conventions import PART_INDEX
from trombine.data.pack import Pack
from trombine.generation.looking import redrawn
from trombine.io.image import save_picture
from trombine.restyling.likenesses import Person, person_in, with_looks
from trombine.world import face, paint
from trombine.world.faces import FIELDS

LOOKS = {"age": 40.0, "smile": 0.8, "glasses": 0.9, "beard": 0.2, "yaw": 9.0, "jaw_width": 0.5}
SEED = 1_410_200


def known(moved: float = 0.0) -> tuple[Person, dict[str, np.ndarray]]:
    """A face of the world that is read without error, its features somewhere else; as an anime."""
    someone = with_looks(LOOKS, face(SEED))
    photo, drawing = (paint(someone, 128, style) for style in ("photo", "anime"))
    person = Person(
        index=SEED,
        pixels=photo.pixels,
        points=photo.points + np.float32(moved),
        is_face=np.ones((128, 128), bool),
        looks=LOOKS,
    )
    return person, {"pixels": drawing.pixels, "parts": drawing.parts, "points": drawing.points}


def test_looks_are_those_that_are_read() -> None:
    """Within what the world has; faint beards are none, and what is not read is the other's."""
    someone, other = with_looks(LOOKS, face(3)), face(3)
    highest = {field.name: field.high for field in FIELDS}
    assert (someone.age, someone.smile, someone.jaw_width) == (40.0, 0.8, 0.5)
    assert someone.yaw == highest["yaw"] and someone.glasses == 1 and someone.beard == 0
    assert someone.iris == other.iris and someone.lipstick == 0 and someone.cheeks == 0


def test_a_face_of_the_world_is_drawn_as_the_world_draws_it() -> None:
    """But for the skin's colour, in the mean that of what `restyle` draws; all else is that."""
    person, truth = known()
    drawn = person.drawn("anime")
    assert np.allclose(drawn.points, truth["points"], atol=1e-3)
    heads = [PART_INDEX[name] for name in ("hair", "background", "cloth", "neck", "hat")]
    is_known = drawn.parts != 255
    face_of_it = is_known & ~np.isin(drawn.parts, heads)
    assert np.array_equal(drawn.parts[face_of_it], truth["parts"][face_of_it])
    apart = drawn.pixels[face_of_it].astype(int) - truth["pixels"][face_of_it]
    assert (np.percentile(apart, 90, axis=0) - np.percentile(apart, 10, axis=0) <= 1).all()
    rest = is_known & np.isin(drawn.parts, heads)
    around = redrawn(person.pixels, "photo", "anime")
    assert np.array_equal(drawn.pixels[rest], around[rest])
    assert face_of_it.mean() > 0.05 and rest.mean() > 0.3


def test_features_are_where_the_person_has_them() -> None:
    """All landmarks four pixels right and down: so are the eyes in the drawing."""
    here, there = known()[0].drawn("anime"), known(4.0)[0].drawn("anime")
    assert np.allclose(there.points - here.points, 4, atol=0.05)
    for part in ("right_eye", "nose"):
        middles = [np.argwhere(one.parts == PART_INDEX[part]).mean(0) for one in (here, there)]
        assert middles[1] - middles[0] == pytest.approx([4, 4], abs=0.4)


def test_who_is_read_is_drawn_like_the_truth() -> None:
    """Of painted photographs: landmarks near those of the true drawings. Grey is nobody."""
    assert person_in(np.full((128, 128, 3), 90, np.uint8), 0) is None
    for seed in (SEED, SEED + 1):
        person = person_in(paint(face(seed), 128, "photo").pixels, seed)
        assert person is not None
        truth = paint(face(seed), 128, "cartoon").points
        assert np.linalg.norm(person.drawn("cartoon").points - truth, axis=1).mean() < 4


def test_a_pack_of_pairs_goes_on_and_says_who_is_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "faces"
    for place in range(2):
        save_picture(folder / f"{place}.png", paint(face(SEED + place), 64, "photo").pixels)
    save_picture(folder / "9.png", np.full((64, 64, 3), 90, np.uint8))

    def made(name: str, **options: Any) -> Path:
        asked = {"size": 64, "style": "anime+sketch", "output": tmp_path / name, **options}
        trombine.data_likenesses(f"plain:{folder}", **asked)
        return tmp_path / name

    made("pack")
    pack = Pack(tmp_path / "pack")
    assert len(pack) == 4 and pack.classes == ("photo", "anime", "sketch")
    rows = pack.rows(np.arange(4))
    assert rows["pair_labels"].tolist() == [1, 2, 1, 2] and not rows["labels"].any()
    assert (rows["parts"] == 255).all() and (rows["pair_parts"] != 255).any((1, 2)).all()
    assert np.array_equal(rows["pictures"][0], rows["pictures"][1])
    assert not np.array_equal(rows["pair_pictures"][0], rows["pair_pictures"][1])
    skipped = (tmp_path / "pack" / "skipped.jsonl").read_text()
    assert skipped.count("shows no face") == 2 and "9.png" in skipped

    def stop(done: float, of: float, what: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made("again", progress=stop)
    assert not (tmp_path / "again").exists()
    assert Pack(made("again")).hash == pack.hash
    assert "4 of 6 were there" in caplog.text
