"""Other people's nets: the pixels of spandrel's own call, in tiles too; and what is refused."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import others
import pytest
import torch
from safetensors.torch import save_file

from trombine.core.errors import InputError
from trombine.models import load, loaded
from trombine.models.foreign import Foreign
from trombine.models.running import enlarged, resolved_tile


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("others")


def file(folder: Path, name: str, ending: str = ".pth") -> Path:
    """The file of one of others.NETS, made once."""
    path = folder / f"{name}{ending}"
    if not path.exists():
        others.write(others.random_weights(others.NETS[name][2]()), path)
    return path


def picture(height: int, width: int) -> torch.Tensor:
    """Noise over broad shapes."""
    generator = torch.Generator().manual_seed(height)
    broad = torch.rand(1, 3, 5, 4, generator=generator)
    shapes = torch.nn.functional.interpolate(broad, (height, width), mode="bilinear")[0]
    return (0.7 * shapes + 0.3 * torch.rand(3, height, width, generator=generator)).clamp(0, 1)


def as_spandrel(path: Path, x: torch.Tensor) -> torch.Tensor:
    """What spandrel, which reads the file itself, makes of the whole picture."""
    net = others.descriptor(path)
    if net.input_channels == 3:
        return net(x[None])[0].clone()
    return torch.cat([net(plane[None, None])[0] for plane in x])


@pytest.mark.parametrize("name", others.NETS)
def test_whole_and_in_tiles_it_is_what_spandrel_makes(name: str, folder: Path) -> None:
    path, (task, factor, _) = file(folder, name), others.NETS[name]
    model = load(path)
    assert (model.card.task, model.net.factor) == (task, factor)
    x = picture(131, 101)  # no multiple of anything
    expected = as_spandrel(path, x)
    assert expected.std() > 0.05 and ((expected > 0) & (expected < 1)).float().mean() > 0.5
    assert (enlarged(model.net, x) - expected).abs().max() < 1e-5
    assert (model(x) - expected).abs().max() < 1e-5
    assert resolved_tile(model.net, 131, 101, None) >= 131  # there is memory for one piece
    in_tiles = enlarged(model.net, x, tile=20)
    assert resolved_tile(model.net, 131, 101, 20) == 32 < 101 - 2 * 32
    assert (in_tiles - expected).abs().max() < 1e-3
    # Red is red: with its planes the other way round the answer is another.
    assert (enlarged(model.net, x.flip(0)).flip(0) - expected).abs().max() > (
        0.05 if name != "grey" else -1
    )


@pytest.mark.parametrize("name", ["Compact", "SwinIR"])
def test_safetensors_hold_the_same_net(name: str, folder: Path) -> None:
    both = [load(file(folder, name, ending)) for ending in (".pth", ".safetensors")]
    x = picture(40, 48)
    assert torch.equal(both[0](x), both[1](x))
    assert both[0].hash != both[1].hash


def test_faces_are_mended_the_same_way_each_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GFPGAN draws noise as it works; here always the same. A picture too large is refused."""
    torch.manual_seed(3)
    path = others.write(others.gfpgan(monkeypatch), folder / "gfpgan.pth")
    model = load(path)
    assert (model.card.task, model.card.net, model.net.reach) == ("restore", "GFPGAN", None)
    x = picture(512, 512)
    before = torch.get_rng_state()
    first = model(x)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(5)
    assert torch.equal(model(x), first) and first.shape == x.shape
    torch.manual_seed(0)  # the noise that it is given
    assert (as_spandrel(path, x) - first).abs().max() < 1e-5
    with pytest.raises(InputError, match="one face of up to 512 x 512 pixels; cut one out"):
        model(picture(513, 40))


def test_lama_is_given_picture_and_hole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = others.write(others.lama(monkeypatch), folder / "lama.pth")
    model = loaded(path, task="repair")
    x, hole = picture(61, 83), torch.zeros(1, 61, 83)
    hole[:, 20:40, 30:60] = 1
    made = model(x, hole)
    grey = torch.where(hole > 0.5, 0.5, x)  # whatever was there
    expected = others.descriptor(path)(grey[None], hole[None])[0]
    assert (made - expected).abs().max() < 1e-5
    assert torch.equal(torch.where(hole > 0.5, x, made), x)
    assert ((made != x).any(0) == (hole[0] > 0.5)).float().mean() > 0.99
    with pytest.raises(InputError, match=r"is for repair .*, not for upscale"):
        loaded(path, task="upscale")


