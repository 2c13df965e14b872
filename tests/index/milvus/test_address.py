"""Addresses of shared libraries."""

from __future__ import annotations

import pytest

from assistant.errors import UsageError
from assistant.index.milvus.address import parse_address
from assistant.index.places import backend_of


@pytest.mark.parametrize(("address", "text", "url"), [
    ("milvus://db.example/team", "milvus://db.example:19530/team", "https://db.example:19530"),
    ("MILVUS://db.example:443", "milvus://db.example:443/default", "https://db.example:443"),
    ("milvus://127.0.0.1:19530/team", "milvus://127.0.0.1:19530/team", "http://127.0.0.1:19530"),
    ("milvus+plain://10.0.0.5/team", "milvus+plain://10.0.0.5:19530/team", "http://10.0.0.5:19530"),
    ("milvus://[fe80::1]:1/a", "milvus://[fe80::1]:1/a", "https://[fe80::1]:1"),
])
def test_a_server(address: str, text: str, url: str) -> None:
    parsed = parse_address(address)
    assert (parsed.text, parsed.url, parse_address(parsed.text)) == (text, url, parsed)
    assert backend_of(address).canonical(address) == text


def test_a_file() -> None:
    parsed = parse_address("/data/team.db")
    assert (parsed.path, parsed.text, parse_address(parsed.text)) == ("/data/team.db", "milvus:///data/team.db", parsed)


@pytest.mark.parametrize("address", ["", "team", "/data/team.sqlite", "milvus://", "milvus://:1/x", "milvus://db/a-b", "http://db/x",
                                     "milvus://db:x/y", "milvus://db/a/b", "milvus://db/x?y=1", "milvus://u:p@db/x"])
def test_anything_else_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        parse_address(address)
