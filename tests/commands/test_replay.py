"""`replay`: files made again by their records, and compared."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import trombine
from trombine import data_leaves, data_masks, data_world, replay, upscale
from trombine.commands.replay import _REPLAYED
from trombine.core.calls import options_of
from trombine.core.errors import InputError
from trombine.io.files import digest
from trombine.io.image import load_picture, read_record, save_picture


def leaves(folder: Path) -> Path:
    data_leaves(count=2, size=32, output=folder)
    return folder / "000000.png"


def test_what_is_painted_is_made_again(tmp_path: Path) -> None:
    """Each kind of painted picture, of a pair too, by the function and options in its file."""
    leaves(tmp_path / "leaves")
    data_world(count=1, first_seed=5, size=32, style="photo+anime", output=tmp_path / "pair")
    data_masks(count=1, size=32, output=tmp_path / "masks")
    for path in (
        "leaves/000001.png",
        "pair/photo/000005.png",
        "pair/anime/000005.png",
        "masks/000000.png",
    ):
        assert replay(tmp_path / path).summary == f"{tmp_path / path}: the same pixels"


def test_a_picture_that_was_changed_is_said(tmp_path: Path) -> None:
    path = leaves(tmp_path)
    changed = load_picture(path).samples.copy()
    changed[3, 4] ^= 8
    save_picture(path, changed, record=read_record(path))
    assert replay(path).summary.endswith("0.10% of the samples differ, by at most 8")
    save_picture(path, changed[:20], record=read_record(path))
    assert "another size or mode" in replay(path).summary


def test_inputs_are_found_by_name_and_by_what_they_hold(tmp_path: Path) -> None:
    source = leaves(tmp_path / "in")
    upscale(source, model="upscale-fast", output=tmp_path / "b.png")
    with pytest.raises(InputError, match=r"000000\.png: is not there; name its folder with --inp"):
        replay(tmp_path / "b.png")
    assert replay(tmp_path / "b.png", inputs=tmp_path / "in").summary.endswith("the same pixels")
    save_picture(source, np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(InputError, match="is not the file that the record names"):
        replay(tmp_path / "b.png", inputs=tmp_path / "in")


def test_what_was_made_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    source = leaves(tmp_path / "in")
    kept = replay(source, output=tmp_path / "again.png")
    assert kept.written == (tmp_path / "again.png",)
    assert (tmp_path / "again.png").read_bytes() == source.read_bytes()
    with pytest.raises(InputError, match="is there; add --overwrite"):
        replay(source, output=tmp_path / "again.png")
    with pytest.raises(InputError, match="is an input, and would be written over"):
        replay(source, output=source, overwrite=True)
    several = replay(tmp_path / "in", output=tmp_path / "all")
    assert len(several.written) == 2 and several.summary.count("the same pixels") == 2


def test_a_file_without_a_record_and_one_of_another_version(tmp_path: Path) -> None:
    good, plain = leaves(tmp_path), np.zeros((8, 8, 3), np.uint8)
    save_picture(tmp_path / "none.png", plain)
    save_picture(tmp_path / "odd.png", plain, record={"function": "system", "options": {}})
    options = {"count": 1, "lustre": 'é "~"'}  # text that names no file
    old = {"function": "data_leaves", "options": options, "version": "9.9"}
    save_picture(tmp_path / "old.png", plain, record=old)
    done = replay([good, *(tmp_path / f"{name}.png" for name in ("none", "odd", "old"))])
    said = {path.stem: why for path, why in done.skipped.items()}
    assert (
        "has no record of how it was made" in said["none"] and said["none"][-9:] == said["odd"][-9:]
    )
    assert "lustre" in said["old"]
    assert done.summary == f"{good}: the same pixels"


def written(folder: Path, record: object, kind: str) -> Path:
    """A picture or a JSON file with a record that somebody wrote."""
    path = leaves(folder)
    if kind == "json":
        path = folder / "r.json"
        path.write_text(json.dumps({"record": record}))
    else:
        texts = PngInfo()
        texts.add_text("trombine", json.dumps(record))
        Image.open(path).save(path, pnginfo=texts)
    return path


class Listener:
    """What waits on a port of this machine and is no cluster: it counts who comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    @property
    def is_visited(self) -> bool:
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


