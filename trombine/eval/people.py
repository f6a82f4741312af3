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
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Final

import imagecodecs
import numpy as np
from jaxtyping import UInt8

from trombine.core.errors import InputError, about, shown
from trombine.core.progress import Account, Progress, silent
from trombine.core.rng import Rng
from trombine.core.texts import from_json
from trombine.core.tiles import Box
from trombine.data.pack import Pack, is_pack
from trombine.data.reading import resize
from trombine.io.batch import check_source, find
from trombine.io.files import opened
from trombine.io.image import as_seen, decode, load_picture
from trombine.report.report import STYLE

GENERATOR: Final = "trombine judge people make"
PAGE: Final = "index.html"
VERSION: Final = 1  # of the key and of the answers
KEY, ANSWERS = "trombine people key", "trombine people answers"
SIDES: Final = ("real", "generated")
REASONS: Final = ("deformation", "missing feature", "object", "expression", "colour", "other")
EXPERIENCES: Final = {
    "none": "I have seen hardly any",
    "some": "I have seen many",
    "expert": "I make or study them",
}
MOST_BYTES: Final = 2**27  # of a page's pictures, which a phone has to hold
_LONGEST: Final = 2**24  # bytes of a key, or of answers
_NAME: Final = 16  # hexadecimal digits

Pixels = UInt8[np.ndarray, "h w 3"]


# Which pictures


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A picture of the test."""

    file: Path
    pixels: Pixels
    set: str  # what the folder is called that it is from
    is_exact: bool  # its file holds the pixels as they are here: it has no JPEG, and its size

    @property
    def hash(self) -> str:
        """What the page calls it."""
        text = f"{self.pixels.shape}".encode()
        return sha256(text + self.pixels.tobytes()).hexdigest()[:_NAME]


Sides = Mapping[str, Mapping[str, Chosen]]  # real and generated; by hash


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
            part = (count + place) // len(sets)
            chosen = _choose_set(side, folder, part, size, seed, account)
            _refuse_same(sides[side], chosen)
            sides[side] |= chosen
        progress((number + 1) * count, len(folders) * count, "pictures")
    real, generated = sides.values()
    _refuse_same(real, generated)
    shapes = {c.pixels.shape[:2]: c for c in (*real.values(), *generated.values())}
    if len(shapes) > 1:
        sizes = " and ".join(f"{shown(c.file)} {w} x {h}" for (h, w), c in [*shapes.items()][:2])
        least = min(min(shape) for shape in shapes)
        remedy = f"--size {least} shows the middle of each at that size"
        raise InputError(f"pictures differ in size, which would tell: {sizes}; {remedy}")
    if {c.is_exact for c in real.values()} != {c.is_exact for c in generated.values()}:
        text = "compression (JPEG) or resizing differ between the sides, and may tell them apart"
        account.notice(text)
    return sides


def _refuse_same(some: Mapping[str, Chosen], others: Mapping[str, Chosen]) -> None:
    if both := some.keys() & others.keys():
        first, second = (chosen[min(both)].file for chosen in (some, others))
        remedy = "take it out of one of the folders"
        raise InputError(f"is the same picture as {shown(first)}", remedy, path=second)


def _choose_set(
    side: str, folder: Path, count: int, size: int | None, seed: int, account: Account
) -> dict[str, Chosen]:
    pack = Pack(folder) if is_pack(folder) else None
    names = [pack.name(row) for row in range(len(pack))] if pack else _names(folder)
    places = np.arange(len(names), dtype=np.int64)
    chosen: dict[str, Chosen] = {}
    for row in Rng(seed=seed, places=places).order(f"people {side}", len(names)):
        if len(chosen) == count:
            break
        file = folder / names[row]
        try:
            if pack:
                pixels, is_exact = pack.batch(row[None])[0], True
            else:
                image = load_picture(file)
                pixels, is_exact = as_seen(image), image.is_lossless
            pixels, is_same = _fitted(file, pixels, size)
        except InputError as error:
            account.skip(file, error)
            continue
        is_exact, name = is_exact and is_same, folder.resolve().name
        picture = Chosen(file=file, pixels=pixels, set=name, is_exact=is_exact)
        if same := chosen.get(picture.hash):
            account.notice(f"is the same picture as {shown(same.file.name)}, and left out", file)
        chosen.setdefault(picture.hash, picture)
    if len(chosen) < count:
        problem = f"has only {len(chosen)} pictures that can be shown, and {count} are wanted"
        raise InputError(problem, "ask for fewer --pictures", path=folder)
    return chosen


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        problem = "is no folder" if folder.exists() else "does not exist"
        raise InputError(problem, "name a folder of pictures, or a pack", path=folder)
    check_source((paths := find([folder]))[0])
    return [path.name for path in paths]


def _fitted(
    file: Path, pixels: Pixels, size: int | None
) -> tuple[UInt8[np.ndarray, "height width 3"], bool]:
    """A picture, or with a size the square in its middle at that size, which is never enlarged; and
    whether its pixels are as they were."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    if size is None or (height, width) == (size, size):
        return pixels, True
    if side < size:
        problem = f"is {width} x {height}, and would have to be enlarged"
        raise InputError(problem, "give a smaller --size", path=file)
    top, left = (height - side) // 2, (width - side) // 2
    square = Box(top=top, left=left, bottom=top + side, right=left + side)
    return resize(pixels, square, size), side == size


