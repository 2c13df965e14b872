"""The tables of Milvus in memory: the requests of `MilvusConnection`, each of which can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from assistant.index.milvus.address import MilvusAddress
from assistant.index.milvus.connection import MOST_RESULTS, MilvusConnection, Row
from assistant.index.milvus.schema import EXACT, Collection, VectorIndex


class MemoryTables(MilvusConnection):
    """Rows by collection and id. `before` is called before each request that changes something, with the request's name."""

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self.address, self.is_lite = MilvusAddress("memory"), False
        self.before = before
        self.tables: dict[str, dict[int | str, Row]] = {}
        self.dimensions: dict[str, int] = {}
        self.kinds: dict[str, str] = {}

    def close(self) -> None:
        pass

    def move_on(self) -> None:
        pass

    def at_one_moment(self) -> AbstractContextManager[None]:
        return nullcontext()

    def has(self, collection: str) -> bool:
        return collection in self.tables

    def open(self, collection: Collection) -> None:
        if collection.name not in self.tables:
            self.before("create")
            self.tables[collection.name] = {}
            self.dimensions[collection.name] = collection.dimension

    def load(self, name: str) -> None:
        pass

    def dimension_of(self, collection: str, field: str) -> int:
        return self.dimensions[collection]

    def drop(self, collection: str) -> None:
        self.before("drop")
        del self.tables[collection]

    def iterate(self, collection: str, filter: str, fields: Sequence[str], block: int = 2_000) -> Iterator[Row]:
        passes = compile(filter or "True", "filter", "eval")  # the filters are expressions of Python too
        for row in list(self.tables[collection].values()):
            if eval(passes, {}, row):
                yield {field: row[field] for field in fields}

    def query(self, collection: str, filter: str, fields: Sequence[str]) -> list[Row]:
        return list(self.iterate(collection, filter, fields))

    def count(self, collection: str, filter: str) -> int:
        return len(self.query(collection, filter, ()))

    def search(self, collection: str, field: str, vectors: Sequence[object], limit: int, filter: str = "",
               breadth: int = 0) -> list[list[tuple[int, float]]]:
        rows = self.query(collection, filter, ("id", field))
        found = [[(int(row["id"]), product(row[field], vector)) for row in rows] for vector in vectors]
        if field == "words":  # rows that share no word are not returned
            found = [[hit for hit in hits if hit[1]] for hits in found]
        return [sorted(hits, key=lambda hit: -hit[1])[: min(limit, MOST_RESULTS)] for hits in found]

    def upsert(self, collection: str, rows: Sequence[Row]) -> None:
        if rows:
            self.before("upsert")
            self.tables[collection].update((row["id"], row) for row in rows)

    def delete(self, collection: str, field: str, values: Sequence[int] | Sequence[str]) -> None:
        if values:
            self.before("delete")
            rows = self.tables[collection]
            self.tables[collection] = {key: row for key, row in rows.items() if row[field] not in set(values)}

    def index_kind(self, collection: str, field: str) -> str:
        return self.kinds.get(collection, EXACT.kind)

    def replace_index(self, collection: str, field: str, index: VectorIndex) -> None:
        self.before("replace index")
        self.kinds[collection] = index.kind

    def flush(self, collection: str) -> None:
        pass


def product(one: object, other: object) -> float:
    """Return the inner product of two sparse or two dense vectors."""
    if isinstance(one, dict) and isinstance(other, dict):
        return float(sum(value * one.get(place, 0.0) for place, value in other.items()))
    return float(np.dot(np.asarray(one, np.float32), np.asarray(other, np.float32)))
