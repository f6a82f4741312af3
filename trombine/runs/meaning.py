"""How to read a run's numbers: units and directions of measures, plain names of curves.

How a measure is computed is in measures/, which an objective takes in objectives/.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from trombine.runs.log import GRADIENT, TOTAL


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """How to read a measure."""

    text: str
    higher: bool  # whether higher is better
    unit: str = ""


MEASURES: Final[dict[str, Meaning]] = {
    "PSNR": Meaning(
        text="how small the squared error is; 6 dB more is half the error",
        higher=True,
        unit="dB",
    ),
    "PSNR, smaller": Meaning(
        text="the PSNR of small pictures that come back from themselves made smaller",
        higher=True,
        unit="dB",
    ),
    "steered": Meaning(
        text="the PSNR of who is told the true parts and landmarks", higher=True, unit="dB"
    ),
    "soft PSNR": Meaning(
        text="the PSNR before details are added: nearer to the truth, and blurred",
        higher=True,
        unit="dB",
    ),
    "mean PSNR": Meaning(
        text="the PSNR of the mean of four answers: nearer to the truth than one, and blurred",
        higher=True,
        unit="dB",
    ),
    "sharpness": Meaning(
        text="how large the gradients of what was made are beside the truth's; 1 is as sharp",
        higher=True,
    ),
    "near edges": Meaning(
        text="the same of the pixels within two of an edge of the truth",
        higher=True,
    ),
    "enlarged": Meaning(
        text="the same of what is known before, enlarged",
        higher=True,
    ),
    "edges": Meaning(
        text="how far the squared steps from pixel to pixel are from the truth's, as a share of it",
        higher=False,
    ),
    "features": Meaning(
        text="how far what the recipe's judging net sees is from what it sees in the truth",
        higher=False,
    ),
    "SSIM": Meaning(
        text="how alike brightness, contrast and structure are; 1 for equal pictures",
        higher=True,
    ),
    "sliced distance": Meaning(
        text="how far all that was made is from all that is real; 0 for equal sets",
        higher=False,
    ),
    "correspondence": Meaning(
        text="share of other fractals that what was made of numbers is farther from than from its"
        " own; .5 is chance",
        higher=True,
    ),
    "there and back": Meaning(
        text="how far pictures that went to the other kind and back are from what they were",
        higher=False,
    ),
    "loss": Meaning(text="what training makes small, on pictures it never saw", higher=False),
    "unexplained": Meaning(
        text="the part of the variance that is left; 0 is perfect, 1 is to say the mean",
        higher=False,
    ),
    "IoU": Meaning(
        text="what read and true parts of a face share, the mean of eight groups; 1 is perfect",
        higher=True,
    ),
    "points": Meaning(
        text="how far landmarks are off, in parts of the distance between the pupils",
        higher=False,
    ),
    "AUC": Meaning(text="how often a face looks more like one than what is none", higher=True),
    "explained": Meaning(
        text="the part of the variance of a face's numbers that is read; 1 is perfect",
        higher=True,
    ),
    "found": Meaning(
        text="the share of faces that is found, at a false one in a hundred windows", higher=True
    ),
    "size": Meaning(text="by what part of it the size of a face is off", higher=False),
    "F1": Meaning(text="precision and recall in one number, their harmonic mean", higher=True),
    "precision": Meaning(text="the share of what is detected that is there", higher=True),
    "recall": Meaning(text="the share of what is there that is detected", higher=True),
    "style": Meaning(text="how often the style is read right", higher=True),
}


def reading(measure: str) -> str:
    """`dB, higher is better`; nothing for a measure that is not known."""
    if not (meaning := MEASURES.get(measure)):
        return ""
    better = f"{'higher' if meaning.higher else 'lower'} is better"
    return f"{meaning.unit}, {better}" if meaning.unit else better


def titled(measure: str) -> str:
    """`PSNR (dB, higher is better)`."""
    return f"{measure} ({how})" if (how := reading(measure)) else measure


def with_unit(measure: str, value: str) -> str:
    """`PSNR 30.85 dB`."""
    unit = MEASURES[measure].unit if measure in MEASURES else ""
    return f"{measure} {value} {unit}".strip()


def explained(measures: Iterable[str]) -> str:
    """A sentence for each measure that is known."""
    names = [name for name in dict.fromkeys(measures) if name in MEASURES]
    return " ".join(f"{name}: {MEASURES[name].text}." for name in names)


def curve(name: str) -> str:
    """What a curve is called: `net: l1`, `gradient norm of net`, `learning rate of net`."""
    first, _, phase_or_name = name.partition("/")
    if first == "curve" and phase_or_name:
        return phase_or_name
    if first in ("rate", "weight"):
        label = {"rate": "learning rate", "weight": "weight"}[first]
        return f"{label} of {phase_or_name}" if phase_or_name else label
    phase, _, term = name.rpartition("/")
    called = {GRADIENT: "gradient norm of", TOTAL: "loss of"}.get(term)
    return f"{called} {phase}" if phase and called else name.replace("/", ": ")


def setting(name: str) -> str:
    """What a setting of recipe.json is called: `lr`, `net`, `threads (as resolved)`."""
    group, _, key = name.partition(".")
    if group == "settings" and key:
        return key.removeprefix("nets.")
    if group == "resolved" and key:
        return f"{key} (as resolved)"
    return (key if group == "data" else name).replace(".", ": ")


def learned_from(pictures: Iterable[tuple[str, int]]) -> str:
    """`folder:own (120 pictures) and leaves#48 (48 pictures)`, of specs and counts."""
    return " and ".join(
        f"{spec} ({count:,} picture{'' if count == 1 else 's'})" for spec, count in pictures
    )
