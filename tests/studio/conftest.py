"""One studio for all tests that leave it as it was, opened in a folder with two runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from studios import Server, runs


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("studio"), runs(tmp_path_factory.mktemp("home")))
    yield server
    assert server.close() in (130, -2)
