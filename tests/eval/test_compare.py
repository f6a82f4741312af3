"""Methods under a protocol: what its hash covers, how a method is run, kept and ranked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate
from upscale_study import CHOOSING

from trombine.commands.judge import judge_compare
from trombine.core.conventions import to_pixels
from trombine.core.errors import InputError
from trombine.eval import compare
from trombine.eval.compare import Outcome, method_of, most_apart, numbers_of, outcome, report_of
from trombine.eval.methods import TASKS
from trombine.eval.protocol_files import (
    GREY,
    ProtocolFile,
    cases,
    fingerprint,
    load,
    shipped,
)
from trombine.io.image import save_picture
from trombine.models import Card, save
from trombine.nets import build
from trombine.world import face, paint

# Seeds that no protocol and no training has: whatever is measured of them is in no log.
REPAIR = """
about = "Six small faces"
version = 1
task = "repair"
pictures = "world:photo"
seeds = { first = 2_000_100, count = 6 }
size = 32
masks = ["irregular:10-20", "irregular:30-40"]
measures = ["PSNR in the hole", "SSIM", "MAE on the rim"]
"""
ENLARGE = """
version = 1
task = "upscale"
pictures = "world:photo"
seeds = { first = 2_000_100, count = 6 }
size = 32
damage = "shrink:2"
measures = ["PSNR-Y", "SSIM"]
"""


def protocol(folder: Path, text: str, name: str = "small") -> ProtocolFile:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return load(str(path))


@pytest.fixture
def repair(tmp_path: Path) -> ProtocolFile:
    return protocol(tmp_path, REPAIR)


@pytest.fixture
def enlarge(tmp_path: Path) -> ProtocolFile:
    return protocol(tmp_path, ENLARGE)


def compared(path: str, *names: str, **options: Any) -> dict[str, Any]:
    """The report of the verb, as JSON."""
    result = judge_compare(path, names, json=True, **options)
    (report,) = result.found.values()
    assert json.loads(json.dumps(report)) == json.loads(result.summary)
    return json.loads(result.summary)


# ---------------------------------------------------------------------------------------------
# Protocols


def test_a_comment_is_not_in_the_hash_and_a_change_is(tmp_path: Path) -> None:
    """Whatever a number depends on changes the hash; words about it, spaces and names do not."""
    first = protocol(tmp_path, REPAIR).protocol.hash
    assert re.fullmatch("[0-9a-f]{12}", first)
    same = REPAIR.replace("Six small faces", "Others").replace("count = 6", "count=6")
    same = f"# A comment\n{same}"
    assert protocol(tmp_path, same, "other").protocol.hash == first
    for old, new in (
        ("version = 1", "version = 2"),
        ("count = 6", "count = 7"),
        ("2_000_100", "2_000_101"),
        ("size = 32", "size = 33"),
        ("world:photo", "world:anime"),
        ("10-20", "10-21"),
        ('"SSIM"', '"PSNR"'),
        ('"SSIM", "MAE on the rim"', '"MAE on the rim", "SSIM"'),
    ):
        assert protocol(tmp_path, REPAIR.replace(old, new)).protocol.hash != first, old


# A number is committed under a hash: none of these may change.
SHIPPED = {
    "portraits-repair": "ee576736a2b1",
    "portraits-x2": "08862472aa4e",
    "portraits-x4": "94e768dfecc8",
    "repair-128": "fdd0786bc216",
    "repair-64": "787fd74cc646",
    "restyle-photo-anime": "b3b268d2dd93",
    "sharpen-photos": "3350073de0a8",
    "sharpen-x2": "7889146a7a70",
    "sharpen-x4": "7848ca72a2a6",
    "sharpen-x8": "3cd6fbb0347d",
}


def test_every_shipped_protocol_is_sound() -> None:
    """Each has its hash; seeds are those that are for protocols, and no two share one."""
    files = [load(name) for name in shipped()]
    assert {file.name: file.protocol.hash for file in files} == SHIPPED
    used: list[int] = []
    for file in files:
        used += file.seeds
    assert len(set(used)) == len(used)
    assert all(1_500_200 <= seed < 2_000_000 for seed in used)
    chosen_by = {f"{name}.{ending}" for name in CHOOSING for ending in ("png", "jpg")}
    assert not chosen_by & load("sharpen-photos").files.keys()


def test_the_list_names_each_with_its_hash() -> None:
    lines = judge_compare().summary.splitlines()[1:]
    for line, name in zip(lines, shipped(), strict=True):
        assert line.split()[:2] == [name, load(name).protocol.hash]


def test_a_hole_shows_nothing_of_the_truth(repair: ProtocolFile) -> None:
    """What a method is given is grey in the hole, and the truth elsewhere; the bins take turns."""
    every = tuple(cases(repair, None))
    assert [case.group for case in every] == list(repair.masks) * 3
    for case in every:
        assert case.hole is not None
        hole = torch.from_numpy(case.hole)
        assert case.given[:, hole].unique().tolist() == pytest.approx([GREY])
        assert torch.equal(case.given[:, ~hole], case.truth[:, ~hole])
        low = 10 if "10-20" in case.group else 30
        assert low <= 100 * case.hole.mean() <= low + 10
    again = tuple(cases(repair, None))
    assert fingerprint(again) == fingerprint(every) != fingerprint(every[::-1])


def test_pictures_of_a_folder_are_known_by_their_bytes(tmp_path: Path) -> None:
    """A file that is another, or is not there, is refused; a large one is cut to its middle."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    save_picture(tmp_path / "faces" / "a.png", pixels)
    import hashlib

    digest = hashlib.sha256((tmp_path / "faces" / "a.png").read_bytes()).hexdigest()
    (tmp_path / "list.sha256").write_text(f"{digest}  a.png\n")
    text = ENLARGE.replace('"world:photo"', '"folder"').replace("size = 32", "crop = 32")
    text = re.sub("seeds.*", 'files = "list.sha256"', text)
    file = protocol(tmp_path, text)
    (case,) = cases(file, tmp_path / "faces")
    assert np.array_equal(to_pixels(case.truth), pixels[4:36, 9:41])
    with pytest.raises(InputError, match="name it by --pictures"):
        tuple(cases(file, None))
    with pytest.raises(InputError, match="does not exist"):
        tuple(cases(file, tmp_path))
    save_picture(tmp_path / "faces" / "a.png", 255 - pixels)
    with pytest.raises(InputError, match="is not the picture that the protocol names"):
        tuple(cases(file, tmp_path / "faces"))
    (tmp_path / "list.sha256").write_text(f"{'0' * 64}  a.png\n")
    assert load(str(tmp_path / "small.toml")).protocol.hash != file.protocol.hash


