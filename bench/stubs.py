"""The signatures of trombine's functions, for editors, from the verbs' requests.

    python bench/stubs.py           # says whether trombine/__init__.pyi is that of the verbs
    python bench/stubs.py --write   # writes it

The functions themselves are made when they are first asked for, so that `import trombine` loads no
library; an editor cannot see that far.
"""

from __future__ import annotations

import dataclasses
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from trombine.commands import VERBS, Verb
from trombine.functions import function

STUB: Final = Path(__file__).parent.parent / "trombine" / "__init__.pyi"
HEAD: Final = """# Written by `python bench/stubs.py --write`.

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from trombine.batch.result import Result
from trombine.readings.reading import PictureReading

__version__: str
__all__: list[str]

_Path = str | Path
_Paths = str | Path | Iterable[str | Path]
_Held = TypeVar(
    "_Held",
    Image.Image,
    NDArray[Any],
    Tensor,
    list[Image.Image],
    list[NDArray[Any]],
    list[Tensor],
)
_Picture = str | Path | Image.Image | NDArray[Any]
"""
_WORDS: Final = {
    Path: "_Path",
    tuple[Path, ...]: "_Paths",
    tuple[str, ...]: "str | Iterable[str] | Mapping[str, Any]",
}
# What a picture that the program holds becomes.
_LIKE_IT: Final = (
    ("_Held", "_Held"),
    ("_Path", "Image.Image"),
    ("list[str] | list[Path]", "list[Image.Image]"),
)
_OVERLOADS: Final = {
    "upscale": _LIKE_IT,
    "inpaint": _LIKE_IT,
    "restyle": _LIKE_IT,
    "read": (
        ("_Picture", "PictureReading"),
        ("Tensor", "PictureReading | list[PictureReading]"),
        ("list[Any] | tuple[Any, ...]", "list[PictureReading]"),
    ),
}


def stub() -> str:
    """The text of the file."""
    lines = {line: verb for line, verb in VERBS.items() if not verb.serves}
    functions = "".join(_functions(line, verb) for line, verb in lines.items())
    return f"{HEAD}\n{functions}".rstrip() + "\n"


def _functions(line: str, verb: Verb) -> str:
    name = line.replace(" ", "_")
    request = getattr(import_module(f"trombine.verbs.{verb.module}"), verb.request)
    parameters = _parameters(request)
    if not verb.in_memory:
        given = ["*", *parameters.values()] if parameters else []
        return _signature(name, given, "Result", _help(line))
    held = ["*", *(_held(parameters[field], field in verb.held) for field in verb.in_memory)]
    kinds = [([f"image: {given}", *held], result) for given, result in _OVERLOADS[name]]
    files = {**parameters, "output": "output: _Path"}
    kinds.append((["image: _Paths", "*", *_without(files, "pictures")], "Result"))
    kinds.append((["*", *parameters.values()], "Result"))
    bodies = [_help(line), *["..."] * len(kinds)]
    return "".join(
        f"@overload\n{_signature(name, given, result, body)}"
        for (given, result), body in zip(kinds, bodies, strict=False)
    )


def _held(parameter: str, is_picture: bool) -> str:
    """A parameter, which may be a picture in memory."""
    return parameter.replace("_Path |", "_Picture | Tensor |") if is_picture else parameter


def _without(parameters: dict[str, str], name: str) -> list[str]:
    return [text for field, text in parameters.items() if field != name]


def _parameters(request: type[Any]) -> dict[str, str]:
    """The fields as a signature has them, by name."""
    hints = get_type_hints(request)
    return {
        field.name: f"{field.name}: {_word(hints[field.name])}"
        + ("" if _is_required(field) else " = ...")
        for field in dataclasses.fields(request)
    }


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _word(hint: Any) -> str:
    """A type as the functions take it: text for a path, one for several."""
    if hint in _WORDS:
        return _WORDS[hint]
    if get_args(hint) and get_origin(hint) is not tuple:
        return " | ".join(dict.fromkeys(_word(kind) for kind in get_args(hint)))
    return "None" if hint is type(None) else getattr(hint, "__name__", str(hint))


def _help(line: str) -> str:
    """The body of a function that says what help() says."""
    lines = (f"    {text}".rstrip() for text in (function(line).__doc__ or "").splitlines())
    return '    """{}\n    """\n'.format("\n".join(lines).lstrip())


def _signature(name: str, parameters: list[str], result: str, body: str) -> str:
    given = "".join(f"\n    {parameter}," for parameter in parameters)
    given = f"{given}\n" if given else ""
    if body == "...":
        return f"def {name}({given}) -> {result}: ...\n"
    return f"def {name}({given}) -> {result}:\n{body}\n"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        STUB.write_text(stub())
    elif STUB.read_text() != stub():
        sys.exit("trombine/__init__.pyi is not that of the verbs: python bench/stubs.py --write")
