"""A page in one file: a title, sections, and a foot. It asks nothing of another host."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

from trombine.files import OutputError, shown
from trombine.pages.markup import Html, element, escape, join

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# A long page on a phone needs a way back.
_TOP: Final = "top"
_UP: Final = element("p", {"class": "up"}, element("a", {"href": f"#{_TOP}"}, "To the top"))
_MARK: Final = b'<meta name="generator" content="trombine'  # every page has it


@dataclass(kw_only=True)
class Page:
    """Grows section by section; `html()` gives the whole file."""

    title: str
    lead: str = ""  # a sentence or two under the title
    foot: str = ""  # how the page was made
    generator: str = "trombine"  # what wrote it, for programs
    _sections: list[tuple[str, str, Html]] = field(default_factory=list)  # id, title, markup

    def section(self, title: str, text: str, *blocks: str) -> None:
        """Add a section: its title, what is to be seen, and the blocks to see."""
        name = self._free_id(title)
        aside = join(element("h2", {"id": name}, title), paragraphs(text))
        body = join(
            element("div", {"class": "aside"}, aside),
            element("div", {"class": "body"}, join(*blocks, _UP)),
        )
        markup = element("section", {"aria-labelledby": name}, body)
        self._sections.append((name, title, markup))

    def html(self) -> str:
        """The file's text. Bytes of names that are no UTF-8 are written out, as they could not be
        encoded."""
        head = join(
            element("meta", {"charset": "utf-8"}),
            element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
            element("meta", {"name": "color-scheme", "content": "light dark"}),
            element("meta", {"name": "generator", "content": self.generator}),
            # An empty icon, so that a browser asks no server for one.
            element("link", {"rel": "icon", "href": "data:,"}),
            element("title", {}, self.title),
            element("style", {}, _asset("style.css")),
        )
        main = element("main", {}, join(*(markup for _, _, markup in self._sections)))
        body = join(
            self._header(), main, self._footer(), element("script", {}, _asset("script.js"))
        )
        whole = element(
            "html", {"lang": "en"}, element("head", {}, head), element("body", {}, body)
        )
        return _SURROGATE.sub(lambda letter: shown(letter[0]), f"<!doctype html>\n{whole}\n")

    def _header(self) -> Html:
        lead = element("p", {"class": "lead"}, self.lead) if self.lead else Html("")
        links = [element("a", {"href": f"#{name}"}, title) for name, title, _ in self._sections]
        entries = [element("li", {}, link) for link in links]
        contents = element("nav", {"aria-label": "Contents"}, element("ul", {}, join(*entries)))
        return element("header", {"id": _TOP}, join(element("h1", {}, self.title), lead, contents))

    def _footer(self) -> Html:
        return element("footer", {}, paragraphs(self.foot)) if self.foot else Html("")

    def _free_id(self, title: str) -> str:
        stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        taken = {_TOP, *(name for name, _, _ in self._sections)}
        names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
        return next(name for name in names if name not in taken)


def check_page(path: Path) -> None:
    """Refuse to write over a page that is somebody else's."""
    if path.exists() and (not path.is_file() or _MARK not in path.read_bytes()):
        raise OutputError(path, "is there and was not made by trombine", "choose another -o")


def paragraphs(text: str) -> Html:
    """Text with an empty line between its paragraphs. Markup is one paragraph."""
    if isinstance(text, Html):
        return element("p", {}, text)
    return join(*(element("p", {}, part.strip()) for part in text.split("\n\n") if part.strip()))


def note(text: str) -> Html:
    """A remark in small print."""
    return element("p", {"class": "note"}, escape(text))


def command(line: str) -> Html:
    """A command as code that breaks between its options, and not inside of one."""
    parts = (element("span", {}, part) for part in re.split(r" (?=-)", line))
    return element("code", {"class": "command"}, Html(" ".join(parts)))


def unbroken(value: str, *, longest: int = 36) -> Html:
    """A value, in a table of words, that breaks after the commas of settings and not inside of
    one: `lr=1e-3,width=8`. What is longer than `longest` letters breaks anywhere."""
    parts = re.split(r"(?<=,)(?=[a-z])", value)
    spans = [element("span", {"class": "whole"}, p) if len(p) <= longest else p for p in parts]
    return Html("<wbr>".join(escape(span) for span in spans))


def _asset(name: str) -> Html:
    return Html((files("trombine.pages") / name).read_text(encoding="utf-8").strip())
