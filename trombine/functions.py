"""The verbs as functions: each takes what its request takes, and returns what became of it.

    result = data_world(count=4, size=128, output="faces")
    result.written      # the files that were made

Those that work on pictures also take one, or a list, that the program holds (io/convert.py), and
then give what becomes of it, without any file:

    larger = upscale(picture, factor=4)
    faces = read(picture).faces

What works in processes works in one unless it is told otherwise, and the command in as many as
there are cores: more than one imports the script again in each, which must then keep its work
under `if __name__ == "__main__":`.

A function runs the verb's generator to its end. Who wants to see it work, to draw a bar of their
own, runs the generator: `for event in trombine.verbs.world.run(request)`.
"""

from __future__ import annotations

import inspect
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib import import_module
from numbers import Integral
from pathlib import Path
from textwrap import TextWrapper
from typing import Any, Final, get_args, get_origin, get_type_hints

from trombine.batch.result import Result, drain
from trombine.commands import VERBS, Verb
from trombine.io.files import check_name
from trombine.refusal import InputError
from trombine.requests import SHORT, described, limit_of


@cache
def function(line: str) -> Callable[..., Any]:
    """The function of a line of VERBS: it takes the fields of the verb's request, by name.

    A path may be given as text. What is refused, and what the result says, names the parameters.
    """
    verb, name = VERBS[line], line.replace(" ", "_")
    module = import_module(f"trombine.verbs.{verb.module}")
    request: type[Any] = getattr(module, verb.request)
    signature = inspect.signature(request).replace(return_annotation=Result)

    def batch(fields: Mapping[str, Any]) -> Result:
        bound = _bound(name, signature, fields)
        return _in_parameters(drain(module.run(request(**converted(request, bound)))), request)

    def call(**fields: Any) -> Result:
        with spoken(request):
            return batch(fields)

    def call_with_image(image: Any = None, **fields: Any) -> Any:
        with spoken(request):
            if image is None:
                return batch(fields)
            if "pictures" in fields:
                raise TypeError(f"{name}() takes an image, or pictures of files, not both")
            if fields.get("output") is not None and (paths := _as_paths(image)):
                return batch({"pictures": paths, **fields})
            held = {name: fields.pop(name) for name in verb.held if _is_held(fields.get(name))}
            _check_in_memory(_bound(name, signature, {"pictures": (), **fields}), request, verb)
            options = request(**converted(request, {"pictures": (), **fields}))
            if isinstance(image, list | tuple):
                return [module.of_image(one, options, **held) for one in image]
            return module.of_image(image, options, **held)

    result = call_with_image if verb.in_memory else call
    result.__name__ = result.__qualname__ = name
    result.__module__ = "trombine"
    result.__doc__ = _help(request, verb.in_memory)
    vars(result)["__signature__"] = _with_image(signature) if verb.in_memory else signature
    return result


