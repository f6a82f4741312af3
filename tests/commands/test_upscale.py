"""Enlarge pictures and films: what comes out, by which model, what is refused."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from trombine import models, replay, upscale
from trombine.core.conventions import to_picture
from trombine.core.errors import InputError
from trombine.data.resize import match, resize_large, shrink
from trombine.io.image import (
    Picture,
    format_of,
    load_picture,
    read_record,
    save_picture,
    to_pillow,
)
from trombine.io.video import read_frames
from trombine.models.model import shipped
from trombine.superres import enlarge, report

pytestmark = pytest.mark.usefixtures("photographs")


def samples(path: Path) -> np.ndarray:
    return load_picture(path).samples


# What comes out


@pytest.mark.parametrize("scale", [2, 4])
def test_a_picture_is_what_its_net_makes_of_it(scale: int, tmp_path: Path, kit: ModuleType) -> None:
    done = upscale(kit.photo(tmp_path), output=tmp_path / "b.png", scale=scale)
    net = models.load(f"upscale-x{scale}")
    wanted, small = net(to_picture(kit.pixels())), to_picture(kit.pixels())
    match(wanted, small, 1.0)
    made = samples(tmp_path / "b.png")
    difference = made - wanted.permute(1, 2, 0).numpy() * 255
    assert np.abs(difference).max() < 0.5 + 255 * 1e-5, "rounded once"
    assert (shrink(to_picture(made), scale) - small).abs().max() < 1.01 / 255, "to one level"
    assert (done.summary, done.notices) == ("1 picture written", ())


def test_two_nets_lead_to_8_times(tmp_path: Path, kit: ModuleType) -> None:
    upscale(kit.photo(tmp_path, height=10, width=12), output=tmp_path / "b.png", scale=8)
    wanted = to_picture(kit.pixels(10, 12))
    for times in (4, 2):
        wanted = models.load(f"upscale-x{times}")(wanted)
    match(wanted, to_picture(kit.pixels(10, 12)), 1.0)
    assert kit.size(tmp_path / "b.png") == (96, 80)
    difference = samples(tmp_path / "b.png") - wanted.permute(1, 2, 0).numpy() * 255
    assert np.abs(difference).max() < 0.5 + 255 * 2e-5, "rounded once"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, (48, 40)),
        ({"scale": 3}, (72, 60)),
        ({"size": "100x100"}, (100, 83)),
        ({"model": "upscale-drawings-x4"}, (96, 80)),
        ({"model": "upscale+upscale-wild*0.3", "scale": 4}, (96, 80)),
    ],
)
def test_how_large_it_becomes(
    options: dict[str, Any], wanted: tuple[int, int], tmp_path: Path, kit: ModuleType
) -> None:
    upscale(kit.photo(tmp_path), output=tmp_path / "b.png", **options)
    assert kit.size(tmp_path / "b.png") == wanted


def test_depth_mode_alpha_and_profile_stay(tmp_path: Path, kit: ModuleType) -> None:
    """And of a picture that a program holds the same comes out."""
    for name, small in kit.of_every_kind().items():
        save_picture(tmp_path / name, small)
        done = upscale(tmp_path / name, output=tmp_path / "out")
        large = load_picture(tmp_path / "out" / name)
        assert (large.mode, large.bits, large.profile) == (small.mode, small.bits, small.profile)
        assert (large.height, large.width) == (40, 48) and done.notices == ()
        assert np.allclose(small.rgb().mean((0, 1)), large.rgb().mean((0, 1)), atol=0.02)
        before, after = small.alpha(), large.alpha()
        assert (before is None) == (after is None)
        if before is not None and after is not None:
            assert abs(before.mean() - after.mean()) < 0.01
        held = np.asarray(upscale(to_pillow(small) if small.bits == 8 else small.samples))
        assert np.array_equal(held.reshape(large.samples.shape), large.samples), name


@pytest.mark.parametrize(("name", "said"), [("a.jpg", ["was a JPEG"]), ("a.gif", [])])
def test_what_cannot_hold_the_result_becomes_png(
    name: str, said: list[str], tmp_path: Path, kit: ModuleType
) -> None:
    save_picture(tmp_path / name, kit.pixels())
    done = upscale(tmp_path / name, output=tmp_path / "out")
    assert kit.size(tmp_path / "out" / "a.png") == (48, 40)
    assert len(done.notices) == len(said)
    assert all(text in done.notices[0] for text in said)
    done = upscale(kit.photo(tmp_path), output=tmp_path / "b.gif")
    assert "GIF does not hold all of the result: colours become at most 256" in done.notices[0]


@pytest.mark.parametrize("output", ["out", "b.webp"])
def test_a_film_stays_one(output: str, tmp_path: Path, kit: ModuleType) -> None:
    (made,) = upscale(kit.film(tmp_path / "a.gif"), output=tmp_path / output).written
    found = read_frames(made)
    assert (len(found.frames), found.durations, found.loops) == (3, (40, 80, 120), 2)
    assert {frame.samples.shape for frame in found.frames} == {(40, 48, 3)}


def test_the_same_with_other_threads_and_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kit: ModuleType
) -> None:
    """Small ones go side by side, and the tiles of the large one do."""
    monkeypatch.setattr(enlarge, "LIGHT", 1000)
    given = {"model": kit.model_file(tmp_path / "mine.safetensors", factor=2), "tile": 16}
    for number in range(5):
        kit.photo(tmp_path / "in", f"{number}.png", seed=number, width=24 + number)
    kit.film(tmp_path / "in" / "film.gif")
    kit.photo(tmp_path / "in", "large.png", height=60, width=90)
    alone = upscale(tmp_path / "in", output=tmp_path / "one", threads=1, **given)
    upscale(tmp_path / "in", output=tmp_path / "three", threads=3, **given)
    assert len(alone.written) == 7
    for path in alone.written:
        assert path.read_bytes() == (tmp_path / "three" / path.name).read_bytes()


def test_tta_and_sharpness_change_pixels(tmp_path: Path, kit: ModuleType) -> None:
    """The mean over eight is near the plain result; sharpness goes on to stronger edges."""
    source, made = kit.photo(tmp_path), {}
    ways: dict[str, dict[str, Any]] = {
        "plain": {},
        "tta": {"tta": True},
        "half": {"sharpness": 0.5},
        "sharp": {"sharpness": 1.0},
    }
    for name, options in ways.items():
        upscale(source, output=tmp_path / f"{name}.png", scale=4, **options)
        made[name] = samples(tmp_path / f"{name}.png").astype(int)
    apart = {name: np.abs(made[name] - made["plain"]).mean() for name in made}
    assert 0 < apart["tta"] < 5 and 0 < apart["half"] < apart["sharp"]
    edges = {name: np.square(np.diff(made[name], axis=1)).mean() for name in made}
    assert edges["plain"] < edges["sharp"]


def test_a_mask_says_where_how_much_is_done(tmp_path: Path, kit: ModuleType) -> None:
    source = kit.photo(tmp_path)
    mask = np.zeros((20, 24), np.uint8)
    mask[:, 8:], mask[:, 16:] = 102, 255
    Pillow.fromarray(mask).save(tmp_path / "mask.png")
    upscale(source, output=tmp_path / "all.png")
    upscale(source, output=tmp_path / "some.png", strength=tmp_path / "mask.png")
    plain = resize_large(to_picture(kit.pixels()), (40, 48)).permute(1, 2, 0).numpy() * 255
    whole, some = (samples(tmp_path / f"{name}.png").astype(float) for name in ("all", "some"))
    assert np.abs(some[:, :12] - plain[:, :12]).max() <= 0.5 + 1e-3
    assert np.array_equal(some[:, 36:], whole[:, 36:])
    between = 0.6 * plain[:, 20:28] + 0.4 * whole[:, 20:28]
    assert np.abs(some[:, 20:28] - between).max() < 1
    assert replay(tmp_path / "some.png").summary.endswith("the same pixels")
    with pytest.raises(InputError, match=r"mask.png.*24 x 20, and the picture is 12 x 10"):
        upscale(kit.pixels(10, 12), strength=tmp_path / "mask.png")


def test_grain_is_given_back(kit: ModuleType) -> None:
    """A noisy photograph, cleaned, has as much of it again."""
    grain = np.random.default_rng(2).normal(0, 8, (96, 96, 1))
    noisy = np.clip(np.linspace(60, 200, 96)[:, None] + grain, 0, 255).round()
    pixels = np.repeat(noisy, 3, 2).astype(np.uint8)
    clean, grained = (
        upscale(pixels, scale=1, model="upscale-wild", grain=grain).astype(float)
        for grain in (False, True)
    )
    assert (clean - clean.mean(0, keepdims=True)).std() < 3
    assert 6 < (grained - grained.mean(0, keepdims=True)).std() < 9


# A picture that a program holds


def test_what_a_program_holds_comes_back_as_the_same_kind(kit: ModuleType) -> None:
    pixels, scale = kit.pixels(), 3
    large = upscale(pixels, scale=scale)
    assert large.shape == (20 * scale, 24 * scale, 3) and large.dtype == np.uint8
    held = upscale(Pillow.fromarray(pixels), scale=scale)
    assert isinstance(held, Pillow.Image) and np.array_equal(np.asarray(held), large)
    grey = upscale(pixels[..., 0], scale=scale)
    assert grey.shape == large.shape[:2]
    tensor = upscale(to_picture(pixels), scale=scale)
    assert tensor.dtype == torch.float32
    assert np.abs(tensor.permute(1, 2, 0).numpy() * 255 - large).max() < 0.51
    several = upscale(torch.stack([to_picture(pixels)] * 2), scale=scale)
    assert torch.equal(several[1], tensor)
    assert len(upscale([pixels, pixels], scale=scale)) == 2


# Which model


def test_a_drawing_gets_its_own_net_and_that_is_said(tmp_path: Path, kit: ModuleType) -> None:
    source = kit.drawing(tmp_path)
    done = upscale(source, output=tmp_path / "b.png")
    assert "looks like a drawing" in done.notices[0] and "--model upscale" in done.notices[0]
    upscale(source, output=tmp_path / "c.png", model="upscale-drawings")
    assert np.array_equal(samples(tmp_path / "b.png"), samples(tmp_path / "c.png"))


def test_a_model_file_and_a_run(tmp_path: Path, kit: ModuleType) -> None:
    mine = kit.model_file(tmp_path / "mine.safetensors")
    upscale(kit.photo(tmp_path), output=tmp_path / "b.png", model=mine)
    assert kit.size(tmp_path / "b.png") == (72, 60), "its own factor"
    record = read_record(tmp_path / "b.png")
    assert record is not None and record["files"]["model"][0] == "mine.safetensors"
    run = tmp_path / "run"
    run.mkdir()
    (run / "best.safetensors").write_bytes(shipped()["upscale-fast-x2"].read_bytes())
    upscale(tmp_path / "a.png", output=tmp_path / "c.png", scale=2, model=str(run))
    held = upscale(kit.pixels(), scale=2, model="upscale-fast")
    assert np.array_equal(samples(tmp_path / "c.png"), held)


def test_the_damaged_net_works_in_a_hole_and_outside_all_stays(
    tmp_path: Path, kit: ModuleType
) -> None:
    mask = np.zeros((20, 24, 1), np.uint8)
    mask[5:12, 8:20] = 255
    save_picture(tmp_path / "masks" / "a.png", Picture(samples=mask))
    source, results, said = kit.photo(tmp_path), {}, ""
    ways = {"plain": {}, "wild": {"model": "upscale-wild"}, "hole": {"hole": tmp_path / "masks"}}
    for name, options in ways.items():
        done = upscale(source, output=tmp_path / f"{name}.png", scale=3, **options)
        results[name], said = samples(tmp_path / f"{name}.png"), "".join(done.notices)
    assert "taken for repaired" in said
    where = mask.repeat(3, 0).repeat(3, 1) > 0
    assert (results["hole"] == np.where(where, results["wild"], results["plain"])).all()


# The truth, a sheet, a report


def test_a_truth_gives_numbers_and_a_sheet_shows_the_result(
    tmp_path: Path, kit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which are computed once; of the last nothing is known."""
    measured, scores = list[int](), enlarge.scores
    for module in (enlarge, report):
        monkeypatch.setattr(
            module, "scores", lambda *pixels: measured.append(len(pixels)) or scores(*pixels)
        )
    sources = [kit.photo(tmp_path / "in", name) for name in ("a.jpg", "b.png", "c.png")]
    kit.photo(tmp_path / "truths", "a.tif", height=40, width=48)
    kit.photo(tmp_path / "truths", "b.png", height=40, width=44)
    done = upscale(sources, output=tmp_path / "o", truth=tmp_path / "truths", sheet=True)
    assert list(done.skipped) == [sources[1]] and len(measured) == 1
    assert "is 44 x 40, and the result would be 48 x 40" in done.skipped[sources[1]]
    assert any("PSNR-Y and SSIM-Y: bicubic " in text for text in done.notices)
    names = [path.name for path in done.written]
    assert names == ["a.sheet.png", "a.png", "c.sheet.png", "c.png"]
    large, shown = samples(tmp_path / "o" / "a.png"), samples(tmp_path / "o" / "a.sheet.png")
    assert set(map(tuple, large.reshape(-1, 3))) <= set(map(tuple, shown.reshape(-1, 3)))