def test_a_restyle_has_hidden_pairs(tmp_path: Path) -> None:
    """A method is given the face in one style, and judged by the same face in the other."""
    text = ENLARGE.replace("upscale", "restyle").replace("world:photo", "world:photo+anime")
    text = text.replace('damage = "shrink:2"\n', "").replace("count = 6", "count = 2")
    file = protocol(tmp_path, text.replace("PSNR-Y", "MAE"))
    every = tuple(cases(file, None))
    for case, seed in zip(every, file.seeds, strict=True):
        for picture, style in ((case.given, "photo"), (case.truth, "anime")):
            assert np.array_equal(to_pixels(picture), paint(face(seed), 32, style).pixels)
    made = outcome(method_of("colour transfer", file), file, every).results
    wanted = TASKS["restyle"].baselines["colour transfer"]
    for case, pixels in zip(every, made, strict=True):
        assert np.array_equal(to_pixels(wanted(case.given[None], style="anime")[0]), pixels)


# ---------------------------------------------------------------------------------------------
# Methods and their runs


def test_a_result_of_wrong_size_is_refused(enlarge: ProtocolFile) -> None:
    """One line says what is wrong."""
    every = tuple(cases(enlarge, None))
    method = compare.of_function("thrice", lambda pictures, factor: interpolate(pictures, (48, 48)))
    with pytest.raises(InputError, match="made 000000 48 x 48, where 32 x 32 is wanted") as error:
        outcome(method, enlarge, every)
    assert "\n" not in str(error.value)


def net(path: Path, **card: Any) -> Path:
    sizes = {"width": 4, "levels": 1, "inputs": 4}
    save(path, build("unet", sizes), Card(task="repair", net="unet", sizes=sizes, **card))
    return path


def test_a_model_that_has_seen_the_pictures_is_refused(tmp_path: Path) -> None:
    """By the data that its card names, and that of other streams."""
    file = protocol(tmp_path, REPAIR.replace("2_000_100", "500"))
    spec = "world:photo#600*3+leaves#20"
    cards: list[dict[str, Any]] = [
        {"data": spec},
        {"data": "world:anime"},  # as many as is usual: the same faces in another style
        {"data": "leaves#9", "settings": {"data": "leaves#9", "other": spec}},
        {"data": f"leaves#9 and {spec}"},
    ]
    for number, card in enumerate(cards):
        path = net(tmp_path / f"{number}.safetensors", **card)
        with pytest.raises(InputError, match="has learnt from seeds 500 to 505 of small"):
            method_of(str(path), file)
    for data in ("world:photo#500", "leaves", "folder:mine", ""):
        assert method_of(str(net(tmp_path / "fine.safetensors", data=data)), file).kind == "net"


# ---------------------------------------------------------------------------------------------
# Numbers


