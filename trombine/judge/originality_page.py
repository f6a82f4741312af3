"""What originality.py learned, as text, as JSON and as a page."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from PIL import Image

from trombine.io.files import write_bytes
from trombine.judge import witness
from trombine.judge.originality import CLOSE, TWICE, VERDICTS, Originality, Scores
from trombine.judge.planted import CHANGES
from trombine.judge.sets import PictureSet
from trombine.measures import SSIM_RADIUS, ssim_map
from trombine.pages import Page, Plot, Series, grid, picture, plots, table
from trombine.pages.markup import Html
from trombine.refusal import shown
from trombine.texts import aligned

_LISTED: Final = 10  # pictures that the text lists
_BINS: Final = 24
_RARE: Final = 0.1  # share of false alarms at which the ROC ends
_DARK, _LIGHT = np.array([38, 28, 66]), np.array([252, 226, 120])  # of the map
Pixels = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, eq=False)
class Report:
    """The pictures, and what was learned of them."""

    generated: PictureSet
    references: PictureSet
    result: Originality
    shown: int  # pictures that the page has, the most suspicious

    @property
    def order(self) -> list[int]:
        """The pictures, the most suspicious first."""
        return np.argsort(-self.result.generated.copies.scores, kind="stable").tolist()


def about(report: Report) -> str:
    """What was compared with what."""
    size = report.generated.pictures.shape[1]
    resized = [
        f"{count} of the {name} were resized"
        for name, count in (
            ("pictures", report.generated.resized),
            ("references", report.references.resized),
        )
        if count
    ]
    names = [f"{len(report.generated)} pictures against {len(report.references):,} references"]
    return "; ".join([f"{names[0]}, {size} x {size} pixels", *resized])


def how(report: Report) -> str:
    """By which measures."""
    options = report.result.options
    ssim = "SSIM: screened, exact for the best 200" if options.screened else "SSIM: exact"
    flips = ", also of the mirrored picture" if options.flips else ""
    reader = f"; features: witness {witness.witness().hash}" if options.features else ""
    return f"{ssim}{flips}{reader}"


def calibration(report: Report) -> str:
    """Where the thresholds come from."""
    result = report.result
    count, rate = len(result.sample), result.options.false_alarms
    text = (
        f"thresholds from {count} references, each against the rest: {rate:.1%} are called copies"
    )
    if result.twice:
        text += f"; {result.twice} of them are in the references twice (score {TWICE} or more)"
        text += " and do not count"
    return text


def as_text(report: Report) -> str:
    """Verdicts, thresholds, what the verdict would have found, and the most suspicious."""
    result = report.result
    counts, limits = Counter(result.verdicts()), result.thresholds["copies"]
    meanings = {
        "copy": f"score above {limits['copy']:.4f}",
        "close": f"above {limits['close']:.4f}, as {CLOSE:.0%} of real pictures are",
        "new": "all others",
    }
    lines = [about(report), how(report), calibration(report), ""]
    lines += [f"{name:6}{counts[name]:6}  {meanings[name]}" for name in VERDICTS]
    rows = [("planted copies that are found", *result.measures)]
    for kind in CHANGES:
        values = (f"{result.recall(kind, measure):.3f}" for measure in result.measures)
        rows.append((f"  {kind}", *values))
    lines += ["", *aligned(rows), ""]
    nearest = [("the most suspicious", "verdict", "score", "of", "SSIM", "of")]
    nearest += [_line(report, row) for row in report.order[:_LISTED]]
    return "\n".join([*lines, *aligned(nearest)])


def _line(report: Report, row: int) -> tuple[str, ...]:
    judged, names = report.result.generated, report.references.names
    copies, ssim = judged.copies, judged.ssim
    return (
        f"  {shown(report.generated.names[row])}",
        report.result.verdicts()[row],
        f"{copies.scores[row]:.4f}",
        shown(names[copies.indices[row]]) + (" mirrored" if copies.mirrored[row] else ""),
        f"{ssim.scores[row, 0]:.4f}",
        shown(names[ssim.indices[row, 0]]),
    )


def as_json(report: Report) -> str:
    """All of it, of each picture too."""
    result = report.result
    options = result.options
    record: dict[str, Any] = {
        "generated": {"spec": report.generated.spec, "pictures": len(report.generated)},
        "references": {"spec": report.references.spec, "pictures": len(report.references)},
        "size": report.generated.pictures.shape[1],
        "resized": {
            "generated": report.generated.resized,
            "references": report.references.resized,
        },
        "skipped": {
            "generated": report.generated.skipped,
            "references": report.references.skipped,
        },
        "screened": options.screened,
        "flips": options.flips,
        "false_alarms": options.false_alarms,
        "witness": witness.witness().hash if options.features else None,
        "sample": len(result.sample),
        "twice": result.twice,
        "thresholds": result.thresholds,
        "verdicts": {name: Counter(result.verdicts())[name] for name in VERDICTS},
        "planted": len(result.planted_of),
        "recall": {
            kind: {measure: result.recall(kind, measure) for measure in result.measures}
            for kind in CHANGES
        },
        "pictures": [_record(report, row) for row in range(len(report.generated))],
    }
    return json.dumps(record, indent=1)


def _record(report: Report, row: int) -> dict[str, Any]:
    judged, names = report.result.generated, report.references.names
    copies, ssim = judged.copies, judged.ssim
    nearest = [
        {"reference": names[index], "ssim": round(float(score), 6), "mirrored": bool(flip)}
        for index, score, flip in zip(
            ssim.indices[row], ssim.scores[row], judged.flipped[row], strict=True
        )
    ]
    side, left, top = (round(float(value), 4) for value in copies.windows[row])
    record: dict[str, Any] = {
        "picture": report.generated.names[row],
        "verdict": report.result.verdicts()[row],
        "score": round(float(copies.scores[row]), 6),
        "copy_of": {
            "reference": names[copies.indices[row]],
            "mirrored": bool(copies.mirrored[row]),
            "window": {"side": side, "left": left, "top": top},
        },
        "mean_ssim": round(float(ssim.means[row]), 6),
        "nearest": nearest,
    }
    if report.result.options.features:
        record["features"] = {
            "reference": names[judged.nearest[row]],
            "cosine": round(float(judged.cosines[row]), 6),
        }
    return record


# ---------------------------------------------------------------------------------------------
# The page


def write_page(path: Path, report: Report) -> None:
    """One file: verdicts, pictures, what was planted, and how alike the sets are."""
    result = report.result
    counts = Counter(result.verdicts())
    page = Page(
        title="How original the pictures are",
        lead=f"{counts['copy']} of {len(report.generated)} are copies, {counts['close']} are close,"
        f" {counts['new']} are new. Of real pictures that are no copies"
        f" {result.options.false_alarms:.1%} would be called copies.",
        foot=f"{about(report)}.\n\n{how(report)}; {calibration(report)}.",
    )
    _nearest(page, report)
    _planted(page, report)
    _likeness(page, report)
    write_bytes(path, page.html().encode())


def _nearest(page: Page, report: Report) -> None:
    rows = report.order[: report.shown]
    cells = [cell for row in rows for cell in _row(report, row)]
    ranks = report.result.generated.ssim.indices.shape[1]
    text = (
        f"The {len(rows)} most suspicious, one a row. After the picture: the part of a reference"
        " that it is most like once moved, scaled or mirrored, with its score; where the two agree"
        f" (light: local SSIM of 1, dark: 0 or less); the {ranks} references of highest SSIM at the"
        " same places."
    )
    columns = 3 + ranks
    if report.result.options.features:
        columns += 1
        text += " Last, the nearest by what the witness reads of faces, with the cosine."
    page.section("The nearest references", text, grid(cells, columns=columns, on_phone=3))


def _row(report: Report, row: int) -> list[Html]:
    judged, names, result = report.result.generated, report.references.names, report.result
    pixels = np.asarray(report.generated.pictures[row])
    index, name = int(judged.copies.indices[row]), shown(report.generated.names[row])
    part = cut(report.references.pictures[index], judged.copies.windows[row])
    if mirrored := bool(judged.copies.mirrored[row]):
        part = np.ascontiguousarray(part[:, ::-1])
    score = f"{judged.copies.scores[row]:.3f} {shown(names[index])}"
    cells = [
        _cell(pixels, name, f"{result.verdicts()[row]}: {name}"),
        _cell(part, f"part of {names[index]}", score + (" mirrored" if mirrored else "")),
        _cell(agreement(pixels, part), "where they agree", "where they agree"),
    ]
    for rank, reference in enumerate(judged.ssim.indices[row].tolist()):
        flip = " mirrored" if judged.flipped[row, rank] else ""
        caption = f"{judged.ssim.scores[row, rank]:.3f} {shown(names[reference])}{flip}"
        near = np.asarray(report.references.pictures[reference])
        cells.append(_cell(near, f"nearest {rank + 1}", caption))
    if result.options.features:
        reference = int(judged.nearest[row])
        caption = f"{judged.cosines[row]:.3f} {shown(names[reference])}"
        near = np.asarray(report.references.pictures[reference])
        cells.append(_cell(near, "nearest by features", caption))
    return cells


def _cell(pixels: Pixels, alt: str, caption: str) -> Html:
    return picture(pixels, alt, caption=caption, quality=80)


def cut(reference: Pixels, window: Float32[np.ndarray, "3"]) -> Pixels:
    """A window of a reference (side, left, top, in shares of its side) at the reference's size."""
    size = reference.shape[0]
    side, left, top = (float(value) * size for value in window)
    box = (left, top, min(left + side, size), min(top + side, size))
    image = Image.fromarray(np.ascontiguousarray(reference))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box))


