"""Text tables: every form, fast, and every broken line named in one line."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trombine.data.layouts.tables import read_table
from trombine.refusal import InputError


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


FORMS = {
    "official": ("t.txt", "2\na b \nx.jpg -1  1\ny.jpg  2.5 3\n", ("a", "b")),
    "windows": ("t.txt", "2\r\na b\r\nx.jpg -1 1\r\ny.jpg 2.5 3\r\n\r\n", ("a", "b")),
    "no head": ("t.txt", "x.jpg -1 1\ny.jpg\t2.5\t3", ()),
    "csv": ("t.csv", "image_id,a,b\nx.jpg,-1,1\ny.jpg, 2.5 ,3\n", ("a", "b")),
    "byte order mark": ("t.csv", "\ufeffimage_id,a,b\nx.jpg,-1,1\ny.jpg,2.5,3", ("a", "b")),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form: str, tmp_path: Path) -> None:
    name, text, columns = FORMS[form]
    table = read_table(write(tmp_path / name, text))
    assert table.names == ["x.jpg", "y.jpg"] and table.columns == columns
    assert table.values.tolist() == [[-1, 1], [2.5, 3]]
    found = table.of(["y.jpg", "z.jpg"])
    assert found[0].tolist() == [2.5, 3] and np.isnan(found[1]).all()


WRONG = {
    "letters": ("t.txt", "x 1 2\ny 1 b\n", "cannot be read in line 2: y 1 b;"),
    "short": ("t.txt", "2\na b\nx 1 2\ny 1\n", "cannot be read in line 4: y 1;"),
    "long": ("t.csv", "i,a\nx,1\ny,1,2\n", "cannot be read in line 3: y,1,2;"),
    "all long": ("t.csv", "i,a\nx,1,2\ny,1,2\n", "cannot be read in line 2: x,1,2;"),
    "no numbers": ("t.txt", "x 1\n\ny\n", "cannot be read in line 3: y;"),
    "empty cell": ("t.csv", "i,a,b\nx,1,\n", "cannot be read in line 2: x,1,;"),
    "far too long": ("t.txt", "x 1\ny " + "z" * 10_000, f"line 2: y {'z' * 38}...;"),
    "escapes": ("t.txt", "x 1\ny \x1b[31m\n", "line 2: y \\x1b[31m;"),
    "cut off": ("t.txt", "3\na\nx 1\ny 2\n", "has 2 rows, and says that they are 3;"),
    "head alone": ("t.csv", "image_id,a\n", "is not a table of a name and 1 numbers a row;"),
    "names alone": ("t.txt", "x\ny\n", "is not a table of a name and some numbers a row;"),
    "no text": ("t.txt", "x 1\ny\udcff 1\n", "is not UTF-8 in line 2;"),
    "far down": ("t.txt", "x 1\n" * 20_000 + "y one\n", "cannot be read in line 20001: y one;"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_broken_table_is_refused_in_one_line(wrong: str, tmp_path: Path) -> None:
    name, text, says = WRONG[wrong]
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path / name, text))
    message = str(caught.value)
    assert says in message and str(tmp_path / name) in message and message.isprintable()
    assert len(message) < 250 + len(str(tmp_path))


def test_a_table_of_another_width_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", "1\na b c\nx 1 2 3\n")
    with pytest.raises(InputError, match="a name and 1 numbers a row"):
        read_table(path, width=1)


def test_a_large_table_takes_little_work_and_memory(
    tmp_path: Path, calls_in: Callable[[Callable[[], object]], int]
) -> None:
    """A tenth of CelebA's attributes, of which all take a few seconds and 200 MB: a few calls a
    row, none a number."""
    signs = np.random.default_rng(0).choice([-1, 1], (20_000, 40))
    rows = (f"{i:06d}.jpg " + " ".join(map(str, row)) for i, row in enumerate(signs.tolist()))
    head = " ".join(f"a{i}" for i in range(40))
    path = write(tmp_path / "t.txt", "20000\n" + head + "\n" + "\n".join(rows) + "\n")
    assert (read_table(path).values == signs).all()
    assert calls_in(lambda: read_table(path)) < 10 * len(signs)
    tracemalloc.start()
    read_table(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6
