"""Two kinds of pictures in one folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.data.kinds import kinds_in, split_kinds
from trombine.io.image import load_picture, save_picture


def pictures(folder: Path, level: int = 9) -> Path:
    for number in range(3):
        save_picture(folder / f"{number}.png", np.full((8, 8, 3), level, np.uint8))
    return folder


@pytest.mark.parametrize("names", [("trainA", "trainB"), ("A", "B"), ("drawings", "photos")])
def test_the_kinds_of_a_folder(names: tuple[str, str], tmp_path: Path) -> None:
    first, second = (pictures(tmp_path / name) for name in names)
    (tmp_path / ".cache").mkdir()
    assert kinds_in(tmp_path) == (first, second)
    assert split_kinds(f"folder:{tmp_path}", "") == (f"folder:{first}", f"folder:{second}")
    assert split_kinds(str(tmp_path), "") == (f"folder:{first}", f"folder:{second}")
    with pytest.raises(InputError, match=f"{names[0]} and {names[1]}, and --other names another"):
        split_kinds(f"folder:{tmp_path}", "world:anime")


def test_one_kind_alone_is_refused(tmp_path: Path) -> None:
    """Also where there are three, and where pictures lie beside folders."""
    for name in ("a", "b", "c"):
        pictures(tmp_path / "three" / name)
    pictures(tmp_path / "mixed")
    pictures(tmp_path / "mixed" / "a")
    pictures(tmp_path / "mixed" / "b")
    for spec in (f"folder:{tmp_path / 'three'}", f"folder:{tmp_path / 'mixed'}", "world:photo"):
        with pytest.raises(InputError, match="is one kind of pictures, and this recipe learns fro"):
            split_kinds(spec, "")
        assert split_kinds(spec, "world:anime#40") == (spec, "world:anime#40")


def test_a_training_takes_both_kinds_of_a_folder(tmp_path: Path) -> None:
    """In their order: where the names of the folders are exchanged, so are the kinds."""
    from trombine.commands.train import config_of

    dark, light = pictures(tmp_path / "trainA", 10), pictures(tmp_path / "trainB", 240)
    recipe = config_of("restyle-cyclegan", {"data": f"folder:{tmp_path}"}).recipe
    assert (recipe.data, recipe.other) == (f"folder:{dark}", f"folder:{light}")
    for old, new in (("trainA", "c"), ("trainB", "trainA"), ("c", "trainB")):
        (tmp_path / old).rename(tmp_path / new)
    config = config_of("restyle-cyclegan", {"data": f"folder:{tmp_path}"})
    first, second = (Path(s.partition(":")[2]) for s in (config.recipe.data, config.recipe.other))
    assert [load_picture(path / "0.png").samples.max() for path in (first, second)] == [240, 10]
    assert "--other" not in config.command
    with pytest.raises(InputError, match="is one kind of pictures"):
        config_of("restyle-cyclegan", {"data": f"folder:{dark}"})
    assert config_of("restyle-cyclegan", {}).recipe.other.startswith("world:")
