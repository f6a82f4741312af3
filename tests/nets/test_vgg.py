"""VGG: torchvision's layout by its published numbers, and a forward by hand."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from trombine.nets.vgg import BLOCKS, VGG

# Where torchvision's vgg16.features and vgg19.features have their convolutions, and the weights
# in them, of 138,357,544 and 143,667,240 in all.
CONVOLUTIONS = {
    "vgg16": (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    "vgg19": (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34),
}
COUNTS = {"vgg16": 14_714_688, "vgg19": 20_024_384}


# --- the layout ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BLOCKS)
def test_the_layout_is_torchvisions(name: str) -> None:
    with torch.device("meta"):
        net = VGG(name=name)
    wanted = {f"features.{i}.{kind}" for i in CONVOLUTIONS[name] for kind in ("weight", "bias")}
    assert net.state_dict().keys() == wanted
    assert sum(p.numel() for p in net.parameters()) == COUNTS[name]
    named = [path for layer, path in net.layers.items() if layer.startswith("conv")]
    assert named == [f"features.{i}" for i in CONVOLUTIONS[name]]
    assert net.layers["conv3_3"] == "features.14" and net.layers["relu1_1"] == "features.1"


def test_a_forward_by_hand() -> None:
    net = VGG(name="vgg16", width=2).eval()
    net.cut_after(["conv2_1"])
    x = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    y = (x - mean) / torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    state = net.state_dict()
    for i in (0, 2):
        weight, bias = state[f"features.{i}.weight"], state[f"features.{i}.bias"]
        y = functional.conv2d(y, weight, bias, padding=1).relu()
    y = functional.max_pool2d(y, 2)
    y = functional.conv2d(y, state["features.5.weight"], state["features.5.bias"], padding=1)
    with torch.inference_mode():
        assert torch.allclose(net(x), y, atol=1e-6)
