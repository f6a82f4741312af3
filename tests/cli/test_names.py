"""What is named on the command line: recipes in files, families of models, names with a dash."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from trombine.recipes import find
from trombine.runs.folder import RunFolder
from trombine.sweeps import Sweep
from trombine.verbs import sweep as sweep_verb
from trombine.verbs.sweep import SweepRequest
from trombine.weights import load, shipped
from trombine.weights.file import read

Command = Callable[..., subprocess.CompletedProcess[str]]
Shell = Callable[[str], subprocess.CompletedProcess[str]]
MINE = """
recipe = "upscale-fast-x2"
data = "leaves#20"
size = 32
pictures = 16
lr = 3e-4
"net.width" = 8
"""


def test_sweep_takes_a_recipe_file_as_train_does(tmp_path: Path, shell: Shell) -> None:
    """sweep my.toml trains the file's recipe under each setting, into runs/sweep-my."""
    (tmp_path / "my.toml").write_text(MINE)
    done = shell("trombine sweep my.toml --grid lr=1e-3,2e-3 --no-board --pictures 8")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "sweep-my"
    for name, lr in (("lr=1e-3", 1e-3), ("lr=2e-3", 2e-3)):
        run = RunFolder(folder / name).read_recipe()
        settings = run["settings"]
        assert (run["recipe"], settings["lr"], settings["pictures"]) == ("upscale-fast-x2", lr, 8)
        assert settings["data"] == "leaves#20" and "width=8" in settings["nets"]["net"]
    card = load(folder / "lr=1e-3" / "best.safetensors").card
    assert card.command == (
        "trombine train upscale-fast-x2 --data 'leaves#20' --size 32 --pictures 8"
        " --net residual:width=8,depth=8,factor=2 --lr 1e-3"
    )
    again = shell(f"{card.command} -o again --no-board")
    assert again.returncode == 0, again.stderr
    other = load(tmp_path / "again" / "best.safetensors").card
    assert (other.digest, other.settings) == (card.digest, card.settings)


def test_what_varies_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file's own setting may be varied; one of the command line may not."""
    (tmp_path / "my.json").write_text('{"recipe": "upscale-x2", "lr": 0.5, "data": "leaves#9"}')
    sweeps: list[Sweep] = []
    monkeypatch.setattr("trombine.sweeps.sweep", lambda asked: sweeps.append(asked) or [])
    request = SweepRequest(recipe=str(tmp_path / "my.json"), grid=("lr=1e-3,2e-3",))
    assert list(sweep_verb.run(request)) == []
    (asked,) = sweeps
    assert asked.name == "upscale-x2" and asked.recipe.data == "leaves#9"
    assert asked.command == "trombine train upscale-x2 --data 'leaves#9'"
    assert asked.folder == Path("runs/sweep-my")


def test_a_family_of_models_says_its_names(command: Command) -> None:
    """models show upscale names the models of that family, in one line."""
    done = command("models", "show", "upscale")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "trombine: upscale: is a family of models; name upscale-x2 or upscale-x4\n"
    )


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("upscale -photo.png", "-photo.png"),
        ("upscale a.png -o -large.png", "-large.png"),
        ("upscale -vacation.png", "-vacation.png"),
        ("upscale -out.png", "-out.png"),
        ("read --there", "--there"),
        ("replay -q -a.png -o x.png", "-a.png"),
    ],
)
def test_a_name_with_a_dash_needs_its_folder(words: str, name: str, shell: Shell) -> None:
    """A file's name that begins with a dash is refused with how it is written: ./-photo.png."""
    done = shell(f"touch -- --there; trombine {words}")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"; write ./{name} for a file of that name; " in line


def test_a_wrong_option_is_no_file(command: Command) -> None:
    """An option that there is not is refused as before."""
    done = command("upscale", "a.png", "--siez", "3x3")
    assert "./" not in done.stderr


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_model_states_its_licence(name: str, command: Command) -> None:
    """models show says the licence of every shipped model; the files stay as they are."""
    model = load(name)
    assert model.card.licence == "MIT"
    stored = read(model.path).card.licence
    painters = ("inpaint", "inpaint-diffusion", "completion")
    enlargers = ("upscale-wild-x2", "upscale-wild-x4")
    saw_portraits = (*painters, *enlargers, "reader", "restyle", "witness")
    assert stored == ("" if name in saw_portraits else "MIT")


def test_show_states_the_licence_of_the_reader(command: Command) -> None:
    """The licence of a model that portraits taught stands in its text and in its JSON."""
    assert "licence        MIT\n" in command("models", "show", "reader").stdout
    assert json.loads(command("models", "show", "reader", "--json").stdout)["licence"] == "MIT"


def test_a_copy_of_a_file_says_what_the_file_says(tmp_path: Path) -> None:
    """Only what lies in the package is licensed by the package."""
    copy = tmp_path / "reader.safetensors"
    copy.write_bytes(shipped()["reader"].read_bytes())
    assert load(copy).card.licence == ""


def test_train_writes_the_licence_that_is_given(tmp_path: Path, shell: Shell) -> None:
    """train --licence is in the model's card, and a run without it is recorded as before."""
    line = "trombine train upscale-fast-x2 --data leaves#20 --size 32 --pictures 16 --no-board"
    done = shell(f"{line} --licence CC-BY-4.0 -o run")
    assert done.returncode == 0, done.stderr
    card = load(tmp_path / "run" / "best.safetensors").card
    assert card.licence == "CC-BY-4.0" and "--licence CC-BY-4.0" in card.command
    assert "licence" not in find("upscale-fast-x2").plain()
    refused = shell(f"{line} -o run")
    assert refused.returncode == 2 and "was begun with licence CC-BY-4.0" in refused.stderr


def test_what_is_usual_can_be_said(shell: Shell) -> None:
    """restyle draws faces alone, with --face or without."""
    for word in ("--face", "--whole", ""):
        done = shell(f"trombine restyle nowhere.png --to anime {word}")
        assert done.returncode == 2 and "nowhere.png" in done.stderr, word
    assert "--whole --face" in shell("trombine restyle --help").stdout
