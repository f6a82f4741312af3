"""`trombine train`: what it would do, what it refuses, and a folder of pictures to a model."""

from __future__ import annotations

import logging
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import trombine
from trombine import __main__
from trombine.commands.train import config_of
from trombine.core.errors import InputError
from trombine.models import Card, load, save
from trombine.nets import build
from trombine.recipes import differences, with_settings
from trombine.runs.folder import RunFolder
from trombine.training.methods import RECIPES, find

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
    return ["train", recipe, *given, "--no-tensorboard", *map(str, more)]


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


@pytest.mark.parametrize("recipe", {type(one): name for name, one in RECIPES.items()}.values())
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


def test_without_a_recipe_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "train")
    lines = out.splitlines()
    assert code == 0 and [line.split()[0] for line in lines] == list(RECIPES)
    assert all(line.endswith(RECIPES[line.split()[0]].about) for line in lines)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("train", "nosuch"), "there is no recipe 'nosuch'; trombine train lists all"),
        (("train", "dcgan", "--lrr", "1"), "no setting 'lrr'; did you mean lr"),
        (("train", "upscale-fast-x2", "--size", "33"), "size 33 is not a multiple of 2"),
        (("train", "dcgan", "--data", "folder:few"), "it takes 5 or more"),
        (("train", "dcgan", "--data", "folder:few", "-o", "few/run"), "is inside few"),
        (("train", "fractal-gan", "--data", "leaves#48"), "has no numbers called a, b, c, d"),
    ],
)
def test_what_is_refused_in_a_line(
    given: tuple[str, ...],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    portraits(tmp_path / "few", 3)
    code, out, err = said(capsys, *given)
    assert (code, out) == (2, "")
    assert line in err and err.startswith("trombine: ") and err.count("\n") == 1
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").rglob("recipe.json"))


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


# Settings

TINY = """
recipe = "upscale-fast-x2"
data = "leaves#24"
size = 16
pictures = 24
batch = 8
judged = 4
faces = 4
threads = 1
"net.depth" = 1
log-every = 8

[net]
width = 4
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe in a file, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = Path("mine.toml")
    path.write_text(TINY)
    return path


def test_a_recipe_is_read_from_a_file(mine: Path) -> None:
    """The recipe it begins with is changed by its settings, and the run is called as the file; a
    setting that both give is that of the command line."""
    begun = config_of(str(mine), {"batch": "4", "width": 6})
    assert (begun.name, begun.folder) == ("upscale-fast-x2", Path("runs/mine"))
    recipe = begun.recipe
    assert (recipe.data, recipe.pictures, recipe.log_every, recipe.batch) == ("leaves#24", 24, 8, 4)
    assert recipe.nets["net"].sizes == {"width": 6, "depth": 1, "factor": 2}
    assert recipe.lr == find("upscale-fast-x2").lr


def test_the_command_of_a_run_needs_no_file(mine: Path) -> None:
    """The command that stands in the run and its card says all settings itself."""
    begun = config_of(str(mine), {"lr": 3e-4})
    trombine_, train_, name, *words = shlex.split(begun.command)
    settings = dict(zip(words[::2], words[1::2], strict=True))
    again = config_of(name, {key.removeprefix("--"): text for key, text in settings.items()})
    assert (trombine_, train_, again.recipe) == ("trombine", "train", begun.recipe)
    assert settings["--data"] == "leaves#24" and ".toml" not in begun.command


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("upscale-wild-x4", {"start": "none", "l1": "0.1"}),
        ("dcgan", {"size": "32", "generator.size": "64", "critic": "hinge"}),
        ("reader", {"real": "none", "net": "reader:width=8,head=4"}),
        ("flow", {}),
    ],
)
def test_what_differs_makes_the_one_of_the_other(name: str, settings: dict[str, str]) -> None:
    """Settings that are read off a recipe give it again, bit for bit."""
    recipe = with_settings(find(name), settings)
    found = differences(find(name), recipe)
    assert with_settings(find(name), found) == recipe
    assert len(found) <= len(settings) + 1


def test_a_run_is_trained_again_from_its_recipe(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """recipe.json of a run trains the same weights, samples and log."""
    assert __main__.main(["train", str(mine), "--lr", "3e-4", "--no-tensorboard"]) == 0
    words = ["train", "runs/mine/recipe.json", "-o", "runs/again", "--no-tensorboard"]
    assert __main__.main(words) == 0, capsys.readouterr().err
    one, other = RunFolder(Path("runs/mine")), RunFolder(Path("runs/again"))
    assert one.read_recipe()["settings"] == other.read_recipe()["settings"]
    assert one.read_recipe()["settings"]["lr"] == 3e-4
    assert one.log.read_bytes() == other.log.read_bytes()
    assert one.best.read_bytes() == other.best.read_bytes()


def test_a_wrong_file_is_refused_in_a_line(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the file, what is wrong in it, and the right name where there is a near one."""
    mine.write_text('recipe = "dcgan"\nlrr = 1')
    code, out, err = said(capsys, "train", "mine.toml")
    line = "mine.toml: this recipe has no setting 'lrr'; did you mean lr"
    assert (code, out) == (2, "") and err.startswith(f"trombine: {line}")


def test_in_python_settings_are_arguments(mine: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Numbers as numbers, those of a net as its mapping; steps are told, and what is said."""
    told: list[tuple[float, float, str]] = []
    given: dict[str, Any] = {"lr": 3e-4, "net": {"width": 6}, "tensorboard": False}
    with caplog.at_level(logging.INFO):
        result = trombine.train(str(mine), progress=lambda *x: told.append(x), **given)
    run = RunFolder(Path("runs/mine"))
    settings = run.read_recipe()["settings"]
    assert settings["lr"] == 3e-4 and "width=6" in settings["nets"]["net"]
    assert told[-1] == (24, 24, "pictures") and str(run.page) in result.summary
    assert any("24 to learn from" in text for text in caplog.messages)
    over = trombine.train(str(mine), **given)
    assert "was over already" in over.summary
    with pytest.raises(InputError, match="lr is a number or a text, not"):
        trombine.train(str(mine), lr=[1])
