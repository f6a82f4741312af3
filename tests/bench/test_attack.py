"""bench/attack.py sees what it looks for: tracebacks, losses, leftovers; a few attacks pass."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attack
import attack_kills
import attack_mutants
import numpy as np
import pytest
from attack_mutants import CRASH, LINE, LOSS, TRACEBACK, Outcome
from attack_targets import TARGETS, Target
from attack_verbs import Verb
from distort import CHANGES, change_words, distort


def run_attack(root: Path, *arguments: str) -> tuple[int, dict[str, float], str]:
    """The program in a process of its own: its exit code, its rows, what it complained of."""
    command = [sys.executable, "bench/attack.py", "--json", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600)
    rows = json.loads(done.stdout)["rows"]
    return done.returncode, {row["name"].strip(): row["value"] for row in rows}, done.stderr


@pytest.mark.long
def test_a_few_mutants_are_used_or_refused(root: Path) -> None:
    code, rows, errors = run_attack(
        root, "--only", "mutants", "--count", "4", "--workers", "1", "--first-seed", "7"
    )
    assert code == 0, errors
    assert rows["mutants"] == 4
    assert rows["of which refused it in a line"] >= 1


@pytest.mark.long
def test_a_verb_that_was_killed_ends_with_the_same_bytes(root: Path) -> None:
    code, rows, errors = run_attack(
        root, "--only", "kills", "--kills", "1", "--verbs", "data masks"
    )
    assert code == 0, errors
    assert rows["kills"] == 1


# Mutants: what is planted is seen ---------------------------------------------------------------


class Words:
    """Stands for attack_mutants.Streams: a command's words come from pytest's capture."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def say(self, message: object) -> None:
        del message

    def take(self) -> tuple[str, str]:
        captured = self._capture.readouterr()
        return captured.out, captured.err


Attack = Callable[[Callable[[list[str]], int]], Outcome]


@pytest.fixture
def attacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Attack:
    """`attacked(command)`: what becomes of a mutant that this command reads."""
    material = tmp_path / "material"
    material.mkdir()
    (material / "a.json").write_text('{"a": [1, 2, {"b": "c"}]}')
    (material / "original.txt").write_text("mine")
    target = Target(
        kind="planted",
        files=("*.json",),
        format="json",
        needs=("original.txt",),
        commands=("x {}",),
    )
    monkeypatch.setattr(attack_mutants, "target_of", lambda index: target)
    monkeypatch.setattr(attack_mutants, "TARGETS", (target,))
    monkeypatch.chdir(tmp_path)

    def run(command: Callable[[list[str]], int]) -> Outcome:
        monkeypatch.setattr(attack_mutants, "trombine", command)
        arguments = argparse.Namespace(material=material, first_seed=0)
        place = tmp_path / "place"
        return attack_mutants.attempt(arguments, 3, place, Words(capsys), 0.0)

    return run


def refuse(words: list[str]) -> int:
    print("trombine: a.json: is none; copy it again", file=sys.stderr)
    return 2


def test_a_refusal_in_a_line_is_no_fault(attacked: Attack) -> None:
    outcome = attacked(refuse)
    assert not outcome.faults
    assert (outcome.commands, outcome.refused) == (1, 1)


def test_a_traceback_is_seen(attacked: Attack) -> None:
    def fail(words: list[str]) -> int:
        raise KeyError(words[1])

    (fault,) = attacked(fail).faults
    assert fault[0] == TRACEBACK
    assert "KeyError('a.json')" in fault[1]


def test_a_file_that_a_refusal_removes_is_seen(attacked: Attack) -> None:
    def lose(words: list[str]) -> int:
        Path("original.txt").unlink()
        return refuse(words)

    assert attacked(lose).faults == [(LOSS, "original.txt is gone", "x {}")]


@pytest.mark.parametrize(
    ("out", "errors", "code"),
    [
        ("", "trombine: a\x1b[2J", 2),
        ("", "UserWarning: a", 0),
        ("a\x1b[2J", "", 0),
        ("", "", 2),
        ("", "", 5),
    ],
)
def test_words_that_are_no_line_of_ours_are_seen(
    attacked: Attack, out: str, errors: str, code: int
) -> None:
    def speak(words: list[str]) -> int:
        print(out, end="")
        print(errors, file=sys.stderr, end="")
        return code

    assert [sort for sort, _, _ in attacked(speak).faults] == [LINE]


def test_memory_is_measured(attacked: Attack) -> None:
    def hoard(words: list[str]) -> int:
        return int(np.ones(40_000_000, np.float64).sum() < 0)

    assert attacked(hoard).megabytes > 300


def test_a_process_that_crashes_costs_its_mutant_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import json, os, sys; n = int(sys.argv[1]);"
    code += "say = lambda held: print(json.dumps(held), flush=True);"
    code += "say({'begun': 'x', 'change': 'y'});"
    code += "os.abort() if n == 1 else say({'index': n, 'kind': 'k'})"

    def start(
        material: Path, arguments: argparse.Namespace, index: int, step: int
    ) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, str(index)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    monkeypatch.setattr(attack_mutants, "started", start)
    arguments = argparse.Namespace(count=3, workers=1)
    outcomes = list(attack_mutants.attempts(tmp_path, arguments))
    assert [outcome.index for outcome in outcomes] == [0, 1, 2]
    assert outcomes[1].faults == [(CRASH, "ended with -6", "x")]


