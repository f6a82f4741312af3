"""Sets of the hub: read from a small one on this disk; nothing here reaches a network."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from trombine.core.errors import InputError
from trombine.data.prepare import parse_hub, prepare_hub
from trombine.data.reading import Folder
from trombine.data.source import source
from trombine.data.split import prepare_split

WHY = "the extra hub is not installed: pip install -c constraints.txt '.[hub]'"


def encoded(level: int, format: str) -> bytes:
    held = io.BytesIO()
    pixels = np.full((16, 16, 3), level, np.uint8)
    Image.fromarray(pixels).save(held, format)
    return held.getvalue()


@pytest.fixture
def datasets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The library, told to stay off the network and to keep its files here."""
    found = pytest.importorskip("datasets", reason=WHY)
    monkeypatch.setattr(found.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(found.config, "HF_HUB_OFFLINE", True)
    return found


@pytest.fixture
def local(datasets: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Whatever is asked of the hub is answered with a small set of this disk."""
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "photo": datasets.Image(),
            "label": datasets.ClassLabel(names=["wolf", "cat"]),
            "age": datasets.Value("float64"),
            "glad": datasets.Value("bool"),
        }
    )
    photos = [encoded(10, "png"), encoded(20, "jpeg"), encoded(30, "webp")]
    rows = {
        "text": ["a", "b", None],
        "photo": [{"bytes": photo, "path": None} for photo in photos],
        "label": [0, 1, -1],
        "age": [31.5, None, 7.0],
        "glad": [True, False, None],
    }
    datasets.disable_progress_bars()
    whole = datasets.Dataset.from_dict(rows, features=features)
    (tmp_path / "set").mkdir()
    whole.to_parquet(str(tmp_path / "set/train.parquet"))
    whole.select([1]).to_parquet(str(tmp_path / "set/test.parquet"))
    load = datasets.load_dataset

    def answer(name: str, config: str | None = None, *, split: str | None = None) -> object:
        assert name == "owner/name" and config is None
        return load(str(tmp_path / "set"), split=split)

    monkeypatch.setattr(datasets, "load_dataset", answer)
    return datasets


def test_a_set_comes_as_a_folder(local: ModuleType, tmp_path: Path) -> None:
    steps: list[tuple[float, float, str]] = []
    prepare_hub("owner/name", tmp_path / "out", lambda *step: steps.append(step))
    assert steps[-1] == (4, 4, "pictures")
    folder = Folder(tmp_path / "out", 16)
    names = [folder.name(i) for i in range(4)]
    assert names == [
        *("train/000000.png", "train/000001.jpg", "train/000002.webp"),
        "test/000000.jpg",
    ]
    assert (tmp_path / "out" / names[1]).read_bytes() == encoded(20, "jpeg")
    rows = folder.rows(np.arange(4))
    assert rows["pictures"][0].min() == rows["pictures"][0].max() == 10
    assert folder.classes == ("cat", "wolf") and rows["labels"].tolist() == [1, 0, -1, 0]
    assert rows["splits"].tolist() == [0, 0, 0, 2]
    assert folder.vector_names == ("age", "glad")
    wanted = [[31.5, 1], [np.nan, 0], [7, np.nan], [np.nan, 0]]
    np.testing.assert_array_equal(rows["vectors"], wanted)


def test_what_is_there_is_kept_and_what_is_half_there_is_not(
    local: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    prepare_hub("owner/name", folder)
    (folder / "train/000000.png").write_bytes(b"half")
    prepare_hub("owner/name", folder)
    assert (folder / "train/000000.png").read_bytes() == b"half"
    (folder / "metadata.csv").unlink()
    prepare_hub("owner/name", folder)
    assert (folder / "train/000000.png").read_bytes() == encoded(10, "png")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_a_set_is_a_source_and_is_loaded_once(
    local: ModuleType, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_split("hub:owner/name*2", 16, 4)
    monkeypatch.setattr(local, "load_dataset", None)
    opened = source("hub:owner/name", 16)
    assert opened.spec == "hub:owner/name" and opened.classes == ("cat", "wolf")
    assert opened.splits is not None and opened.splits.tolist() == [0, 0, 0, 2]
    tested = source("hub:owner/name@test", 16)
    assert [tested.name(i) for i in range(len(tested))] == ["test/000000.jpg"]


def test_only_pictures_are_copied(
    datasets: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set may name a file of this machine."""
    (tmp_path / "secret").write_text("root:x:0")
    features = datasets.Features({"image": datasets.Image()})
    images = [{"bytes": None, "path": str(tmp_path / "secret")}]
    answer(datasets, monkeypatch, datasets.Dataset.from_dict({"image": images}, features=features))
    with pytest.raises(InputError, match="has no picture of a known format in row 0"):
        prepare_hub("owner/name", tmp_path / "out")
    assert not (tmp_path / "out/train").exists()


@pytest.mark.parametrize("name", ["", "a/b/c/d", "../x", "a b", "a:b:c"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is not a name of the hub"):
        parse_hub(name)


def answer(datasets: ModuleType, monkeypatch: pytest.MonkeyPatch, whole: object) -> None:
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, split: {"train": whole})


def test_a_row_without_a_picture_is_left_out(
    datasets: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    photo = {"bytes": encoded(9, "png"), "path": None}
    rows = {"image": [None, photo, {"bytes": b"", "path": None}], "age": [1, 2, 3]}
    features = datasets.Features({"image": datasets.Image(), "age": datasets.Value("int32")})
    answer(datasets, monkeypatch, datasets.Dataset.from_dict(rows, features=features))
    prepare_hub("owner/name", tmp_path / "out")
    assert "left out 2 rows without a picture" in caplog.text
    assert (tmp_path / "out/metadata.csv").read_text() == "file_name,age\ntrain/000001.png,2.0\n"
    empty = datasets.Dataset.from_dict({"image": [None], "age": [1]}, features=features)
    answer(datasets, monkeypatch, empty)
    with pytest.raises(InputError, match="has no picture in any row"):
        prepare_hub("owner/name", tmp_path / "none")


@pytest.mark.parametrize(
    ("kind", "named", "classes", "names"),
    [
        ("int64", False, ("7", "8"), ()),
        ("float32", False, (), ("label_value",)),
        ("float32", True, ("cat", "wolf"), ("label_value",)),
        ("int64", True, ("7", "8"), ("animal",)),
    ],
)
def test_a_class_is_not_overwritten_by_numbers_called_label(
    kind: str,
    named: bool,
    classes: tuple[str, ...],
    names: tuple[str, ...],
    datasets: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Measures, such as how a portrait was rated, are no classes; whole numbers may be."""
    rows = {"image": [{"bytes": encoded(9, "png"), "path": None}] * 2, "label": [8, 7]}
    kinds = {"image": datasets.Image(), "label": datasets.Value(kind)}
    if named:
        kinds["animal"] = datasets.ClassLabel(names=["wolf", "cat"])
        rows["animal"] = [1, 0]
    whole = datasets.Dataset.from_dict(rows, features=datasets.Features(kinds))
    answer(datasets, monkeypatch, whole)
    prepare_hub("owner/name", tmp_path / "out")
    folder = Folder(tmp_path / "out", 16)
    assert (folder.classes, folder.vector_names) == (classes, names)
    held = folder.rows(np.arange(2))
    if classes:
        wanted = ["cat", "wolf"] if classes == ("cat", "wolf") else ["8", "7"]
        assert [classes[label] for label in held["labels"].tolist()] == wanted
    if names:
        measured = [[8], [7]] if names == ("label_value",) else [[1], [0]]
        assert held["vectors"].tolist() == measured
