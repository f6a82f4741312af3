"""TensorBoard's events, read back by TensorBoard."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from new_runs import new_run
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from trombine.runs.board import MISSING, Board, open_board
from trombine.runs.folder import RunFolder

SQUARE = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "run", {})


def opened(folder: RunFolder, pictures: int | None = None) -> Board:
    board = open_board(folder, pictures)
    assert board is not None
    return board


def read(folder: RunFolder) -> EventAccumulator:
    events = EventAccumulator(str(folder.board))
    events.Reload()
    return events


def scalars(folder: RunFolder, tag: str) -> list[tuple[int, float]]:
    return [(event.step, round(event.value, 5)) for event in read(folder).Scalars(tag)]


def train(pictures: int, loss: float | None) -> dict[str, object]:
    return {"kind": "train", "pictures": pictures, "values": {"net/l1": loss, "rate": 0.5}}


def test_the_log_becomes_scalars_by_pictures_seen(folder: RunFolder) -> None:
    board = opened(folder)
    board.entry(train(100, 0.5))
    board.entry(train(200, None))
    board.entry({"kind": "measure", "pictures": 200, "values": {"PSNR": 30.0}, "best": True})
    board.entry({"kind": "alarm", "pictures": 200, "alarm": "collapse", "did": "warned"})
    board.entry({"kind": "end", "pictures": 200})
    board.close()
    assert scalars(folder, "net/l1") == [(100, 0.5)]
    assert scalars(folder, "rate") == [(100, 0.5), (200, 0.5)]
    assert scalars(folder, "measure/PSNR") == [(200, 30.0)]
    assert "alarm/text_summary" in read(folder).Tags()["tensors"]


def test_a_sample_is_a_picture(folder: RunFolder) -> None:
    board = opened(folder)
    board.sample(64, SQUARE)
    board.close()
    (event,) = read(folder).Images("samples")
    assert event.step == 64
    pixels = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))
    assert np.array_equal(pixels, SQUARE)


def test_settings_are_hparams(folder: RunFolder) -> None:
    board = opened(folder)
    settings = {"lr": 0.001, "nets": {"net": "unet"}, "layers": [1, 2], "other": None}
    board.settings(settings, {"PSNR": 31.0})
    board.close()
    metadata = read(folder).summary_metadata
    assert metadata["_hparams_/session_start_info"].plugin_data.plugin_name == "hparams"
    told = metadata["_hparams_/session_start_info"].plugin_data.content
    assert all(name in told for name in (b"lr", b"nets.net", b"unet", b"[1, 2]"))


def test_a_resume_leaves_nothing_twice(folder: RunFolder) -> None:
    """Trained to 300, killed, resumed from the checkpoint of 200: 300 comes once, as anew."""
    board = opened(folder)
    for pictures in (100, 200, 300):
        board.entry(train(pictures, 1.0))
        board.sample(pictures, SQUARE)
    board.close()
    board = opened(folder, pictures=200)
    for pictures in (300, 400):
        board.entry(train(pictures, 2.0))
    board.close()
    assert len([*folder.board.glob("events.out.tfevents.*")]) == 2
    assert scalars(folder, "net/l1") == [(100, 1.0), (200, 1.0), (300, 2.0), (400, 2.0)]
    assert [event.step for event in read(folder).Images("samples")] == [100, 200]


def test_without_tensorboard_there_is_a_line_to_say(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert open_board(folder) is None
    assert not folder.board.exists()
    assert "\n" not in MISSING and "trombine[tensorboard]" in MISSING
