"""`data audit`: what is wrong with a set of pictures. How it is found is in eval/audit.py."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from trombine.commands.judge import result_of
from trombine.commands.options import MORE, WHOLE, Overwrite, Progress, Workers, limits, verb
from trombine.core.computing import in_processes
from trombine.core.errors import OutputError
from trombine.core.progress import Account, Result, silent
from trombine.data.columns import SPLITS
from trombine.data.layouts import list_folder
from trombine.eval import audit
from trombine.io.files import write_bytes
from trombine.io.inputs import refuse_to_write_over
from trombine.report import beside, check_page


@verb
def data_audit(
    folder: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    keep_list: Path | None = None,
    as_: str = "",
    dup_threshold: Annotated[float, limits(0.5, 1)] = 0.85,
    json: bool = False,
    overwrite: Overwrite = False,
    least: Annotated[int, limits(1), WHOLE, Parameter(group=MORE)] = 32,
    longest: Annotated[float, limits(1, 100), Parameter(group=MORE)] = 2,
    any_subject: Annotated[bool, Parameter(group=MORE)] = False,
    workers: Workers = 1,
    progress: Progress = None,
) -> Result:
    """Find bad and duplicate pictures in a set; nothing is deleted.

    For example:
      trombine data audit faces -o audit.html --keep-list keep.txt

    Parameters
    ----------
    folder
        Pictures, in any layout that data prepare knows.
    output
        A page to write, with the pictures.
    keep_list
        A list to write: what to keep, one of all duplicates.
    as_
        The layout, such as celeba or plain.
    dup_threshold
        SSIM, at 64 x 64, of duplicates. [.85]
    json
        Print all of it as JSON.
    least
        Pixels of the shorter side; with fewer it is tiny. [32]
    longest
        The largest aspect ratio. [2]
    any_subject
        Do not look for faces: for a set of other things.
    """
    step, listing = progress or silent, list_folder(folder, as_)
    split_of = {
        view.picture: SPLITS[record.split] if record.split >= 0 else ""
        for record in listing.records
        for view in record.sides
    }
    outputs = [path for path in (output, keep_list) if path is not None]
    refuse_to_write_over(
        [*(beside(output)[:2] if output else ()), *outputs], [folder / name for name in split_of]
    )
    if not overwrite:
        if output is not None:
            check_page(output, audit.GENERATOR)
        if keep_list is not None and keep_list.exists():
            problem = "is there already"
            raise OutputError(problem, "choose another name, or --overwrite", path=keep_list)
    account = Account()
    if listing.note:
        account.notice(listing.note, folder)
    check = partial(audit.check, folder=folder, least=least, longest=longest, faces=not any_subject)
    pictures: list[audit.Checked] = []
    for checked in in_processes(check, list(split_of.items()), workers, at_once=64):
        pictures.append(checked)
        step(len(pictures), len(split_of), "pictures")
    found = audit.compared(pictures, dup_threshold, lambda n, of: step(n, of, "comparisons"))
    if keep_list is not None:
        write_bytes(keep_list, audit.keep_list(found).encode())
        account.write(keep_list)
    report = audit.report_of(folder, found, pictures=output is not None)
    return result_of(account, {folder: audit.numbers_of(found)}, report, json=json, output=output)