def outcome_of(name: str, values: list[float | None], measures: tuple[str, ...]) -> Outcome:
    return Outcome(
        method=compare.Method(name=name, kind="baseline", run=lambda file, every: []),
        rows=[dict.fromkeys(measures, value) for value in values],
        results=[],
        seconds=0.1,
    )


def test_pictures_without_a_measure_are_left_out(enlarge: ProtocolFile) -> None:
    """A mean is of those that have it, of all methods the same."""
    every = tuple(cases(enlarge, None))
    values = [1.0, None, 3.0, None, 5.0, 7.0]
    report = numbers_of(enlarge, every, [outcome_of("it", values, enlarge.measures)], ("it",))
    figure = report["methods"][0]["measures"]["SSIM"]
    assert (figure["value"], figure["count"]) == (4.0, 4)
    assert figure["low"] < 4 < figure["high"]


def test_less_is_better_where_a_measure_says_so(tmp_path: Path) -> None:
    """By an error, the method with the smallest is the first; limits have no rank."""
    file = protocol(tmp_path, ENLARGE.replace('"PSNR-Y", ', '"MAE", '))
    every = tuple(cases(file, None))
    errors = {"good": 0.1, "bad": 0.3, "nearest pixel": 0.2, "truth as JPEG 95": 0.01}
    outcomes = [outcome_of(n, [v] * 6, file.measures) for n, v in errors.items()]
    report = numbers_of(file, every, outcomes, ("bad", "good"))
    ranks = [(entry["method"], entry["rank"], entry["limit"]) for entry in report["methods"]]
    assert ranks == [
        ("truth as JPEG 95", None, "ceiling"),
        ("good", 1, ""),
        ("nearest pixel", None, "floor"),
        ("bad", 2, ""),
    ]


def test_where_methods_disagree(tmp_path: Path, enlarge: ProtocolFile) -> None:
    """The pictures on which they are furthest apart come first."""
    every = tuple(cases(enlarge, None))
    columns = {"a": [1.0, 2, 3, 4, 5, 6], "b": [1.5, 2, 9, 4, 3, 6.25]}
    outcomes = [outcome_of(n, list(v), enlarge.measures) for n, v in columns.items()]
    report = numbers_of(enlarge, every, outcomes, ("a", "b"))
    assert most_apart(report, ("a", "b")) == [2, 4, 0, 5, 1, 3]


def test_differences_are_paired(enlarge: ProtocolFile) -> None:
    """A method that is .5 better on every picture differs by .5 exactly, however much pictures
    differ; where signs are mixed the interval holds 0."""
    every = tuple(cases(enlarge, None))
    columns = {"better": [21.5, 33.5, 40.5, 28.5, 30.5, 25.5], "plain": [21, 33, 40, 28, 30, 25.0]}
    columns["mixed"] = [23.0, 32.0, 42.0, 27.0, 32.0, 23.4]
    outcomes = [outcome_of(name, list(v), enlarge.measures) for name, v in columns.items()]
    report = numbers_of(enlarge, every, outcomes, tuple(columns))
    differences = {
        entry["method"]: entry["measures"]["PSNR-Y"]["difference"] for entry in report["methods"]
    }
    assert report["best"] == "better"
    ends = [differences["plain"][end] for end in ("value", "low", "high")]
    assert ends == pytest.approx([-0.5] * 3)
    assert differences["plain"]["p"] == pytest.approx(2 / 2**6)
    assert differences["mixed"]["low"] < 0 < differences["mixed"]["high"]


def test_a_comparison_from_floor_to_ceiling(tmp_path: Path, repair: ProtocolFile) -> None:
    """A sound repair is better than the mean colour and worse than the truth as a JPEG; what is
    equal to the truth counts for 100 dB. The page has ranks, hashes and pictures; one that another
    program wrote stays."""
    names, page = ("biharmonic", "nearest pixel"), tmp_path / "page.html"
    report = compared(str(tmp_path / "small.toml"), *names, output=page)
    order = [entry["method"] for entry in report["methods"]]
    assert order == ["truth as JPEG 95", "biharmonic", "nearest pixel", "mean colour"]
    (case, *_) = cases(repair, None)
    row = compare.row_of(repair, case, case.truth)
    assert row == {"PSNR in the hole": 100.0, "SSIM": 1.0, "MAE on the rim": 0.0}
    text = report_of(report, (), (), pictures=False).summary()
    assert "Best: biharmonic." in text and f"Protocol {repair.protocol.hash}." in text
    assert text.splitlines()[5].split()[:3] == ["biharmonic", "1", "23.94"]
    shown = page.read_text()
    assert "Best: biharmonic." in shown and repair.protocol.hash in shown
    assert shown.count("<img") == 6 * 4
    page.write_text("mine")
    with pytest.raises(InputError, match="was not made by trombine"):
        compared(str(tmp_path / "small.toml"), "biharmonic", output=page)
