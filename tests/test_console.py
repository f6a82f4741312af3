"""What a running verb shows: a bar on a terminal, lines elsewhere, and the exit code."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from trombine.console import follow
from trombine.events import Description, Done, Event, Notice, Progress, Skipped, Started

BEGIN: tuple[Event, ...] = (Started(total=2, unit="pictures"), Progress(1, 2, "pictures"))
BAD = Skipped(file=Path("a\nb.png"), why="is empty; copy it again")
REMARK = Notice(file=Path("c.jpg"), text="was lossy")
ALL_WELL = Done(summary="2 made", written=2, skipped=0, kept=0)
NOT_ALL = Done(summary="1 made, 1 skipped", written=1, skipped=1, kept=0)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_log_gets_lines_and_the_output_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert follow([*BEGIN, REMARK, Notice(file=None, text="one thread"), ALL_WELL]) == 0
    shown = capsys.readouterr()
    assert shown.out == "2 made\n"
    assert shown.err == "trombine: c.jpg: was lossy\ntrombine: one thread\n"


def test_what_was_skipped_is_named_on_one_line_and_the_code_is_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert follow([*BEGIN, BAD, NOT_ALL]) == 1
    assert capsys.readouterr().err == "trombine: skipped a\\nb.png: is empty; copy it again\n"


def test_a_single_bad_input_is_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert follow([BEGIN[0], BAD, Done(summary="0 made", written=0, skipped=1, kept=0)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1


def test_a_terminal_gets_a_bar_and_the_lines_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    assert follow([*BEGIN, BAD, NOT_ALL]) == 1
    shown = screen.getvalue()
    assert "1/2" in shown
    assert "trombine: skipped a\\nb.png: is empty; copy it again\n" in shown
    assert "\x1b[2K" in shown, "the bar is taken away at the end"


def test_square_brackets_in_names_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    follow([Started(2, "pictures [bold]"), Notice(file=Path("[red]x"), text="odd"), ALL_WELL])
    assert "trombine: [red]x: odd" in screen.getvalue()
    assert "pictures [bold]" in screen.getvalue()


def test_an_error_in_the_middle_is_raised() -> None:
    def verb():
        yield BEGIN[0]
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        follow(verb())


def test_what_was_found_goes_to_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    found = Description(Path("a.png"), "a.png: 1 face", {"faces": 1})
    assert follow([Started(1, "pictures"), found, Done("", 1, 0, 0)]) == 0
    assert capsys.readouterr() == ("a.png: 1 face\n", "")
