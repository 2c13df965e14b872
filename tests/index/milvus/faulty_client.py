"""The client of pymilvus over tables in memory, with requests that fail, are half done, or are answered in part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from assistant.index.milvus.connection import Row
from tests.index.milvus.memory_tables import MemoryTables

Fault = Callable[[str, Callable[[], Any]], Any]


def no_fault(_name: str, request: Callable[[], Any]) -> Any:
    return request()


class Blocks:
    """All rows at once, then none."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def next(self) -> list[dict[str, Any]]:
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        pass


class FaultyClient:
    """The methods that `MilvusConnection` calls. `fault` is given each request by name, and makes it or fails."""

    def __init__(self, tables: MemoryTables) -> None:
        self.tables, self.loaded, self.closed = tables, set[str](), False
        self.fault: Fault = no_fault

    def close(self) -> None:
        self.closed = True

    def has_collection(self, name: str, timeout: float) -> bool:
        return bool(self.fault("has", lambda: self.tables.has(name)))

    def get_load_state(self, name: str, timeout: float) -> dict[str, Any]:
        return dict(self.fault("load", lambda: {"state": SimpleNamespace(name="Loaded" if name in self.loaded else "NotLoad")}))

    def load_collection(self, name: str, timeout: float) -> None:
        self.fault("load", lambda: self.loaded.add(name))

    def describe_collection(self, name: str, timeout: float) -> dict[str, Any]:
        dimension = self.tables.dimensions[name]
        fields = [{"name": "vector", "params": {"dim": dimension}}]
        return dict(self.fault("describe", lambda: {"fields": fields}))

    def query(self, name: str, filter: str, output_fields: Sequence[str], timeout: float, limit: int = 0) -> list[dict[str, Any]]:
        if list(output_fields) == ["count(*)"]:
            return list(self.fault("count", lambda: [{"count(*)": self.tables.count(name, filter)}]))
        return list(self.fault("query", lambda: self.tables.query(name, filter, output_fields)))

    def query_iterator(self, name: str, batch_size: int, filter: str, output_fields: Sequence[str], timeout: float) -> Blocks:
        return Blocks(list(self.fault("query", lambda: self.tables.query(name, filter, output_fields))))

    def list_indexes(self, name: str, field_name: str, timeout: float) -> list[str]:
        return list(self.fault("indexes", lambda: [field_name]))

    def search(self, name: str, data: Sequence[object], anns_field: str, limit: int, filter: str, output_fields: Sequence[str],
               search_params: object, timeout: float) -> list[list[dict[str, float]]]:
        def answer() -> list[list[dict[str, float]]]:
            found = self.tables.search(name, anns_field, data, limit, filter)
            return [[{"id": number, "distance": value} for number, value in hits] for hits in found]

        return list(self.fault("search", answer))

    def upsert(self, name: str, rows: Sequence[Row], timeout: float) -> dict[str, int]:
        def write() -> dict[str, int]:
            self.tables.upsert(name, rows)
            return {"upsert_count": len(rows)}

        self.written = name, rows
        return dict(self.fault("upsert", write))

    def write_half(self) -> dict[str, int]:
        """Write the first half of the rows of the last `upsert`."""
        name, rows = self.written
        self.tables.upsert(name, rows[: len(rows) // 2])
        return {"upsert_count": len(rows) // 2}

    def delete(self, name: str, filter: str, timeout: float) -> None:
        field, _, values = filter.partition(" in ")
        self.fault("delete", lambda: self.tables.delete(name, field, eval(values)))

    def flush(self, name: str, timeout: float) -> None:
        self.fault("flush", lambda: None)
