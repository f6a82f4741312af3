"""What people ask of `trombine train`: files of settings, safe runs."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from families import contents, order

from trombine import __main__
from trombine.cli import _spelt_out
from trombine.events import Progress
from trombine.io.image import save_picture
from trombine.objectives.objective import Step, Terms
from trombine.objectives.restore import RestoreObjective
from trombine.recipes import RECIPES, find, open_recipe, with_settings
from trombine.recipes.file import differences
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.runs.log import read
from trombine.training import writer
from trombine.training.loop import Order, train
from trombine.verbs.train import TrainRequest, order_of

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


def error_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line by which a command is refused."""
    assert __main__.main(["train", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    return err.removeprefix("trombine: ").removesuffix("\n")


# --- recipes in files ---------------------------------------------------------------------------


def test_a_recipe_is_read_from_a_file(mine: Path) -> None:
    """The recipe it begins with is changed by its settings, and the run is called as the file."""
    begun = order_of(TrainRequest(recipe=str(mine)))
    assert (begun.name, begun.folder) == ("upscale-fast-x2", Path("runs/mine"))
    assert (begun.recipe.data, begun.recipe.pictures, begun.recipe.log_every) == (
        "leaves#24",
        24,
        8,
    )
    assert begun.recipe.nets["net"].sizes == {"width": 4, "depth": 1, "factor": 2}
    assert begun.recipe.lr == find("upscale-fast-x2").lr


def test_json_is_read_as_toml_is(mine: Path) -> None:
    """The same keys in JSON are the same recipe."""
    content = {"recipe": "dcgan", "lr": 1e-4, "generator": {"width": 8}, "pictures": "2e3"}
    Path("mine.JSON").write_text(json.dumps(content))
    name, recipe = open_recipe("mine.JSON")
    settings = {"lr": "1e-4", "generator.width": "8", "pictures": "2e3"}
    assert (name, recipe) == ("dcgan", with_settings(find("dcgan"), settings))


def test_the_command_line_wins_over_the_file(mine: Path) -> None:
    """A setting that both give is that of the command line, also of a net."""
    request = TrainRequest(
        recipe=str(mine), data="leaves#30", settings=("width=6", "batch=4"), output=Path("other")
    )
    begun = order_of(request)
    assert (begun.recipe.data, begun.recipe.batch, begun.recipe.size) == ("leaves#30", 4, 16)
    assert begun.recipe.nets["net"].sizes["width"] == 6
    assert begun.folder == Path("other")


def test_the_command_of_a_run_needs_no_file(mine: Path) -> None:
    """The command that stands in the run and its card says all settings itself."""
    begun = order_of(TrainRequest(recipe=str(mine), settings=("lr=3e-4",)))
    words = _spelt_out(shlex.split(begun.command)[1:])
    assert words[words.index("--data") + 1] == "leaves#24"
    pairs = [word for word in words[2:] if "=" in word]
    again = TrainRequest(recipe=words[1], data="leaves#24", settings=tuple(pairs))
    assert words[:2] == ["train", "upscale-fast-x2"] and ".toml" not in begun.command
    assert order_of(again).recipe == begun.recipe


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
    assert __main__.main(["train", str(mine), "--lr", "3e-4", "--no-board"]) == 0
    words = ["train", "runs/mine/recipe.json", "-o", "runs/again", "--no-board"]
    assert __main__.main(words) == 0, capsys.readouterr().err
    one, other = RunFolder(Path("runs/mine")), RunFolder(Path("runs/again"))
    assert one.read_recipe()["settings"] == other.read_recipe()["settings"]
    assert one.read_recipe()["settings"]["lr"] == 3e-4
    assert one.log.read_bytes() == other.log.read_bytes()
    assert one.best.read_bytes() == other.best.read_bytes()


def test_a_setting_that_came_later_was_off(mine: Path) -> None:
    """A recipe.json of an older trombine lacks settings, and they have their defaults."""
    begun = order_of(TrainRequest(recipe=str(mine)))
    settings = {k: v for k, v in begun.recipe.plain().items() if k not in ("augment", "luma")}
    Path("old.json").write_text(json.dumps({"recipe": begun.name, "settings": settings}))
    _, recipe = open_recipe("old.json")
    assert recipe == with_settings(begun.recipe, {"augment": "none", "luma": "0"})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'recipe = "dcgan"\nlrr = 1',
            "mine.toml: this recipe has no setting 'lrr'; did you mean lr",
        ),
        (
            'recipe = "upscale-x2"\n[net]\nwidht = 4',
            "mine.toml: residual has no size widht; did you mean width?",
        ),
        (
            'recipe = "upscale-x2"\n[nett]\nwidth = 4',
            "mine.toml: this recipe has no setting 'nett.width'; did you mean net.width",
        ),
        ('recipe = "dcgan"\nlr = "fast"', "mine.toml: lr is a number, not 'fast'"),
        ("lr = 1", "mine.toml: names no recipe; begin it with recipe ="),
        ('recipe = "nosuch"', "mine.toml: there is no recipe 'nosuch'; begin it with recipe ="),
        ("recipe: dcgan", "mine.toml: is no TOML (Expected '=' after a key"),
    ],
)
def test_a_wrong_file_is_refused_in_a_line(
    text: str, line: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the file, what is wrong in it, and the right name where there is a near one."""
    mine.write_text(text)
    assert error_of(capsys, "mine.toml").startswith(line)


# --- checkpoints by time ------------------------------------------------------------------------


class Clock:
    """Seconds that pass by being looked at, so many each time."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def rarely_saved(run: Path, seconds: float = 0.0, **settings: str) -> Order:
    """A tiny run that is saved at 0 and at its end unless the time says otherwise."""
    given = order("restore", run)
    clocks = dict.fromkeys(("save_every", "measure_every", "sample_every"), "1000")
    recipe = with_settings(given.recipe, {**clocks, **settings})
    return replace(given, recipe=recipe, clock=Clock(seconds))


def killed_after(given: Order, pictures: int) -> None:
    """Train until so many pictures are seen, and end there as a killed process does: unsaved."""
    events = train(given)
    next(e for e in events if isinstance(e, Progress) and e.done >= pictures)
    events.close()  # pyright: ignore[reportAttributeAccessIssue]


def trained(given: Order) -> dict[str, bytes]:
    """The files of a run that went to its end."""
    for _ in train(given):
        pass
    return contents(given.folder)


def test_a_killed_run_loses_half_a_minute_at_most(tmp_path: Path) -> None:
    """However many pictures there are between two checkpoints; and its files end as they would."""
    whole = trained(rarely_saved(tmp_path / "whole"))
    run = tmp_path / "run"
    killed_after(rarely_saved(run, writer.SAVE_SECONDS), 48)
    assert checkpoints.latest(RunFolder(run)).plain["pictures"] == 48
    assert [path.name for path in run.glob("checkpoints/*.timed")] == ["000000048.timed"]
    summary = read(RunFolder(run))
    assert summary.pictures == 48, "the page counts what is saved"
    assert trained(rarely_saved(run, writer.SAVE_SECONDS)) == whole
    names = [path.name for path in sorted(run.glob("checkpoints/*"))]
    assert names == ["000000000.safetensors", "000000096.safetensors"]


def test_nothing_is_saved_before_its_time(tmp_path: Path) -> None:
    """In the first minute only what the recipe says is saved."""
    killed_after(rarely_saved(tmp_path / "run", 0.01), 48)
    names = [path.name for path in (tmp_path / "run").glob("checkpoints/*")]
    assert names == ["000000000.safetensors"]


@pytest.mark.parametrize("seconds", [writer.SAVE_SECONDS, 7.0])
def test_an_alarm_goes_back_to_where_it_would_without_a_clock(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback never uses a checkpoint that only the time has saved."""
    honest = RestoreObjective.terms

    def broken(objective: RestoreObjective, step: Step) -> Terms:
        bad = step.chance.rollbacks < 1 and step.chance.places[0] >= 40 and torch.is_grad_enabled()
        return {n: v * torch.nan if bad else v for n, v in honest(objective, step).items()}

    monkeypatch.setattr(RestoreObjective, "terms", broken)
    whole = trained(rarely_saved(tmp_path / "whole", save_every="24"))
    assert b'"rollback"' in whole["log.jsonl"]
    assert trained(rarely_saved(tmp_path / "run", seconds, save_every="24")) == whole
    killed_after(rarely_saved(tmp_path / "killed", seconds, save_every="24"), 36)
    assert trained(rarely_saved(tmp_path / "killed", seconds, save_every="24")) == whole


def test_a_damaged_timed_checkpoint_is_set_aside(tmp_path: Path) -> None:
    """The one before it is used, and the run ends as it would."""
    whole = trained(rarely_saved(tmp_path / "whole"))
    run = tmp_path / "run"
    killed_after(rarely_saved(run, writer.SAVE_SECONDS), 48)
    (run / "checkpoints" / "000000048.timed").write_bytes(b"no checkpoint")
    assert trained(rarely_saved(run)) == whole
    assert (run / "checkpoints" / "000000048.timed.damaged").exists()


# --- words of other programs --------------------------------------------------------------------


def test_an_underscore_is_as_good_as_a_dash(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of settings and of switches: --log_every, --no_board, --dry_run."""
    words = ("train", str(mine), "--log_every", "16", "--no_board", "--dry_run")
    assert __main__.main(words) == 0, capsys.readouterr().err
    assert re.search(r"log_every +16\n", capsys.readouterr().out)


# --- what is said of the pictures ---------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_no_recipe_says_which_pictures_it_learns_from(name: str) -> None:
    """They are a setting, so a sentence in the recipe would be wrong of others."""
    about = find(name).about.replace("learns from a discriminator", "")
    assert not re.search(r"learns? from|leaves|painted|fractal|anime", about)


def test_a_run_on_own_pictures_says_so(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Page and card name the pictures that were learned from, and how many they are."""
    for number in range(12):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
        save_picture(Path("own") / f"{number:02d}.png", pixels)
    words = ["train", str(mine), "--data", "folder:own", "--no-board"]
    assert __main__.main(words) == 0, capsys.readouterr().err
    run = RunFolder(Path("runs/mine"))
    page = run.page.read_text()
    assert "tiles:own" in page and "leaves" not in page
    capsys.readouterr()
    assert __main__.main(["models", "show", str(run.best)]) == 0
    card = capsys.readouterr().out
    assert "enlarges twice, fast: a net a sixth as large; learns from tiles:own (10" in card
    assert "leaves" not in card


def test_a_run_goes_on_though_its_recipe_is_described_anew(mine: Path) -> None:
    """The sentence about a recipe is no setting: a run of an older trombine is not refused."""
    begun = order_of(TrainRequest(recipe=str(mine), no_board=True))
    killed_after(begun, 8)
    run = RunFolder(begun.folder)
    description = run.read_recipe()
    description["settings"]["about"] = "enlarges twice; learns from leaves"
    run.write_recipe(description)
    assert b'"end"' in trained(begun)["log.jsonl"]
