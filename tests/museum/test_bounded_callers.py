"""What callers, their texts and other people's weights can make of the process: one line of ours.

Each room has what once was taken in silence, took gigabytes or minutes, or ended in another
library's words. Pictures are in test_bounded_inputs.py.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import trombine
from trombine import conventions, images, provenance, weights
from trombine.data.augment import Augment
from trombine.data.degrade import Chain
from trombine.data.masks import parse as parse_masks
from trombine.data.spec import parse as parse_spec
from trombine.grammar import LONGEST, cut
from trombine.nets import build
from trombine.nets import parse as parse_net
from trombine.recipes.freeze import Freeze
from trombine.recipes.settings import settings_of
from trombine.refusal import InputError
from trombine.texts import DEEPEST
from trombine.weights.card import Card, dumps
from trombine.weights.card import loads as load_card
from trombine.weights.importing import import_net
from trombine.world import face, paint

RNG = np.random.default_rng(7)
PIXELS = RNG.integers(0, 256, (24, 30, 3), np.uint8)
SIZES = {"width": 4, "depth": 1}
NET = "residual"


def one_line(error: BaseException, *words: str) -> str:
    """What an error says, which is one line with these words."""
    text = str(error)
    assert len(text.splitlines()) == 1 and len(text) < 600
    for word in words:
        assert word in text, text
    return text


# --- weights from elsewhere ---------------------------------------------------------------------

UNUSUAL: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "complex": lambda one: one.to(torch.complex64),
    "sparse": lambda one: one.to_sparse(),
    "meta": lambda one: one.to("meta"),
}


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("kind", UNUSUAL)
def test_tensors_that_no_net_holds_are_not_imported(kind: str, old: bool, tmp_path: Path) -> None:
    """Complex, sparse and empty (meta) tensors are refused, not cut down to what fits."""
    path, state = tmp_path / "there.pth", build(NET, SIZES).state_dict()
    name = next(iter(state))
    torch.save(
        {**state, name: UNUSUAL[kind](state[name])}, path, _use_new_zipfile_serialization=not old
    )
    with pytest.raises(InputError) as error:
        import_net(path, NET, SIZES)
    one_line(error.value, str(path), name if not (old and kind == "meta") else "", ";")


def test_quantised_tensors_are_not_imported(tmp_path: Path) -> None:
    """Weights of 8 bits are refused in one line."""
    state = build(NET, SIZES).state_dict()
    name = next(iter(state))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch is to give them up
        one = torch.quantize_per_tensor(state[name], 0.1, 0, torch.qint8)
    torch.save({**state, name: one}, tmp_path / "there.pth")
    with pytest.raises(InputError) as error:
        import_net(tmp_path / "there.pth", NET, SIZES)
    one_line(error.value, "quantised")


def repacked(path: Path, change: Callable[[str, bytes], bytes], how: int) -> None:
    """A file that torch has saved, with other contents or packed otherwise."""
    whole = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w", how) as out:
        for name in whole.namelist():
            out.writestr(name, change(name, whole.read(name)))


def test_a_checkpoint_that_unpacks_to_far_more_than_itself_is_refused(tmp_path: Path) -> None:
    """A checkpoint of some kB cannot take gigabytes."""
    path = tmp_path / "bomb.pth"
    torch.save({"weight": torch.zeros(1 << 22)}, path)
    repacked(path, lambda _, data: data, zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError) as error:
        import_net(path, NET, SIZES)
    one_line(error.value, str(path), "would be unpacked to 17 MB", "torch.save")


def test_a_checkpoint_that_was_packed_as_usual_is_imported(tmp_path: Path) -> None:
    """A zip that packs sound weights a little smaller is no bomb."""
    net, path = build(NET, SIZES), tmp_path / "packed.pth"
    torch.save(net.state_dict(), path)
    repacked(path, lambda _, data: data, zipfile.ZIP_DEFLATED)
    state = import_net(path, NET, SIZES).state_dict()
    assert all(torch.equal(state[name], one) for name, one in net.state_dict().items())


@pytest.mark.parametrize("old", [True, False])
def test_a_pickle_cannot_fill_memory(old: bool, tmp_path: Path) -> None:
    """A pickle of a hundred bytes that makes a bytearray of a gigabyte is refused unread."""
    path, filled = tmp_path / "filled.pth", b"\x80\x02cbuiltins\nbytearray\nJ\0\0\0\x40\x85R."
    torch.save({"a": torch.zeros(1)}, path)
    repacked(path, lambda name, data: filled if name.endswith(".pkl") else data, 0)
    if old:
        path.write_bytes(filled)
    with pytest.raises(InputError) as error:
        import_net(path, NET, SIZES)
    one_line(error.value, "holds more than tensors")


# --- what the Python API is given ---------------------------------------------------------------


def test_a_name_with_a_zero_byte_is_refused_everywhere(tmp_path: Path) -> None:
    """A zero byte in a path is one line of ours, wherever it is given."""
    picture, bad = tmp_path / "a.png", tmp_path / "a\0b.png"
    images.write(picture, images.image_of(PIXELS))
    calls: list[Callable[[], object]] = [
        lambda: images.read(bad),
        lambda: images.write(bad, images.image_of(PIXELS)),
        lambda: trombine.upscale(pictures=(bad,), output=tmp_path / "o.png"),
        lambda: trombine.upscale(pictures=(picture,), output=bad),
        lambda: trombine.read(pictures=(picture,), output=bad),
        lambda: trombine.data_leaves(count=1, size=32, output=bad),
        lambda: trombine.data_prepare(folder=tmp_path, output=bad),
        lambda: trombine.replay(pictures=(bad,), output=tmp_path / "o.png"),
        lambda: trombine.models_export(model="upscale-fast-x2", onnx=True, output=bad),
        lambda: weights.load("a\0b"),
        lambda: weights.load(Path("a\0b.safetensors")),
    ]
    for call in calls:
        with pytest.raises(InputError) as error:
            call()
        assert "\0" not in one_line(error.value)


STRANGE: dict[str, Callable[[], torch.Tensor]] = {
    "meta": lambda: torch.empty(3, 9, 9, device="meta"),
    "sparse": lambda: torch.rand(3, 9, 9).to_sparse(),
    "mkldnn": lambda: torch.rand(3, 9, 9).to_mkldnn(),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_tensors_without_plain_numbers_are_refused(kind: str) -> None:
    """A meta or a sparse tensor is refused by the conventions, not by torch."""
    given, picture = STRANGE[kind](), torch.rand(3, 9, 9)
    image = images.image_of(np.zeros((9, 9, 3), np.uint8))
    calls: list[Callable[[], object]] = [
        lambda: conventions.check_picture(given),
        lambda: conventions.to_pixels(given),
        lambda: conventions.check_hole(given, picture),
        lambda: image.replace_picture(given, torch.ones(1, 9, 9)),
        lambda: weights.load("upscale-fast-x2")(given),
    ]
    for call in calls:
        with pytest.raises(InputError, match="plain tensor"):
            call()


# --- texts --------------------------------------------------------------------------------------

GRAMMARS: dict[str, tuple[Callable[[str], object], type[Exception]]] = {
    "masks": (parse_masks, InputError),
    "pictures": (parse_spec, InputError),
    "damage": (Chain.parse, InputError),
    "augment": (Augment.parse, InputError),
    "freeze": (Freeze.parse, InputError),
    "net": (parse_net, InputError),
    "setting": (lambda text: settings_of([f"a={text}"]), InputError),
}


@pytest.mark.parametrize("name", GRAMMARS)
@pytest.mark.parametrize("text", ["squares+", "x>", "1", "folder:a+", "a:b=1,", "\x1b["])
def test_a_spec_of_a_megabyte_is_refused_at_once(name: str, text: str) -> None:
    """Every text that asks for something is bounded, in one line that does not repeat it."""
    parse, error = GRAMMARS[name]
    with pytest.raises(error) as refused:
        parse(text * (1_000_000 // len(text)))
    assert "\x1b" not in one_line(refused.value, "letters long", f"{LONGEST:,}")


def test_a_text_is_cut_in_one_pass() -> None:
    """Cutting a text takes time in proportion to it: pieces are slices, quotes are kept."""
    assert cut('a+"b+c"+d + "e', r"\+") == ["a", '"b+c"', "d ", ' "e']
    text = "squares+" * 100_000  # which a piece that grows by letters would take minutes for
    assert len(cut(text, r"\+")) == 100_001


@pytest.mark.parametrize("inner", ["[", '{"a":'])
def test_deep_nests_are_refused(inner: str) -> None:
    """JSON that is nested beyond all use is refused as other broken JSON is, not by a traceback."""
    for depth in (DEEPEST + 1, 400, 100_000):
        deep = inner * depth + "0" + ("]" if inner == "[" else "}") * depth
        with pytest.raises(InputError, match="not JSON"):
            provenance.loads(f'{{"format":1,"verb":"masks","options":{{"a":{deep}}}}}')
        card = dumps(Card(task="upscale", net=NET, sizes={})).replace(
            '"settings": {}', f'"settings": {{"a": {deep}}}'
        )
        with pytest.raises(InputError, match="not JSON"):
            load_card(card)


def test_sizes_beyond_numbers_are_refused() -> None:
    """A size of a thousand digits in a card is one line."""
    with pytest.raises(InputError) as error:
        build("residual", {"width": 10**1000})
    one_line(error.value)
    with pytest.raises(InputError) as error:
        build("dcgan_generator", {"width": 10**1000})
    one_line(error.value)


# --- finite weights that overflow ---------------------------------------------------------------


@pytest.fixture
def overflowing(tmp_path: Path) -> Callable[[str], Path]:
    """The file of a shipped model whose weights were made far too large."""

    def make(name: str) -> Path:
        model = weights.load(name)
        with torch.no_grad():
            for parameter in model.net.parameters():
                parameter.mul_(1e20)
        weights.save(tmp_path / f"{name}.safetensors", model.net, replace(model.card))
        return tmp_path / f"{name}.safetensors"

    return make


def test_weights_that_overflow_do_not_end_a_folder(
    overflowing: Callable[[str], Path], tmp_path: Path
) -> None:
    """Each picture is refused in one line that names the model, and nothing is written."""
    for number in range(2):
        pixels = paint(face(number), 64).pixels
        images.write(tmp_path / "in" / f"{number}.png", images.image_of(pixels))
    for verb, name in ((trombine.upscale, "upscale-fast-x2"), (trombine.read, "reader")):
        file = overflowing(name)
        result = verb(pictures=(tmp_path / "in",), output=tmp_path / "out", model=file)
        assert len(result.skipped) == 2 and not result.written
        for skipped in result.skipped:
            assert file.name in skipped.why and "infinite numbers; take another" in skipped.why


def test_a_model_that_overflows_is_named_in_python(overflowing: Callable[[str], Path]) -> None:
    """Called in Python it raises an InputError, and gives back no white picture."""
    file = overflowing("upscale-fast-x2")
    with pytest.raises(InputError) as error:
        weights.load(file)(torch.rand(3, 9, 9))
    one_line(error.value, str(file), "infinite numbers")
