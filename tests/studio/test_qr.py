"""The link as a QR code: read by another program, and by the closed form of its check words."""

from __future__ import annotations

import random

import numpy as np
import pytest

from trombine.studio import qr

LINK = "http://192.168.178.123:8642/?token=abcdEFGH-_012345678901234567890"


def powers() -> tuple[list[int], dict[int, int]]:
    """2^i in GF(256) of 0x11d, by doubling alone, and i of each."""
    exponents = [1]
    for _ in range(254):
        double = exponents[-1] << 1
        exponents.append(double ^ 0x11D if double > 255 else double)
    return exponents, {value: at for at, value in enumerate(exponents)}


def test_the_words_and_their_checks_are_zero_at_every_root() -> None:
    exponents, logs = powers()
    chance = random.Random(0)
    words = [chance.randrange(256) for _ in range(108)]
    code = [*words, *qr.checks(words)]
    assert len(code) == 134
    for root in range(26):
        total = 0
        for power, word in enumerate(reversed(code)):
            total ^= exponents[(logs[word] + root * power) % 255] if word else 0
        assert total == 0


@pytest.mark.parametrize("text", [LINK, "a", "x" * qr.MOST])
def test_another_program_reads_it(text: str) -> None:
    cv2 = pytest.importorskip("cv2", reason="reads the code: needs the extra opencv")
    pixels = np.kron(np.pad(~qr.modules(text), 4, constant_values=True), np.ones((8, 8)))
    found, *_ = cv2.QRCodeDetector().detectAndDecode((255 * pixels).astype(np.uint8))
    assert found == text


def test_in_a_terminal_it_has_its_margin_and_its_corners() -> None:
    lines = qr.terminal(LINK).splitlines()
    assert len({len(line) for line in lines}) == 1 and set("".join(lines)) <= set("█▀▄ ")
    assert set(lines[0] + lines[-1]) == {"█"}
    # A finder from its light rim on: seven dark modules, then light ones.
    assert lines[2][4:12] == " ▄▄▄▄▄ █"


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        qr.modules("x" * (qr.MOST + 1))