# The page and its key


def build_test(sides: Sides, seconds: float) -> tuple[bytes, bytes]:
    """The page, and the key to it; `seconds` that a picture is shown, 0 for as long as one likes.

    The same pictures give the same bytes, and the same page whichever of them are real.
    """
    pictures = {name: c.pixels for chosen in sides.values() for name, c in chosen.items()}
    names = sorted(pictures)
    if (total := sum(pixels.nbytes for pixels in pictures.values())) > MOST_BYTES:
        remedy = f"give --size {math.isqrt(MOST_BYTES // (3 * len(names)))} or less"
        raise InputError(f"the page would have {total >> 20} MB of pictures", remedy)
    test = sha256(json.dumps([VERSION, seconds, names]).encode()).hexdigest()[:_NAME]
    png = {name: base64.b64encode(encode_stored(pictures[name])).decode() for name in names}
    truth = {name: side for side, chosen in sides.items() for name in chosen}
    about = {name: c for chosen in sides.values() for name, c in chosen.items()}
    key = {
        "format": KEY,
        "version": VERSION,
        "test": test,
        "seconds": seconds,
        "pictures": {
            name: {"truth": truth[name], "file": about[name].file.name, "set": about[name].set}
            for name in names
        },
    }
    content = {
        "format": ANSWERS,
        "version": VERSION,
        "test": test,
        "seconds": seconds,
        "pictures": [{"picture": name, "png": png[name]} for name in names],
    }
    return render(content)[0].encode(), (json.dumps(key, indent=1) + "\n").encode()


def encode_stored(pixels: Pixels) -> bytes:
    """A PNG file without compression or metadata: pictures of one size are equally long."""
    return bytes(imagecodecs.png_encode(pixels, level=0))


def render(content: Mapping[str, Any]) -> tuple[str, str]:
    """The page with its style, script and pictures, and its policy, which lets it load and send
    nothing; with a `subject`, it sends their answers to where it is from."""
    style = STYLE + _asset("trombine.eval", "people.css")
    script = _asset("trombine.eval", "people.js")
    hashes = [f"'sha256-{_base64_hash(text)}'" for text in (style, script)]
    options = "".join(f'<option value="{v}">{text}</option>' for v, text in EXPERIENCES.items())
    reasons = "".join(
        f'<label><input type="checkbox" name="reason" value="{reason}"> <kbd>{n}</kbd> {reason}'
        "</label>"
        for n, reason in enumerate(REASONS, 1)
    )
    policy = f"default-src 'none'; img-src data:; style-src {hashes[0]}; script-src {hashes[1]}; "
    policy += "connect-src 'self'; " * ("subject" in content)
    policy += "base-uri 'none'; form-action 'none'"
    page = Template(_asset("trombine.eval", "people.html")).substitute(
        generator=GENERATOR,
        policy=policy,
        style=style,
        script=script,
        experiences=options,
        reasons=reasons,
        content=json.dumps(content).replace("<", "\\u003c"),  # nothing that ends a script
    )
    return page, policy


