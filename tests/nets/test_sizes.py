"""Building nets by name: sizes given as values and as text, and what is said of wrong ones."""

from __future__ import annotations

import pytest
from torch import nn

from trombine.core.errors import InputError
from trombine.nets import build, has_batch_statistics, sizes_of
from trombine.recipes import NetSpec


def test_sizes_of_says_the_defaults() -> None:
    assert sizes_of("residual") == {"width": 32, "depth": 8, "factor": 2, "channels": 3}
    assert sizes_of("unet")["norm"] == "none"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resnet", "there is no net resnet; did you mean srresnet"),
        ("residual:width", "SIZE=VALUE,SIZE=VALUE, not with width"),
        ("residual:breadth=8", "residual has no size breadth"),
        ("residual:width=8.5", "width of residual is a whole number, not 8.5"),
    ],
)
def test_wrong_text_gets_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build(*vars(NetSpec.parse(text)).values())


def test_a_size_of_hundreds_of_digits_gets_one_line() -> None:
    with pytest.raises(InputError, match="inventor has a size that is larger than numbers"):
        build("inventor", {"spacing": 10**400})


def test_what_depends_on_the_batch_is_known() -> None:
    assert has_batch_statistics(nn.Sequential(nn.Sequential(nn.BatchNorm1d(3))))
    assert has_batch_statistics(nn.SyncBatchNorm(3))
    assert not has_batch_statistics(nn.Sequential(nn.GroupNorm(1, 3), nn.LayerNorm(3)))
