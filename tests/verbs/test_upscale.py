"""Enlarge pictures and films: what comes out, by which model, what is refused."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL import Image as Pillow
from skimage import data as skimage_data

import trombine
from trombine import weights
from trombine.conventions import to_picture
from trombine.events import Done, Notice, Picture, Progress, Skipped
from trombine.io.image import load_picture, read_record, save_picture
from trombine.io.video import read_frames
from trombine.provenance import digest
from trombine.refusal import InputError
from trombine.upscaling import making, pipelines
from trombine.weights import find
from trombine.weights.model import shipped

pytestmark = pytest.mark.usefixtures("photographs")


# What comes out


def test_best_is_asked_for_and_kept(tmp_path: Path, kit: ModuleType) -> None:
    """A result made without it is another; the mean is what the function gives, too."""
    source = kit.photo(tmp_path)
    kit.events(source, output=tmp_path / "b.png")
    assert "was made otherwise (best False, not True)" in kit.why(
        kit.events(source, output=tmp_path / "b.png", best=True)
    )
    kit.events(source, output=tmp_path / "c.png", best=True)
    assert kit.events(source, output=tmp_path / "c.png", best=True)[-1].skipped == 0
    straight, best = (
        load_picture(tmp_path / "b.png").samples,
        load_picture(tmp_path / "c.png").samples,
    )
    assert 0 < np.abs(straight.astype(int) - best).max() < 40
    assert (np.asarray(trombine.upscale(source, factor=2, best=True)) == best).all()


def test_sharpness_is_asked_for_and_kept(tmp_path: Path, kit: ModuleType) -> None:
    """From the usual result, which is none of it, ever farther to the sharpest; in edges, too."""
    source = kit.photo(tmp_path)
    made, edges = {}, {}
    for sharpness in (0.0, 0.5, 1.0):
        out = tmp_path / f"{sharpness}.png"
        kit.events(source, output=out, factor=4, sharpness=sharpness)
        assert kit.events(source, output=out, factor=4, sharpness=sharpness)[-1].skipped == 0
        made[sharpness] = load_picture(out).samples.astype(int)
        edges[sharpness] = np.square(np.diff(made[sharpness], axis=1)).mean()
    kit.events(source, output=tmp_path / "usual.png", factor=4)
    assert (load_picture(tmp_path / "usual.png").samples == made[0.0]).all()
    half, all_of_it = (np.abs(made[by] - made[0.0]).mean() for by in (0.5, 1.0))
    assert 0 < half < all_of_it and edges[0.0] < edges[1.0]
    assert (np.asarray(trombine.upscale(source, factor=4, sharpness=0.5)) == made[0.5]).all()
    assert "was made otherwise (sharpness 1" in kit.why(
        kit.events(source, output=tmp_path / "1.0.png", factor=4, sharpness=0.25)
    )


def test_where_sharpness_counts_for_less_it_is_said(tmp_path: Path, kit: ModuleType) -> None:
    """Of a JPEG another net has its share, which cannot look sharper."""
    source = tmp_path / "a.jpg"
    Pillow.fromarray(skimage_data.astronaut()[:96, 160:256]).save(source, quality=70)
    heard = kit.events(source, output=tmp_path / "b.png", factor=4, sharpness=1.0)
    assert any("has no --sharpness" in text for text in kit.notices(heard))
    heard = kit.events(source, output=tmp_path / "c.png", factor=4)
    assert not any("--sharpness" in text for text in kit.notices(heard))


@pytest.mark.parametrize("factor", [2, 4])
def test_a_picture_is_what_its_net_makes_of_it(
    factor: int, tmp_path: Path, kit: ModuleType
) -> None:
    heard = kit.events(kit.photo(tmp_path), output=tmp_path / "b.png", factor=factor)
    net = weights.load(f"upscale-x{factor}")
    wanted = net(to_picture(kit.pixels())).permute(1, 2, 0).numpy() * 255
    made = load_picture(tmp_path / "b.png").samples
    assert np.abs(made - wanted).max() < 0.5 + 255 * 1e-5, "rounded once"
    assert heard[-1] == Done("1 picture written", 1, 0, 0)
    assert kit.notices(heard) == []


@pytest.mark.parametrize(("factor", "nets"), [(8, (4, 2)), (16, (4, 4))])
def test_more_times_than_a_net_enlarges(
    factor: int, nets: tuple[int, int], tmp_path: Path, kit: ModuleType
) -> None:
    """Two shipped nets, one after the other, lead to 8 and to 16 times, and nothing is shrunk."""
    source = kit.photo(tmp_path, height=10, width=12)
    kit.events(source, output=tmp_path / "b.png", factor=factor)
    wanted = to_picture(kit.pixels(10, 12))
    for times in nets:
        wanted = weights.load(f"upscale-x{times}")(wanted)
    assert kit.size(tmp_path / "b.png") == (12 * factor, 10 * factor)
    difference = load_picture(tmp_path / "b.png").samples - wanted.permute(1, 2, 0).numpy() * 255
    assert np.abs(difference).max() < 0.5 + 255 * 2e-5, "rounded once"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"factor": 5}, (120, 100)),
        ({}, (48, 40)),
        ({"factor": 3}, (72, 60)),
        ({"size": "100x100"}, (100, 83)),
        ({"size": "999x50"}, (60, 50)),
        ({"model": "upscale-drawings-x4"}, (96, 80)),
        ({"model": "upscale-drawings-x4", "factor": 2}, (48, 40)),
        ({"model": "upscale-wild"}, (48, 40)),
        ({"model": "upscale+upscale-wild*0.3"}, (48, 40)),
        ({"model": "upscale+upscale-wild*0.3", "factor": 4}, (96, 80)),
    ],
)
def test_how_large_it_becomes(
    options: dict[str, Any], wanted: tuple[int, int], tmp_path: Path, kit: ModuleType
) -> None:
    kit.events(kit.photo(tmp_path), output=tmp_path / "b.png", **options)
    assert kit.size(tmp_path / "b.png") == wanted


@pytest.mark.parametrize(
    "name",
    [
        "grey.png",
        "grey16.png",
        "colour16.png",
        "alpha.png",
        "profile.png",
        "still.webp",
        "plain.bmp",
    ],
)
def test_depth_mode_alpha_and_profile_stay(name: str, tmp_path: Path, kit: ModuleType) -> None:
    small = kit.of_every_kind()[name]
    save_picture(tmp_path / name, small)
    heard = kit.events(tmp_path / name, output=tmp_path / "out")
    large = load_picture(tmp_path / "out" / name)
    assert (large.mode, large.bits, large.profile) == (small.mode, small.bits, small.profile)
    assert (large.height, large.width) == (40, 48)
    assert kit.notices(heard) == []
    assert np.allclose(small.rgb().mean((0, 1)), large.rgb().mean((0, 1)), atol=0.02)
    before, after = small.alpha(), large.alpha()
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert abs(before.mean() - after.mean()) < 0.01


@pytest.mark.parametrize(
    ("name", "wanted"), [("a.jpg", "a.png"), ("a.gif", "a.png"), ("a.ppm", "a.png")]
)
def test_what_cannot_hold_the_result_becomes_png(
    name: str, wanted: str, tmp_path: Path, kit: ModuleType
) -> None:
    if name.endswith("ppm"):
        Pillow.fromarray(kit.pixels()).save(tmp_path / name)
    else:
        save_picture(tmp_path / name, kit.pixels())
    notices = kit.notices(kit.events(tmp_path / name, output=tmp_path / "out"))
    said = {"jpg": ["was a JPEG of quality 95"], "gif": ["colours of a palette"], "ppm": []}
    expected = said[name[-3:]]
    assert len(notices) == len(expected)
    assert all(one.startswith(start) for one, start in zip(notices, expected, strict=True))
    assert kit.size(tmp_path / "out" / wanted) == (48, 40)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("b.jpg", "JPEG of quality 95 loses a little; .png or .tif loses nothing"),
        (
            "b.gif",
            "does not hold all of the result: colours become at most 256; .png or .tif would",
        ),
    ],
)
def test_what_a_format_does_not_hold_is_said(
    name: str, said: str, tmp_path: Path, kit: ModuleType
) -> None:
    heard = kit.events(kit.photo(tmp_path), output=tmp_path / name)
    assert Notice(tmp_path / name, said) in heard


@pytest.mark.parametrize(
    ("name", "output"), [("a.webp", "out"), ("a.gif", "out"), ("a.gif", "b.webp")]
)
def test_a_film_stays_one(name: str, output: str, tmp_path: Path, kit: ModuleType) -> None:
    heard = kit.events(kit.film(tmp_path / name), output=tmp_path / output)
    (made,) = [event.path for event in heard if isinstance(event, Picture)]
    assert made is not None
    found = read_frames(made)
    assert (len(found.frames), found.durations, found.loops) == (3, (40, 80, 120), 2)
    assert {frame.samples.shape for frame in found.frames} == {(40, 48, 3)}
    assert made.suffix == ".webp" or "at most 256; .webp would" in kit.notices(heard)[0]


def test_the_same_with_other_threads_and_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kit: ModuleType
) -> None:
    """Small ones go side by side, and the tiles of the large one do."""
    monkeypatch.setattr(making, "LIGHT", 1000)
    mine = kit.model_file(tmp_path / "mine.safetensors", factor=2)
    sources = [kit.photo(tmp_path / "in", f"{i}.png", seed=i, width=24 + i) for i in range(5)]
    kit.film(tmp_path / "in" / "film.gif")
    kit.photo(tmp_path / "in", "large.png", height=60, width=90)
    alone = kit.events(tmp_path / "in", output=tmp_path / "one", model=mine, tile=16, threads=1)
    many = kit.events(tmp_path / "in", output=tmp_path / "three", model=mine, tile=16, threads=3)
    assert [type(event) for event in alone if not isinstance(event, Progress)] == [
        type(event) for event in many if not isinstance(event, Progress)
    ]
    for name in [*(source.name for source in sources), "film.gif", "large.png"]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "three" / name).read_bytes()


# Which model


def test_a_drawing_gets_its_own_net_and_that_is_said(tmp_path: Path, kit: ModuleType) -> None:
    source = kit.drawing(tmp_path)
    heard = kit.events(source, output=tmp_path / "b.png")
    assert kit.notices(heard) == [
        "looks like a drawing: its lines and flat colours are kept clean (by upscale-drawings);"
        " --model upscale takes it for a photograph"
    ]
    kit.events(source, output=tmp_path / "c.png", model="upscale-drawings")
    kit.events(source, output=tmp_path / "d.png", model="upscale")
    made = {name: load_picture(tmp_path / f"{name}.png").samples for name in "bc"}
    assert np.array_equal(made["b"], made["c"])
    models = [(read_record(tmp_path / f"{name}.png") or {})["options"]["model"] for name in "bd"]
    assert models == ["upscale-drawings", "upscale"]


@pytest.mark.parametrize("kind", [Path, str])
def test_a_model_file(kind: type, tmp_path: Path, kit: ModuleType) -> None:
    mine = kit.model_file(tmp_path / "mine.safetensors")
    kit.events(kit.photo(tmp_path), output=tmp_path / "b.png", model=kind(mine))
    assert kit.size(tmp_path / "b.png") == (72, 60), "its own factor"
    made = read_record(tmp_path / "b.png")
    assert made is not None and made["options"]["model"] == "mine.safetensors"
    assert made["inputs"]["mine.safetensors"] == digest(mine)


# What is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"factor": 17}, "-x is a whole number, 1 to 16, not 17; --size takes any size, up to 16"),
        ({"factor": 2, "size": "90x90"}, "-x and --size both say how large; give one of them"),
        ({"size": "90"}, "--size is WIDTHxHEIGHT, as in 1920x1080, not 90"),
        ({"size": "0x90"}, "--size is WIDTHxHEIGHT, as in 1920x1080, not 0x90"),
        ({"size": "x3"}, "--size is WIDTHxHEIGHT, as in 1920x1080, not x3"),
        ({"tile": 3}, "--tile is auto, or a whole number, "),
        ({"tile": "many"}, "--tile is auto, or a whole number, "),
        ({"threads": 0}, "--threads is a whole number, 1 or more, not 0"),
        ({"sharpness": 1.5}, "--sharpness is a number, 0 to 1, not 1.5"),
        ({"sharpness": float("nan")}, "--sharpness is a number, 0 to 1, not nan"),
        (
            {"sharpness": 0.5, "model": "upscale-wild"},
            "--sharpness is of --model upscale; leave one of both out",
        ),
        (
            {"sharpness": 0.5, "factor": 1},
            "--sharpness is for enlarging, and -x 1 cleans; leave one of both out",
        ),
        ({"mask_is": "white"}, "--mask-is says what of a mask was repaired; give --hole too"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    options: dict[str, Any], said: str, tmp_path: Path, kit: ModuleType
) -> None:
    with pytest.raises(InputError) as error:
        kit.events(kit.photo(tmp_path), output=tmp_path / "b.png", **options)
    assert str(error.value).startswith(said) and "\n" not in str(error.value)
    assert not (tmp_path / "b.png").exists()


def test_bad_pictures_are_skipped_and_named(tmp_path: Path, kit: ModuleType) -> None:
    good = kit.photo(tmp_path / "in", "good.png")
    (tmp_path / "in" / "text.png").write_text("no picture")
    (tmp_path / "in" / "short.png").write_bytes(good.read_bytes()[:-60])
    heard = kit.events(tmp_path / "in", output=tmp_path / "out")
    whys = {event.file.name: event.why for event in heard if isinstance(event, Skipped)}
    assert whys["text.png"].startswith("is not a picture")
    assert whys["short.png"].startswith("cannot be read (")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.png"]


def test_a_film_of_too_many_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kit: ModuleType
) -> None:
    monkeypatch.setattr(pipelines, "most_pixels", lambda: 5000)
    said = kit.why(kit.events(kit.film(tmp_path / "a.gif"), output=tmp_path / "b.gif"))
    assert said.startswith("would become 3 frames of 48 x 40, 5,760 pixels")


def test_a_run_stands_for_its_best_model(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "best.safetensors").write_bytes(shipped()["upscale-fast-x2"].read_bytes())
    assert find(str(run)) == find(run) == run / "best.safetensors"
    picture = Image.fromarray(np.full((20, 24, 3), 90, np.uint8))
    by_run = trombine.upscale(picture, factor=2, model=str(run))
    by_name = trombine.upscale(picture, factor=2, model="upscale-fast")
    assert np.array_equal(np.asarray(by_run), np.asarray(by_name))
