"""How far what is read of a face may be off: fits the table, and measures whether it holds.

    python bench/reader_spreads.py [--model NAME] [--write] [--fresh] [--json]

Spreads and certainties (trombine/reader/spreads.py) are fitted to painted faces of CHOOSING_SEEDS,
as they are and spoiled; --write writes them to trombine/reader/spreads.json. Then the numbers of
that file are measured on faces that nothing has learned from, and on the 102 test portraits of
../shared/data, of which tests/reader/portraits.json says what can clearly be seen; their rows are
left out, with a line, where they are missing. Reading takes some ten minutes of one core; what was
read is kept in runs/ until --fresh. Uses are logged in bench/evaluations.jsonl, or the file of
--log.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from jaxtyping import Float
from reader_intervals import AS_PAINTED, KINDS, Readings, readings
from reader_pictures import SIDE
from scipy.optimize import linprog
from table import ROOT, Row, at_least, report
from upscale_pictures import SHARED, portraits

from trombine.measures import Protocol, figure, log_evaluation
from trombine.reader import Face, fields_of, read_faces
from trombine.reader import spreads as table
from trombine.reader.spreads import SHARE, WORN, Measured
from trombine.weights import Model, load
from trombine.world import FIELDS, STYLES

FIT: Final = range(1_210_000, 1_211_920)  # of CHOOSING_SEEDS
HELD_OUT: Final = range(1_620_000, 1_621_440)  # of PROTOCOL_SEEDS
BAND: Final = (85.0, 95.0)  # of 100
SEEN: Final = ROOT / "tests" / "reader" / "portraits.json"
# What the eye sees in a portrait, the field that says it, and from which value on.
FLAGS: Final = {
    "man": ("masculine", 0.5),
    "beard": ("beard", 0.25),
    "moustache": ("moustache", 0.25),
    "bald": ("recession", 0.4),
    "smiling": ("smile", 0.2),
}
SURE: Final = 0.9  # a statement of what is worn, from here on
NEARLY: Final = 0.98
_SMALLEST: Final = 2e-3  # of 2: errors below that are as small as any
_RIDGE: Final = 1.0
Matrix = Float[np.ndarray, "n p"]
Rows = Iterator[Row]


# ---------------------------------------------------------------------------------------------
# Fitting


def fitted(made: Readings, names: Sequence[str]) -> Measured:
    """Spreads by quantile regression, certainties by logistic regression."""
    spreads, certainties = {}, {}
    for place, name in enumerate(names):
        values, truths = (_scaled(name, one[:, place]) for one in (made.values, made.truths))
        if name in WORN:
            rows = table.worn_terms(made.clues, values)
            certainties[name] = _logistic(rows, (values > 0) == (truths > 0))
        else:
            off = np.abs(values - truths).clip(min=_SMALLEST)
            spreads[name] = _quantile(table.terms(made.clues, values), np.log(off))
    return Measured(spreads=spreads, certainties=certainties)


def _scaled(name: str, values: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    return np.array([table.scaled(name, value) for value in values])


def _quantile(rows: Matrix, values: Float[np.ndarray, "n"]) -> list[float]:
    """The weights by which SHARE of the values lie below the sum (Koenker and Bassett, 1978)."""
    wanted = (1 - SHARE) * rows.sum(0)
    result = linprog(-values, A_eq=rows.T, b_eq=wanted, bounds=(0, 1), method="highs")
    return [round(-float(weight), 4) for weight in result.eqlin.marginals]


def _logistic(rows: Matrix, right: np.ndarray) -> list[float]:
    """The weights by which statements are right, by Newton's method."""
    weights = np.zeros(rows.shape[1])
    ridge = _RIDGE * np.diag([0.0, *np.ones(rows.shape[1] - 1)])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (right - likely) - ridge @ weights
        bend = (rows.T * (likely * (1 - likely))) @ rows + ridge
        weights += np.linalg.solve(bend, slope)
    return [round(float(weight), 4) for weight in weights]


def write(model: Model, measured: Measured) -> None:
    """Into the package's table, in place of what it had of this reader."""
    entries = json.loads(table.TABLE.read_text())
    entries[model.hash] = {"spreads": measured.spreads, "certainties": measured.certainties}
    lines = json.dumps(entries, indent=1).splitlines()
    table.TABLE.write_text(_compact("\n".join(lines)) + "\n")
    table.measured.cache_clear()


def _compact(text: str) -> str:
    """Lists of numbers on one line each."""
    parts = text.split("[")
    closed = [part.partition("]") for part in parts[1:]]
    return parts[0] + "".join(
        "[" + " ".join(inside.split()) + bracket + rest for inside, bracket, rest in closed
    )


