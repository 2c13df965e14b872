"""A library, and a server for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant.config import Settings
from tests.server.web import Web, serving_web


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    with serving_web() as served:
        yield served
