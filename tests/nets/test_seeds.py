"""A seed is one net, whatever other threads draw, and draws nothing of what all threads share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
import torch
from net_cases import CASES

from trombine.nets import NETS, build


def alike(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    ours, theirs = first.state_dict(), second.state_dict()
    return list(ours) == list(theirs) and all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("name", CASES)
def test_one_seed_is_one_net(name: str) -> None:
    """The net that torch's global generator would give, which stays as it was."""
    case = CASES[name]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        expected = NETS[case.net](**case.sizes)
    before = torch.get_rng_state()
    assert alike(build(case.net, case.sizes, seed=3), expected)
    assert not alike(build(case.net, case.sizes, seed=4), expected)
    assert torch.equal(before, torch.get_rng_state())


def test_other_threads_change_nothing() -> None:
    sizes = {"width": 4, "size": 16, "norm": "spectral"}  # which draws as well
    expected, over = build("dcgan_discriminator", sizes, seed=3), Event()

    def draw() -> None:
        while not over.is_set():
            torch.rand(64)

    other = Thread(target=draw)
    other.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            nets = list(pool.map(lambda _: build("dcgan_discriminator", sizes, seed=3), range(8)))
    finally:
        over.set()
        other.join()
    assert all(alike(net, expected) for net in nets)
