"""Protocols as files: which pictures, what is done to them, what is measured; and their cases.

    about = "Faces with a hole"
    version = 1
    task = "repair"                             # or upscale, restyle
    pictures = "world:photo"                    # painted; or "scikit-image", or "folder"
    seeds = { first = 1_700_000, count = 40 }   # of what is painted
    size = 64                                   # of what is painted
    files = "portraits.sha256"                  # of what is not: as sha256sum writes it, beside
    crop = 256                                  # its middle, where a picture is larger
    masks = ["irregular:10-20"]                 # of repair, in turn (data/masks.py)
    damage = "shrink:4"                         # of upscale (data/degrade.py)
    measures = ["PSNR in the hole", "SSIM"]     # the first ranks

A protocol is known by its hash (metrics/protocol.py), over all of this but `about` and the file's
name; comments and formatting are not in it. Those in protocols/ come with trombine.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import skimage.data
import torch
from jaxtyping import Float32
from pydantic import AfterValidator, BaseModel, Field, StrictInt, ValidationError, model_validator

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, about, first_of, shown
from trombine.core.tiles import cut, middle
from trombine.data.degrade import Chain, degrade_one
from trombine.data.masks import Hole, draw_mask, parse_mix
from trombine.data.masks import spell as spell_mask
from trombine.data.painting import SEEDS, Maker
from trombine.data.resize import crop_to_multiple
from trombine.data.source import parse
from trombine.eval import witness
from trombine.eval.restoration import BY_PIXELS, BY_WITNESS, MEASURES, Measure
from trombine.io.files import opened
from trombine.io.image import as_seen, load_picture
from trombine.metrics import Protocol

FOLDER: Final = Path(__file__).with_name("protocols")
ENDING: Final = ".toml"
PLACES: Final = ("scikit-image", "folder")  # of pictures that are not painted
GREY: Final = 128 / 255  # of what a hole shows to who repairs it
REGIONS: Final = {"": "whole", " in the hole": "hole", " on the rim": "rim"}
_DIGEST: Final = re.compile(r"([0-9a-f]{64}) [ *]([^/\\\0]+)")

Picture = Float32[torch.Tensor, "3 _ _"]


def asked_for(text: str) -> tuple[str, str]:
    """The measure and the region that a protocol calls so: `PSNR in the hole`."""
    for name in MEASURES:
        words = text.removeprefix(name)
        if text.startswith(name) and words in REGIONS:
            if words and name not in BY_PIXELS:
                raise InputError(f"{name} is of the whole picture only, not {words.strip()}")
            return name, REGIONS[words]
    remedy = f"a measure is {', '.join(MEASURES)}, and 'in the hole' or 'on the rim' after it"
    raise InputError(f"{shown(text)} is no measure", remedy)


def measure_of(text: str) -> Measure:
    """What is meant by a measure of a protocol."""
    return MEASURES[asked_for(text)[0]]


Asked = Annotated[str, AfterValidator(lambda text: asked_for(text) and text)]


def _mask(text: str) -> str:
    mix = parse_mix(text)
    if any(term.family == "parts" for term in mix):
        raise InputError("masks over parts of a face are not for protocols yet")
    return "+".join(map(spell_mask, mix))


class Seeds(BaseModel, frozen=True, extra="forbid"):
    """Of what is painted."""

    first: StrictInt
    count: Annotated[StrictInt, Field(ge=1, le=100_000)]


class ProtocolFile(BaseModel, frozen=True, extra="forbid"):
    """What a file says, checked."""

    name: str  # of the file
    about: str = ""
    version: Annotated[StrictInt, Field(ge=1)]
    task: Literal["repair", "upscale", "restyle"]
    pictures: str
    spans: Seeds | None = Field(None, alias="seeds")
    size: Annotated[StrictInt, Field(ge=1)] | None = None
    crop: Annotated[StrictInt, Field(ge=1)] | None = None
    masks: tuple[Annotated[str, AfterValidator(_mask)], ...] = ()
    damage: Annotated[str, AfterValidator(lambda text: text and str(Chain.parse(text)))] = ""
    measures: Annotated[tuple[Asked, ...], Field(min_length=1)]
    files: Mapping[str, str] = {}  # SHA-256 by name

    @model_validator(mode="after")
    def check(self) -> ProtocolFile:
        """Refuse what does not fit together."""
        if self.pictures in PLACES:
            if self.spans or self.size or not self.files:
                raise ValueError(f"pictures of {self.pictures} have files, no seeds and no size")
        else:
            self._check_painted()
        regions = {asked_for(text)[1] for text in self.measures}
        if len(set(self.measures)) < len(self.measures):
            raise ValueError("names a measure twice")
        if bool(self.masks) != (self.task == "repair") or not (self.masks or regions == {"whole"}):
            raise ValueError(
                "masks, and measures in them, are for the task repair, which needs them"
            )
        if bool(self.damage) != (self.task == "upscale") or (self.damage and self.factor < 2):
            raise ValueError("a damage that shrinks is for the task upscale, which needs it")
        if (len(self.styles) == 2) != (self.task == "restyle"):
            raise ValueError("pairs of styles (world:photo+anime) are for the task restyle alone")
        return self

    def _check_painted(self) -> None:
        term, *others = parse(self.pictures)
        if others or term.path or term.count or term.weight != 1:
            raise ValueError(
                "pictures are of one kind, without a count or a weight, such as world:photo; or"
                f" {' or '.join(PLACES)} with files"
            )
        if self.files or self.spans is None or self.size is None or self.spans.first not in SEEDS:
            raise ValueError("what is painted has a size and seeds = { first = 0, count = 1 }")
        Maker(kind=term.kind, styles=term.styles, size=self.size)
        if (self.crop or 1) > self.size:
            raise ValueError(f"crop is 1 to {self.size}, the size of what is painted")

    @property
    def seeds(self) -> range:
        """Of what is painted; empty where pictures are files."""
        first, count = (self.spans.first, self.spans.count) if self.spans else (0, 0)
        return range(first, first + count)

    @property
    def protocol(self) -> Protocol:
        """All of it that numbers depend on, with its hash."""
        listing = "".join(f"{digest}  {name}\n" for name, digest in self.files.items())
        done = []
        if self.crop:
            done.append(f"the middle {self.crop} x {self.crop}")
        if self.masks:
            done.append(f"holes {', '.join(self.masks)} in turn, of the picture's seed, grey")
        if self.damage:
            done.append(f"damage {self.damage}, of the picture's seed")
            done.append(f"a border of {self.factor} pixels does not count for PSNR-Y")
        return Protocol(
            name=self.name,
            pictures=self.pictures,
            seeds=self.seeds,
            size=self.size,
            degradations=tuple(done),
            measures=self.measures,
            public=not self.seeds,
            fingerprint=hashlib.sha256(listing.encode()).hexdigest() if self.files else "",
            task=self.task,
            version=self.version,
        )

    @property
    def count(self) -> int:
        """How many pictures it has."""
        return len(self.seeds) or len(self.files)

    @property
    def factor(self) -> int:
        """How many times smaller the damage makes pictures."""
        return Chain.parse(self.damage).scale if self.damage else 1

    @property
    def styles(self) -> tuple[str, ...]:
        """Of what is painted: of a pair, the input's and the truth's."""
        return parse(self.pictures)[0].styles if self.spans else ()

    @property
    def names(self) -> set[str]:
        """The measures, in whatever region."""
        return {asked_for(text)[0] for text in self.measures}

    @property
    def needs_witness(self) -> bool:
        """Whether the witness reads the pictures."""
        return not self.names.isdisjoint(BY_WITNESS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One picture of a protocol: what a method is given, and what should come of it."""

    name: str  # of its file: 000000
    source: str  # its seed or its file, for people
    given: Picture
    truth: Picture
    hole: Hole | None = None
    group: str = ""  # which of the masks

    @cached_property
    def seen(self) -> witness.Seen:
        """What the witness says of the truth: once for all methods."""
        return witness.seen(self.truth[None])


