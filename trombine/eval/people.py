"""A test of people, real or generated: its page, its key, and the answers to it.

The page is one file, and says nothing of which pictures are real. Pictures are named by the hash of
their pixels and stand in the order of these names; they are PNG files without compression, so that
all are equally long. A subject's order is drawn in the page from the test's name and the subject's.
The test's name is made of the same hashes, never of the key: half of 24 can be chosen in 2.7
million ways, and a hash of the right one could be looked for.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

import imagecodecs
import numpy as np
from jaxtyping import UInt8
from jinja2 import Template
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from trombine.core.errors import InputError, first_of, shown
from trombine.core.progress import Account, Progress, silent
from trombine.core.rng import Rng
from trombine.core.tiles import Box
from trombine.data.reading import face_frame, resize
from trombine.eval.sets import open_place, square
from trombine.io.files import opened
from trombine.io.image import as_seen, decode
from trombine.report.report import STYLE, policy_of

GENERATOR: Final = "trombine judge people make"
PAGE: Final = "index.html"
KEY_ENDING: Final = ".key.json"
VERSION: Final = 1  # of the key and of the answers
KEY, ANSWERS = "trombine people key", "trombine people answers"
SIDES: Final = ("real", "generated")
Reason = Literal["deformation", "missing feature", "object", "expression", "colour", "other"]
REASONS: Final = get_args(Reason)
EXPERIENCES: Final = {
    "none": "I have seen hardly any",
    "some": "I have seen many",
    "expert": "I make or study them",
}
MOST_BYTES: Final = 2**27  # of a page's pictures, which a phone has to hold
_NAME: Final = 16  # hexadecimal digits

Pixels = UInt8[np.ndarray, "_ _ 3"]
Model = TypeVar("Model", bound=BaseModel)


# Which pictures


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A picture of the test."""

    file: Path
    pixels: Pixels
    set: str  # what the folder is called that it is from
    is_exact: bool  # its file holds the pixels as they are here: it has no JPEG, and its size


Sides = Mapping[str, Mapping[str, Chosen]]  # real and generated; by what the page calls them


