"""`data prepare`: a folder of anybody's pictures made into a pack.

How it is done is in data/prepare.py; the layouts that are recognised are in data/layouts.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.devices import CPU, resolve
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.data.prepare import PrepareOptions, hub_folder, prepare_hub, prepare_pack
from trombine.data.reading import FRAMED

_HUB: Final = "hub:"
Percent = Annotated[int, opt.limits(0, 90), opt.WHOLE, Parameter(group=opt.MORE)]


@opt.verb
def data_prepare(
    folder: Path,
    /,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    size: Annotated[int, opt.limits(16, 2048), opt.WHOLE] = 128,
    crop: Annotated[
        Literal["centre", "none", "face", "bust", "tiles"], Parameter(show_choices=False)
    ] = "centre",
    as_: str = "",
    overwrite: opt.Overwrite = False,
    choose: Percent = 5,
    test: Percent = 5,
    workers: opt.Workers = 1,
    device: opt.Device = "auto",
    progress: opt.Progress = None,
) -> Result:
    """Make a pack of a folder of pictures: cropped, resized, sorted by use.

    For example:
      trombine data prepare faces --size 64 -o faces-pack
      trombine data prepare faces --size 64 --crop face -o aligned

    Parameters
    ----------
    folder
        A folder, or hub:NAME for a set of Hugging Face.
    output
        The pack to write; it goes on if begun.
    size
        Width and height, 16 to 2048 pixels. [128]
    crop
        centre: middle square; none: squeezed; face: largest,
        upright; bust: with shoulders; tiles: all squares, at
        their own size. [centre]
    as_
        celebamask-hq, celeba, lfw, ffhq, utkface, anime-faces,
        simpsons, flickr8k, people, pairs, unpaired, imagefolder, plain.
    choose
        Percent to choose the best checkpoint by. [5]
    test
        Percent for tests, where the layout says none. [5]
    """
    if choose + test > 90:
        raise InputError("choose and test are percent, and 90 at most together")
    where = resolve(device) if crop in FRAMED else CPU
    options = PrepareOptions(size=size, crop=crop, choose=choose, test=test, device=where)

    pictures = folder
    if str(folder).startswith(_HUB):
        name = str(folder).removeprefix(_HUB)
        pictures = hub_folder(name)
        prepare_hub(name, pictures, progress)
    return prepare_pack(
        pictures,
        output,
        options,
        layout=as_,
        workers=workers,
        overwrite=overwrite,
        progress=progress,
    )
