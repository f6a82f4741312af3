"""Enlarge beside a truth, onto sheets; what is said while it works; Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from trombine.events import Done, Picture, Skipped
from trombine.io.image import load_picture, save_picture
from trombine.refusal import InputError
from trombine.verbs import replay

pytestmark = pytest.mark.usefixtures("photographs")


# The truth and the sheet


def test_a_report_lies_beside_and_is_made_again(tmp_path: Path, kit: ModuleType) -> None:
    source = kit.photo(tmp_path / "in")
    heard = kit.events(source, output=tmp_path / "b.png", report=True)
    names = ["b.report.json", "b.report.png", "b.png"]
    assert sorted(event.name for event in heard if isinstance(event, Picture)) == sorted(names)
    for name in names[1:]:
        again = tmp_path / "again" / name
        list(
            replay.run(
                replay.ReplayRequest(
                    pictures=(tmp_path / name,), inputs=tmp_path / "in", output=again
                )
            )
        )
        assert again.read_bytes() == (tmp_path / name).read_bytes()
    kit.events(source, output=tmp_path / "c.png")
    assert (
        load_picture(tmp_path / "c.png").samples.tolist()
        == load_picture(tmp_path / "b.png").samples.tolist()
    )
    (tmp_path / "b.report.json").write_text("mine")
    assert "trombine did not make it" in kit.why(
        kit.events(source, output=tmp_path / "b.png", report=True)
    )


def test_a_truth_gives_numbers(tmp_path: Path, kit: ModuleType) -> None:
    large = kit.pixels(40, 48)
    save_picture(tmp_path / "truth.png", large)
    source = kit.photo(tmp_path)
    heard = kit.events(source, output=tmp_path / "b.png", truth=tmp_path / "truth.png", sheet=True)
    (said,) = kit.notices(heard)
    assert said.startswith("PSNR-Y and SSIM-Y: bicubic ") and "; result " in said
    assert not said.endswith("inf dB, 1.0000")
    kit.events(source, output=tmp_path / "itself.png", truth=tmp_path / "b.png")
    (said,) = kit.notices(
        kit.events(source, output=tmp_path / "itself.png", truth=tmp_path / "b.png", overwrite=True)
    )
    assert said.endswith("result inf dB, 1.0000"), "the result is the truth"


def test_truths_of_several_are_in_a_folder(tmp_path: Path, kit: ModuleType) -> None:
    sources = [kit.photo(tmp_path / "in", name) for name in ("a.png", "b.png", "c.png")]
    kit.photo(tmp_path / "truths", "a.tif", height=40, width=48)
    kit.photo(tmp_path / "truths", "b.png", height=40, width=44)
    heard = kit.events(*sources, output=tmp_path / "out", truth=tmp_path / "truths")
    assert [event.file for event in heard if isinstance(event, Skipped)] == [sources[1]]
    (skipped,) = [event.why for event in heard if isinstance(event, Skipped)]
    assert skipped == (
        f"{tmp_path}/truths/b.png: is 44 x 40, and the result would be 48 x 40;"
        " name one of that size as --truth, or none"
    )
    first, missing = kit.notices(heard)
    assert first.startswith("PSNR-Y") and missing == (
        f"has no truth of its name in {tmp_path}/truths"
    )
    with pytest.raises(InputError, match="is one file, and there are 3 pictures; name a folder"):
        kit.events(*sources, output=tmp_path / "out", truth=sources[0])


def test_a_film_has_no_truth(tmp_path: Path, kit: ModuleType) -> None:
    heard = kit.events(
        kit.film(tmp_path / "a.gif"), output=tmp_path / "b.gif", truth=kit.photo(tmp_path)
    )
    assert kit.why(heard) == "is a film, and has no truth; leave --truth out"


def test_a_sheet_beside_each_output(tmp_path: Path, kit: ModuleType) -> None:
    kit.photo(tmp_path / "in", "a.jpg")
    kit.film(tmp_path / "in" / "b.gif")
    heard = kit.events(tmp_path / "in", output=tmp_path / "out", sheet=True)
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["a.png", "a.sheet.png", "b.gif", "b.sheet.png"]
    said = [event.name for event in heard if isinstance(event, Picture)]
    assert said == ["a.sheet.png", "a.png", "b.sheet.png", "b.gif"]
    large = load_picture(tmp_path / "out" / "a.png").samples
    shown = load_picture(tmp_path / "out" / "a.sheet.png").samples
    windows = np.lib.stride_tricks.sliding_window_view(shown, (1, 1, 3))
    assert {tuple(colour) for colour in large.reshape(-1, 3)} <= {
        tuple(colour) for colour in windows.reshape(-1, 3)
    }, "the result is on it"


def test_a_sheet_that_is_missing_is_made_and_the_output_is_left(
    tmp_path: Path, kit: ModuleType
) -> None:
    source, out = kit.photo(tmp_path), tmp_path / "b.png"
    kit.events(source, output=out)
    before = out.stat().st_mtime_ns
    heard = kit.events(source, output=out, sheet=True)
    assert (tmp_path / "b.sheet.png").exists() and out.stat().st_mtime_ns == before
    assert isinstance(kit.events(source, output=out, sheet=True)[-1], Done)
    (tmp_path / "b.sheet.png").unlink()
    heard = kit.events(source, output=out, sheet=True, factor=4)
    assert kit.why(heard) == (
        f"{out}: is there, and was made otherwise (enlarge x2, not x4);"
        " choose another -o, or add --overwrite"
    )
    heard = kit.events(source, output=out, sheet=True, tile=16)
    assert kit.why(heard) == (
        f"{out}: is there, and was made otherwise than what is missing would be;"
        " choose another -o, or add --overwrite"
    )
    assert not (tmp_path / "b.sheet.png").exists()


# While it works
