"""Records of what determines a picture."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trombine
from trombine import provenance
from trombine.provenance import (
    FORMAT,
    differences,
    digest,
    dumps,
    find_inputs,
    loads,
    record,
)
from trombine.refusal import InputError


def test_a_record_holds_what_was_given_and_the_versions() -> None:
    made = record(
        "inpaint",
        {"mask": "mask.png", "steps": 4},
        seed=0,
        inputs={"photo.jpg": "ab" * 32},
        model="cd" * 32,
        resolved={"tile": 256},
        needs=("torch",),
    )
    versions = made.pop("versions")
    assert made == {
        "format": FORMAT,
        "verb": "inpaint",
        "options": {"mask": "mask.png", "steps": 4},
        "seed": 0,
        "inputs": {"photo.jpg": "ab" * 32},
        "model": "cd" * 32,
        "resolved": {"tile": 256},
    }
    assert set(versions) == {"trombine", "numpy", "pillow", "torch", "platform"}
    assert versions["trombine"] == trombine.__version__
    assert versions["numpy"] == np.__version__


def test_what_was_not_given_is_not_there() -> None:
    assert set(record("leaves", {"size": 64}, seed=1)) == {
        "format",
        "verb",
        "options",
        "seed",
        "versions",
    }


def test_the_text_is_one_line_of_ascii_and_comes_back() -> None:
    made = record("world", {"name": "Zoë\n写真\udce9", "share": 0.1, "none": None})
    text = dumps(made)
    assert text.isascii() and text.isprintable()
    assert loads(text) == made


def test_another_process_writes_the_same_text(tmp_path: Path) -> None:
    """In another folder, with another seed of hashes: nothing of where and when is in it."""
    code = "from trombine.provenance import *; print(dumps(record('world', {'b': [1], 'a': {}})))"
    texts = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        texts.add(run.stdout)
    assert texts == {dumps(record("world", {"b": [1], "a": {}})) + "\n"}


@pytest.mark.parametrize(
    "options", [{"path": Path("a")}, {"number": np.float32(1)}, {"nan": float("nan")}]
)
def test_what_json_cannot_hold_exactly_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="JSON"):
        record("world", options)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "no verb"),
        ('{"verb": "world"}', "gives no format"),
        (f'{{"verb": "world", "format": {FORMAT + 1}}}', "newer"),
    ],
)
def test_a_strangers_record_is_refused(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        loads(text)


def test_differences_are_named() -> None:
    made = record("world", {}, needs=("numba",))
    assert differences(made) == []
    made["versions"]["numpy"] = "1.0"
    made["versions"]["odd\nname"] = "3"
    assert differences(made) == [
        f"numpy 1.0 then, {np.__version__} now",
        r"odd\nname 3 then, not installed now",
    ]
    assert differences({"verb": "world"}) == []


def test_another_machine_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    made = record("world", {})
    monkeypatch.setattr(provenance.platform, "machine", lambda: "abacus")
    assert len(differences(made)) == 1 and "abacus now" in differences(made)[0]


def test_a_digest_is_sha_256(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(data)
    assert digest(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_inputs_are_found_by_name_and_hash(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"light")
    made = record("inpaint", {}, inputs={"photo.jpg": digest(photo)})
    assert find_inputs(made, tmp_path) == {"photo.jpg": photo}
    assert find_inputs(record("world", {}), None) == {}
    with pytest.raises(InputError, match=r"^was made from photo.jpg; name the folder") as error:
        find_inputs(made, None)
    assert "--inputs" in error.value.remedy
    photo.write_bytes(b"dark")
    with pytest.raises(InputError, match=r"another photo\.jpg than the one in"):
        find_inputs(made, tmp_path)
    photo.unlink()
    with pytest.raises(InputError, match=r"photo\.jpg, which is not in"):
        find_inputs(made, tmp_path)
