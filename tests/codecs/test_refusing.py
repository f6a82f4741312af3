"""What is refused is refused in words of ours, not in those of the libraries' insides."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from trombine import codecs
from trombine.images import image_of, read, write, write_frames
from trombine.refusal import InputError


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_text_of_a_few_bytes_is_no_picture(count: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"hello"[:count])
    with pytest.raises(InputError, match="is not a picture; "):
        read(path)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".bmp", ".jpg", ".tif"])
def test_no_words_of_python_are_said_of_a_file_cut_short(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8))
    data, said = path.read_bytes(), set[str]()
    for end in range(1, len(data), 7):
        path.write_bytes(data[:end])
        try:
            read(path)
        except InputError as error:
            said.add(error.problem)
    assert said
    assert not [line for line in said if "unpack" in line or "index" in line]


def test_samples_that_are_no_picture() -> None:
    """Without the checks of types that pytest adds."""
    code = "import sys, numpy as np; from trombine.images import image_of, write_frames\n"
    for wrong in ("image_of(np.zeros((4, 4, 7), 'u1'))", "image_of(np.zeros(4, 'u1'))"):
        code += f"try: {wrong}\nexcept ValueError as error: print(error)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    wrong = "samples are h x w, or h x w x 1 to 4, not "
    assert done.stdout.splitlines() == [f"{wrong}(4, 4, 7)", f"{wrong}(4,)"]


def test_a_film_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one frame or more"):
        write_frames(tmp_path / "a.gif", [], [])


class Slow(io.BytesIO):
    """A file whose bytes come when they are let."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked, self.let = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self.asked.set()
        assert self.let.wait(60)
        return super().read(size)


def test_two_threads_that_read_leave_warnings_as_they_were() -> None:
    """Both decode at once, and the one that begins first ends first."""
    data = codecs.encode(image_of(np.zeros((2, 2, 3), np.uint8)), "PNG")
    before, files = warnings.filters, [Slow(data), Slow(data)]
    readers = [threading.Thread(target=codecs.read_head, args=(file, 9)) for file in files]
    for reader, file in zip(readers, files, strict=True):
        reader.start()
        assert file.asked.wait(60), "it waits for the other"
    for reader, file in zip(readers, files, strict=True):
        file.let.set()
        reader.join()
    assert warnings.filters is before
