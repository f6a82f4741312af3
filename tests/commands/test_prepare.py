"""`data prepare`: what is refused before anything is read, and what its help says."""

from __future__ import annotations

from pathlib import Path

import pytest

import trombine
from trombine.core.errors import InputError
from trombine.data.layouts import LAYOUTS

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


def test_the_help_of_as_names_every_layout() -> None:
    said = (
        (trombine.data_prepare.__doc__ or "").partition("    as_\n")[2].partition("    choose")[0]
    )
    words = said.replace(".", " ").replace(",", " ").split()
    assert set(LAYOUTS) <= set(words)