# ---------------------------------------------------------------------------------------------
# Reading a file


def shipped() -> dict[str, Path]:
    """The protocols that come with trombine, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob(f"*{ENDING}"))}


def load(name: str) -> ProtocolFile:
    """The protocol of this name, or in this file."""
    table = shipped()
    if name not in table and not name.endswith(ENDING):
        listed = ", ".join(table)
        raise InputError(f"is no protocol; there are {listed}, or name a .toml file", path=name)
    path = table.get(name) or Path(name)
    with opened(path) as file, about(path):
        try:
            content = tomllib.loads(file.read().decode())
            if "files" in content:
                content["files"] = _listed(path.parent / str(content["files"]))
            return ProtocolFile(**{**content, "name": path.stem})
        except ValidationError as error:
            raise InputError(first_of(error)) from error
        except ValueError as error:
            raise InputError(f"is not TOML ({error})", "mend it, or copy it again") from error


def _listed(path: Path) -> dict[str, str]:
    """The files of a protocol by name with their SHA-256, as sha256sum writes them."""
    with opened(path) as file:
        lines = file.read().decode(errors="replace").splitlines()
    matches = [_DIGEST.fullmatch(line) for line in lines if line.strip()]
    files = {match[2]: match[1] for match in matches if match}
    if not files or len({Path(name).stem for name in files}) < len(matches):
        raise InputError("is not what sha256sum writes of different files in one folder", path=path)
    return files


# ---------------------------------------------------------------------------------------------
# Cases


def cases(file: ProtocolFile, folder: Path | None) -> Iterator[Case]:
    """All of a protocol, in its order; `folder` is where its files are, if they are in one."""
    chain = Chain.parse(file.damage) if file.damage else None
    mixes = [(mask, parse_mix(mask)) for mask in file.masks]
    for number, (seed, source, sides) in enumerate(_sources(file, folder)):
        truth = sides[-1]
        given: dict[str, Any] = {"given": sides[0]}
        if chain is not None:
            truth = crop_to_multiple(truth, chain.scale)
            given = {"given": degrade_one(truth, chain, seed)}
        elif mixes:
            group, mix = mixes[number % len(mixes)]
            hole = draw_mask(mix, seed, (truth.shape[-2], truth.shape[-1])).hole
            grey = truth.masked_fill(torch.from_numpy(hole), GREY)
            given = {"given": grey, "hole": hole, "group": group}
        yield Case(name=f"{number:06d}", source=source, truth=truth, **given)


def _sources(
    file: ProtocolFile, folder: Path | None
) -> Iterator[tuple[int, str, tuple[Picture, ...]]]:
    """The seed, the name and the pictures of each: one, or the two of a pair."""
    if file.spans and file.size:
        (term,) = parse(file.pictures)
        maker = Maker(kind=term.kind, styles=term.styles, size=file.size)
        for seed in file.seeds:
            row = maker.make(seed).row
            pixels = [row[name] for name in ("pictures", "pair_pictures") if name in row]
            colours = (p if p.ndim == 3 else np.repeat(p[..., None], 3, axis=2) for p in pixels)
            pictures = (_middle(to_picture(np.ascontiguousarray(p)), file.crop) for p in colours)
            yield seed, f"seed {seed}", tuple(pictures)
        return
    if file.pictures == "scikit-image":
        folder = Path(skimage.data.__file__).parent
    if folder is None:
        raise InputError(f"{file.name} is of pictures in a folder", "name it by --pictures")
    for number, (name, digest) in enumerate(file.files.items()):
        path = folder / name
        with opened(path) as data:
            if hashlib.sha256(data.read()).hexdigest() != digest:
                raise InputError("is not the picture that the protocol names", path=path)
        yield number, name, (_middle(to_picture(as_seen(load_picture(path))), file.crop),)


def _middle(picture: Picture, side: int | None) -> Picture:
    """The middle of a picture, no side longer than this."""
    if side is None:
        return picture
    return cut(picture, middle(picture.shape[-2], picture.shape[-1], side)).contiguous()


def fingerprint(cases: Sequence[Case]) -> str:
    """A hash of the pixels of all cases: the same where they were painted and damaged the same."""
    digest = hashlib.sha256()
    for case in cases:
        for part in (to_pixels(case.given), to_pixels(case.truth), case.hole):
            if part is not None:
                digest.update(f"{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:12]
