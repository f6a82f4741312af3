"""Files that were written over: each test is a promise to the user."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trombine import data_masks, data_world, replay, upscale, weights
from trombine.__main__ import main
from trombine.batch.result import drain
from trombine.codecs.beside import place
from trombine.demo.amounts import Demo
from trombine.demo.build import build as build_demo
from trombine.events import Event, Skipped
from trombine.images import read_provenance, write
from trombine.nets import build
from trombine.provenance import digest, record
from trombine.refusal import InputError, OutputError
from trombine.runs.folder import RunFolder
from trombine.verbs.models import ModelsExportRequest, ModelsImportRequest
from trombine.verbs.models import run as models
from trombine.verbs.read import ReadRequest
from trombine.verbs.read import run as read
from trombine.verbs.runs import RunsCompareRequest
from trombine.verbs.runs import run as runs
from trombine.weights import Card


def picture(path: Path, seed: int = 0, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, np.random.default_rng(seed).integers(0, 256, (10, 12, 3), np.uint8), **options)
    return path


def model_file(path: Path, about: str = "", **sizes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    net = build("residual", {"width": 4, "depth": 1, "factor": 2, **sizes}, seed=5)
    weights.save(path, net, Card(task="upscale", net="residual", sizes=net.sizes, about=about))
    return path


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Every name that leads to one file
NAMES: dict[str, Callable[[Path, Path], object]] = {
    "plain": lambda name, file: None,
    "symlink": lambda name, file: name.symlink_to(file),
    "hard link": lambda name, file: os.link(file, name),
}


# What is read is not written over


@pytest.mark.parametrize("how", NAMES)
def test_replay_never_writes_over_what_pictures_were_made_from(how: str, tmp_path: Path) -> None:
    """The originals in --inputs stay as they are, whatever name leads to them."""
    source = picture(tmp_path / "fa" / "a.png")
    upscale(pictures=(source,), model="upscale-fast", output=tmp_path / "fb" / "a.png")
    output = tmp_path / "fa" if how == "plain" else tmp_path / "fc"
    output.mkdir(exist_ok=True)
    NAMES[how](output / "a.png", source)
    before = everything(tmp_path)
    for overwrite in (True, False):
        with pytest.raises(InputError, match=r"a\.png: is an input, and would be written over"):
            replay(
                pictures=(tmp_path / "fb",),
                inputs=source.parent,
                output=output,
                overwrite=overwrite,
            )
    assert everything(tmp_path) == before


def test_replay_into_the_folder_of_its_inputs_can_be_run_again(tmp_path: Path) -> None:
    """Only files that a record names are inputs: what replay wrote beside them is kept."""
    source = picture(tmp_path / "fa" / "a.png")
    upscale(pictures=(source,), model="upscale-fast", output=tmp_path / "fb" / "large.png")
    words = {"pictures": (tmp_path / "fb",), "inputs": tmp_path / "fa", "output": tmp_path / "fa"}
    assert [path.name for path in replay(**words).written] == ["large.png"]
    assert replay(**words).kept == 1


@pytest.mark.parametrize("how", NAMES)
def test_models_import_never_writes_over_its_file(how: str, tmp_path: Path) -> None:
    """The checkpoint that is imported stays, whatever name leads to it."""
    net = build("residual", {"width": 4, "depth": 1, "factor": 2}, seed=5)
    file = tmp_path / "x.safetensors"
    torch.save(net.state_dict(), file)
    output = file if how == "plain" else tmp_path / "y.safetensors"
    NAMES[how](output, file)
    before = file.read_bytes()
    request = ModelsImportRequest(
        file=Path(f"{tmp_path}/./x.safetensors"),
        net="residual:width=4,depth=1,factor=2",
        task="upscale",
        output=output,
        overwrite=True,
    )
    with pytest.raises(InputError, match="is an input, and would be written over"):
        list(models(request))
    assert file.read_bytes() == before


@pytest.mark.parametrize("how", ["symlink", "hard link"])
def test_models_export_never_writes_over_its_model(how: str, tmp_path: Path) -> None:
    """The model that is exported stays, though the output is a link to it."""
    file, output = model_file(tmp_path / "m.safetensors"), tmp_path / "m.onnx"
    NAMES[how](output, file)
    before = file.read_bytes()
    request = ModelsExportRequest(model=str(file), output=output, onnx=True, overwrite=True)
    with pytest.raises(InputError, match="is an input, and would be written over"):
        list(models(request))
    assert file.read_bytes() == before


def test_upscale_never_writes_over_its_model(tmp_path: Path) -> None:
    """A file given by --model stays, though the output is a link to it."""
    file, output = model_file(tmp_path / "m.safetensors"), tmp_path / "large.png"
    output.symlink_to(file)
    before = file.read_bytes()
    with pytest.raises(InputError, match="is an input, and would be written over"):
        upscale(
            pictures=(picture(tmp_path / "a.png"),), model=str(file), output=output, overwrite=True
        )
    assert file.read_bytes() == before


def test_upscale_never_writes_over_a_truth_by_another_name(tmp_path: Path) -> None:
    """A truth stays, though the output is a hard link to it."""
    truth, output = picture(tmp_path / "truths" / "a.png"), tmp_path / "b.png"
    os.link(truth, output)
    with pytest.raises(InputError, match="is an input, and would be written over"):
        upscale(pictures=(picture(tmp_path / "a.png"),), truth=truth, output=output, overwrite=True)


def test_read_never_writes_over_its_model(tmp_path: Path) -> None:
    """A reader given by --model stays, though the sheet's name is a link to it."""
    file = tmp_path / "reader.safetensors"
    shutil.copyfile(weights.find("reader"), file)
    (tmp_path / "sheet.png").symlink_to(file)
    before = digest(file)
    request = ReadRequest(
        pictures=(picture(tmp_path / "a.png"),),
        model=file,
        output=tmp_path / "sheet.png",
        overwrite=True,
    )
    with pytest.raises(InputError, match="is an input, and would be written over"):
        list(read(request))
    assert digest(file) == before


