"""bench/upscale.py on a few small pictures: every row is computed by its own code, and says what it
should, whatever the nets are worth.

What has never been trained stands in for the nets, and painted pictures for the public ones.
"""

from __future__ import annotations

import math
from json import dumps, loads
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import upscale
import upscale_pictures
from PIL import Image
from upscale_pictures import Pictures, from_files
from upscale_quality import (
    WILD,
    Scores,
    bicubic_of_papers,
    damaged,
    measured,
    protocol_of,
)

from trombine.data.degrade import Chain, enlarge, shrink
from trombine.methods.upscale import of_model
from trombine.weights import load, shipped

NOBODYS = range(2_000_000, 2_000_002)  # seeds whose use is not logged


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Two small files, one in colour and one in grey, neither with sides that are multiples."""
    folder = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[:45, :54]
    for name, tints in (("coloured", (1, 2, 3)), ("grey", (2, 2, 2))):
        waves = [128 + 100 * np.sin(x * tint / 5 + y / 4) for tint in tints]
        Image.fromarray(np.stack(waves, -1).astype(np.uint8)).save(folder / f"{name}.png")
    return from_files("stubs", "two waves", sorted(folder.glob("*.png")))


@pytest.fixture
def asked(tmp_path: Path) -> upscale.Asked:
    """Two faces, and a log of their own."""
    return upscale.Asked(seeds=NOBODYS, log=tmp_path / "log.jsonl", protocols={})


# Pictures ------------------------------------------------------------------------------------


def test_grey_files_are_grey_pictures(painted: Pictures) -> None:
    assert {name: tuple(one.shape) for name, one in painted.truths.items()} == {
        "coloured": (3, 45, 54),
        "grey": (1, 45, 54),
    }


def test_the_fingerprint_is_that_of_the_bytes(tmp_path: Path, painted: Pictures) -> None:
    for value in (10, 11):
        Image.new("L", (8, 8), value).save(tmp_path / f"{value}.png")
    prints = [from_files("one", "one", [tmp_path / f"{n}.png"]).fingerprint for n in (10, 11, 10)]
    assert prints[0] == prints[2] != prints[1]
    protocol = protocol_of(painted, 2, "")
    assert protocol.fingerprint == painted.fingerprint and protocol.logged


def test_photographs_are_those_that_come_with_scikit_image() -> None:
    folder = Path(upscale_pictures.skimage.data.__file__).parent
    assert {"astronaut", "chelsea", "coffee", "rocket"} <= {
        (folder / name).stem for name in upscale_pictures.PHOTOGRAPHS if (folder / name).exists()
    }
    pictures = upscale_pictures.photographs()
    assert len(pictures.truths) == len(upscale_pictures.PHOTOGRAPHS)
    assert pictures.truths["camera"].shape == (1, 512, 512)


def test_drawings_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """By seed, so that a picture does not depend on where the seeds begin."""
    white = SimpleNamespace(pixels=np.full((4, 4, 3), 255, np.uint8))
    monkeypatch.setattr(upscale_pictures, "paint", lambda person, size, style: white)
    names = list(upscale_pictures.drawings(range(3, 7)).truths)
    assert names == ["anime 3", "cartoon 4", "sketch 5", "anime 6"]


# Scores --------------------------------------------------------------------------------------


def by_hand(truth: np.ndarray, guess: np.ndarray, border: int) -> float:
    """PSNR of Y, in plain numpy: pictures are C x H x W, values 0 to 255."""
    weights = np.array([65.481, 128.553, 24.966]) / 255 if len(truth) == 3 else np.ones(1)
    apart = np.tensordot(weights, truth - guess, 1)[border:-border, border:-border]
    return 10 * math.log10(255**2 / np.mean(apart**2))


def test_scores_are_those_computed_by_hand(painted: Pictures) -> None:
    """Cropped to 44 x 52, shrunk, enlarged by repeating pixels, 4 pixels of border left out."""

    def repeated(small: torch.Tensor, *, factor: int = 4) -> torch.Tensor:
        return small.repeat_interleave(factor, -1).repeat_interleave(factor, -2)

    scores = measured(painted, 4, {"repeated": repeated})
    for index, truth in enumerate(painted.truths.values()):
        whole = truth[:, :44, :52].contiguous()
        small = shrink(whole, 4)
        for way, guess in (
            ("repeated", repeated(small)),
            ("bicubic", enlarge(small, 4)),
            ("Lanczos", enlarge(small, 4, kernel="lanczos")),
        ):
            expected = by_hand(255 * whole.double().numpy(), 255 * guess.double().numpy(), 4)
            assert scores.values[way][index] == pytest.approx(expected, abs=1e-4)


def some_scores(public: bool = True) -> Scores:
    """Three pictures, of which the net wins two."""
    pictures = Pictures(
        name="stubs",
        spec="stubs",
        truths={},
        seeds=range(0) if public else range(2_000_000, 2_000_003),
    )
    return Scores(
        protocol=protocol_of(pictures, 2, ""),
        pictures=("a", "b", "c"),
        values={
            "bicubic": np.array([30.0, 31, 32]),
            "Lanczos": np.array([30.5, 31, 31]),
            "net": np.array([32.0, 30.75, 35]),
        },
        floors=("bicubic", "Lanczos"),
    )


def test_gains_count_against_the_better_floor() -> None:
    scores = some_scores()
    assert scores.least_gain("net") == ("b", -0.25)
    assert scores.not_better("net") == 1
    assert scores.gained("net", "bicubic").mean == pytest.approx((2 - 0.25 + 3) / 3)
    rows = list(upscale.better_rows("stubs", scores, "net"))
    assert [(row.value, row.ok) for row in rows] == [(1, False), (-0.25, True)]
    assert rows[1].name.endswith("both, b")
    shown = upscale.goal_row("x", scores.figure("net"), 32).unit
    assert scores.protocol.hash in shown and "to" in shown


@pytest.mark.parametrize("public", [True, False])
def test_public_uses_are_logged_with_the_nets_hash(public: bool, tmp_path: Path) -> None:
    some_scores(public).log("net", "0123456789ab", tmp_path / "log.jsonl")
    assert (tmp_path / "log.jsonl").exists() == public
    if public:
        entry = loads((tmp_path / "log.jsonl").read_text())
        assert entry["model"] == "0123456789ab"
        assert [one["measure"] for one in entry["figures"]] == [
            "PSNR-Y",
            "gain over bicubic",
            "gain over Lanczos",
        ]


# Ways and damage -----------------------------------------------------------------------------


def test_a_net_makes_8_bits_and_grey_of_grey(painted: Pictures) -> None:
    model = load("upscale-fast-x2")
    for truth in painted.truths.values():
        small = truth[:, :20, :24]
        large = of_model(model)(small[None], factor=2)[0]
        assert large.shape == (len(truth), 40, 48)
        assert torch.allclose(large * 255, (large * 255).round(), atol=1e-4)
        exact = model(small.expand(3, -1, -1).contiguous())
        if len(truth) == 1:  # a grey file holds what Pillow calls L
            exact = (exact * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, True)
        assert (large - exact).abs().max() <= 0.5 / 255 + 1e-5


def test_the_damage_is_what_was_promised() -> None:
    """Blur of sigma 1, 4 times smaller, noise of 5 levels, JPEG of quality 40, in this order."""
    steps = [step.terms[0] for step in Chain.parse(WILD).steps]
    assert [step.name for step in steps] == ["blur:gaussian", "shrink", "noise:gaussian", "jpeg"]
    amounts = [step.amounts[0].low for step in steps]
    assert amounts == pytest.approx([1, 4, 5 / 255, 40], abs=1e-5)


def test_damage_is_the_seeds_and_keeps_grey(painted: Pictures) -> None:
    for truth in painted.truths.values():
        small = damaged(truth, WILD, 3)
        assert small.shape == (len(truth), 11, 13)
        assert torch.equal(small, damaged(truth, WILD, 3))
        assert not torch.equal(small, damaged(truth, WILD, 4))


def test_bicubic_of_papers_is_the_published_one() -> None:
    if not (upscale_pictures.SHARED / "set5").is_dir():
        pytest.skip("../shared/data/set5 is not here")
    pictures = upscale_pictures.set5()
    for factor, published in upscale.BICUBIC.items():
        assert bicubic_of_papers(pictures, factor) == pytest.approx(published, abs=0.005)


# Rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["set5", "photographs", "portraits"])
def test_rows_of_public_pictures(
    group: str, painted: Pictures, asked: upscale.Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upscale, group, lambda: painted)
    monkeypatch.setattr(upscale, "there", lambda folder: True)
    rows = {row.name: row for row in upscale.GROUPS[group](asked)}
    assert all(math.isfinite(row.value) for row in rows.values())
    logged = [loads(line) for line in (asked.log or Path()).read_text().splitlines()]
    hashes = [load(name).hash for name in ("upscale-x2", "upscale-x4")]
    assert [entry["model"] for entry in logged] == hashes
    assert len(asked.protocols) == 2
    goals = {row.name: row.goal for row in rows.values() if row.goal}
    for factor in (2, 4):
        about = f"{'Set5' if group == 'set5' else group} x{factor}"
        not_better = f"{about}: pictures that are not better than by bicubic and Lanczos"
        assert goals.pop(not_better) == "<= 0"
    assert (
        goals
        == {
            "set5": {
                "Set5 x2: bicubic as in papers": "33.66 ± 0.02",
                "Set5 x2: upscale-x2": ">= 37.7",
                "Set5 x4: bicubic as in papers": "28.42 ± 0.02",
                "Set5 x4: upscale-x4": ">= 32.05",
            },
            "photographs": {},
            "portraits": {
                "portraits x2: upscale-x2 over bicubic": ">= 3",
                "portraits x4: upscale-x4 over bicubic": ">= 2.6",
            },
        }[group]
    )


def test_rows_of_damaged_pictures(
    painted: Pictures, asked: upscale.Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upscale, "photographs", lambda: painted)
    monkeypatch.setattr(upscale, "faces", lambda seeds: painted)
    rows = list(upscale.wild_rows(asked))
    assert [row.goal for row in rows] == [None, ">= 2", None, None, ">= 1.2", None]
    logged = [loads(line) for line in (asked.log or Path()).read_text().splitlines()]
    assert [one["figures"][0]["method"] for one in logged] == ["upscale-wild-x4", "upscale-x4"] * 2
    assert WILD in logged[0]["conditions"]["degradations"][1]


def test_rows_of_the_best_of_eight(
    painted: Pictures, asked: upscale.Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upscale, "photographs", lambda: painted)
    monkeypatch.setattr(upscale, "faces", lambda seeds: painted)
    rows = list(upscale.best_rows(asked))
    assert len(rows) == 4 and all(0 < abs(row.value) < 3 for row in rows)


def test_what_is_missing_is_skipped_with_a_line(
    asked: upscale.Asked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(upscale, "SHARED", tmp_path)
    monkeypatch.setattr(upscale, "STUDY", upscale.ROOT / "bench" / "results" / "no-study.json")
    for group in ("set5", "portraits", "study"):
        assert not list(upscale.GROUPS[group](asked))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["skipped"] * 3


@pytest.mark.parametrize(("ours", "ok"), [(30.0, True), (29.0, False)])
def test_the_study_decides_who_is_better(
    ours: float, ok: bool, asked: upscale.Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upscale, "STUDY", tmp_path / "study.json")
    rows = [
        {"name": "upscale-x4", "value": ours, "minutes": 10.2},
        {"name": "srresnet-x4", "value": 29.5, "minutes": 10.0},
    ]
    upscale.STUDY.write_text(dumps({"rows": rows}))
    row, longer = upscale.study_rows(asked)
    assert row.ok == ok and row.value == pytest.approx(ours - 29.5)
    assert longer.ok and longer.value == pytest.approx(1.02)
    rows[0]["minutes"] = 60
    upscale.STUDY.write_text(dumps({"rows": rows}))
    assert [row.ok for row in upscale.study_rows(asked)] == [ok, False], "not for as long"
    upscale.STUDY.write_text(dumps({"rows": rows[:1]}))
    assert not list(upscale.study_rows(asked)), "skipped"


def test_the_detector_is_counted(asked: upscale.Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """2 faces at 5 sizes: one wrong in ten of one style, and one photograph."""
    found = {"photo": 0.0, "anime": 0.1, "cartoon": 0.0, "sketch": 0.0, "photographs": ["moon"]}
    monkeypatch.setattr(upscale, "wrong_of", lambda first, count: found)
    monkeypatch.setattr(upscale, "there", lambda folder: False)
    rows = list(upscale.detector_rows(asked))
    assert [row.ok for row in rows] == [True, False, True, True, False]
    assert rows[1].value == pytest.approx(0.9) and rows[4].value == 1
    assert rows[4].name.endswith("moon")


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Ends are where the share is 1.96 of the deviations that they would have themselves away."""
    for share, count in ((0.9, 10), (0.995, 200), (0.37, 50)):
        for end in upscale.wilson(share, count):
            away = abs(share - end) / math.sqrt(end * (1 - end) / count)
            assert away == pytest.approx(1.959964, abs=1e-5)
    assert upscale.wilson(1, 200)[1] == pytest.approx(1)