# ---------------------------------------------------------------------------------------------
# Measuring


def holds(made: Readings, names: Sequence[str], measured: Measured) -> np.ndarray:
    """Whether each truth lies within its spread; of what is worn, not a number."""
    within = np.full(made.values.shape, np.nan)
    for place, name in enumerate(names):
        if name not in measured.spreads:
            continue
        values = _scaled(name, made.values[:, place])
        weights = np.tile(measured.spreads[name], (len(values), 1))
        halves = table.spreads_by(weights, table.terms(made.clues, values)) * table.half_range(name)
        within[:, place] = np.abs(made.values[:, place] - made.truths[:, place]) <= halves
    return within


def painted_rows(made: Readings, names: Sequence[str], measured: Measured) -> Rows:
    """How many intervals hold: of each style and group of fields, of each kind of damage; and of
    each field."""
    within = 100 * holds(made, names, measured)
    groups = {info.name: info.group for info in FIELDS}
    for place, style in enumerate(STYLES):
        mine = made.styles == place
        for group in dict.fromkeys(groups[name] for name in measured.spreads):
            fields = [groups[name] == group and name in measured.spreads for name in names]
            yield _within(f"{style}: {group}", within[mine][:, fields])
    for place, kind in enumerate(KINDS):
        yield _within(kind, within[made.kinds == place])
        for number, style in enumerate(STYLES) if kind != AS_PAINTED else ():
            mine = (made.kinds == place) & (made.styles == number)
            yield Row(f"{kind}: {style}", float(np.nanmean(within[mine])), "%")
    every = {
        f"{style}: {name}": float(within[made.styles == number, place].mean())
        for number, style in enumerate(STYLES)
        for place, name in enumerate(names)
        if name in measured.spreads
    }
    inside = [BAND[0] <= value <= BAND[1] for value in every.values()]
    yield at_least("fields of a style that hold", 100 * float(np.mean(inside)), "%", 90)
    yield Row("the field that holds least", min(every.values()), "%")
    yield Row("the field that holds most", max(every.values()), "%")
    for name in names:
        mine = within[:, names.index(name)]
        if name in measured.spreads:
            yield _within(f"all styles: {name}", mine)
    yield from _worn_rows(made, names, measured)
    yield Row("faces that are read", 100 * len(made.values) / len(HELD_OUT), "%")


def _within(name: str, values: np.ndarray) -> Row:
    share = float(np.nanmean(values))
    low, high = BAND
    return Row(name, share, "%", f"{low:g}..{high:g}", low <= share <= high)


def _worn_rows(made: Readings, names: Sequence[str], measured: Measured) -> Rows:
    """How often what is said of things worn is right, beside how sure it was; where
    it was less sure than SURE."""
    for name in WORN:
        values, truths = (
            _scaled(name, one[:, names.index(name)]) for one in (made.values, made.truths)
        )
        weights = np.tile(measured.certainties[name], (len(values), 1))
        likely = table.certainties_by(weights, table.worn_terms(made.clues, values))
        right = (values > 0) == (truths > 0)
        doubtful = likely < NEARLY
        for about, chosen in (("", ~doubtful), (", less sure", doubtful)):
            if not chosen.any():
                continue
            yield Row(
                f"{name}{about}: expected to be right", 100 * float(likely[chosen].mean()), "%"
            )
            yield Row(f"{name}{about}: right", 100 * float(right[chosen].mean()), "%")
            yield Row(f"{name}{about}: faces", float(chosen.sum()), "")