def test_the_record_beside_an_input_is_not_written_over(tmp_path: Path) -> None:
    """The record of a BMP lies in a file beside it, and is read with it."""
    source = picture(tmp_path / "a.bmp", provenance=record("noise", {}, seed=1))
    before = everything(tmp_path)
    request = ReadRequest(
        pictures=(source,), output=tmp_path / "a.bmp.png", json=True, overwrite=True
    )
    with pytest.raises(InputError, match=r"a\.bmp\.json: is an input"):
        list(read(request))
    assert everything(tmp_path) == before


def test_masks_are_not_drawn_over_those_that_they_are_drawn_from(tmp_path: Path) -> None:
    """A folder of masks stays, though others are drawn into it and replace what is there."""
    folder = tmp_path / "masks"
    data_masks(count=3, size=32, output=folder, family="squares")
    before = everything(folder)
    with pytest.raises(InputError, match=r"000000\.png: is an input, and would be written over"):
        data_masks(count=3, size=32, output=folder, family=f"files:{folder}", overwrite=True)
    assert everything(folder) == before


def test_a_lock_file_of_somebody_else_is_kept(tmp_path: Path) -> None:
    """A pack that is called poetry leaves poetry.lock as it is."""
    theirs = tmp_path / "poetry.lock"
    theirs.write_text("versions")
    data_world(count=1, size=16, style="photo", output=tmp_path / "poetry", pack=True)
    assert theirs.read_text() == "versions"
    theirs.write_text("")  # as a process of ours that was killed leaves it
    data_world(count=1, size=16, style="photo", output=tmp_path / "poetry", pack=True)
    assert not theirs.exists()


def test_a_comparison_never_replaces_a_file_that_is_not_one(tmp_path: Path) -> None:
    """`runs compare -o FILE` writes over its own pages alone."""
    for name in ("a", "b"):
        RunFolder.create(tmp_path / name, {"recipe": "x", "settings": {}}).append({"event": "x"})
    notes = tmp_path / "notes.html"
    notes.write_text("my notes")
    words = {"first": tmp_path / "a", "second": tmp_path / "b"}
    with pytest.raises(OutputError, match="is there and was not made by trombine"):
        list(runs(RunsCompareRequest(**words, output=notes)))
    with pytest.raises(OutputError, match="is there and was not made by trombine"):
        list(runs(RunsCompareRequest(**words, output=tmp_path / "a" / "recipe.json")))
    assert notes.read_text() == "my notes"
    own = RunsCompareRequest(**words, output=tmp_path / "page.html")
    assert [drain(runs(own)).written for _ in range(2)] == [(own.output,)] * 2
    shutil.copyfile(tmp_path / "page.html", tmp_path / "a" / "index.html")
    with pytest.raises(InputError, match="is an input, and would be written over"):
        list(runs(RunsCompareRequest(**words, output=tmp_path / "a" / "index.html")))


def test_a_sweep_never_replaces_a_page_of_somebody_else(tmp_path: Path) -> None:
    """The page of a sweep is refused before anything is trained, where an index.html stands."""
    (tmp_path / "index.html").write_text("my page")
    words = ["--grid", "lr=1e-3,1e-4", "--pictures", "16", "-o", str(tmp_path)]
    assert main(["sweep", "upscale-fast-x2", *words]) == 2
    assert everything(tmp_path) == {"index.html": b"my page"}


