"""`data prepare`: what is refused before anything is read, and what its help says."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest

from trombine.data.spec import LAYOUT_NAMES
from trombine.io.image import save_picture
from trombine.refusal import InputError
from trombine.verbs import prepare
from trombine.verbs.prepare import PrepareRequest, run

CURES = {
    "folder:plain": "folder:plain: is not a folder; write plain",
    "celeba:plain": "celeba:plain: is not a folder; write plain --as celeba",
    "pack:plain": "pack:plain: is a pack already; name a folder of pictures",
}


@pytest.mark.parametrize("folder", CURES)
def test_a_spec_is_no_folder(folder: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        list(run(PrepareRequest(folder=Path(folder), output=tmp_path / "pack")))
    assert str(caught.value) == CURES[folder]


def test_a_folder_may_be_called_like_a_spec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_picture(Path("folder:plain/1.png"), np.zeros((16, 16, 3), np.uint8))
    list(run(PrepareRequest(folder=Path("folder:plain"), output=Path("pack"), size=16, workers=1)))
    assert Path("pack/index.json").is_file()


def test_the_help_of_as_names_every_layout() -> None:
    said = inspect.getsource(prepare).partition("    as_: str")[2].partition("    choose:")[0]
    words = said.replace(".", " ").replace(",", " ").split()
    assert set(LAYOUT_NAMES) <= set(words)
