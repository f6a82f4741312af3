"""Settings by name, and what is refused of them, each in one line."""

from __future__ import annotations

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.recipes import NetSpec, settings_of, with_settings
from trombine.training.methods import find, objective_of


def test_a_field_a_size_a_size_of_one_net_and_a_net() -> None:
    recipe = with_settings(
        find("dcgan"),
        {
            "lr": "1e-4",
            "pictures": "2e5",
            "width": "8",
            "generator.width": "16",
            "real-label": "1",
            "size": "32",
            "discriminator": "dcgan_discriminator:width=4,norm=spectral",
        },
    )
    assert (recipe.lr, recipe.pictures, recipe.size) == (1e-4, 200_000, 32)
    assert recipe.nets["generator"].sizes == {
        "latent": 64,
        "width": 16,
        "size": 32,
        "norm": "batch",
    }
    assert recipe.nets["discriminator"] == NetSpec(
        "dcgan_discriminator", {"width": 4, "norm": "spectral"}
    )
    assert find("dcgan").lr == 2e-4, "the table itself stays"


def test_none_takes_back_what_a_recipe_begins_with() -> None:
    recipe = find("upscale-wild-x2")
    assert recipe.start == "upscale-x2"
    assert with_settings(recipe, {"start": "none"}).start == ""
    assert with_settings(recipe, {"start": "other"}).start == "other"
    assert with_settings(recipe, {"augment": "none"}).augment == "none", "which is its usual value"


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("dcgan", {"lrr": "1"}, "no setting 'lrr'; did you mean lr"),
        ("dcgan", {"qqq": "1"}, "no setting 'qqq'; --dry-run lists all settings"),
        ("dcgan", {"task": "upscale"}, "no setting 'task'"),
        ("dcgan", {"lr": "fast"}, "lr is a number, not 'fast'"),
        ("dcgan", {"lr": "0"}, "lr is 1e-12 or more, not 0.0"),
        ("dcgan", {"clip": "nan"}, "clip is a number, not 'nan'"),
        ("dcgan", {"batch": "1.5"}, "batch is a whole number, not '1.5'"),
        ("dcgan", {"pictures": "1e99"}, "pictures is 1 to 1,000,000,000,000, not 999"),
        ("dcgan", {"batch": "0"}, "batch is 1 to 1,048,576, not 0"),
        ("dcgan", {"pool": "2"}, "pool is 0 to 1.0, not 2.0"),
        ("dcgan", {"beta1": "1"}, "beta1 is 0 to 0.999999, not 1.0"),
        ("dcgan", {"devices": "3"}, "a batch of 32 does not divide into 3 equal parts"),
        ("dcgan", {"schedule": "steps"}, "schedule is one of constant, linear, cosine"),
        ("dcgan", {"generator": "dcgan_generator:width"}, "SIZE=VALUE"),
    ],
)
def test_what_is_refused(name: str, settings: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        with_settings(find(name), settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("dcgan", {"critic": "hinge"}, "hinge has no labels"),
        ("dcgan", {"generator": "encoder"}, "encoder makes nothing of latents"),
        ("dcgan", {"generator": "nosuch"}, "there is no net nosuch"),
        ("upscale-fast-x2", {"l1": "0", "luma": "0"}, "nothing to learn from"),
        ("upscale-fast-x2", {"perceptual": "1"}, "need a judge and its layers"),
        (
            "upscale-fast-x2",
            {"damage": "shrink:3", "size": "33"},
            "needs a net that enlarges 3 times, and residual enlarges 2 times; give .*factor=3$",
        ),
        (
            "upscale-fast-x2",
            {"damage": "noise:0.1"},
            "noise:0.1 needs a net that does not enlarge, and residual enlarges 2 times",
        ),
        (
            "upscale-fast-x2",
            {"size": "33"},
            "size 33 is not a multiple of 2, as damage shrink:2 needs; give 32$",
        ),
    ],
)
def test_what_no_objective_can_be_of(name: str, settings: dict[str, str], said: str) -> None:
    with pytest.raises(Exception, match=said) as caught:
        objective_of(with_settings(find(name), settings))
    assert type(caught.value).__module__.startswith("trombine.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("upscale-fast-x2", {"damage": "shrink:3", "net.factor": "3", "size": "33"}),
        ("upscale-fast-x2", {"net": "residual:width=8"}),  # a factor of 2 unless given
        ("upscale-fast-x2", {"damage": "noise:0.1", "net.factor": "1", "size": "33"}),
        ("upscale-fast-x2", {"damage": "shrink:1", "net": "unet"}),
        ("cleaner", {"size": "33"}),
    ],
)
def test_damage_that_a_net_can_undo(name: str, settings: dict[str, str]) -> None:
    assert objective_of(with_settings(find(name), settings)).damage


def test_a_setting_is_given_once_as_number_or_text() -> None:
    given = {"lr": 1e-4, "net": {"width": 8, "wide": True}, "width": "16", "batch": np.int64(4)}
    assert settings_of(given) == {
        "lr": "0.0001",
        "net.width": "8",
        "net.wide": "true",
        "width": "16",
        "batch": "4",
    }
    for twice in ({"save-every": 1, "save_every": 2}, {"net.width": 1, "net": {"width": 2}}):
        with pytest.raises(InputError, match=r"^(net.width|save_every) is given twice; "):
            settings_of(twice)


def test_no_such_recipe() -> None:
    for name, said in (("nosuch", "trombine train lists all"), ("gan", "did you mean dcgan")):
        with pytest.raises(InputError, match=f"there is no recipe '{name}'; {said}"):
            find(name)
