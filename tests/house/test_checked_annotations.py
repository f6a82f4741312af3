"""Annotations are checked while tests run: if the hook came off, every other test would pass."""

from __future__ import annotations

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from checking import checked
from jaxtyping import Float, TypeCheckError

from trombine.core.conventions import check_points, to_picture

REFUSED = (TypeCheckError, BeartypeCallHintViolation)
Row = Float[np.ndarray, "n"]


def test_a_wrong_type_and_a_wrong_shape_are_refused() -> None:
    with pytest.raises(REFUSED):
        to_picture("a picture")  # pyright: ignore[reportArgumentType]
    with pytest.raises(REFUSED):
        check_points(np.ones((67, 2)))


def test_shapes_are_of_one_call_and_results_are_checked() -> None:
    @checked
    def inner(a: Row, b: Row) -> Row:
        return a if len(a) > 1 else a[:0]

    for same in (checked(outer), inner):
        assert len(same(np.zeros(3), np.ones(3))) == 3
        assert len(same(np.zeros(4), np.ones(4))) == 4
        for wrong in ((np.zeros(3), np.ones(4)), (np.zeros(1), np.ones(1)), (1, 2)):
            with pytest.raises(REFUSED):
                same(*wrong)


def outer(a: Row, b: Row) -> Row:
    return a if len(a) > 1 else a[:0]
