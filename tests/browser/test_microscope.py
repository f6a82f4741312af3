"""The engine of the microscope against torch, and its page from a file, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from studios import png
from tabs import DESKTOP, MARKS, PHONE, Scheme, Tabs, until
from torch import Tensor, nn
from torch.nn import functional

from trombine.activations.graph import trace
from trombine.activations.page import described, page
from trombine.models import Card, Model, load
from trombine.nets import build

pytestmark = MARKS
NEAR = 1e-5
FACE = "net-microscope[data-frames]"
READY = 60_000.0  # milliseconds


class Of(nn.Module):
    """A function as a net, with what it needs of weights."""

    def __init__(self, function: Callable[..., Tensor], *parts: nn.Module) -> None:
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.parts)


def attended(x: Tensor, norm: nn.Module, ask: nn.Module) -> Tensor:
    tokens = norm(x.flatten(2).transpose(1, 2))
    q, k, v = ask(tokens).chunk(3, -1)
    return (tokens + (q @ k.transpose(1, 2)).softmax(-1) @ v).transpose(1, 2).reshape(x.shape)


def knots(x: Tensor) -> Tensor:
    return torch.cat([x.flip(-1), x[:, 1:3], x.mean((2, 3), keepdim=True).expand_as(x)], 1)


def settled(net: nn.Module) -> nn.Module:
    """The net with statistics of a batch normalisation that are none of its beginning."""
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean, part.running_var = (
                torch.randn(part.num_features),
                torch.rand(part.num_features) + 0.5,
            )
            for tensor in (part.weight, part.bias):
                nn.init.normal_(tensor)
    return net.eval()


def resized(mode: str) -> nn.Module:
    return Of(lambda x: functional.interpolate(x, scale_factor=2.0, mode=mode) * 0.5)


KERNELS: dict[str, Callable[[], nn.Module]] = {
    "convolution": lambda: nn.Conv2d(4, 7, 3, padding=1),
    "strides": lambda: nn.Conv2d(4, 6, 4, stride=2, padding=1, bias=False),
    "dilated groups": lambda: nn.Conv2d(4, 8, 3, padding=2, dilation=2, groups=2),
    "oblong": lambda: nn.Conv2d(4, 5, (1, 5), stride=(2, 1), padding=(0, 2)),
    "depthwise": lambda: nn.Conv2d(4, 4, 3, groups=4),
    "transposed": lambda: nn.ConvTranspose2d(4, 5, 4, 2, 1),
    "transposed, normalised": lambda: nn.Sequential(
        nn.ConvTranspose2d(4, 5, 3, 2, 1, 1, bias=False), nn.BatchNorm2d(5), nn.LeakyReLU(0.2)
    ),
    "normalised": lambda: nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.SiLU()),
    "batch": lambda: nn.BatchNorm2d(4),
    "read twice": lambda: Of(
        lambda x, one, norm: (y := one(x)) + norm(y), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
    ),
    "group": lambda: nn.GroupNorm(2, 4),
    "attention": lambda: Of(attended, nn.LayerNorm(4), nn.Linear(4, 12)),
    "channels' softmax": lambda: nn.Softmax(1),
    "gelu": lambda: Of(lambda x: functional.gelu(3 * x) + functional.gelu(x, approximate="tanh")),
    "functions": lambda: Of(
        lambda x: x.tanh() * x.sigmoid() + x.abs().sqrt().clamp(0.2, 1) - (x**2 + 1).rsqrt()
    ),
    "trigonometry": lambda: Of(lambda x: x.sin() * (x / 3).exp() - x.cos() / (x.square() + 2)),
    "lengths": lambda: Of(lambda x: functional.normalize(x, dim=1) - x.sum((1, 3), keepdim=True)),
    "nearest": lambda: resized("nearest"),
    "bilinear": lambda: resized("bilinear"),
    "bicubic": lambda: resized("bicubic"),
    "pool": lambda: nn.AvgPool2d(2),
    "replicate": lambda: nn.ReplicationPad2d((1, 2, 3, 0)),
    "reflect": lambda: nn.ReflectionPad2d(2),
    "zeros": lambda: nn.ZeroPad2d((0, 1, 2, 0)),
    "shuffled": lambda: nn.Sequential(nn.PixelShuffle(2), nn.ReLU(), nn.PixelUnshuffle(2)),
    "cat": lambda: Of(knots),
    "turned": lambda: Of(lambda x: x.transpose(2, 3).contiguous() - 2),
    "where": lambda: Of(lambda x: torch.where(x > 0.2, 1 - x, x[..., :1]) * (x <= 0.5)),
    "scaled sum": lambda: Of(lambda x: torch.add(x, x.flip(1), alpha=0.3)),
}
SHAPES = ((1, 4, 6, 8), (1, 4, 5, 7), (1, 4, 12, 3))


@pytest.fixture
def engine(tabs: Tabs) -> Iterator[Tab]:
    """A tab that has the engine, and nothing else."""
    with tabs.lent() as tab:
        tab.add_script_tag(content=(files("trombine.activations") / "engine.js").read_text("utf-8"))
        yield tab


def computed(tab: Tab, graph: Any, *x: Tensor, off: Any = ()) -> np.ndarray:
    """What the engine makes of some inputs."""
    given = {"graph": graph.described, "x": [one.flatten().tolist() for one in x]}
    code = "({graph, x, off}) => Array.from(new Engine(graph).run(x, off))"
    given["off"] = list(off)
    return np.array(tab.evaluate(code, given))


def apart(one: np.ndarray, other: Tensor) -> float:
    """The largest difference, of the largest value if that is above 1."""
    expected = other.detach().double().flatten().numpy()
    assert one.shape == expected.shape
    return float(np.abs(one - expected).max() / max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("name", KERNELS)
def test_every_operation_is_torchs(engine: Tab, name: str) -> None:
    torch.manual_seed(len(name))
    net = settled(KERNELS[name]())
    for shape in SHAPES:
        x = torch.randn(shape)
        with torch.no_grad():
            assert apart(computed(engine, trace(net, x), x), net(x)) < NEAR, shape


NETS = ("upscale-fast-x2", "upscale-drawings-x4", "finder", "reader", "scratches")


def somewhere(side: int = 32, seed: int = 2) -> Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


def drawn(hole: Tensor) -> Tensor:
    return (hole > 0.5).float()


# Nets of several inputs: what goes in beside a picture or a vector, and what torch makes of it.
SEVERAL: dict[str, tuple[Callable[[], tuple[Tensor, ...]], Callable[[Any, Any], Tensor]]] = {
    "inpaint": (
        lambda: (somewhere(48), drawn(somewhere(48, 3)[:, :1])),
        lambda model, given: model(*given),
    ),
    "completion": (
        lambda: (somewhere(48), drawn(somewhere(48, 3)[:, :1])),
        lambda model, given: model(*given),
    ),
    "restyle": (
        lambda: (somewhere(128), torch.tensor([3]), torch.tensor([1])),
        lambda model, given: model.net.soft(*given),
    ),
    "generate-anime": (
        lambda: (torch.randn(1, 96), torch.tensor([[*[0.3] * 9, *[0] * 21, *[1] * 9, *[0] * 21]])),
        lambda model, given: model.net.decoder(
            model.net.invented(given[0], as_told(model.net, given[1]))
        ),
    ),
}


def as_told(net: Any, told: Tensor) -> Tensor:
    """The fields of which an Inventor is told so."""
    scaled, known = told.chunk(2, 1)
    low, high = (torch.tensor([getattr(f, e) for f in net.fields]) for e in ("low", "high"))
    return torch.where(known > 0, low + (scaled + 1) / 2 * (high - low), torch.nan)


@pytest.mark.parametrize("name", [*NETS, *SEVERAL])
def test_shipped_nets_are_torchs(engine: Tab, name: str) -> None:
    """As they are on the page, on other inputs than they were traced with; the pictures of a net
    that adds details are those before."""
    model = load(name)
    given, torchs = SEVERAL.get(name, (lambda: (somewhere(),), lambda one, x: one.in_rgb(*x)))
    torch.manual_seed(4)
    x = given()
    size = None if name in ("restyle", "generate-anime") else x[0].shape[-1]
    graph = Described(described(model, size))
    with torch.no_grad():
        expected = torchs(model, x)
    expected = expected if isinstance(expected, Tensor) else expected[0]
    assert apart(computed(engine, graph, *x), expected) < NEAR


class Described:
    """A net as its page has it."""

    def __init__(self, net: Any) -> None:
        self.described = net["graph"]


def test_a_denoiser_is_torchs(engine: Tab) -> None:
    torch.manual_seed(5)
    net: Any = build("denoiser", {"width": 8, "levels": 1})
    torch.nn.init.normal_(net.last.weight, std=0.05)
    card = Card(task="denoise", net="denoiser", sizes=net.sizes)
    page_ = described(Model(net=net, card=card, hash="", path=Path("x.safetensors")), 16)
    x, time = somewhere(16), torch.tensor([0.3])
    with torch.no_grad():
        expected = 0.5 + net(2 * x - 1, time) / 2
    assert expected.std() > 0.01
    assert apart(computed(engine, Described(page_), x, time), expected) < NEAR


@pytest.mark.parametrize("kind", ["dcgan_generator", "style_generator"])
def test_generators_are_torchs(engine: Tab, kind: str) -> None:
    torch.manual_seed(3)
    net = settled(build(kind, {"size": 16, "width": 8, "latent": 12}))
    graph, x = trace(net, torch.randn(1, 12)), torch.randn(1, 12)
    with torch.no_grad():
        assert apart(computed(engine, graph, x), net(x)) < NEAR


def test_a_silent_channel_is_one_that_torch_makes_zero(engine: Tab) -> None:
    """And what is computed again after a click is what is computed at once."""
    net: Any = load("finder").net.eval()
    x = torch.rand(1, 3, 32, 32)
    graph = trace(net, x)
    names = [layer["name"].removesuffix(".conv") for layer in graph.layers]
    chosen = {"first": [0, 5], "third.0.second": [3]}
    off = [chosen.get(name, []) for name in names]
    hooks = []
    for name, channels in chosen.items():

        def hush(_: Any, __: Any, result: Tensor, channels: list[int] = channels) -> Tensor:
            silent = result.clone()
            silent[:, channels] = 0
            return silent

        hooks.append(net.get_submodule(name).register_forward_hook(hush))
    with torch.no_grad():
        expected = net(x)
    for hook in hooks:
        hook.remove()
    with torch.no_grad():
        assert apart(computed(engine, graph, x), expected) > 1e-3  # it is not as without
    assert apart(computed(engine, graph, x, off=off), expected) < NEAR
    code = """({graph, x, off}) => {
      const engine = new Engine(graph);
      engine.run([x], []);
      engine.run(null, off.map((one) => one.slice(0, 1)));
      return Array.from(engine.run(null, off));
    }"""
    again = engine.evaluate(code, {"graph": graph.described, "x": x.flatten().tolist(), "off": off})
    assert np.array_equal(again, computed(engine, graph, x, off=off))


def written(folder: Path, name: str, model: Model) -> str:
    file = folder / f"{name}.html"
    file.write_text(page(described(model, 16 if name == "small" else None), name).html(), "utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("page"), "small", load("upscale-fast-x2"))


@pytest.fixture(params=[(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def tab(tabs: Tabs, address: str, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """The page from its file; it fails on any complaint, or if anything is asked of a host."""
    with seen(tabs, address, *request.param) as tab:
        expect(tab.locator(FACE)).to_be_visible(timeout=READY)
        yield tab


def seen(
    tabs: Tabs, address: str, size: tuple[int, int], scheme: Scheme
) -> AbstractContextManager[Tab]:
    return tabs.shown(address, size, scheme, "no-preference")


def output(tab: Tab) -> np.ndarray:
    """What came out last, once nothing is under way."""
    until(tab, "(e => !e.isBusy && !e.isWanted)(document.querySelector('net-microscope'))")
    return np.array(tab.evaluate("Array.from(document.querySelector('net-microscope').output)"))


def test_axe_finds_nothing(tab: Tab) -> None:
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    inner, outer = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert inner <= outer


def test_a_click_silences_a_channel_and_another_brings_it_back(tab: Tab) -> None:
    before = output(tab)
    first = tab.get_by_role("listbox").first
    first.get_by_role("option").nth(2).click()
    expect(tab.get_by_text("One channel is silent.")).to_be_visible()
    after = output(tab)
    assert np.abs(after - before).max() > 1e-4
    first.get_by_role("option").nth(2).click()
    assert np.array_equal(output(tab), before)
    expect(tab.get_by_role("button", name="All channels on")).to_be_disabled()


def test_keys_do_the_same(tab: Tab) -> None:
    before = output(tab)
    box = tab.get_by_role("listbox").first
    box.focus()
    for key in ("ArrowRight", "ArrowRight", "Space"):
        tab.keyboard.press(key)
    expect(box.get_by_role("option", selected=True)).to_have_accessible_name("channel 2")
    silent = output(tab)
    assert np.abs(silent - before).max() > 1e-4
    tab.get_by_role("button", name="All channels on").press("Enter")
    assert np.array_equal(output(tab), before)


def test_what_goes_in_is_moved_and_walks(tab: Tab) -> None:
    before = output(tab)
    tab.get_by_role("slider", name="Light").press("Home")
    darker = output(tab)
    assert darker.mean() < 0.5 * before.mean()
    frames = int(tab.locator(FACE).get_attribute("data-frames") or 0)
    walk = tab.get_by_role("button", name="Walk")
    walk.click()
    until(
        tab,
        f"document.querySelector('net-microscope').dataset.frames > {frames + 5}",
        timeout=READY,
    )
    walk.click()
    assert np.abs(output(tab) - darker).max() > 1e-3


def test_a_vectors_net_takes_noise(tabs: Tabs, tmp_path: Path) -> None:
    net: Any = settled(build("dcgan_generator", {"size": 16, "width": 4, "latent": 8}))
    card = Card(task="generate", net="dcgan_generator", sizes=net.sizes)
    model = Model(net=net, card=card, hash="", path=tmp_path / "x.safetensors")
    net = described(model)
    file = tmp_path / "noise.html"
    file.write_text(page(net, "</script> & co").html(), "utf-8")
    with seen(tabs, file.as_uri(), DESKTOP, "light") as tab:
        expect(tab.locator(FACE)).to_be_visible(timeout=READY)
        expect(tab.get_by_role("heading", name="Inside </script> & co")).to_be_visible()
        before = output(tab)
        with torch.no_grad():
            assert apart(before, model.net(torch.tensor([net["vector"]]))) < NEAR
        tab.get_by_role("button", name="New noise").click()
        assert np.abs(output(tab) - before).max() > 1e-4
    assert json.dumps(net)


def test_a_hole_is_painted_over_the_picture(tabs: Tabs, tmp_path: Path) -> None:
    """And only what is in it is another than the picture."""
    torch.manual_seed(6)
    net: Any = build("painter", {"width": 4, "levels": 1})
    card = Card(task="repair", net="painter", sizes=net.sizes)
    model = Model(net=net, card=card, hash="", path=tmp_path / "x.safetensors")
    file = tmp_path / "hole.html"
    file.write_text(page(described(model, 32), "a painter").html(), "utf-8")
    missing = "Array.from(document.querySelector('net-microscope').missing)"
    with seen(tabs, file.as_uri(), PHONE, "light") as tab:
        expect(tab.locator(FACE)).to_be_visible(timeout=READY)
        before = np.array(tab.evaluate(missing))
        assert 0.05 < before.mean() < 0.1 and before.reshape(32, 32)[16, 16]
        box = tab.get_by_role("img", name="What the net sees").bounding_box()
        assert box is not None
        tab.get_by_role("button", name="Paint the hole").click()
        tab.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.8 * box["height"])
        tab.mouse.down()
        tab.mouse.up()
        after = np.array(tab.evaluate(missing)).reshape(32, 32)
        assert after[25, 6] and after.sum() > before.sum()
        painted = output(tab).reshape(3, 32, 32)
        tab.get_by_role("slider", name="Size of the hole").press("Home")
        whole = output(tab).reshape(3, 32, 32)
        assert (painted != whole).any(0)[after > 0].mean() > 0.8
        assert np.array_equal(painted[:, after == 0], whole[:, after == 0])
        assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()


def test_a_style_and_what_is_to_be_of_a_face_are_chosen(tabs: Tabs, tmp_path: Path) -> None:
    small = {"latent": 6, "hidden": 12, "details": 4, "width": 4, "levels": 1, "size": 32}
    cases = {
        "restyler": ("restyle", {"size": 16, "width": 4, "latent": 8, "blocks": 1, "details": 4}),
        "inventor": ("generate", {**small, "fields": "age+smile"}),
    }
    for kind, (task, sizes) in cases.items():
        torch.manual_seed(7)
        net: Any = build(kind, sizes)
        for part in net.modules():
            if isinstance(part, nn.Embedding):
                nn.init.normal_(part.weight)
        card = Card(task=task, net=kind, sizes=net.sizes)
        model = Model(net=net, card=card, hash="", path=tmp_path / f"{kind}.safetensors")
        file = tmp_path / f"{kind}.html"
        file.write_text(page(described(model), kind).html(), "utf-8")
        with seen(tabs, file.as_uri(), DESKTOP, "dark") as tab:
            expect(tab.locator(FACE)).to_be_visible(timeout=READY)
            before = output(tab)
            if kind == "restyler":
                tab.get_by_label("Draw it as").select_option("sketch")
            else:
                tab.get_by_text("What is to be of the face").click()
                tab.get_by_role("slider", name="smile").press("End")
                expect(tab.get_by_text("smile: 1", exact=True)).to_be_visible()
            assert np.abs(output(tab) - before).max() > 1e-4
            assert Axe().run(tab).violations_count == 0, Axe().run(tab).generate_report()
            if kind == "inventor":
                tab.get_by_role("button", name="Ask for nothing").click()
                assert np.array_equal(output(tab), before)


def test_another_picture_is_shown_or_refused(tab: Tab) -> None:
    before = output(tab)
    box = tab.locator("input[type=file]")
    white = np.full((24, 40, 3), 255, np.uint8)
    box.set_input_files({"name": "white.png", "mimeType": "image/png", "buffer": png(white)})
    until(tab, "document.querySelector('net-microscope').image.naturalWidth === 40")
    tab.wait_for_timeout(100)
    assert np.abs(output(tab) - before).max() > 0.05
    box.set_input_files({"name": "notes.txt", "mimeType": "image/png", "buffer": b"none"})
    expect(tab.get_by_text("This browser cannot show notes.txt. Save it as PNG")).to_be_visible()
