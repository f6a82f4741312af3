"""What every net keeps to, whatever it is for. One that is not in net_cases.py fails the first."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from net_cases import CASES, EXPORTED, Case, joined, rounding, some, stirred
from torch import nn

from trombine.core.errors import InputError
from trombine.models import TASKS, Card, Task, exporting, load, save
from trombine.models.exporting import as_onnx, difference, shapes
from trombine.nets import NETS, build, has_batch_statistics, sizes_of


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_every_net_is_tried() -> None:
    tried = {case.net for case in CASES.values()}
    assert tried == set(NETS), "add a Case of each to net_cases.py"


def test_shapes(case: Case) -> None:
    net = stirred(case)
    for height, width in case.places:
        for count in (1, 3):
            found = joined(net(*some(case, count, (height, width))))
            assert tuple(found.shape) == case.gives(count, height, width)
            assert found.isfinite().all()


def test_every_parameter_gets_a_gradient(case: Case) -> None:
    net = stirred(case).train()
    found = joined(net(*some(case)))
    (found * torch.randn(found.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
    reached = {
        name: 0.0 if p.grad is None else float(p.grad.abs().max())
        for name, p in net.named_parameters()
    }
    # Far above rounding: a bias before batch norm gets a gradient of 1e-8.
    assert {n for n, size in reached.items() if size < 1e-5 * max(reached.values())} == set()


def test_a_picture_alone_is_as_in_a_batch(case: Case) -> None:
    net, given = stirred(case), some(case)
    together = joined(net(*given))
    for index in range(4):
        alone = joined(net(*(one[index : index + 1] for one in given)))
        wanted = together[index : index + 1]
        torch.testing.assert_close(alone, wanted, rtol=1e-4, atol=rounding(wanted))


def test_evaluation_is_deterministic_and_changes_nothing(case: Case) -> None:
    net, given = stirred(case), some(case)
    before = copy.deepcopy(net.state_dict())
    kept = [one.clone() for one in given]
    assert torch.equal(joined(net(*given)), joined(net(*given)))
    assert all(torch.equal(before[name], now) for name, now in net.state_dict().items())
    assert all(map(torch.equal, given, kept))


def test_saved_and_loaded_it_is_the_same(case: Case, tmp_path: Path) -> None:
    net, given = stirred(case), some(case)
    path = tmp_path / "net.safetensors"
    save(path, net, Card(task=case.task, net=case.net, sizes=net.sizes))
    again = load(path).net
    assert again.sizes == net.sizes and not again.training
    assert again.state_dict().keys() == net.state_dict().keys()
    assert all(torch.equal(one, again.state_dict()[n]) for n, one in net.state_dict().items())
    torch.testing.assert_close(joined(again(*given)), joined(net(*given)), rtol=1e-6, atol=1e-6)
    assert {n for n, p in net.named_parameters()} == {n for n, p in again.named_parameters()}


def test_bf16_agrees(case: Case) -> None:
    net, given = stirred(case), some(case)
    wanted = joined(net(*given)).detach()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        found = joined(net(*given)).float()
    assert float((found - wanted).abs().max()) < 0.05 * max(1.0, float(wanted.abs().max()))
    assert not torch.equal(found, wanted), "bf16 changed nothing: it was not used"


def test_float64_agrees(case: Case) -> None:
    net, given = stirred(case), some(case)
    wanted = joined(net(*given))
    doubles = (one.double() if one.is_floating_point() else one for one in given)
    found = joined(net.double()(*doubles))
    assert found.dtype == torch.float64
    torch.testing.assert_close(found.float(), wanted, rtol=1e-3, atol=1e-4)


def test_channels_last_agrees(case: Case) -> None:
    net, given = stirred(case), some(case)
    wanted = joined(net(*given))
    net = net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    last = [one.contiguous(memory_format=_layout(one)) for one in given]
    torch.testing.assert_close(joined(net(*last)), wanted, rtol=1e-4, atol=rounding(wanted))


def _layout(tensor: torch.Tensor) -> torch.memory_format:
    return torch.channels_last if tensor.ndim == 4 else torch.contiguous_format


def test_it_draws_nothing(case: Case) -> None:
    net, given = stirred(case).train(), some(case)
    before = torch.get_rng_state()
    net(*given)
    assert torch.equal(before, torch.get_rng_state())


def leaves(net: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((name, part) for name, part in net.named_modules() if not list(part.children()))


def test_what_a_layer_gave_stays(case: Case) -> None:
    """Nothing works in place: who keeps a layer's features finds them as they were."""
    net, given = stirred(case).train(), some(case)
    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def keep(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_: nn.Module, __: object, found: object) -> None:
            if isinstance(found, torch.Tensor):
                seen[name] = (found, found.detach().clone())

        return hook

    for name, part in leaves(net):
        part.register_forward_hook(keep(name))
    net(*given)
    assert len(seen) > 2
    assert [name for name, (now, then) in seen.items() if not torch.equal(now, then)] == []


