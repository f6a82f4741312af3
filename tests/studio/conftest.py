"""Two studios for all tests that leave them as they were, opened in a folder with two runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from studios import Bare, Server, runs


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`trombine studio`, with workers."""
    server = Server(tmp_path_factory.mktemp("studio"), runs(tmp_path_factory.mktemp("home")))
    yield server
    assert server.close() in (130, -2)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    """One in this process, without any: a test does its jobs."""
    bare = Bare(tmp_path_factory.mktemp("studio"), runs(tmp_path_factory.mktemp("home")))
    yield bare
    bare.close()
