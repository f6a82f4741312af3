"""Text tables: every form, and every broken one refused in one line."""

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
    table = read_table(write(tmp_path / name, text), tmp_path)
    assert table.rows == {"x.jpg": [-1, 1], "y.jpg": [2.5, 3]} and table.columns == columns
    found = table.of(["y.jpg", "z.jpg"])
    assert found[0].tolist() == [2.5, 3] and np.isnan(found[1]).all()


WRONG = {
    "letters": (
        "t.txt",
        "x 1 2\ny 1 b\n",
        "cannot be read (could not convert string to float: 'b'",
    ),
    "short": ("t.txt", "2\na b\nx 1 2\ny 1\n", "is not a whole table"),
    "long": ("t.csv", "i,a\nx,1\ny,1,2\n", "is not a whole table"),
    "no numbers": ("t.txt", "x 1\n\ny\n", "is not a whole table"),
    "empty cell": ("t.csv", "i,a,b\nx,1,\n", "cannot be read"),
    "cut off": ("t.txt", "3\na\nx 1\ny 2\n", "is not a whole table"),
    "head alone": ("t.csv", "image_id,a\n", "is not a whole table"),
    "names alone": ("t.txt", "x\ny\n", "is not a whole table"),
    "no text": ("t.txt", "x 1\ny\udcff 1\n", "cannot be read"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_broken_table_is_refused_in_one_line(wrong: str, tmp_path: Path) -> None:
    name, text, says = WRONG[wrong]
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path / name, text), tmp_path)
    message = str(caught.value)
    assert f"{tmp_path / name}: {says}" in message and message.isprintable()
