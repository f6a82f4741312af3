"""Chains: what they are spelled like, that each picture draws for itself; light from one side."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.degrade import (
    KINDS,
    PRESETS,
    SHRINK,
    Amount,
    Chain,
    DegradeStep,
    DegradeTerm,
    Range,
    degrade_one,
    gaussian_blur,
    gaussian_noise,
    jpeg,
    shade,
)
from trombine.data.resize import shrink

SIZE = 24  # a multiple of every preset's factor
EXAMPLES = {name: f"{name}:{kind.example}" for name, kind in KINDS.items()}


def pictures(count: int = 6, height: int = SIZE, width: int = SIZE) -> torch.Tensor:
    levels = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(9))
    return 0.3 + 0.4 * torch.linspace(0, 1, width) + 0.2 * (levels - 0.5)


def chance(seed: int, count: int, start: int = 0, *, about: str = "") -> Rng:
    places = np.arange(start, start + count, dtype=np.int64)
    return Rng(seed=seed, places=places, about=about)


@pytest.mark.parametrize("text", [*EXAMPLES.values(), *PRESETS])
def test_a_picture_is_degraded_the_same_whatever_its_batch(text: str) -> None:
    chain, batch = Chain.parse(text), pictures()
    whole = chain(batch, chance(3, 6))
    assert whole.shape == (6, 3, SIZE // chain.scale, SIZE // chain.scale)
    assert whole.min() >= 0 and whole.max() <= 1
    alone = [chain(batch[i : i + 1].contiguous(), chance(3, 1, i))[0] for i in range(6)]
    assert torch.equal(whole, torch.stack(alone))
    assert torch.equal(batch, pictures()), "what it was given is as it was"


DRAWN = [text for text in (*EXAMPLES.values(), *PRESETS) if not text.startswith(SHRINK)]


@pytest.mark.parametrize("text", DRAWN)
def test_each_picture_and_seed_draws_anew(text: str) -> None:
    chain = Chain.parse(text)
    same = pictures(1).expand(4, -1, -1, -1).contiguous()
    first = chain(same, chance(3, 4))
    others = [
        chain(same, chance(4, 4)),
        chain(same, chance(3, 4, 4)),
        chain(same, chance(3, 4, about="fixed ")),
    ]
    assert all(not torch.equal(first, other) for other in others)
    apart = {tuple(one.flatten().tolist()) for one in first}
    assert len(apart) > 1


def test_a_chain_of_one_term_is_the_function() -> None:
    batch, of = pictures(), chance(5, 6)
    of_noise = chance(5, 6, about="degrade 0 noise:gaussian ")
    expected = {
        "shrink:4": shrink(batch, 4),
        "blur:gaussian:1.3": gaussian_blur(batch, np.full(6, 1.3)),
        "jpeg:40": jpeg(batch, np.full(6, 40)),
        "noise:gaussian:0.1": gaussian_noise(batch, np.full(6, 0.1), of_noise),
    }
    for text, made in expected.items():
        assert torch.equal(Chain.parse(text)(batch, of), made), text


def test_a_chain_is_its_terms_in_their_order() -> None:
    batch, of = pictures(), chance(5, 6)
    made = Chain.parse("blur:gaussian:1.3+shrink:2+jpeg:40")(batch, of)
    blurred = gaussian_blur(batch, np.full(6, 1.3))
    assert torch.equal(made, jpeg(shrink(blurred, 2), np.full(6, 40)))
    assert not torch.equal(made, shrink(jpeg(blurred, np.full(6, 40)), 2))


def test_amounts_are_drawn_evenly() -> None:
    """Seen through a picture of one level, whose noise tells its strength."""
    count = 400
    plain = torch.full((count, 3, 16, 16), 0.5)
    made = Chain.parse("noise:gaussian:0.02-0.1")(plain, chance(1, count))
    strengths = (made - 0.5).flatten(1).std(dim=1)
    assert strengths.min() > 0.017 and strengths.max() < 0.112
    for share in (0.25, 0.5, 0.75):
        assert strengths.quantile(share).item() == pytest.approx(0.02 + 0.08 * share, abs=0.007)


FIXED = [
    *("noise:gaussian:0.1", "noise:poisson:40", "fade:0.8", "stains:0.9", "scratches:0.9"),
    *("dust:0.9", "creases:0.9", "torn:0.9", "shade:0.9"),
]


@pytest.mark.parametrize("text", FIXED)
def test_no_two_pictures_are_damaged_alike(text: str) -> None:
    """Of the same amount, so that nothing but the numbers within tells two of them apart."""
    count = 20
    plain = torch.full((count, 3, 24, 24), 0.5)
    spoilt = Chain.parse(text)(plain, chance(3, count)) - plain
    assert len({one.numpy().tobytes() for one in spoilt}) == count
    if text.startswith("noise"):
        alike = np.corrcoef(spoilt[:, 0].flatten(1).numpy()) - np.eye(count)
        assert np.abs(alike).max() < 5 / 24  # five standard deviations of 24 x 24 numbers


def middles(pictures: torch.Tensor, scale: int) -> np.ndarray:
    """The middle of what is brighter than the ground, x and y in pixels of the large picture."""
    light = (pictures.mean(dim=1) - 0.1).clamp(min=0).numpy()
    light[light < 0.02] = 0
    at = (np.arange(light.shape[-1]) + 0.5) * scale
    total = light.sum((1, 2))
    return np.stack([light.sum(1) @ at / total, light.sum(2) @ at / total], axis=1)


STEADY = ("blur", "resize", "shrink", "jpeg", "webp")


@pytest.mark.parametrize("name", PRESETS)
def test_no_step_of_a_preset_moves_the_picture(name: str) -> None:
    """A net that must guess where the picture was moved to learns to draw it unsharp."""
    places_of = np.random.default_rng(0).uniform(40, 56, (6, 2, 1, 1))
    y, x = np.mgrid[:96, :96] + 0.5
    blobs = np.exp(-((x - places_of[:, 0]) ** 2 + (y - places_of[:, 1]) ** 2) / 162)
    batch = torch.from_numpy(0.1 + 0.7 * blobs).float()[:, None].expand(-1, 3, -1, -1).contiguous()
    steps = Chain.parse(name).steps
    terms = [term for step in steps for term in step.terms if term.name.startswith(STEADY)]
    for term in terms:
        made = Chain(steps=(DegradeStep(terms=(term,)),))(batch, chance(1, 6))
        apart = middles(made, term.scale) - middles(batch, 1)
        assert np.abs(apart.mean(0)).max() < 0.2, term


def test_a_chance_and_alternatives_are_kept() -> None:
    count = 600
    plain = torch.full((count, 3, 8, 8), 0.5)
    plain[..., 4:] = 0.25
    chain = Chain.parse("blur:box:2/blur:box:5/blur:gaussian:3?0.6")
    made = chain(plain, chance(1, count))
    found: dict[tuple[float, ...], int] = {}
    for one in made.round(decimals=4):
        key = tuple(one[0, 0].tolist())
        found[key] = found.get(key, 0) + 1
    shares = sorted(number / count for number in found.values())
    assert shares == pytest.approx([0.2, 0.2, 0.2, 0.4], abs=0.06)


def test_what_is_damaged_is_marked() -> None:
    batch, of = pictures(), chance(2, 6)
    chain = Chain.parse("scratches:0.8+dust:0.5")
    found = chain.marked(batch, of)
    changed = (found.pictures - batch).abs().amax(dim=1, keepdim=True)
    assert set(found.damaged.unique().tolist()) == {0.0, 1.0}
    assert 0.005 < found.damaged.mean() < 0.4
    assert (changed[found.damaged == 0] < 0.12).all()
    assert (changed[found.damaged == 1] > 0).float().mean() > 0.95
    small = Chain.parse("scratches:0.8+dust:0.5+shrink:4").marked(batch, of)
    pooled = torch.nn.functional.max_pool2d(found.damaged, 4)
    assert torch.equal(small.damaged, pooled), "a pixel is damaged if any of its own was"
    assert not Chain.parse("jpeg:30").marked(batch, of).damaged.any()


def test_one_picture_of_any_size() -> None:
    picture = pictures(1, 37, 50)[0]
    chain = Chain.parse("wild-x4")
    made = degrade_one(picture, chain, 8)
    assert made.shape == (3, 9, 12)
    batch = chain(picture[None, :, :36, :48].contiguous(), chance(8, 1))
    assert torch.equal(made, batch[0])
    assert degrade_one(pictures(1, 3, 2)[0], Chain.parse("old-photo"), 8).shape == (3, 3, 2)
    with pytest.raises(InputError, match="50 x 3 pixels cannot become 4 times fewer"):
        degrade_one(picture[:, :3], chain, 8)


# Plain numbers and names: annotations are checked with numbers of Python's own `random`, which
# hypothesis does not want while it draws.
PlainTerm = tuple[str, list[tuple[float, float]]]


def numbers(amount: Amount) -> st.SearchStrategy[tuple[float, float]]:
    """What the amount may be drawn from."""
    whole = st.integers(int(np.ceil(amount.low)), int(amount.high)).map(float)
    parts = st.floats(amount.low, amount.high).map(abs)  # without -0.0
    one = whole if amount.integer else parts
    if amount.fixed:
        return one.map(lambda number: (number, number))
    return st.tuples(one, one).map(lambda pair: (min(pair), max(pair)))


def terms(*, smaller: bool) -> st.SearchStrategy[PlainTerm]:
    names = [name for name in KINDS if (name.partition(":")[0] == SHRINK) == smaller]
    return st.sampled_from(names).flatmap(
        lambda name: st.tuples(
            st.just(name), st.tuples(*map(numbers, KINDS[name].amounts)).map(list)
        )
    )


steps = st.one_of(
    st.tuples(st.lists(terms(smaller=True), min_size=1, max_size=1), st.just(1.0)),
    st.tuples(
        st.lists(terms(smaller=False), min_size=1, max_size=3),
        st.floats(0, 1, exclude_min=True),
    ),
)


@given(st.lists(steps, min_size=1, max_size=4))
def test_what_is_spelled_is_read_again(listed: list[tuple[list[PlainTerm], float]]) -> None:
    chain = Chain(
        steps=tuple(
            DegradeStep(
                terms=tuple(
                    DegradeTerm(name=name, amounts=tuple(Range(*pair) for pair in pairs))
                    for name, pairs in plain
                ),
                probability=probability,
            )
            for plain, probability in listed
        )
    )
    assert Chain.parse(str(chain)) == chain


def test_a_preset_stands_for_its_steps() -> None:
    for name, text in PRESETS.items():
        chain = Chain.parse(name)
        assert chain == Chain.parse(text) == Chain.parse(str(chain))
        factor = name.partition("-x")[2]
        assert chain.scale == int(factor or 1)
    both = Chain.parse("old-photo+shrink:2")
    assert both.steps[:-1] == Chain.parse("old-photo").steps and both.scale == 2
    assert Chain.parse("shrink:2+jpeg:50+shrink:area:3").scale == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jpg:50", r"there is no .*'jpg:50'; did you mean jpeg\?"),
        ("blur:2", r"write blur:box:WIDTH or .*blur:motion:LENGTH\[,ANGLE\]"),
        ("jpeg", "write jpeg:QUALITY"),
        ("jpeg:0-50", "within 1 to 100, not '0-50'"),
        ("shrink:2-4", "factor of shrink is a whole number within 1 to 64, not '2-4'"),
        ("shrink:2?0.5", "of one size"),
    ],
)
def test_what_is_no_chain(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Chain.parse(text)


COUNT, SIZE = 400, 24


def shaded(amount: float, level: float = 0.5, count: int = COUNT) -> torch.Tensor:
    chance = Rng(seed=4, places=np.arange(count))
    return shade(torch.full((count, 3, SIZE, SIZE), level), np.full(count, amount), chance)


@pytest.mark.parametrize("amount", [0.5, 1.0])
def test_it_takes_as_much_light_as_is_said(amount: float) -> None:
    """White stays white where light is: no exponent moves it. In shade .4 to .95 of it goes."""
    made = shaded(amount, level=1.0)
    dark = 1 - made.amin((1, 2, 3))
    assert float(dark.max()) <= 0.95 * amount + 1e-6 and float(dark.max()) > 0.9 * amount
    assert float(made.amax((1, 2, 3)).max()) == pytest.approx(1, abs=0.01)
    assert 0.35 * amount < float(dark.median()) < 0.8 * amount


def test_midtones_are_lighter_or_darker_by_an_exponent() -> None:
    """Beside what white shows: the same light, so the ratio is the exponent's alone."""
    power = torch.log(shaded(1.0) / shaded(1.0, level=1.0)) / np.log(0.5)
    each = power.flatten(1)
    torch.testing.assert_close(each.amin(1), each.amax(1), rtol=1e-3, atol=1e-3)
    exponents = np.log2(each[:, 0].numpy())
    assert np.abs(exponents).max() < 0.701 and abs(exponents.mean()) < 0.06
    assert exponents.std() == pytest.approx(0.7 / 3**0.5, rel=0.1)