def test_a_picture_depends_on_its_batch_only_where_that_is_said(case: Case) -> None:
    net, given = stirred(case).train(), some(case)
    if case.sizes.get("norm") == "spectral":  # which moves at each step, whatever the pictures
        net.eval()
    rests = [one[1:].flip(-1) for one in given]
    rests = [rest * 0.5 if rest.is_floating_point() else rest for rest in rests]
    others = [torch.cat([one[:1], rest]) for one, rest in zip(given, rests, strict=True)]
    first = joined(copy.deepcopy(net)(*given))[0]
    second = joined(copy.deepcopy(net)(*others))[0]
    depends = not torch.allclose(first, second, rtol=1e-4, atol=1e-5)
    assert depends == has_batch_statistics(net)


def test_a_copy_is_independent(case: Case) -> None:
    """Averages of weights are kept in a copy."""
    net, given = stirred(case), some(case)
    twin = copy.deepcopy(net)
    wanted = joined(net(*given))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    torch.testing.assert_close(joined(twin(*given)), wanted, rtol=1e-6, atol=1e-6)


# Nets of parts that others export, too: with sizes that stay it takes a third of the time.
OF_PARTS = ("autoencoder", "attentive_translator", "completer", "diffusion_painter", "refiner")


@pytest.mark.parametrize("name", EXPORTED)
def test_it_exports_to_onnx(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked with another number and size of pictures than it was traced with."""
    case = replace(CASES[name], sizes={**CASES[name].sizes, **CASES[name].shallower})
    net = stirred(case)
    traced, other = (TASKS[case.task].examples(net.sizes, shape) for shape in shapes(net.sizes))
    assert [one.shape for one in traced] != [one.shape for one in other]
    if name in OF_PARTS:
        monkeypatch.setattr(exporting, "_dynamic", lambda *_, **__: {})
    data = as_onnx(net, TASKS[case.task], traced, {})
    assert difference(net, data, traced) < 1e-4
    if name not in OF_PARTS:
        assert difference(net, data, other) < 1e-4
        check_names_in(data, TASKS[case.task])


def check_names_in(data: bytes, task: Task) -> None:
    """Inputs, outputs and axes have names that a reader can do something with."""
    graph = onnx.load_from_string(data).graph
    assert [one.name for one in (*graph.input, *graph.output)] == [*task.takes, *task.gives]
    for value in (*graph.input, *graph.output):
        axes = [one.dim_param for one in value.type.tensor_type.shape.dim if one.dim_param]
        assert axes[0] == "batch"
        size = (
            r"([24]\*)?(height|width)|\((height|width)//4\)"
            r"|\((height|width)\+(15\)//16\*2|1\)//2)"
        )
        assert all(re.fullmatch(size, axis) for axis in axes[1:])


@pytest.mark.parametrize("net", NETS)
def test_wrong_sizes_are_refused_in_one_line(net: str) -> None:
    for name, default in sizes_of(net).items():
        wrong = {
            int: (0, -1, 10**9, 2.5, "8", True),
            float: (-1.0, float("nan"), 10**9, "8", True),
            str: ("no-such", 3),
            bool: ("yes", 1),
        }
        for value in wrong[type(default)]:
            with pytest.raises(InputError) as refused:
                build(net, {name: value})
            assert name in str(refused.value) and "\n" not in str(refused.value)
    with pytest.raises(InputError, match="there are"):
        build(net, {"colour": 3})
