"""The task invent of a protocol: sets of pictures, judged as sets against the real ones.

An invented picture has no truth, so there are no numbers of one picture: a method has each figure
of fidelity.py over the features that the witness reads. The real pictures are the protocol's; a
method is given their seeds, of which it may make what it likes, and writes as many pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8

from trombine.computing import computing
from trombine.conventions import to_picture, to_pixels
from trombine.judge import witness
from trombine.judge.bootstrap import Estimate
from trombine.judge.fidelity import Compared, figures
from trombine.judge.protocol_files import Case, ProtocolFile, cases
from trombine.refusal import InputError

Pixels = UInt8[np.ndarray, "_ _ 3"]
SetFigure = dict[str, Any]  # value, low, high, p and count; `real`: the same of real against real


def other_real(file: ProtocolFile) -> list[Pixels]:
    """As many real pictures again, of the seeds after the protocol's."""
    seeds = range(file.seeds.stop, file.seeds.stop + len(file.seeds))
    return [to_pixels(case.truth) for case in cases(replace(file, seeds=seeds), None)]


def by_set(
    file: ProtocolFile, real: Sequence[Case], results: Sequence[Pixels]
) -> dict[str, SetFigure]:
    """The measures of these pictures as a set, whatever their order, on one thread."""
    with computing(1):
        truths = {_digest(to_pixels(case.truth)): case for case in real}
        order = sorted(results, key=_digest)
        if same := sum(_digest(pixels) in truths for pixels in order):
            problem = f"shows {same} of the real pictures that it is compared with"
            raise InputError(problem, "a method invents pictures")
        ours = [witness.seen(to_picture(pixels)[None]) for pixels in order]
        theirs = [truths[digest].seen for digest in sorted(truths)]
        compared = figures(*(_features(seen) for seen in (ours, theirs)), names=file.measures)
    return {name: _plain(compared[name], len(results)) for name in file.measures}


def _digest(pixels: Pixels) -> str:
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()


def _features(each: Sequence[witness.Seen]) -> np.ndarray:
    return torch.cat([seen.features for seen in each]).double().numpy()


def _plain(compared: Compared, count: int) -> SetFigure:
    real = {**_numbers(compared.real), "p": compared.real_p}
    return {**_numbers(compared.value), "p": compared.p, "count": count, "real": real}


def _numbers(result: Estimate) -> dict[str, float | None]:
    """Of six digits: those after depend on the libraries of a machine."""
    return {
        name: None if value is None else float(f"{value:.6g}")
        for name, value in vars(result).items()
    }