class Planted:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("ending", [".pth", ".pt", ".ckpt"])
def test_a_pickle_that_would_run_code_is_refused(ending: str, tmp_path: Path) -> None:
    others.spandrel()
    path, mark = tmp_path / f"harmful{ending}", tmp_path / "mark"
    torch.save({"params": {"weight": torch.zeros(1)}, "more": Planted(mark)}, path)
    assert "is no checkpoint of tensors alone, and trombine runs nothing from a file" in refused(
        path
    )
    path.write_bytes(pickle.dumps(Planted(mark), protocol=2))
    assert "runs nothing from a file" in refused(path)
    assert not mark.exists()
    pickle.loads(path.read_bytes())
    assert mark.exists(), "the planted pickle does nothing: this test could not fail"


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        load(path)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"{path}: ")
    return line


def test_each_wrong_file_has_its_line(folder: Path, tmp_path: Path) -> None:
    others.spandrel()
    path = tmp_path / "wrong.pth"
    save_file({"weight": torch.zeros(3)}, tmp_path / "bare.safetensors")
    assert "is of no net that spandrel" in (line := refused(tmp_path / "bare.safetensors"))
    assert "trombine models import" in line
    path.write_bytes(b"GIF89a no net")
    assert "is no checkpoint" in refused(path)
    path.write_bytes(file(folder, "Compact").read_bytes()[:-3000])
    assert "is no checkpoint" in refused(path)
    torch.save({"epoch": 3}, path)
    assert "holds no table of named tensors" in refused(path)
    torch.save(state := torch.load(file(folder, "Compact"))["params_ema"], path)
    assert isinstance(load(path).net, Foreign)
    torch.save({**state, "body.2.weight": torch.zeros(8, 9, 3, 3)}, path)
    assert "looks like a net that spandrel knows, and is not (" in refused(path)
    torch.save({**state, "body.2.weight": torch.full((8, 8, 3, 3), torch.nan)}, path)
    assert "holds NaN or infinity in body.2.weight" in refused(path)
    planes = others.of("Compact", "Compact", num_in_ch=4, num_out_ch=4, num_feat=4, num_conv=1)
    assert "is a net of 4 channels to 4; name one for colours" in refused(
        others.write(planes, path)
    )


@pytest.mark.parametrize("lacks", ["torchvision", "spandrel"])
def test_what_to_install_is_said(lacks: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(folder, "Compact")
    monkeypatch.setitem(sys.modules, lacks, None)
    assert "needs spandrel" in (line := refused(path))
    assert "pip install 'trombine[foreign]'" in line


def test_a_torchvision_for_another_torch_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(folder, "Compact")

    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "torchvision":
                raise RuntimeError("operator torchvision::nms\ndoes not exist")

    monkeypatch.delitem(sys.modules, "torchvision")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    line = refused(path)
    assert f"needs a torchvision that fits torch {torch.__version__} (operator" in line
    assert "; pip install --force-reinstall --no-deps torchvision --index-url https://" in line


def test_half_precision_only_where_a_card_and_the_descriptor_have_it(folder: Path) -> None:
    half, full = (load(file(folder, name)).net for name in ("Compact", "SwinIR"))
    assert isinstance(half, Foreign) and isinstance(full, Foreign)
    assert not half.halves and not full.halves  # on the processor
    if torch.cuda.is_available():
        half, full = (
            loaded(file(folder, name), device="cuda").net for name in ("Compact", "SwinIR")
        )
        kinds = [next(net.parameters()).dtype for net in (half, full)]
        assert kinds == [torch.float16, torch.float32]
        x = picture(40, 48)
        on_card = enlarged(half, x)
        assert on_card.dtype == torch.float32
        assert (on_card - as_spandrel(file(folder, "Compact"), x)).abs().max() < 5e-3
