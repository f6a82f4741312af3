"""How good pictures are: `judge restoration | originality`. How it is measured is in eval/."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from trombine.commands.options import MORE, WHOLE, Json, OverPage, Page, Progress, limits, verb
from trombine.core.computing import cores
from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, Result, silent
from trombine.core.progress import Progress as Step
from trombine.eval import originality, restoration
from trombine.eval.published import judging_nets
from trombine.eval.restoration import judge_pair, paired
from trombine.eval.sets import PictureSet, natural_size, open_set, same_place
from trombine.io.batch import refuse_to_write_over
from trombine.report import beside, check_page


@verb
def judge_restoration(
    results: Path,
    truth: Path,
    /,
    *,
    holes: Path | None = None,
    border: Annotated[int, limits(0, 64), WHOLE] = 0,
    features: tuple[str, ...] = (),
    json: Json = False,
    output: Page = None,
    overwrite: OverPage = False,
    progress: Progress = None,
) -> Result:
    """Compare repaired, enlarged or cleaned pictures with what they should be.

    For example:
      trombine judge restoration results truth
      trombine judge restoration results truth --json -o judged.html

    Files are paired by their names without the ending. Measured are PSNR, SSIM,
    MS-SSIM, mean absolute and edge error, and what a net reads of faces:
    landmarks, parts, who it is. --features adds distances in lpips, vgg16, vgg19
    or inception, with weights of yours as NAME:FILE (lpips:VGG16+LPIPS), or from
    where torch keeps them.

    Parameters
    ----------
    results
        The pictures to judge: a file, or a folder of them.
    truth
        What they should be: a file, or a folder of same names.
    holes
        Masks, white where was repaired: one, or a folder.
    border
        Pixels on each side that PSNR-Y leaves out. [0]
    features
        lpips, vgg16, vgg19 or inception; or NAME:FILE.
    """
    if output is not None and not overwrite:
        check_page(output)
    step, account = progress or silent, Account()
    nets = judging_nets(features)
    pairs, alone = paired([results], [truth], holes)
    if not pairs:
        problem = f"holds no picture of which {shown(truth)} has the truth"
        raise InputError(problem, "files are paired by name", path=results)
    if output is not None:
        refuse_to_write_over(beside(output), [path for pair in pairs for path in pair.files])
    for path in alone:
        account.notice("has no partner of its name, and is left out", path)
    measured, account.total = {}, len(pairs)
    for number, pair in enumerate(pairs, 1):
        try:
            measured[pair] = judge_pair(pair, border=border, nets=nets)
        except InputError as error:
            account.skip(pair.result, error)
        step(number, len(pairs), "pictures")
    if not measured:
        return account.result("")
    hashes = restoration.hashes_of(nets)
    numbers = restoration.numbers_of(measured, hashes)
    if output is not None:
        account.write(*restoration.report_of(measured, hashes).write(output, numbers))
    text = jsons.dumps(numbers, indent=1) if json else restoration.text_of(measured, hashes)
    return account.result(text, found={results: numbers})


@verb
def judge_originality(
    generated: str | Path,
    references: str | Path,
    /,
    *,
    top: Annotated[int, limits(1, 20), WHOLE] = 4,
    size: Annotated[int | None, limits(16, 512), WHOLE] = None,
    false_alarms: Annotated[float, limits(0.0001, 0.1)] = 0.01,
    json: Json = False,
    output: Page = None,
    overwrite: OverPage = False,
    seed: Annotated[int, limits(0), WHOLE, Parameter(group=MORE)] = 0,
    progress: Progress = None,
) -> Result:
    """Say which generated pictures are copies of those that a net learned from.

    For example:
      trombine judge originality truth world:photo#100 --false-alarms 0.05 \\
        -o original.html

    Each is compared with every reference: by SSIM at the same places, and by a
    search that finds copies that were mirrored, cropped, recoloured, compressed,
    blurred or patched too. Where copies begin the references say; planted copies
    show what that finds.

    Parameters
    ----------
    generated
        The pictures to judge: a folder, a pack, or a data spec.
    references
        What they may be copies of: a folder, a pack, or a spec.
    top
        How many nearest references of each are reported. [4]
    size
        At what size all are compared; else the generated ones'.
    false_alarms
        The share of originals that would be called copies. [0.01]
    seed
        Which references thresholds and planted copies take. [0]
    """
    if output is not None and not overwrite:
        check_page(output)
    step, account = progress or silent, Account()
    ours, theirs = _sets(str(generated), str(references), size, account, step)
    if output is not None:
        refuse_to_write_over(beside(output), [*ours.files, *theirs.files])
    found = originality.judge(
        ours,
        theirs,
        top=top,
        false_alarms=false_alarms,
        seed=seed,
        threads=cores(),
        progress=step,
    )
    if ours.resized or theirs.resized:
        account.notice(originality.about(found))
    numbers = originality.numbers_of(found)
    if output is not None:
        account.write(*originality.report_of(found).write(output, numbers))
    text = jsons.dumps(numbers, indent=1) if json else originality.text_of(found)
    return account.result(text, found={Path(generated): numbers})


def _sets(
    generated: str, references: str, size: int | None, account: Account, step: Step
) -> tuple[PictureSet, PictureSet]:
    """Both sets at one size."""
    if same_place(generated, references):
        raise InputError("the generated pictures and the references are the same; name two sets")
    size = size or natural_size(generated) or natural_size(references)
    if size is None:
        raise InputError("pictures that are painted have any size; give one, as in --size 64")
    sets = []
    for spec in (generated, references):
        sets.append(pictures := open_set(spec, size, account, step))
        if not len(pictures):
            raise InputError("holds no picture that can be read", path=Path(spec))
    ours, theirs = sets
    return ours, theirs
