"""`data world`, `leaves`, `fractals`, `masks`: painted from seeds, into a folder or a pack.

The painters are in world/ and data/masks.py; folders and packs are written by data/painting.py. A
picture depends on its seed alone; the same command again makes what is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from trombine.commands.options import WHOLE, Cluster, Overwrite, Progress, Workers, limits, verb
from trombine.core.calls import RECORDED, Recorded, current
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.data.masks import DEFAULT, check_folders, parse_mix, spell
from trombine.data.masks import files_of as files_read
from trombine.data.painting import (
    SEEDS,
    Maker,
    files_of,
    paint_folder,
    paint_pack,
    publish_fractals,
)
from trombine.io.inputs import refuse_to_write_over

Count = Annotated[int, limits(1), WHOLE, RECORDED]
FirstSeed = Annotated[
    int,
    limits(0),
    WHOLE,
    Parameter(help="The seed of the first; the others follow. [0]"),
    RECORDED,
]
Into = Annotated[Path, Parameter(alias="-o", help="The folder to write, or the pack.")]
Size = Annotated[
    int,
    limits(16, 2048),
    WHOLE,
    Parameter(help="Width and height, 16 to 2048 pixels. [128]"),
    RECORDED,
]
AsPack = Annotated[bool, Parameter(help="Write a pack: large files, faster to read.")]


def _is_drawn(family: str) -> bool:
    """Whether no mask of a mix comes from a folder."""
    return not any(term.path for term in parse_mix(family))


@verb
def data_world(
    *,
    count: Count,
    output: Into,
    style: Annotated[str, RECORDED] = "photo",
    size: Size = 128,
    first_seed: FirstSeed = 0,
    pack: AsPack = False,
    overwrite: Overwrite = False,
    workers: Workers = 1,
    cluster: Cluster = "",
    progress: Progress = None,
) -> Result:
    """Paint faces, with exact parts, landmarks and parameters.

    For example:
      trombine data world --count 4 --size 64 --style photo --first-seed 0 -o faces
      trombine data world --count 2 --size 64 --style photo+anime --pack \\
        -o pairs-pack

    Parameters
    ----------
    count
        How many faces.
    style
        photo, anime, cartoon, sketch, photo+anime for pairs;
        posed: heads turned up to 60 degrees; children. [photo]
    """
    return _paint("world", tuple(style.split("+")))


@verb
def data_leaves(
    *,
    count: Count,
    output: Into,
    size: Size = 128,
    first_seed: FirstSeed = 0,
    pack: AsPack = False,
    overwrite: Overwrite = False,
    workers: Workers = 1,
    cluster: Cluster = "",
    progress: Progress = None,
) -> Result:
    """Paint overlapping shapes with the statistics of natural pictures.

    For example:
      trombine data leaves --count 4 --size 64 -o leaves

    Parameters
    ----------
    count
        How many pictures.
    """
    return _paint("leaves")


@verb
def data_fractals(
    *,
    count: Count,
    output: Into,
    size: Size = 128,
    first_seed: FirstSeed = 0,
    pack: AsPack = False,
    overwrite: Overwrite = False,
    workers: Workers = 1,
    cluster: Cluster = "",
    progress: Progress = None,
) -> Result:
    """Paint fractals, each with the numbers it is made from, ready to publish.

    For example:
      trombine data fractals --count 12 --size 64 -o fractals

    Parameters
    ----------
    count
        How many fractals.
    """
    result = _paint("fractals")
    if not pack:
        publish_fractals(output, overwrite=overwrite)
    return result


@verb
def data_masks(
    *,
    count: Count,
    output: Into,
    family: Annotated[str, Recorded(_is_drawn)] = DEFAULT,
    size: Size = 128,
    first_seed: FirstSeed = 0,
    overwrite: Overwrite = False,
    workers: Workers = 1,
    progress: Progress = None,
) -> Result:
    """Draw masks: which pixels are to be painted (white), which are kept.

    For example:
      trombine data masks --count 24 --size 64 -o masks
      trombine data masks --count 8 --size 64 \\
        --family "irregular:30-40*0.7+squares*0.3" -o mixed

    Parameters
    ----------
    count
        How many masks.
    family
        irregular, huge, squares, half, parts, scratches, text,
        files:FOLDER; irregular:30-40, parts:eyes; mixed by +.
    """
    mix = parse_mix(family)
    check_folders(mix)
    families = tuple(spell(term) for term in mix)
    if read := files_read(mix):
        maker = Maker(kind="masks", styles=families, size=size)
        seeds = range(first_seed, first_seed + count)
        names = (name for seed in seeds for name in files_of(maker, seed).values())
        refuse_to_write_over((output / name for name in names), read)
    return _paint("masks", families)


def _paint(kind: str, styles: tuple[str, ...] = ()) -> Result:
    """Make the missing pictures of the current call."""
    arguments = current().arguments
    first_seed, count = arguments["first_seed"], arguments["count"]
    if first_seed + count - 1 not in SEEDS:
        raise InputError(f"seeds end at {SEEDS[-1]:,}", "ask for fewer or lower ones")
    maker = Maker(kind=kind, styles=styles, size=arguments["size"])
    names = ("first_seed", "count", "workers", "cluster", "overwrite", "progress")
    paint = paint_pack if arguments.get("pack") else paint_folder
    return paint(
        arguments["output"], maker, **{name: arguments[name] for name in names if name in arguments}
    )