def _base64_hash(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()


def _asset(package: str, name: str) -> str:
    return (files(package) / name).read_text(encoding="utf-8")


def content_of(page: Path) -> dict[str, Any]:
    """The test that a page holds."""
    with _parsed(page, f"{GENERATOR} writes one"), opened(page) as file:
        text = file.read(2 * MOST_BYTES).decode()
        match = re.search(r'<script type="application/json" id="test">(.*?)</script>', text, re.S)
        if match is None:
            raise InputError("holds no test")
        return from_json(match[1])


def pictures_of(page: Path) -> tuple[str, dict[str, Pixels]]:
    """The name of the test that a page holds, and its pictures."""
    content = content_of(page)
    with _parsed(page, f"{GENERATOR} writes one"):
        pictures = {
            item["picture"]: as_seen(decode(base64.b64decode(item["png"])))
            for item in content["pictures"]
        }
        return _text(content["test"]), pictures


# The key and the answers, read


@dataclass(frozen=True, kw_only=True)
class Key:
    """Which pictures of a test are real."""

    test: str
    truth: Mapping[str, str]  # picture to side
    names: Mapping[str, str]  # picture to its file's name
    sets: Mapping[str, str]  # picture to what its folder is called


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a subject says of one picture."""

    side: str
    seconds: float
    reasons: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Who took the test, and all that was answered."""

    file: Path
    name: str
    experience: str
    answers: Mapping[str, Answer]  # by picture


@contextmanager
def _parsed(path: Path, remedy: str) -> Iterator[None]:
    """Say in one line what is wrong with a file; most often it is not as it was written."""
    try:
        with about(path):
            yield
    except InputError as error:
        if error.remedy:
            raise
        raise InputError(error.problem, remedy, path=path) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("is damaged", remedy, path=path) from error


def read_key(path: Path) -> Key:
    """The key of a test."""
    with _parsed(path, f"{GENERATOR} writes one beside the test"):
        return key_of(_content(path, KEY))


def key_of(content: Mapping[str, Any]) -> Key:
    """The key that a file holds."""
    entries = content["pictures"].items()
    truth = {_text(name): _choice(entry["truth"], SIDES) for name, entry in entries}
    if not truth or list(truth.values()).count("real") * 2 != len(truth):
        raise InputError("is of a test of which half is not real")
    names = {name: _text(entry["file"]) for name, entry in entries}
    sets = {name: _text(entry.get("set", "")) for name, entry in entries}
    return Key(test=_text(content["test"]), truth=truth, names=names, sets=sets)


def read_answers(path: Path, key: Key) -> Subject:
    """The answers of one subject to the whole test of this key."""
    with _parsed(path, "ask the subject for the file again"):
        subject = subject_of(_content(path, ANSWERS), key, path)
        if missing := len(key.truth) - len(subject.answers):
            raise InputError(f"is not finished: {missing} of {len(key.truth)} are not answered")
        return subject


def subject_of(content: Mapping[str, Any], key: Key, file: Path) -> Subject:
    """Who answers the test of this key, or a part of it, as a file says."""
    if content["test"] != key.test:
        raise InputError("answers another test", "score it with that one's key")
    pairs = [(_text(item["picture"]), _answer(item)) for item in content["answers"]]
    answers = dict(pairs)
    if len(answers) < len(pairs) or answers.keys() - key.truth.keys():
        raise InputError("answers a picture twice, or one that is not in the test")
    name = " ".join(_text(content["subject"]).split())
    if not name:
        raise InputError("names no subject")
    experience = _choice(content["experience"], tuple(EXPERIENCES))
    return Subject(file=file, name=name, experience=experience, answers=answers)


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


def _content(path: Path, format: str) -> dict[str, Any]:
    with opened(path) as file:
        data = file.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise InputError(f"is longer than any {format} are")
    content = from_json(data)
    if not isinstance(content, dict) or content.get("format") != format:
        raise InputError(f"holds no {format}")
    if content.get("version") != VERSION:
        raise InputError(f"is not of version {VERSION}, which this trombine reads")
    return content


def _answer(item: Mapping[str, Any]) -> Answer:
    seconds = item["seconds"]
    if isinstance(seconds, bool) or not 0 <= seconds < 1e9:  # nothing is within NaN
        raise ValueError(seconds)
    reasons = tuple(_choice(reason, REASONS) for reason in item["reasons"])
    side, text = _choice(item["answer"], SIDES), _text(item["text"])
    return Answer(side=side, seconds=float(seconds), reasons=reasons, text=text)


def _choice(value: Any, values: tuple[str, ...]) -> str:
    if value not in values:
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def answer_files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The files that are meant: a folder stands for the .json files in it."""
    for path in paths:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise InputError("has no answers in it (.json)", "name a folder that has", path=path)
        yield from inside
