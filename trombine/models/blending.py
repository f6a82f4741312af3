"""A net between two others that began as one: weight by weight (Wortsman et al., 2022).

Where a training went on from a model, to learn something else, what lies between both has often
most of what either knows. Nets that did not begin as one have no such way between them.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from trombine.core.errors import InputError, shown
from trombine.models.card import Card
from trombine.models.model import Model
from trombine.nets.blocks import NetKind


def between(first: NetKind, second: NetKind, share: float, only: Sequence[str] = ()) -> NetKind:
    """A net `share` of the way from the first to the second; of parts that are not among `only`,
    the first's, where some are named. Counts, such as of batches, are the first's."""
    check_parts(first, only)
    net, theirs = copy.deepcopy(first), second.state_dict()
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point() and (not only or name.partition(".")[0] in only):
                tensor.lerp_(theirs[name].to(tensor), share)
    return net


def check_parts(net: nn.Module, only: Sequence[str]) -> None:
    """Refuse names that are no parts of the net."""
    parts = [name for name, _ in net.named_children()]
    if unknown := [name for name in only if name not in parts]:
        raise InputError(f"the net has no part {shown(unknown[0])}; it has {', '.join(parts)}")


def check_alike(first: Model, second: Model) -> None:
    """Refuse models whose nets are not of one kind and size, or do not do the same."""
    for what, of_first, of_second in (
        ("task", first.card.task, second.card.task),
        ("net", first.card.net, second.card.net),
        ("sizes", dict(first.net.sizes), dict(second.net.sizes)),
        ("space", first.space, second.space),
    ):
        if of_first != of_second:
            problem = f"differs in its {what} from {first.path.name}"
            raise InputError(problem, "blend models that began as one", path=second.path)


def card_of(first: Model, second: Model, name: str, command: str) -> Card:
    """What is known of a model between two: the second's card, but for what is of both; `name` is
    what the first is called."""
    one, two = first.card, second.card
    began = two.start == first.hash  # then its card says so already
    specs = dict.fromkeys(filter(None, (two.data, "" if began else one.data)))
    return replace(
        two,
        data=" and ".join(specs),
        start=first.hash,
        scores=(),
        licence=two.licence if one.licence == two.licence else "",
        command=command,
        about=f"between {name} and one that {two.about}" if two.about else "",
    )
