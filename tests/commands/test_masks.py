"""`data masks`: what is written, for any number of workers, and how it is made again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from written import files

import trombine
from trombine.core.errors import InputError, OutputError
from trombine.core.progress import Result
from trombine.data.masks import mask

SIZE = 24
QUICK = "irregular*2+squares+half:left"


def make(output: Path, **options: Any) -> Result:
    asked = {"count": 6, "size": SIZE, "family": QUICK, **options}
    return trombine.data_masks(output=output, **asked)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def test_masks_and_lines(tmp_path: Path) -> None:
    done = make(tmp_path / "m", first_seed=7)
    assert len(done.written) == 6 and "6 pictures (masks:" in done.summary
    numbers = [f"{seed:06d}.png" for seed in range(7, 13)]
    assert files(tmp_path / "m").keys() == {"metadata.jsonl", *numbers}
    for line in lines(tmp_path / "m"):
        with Image.open(tmp_path / "m" / line["file_name"]) as picture:
            pixels = np.asarray(picture)
            assert picture.mode == "L"
        assert np.array_equal(pixels, mask(QUICK, line["seed"], SIZE) * 255)
        share = int((pixels == 255).sum()) / SIZE**2  # counted
        assert line["share"] == pytest.approx(share, abs=1e-6)
        assert (line["size"], line["families"]) == (SIZE, QUICK)
        assert np.array_equal(pixels, mask(line["family"], line["seed"], SIZE) * 255)


def test_who_is_stopped_goes_on(tmp_path: Path) -> None:
    def stop(done: float, of: float, what: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    make(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "half", progress=stop)
    there = files(tmp_path / "half")
    assert sum(name.endswith(".png") for name in there) == 3
    assert make(tmp_path / "half").kept == 3
    assert files(tmp_path / "half") == files(tmp_path / "whole")


def test_a_folder_of_other_masks_is_left_alone(tmp_path: Path) -> None:
    make(tmp_path / "m")
    before = files(tmp_path / "m")
    cure = "; choose another folder, or make all anew with --overwrite"
    for change, said in (
        ({"family": "squares"}, f"describes other pictures than masks:squares of 24 px{cure}"),
        ({"size": 32}, re.escape(f"other pictures than masks:{QUICK} of 32 px{cure}")),
    ):
        with pytest.raises(OutputError, match=said):
            make(tmp_path / "m", **change)
    assert files(tmp_path / "m") == before


def source(folder: Path, count: int, first_seed: int = 0) -> None:
    """Mask files of somebody."""
    folder.mkdir(exist_ok=True)
    for seed in range(first_seed, first_seed + count):
        Image.fromarray(mask("squares", seed, SIZE)).save(folder / f"{seed}.png")


# Made again


def test_replay_draws_the_same_pixels(tmp_path: Path) -> None:
    source(tmp_path / "s", 2)
    families = f"irregular:20-30+text+parts:eyes*4+scratches+inverted:{tmp_path / 's'}"
    make(tmp_path / "m", family=families, count=12)
    pictures = sorted((tmp_path / "m").glob("*.png"))
    assert {line["family"] for line in lines(tmp_path / "m")} >= {"parts:eyes", "inverted"}
    result = trombine.replay(pictures, output=tmp_path / "again")
    for path in pictures:
        if path in result.skipped:  # by a file of a folder, which no record may name
            assert (
                "whose family is neither shipped nor beside it: inverted:" in result.skipped[path]
            )
            continue
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    assert result.summary.count("the same pixels") == 12 - len(result.skipped) >= 9


def test_masks_are_not_drawn_over_the_files_they_come_from(tmp_path: Path) -> None:
    source(tmp_path, 2)
    (tmp_path / "0.png").rename(tmp_path / "000000.png")
    with pytest.raises(InputError, match=r"000000.png: is an input"):
        make(tmp_path, family=f"files:{tmp_path}", overwrite=True)