def test_the_demo_never_replaces_what_it_did_not_make(tmp_path: Path) -> None:
    """A page, and a run, that stand where the demo's would are refused before anything is made."""
    (tmp_path / "index.html").write_text("my page")
    with pytest.raises(OutputError, match="is there and was not made by trombine"):
        build_demo(Demo(folder=tmp_path), lambda line: None)
    (tmp_path / "index.html").unlink()
    RunFolder.create(tmp_path / "run", {"command": "trombine train upscale-x4 -o run"})
    before = everything(tmp_path)
    with pytest.raises(OutputError, match="run: is there and was not made by the demo"):
        build_demo(Demo(folder=tmp_path), lambda line: None)
    assert everything(tmp_path) == before


# What lies beside


def why(heard: list[Event]) -> str:
    (skipped,) = [event for event in heard if isinstance(event, Skipped)]
    assert "\n" not in skipped.why
    return skipped.why


def enlarged(source: Path, output: Path, **options: Any) -> list[Event]:
    from trombine.verbs.upscale import UpscaleRequest, run

    options = {"model": "upscale-fast", **options}
    return list(run(UpscaleRequest(pictures=(source,), output=output, **options)))


@pytest.mark.parametrize("is_output_there", [False, True])
def test_a_sheet_of_somebody_else_is_kept(
    is_output_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NAME.sheet.png that upscale did not make for this picture is refused before any work."""
    source, output = picture(tmp_path / "a.png"), tmp_path / "b.png"
    if is_output_there:
        enlarged(source, output)
    sheet = picture(tmp_path / "b.sheet.png", seed=3)
    before = everything(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("trombine.upscaling.making._enlarged", None)  # no work is done
        line = why(enlarged(source, output, sheet=True))
    assert line == (
        f"{sheet}: is there, and trombine did not make it; choose another -o, or add --overwrite"
    )
    assert everything(tmp_path) == before
    enlarged(source, output, sheet=True, overwrite=True)
    made = read_provenance(sheet)
    assert made is not None and made["options"]["shows"] == "sheet"


def test_a_sheet_of_another_picture_is_kept(tmp_path: Path) -> None:
    """A sheet of trombine's own is replaced only by one of the same picture, made so."""
    first, other = picture(tmp_path / "a.png"), picture(tmp_path / "o" / "a.png", seed=4)
    enlarged(first, tmp_path / "b.png", sheet=True)
    (tmp_path / "b.png").unlink()
    before = everything(tmp_path)
    line = why(enlarged(other, tmp_path / "b.png", sheet=True))
    assert "b.sheet.png: is there, and was made from another a.png; " in line
    assert "was made otherwise" in why(enlarged(first, tmp_path / "b.png", sheet=True, factor=3))
    assert everything(tmp_path) == before
    enlarged(first, tmp_path / "b.png", sheet=True)  # the same command does what is missing
    assert (tmp_path / "b.png").exists()
    assert (tmp_path / "b.sheet.png").read_bytes() == before["b.sheet.png"]


def test_a_file_where_a_record_goes_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's b.bmp.json stays, with --overwrite too, and the others of a batch are done."""
    source, output = picture(tmp_path / "a.png"), tmp_path / "b.bmp"
    place(output).write_text("{}")
    with monkeypatch.context() as patch:
        patch.setattr("trombine.upscaling.making._enlarged", None)
        for overwrite in (False, True):
            line = why(enlarged(source, output, overwrite=overwrite))
            assert "b.bmp.json: lies where the record of the picture goes, and is none; " in line
    assert place(output).read_text() == "{}" and not output.exists()


@pytest.mark.parametrize("ending", [".parts.png", ".points.json", ".json"])
def test_what_lies_beside_a_sheet_of_read_is_kept(ending: str, tmp_path: Path) -> None:
    """Parts, points and fields that read did not make of this picture are refused before work."""
    source, there = picture(tmp_path / "a.png"), tmp_path / f"s{ending}"
    there.write_bytes(b'{"mine": 1}')
    request = ReadRequest(
        pictures=(source,),
        output=tmp_path / "s.png",
        write_parts=True,
        write_points=True,
        json=True,
    )
    assert f"s{ending}: is there, and trombine did not make it" in why(list(read(request)))
    assert names(tmp_path) == sorted(["a.png", there.name])
    assert there.read_bytes() == b'{"mine": 1}'