def test_rows_fail_where_anything_was_wrong() -> None:
    def failed(**fields: object) -> list[str]:
        outcome = Outcome(index=0, kind="k")
        for name, value in fields.items():
            setattr(outcome, name, value)
        return [row.name for row in attack_mutants.sums([outcome], 1) if not row.ok]

    assert failed() == []
    assert failed(faults=[(TRACEBACK, "", "")]) == ["tracebacks"]
    assert failed(faults=[(CRASH, "", "")]) == ["crashes and hangs"]
    assert failed(faults=[(LINE, "", "")]) == ["lines that are none, or hold marks"]
    assert failed(faults=[(LOSS, "", "")]) == ["files lost or changed by a refusal"]
    assert failed(megabytes=2000.0) == ["most memory, above torch's"]
    assert failed(seconds=11.0) == ["longest command, processor time"]


# Mutants: files change --------------------------------------------------------------------------

SOUND = {
    "json": b'{"a": [1, 2.5, null, {"b": "c"}]}',
    "lines": b'{"a": 1}\n{"a": 2}\n',
    "list": b"a.png\nb.png\n",
    "bytes": bytes(range(99)),
}


@pytest.mark.parametrize("format", sorted(SOUND))
def test_changes_change(format: str) -> None:
    changed = {CHANGES[format](SOUND[format], np.random.default_rng(seed)) for seed in range(200)}
    assert len(changed - {SOUND[format]}) > 20


def test_tensors_and_arrays_change(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save

    files = {
        "tensors": save({"a": torch.ones(2, 3)}, {"trombine": '{"task": "upscale"}'}),
        "array": tmp_path / "a.npy",
    }
    np.save(tmp_path / "a.npy", np.ones((2, 3), np.float32))
    for format, held in files.items():
        data = held.read_bytes() if isinstance(held, Path) else held
        changed = {CHANGES[format](data, np.random.default_rng(seed)) for seed in range(200)}
        assert len(changed - {data}) > 20


def test_something_else_stands_in_a_files_place(tmp_path: Path) -> None:
    kinds: set[str] = set()
    for seed in range(300):
        path = tmp_path / str(seed) / "a.json"
        path.parent.mkdir()
        path.write_bytes(SOUND["json"])
        other = path.with_name("other")
        other.write_bytes(b"x")
        kinds.add(distort(path, "json", np.random.default_rng(seed), [other]))
    assert kinds >= {"changed", "folder", "link to nothing", "link to itself", "other file", "gone"}


def test_a_mutant_is_a_function_of_its_seed() -> None:
    texts = [change_words("irregular:30-40", np.random.default_rng(5)) for _ in range(2)]
    assert texts[0] == texts[1]


def test_every_kind_has_files_and_commands() -> None:
    kinds = [target.kind for target in TARGETS]
    assert len(set(kinds)) == len(kinds)
    assert all(target.files and target.commands for target in TARGETS)


# Kills: what is planted is seen -----------------------------------------------------------------

PROGRAM = """
import pathlib, secrets, time
out = pathlib.Path("out")
again = out.exists()
out.mkdir(exist_ok=True)
for part in out.glob(".trombine-*"):
    part.unlink()
for name in "abc":
    part = out / f".trombine-{secrets.token_hex(3)}.part"
    part.write_text("half")
    time.sleep(0.2)
    part.rename(out / name)
"""
LOSES = "pathlib.Path('notes.txt').unlink(missing_ok=True)"
PLANTED = {
    "sound": PROGRAM,
    "parts of files left": PROGRAM.replace("part.unlink()", "pass"),
    "files lost": PROGRAM.replace("for name", f"{LOSES}\nfor name"),
    "files that differ": PROGRAM + "(out / 'b').write_text(str(again))",
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_what_a_kill_leaves_is_seen(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that leaves parts, or loses or changes files, misses that goal and no other."""
    words = [sys.executable, "-c", PLANTED[name]]
    monkeypatch.setattr(attack_kills, "line", lambda command: words)
    monkeypatch.setattr(attack_kills, "by_time", lambda after: attack_kills.by_events(2))
    monkeypatch.setitem(attack_kills.VERBS, "planted", Verb(command="x"))
    rows = attack_kills.kill_rows(tmp_path / "kills", ["planted"], 2, 3)
    missed = [row.name for row in rows if not row.ok]
    assert missed == ([] if name == "sound" else [name])
    assert rows[0].value == 2


# Interrupts: what is planted is seen ------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "errors", "missed"),
    [
        (130, "trombine: stopped", False),
        (3, "", True),
        (130, 'Traceback:\n  File "trombine/cli.py"', True),
        (-2, "", True),
        (0, "", True),
    ],
)
def test_a_command_that_ends_otherwise_is_counted(
    code: int, errors: str, missed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was done before, or that Python ended before trombine began, is no interrupt."""

    def interrupts(count: int, seed: int) -> list[tuple[float, int, int, str]]:
        return [(0.1, 2, code, errors)] * count

    monkeypatch.setattr(attack, "interrupts", interrupts)
    rows = attack.interrupt_rows(4, 0)
    assert any(not row.ok for row in rows) == missed
    assert rows[0].value == (0 if missed else 4)
