"""What people ask of `trombine train`: files of settings, words of other programs, safe runs."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from trombine import __main__
from trombine.cli import _spelt_out
from trombine.recipes import find, open_recipe, with_settings
from trombine.recipes.file import differences
from trombine.refusal import InputError
from trombine.runs.folder import RunFolder
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
    order = order_of(TrainRequest(recipe=str(mine)))
    assert (order.name, order.folder) == ("upscale-fast-x2", Path("runs/mine"))
    assert (order.recipe.data, order.recipe.pictures, order.recipe.log_every) == (
        "leaves#24",
        24,
        8,
    )
    assert order.recipe.nets["net"].sizes == {"width": 4, "depth": 1, "factor": 2}
    assert order.recipe.lr == find("upscale-fast-x2").lr


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
    order = order_of(request)
    assert (order.recipe.data, order.recipe.batch, order.recipe.size) == ("leaves#30", 4, 16)
    assert order.recipe.nets["net"].sizes["width"] == 6
    assert order.folder == Path("other")


def test_the_command_of_a_run_needs_no_file(mine: Path) -> None:
    """The command that stands in the run and its card says all settings itself."""
    order = order_of(TrainRequest(recipe=str(mine), settings=("lr=3e-4",)))
    words = _spelt_out(shlex.split(order.command)[1:])
    assert words[words.index("--data") + 1] == "leaves#24"
    pairs = [word for word in words[2:] if "=" in word]
    again = TrainRequest(recipe=words[1], data="leaves#24", settings=tuple(pairs))
    assert words[:2] == ["train", "upscale-fast-x2"] and ".toml" not in order.command
    assert order_of(again).recipe == order.recipe


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("upscale-wild-x4", {"start": "none", "l1": "0.1"}),
        ("dcgan", {"size": "32", "generator.size": "64", "critic": "hinge", "on_nan": "stop"}),
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
    order = order_of(TrainRequest(recipe=str(mine)))
    settings = {k: v for k, v in order.recipe.plain().items() if k not in ("augment", "luma")}
    Path("old.json").write_text(json.dumps({"recipe": order.name, "settings": settings}))
    _, recipe = open_recipe("old.json")
    assert recipe == with_settings(order.recipe, {"augment": "none", "luma": "0"})


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
        ('recipe = "dcgan"\nlr = [1]', "mine.toml: lr is a number or a text, not [1]"),
        ('recipe = "dcgan"\nbatch = true', "mine.toml: batch is a whole number, not 'true'"),
        ('recipe = "dcgan"\nlr = nan', "mine.toml: lr is a number, not nan"),
        ('recipe = "dcgan"\nabout = "x"', "mine.toml: this recipe has no setting 'about'"),
        (
            'recipe = "dcgan"\n"log-every" = 1\nlog_every = 2',
            "mine.toml: log_every is given twice",
        ),
        (
            'recipe = "upscale-x2"\n"net.width" = 4\n[net]\nwidth = 5',
            "mine.toml: net.width is given",
        ),
        ("lr = 1", "mine.toml: names no recipe; begin it with recipe ="),
        ('recipe = "nosuch"', "mine.toml: there is no recipe 'nosuch'; begin it with recipe ="),
        ("recipe = 7", "mine.toml: there is no recipe 7"),
        ("recipe: dcgan", "mine.toml: is no TOML (Expected '=' after a key"),
        ("", "mine.toml: is empty"),
    ],
)
def test_a_wrong_file_is_refused_in_a_line(
    text: str, line: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the file, what is wrong in it, and the right name where there is a near one."""
    mine.write_text(text)
    assert error_of(capsys, "mine.toml").startswith(line)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"{", "mine.json: is no JSON; correct it"),
        (b"[1]", "mine.json: is no JSON object"),
        (b"\xff\xfe", "mine.json: is no JSON"),
        (b"[" * 100_000, "mine.json: is no JSON"),
        (b" " * 2_000_000, "mine.json: is too large for a recipe"),
        (b'{"recipe": "dcgan", "settings": {"nets": 3}}', ""),
        (b'{"recipe": "dcgan", "settings": {"lr": null}}', "mine.json: lr is a number or a text"),
        (
            b'{"recipe": "dcgan", "settings": {"nets": {"generator": [1]}}}',
            "mine.json: generator is",
        ),
        (b'{"recipe": "dcgan", "settings": {"x": {"y": {"z": 1}}}}', "mine.json: x.y is a number"),
    ],
)
def test_anybodys_json_is_refused_in_a_line(data: bytes, line: str, mine: Path) -> None:
    """Damaged or hostile, it is an InputError that names the file."""
    Path("mine.json").write_bytes(data)
    if not line:
        assert open_recipe("mine.json")[0] == "dcgan"
        return
    with pytest.raises(InputError) as error:
        open_recipe("mine.json")
    assert str(error.value).startswith(line) and "\n" not in str(error.value)


def test_a_file_that_is_not_there(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused as a file, not as a name that no recipe has."""
    assert error_of(capsys, "gone.toml").startswith("gone.toml: does not exist")


def test_help_says_that_a_file_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    """The help page names both kinds of file."""
    assert __main__.main(["train", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "MINE.toml" in text and "recipe.json" in text
