"""Other people's nets by the commands: every kind of picture, records, and what is refused."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import others
import pytest
import torch

import trombine
from trombine.core.errors import InputError
from trombine.io.image import as_seen, load_picture, read_record, save_picture

pytestmark = pytest.mark.usefixtures("photographs")


@pytest.fixture(scope="module")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    net = others.random_weights(others.NETS["Compact"][2]())
    return others.write(net, tmp_path_factory.mktemp("nets") / "compact.pth")


@pytest.fixture(scope="module")
def cleaner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    net = others.random_weights(others.NETS["DnCNN"][2]())
    return others.write(net, tmp_path_factory.mktemp("nets") / "cleaner.safetensors")


def again(path: Path, inputs: Path) -> None:
    assert "the same pixels" in str(trombine.replay(path, inputs=inputs))


def test_the_picture_is_spandrels_and_made_again(
    compact: Path, tmp_path: Path, kit: ModuleType
) -> None:
    source = kit.photo(tmp_path / "in")
    trombine.upscale(source, output=tmp_path / "out.png", model=compact)
    pixels = as_seen(load_picture(tmp_path / "out.png"))
    x = torch.tensor(as_seen(load_picture(source))).movedim(-1, 0).float() / 255
    expected = others.descriptor(compact)(x[None])[0].movedim(0, -1).numpy() * 255
    assert pixels.shape == (60, 72, 3)  # by its own factor
    assert np.abs(pixels - expected).max() < 0.51
    record = read_record(tmp_path / "out.png")
    assert record is not None and record["files"]["model"][0] == "compact.pth"
    (tmp_path / "in" / "compact.pth").write_bytes(compact.read_bytes())
    again(tmp_path / "out.png", tmp_path / "in")
    other = others.of("Compact", "Compact", num_feat=8, num_conv=3, upscale=3)
    others.write(other, tmp_path / "in" / "compact.pth")
    with pytest.raises(InputError, match=r"compact\.pth: is not the file that the record names"):
        trombine.replay(tmp_path / "out.png", inputs=tmp_path / "in")


def test_cleaning_keeps_the_size(cleaner: Path, tmp_path: Path, kit: ModuleType) -> None:
    source = kit.photo(tmp_path / "in")
    trombine.upscale(source, output=tmp_path / "out.png", model=cleaner)
    made, given = as_seen(load_picture(tmp_path / "out.png")), as_seen(load_picture(source))
    assert made.shape == given.shape and not np.array_equal(made, given)
    assert (trombine.upscale(given, model=cleaner, scale=1) == made).all()
    (tmp_path / "in" / cleaner.name).write_bytes(cleaner.read_bytes())
    again(tmp_path / "out.png", tmp_path / "in")
    with pytest.raises(InputError, match="keeps the size; -x 1 cleans"):
        trombine.upscale(given, model=cleaner, scale=2)


def test_lama_repairs_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lama = others.write(others.lama(monkeypatch), tmp_path / "lama.pth")
    pixels = np.random.default_rng(0).integers(0, 256, (61, 90, 3), dtype=np.uint8)
    hole = np.zeros((61, 90), np.uint8)
    hole[20:30, 40:60] = 255
    save_picture(tmp_path / "a.png", pixels)
    save_picture(tmp_path / "mask.png", hole[..., None])
    trombine.inpaint(
        tmp_path / "a.png", output=tmp_path / "out.png", mask=tmp_path / "mask.png", model=lama
    )
    made = as_seen(load_picture(tmp_path / "out.png"))
    assert np.array_equal(made[hole == 0], pixels[hole == 0])
    assert (made != pixels).any(-1)[hole > 0].mean() > 0.9
    again(tmp_path / "out.png", tmp_path)


def test_what_does_another_task_is_refused(
    compact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.zeros((20, 24, 3), np.uint8)
    with pytest.raises(InputError, match=r"is for upscale .*, not for repair"):
        trombine.inpaint(pixels, mask=np.ones((20, 24), bool), model=compact)
    lama = others.write(others.lama(monkeypatch), tmp_path / "lama.pth")
    with pytest.raises(InputError, match=r"is for repair .*, not for upscale"):
        trombine.upscale(pixels, model=lama)
    with pytest.raises(InputError, match="of the hub's, write hub:OWNER/NAME/FILE"):
        trombine.upscale(pixels, model="somebody/net")