def _bound(name: str, signature: inspect.Signature, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields; a TypeError says, as Python does, which is missing or unknown."""
    try:
        return dict(signature.bind(**fields).arguments)
    except TypeError as error:
        raise TypeError(f"{name}(): {error}") from None


def _is_held(value: object) -> bool:
    """Whether a field is a picture that the program holds, and not a file's name."""
    return value is not None and not isinstance(value, str | Path)


def _check_in_memory(fields: Mapping[str, Any], request: type[Any], verb: Verb) -> None:
    """Refuse what only files have of a picture that the program holds."""
    usual = inspect.signature(request).parameters
    for name in fields.keys() - {"pictures", *verb.in_memory}:
        if fields[name] != usual[name].default:
            problem = f"{name} goes with files, and none is written of an image"
            raise InputError(problem, "give the paths as pictures, or leave it out")


def _with_image(signature: inspect.Signature) -> inspect.Signature:
    """The signature of a function that also takes a picture that the program holds."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    image = inspect.Parameter("image", kind, default=None, annotation=Any)
    fields = (
        field.replace(default=()) if field.name == "pictures" else field
        for field in signature.parameters.values()
    )
    return signature.replace(parameters=[image, *fields], return_annotation=Any)


def _help(request: type[Any], in_memory: Sequence[str]) -> str:
    """What the request says of itself and of each of its fields, for help()."""
    lines = TextWrapper(79, "    ", "        ", break_on_hyphens=False)
    texts = described(request)
    if in_memory:
        first = (
            "A picture, or a list of them: a path, a Pillow image, a NumPy array or a torch tensor."
            " What becomes of it is returned, and no file is written; of the rest"
            f" {_listed(in_memory)} may be given."
        )
        texts = {"image": first, **texts}
    fields = (lines.fill(f"{name}: {as_parameters(text, request)}") for name, text in texts.items())
    wrapper = TextWrapper(95, break_on_hyphens=False)
    about = as_parameters(inspect.getdoc(request) or "", request)
    paragraphs = "\n\n".join(wrapper.fill(paragraph) for paragraph in about.split("\n\n"))
    return "\n".join([paragraphs, *(["", "Arguments, by name:", *fields] if texts else [])])


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


# ---------------------------------------------------------------------------------------------
# What is said: errors and notices name options as a command has them, `--threads 2`, wherever they
# are raised; a function has parameters.

_SHORT: Final = {option: name for name, option in SHORT.items()}
_OPTION: Final = re.compile(
    r"(?P<command>\btrombine [a-z][^;,)]*)"  # of another verb: it stays as it is
    r"|(?<![\w-])(?P<option>--[a-z][\w.-]*\w|-[a-z]\b)"
    r"(?:(?P<between>[ =])(?P<value>[^\s;,()]*[^\s;,():.]))?"
)


def as_parameters(text: str, request: type[Any]) -> str:
    """A text in which `--threads 2` is threads=2, `-o` is output, and a switch is json=True."""
    hints = get_type_hints(request, include_extras=True)

    def spelled(match: re.Match[str]) -> str:
        option, between, value = match["option"], match["between"] or "", match["value"] or ""
        if option is None or (option not in _SHORT and not option.startswith("--")):
            return match[0]
        name = _SHORT.get(option) or option.removeprefix("--").replace("-", "_")
        name = f"{name}_" if f"{name}_" in hints else name
        if get_origin(hints.get(name)) is None and hints.get(name) is bool:
            return f"{name}=True{between}{value}"
        if between and (between == "=" or _is_value(value, hints.get(name))):
            number = value.isdecimal()
            return f"{name}={value}" if number else f'{name}="{value}"'
        return f"{name}{between}{value}"

    return _OPTION.sub(spelled, text)


def _is_value(word: str, hint: Any) -> bool:
    """Whether a word after an option is its value, and not the next of the sentence."""
    limit = limit_of(hint)
    words = (*getattr(limit, "values", ()), *getattr(limit, "words", ()))
    return word in words or re.search(r"[\dA-Z:]", word) is not None


@contextmanager
def spoken(request: type[Any]) -> Iterator[None]:
    """Let an InputError that is raised inside speak of the request's fields as parameters."""
    try:
        yield
    except InputError as error:
        error.problem = as_parameters(error.problem, request)
        error.remedy = as_parameters(error.remedy, request)
        error.args = (error.problem, error.remedy, error.path)
        raise


def _in_parameters(result: Result, request: type[Any]) -> Result:
    """What is said of a result, by the parameters."""
    return replace(
        result,
        summary=as_parameters(result.summary, request),
        skipped=tuple(replace(one, why=as_parameters(one.why, request)) for one in result.skipped),
        notices=tuple(
            replace(one, text=as_parameters(one.text, request)) for one in result.notices
        ),
    )


# ---------------------------------------------------------------------------------------------
# What is given


def converted(request: type | Callable[..., object], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request, each of the type that it wants; a TypeError says which is not.

    Text is a path where a path is wanted; where several are, one alone will do. One process works
    unless it is told otherwise.
    """
    hints = get_type_hints(request)
    values = {name: _as_hinted(name, hints.get(name), value) for name, value in fields.items()}
    if "workers" in hints and values.get("workers") is None:
        values["workers"] = 1
    return values


_EXPECTED: Final = {
    int: "a whole number",
    str: "a text",
    bool: "True or False",
    Path: "a path, or text",
    tuple[Path, ...]: "a path, or several",
    tuple[str, ...]: "NAME=VALUE texts, or a mapping of names to values",
}


def _as_hinted(name: str, hint: Any, value: Any) -> Any:
    """What was given for a field of this type; a name that is no field passes."""
    optional = type(None) in get_args(hint)
    kind = get_args(hint)[0] if optional else hint
    if kind not in _EXPECTED or (optional and value is None):
        return value
    result = _as_kind(kind, value)
    if result is None:
        raise TypeError(f"{name} is {_EXPECTED[kind]}, not {reprlib.repr(value)}")
    for path in result if isinstance(result, tuple) else (result,):
        if isinstance(path, Path):
            check_name(path)
    return result


def _as_kind(kind: Any, value: Any) -> Any:
    """The value as this kind, or None where it is another."""
    if kind is int:  # NumPy's whole numbers too; True is none
        return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if kind is Path:
        return Path(value) if isinstance(value, str | Path) else None
    if kind == tuple[Path, ...]:
        return _as_paths(value)
    if kind == tuple[str, ...]:
        return _as_texts(value)
    return value if isinstance(value, kind) else None


def _as_texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, Mapping):
        return tuple(f"{name}={_as_value(item)}" for name, item in value.items())
    if isinstance(value, str):
        return (value,)
    several = list(value) if isinstance(value, Iterable) else [value]
    return tuple(several) if all(isinstance(item, str) for item in several) else None


def _as_value(value: Any) -> str:
    """What is given for a name as its text; of several values as a sweep's grid has them.

    Commas stand between them, or semicolons where a value, a net, has commas of its own.
    """
    if isinstance(value, Iterable) and not isinstance(value, str):
        several = [str(item) for item in value]
        return (";" if any("," in item for item in several) else ",").join(several)
    return str(value)


def _as_paths(value: Any) -> tuple[Path, ...] | None:
    if isinstance(value, str | Path):
        return (Path(value),)
    several = list(value) if isinstance(value, Iterable) else [value]
    paths = tuple(Path(item) for item in several if isinstance(item, str | Path))
    return paths if len(paths) == len(several) else None