@pytest.mark.parametrize(("apart", "power", "missed"), [(1e-5, 1.05, 0), (1e-3, 1.2, 3)])
def test_rows_of_speed(
    apart: float,
    power: float,
    missed: int,
    asked: upscale.Asked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timed = upscale.upscale_speed
    monkeypatch.setattr(timed, "times_faster", lambda net, plain, side: 1.6 + (net is not plain))
    monkeypatch.setattr(timed, "apart", lambda net, side: apart)
    monkeypatch.setattr(timed, "twelve_megapixels", lambda model: (20.0, 8.0, 1430.0))
    monkeypatch.setattr(timed, "linearity", lambda net: (power, 1.3))
    monkeypatch.setattr(timed, "several_at_once", lambda net: 1.1)
    rows = list(upscale.speed_rows(asked))
    assert sum(not row.ok for row in rows) == missed
    assert [row.value for row in rows if row.unit == "GB"] == pytest.approx([1.49947], abs=1e-4)
    goals = [*[">= 1.5", ">= 1.5", "<= 0.0001"] * 2, ">= 2", None, "<= 20", "<= 1.5"]
    assert [row.goal for row in rows] == [*goals, "0.9 to 1.1", None, None]


def test_the_program_on_two_faces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "--count 2 --first-seed 2000000 --only faces drawings seams --json"
    monkeypatch.setattr("sys.argv", ["bench/upscale.py", *words.split()])
    code = upscale.main()
    told = loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in told["rows"]}
    assert code == (0 if all(row["ok"] for row in rows.values()) else 1)
    assert rows["faces x2: upscale-x2 over bicubic"]["goal"] == ">= 3.5"
    assert rows["faces x4: upscale-x4 over bicubic"]["goal"] == ">= 3"
    assert rows["drawings x4: upscale-drawings-x4 over bicubic"]["goal"] == ">= 4"
    seams = [row for name, row in rows.items() if name.startswith("tiled")]
    enlargers = [name for name in shipped() if name.startswith("upscale")]
    assert len(seams) == len(enlargers) and all(row["ok"] for row in seams)
    assert "faces x2: " in told["protocol"]


def test_one_face_is_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench/upscale.py", "--count", "1"])
    with pytest.raises(SystemExit) as stopped:
        upscale.main()
    assert stopped.value.code == 2
