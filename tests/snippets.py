"""What README.md and the pages of docs/ show that can be run: commands, and blocks of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# A command that starts with one of these is not run.
NOT_RUN = {
    "make demo": "installs; tests/test_demo.py runs the rest",
    "make test": "these are the tests",
    "make lint": ".ci/run calls it",
    "make bench": "measures for minutes",
    "make figures": "draws docs/figures and fills numbers in",
    "make docs": "tests/docs/test_site.py builds the site",
    "pip install": "installs from the network",
    "pip wheel": "tests/house/test_packaging.py builds one, and uses it",
    "podman ": "builds from the network; tests/house/test_packaging.py reads the Containerfile",
    "trombine studio": "serves until it is told to end; tests/studio asks it",
    "trombine --install-completion": "edits the start-up files of the user's shell",
}
# Pages that lead to the guides, and show their commands once more.
FRONT = {"README.md", "docs/index.md", "docs/start.md"}
SHELL = {"sh", "bash", "shell", "console"}
OTHER = {"text", "json", "toml", "yaml", "html", "javascript", "make", "ini", "csv", "python-repl"}
BLOCK = re.compile(r"^( *)```([\w-]*)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    page.relative_to(ROOT).as_posix(): page
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
}


@dataclass(frozen=True)
class Snippet:
    """One thing to run: a line for the shell, or a whole block of Python."""

    language: str
    code: str


def snippets(text: str) -> Iterator[Snippet]:
    """What a page holds that can be run, in order."""
    for _, language, body in BLOCK.findall(text):
        if language == "python":
            yield Snippet("python", body)
        elif language in SHELL or not language:
            yield from (Snippet("sh", line) for line in commands(body, language))
        else:
            assert language in OTHER, f"```{language}: run it, or say in OTHER that it is no code"


def commands(body: str, language: str) -> list[str]:
    """The commands of a block: lines after "$ " if there are any, else all but comments.

    A block without a language may be a command's output: there, only what calls trombine counts.
    """
    lines = [line.strip() for line in body.replace("\\\n", " ").splitlines()]
    prompted = [line[2:] for line in lines if line.startswith("$ ")]
    plain = [line for line in lines if line and not line.startswith("#")]
    return prompted or (plain if language else [s for s in plain if s.startswith("trombine ")])


def reason_not_to_run(command: str, page: str) -> str | None:
    """Why this command is not run on this page, if it is not."""
    if page in FRONT and command in shown_by_guides():
        return "a guide shows it, too, and there it is run"
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), None)


@cache
def shown_by_guides() -> frozenset[str]:
    """The commands of all pages but those that lead to them."""
    guides = [page.read_text() for name, page in PAGES.items() if name not in FRONT]
    return frozenset(s.code for text in guides for s in snippets(text) if s.language == "sh")