# Again


@pytest.mark.parametrize(
    ("output", "options"),
    [
        ("b.jpg", {"scale": 4, "quality": 60}),
        ("b.tif", {"model": "upscale-drawings-x4", "tile": 16}),
        ("b.png", {"scale": 4, "sharpness": 0.5, "sheet": True, "tta": True}),
        ("b.report.json", {"report": True}),
    ],
)
def test_replay_makes_the_same_pixels(
    output: str, options: dict[str, Any], tmp_path: Path, kit: ModuleType
) -> None:
    source = kit.photo(tmp_path / "in")
    target = tmp_path / output.replace("sheet.", "").replace("report.json", "png")
    upscale(source, output=target, **options)
    said = replay(tmp_path / output, inputs=tmp_path / "in").summary
    same = "the same values" if output.endswith("json") else "the same pixels"
    assert said == f"{tmp_path / output}: {same}"


# What is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scale": 2, "size": "90x90"}, "-x and --size both say how large; give one of them"),
        ({"sharpness": 0.5, "model": "upscale-fast"}, "--sharpness is for enlarging"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    options: dict[str, Any], said: str, tmp_path: Path, kit: ModuleType
) -> None:
    with pytest.raises(InputError) as error:
        upscale(kit.photo(tmp_path), output=tmp_path / "b.png", **options)
    assert str(error.value).startswith(said) and "\n" not in str(error.value)
    assert not (tmp_path / "b.png").exists()


