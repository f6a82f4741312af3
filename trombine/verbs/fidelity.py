"""How near a set of pictures is to real ones: `judge fidelity`. How it is measured is in judge/."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

from trombine.bridge import Listener
from trombine.io.batch import refuse_to_write_over
from trombine.judge.fidelity import FEWEST
from trombine.judge.fidelity_page import write_page
from trombine.judge.fidelity_report import as_json, as_text, feature_kinds, judge
from trombine.judge.fidelity_sets import check_apart, check_places, read_set
from trombine.pages import check_page
from trombine.progress import Result
from trombine.refusal import InputError, shown
from trombine.verbs.options import WHOLE, Json, OverPage, Page, Progress, limits, verb


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
    classifier's test and diversity, each beside the same of real against real; and
    which faces are missing or overdone, by everything that the witness reads.
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
    check_places(str(generated), str(real))
    if output is not None and not overwrite:
        check_page(output)
    listener, sets = Listener(progress), []
    for side, text in (("generated", str(generated)), ("real", str(real))):
        found = listener.follow(read_set(text, side, most=pictures, size=size))
        sets.append(found)
        if len(found) < FEWEST:
            problem = f"{shown(text)} has {len(found)} pictures that can be read"
            raise InputError(f"{problem}; figures of a set need {FEWEST}")
    ours, theirs = sets
    check_apart(ours, theirs)
    if output is not None:
        refuse_to_write_over([output], (*ours.files, *theirs.files))
    report = listener.follow(judge(ours, theirs, kinds))
    if output is not None:
        write_page(output, report)
        listener.write(output)
    numbers = as_json(report)
    text = numbers if json else as_text(report)
    return listener.result(text, made=1, found={Path(generated): jsons.loads(numbers)})
