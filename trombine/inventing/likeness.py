"""The invented face that is nearest to a picture: by a look at some seeds, then by descent.

The face is framed as the model's own are. What is near is so in colours and in the reader's
features. The code of the nearest of some seeds goes down that; then the flow of codes is walked
back, so that what is found is a vector as seeds have one, and its picture the model's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from trombine.conventions import to_picture
from trombine.images import as_seen, encode_png, read
from trombine.inventing.making import Inventing, Pixels, Place
from trombine.nets.inventor import Inventor, normed
from trombine.provenance import check_name, digest
from trombine.reader import WINDOW, crop_windows, read_faces
from trombine.refusal import InputError, about
from trombine.upscaling.running import computing
from trombine.weights import loaded

LOOKED_AT: Final = 48  # seeds
STEPS: Final = 150
_RATE: Final = 0.05
_FEATURES: Final = 0.5  # what the features weigh beside the colours

Pictures = Float[Tensor, "_ 3 _ _"]


def framed(inventing: Inventing, path: Path) -> Float[Tensor, "1 3 _ _"]:
    """The largest face of a picture, as the model has its own."""
    with about(path):
        picture = to_picture(as_seen(read(path)))
        faces = read_faces(picture, loaded("reader", task="read"), largest=True)
        if not faces:
            raise InputError("shows no face that is found", "name another picture")
    window = crop_windows(picture, [faces[0].aligned()])
    side = int(inventing.model.net.sizes["size"])
    middle = round(WINDOW * side / inventing.learned_side)
    edge = (WINDOW - middle) // 2
    inner = window[..., edge : edge + middle, edge : edge + middle]
    return _resized(inner, side).clamp(0, 1)


def nearest(inventing: Inventing, face: Float[Tensor, "1 3 _ _"]) -> tuple[Place, int]:
    """Where the nearest invented face is, and the nearest of the seeds that were looked at."""
    net = inventing.model.net
    if not isinstance(net, Inventor):
        raise InputError("this model has no codes to look for a face in", "leave --like out")
    with computing(1):
        places = [inventing.place(seed) for seed in range(LOOKED_AT)]
        vectors = torch.from_numpy(np.stack([place.vector for place in places])).float()
        fields = torch.from_numpy(np.stack([place.fields for place in places])).float()
        with torch.inference_mode():
            codes = net.invented(vectors, fields)
        with torch.no_grad():
            off = torch.cat([_off(net.decoder(code[None]), face) for code in codes.clone()])
        seed = int(off.argmin())
        code = _descended(net, codes[seed : seed + 1].clone(), face)
        with torch.inference_mode():
            vector = net.vectors(code)[0].double().numpy()
    unsaid = np.full(len(inventing.told), np.nan)
    return Place(vector=vector, fields=unsaid), seed


def _descended(
    net: Inventor, code: Float[Tensor, "1 latent"], face: Pictures
) -> Float[Tensor, "1 latent"]:
    """The best code on the way down."""
    code = code.detach().requires_grad_()
    optimiser = torch.optim.Adam([code], lr=_RATE)
    best, least = normed(code.detach()), float("inf")
    with torch.enable_grad():
        for _ in range(STEPS):
            loss = _off(net.decoder(normed(code)), face).sum()
            if float(loss.detach()) < least:
                best, least = normed(code.detach().clone()), float(loss.detach())
            (code.grad,) = torch.autograd.grad(loss, [code])
            optimiser.step()
    return best


def _off(pictures: Pictures, face: Pictures) -> Float[Tensor, "_"]:
    """How far pictures are from a face, in colours and in what the reader sees."""
    reads = loaded("reader", task="read").in_rgb
    ours, theirs = (reads(_resized(p, WINDOW)).features for p in (pictures, face))
    apart = 1 - functional.cosine_similarity(ours, theirs)
    return (pictures - face).abs().mean((1, 2, 3)) + _FEATURES * apart


def _resized(pictures: Pictures, side: int) -> Pictures:
    if pictures.shape[-2:] == (side, side):
        return pictures
    return functional.interpolate(
        pictures, size=(side, side), mode="bicubic", antialias=True, align_corners=False
    )


def record_of(inventing: Inventing, path: Path) -> dict[str, Any]:
    """What determines the face that is like this picture."""
    check_name(path)
    record = inventing.record(like=path.name)
    inputs: Mapping[str, str] = record.get("inputs", {})
    if path.name in inputs:
        raise InputError("has the model's name", "rename it", path=path)
    return {**record, "inputs": {**inputs, path.name: digest(path)}}


def like(inventing: Inventing, path: Path) -> tuple[bytes, Pixels, Pixels, int]:
    """The file of the face that is like this picture; its pixels, those of the picture's face as
    it is framed, and the nearest seed."""
    face = framed(inventing, path)
    place, seed = nearest(inventing, face)
    with computing(1):
        pixels = inventing.pixels_at(place)
    shown = (face[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    return encode_png(pixels, record_of(inventing, path)), pixels, cast(Pixels, shown), seed
