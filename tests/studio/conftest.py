"""One studio for all tests that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from studios import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("studio"))
    yield server
    assert server.close() in (130, -2)
