"""Building nets by name: sizes given as values and as text, and what is said of wrong ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trombine.core.errors import InputError
from trombine.nets import NETS, build, has_batch_statistics, parameter_count, sizes_of
from trombine.recipes import NetSpec


def test_sizes_of_says_the_defaults() -> None:
    assert sizes_of("residual") == {"width": 32, "depth": 8, "factor": 2, "channels": 3}
    assert sizes_of("unet")["norm"] == "none"


@pytest.mark.parametrize("name", NETS)
def test_the_defaults_make_a_net(name: str) -> None:
    with torch.device("meta"):
        net = build(name, {})
    assert net.sizes == sizes_of(name)
    assert all(type(value) in (int, float, str, bool) for value in net.sizes.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resnet", "there is no net resnet; there are residual, srresnet"),
        ("residual:width", "SIZE=VALUE,SIZE=VALUE, not with width"),
        ("residual:breadth=8", "residual has no size breadth"),
        ("residual:width=wide", "width of residual is a whole number, not 'wide'"),
        ("residual:width=8.5", "width of residual is a whole number, not 8.5"),
        ("unet:residual=1", "residual of unet is true or false, not 1"),
    ],
)
def test_wrong_text_gets_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        build(*vars(NetSpec.parse(text)).values())
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_what_depends_on_the_batch_is_known() -> None:
    assert has_batch_statistics(nn.Sequential(nn.Sequential(nn.BatchNorm1d(3))))
    assert has_batch_statistics(nn.SyncBatchNorm(3))
    assert not has_batch_statistics(nn.Sequential(nn.GroupNorm(1, 3), nn.LayerNorm(3)))


def test_parameters_are_counted() -> None:
    assert parameter_count(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))) == 3 * 4 + 4 + 8