def agreement(a: Pixels, b: Pixels) -> Pixels:
    """Where two pictures agree: local SSIM, light at 1, dark at 0 and below."""
    planes = [torch.from_numpy(p.transpose(2, 0, 1).astype(np.float64) / 255) for p in (a, b)]
    places = ssim_map(*planes).mean(0).clamp(0, 1).numpy()
    places = np.pad(places, SSIM_RADIUS, mode="edge")[..., None]
    return np.round(_DARK + places * (_LIGHT - _DARK)).astype(np.uint8)


def _planted(page: Page, report: Report) -> None:
    result = report.result
    rows = [
        (kind, *(f"{result.recall(kind, measure):.3f}" for measure in result.measures))
        for kind in CHANGES
    ]
    count, rate = len(result.planted_of), result.options.false_alarms
    text = (
        f"Copies of {count} references, changed in each of these ways, were searched as the"
        " pictures were. A copy counts as found where its score is above the threshold, which for"
        f" each measure is that of {rate:.1%} false alarms; the verdict goes by the first.\n\nThe"
        " curves: by the score of copies, the share that is"
        " found against the share of real pictures that is called copies, as the threshold moves."
    )
    # Exact copies and mirrored ones lie on the frame: of the others a plot shows as many.
    kinds = [kind for kind in CHANGES if kind != "exact"]
    curves = [roc(result.planted[kind].copies.scores, result.negatives("copies")) for kind in kinds]
    series = [Series(name=kind, x=x, y=y) for kind, (x, y) in zip(kinds, curves, strict=True)]
    bars = Series(
        name="found",
        x=list(range(len(CHANGES))),
        y=[result.recall(kind, "copies") for kind in CHANGES],
        mark="bars",
    )
    drawn = plots(
        Plot(
            title="Planted copies, by kind",
            x_label="kind",
            y_label="share that is found",
            series=(bars,),
            categories=tuple(CHANGES),
        ),
        Plot(
            title="ROC",
            x_label="real pictures called copies (share)",
            y_label="planted copies found (share)",
            series=tuple(series),
        ),
    )
    head = ("kind", *result.measures)
    found = table(head, rows, caption="Share of the planted copies that is found")
    page.section("What the verdict would find", text, found, drawn)


