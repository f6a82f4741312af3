"""How near a set of pictures is to real ones: `judge fidelity`. How it is measured is in eval/."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

from trombine.commands.options import WHOLE, Json, OverPage, Page, Progress, limits, verb
from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, Result, silent
from trombine.eval.fidelity import FEWEST
from trombine.eval.fidelity_report import (
    PictureSet,
    check_apart,
    feature_kinds,
    judge,
    numbers_of,
    read_set,
    report_of,
    text_of,
)
from trombine.io.batch import refuse_to_write_over
from trombine.report import beside, check_page


@verb
def judge_fidelity(
    generated: str | Path,
    real: str | Path,
    /,
    *,
    features: tuple[str, ...] = ("witness",),
    pictures: Annotated[int, limits(50, 5000), WHOLE] = 2000,
    size: Annotated[int | None, limits(16, 512), WHOLE] = None,
    json: Json = False,
    output: Page = None,
    overwrite: OverPage = False,
    progress: Progress = None,
) -> Result:
    """Compare a set of generated pictures with a set of real ones.

    For example:
      trombine judge fidelity world:anime#60 world:photo#80 --size 32
      trombine judge fidelity world:anime#60 world:photo#80 --size 32 \\
        --features witness --features pixels --json -o fidelity.html

    Fréchet distance, KID, precision and recall, density and coverage, a
    classifier's test and diversity, each beside the same of real against real.
    --features says what figures are computed from: witness, a net that no training
    learns from; pixels, which is naive; or vgg16, vgg19 or inception, whose
    weights are yours, as NAME:FILE. Given twice there are two tables.

    Parameters
    ----------
    generated
        The pictures to judge: a folder, a pack, or a data spec.
    real
        What they should be like: a folder, a pack, or a spec.
    features
        witness, pixels, or vgg16:FILE, ... [witness]
    pictures
        How many of each set are compared at most. [2000]
    size
        At what size a spec's pictures are painted. [128]
    """
    kinds = feature_kinds(features)
    if output is not None and not overwrite:
        check_page(output)
    step, account, sets = progress or silent, Account(), list[PictureSet]()
    for side, text in (("generated", str(generated)), ("real", str(real))):
        sets.append(found := read_set(text, side, account, step, most=pictures, size=size))
        if len(found) < FEWEST:
            problem = f"{shown(text)} has {len(found)} pictures that can be read"
            raise InputError(f"{problem}; figures of a set need {FEWEST}")
    ours, theirs = sets
    check_apart(ours, theirs)
    if output is not None:
        refuse_to_write_over(beside(output), (*ours.files, *theirs.files))
    judged = judge(ours, theirs, kinds, step)
    numbers = numbers_of(judged)
    if output is not None:
        account.write(*report_of(judged).write(output, numbers))
    text = jsons.dumps(numbers, indent=1) if json else text_of(judged)
    return account.result(text, found={Path(generated): numbers})
