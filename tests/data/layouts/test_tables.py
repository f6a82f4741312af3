"""Text tables: every form, fast, and every broken line named in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.data.listing import read_table


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
    assert table.rows == {"x.jpg": [-1, 1], "y.jpg": [2.5, 3]} and table.columns == columns
    found = table.of(["y.jpg", "z.jpg"])
    assert found[0].tolist() == [2.5, 3] and np.isnan(found[1]).all()


WRONG = {
    "letters": ("t.txt", "x 1 2\ny 1 b\n", "cannot be read in line 2: y 1 b;"),
    "short": ("t.txt", "2\na b\nx 1 2\ny 1\n", "cannot be read in line 4: y 1;"),
    "long": ("t.csv", "i,a\nx,1\ny,1,2\n", "cannot be read in line 3: y,1,2;"),
    "no numbers": ("t.txt", "x 1\n\ny\n", "cannot be read in line 3: y;"),
    "empty cell": ("t.csv", "i,a,b\nx,1,\n", "cannot be read in line 2: x,1,;"),
    "cut off": ("t.txt", "3\na\nx 1\ny 2\n", "is not a table of 3 rows of a name and 1 numbers;"),
    "head alone": ("t.csv", "image_id,a\n", "is not a table of some rows of a name and 1 numbers;"),
    "names alone": ("t.txt", "x\ny\n", "of a name and some numbers;"),
    "no text": ("t.txt", "x 1\ny\udcff 1\n", "is not UTF-8 in line 2;"),
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
    with pytest.raises(InputError, match="cannot be read in line 3: x 1 2 3"):
        read_table(path, width=1)