def strip(folder: Path, name: str, width: int) -> Path:
    """One row, which makes a long result of few pixels."""
    save_picture(folder / name, Picture(samples=np.full((1, width, 3), 90, np.uint8)))
    return folder / name


@pytest.mark.parametrize("name", ["b.webp", "b.jpg"])
def test_a_result_that_its_format_cannot_hold_is_refused_before_it_is_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format = format_of(Path(name))
    most = enlarge.MOST_A_SIDE[format]
    monkeypatch.delattr(enlarge, "_enlarged")
    with pytest.raises(InputError, match=f"{format} holds at most {most:,} a side"):
        upscale(strip(tmp_path, "a.png", most // 2 + 1), output=tmp_path / name)
    path = strip(tmp_path, f"c.{format.lower()}", most)
    assert load_picture(path).width == most, "and it does hold so many"
    with pytest.raises(InputError, match=r"cannot hold|is cut short"):
        load_picture(strip(tmp_path, f"d.{format.lower()}", 2 * most + 1))


def test_no_model_is_written_over(tmp_path: Path, kit: ModuleType) -> None:
    mine, output = kit.model_file(tmp_path / "m.safetensors"), tmp_path / "large.png"
    output.symlink_to(mine)
    before = mine.read_bytes()
    with pytest.raises(InputError, match="is an input, and would be written over"):
        upscale(kit.photo(tmp_path), model=mine, output=output, overwrite=True)
    assert mine.read_bytes() == before
