"""`trombine train`: what it would do, what it refuses, and a folder of pictures to a model."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trombine import __main__
from trombine.nets import build
from trombine.recipes import RECIPES
from trombine.weights import Card, load, save

Command = Callable[..., subprocess.CompletedProcess[str]]
SMALL = {
    "batch": "4",
    "width": "4",
    "depth": "1",
    "blocks": "1",
    "levels": "1",
    "size": "16",
    "window": "0",
    "pictures": "16",
    "faces": "4",
    "judged": "4",
    "threads": "1",
    "save-every": "8",
}


def words(recipe: str, *more: str | Path) -> list[str]:
    sizes = {size for net in RECIPES[recipe].nets.values() for size in net.sizes}
    known = {*RECIPES[recipe].plain(), *sizes}
    small = SMALL | {"size": "256"} if recipe == "refiner" else SMALL  # twice a reader's window
    given = [f"--{n}={value}" for n, value in small.items() if n.replace("-", "_") in known]
    return ["train", recipe, *given, "--no-board", *map(str, more)]


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model to begin with, for the recipes that begin with one: the shipped ones are larger."""
    net = build("residual", {"width": 4, "depth": 1})
    path = tmp_path_factory.mktemp("start") / "small.safetensors"
    save(path, net, Card(task="upscale", net="residual", sizes=net.sizes))
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = __main__.main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("recipe", RECIPES)
def test_dry_run(
    recipe: str,
    start: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    # The small one is an enlarger; a repairer begins with what its recipe names.
    enlarges = RECIPES[recipe].task == "upscale"
    begins = ("--start", str(start)) if RECIPES[recipe].start and enlarges else ()
    code, out, err = said(capsys, *words(recipe, "--dry-run", *begins))
    assert (code, err) == (0, "")
    assert out.startswith(f"{recipe}: {RECIPES[recipe].about}\n")
    for part in ("nets", "data", "resolved", "settings", "expected"):
        assert f"\n{part}\n" in out
    for role, net in RECIPES[recipe].nets.items():
        assert re.search(rf"{role} +{net.name}:.* [\d,]+ parameters", out)
    assert re.search(r"time +\d+ .*: 4 steps of \d+ ms", out)
    assert re.search(r"memory +[\d.]+ GB", out)
    assert not list(tmp_path.iterdir()), "it stops there"


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("train", "nosuch"), "there is no recipe 'nosuch'; there are upscale-x2"),
        (("train", "dcgan", "--lrr", "1"), "no setting 'lrr'; did you mean lr"),
        (("train", "dcgan", "--lr"), "--lr needs a value after it"),
        (("train", "dcgan", "--lr="), "NAME=VALUE"),
        (("train", "dcgan", "--lr", "--batch", "8"), "--lr needs a value after it"),
        (("train", "dcgan", "--lr", "1", "--lr", "2"), "lr is given twice"),
        (("train", "dcgan", "--save-every", "1", "--save_every=2"), "save_every is given twice"),
        (
            ("train", "dcgan", "--settings", "data=leaves", "--data", "leaves"),
            "data is given twice",
        ),
        (("train", "dcgan", "--pictures", "1e99"), "pictures is 1000000000000 or less"),
        (
            ("train", "dcgan", "--threads", "1000"),
            "1000 threads are asked for, and this machine has",
        ),
        (("train", "upscale-fast-x2", "--size", "33"), "size 33 is not a multiple of 2"),
        (("train", "dcgan", "--lr", "fast"), "lr is a number, not 'fast'"),
        (("train", "dcgan", "--best", "PSNR"), "best is one of sliced distance; not 'PSNR'"),
        (("train", "dcgan", "--other", "leaves"), "learns from one kind of pictures"),
        (
            ("train", "dcgan-r1", "--devices", "640", "--batch", "640"),
            "640 devices are asked for, and this machine has ",
        ),
        (
            ("train", "dcgan", "--device", "cuda"),
            "--device cuda: torch finds none here; give --device cpu",
        ),
        (("train", "dcgan", "--width", "many"), "width of dcgan_generator is a whole number"),
        (("train", "dcgan", "--generator.colour", "1"), "colour"),
        (("train", "dcgan", "--data", "nosuch"), "'nosuch' is not a source"),
        (("train", "dcgan", "--data", "world:oil"), "'oil' is not one of the styles"),
        (("train", "dcgan", "--data", "folder:gone"), "gone"),
        (("train", "dcgan", "--data", "folder:"), "names nothing after 'folder:'"),
        (("train", "dcgan", "--data", "pack:gone"), "gone: does not exist"),
        (("train", "dcgan", "--data", "folder:few"), "it takes 5 or more"),
        (("train", "dcgan", "--data", "folder:few", "-o", "few/run"), "is inside few"),
        (("train", "upscale-fast-x2", "--size", "4096"), "size is 16 to 2048 pixels"),
        (("train", "pose", "--data", "leaves#48"), "has no numbers called yaw, pitch, roll"),
    ],
)
def test_what_is_refused_in_a_line(
    given: tuple[str, ...],
    line: str,
    dry: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "cuda" in given:
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    portraits(tmp_path / "few", 3)
    code, out, err = said(capsys, *given, *dry)
    assert (code, out) == (2, "")
    assert line in err and err.startswith("trombine: ") and err.count("\n") == 1
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").rglob("recipe.json"))


def test_seeds_of_two_uses_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = said(capsys, "train", "dcgan", "--data", "leaves#2000000")
    assert code == 2 and "seeds 0 to 1999999 cross 1000000" in err


def test_a_dry_run_is_refused_where_a_folder_was_begun_with_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    portraits(tmp_path / "mine", 8)
    asked = words("upscale-fast-x2", "--data", "folder:mine", "-o", "run")
    assert said(capsys, *asked)[0] == 0
    assert "\nrun: run\n" in said(capsys, *asked, "--dry-run")[1]
    code, _, err = said(capsys, *asked, "--dry-run", "--lr", "0.5")
    assert code == 2 and "run: was begun with lr 0.002 (now 0.5); " in err


def test_help_names_the_settings_that_are_used_most(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "train", "--help")
    text = " ".join(out.replace("│", " ").split())
    often = [f"--{what}-every" for what in ("log", "sample", "measure", "save")]
    for name in ("--lr", "--batch", "--pictures", "--size", "--width", "--seed", "--precision"):
        assert name in text
    assert code == 0 and {"--threads", "--devices"} < set(text.replace(",", "").split())
    assert all(name in text for name in often)
    assert not re.search(r"│ +│\n", out), "a paragraph of its own"


def portraits(folder: Path, count: int) -> None:
    folder.mkdir()
    chance = np.random.default_rng(0)
    for number in range(count):
        pixels = chance.integers(0, 255, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def test_a_folder_of_pictures_to_a_model(command: Command, tmp_path: Path) -> None:
    """Of files whose folder has spaces in its name, from the command to a model that is called."""
    portraits(tmp_path / "my own faces", 12)
    data = "folder:my own faces"
    run = command(*words("upscale-fast-x2", "--data", data, "-o", "a run"))
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("a run: 16 pictures seen; best PSNR ")
    model = load(tmp_path / "a run" / "best.safetensors")
    assert model.card.data == "tiles:my own faces" and model.card.recipe == "upscale-fast-x2"
    assert f"--data '{data}'" in model.card.command
    about = RECIPES["upscale-fast-x2"].about
    assert model.card.about == f"{about}; learns from {model.card.data} (8 pictures)"
    assert model.card.licence == "", "whose pictures these are is not trombine's to say"
    again = command(*words("upscale-fast-x2", "--data", data, "-o", "a run"))
    over = "a run: was over already, nothing is done: "
    assert (again.returncode, again.stdout) == (0, run.stdout.replace("a run: ", over, 1))


def test_the_command_in_the_card_says_the_same_again() -> None:
    import shlex

    from trombine.cli import _spelt_out
    from trombine.verbs.train import TrainRequest, order_of

    asked = TrainRequest(
        recipe="upscale-fast-x2", data="folder:my own", settings=("lr=1e-4", "judge=a b")
    )
    order = order_of(asked)
    spelt = _spelt_out(shlex.split(order.command)[1:])
    assert spelt[:2] == ["train", "upscale-fast-x2"]
    given = tuple(value for name, value in itertools.pairwise(spelt) if name == "--settings")
    assert set(given) == {"lr=1e-4", "judge=a b"}
    assert spelt[spelt.index("--data") + 1] == "folder:my own"


def test_a_cache_that_cannot_be_written_is_to_be_set_elsewhere(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who chose no folder for packs reads which variable names one."""
    (tmp_path / "cache").write_bytes(b"")
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "cache"))
    done = command(*words("upscale-x2", "--data=world:photo#4", "--output=run"))
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and f"{tmp_path}/cache/packs/" in last
    assert last.endswith("; set TROMBINE_CACHE to a folder that can be written")


def test_help_names_every_recipe(root: Path) -> None:
    text = (root / "trombine" / "verbs" / "train.py").read_text()
    about = text.partition("recipe: str")[2].partition("data: str")[0]
    assert not [name for name in RECIPES if name not in about.replace("\n    ", " ")]
