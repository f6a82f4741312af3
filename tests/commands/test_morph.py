"""`morph`: films and folders whose ends are generate's faces, their score, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from written import is_made_again

from trombine import generate, morph
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.io.video import read_frames
from trombine.world import face


def pixels(*path: str | Path) -> np.ndarray:
    return np.asarray(Image.open(Path(*path)))


def morphed(output: Path, net: Path, **options: Any) -> Result:
    return morph(**{"seeds": ["3", "8"], "output": output, "model": net, **options})


@pytest.mark.parametrize("by_net", [False, True])
def test_the_ends_of_a_walk_are_the_faces_that_generate_makes(
    by_net: bool, tiny: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"model": tiny} if by_net else {"size": 32, "attributes": "smile=.8"}
    walk = tmp_path / "walk"
    result = morph(["3,8", 21], output=walk, frames=3, sheet=True, film="gif", **options)
    names = [*(f"{at:06d}.png" for at in range(7)), "film.gif", "all.sheet.png"]
    assert [path.name for path in result.written] == names
    generate(seeds="3,8,21", output=tmp_path / "faces", **options)
    for at, seed in ((0, 3), (3, 8), (6, 21)):
        frame = pixels(walk, f"{at:06d}.png")
        assert np.array_equal(frame, pixels(tmp_path, "faces", f"{seed:06d}.png"))
    assert "7 frames of 32 px; the face is whole in" in result.summary
    made = [walk / name for name in ("000002.png", "film.gif", "all.sheet.png")]
    assert is_made_again(*made, inputs=tiny.parent)


@pytest.mark.parametrize("ending", [".webp", ".mp4"])
def test_a_film_is_the_same_on_one_thread_and_two_and_by_replay(
    ending: str, tiny: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    asked: dict[str, Any] = {
        "frames": 3,
        "cycle": True,
        "path": "spherical",
        "attributes": "age=60",
    }
    morphed(one, tiny, threads=1, sheet=True, **asked)
    morphed(two, tiny, threads=2, **asked)
    assert one.read_bytes() == two.read_bytes()
    assert is_made_again(one, one.with_suffix(".sheet.png"), inputs=tiny.parent)
    if ending != ".mp4":
        assert len(read_frames(one).frames) == 6 and read_frames(one).loops == 0


def test_people_of_files_and_seeds(tmp_path: Path) -> None:
    """A character, a seed, a character; made again by the files' names."""
    for name, seed in (("a", 1_000_003), ("b", 1_000_004)):
        person = {"character": vars(face(seed))}
        (tmp_path / f"{name}.character.json").write_text(json.dumps(person))
    names = [tmp_path / "a.character.json", 8, tmp_path / "b.character.json"]
    film = tmp_path / "walk.webp"
    morph(names, output=film, frames=2, size=32)
    assert len(read_frames(film).frames) == 5 and is_made_again(film, inputs=tmp_path)
    with pytest.raises(InputError, match="is an input, and would be written over"):
        morph([8, film], output=film, overwrite=True)


def test_what_is_there_is_kept_and_what_is_missing_made(tiny: Path, tmp_path: Path) -> None:
    film = tmp_path / "walk.gif"
    morphed(film, tiny, frames=2)
    before = film.stat().st_mtime_ns
    result = morphed(film, tiny, frames=2, sheet=True)
    assert film.stat().st_mtime_ns == before and result.kept == 1
    assert [path.name for path in result.written] == ["walk.sheet.png"]
    assert morphed(film, tiny, frames=2).summary.endswith("(was there)")


BAD = {
    "one seed": ({"seeds": "3"}, "two seeds or more"),
    "round": ({"seeds": ("3", "8", "3"), "cycle": True}, "back to its first seed by itself"),
    "a file by a net": ({"seeds": ("a.png", "8")}, "nets walk by seeds"),
    "picture": ({"output": "walk.png"}, "ends as no film does"),
    "path": ({"model": "", "path": "spherical"}, "--path needs --method net"),
    "long": ({"model": "", "seeds": "0-99", "frames": 10, "size": 2048}, "more than fit"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_said_in_one_line(kind: str, tiny: Path, tmp_path: Path) -> None:
    options, why = BAD[kind]
    output = tmp_path / str(options.get("output", "walk.gif"))
    with pytest.raises(InputError) as refused:
        morphed(**{"net": tiny, **options, "output": output})
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert not output.exists()