def roc(positives: Scores, negatives: Scores) -> tuple[list[float], list[float]]:
    """Shares of negatives and of positives at or above each threshold, from the highest one, as
    far as _RARE of the negatives."""
    limits = np.unique(np.concatenate((positives, negatives)))[::-1]
    x, y = [0.0], [0.0]
    for scores, shares in ((negatives, x), (positives, y)):
        above = len(scores) - np.searchsorted(np.sort(scores), limits, side="left")
        shares += (above / len(scores)).tolist()
    wide = [k for k, share in enumerate(x) if share > _RARE]
    if wide:  # the curve goes on level from the last threshold before
        x, y = [*x[: wide[0]], _RARE], [*y[: wide[0]], y[wide[0] - 1]]
    corners = [
        k
        for k in range(1, len(x) - 1)
        if not (x[k - 1] == x[k] == x[k + 1] or y[k - 1] == y[k] == y[k + 1])
    ]
    keep = [0, *corners, len(x) - 1]
    return [x[k] for k in keep], [y[k] for k in keep]


def _likeness(page: Page, report: Report) -> None:
    result = report.result
    generated, real = result.generated.ssim, result.real.ssim
    ranks = generated.scores.shape[1]
    histograms = [
        _histogram(f"Rank {rank + 1}", generated.scores[:, rank], real.scores[:, rank])
        for rank in range(ranks)
    ]
    curves = Plot(
        title="SSIM over the whole set",
        x_label="pictures, the least alike first (percent)",
        y_label="SSIM",
        series=(
            _sorted("best, generated", generated.scores[:, 0]),
            _sorted("best, real", real.scores[:, 0]),
            _sorted("mean, generated", generated.means),
            _sorted("mean, real", real.means),
        ),
    )
    copies = _histogram(
        "Score of copies", result.generated.copies.scores, result.real.copies.scores, "score"
    )
    text = (
        "SSIM with the nearest references, rank by rank: of the pictures, and of"
        f" {len(result.sample)} references with the rest of the references. Pictures that lie right"
        " of the references are more like what they were learned from than these are like each"
        " other.\n\nThe curves show each picture's best and mean SSIM over all references, in"
        " order."
    )
    page.section("How like the references", text, plots(*histograms), plots(curves, copies))


def _histogram(title: str, generated: Scores, real: Scores, label: str = "SSIM") -> Plot:
    both = np.concatenate((generated, real))
    low, high = float(both.min()), float(both.max())
    edges = np.linspace(low, high if high > low else low + 1e-3, _BINS + 1)
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    series = tuple(
        Series(name=name, x=middles, y=(np.histogram(s, edges)[0] / len(s) * 100).tolist())
        for name, s in (("generated", generated), ("real", real))
    )
    return Plot(title=title, x_label=label, y_label="percent of the pictures", series=series)


def _sorted(name: str, values: Scores) -> Series:
    ordered = np.sort(values)
    rows = np.unique(np.linspace(0, len(ordered) - 1, 101).round().astype(int))
    return Series(
        name=name,
        x=(100 * rows / max(1, len(ordered) - 1)).tolist(),
        y=ordered[rows].astype(np.float64).tolist(),
    )