def choose(
    folders: Mapping[str, tuple[Path, ...]],
    count: int,
    size: int | None,
    seed: int,
    account: Account,
    progress: Progress = silent,
) -> Sides:
    """`count` pictures of each side, all of one size and as many of each of its folders as can be;
    bad ones are skipped."""
    sides: dict[str, dict[str, Chosen]] = {}
    for number, (side, sets) in enumerate(folders.items()):
        if len({folder.resolve().name for folder in sets}) < len(sets) or len(sets) > count:
            raise InputError("folders of one side have a name and a picture each", path=sets[-1])
        sides[side] = {}
        for place, folder in enumerate(sets):
            chosen = _choose_set(side, folder, (count + place) // len(sets), size, seed, account)
            for some in sides.values():
                if both := some.keys() & chosen.keys():
                    first, second = (each[min(both)].file for each in (some, chosen))
                    remedy = "take it out of one of the folders"
                    problem = f"is the same picture as {shown(first)}"
                    raise InputError(problem, remedy, path=second)
            sides[side] |= chosen
        progress((number + 1) * count, len(folders) * count, "pictures")
    real, generated = sides.values()
    shapes = {c.pixels.shape[:2]: c for c in (*real.values(), *generated.values())}
    if len(shapes) > 1:
        sizes = " and ".join(f"{shown(c.file)} {w} x {h}" for (h, w), c in [*shapes.items()][:2])
        least = min(min(shape) for shape in shapes)
        remedy = f"--size {least} cuts a square at the face of each, and shows that at this size"
        raise InputError(f"pictures differ in size, which would tell: {sizes}; {remedy}")
    if {c.is_exact for c in real.values()} != {c.is_exact for c in generated.values()}:
        text = "compression (JPEG) or resizing differ between the sides, and may tell them apart"
        account.notice(text)
    return sides


def _choose_set(
    side: str, folder: Path, count: int, size: int | None, seed: int, account: Account
) -> dict[str, Chosen]:
    place = open_place(str(folder), size or 0, account)
    rows = Rng(seed=seed, places=np.arange(place.count, dtype=np.int64))
    chosen: dict[str, Chosen] = {}
    for row in rows.order(f"people {side}", place.count).tolist():
        if len(chosen) == count:
            break
        file = folder / place.name(row)
        try:
            pixels, is_exact = place.read(row)
            height, width = pixels.shape[:2]
            if size and min(height, width) < size:
                problem = f"is {width} x {height}, and would have to be enlarged"
                raise InputError(problem, "give a smaller --size", path=file)
        except InputError as error:
            account.skip(file, error)
            continue
        if size and (height, width) != (size, size):
            pixels, is_exact = _cut(pixels, size), is_exact and min(height, width) == size
        name = sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()[:_NAME]
        if same := chosen.get(name):
            account.notice(f"is the same picture as {shown(same.file.name)}, and left out", file)
            continue
        set_ = folder.resolve().name
        chosen[name] = Chosen(file=file, pixels=pixels, set=set_, is_exact=is_exact)
    if len(chosen) < count:
        problem = f"has only {len(chosen)} pictures that can be shown, and {count} are wanted"
        raise InputError(problem, "ask for fewer --pictures", path=folder)
    return chosen


def _cut(pixels: Pixels, size: int) -> Pixels:
    """The largest square, at this size: round the largest face, or without one in the middle."""
    height, width = pixels.shape[:2]
    frame = None if height == width else face_frame(pixels)
    if frame is None:
        return square(pixels, size)
    side = min(height, width)
    left = min(max(0, round(frame.x - side / 2)), width - side)
    top = min(max(0, round(frame.y - side / 2)), height - side)
    return resize(pixels, Box(top=top, left=left, bottom=top + side, right=left + side), size)


# The page and its key


def build_test(sides: Sides, seconds: float) -> tuple[bytes, bytes]:
    """The page, and the key to it; `seconds` that a picture is shown, 0 for as long as one likes.

    The same pictures give the same bytes, and the same page whichever of them are real.
    """
    chosen = {name: c for some in sides.values() for name, c in some.items()}
    chosen = {name: chosen[name] for name in sorted(chosen)}
    if (total := sum(c.pixels.nbytes for c in chosen.values())) > MOST_BYTES:
        remedy = f"give --size {math.isqrt(MOST_BYTES // (3 * len(chosen)))} or less"
        raise InputError(f"the page would have {total >> 20} MB of pictures", remedy)
    test = sha256(json.dumps([VERSION, seconds, [*chosen]]).encode()).hexdigest()[:_NAME]
    truth = {name: side for side, some in sides.items() for name in some}
    head = {"version": VERSION, "test": test, "seconds": seconds}
    entries = {
        name: {"truth": truth[name], "file": c.file.name, "set": c.set}
        for name, c in chosen.items()
    }
    pictures = [
        {"picture": name, "png": base64.b64encode(encode_stored(c.pixels)).decode()}
        for name, c in chosen.items()
    ]
    key = json.dumps({"format": KEY, **head, "pictures": entries}, indent=1) + "\n"
    return render({"format": ANSWERS, **head, "pictures": pictures})[0].encode(), key.encode()


def encode_stored(pixels: Pixels) -> bytes:
    """A PNG file without compression or metadata: pictures of one size are equally long."""
    return bytes(imagecodecs.png_encode(pixels, level=0))


def render(content: Mapping[str, Any]) -> tuple[str, str]:
    """The page with its style, script and pictures, and its policy, which lets it load and send
    nothing; with a `subject`, it sends their answers to where it is from."""
    style, script = STYLE + _asset("people.css"), _asset("people.js")
    policy = policy_of(style, script) + "; connect-src 'self'" * ("subject" in content)
    policy += "; base-uri 'none'; form-action 'none'"
    page = Template(_asset("people.html"), keep_trailing_newline=True).render(
        generator=GENERATOR,
        policy=policy,
        style=style,
        script=script,
        experiences=EXPERIENCES,
        reasons=REASONS,
        content=json.dumps(content).replace("<", "\\u003c"),  # nothing that ends a script
    )
    return page, policy


def _asset(name: str) -> str:
    return (files("trombine.eval") / name).read_text(encoding="utf-8")


def content_of(page: Path) -> dict[str, Any]:
    """The test that a page holds."""
    with opened(page) as file:
        text = file.read().decode(errors="replace")
    match = re.search(r'<script type="application/json" id="test">(.*?)</script>', text, re.S)
    if match is None:
        raise InputError("holds no test", f"{GENERATOR} writes one", path=page)
    return json.loads(match[1])


def pictures_of(page: Path) -> tuple[str, dict[str, Pixels]]:
    """The name of the test that a page holds, and its pictures."""
    content = content_of(page)
    pngs = {item["picture"]: base64.b64decode(item["png"]) for item in content["pictures"]}
    return content["test"], {name: as_seen(decode(png)) for name, png in pngs.items()}


# The key and the answers, read


class Entry(BaseModel, frozen=True):
    """A picture in the key."""

    truth: Literal["real", "generated"]
    file: str
    set: str = ""  # what its folder is called


def _halved(pictures: dict[str, Entry]) -> dict[str, Entry]:
    if 2 * sum(entry.truth == "real" for entry in pictures.values()) != len(pictures):
        raise ValueError("half of a test is real")
    return pictures


class Key(BaseModel, frozen=True):
    """Which pictures of a test are real."""

    format: Literal["trombine people key"]
    version: Literal[1]
    test: str
    pictures: Annotated[dict[str, Entry], Field(min_length=2), AfterValidator(_halved)]


class Answer(BaseModel, frozen=True):
    """What a subject says of one picture."""

    picture: str
    answer: Literal["real", "generated"]
    seconds: Annotated[float, Field(ge=0, lt=1e9)]
    reasons: tuple[Reason, ...]
    text: str


class Answers(BaseModel, frozen=True):
    """The file of one subject."""

    format: Literal["trombine people answers"]
    version: Literal[1]
    test: str
    subject: str
    experience: Literal["none", "some", "expert"]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Who took the test, and all that was answered."""

    file: Path
    name: str
    experience: str
    answers: Mapping[str, Answer]  # by picture


def read_key(path: Path) -> Key:
    """The key of a test."""
    return _read(path, Key, f"{GENERATOR} writes one beside the test")


def read_answers(path: Path, key: Key) -> Subject:
    """The answers of one subject to the whole test of this key."""
    remedy = "ask the subject for the file again"
    subject = subject_of(_read(path, Answers, remedy), key, path)
    if missing := len(key.pictures) - len(subject.answers):
        problem = f"is not finished: {missing} of {len(key.pictures)} are not answered"
        raise InputError(problem, remedy, path=path)
    return subject


def _read(path: Path, model: type[Model], remedy: str) -> Model:
    with opened(path) as file:
        try:
            return model.model_validate_json(file.read())
        except ValidationError as error:
            raise InputError(f"is damaged ({first_of(error)})", remedy, path=path) from error


def subject_of(content: Answers, key: Key, file: Path) -> Subject:
    """Who answers the test of this key, or a part of it."""
    name, answers = " ".join(content.subject.split()), {a.picture: a for a in content.answers}
    problem = remedy = ""
    if content.test != key.test:
        problem, remedy = "answers another test", "score it with that one's key"
    elif len(answers) < len(content.answers) or answers.keys() - key.pictures.keys():
        problem = "answers a picture twice, or one that is not in the test"
    elif not name:
        problem = "names no subject"
    if problem:
        raise InputError(problem, remedy or "ask the subject for the file again", path=file)
    return Subject(file=file, name=name, experience=content.experience, answers=answers)


def check_new(subject: Subject, others: Iterable[Subject]) -> None:
    """Refuse a second file of a subject, and a file that was copied under another name."""
    for other in others:
        if other.name.casefold() == subject.name.casefold():
            problem = f"is of {shown(subject.name)}, as {shown(other.file)} is"
        elif other.answers == subject.answers and any(a.seconds for a in other.answers.values()):
            problem = f"has the answers of {shown(other.file)} to the tenth of a second"
        else:
            continue
        raise InputError(problem, "keep one of the two", path=subject.file)


def answer_files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The files that are meant: a folder stands for the .json files in it."""
    for path in paths:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise InputError("has no answers in it (.json)", "name a folder that has", path=path)
        yield from inside