UPSCALED = {"function": "upscale", "options": {"model": "upscale-fast"}}
ATTACKS: dict[str, tuple[str, dict[str, object]]] = {
    "cluster": ("upscale", {"model": "upscale-fast", "cluster": "{host}"}),
    "cluster of Ray": ("upscale", {"cluster": "ray://{host}"}),
    "known net of a hub": ("inpaint", {"model": "lama"}),
    "hub": ("upscale", {"model": "hub:somebody/net/net.safetensors"}),
    "URL": ("upscale", {"model": "http://{host}/net.safetensors"}),
    "net by path": ("upscale", {"model": "{private}/net.safetensors"}),
    "net in the folder that one is in": ("upscale", {"model": "net.safetensors"}),
    "truth": ("upscale", {"sheet": True, "truth": "{private}/a.png"}),
    "truth as a URL": ("upscale", {"truth": "http://{host}/a.png"}),
    "mask by path": ("inpaint", {"mask": "{private}/m.png"}),
    "mask in the folder that one is in": ("inpaint", {"mask": "m.png"}),
    "mask with a word": ("inpaint", {"mask": "white:{private}/m.png"}),
    "character": ("portrait", {"to": "anime", "character": "{private}/c.json"}),
    "style": ("imitate", {"style_image": "{private}/a.png"}),
    "faces of a file": ("morph", {"seeds": ["{private}/a.png", "3"]}),
    "masks of a folder": ("data_masks", {"count": 1, "family": "files:{private}"}),
    "a mix of masks": ("data_masks", {"count": 1, "family": "irregular+inverted:{private}"}),
    "output": ("upscale", {"output": "{private}/b.png"}),
    "pictures": ("upscale", {"pictures": "{private}/a.png"}),
    "overwrite": ("upscale", {"overwrite": True}),
    "processes": ("data_world", {"count": 1, "workers": 5000}),
    "threads": ("upscale", {"threads": 5000}),
    "many pictures": ("data_world", {"count": 2_000_000}),
    "large pictures": ("data_world", {"count": 1, "size": 1_000_000}),
    "many frames": ("morph", {"seeds": ["3", "8"], "frames": 1_000_000}),
    "many seeds": ("generate", {"seeds": "0-999999"}),
    "function": ("studio", {}),
    "training": ("train", {"recipe": "dcgan"}),
}


@pytest.mark.parametrize("kind", ["png", "json"])
@pytest.mark.parametrize("name", ATTACKS)
def test_no_record_leads_to_a_host_a_hub_or_a_file_elsewhere(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may write a record; what it leads to may be the private file of who replays it, or a
    host whose answers would be run."""
    function, options = ATTACKS[name]
    listener, private = Listener(), tmp_path / "private"
    for file in ("a.png", "m.png"):
        save_picture(private / file, np.zeros((32, 32, 3), np.uint8))
    words = {"{host}": listener.address, "{private}": str(private)}
    text = json.dumps(options)
    for word, value in words.items():
        text = text.replace(word, value)
    record: dict[str, object] = {"function": function, "options": json.loads(text)}
    if function not in ("morph", "generate", "data_masks", "data_world"):
        source = leaves(tmp_path / "in")
        record["files"] = {"pictures": [source.name, digest(source)]}
    monkeypatch.chdir(private)
    asked = MagicMock(side_effect=AssertionError("a hub was asked"))
    monkeypatch.setattr("trombine.models.hub.library", asked)
    path = written(tmp_path / "open", record, kind)
    with pytest.raises(InputError) as refused:
        replay(path, inputs=tmp_path / "in")
    assert "\n" not in str(refused.value) and not listener.is_visited and not asked.called
    with socket.socket() as probe:  # the listener does hear
        probe.connect(("127.0.0.1", listener.socket.getsockname()[1]))
    assert listener.is_visited
    listener.socket.close()


ODD: tuple[object, ...] = (
    [1],
    "x",
    5,
    {"function": ["upscale"]},
    {"function": "upscale", "options": [], "files": {"pictures": ["a.png", "0"]}},
    {"function": "upscale", "options": {}, "files": []},
    {"function": "upscale", "files": {"pictures": []}},
    {"function": "upscale", "files": {"pictures": [1, 2]}},
    {"function": "upscale", "files": {"pictures": [["a.png", "0"], ["b.png", "0"]]}},
    {"function": "upscale", "files": {"pictures": "a.png"}},
    {"function": "upscale"},
    {"function": "upscale", "options": {"scale": {"a": [1]}}},
    {"function": "upscale", "options": {"scale": [2, [3]]}},
    {"function": "data_world", "options": {"count": None}},
    {"function": "generate", "options": {"seeds": {}}},
    {"function": "replay", "options": {}},
)


@pytest.mark.parametrize("kind", ["png", "json"])
@pytest.mark.parametrize("record", ODD, ids=str)
def test_an_odd_record_is_refused_in_one_line(record: object, kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        replay(written(tmp_path, record, kind))
    assert str(tmp_path) in str(refused.value) and "\n" not in str(refused.value)


def test_a_json_of_many_brackets_and_one_of_a_picture(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text('{"record": ' + "[" * 100_000)
    with pytest.raises(InputError, match="has no record of how it was made"):
        replay(deep)
    source = leaves(tmp_path / "in")
    record = UPSCALED | {"files": {"pictures": [source.name, digest(source)]}}
    with pytest.raises(InputError, match="has a record that makes no such file"):
        replay(written(tmp_path / "open", record, "json"), inputs=tmp_path / "in")


def test_a_record_holds_what_changes_pixels() -> None:
    """Of every function that writes one: no host, process count, place or other word for how."""
    never = {"cluster", "workers", "threads", "output", "overwrite", "recursive"}
    never |= {"suffix", "format", "progress", "pictures", "pack"}
    for name in sorted(_REPLAYED):
        for option, about in options_of(getattr(trombine, name)).items():
            assert bool(about.recorded) == (option not in never), (name, option)
