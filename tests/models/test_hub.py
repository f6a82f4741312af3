"""Models of the hub: downloaded by name, then files; a library of ours stands for the hub's."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import others
import pytest

import trombine
from trombine.core.errors import InputError
from trombine.io.image import read_record, save_picture
from trombine.models import load
from trombine.models.zoo import shipped

NAME = "hub:someone/enlargers/nets/fast-x2.safetensors"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What the hub is asked for; it has one file."""
    calls: list[dict[str, str]] = []

    def hf_hub_download(**given: str) -> str:
        calls.append(given)
        if given != {"repo_id": "someone/enlargers", "filename": "nets/fast-x2.safetensors"}:
            raise OSError("404 Client Error.\nEntry Not Found")
        there = tmp_path / "cache" / "fast-x2.safetensors"
        there.parent.mkdir(exist_ok=True)
        shutil.copy(shipped()["upscale-fast-x2"], there)
        return str(there)

    library: Any = ModuleType("huggingface_hub")
    library.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", library)
    return calls


def test_a_file_of_the_hub_enlarges_as_a_file_does(
    asked: list[dict[str, str]], tmp_path: Path
) -> None:
    """By the command and in memory; its record names the file, so replay downloads nothing."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    save_picture(tmp_path / "a.png", pixels)
    trombine.upscale(tmp_path / "a.png", model=NAME, output=tmp_path / "b.png")
    file = tmp_path / "cache" / "fast-x2.safetensors"
    trombine.upscale(tmp_path / "a.png", model=file, output=tmp_path / "c.png")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "c.png").read_bytes()
    made = [trombine.upscale(pixels, model=model) for model in (NAME, file)]
    assert np.array_equal(made[0], made[1])
    record = read_record(tmp_path / "b.png") or {}
    assert "fast-x2.safetensors" in record["files"]["model"] and "hub:" not in str(record)
    assert load(NAME).card.task == "upscale" and asked


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("hub:someone/enlargers/other.pth", "cannot be loaded (404 Client Error. Entry Not Found)"),
        ("hub:someone/net", "write hub:OWNER/NAME/FILE.safetensors"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    name: str, why: str, asked: list[dict[str, str]]
) -> None:
    with pytest.raises(InputError) as refused:
        load(name)
    assert why in str(refused.value) and len(str(refused.value).splitlines()) == 1


def test_offline_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The library itself, which is not to use the network; and without it."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="check the name and the network"):
        load(NAME)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"pip install 'trombine\[hub\]'"):
        load(NAME)


def test_lama_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file is called so."""
    lama, calls = others.write(others.lama(monkeypatch), tmp_path / "big-lama.pth"), list[str]()

    def hf_hub_download(repo_id: str, filename: str) -> str:
        calls.append(f"{repo_id}/{filename}")
        return str(lama)

    library: Any = ModuleType("huggingface_hub")
    library.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", library)
    monkeypatch.chdir(tmp_path)
    pixels, hole = np.full((40, 50, 3), 90, np.uint8), np.zeros((40, 50), bool)
    hole[10:20, 10:30] = True
    made = trombine.inpaint(pixels, mask=hole, model="lama")
    assert np.array_equal(made, trombine.inpaint(pixels, mask=hole, model=lama))
    assert set(calls) == {"anyisalin/big-lama/big-lama.safetensors"}
    (tmp_path / "lama").mkdir()  # a folder is none
    assert np.array_equal(made, trombine.inpaint(pixels, mask=hole, model="lama"))
    (tmp_path / "lama").rmdir()
    (tmp_path / "lama").write_bytes(b"no model")
    with pytest.raises(InputError, match="lama"):
        trombine.inpaint(pixels, mask=hole, model="lama")
