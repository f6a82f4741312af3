"""`data prepare`: what is refused before anything is read, and what its help says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import trombine
from trombine.core.errors import InputError
from trombine.data.layouts import LAYOUTS
from trombine.io.image import save_picture

CURES = {
    "folder:plain": "folder:plain: is not a folder; write plain",
    "celeba:plain": "celeba:plain: is not a folder; write plain --as celeba",
    "pack:plain": "pack:plain: is a pack already; name a folder of pictures",
}


@pytest.mark.parametrize("folder", CURES)
def test_a_spec_is_no_folder(folder: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        trombine.data_prepare(Path(folder), output=tmp_path / "pack")
    assert str(caught.value) == CURES[folder]


def test_a_folder_may_be_called_like_a_spec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_picture(Path("folder:plain/1.png"), np.zeros((16, 16, 3), np.uint8))
    trombine.data_prepare(Path("folder:plain"), output=Path("pack"), size=16)
    assert Path("pack/index.json").is_file()


def test_the_help_of_as_names_every_layout() -> None:
    said = (
        (trombine.data_prepare.__doc__ or "").partition("    as_\n")[2].partition("    choose")[0]
    )
    words = said.replace(".", " ").replace(",", " ").split()
    assert set(LAYOUTS) <= set(words)


def test_shares_leave_something_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="90 at most together"):
        trombine.data_prepare(tmp_path, output=tmp_path / "pack", choose=50, test=50)
