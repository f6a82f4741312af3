"""The invented face that is nearest to a picture: by a look at some seeds, then by descent.

The face is framed as the model's own are. What is near is so in colours and in the reader's
features. The code of the nearest of some seeds goes down that; then the flow of codes is walked
back, so that what is found is a vector as seeds have one, and its picture the model's. Of those on
the way the nearest is taken whose picture is a whole face.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from trombine.computing import computing
from trombine.conventions import to_picture
from trombine.events import Progress
from trombine.images import as_seen, encode_png, read
from trombine.inventing.making import Inventing, Pixels, Place
from trombine.nets.inventor import Inventor, normed
from trombine.nets.spaces import from_space
from trombine.provenance import check_name, digest
from trombine.reader import WINDOW, crop_windows, read_faces
from trombine.reader.frames import resized
from trombine.refusal import InputError, about
from trombine.weights import loaded

LOOKED_AT: Final = 48  # seeds
STEPS: Final = 150
UNIT: Final = "looks"
_RATE: Final = 0.05
_FEATURES: Final = 0.5  # what the features weigh beside the colours

_SPACE: Final = 10  # steps of the way from one candidate to the next
_SEEDS: Final = 5  # that are candidates too, the nearest

Pictures = Float[Tensor, "_ 3 _ _"]
Codes = Float[Tensor, "1 latent"]
IsWhole = Callable[[Pixels], bool]


class Found(NamedTuple):
    """The nearest face."""

    place: Place
    seed: int  # the nearest of those that were looked at
    is_whole: bool  # whether its parts are where parts are


def framed(inventing: Inventing, path: Path) -> Float[Tensor, "1 3 _ _"]:
    """The largest face of a picture, as the model has its own."""
    with about(path):
        picture = to_picture(as_seen(read(path)))
        faces = read_faces(picture, loaded("reader", task="read"), largest=True)
        if not faces:
            raise InputError("shows no face that is found", "name another picture")
    window = crop_windows(picture, [faces[0].as_painted(inventing.learned)])
    side = int(inventing.model.net.sizes["size"])
    middle = round(WINDOW * side / inventing.learned_side)
    edge = (WINDOW - middle) // 2
    inner = window[..., edge : edge + middle, edge : edge + middle]
    return resized(inner, side).clamp(0, 1)


def nearest(
    inventing: Inventing, face: Float[Tensor, "1 3 _ _"], is_whole: IsWhole
) -> Generator[Progress, None, Found]:
    """Where the nearest invented face is of those that are whole."""
    net, total = inventing.model.net, LOOKED_AT + STEPS
    if not isinstance(net, Inventor):
        raise InputError("this model has no codes to look for a face in", "leave --like out")
    with computing(1):
        places = [inventing.place(seed) for seed in range(LOOKED_AT)]
        vectors = torch.from_numpy(np.stack([place.vector for place in places])).float()
        fields = torch.from_numpy(np.stack([place.fields for place in places])).float()
        with torch.inference_mode():
            codes = net.invented(vectors, fields)

        def decode(codes: Codes) -> Pictures:
            return from_space(net.decoder(codes), inventing.model.space)

        off: list[float] = []
        for seed, code in enumerate(codes.clone()):
            with torch.no_grad():
                off.append(float(_off(decode(code[None]), face)))
            yield Progress(seed + 1, total, UNIT)
        order = sorted(range(LOOKED_AT), key=off.__getitem__)
        way: list[tuple[float, Codes]] = []
        for step in _descended(decode, codes[order[0]][None].clone(), face):
            way.append(step)
            yield Progress(min(LOOKED_AT + len(way), total - 1), total, UNIT)
    # A code between those of faces may be none: the next best of the way then, or a seed.
    least = min(way, key=_loss)
    spaced = sorted(way[::_SPACE], key=_loss)
    candidates = itertools.chain(
        (_place_of(net, code, inventing) for _, code in (least, *spaced)),
        (places[seed] for seed in order[:_SEEDS]),
    )
    plain = inventing.unenlarged
    for place in candidates:
        with computing(1):
            if is_whole(plain.pixels_at(place)):
                return Found(place, order[0], is_whole=True)
    return Found(_place_of(net, least[1], inventing), order[0], is_whole=False)


def _loss(step: tuple[float, Codes]) -> float:
    return step[0]


def _place_of(net: Inventor, code: Codes, inventing: Inventing) -> Place:
    """The vector that becomes this code, told nothing."""
    with computing(1), torch.inference_mode():
        vector = net.vectors(code)[0].double().numpy()
    return Place(vector=vector, fields=np.full(len(inventing.told), np.nan))


def _descended(
    decode: Callable[[Codes], Pictures], code: Codes, face: Pictures
) -> Iterator[tuple[float, Codes]]:
    """How far off each code is on the way down, and the code."""
    code = code.detach().requires_grad_()
    optimiser = torch.optim.Adam([code], lr=_RATE)
    for _ in range(STEPS):
        with torch.enable_grad():
            loss = _off(decode(normed(code)), face).sum()
            (code.grad,) = torch.autograd.grad(loss, [code])
        yield float(loss.detach()), normed(code.detach().clone())
        optimiser.step()


def _off(pictures: Pictures, face: Pictures) -> Float[Tensor, "_"]:
    """How far pictures are from a face, in colours and in what the reader sees."""
    reads = loaded("reader", task="read").in_rgb
    ours, theirs = (reads(resized(p, WINDOW)).features for p in (pictures, face))
    apart = 1 - functional.cosine_similarity(ours, theirs)
    return (pictures - face).abs().mean((1, 2, 3)) + _FEATURES * apart


def record_of(inventing: Inventing, path: Path) -> dict[str, Any]:
    """What determines the face that is like this picture."""
    check_name(path)
    record = inventing.record(like=path.name)
    inputs: Mapping[str, str] = record.get("inputs", {})
    if path.name in inputs:
        raise InputError("has the model's name", "rename it", path=path)
    return {**record, "inputs": {**inputs, path.name: digest(path)}}


def like(
    inventing: Inventing, path: Path, is_whole: IsWhole
) -> Generator[Progress, None, tuple[bytes, Pixels, Pixels, Found]]:
    """The file of the face that is like this picture; its pixels, those of the picture's face as
    it is framed, and where it was found."""
    face = framed(inventing, path)
    found = yield from nearest(inventing, face, is_whole)
    with computing(1):
        pixels = inventing.pixels_at(found.place)
    shown = (face[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    return encode_png(pixels, record_of(inventing, path)), pixels, cast(Pixels, shown), found