def portrait_rows(model: Model, path: Path | None) -> Rows:
    """Of real people: whether intervals hold what the eye sees, and what is said is so."""
    if not (SHARED / "portraits").exists():
        print("no portraits: ../shared/data/portraits is missing", file=sys.stderr)
        return
    seen: Mapping[str, Mapping[str, bool]] = json.loads(SEEN.read_text())
    pictures = portraits()
    read = {name: _largest(picture, model) for name, picture in pictures.truths.items()}
    faces = {name: face for name, face in read.items() if face is not None}
    yield at_least("portraits: read", 100 * len(faces) / len(read), "%", 99)
    for flag, (field, limit) in FLAGS.items():
        cases = [
            (face, seen[f"{name}.jpg"][flag])
            for name, face in faces.items()
            if flag in seen[f"{name}.jpg"]
        ]
        values = np.array([face_value(face, field) for face, _ in cases])
        spreads = np.array([face.spreads[field] for face, _ in cases])
        low, high = values - spreads, values + spreads
        truths = np.array([is_so for _, is_so in cases])
        held = np.where(truths, high >= limit, low <= limit)
        yield from _flag_rows(flag, held, low > limit, high < limit, truths)
    for name in WORN[:1]:
        truths = np.array([seen[f"{one}.jpg"][name] for one in faces])
        sure = np.array([face.certainties[name] >= SURE for face in faces.values()])
        worn = np.array([face.moment[name] > 0.5 for face in faces.values()])
        yield from _flag_rows(name, None, sure & worn, sure & ~worn, truths)
    doubtful = [bool(face.unsure) for face in faces.values()]
    yield Row("portraits: unsure", 100 * float(np.mean(doubtful)), "%")
    measure = "intervals that hold what is seen"
    protocol = Protocol(
        name="spreads of portraits",
        pictures=pictures.spec,
        seeds=range(0),
        size=None,
        degradations=(),
        measures=(measure,),
        public=True,
        fingerprint=pictures.fingerprint,
    )
    shares = [
        np.mean(
            [
                _holds(face, seen[f"{name}.jpg"], flag)
                for flag in FLAGS
                if flag in seen[f"{name}.jpg"]
            ]
        )
        for name, face in faces.items()
    ]
    log_evaluation(
        protocol, model.hash, [figure(protocol, "reader", measure, np.array(shares))], path
    )


def _holds(face: Face, seen: Mapping[str, bool], flag: str) -> bool:
    field, limit = FLAGS[flag]
    value, spread = face_value(face, field), face.spreads[field]
    return value + spread >= limit if seen[flag] else value - spread <= limit


def face_value(face: Face, field: str) -> float:
    """What was read, of traits or moment."""
    return face.traits[field] if field in face.traits else face.moment[field]


def _flag_rows(
    flag: str, held: np.ndarray | None, yes: np.ndarray, no: np.ndarray, truths: np.ndarray
) -> Rows:
    """`yes` and `no`: of whom it is said that it is so, or not."""
    said, right = yes | no, yes == truths
    if held is not None:
        yield at_least(
            f"portraits: {flag}: intervals that hold", 100 * float(held.mean()), "%", BAND[0]
        )
    yield Row(f"portraits: {flag}: said of", float(said.sum()), f"of {len(said)}")
    if said.any():
        share = 100 * float(right[said].mean())
        yield at_least(f"portraits: {flag}: right of what is said", share, "%", BAND[0])
    for is_so, kind in ((truths, "is so"), (~truths, "is not so")):
        about = f"of {is_so.sum()}"
        yield Row(f"portraits: {flag}: {kind}, and is said", float((yes & is_so).sum()), about)
        yield Row(f"portraits: {flag}: {kind}, and is denied", float((no & is_so).sum()), about)


def _largest(picture: torch.Tensor, model: Model) -> Face | None:
    faces = read_faces(picture.expand(3, -1, -1).contiguous(), model, largest=True)
    return faces[0] if faces else None


def log(model: Model, within: np.ndarray, path: Path | None) -> str:
    """Write down that protocol seeds were used; the hash of their protocol."""
    measure = "intervals that hold, of a picture's; all where no face is found"
    protocol = Protocol(
        name="spreads",
        pictures="world:" + "+".join(STYLES),
        seeds=HELD_OUT,
        size=SIDE,
        degradations=KINDS,
        measures=(measure,),
    )
    unseen = len(HELD_OUT) - len(within)
    shares = np.concatenate([np.nanmean(within, axis=1), np.ones(unseen)])
    log_evaluation(protocol, model.hash, [figure(protocol, "reader", measure, shares)], path)
    return protocol.hash


def main() -> int:
    """Fit, write if that is wished, measure, print."""
    parser = argparse.ArgumentParser(description="Fit and measure the reader's spreads.")
    parser.add_argument("--model", default="reader")
    parser.add_argument("--write", action="store_true", help="write the table of the package")
    parser.add_argument("--fresh", action="store_true", help="read all pictures anew")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load(options.model, task="read")
    traits, moment = fields_of(model)
    names = [*traits.names, *moment.names]
    if options.write:
        write(model, fitted(readings(model, FIT, fresh=options.fresh), names))
    measured = table.measured(model.hash)
    if measured is None:
        print(f"nothing is known of {model.described}; --write fits it", file=sys.stderr)
        return 1
    made = readings(model, HELD_OUT, fresh=options.fresh)
    rows = [*painted_rows(made, names, measured), *portrait_rows(model, options.log)]
    logged = log(model, holds(made, names, measured), options.log)
    return report(rows, json=options.json, protocol=logged)


if __name__ == "__main__":
    sys.exit(main())
