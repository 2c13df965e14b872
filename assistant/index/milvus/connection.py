"""Connection to Milvus: requests with time limits, each of which raises the program's own errors.

`pymilvus` repeats a request that did not reach the server, with growing pauses, until its time limit. Every request here may be
repeated: rows are written by primary key (upsert), and deleting twice is deleting once.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

from assistant.errors import LibraryBusy, NothingIndexed, ServerUnavailable, UsageError
from assistant.index.milvus.address import DEFAULT_DATABASE, MilvusAddress
from assistant.index.milvus.freshness import ReadMoments
from assistant.index.milvus.schema import EXACT, HASH, Collection, VectorIndex
from assistant.index.milvus.server_errors import is_missing_database, named, translate
from assistant.system.confinement import is_network_refused
from assistant.system.credentials import find_library_token

SECONDS = 30.0  # for one request, repetitions included
CONNECT_SECONDS = 10.0
INDEX_SECONDS = 1_800.0  # for building an index
LITE_SECONDS = 300.0  # for a search in milvus-lite, which builds its index of words when it is first searched
MOST_RESULTS = 16_384  # of one search or query; a limit of Milvus
ROWS_AT_ONCE = 500  # rows of one query by id, and of one upsert of chunks
VALUES_AT_ONCE = 2_000  # values of another field in one query: each may look at every row of a collection
STRONG = "Strong"  # every read sees everything that was written before it
OLDEST = (2, 4)  # version of Milvus: the first with sparse vectors
LITE = "milvus_lite"  # how the version of milvus-lite begins
INSTALL = "Install it: pip install 'private-assistant[shared]'"
OPEN_FILES: Counter[str] = Counter()  # connections of this process to each file of milvus-lite

Row = dict[str, Any]
Result = TypeVar("Result")


class MilvusConnection:
    """A connection to one database of Milvus."""

    def __init__(self, client: Any, address: MilvusAddress, *, is_lite: bool = False) -> None:  # noqa: ANN401 - pymilvus has no types
        self.address, self.is_lite = address, is_lite
        self._client = client
        self._moments = ReadMoments(self._now)
        self._closed = False

    def close(self) -> None:
        """Close the connection; the last one to a file of milvus-lite closes the file too."""
        if self._closed:
            return
        self._closed = True
        self._client.close()
        if self.address.path:
            release_file(self.address.path)

    def move_on(self) -> None:
        """Have the next reads see everything that was written before them, by whomever."""
        self._moments.move_on()

    def at_one_moment(self) -> AbstractContextManager[None]:
        """Have the reads of the ledger in a block see what was written before the first of them: a slow server waits once."""
        return self._moments.shared()

    def _now(self) -> int:
        """Return the present timestamp of the server; 0 if it gives none, as milvus-lite."""
        return int(self._call(lambda: self._client._get_connection().alloc_timestamp(timeout=SECONDS)))

    def _read(self, collection: str, request: Callable[[Mapping[str, str | int]], Result]) -> Result:
        """Read, given the arguments that say which writes must be seen."""
        options = self._moments.options(collection)
        begun = time.monotonic()
        result = self._call(partial(request, options))
        if not options:
            self._moments.note(time.monotonic() - begun)
        return result

    def _write(self, request: Callable[[], Result]) -> Result:
        """Write; later reads see it."""
        try:
            return self._call(request)
        finally:
            self.move_on()

    def has(self, collection: str) -> bool:
        """Return whether a collection exists."""
        return bool(self._call(lambda: self._client.has_collection(collection, timeout=SECONDS)))

    def open(self, collection: Collection) -> None:
        """Make a collection ready to be read and written; create what is missing of it.

        Another machine may be creating it too, or may have been killed while it did. It is loaded once it has all indexes: a
        server refuses to load a collection again that has got another one since.
        """
        if not (self.has(collection.name) and self._is_loaded(collection.name)):
            self._create(collection)
            self.load(collection.name)

    def load(self, name: str) -> None:
        """Make an existing collection ready to be read."""
        if not self._is_loaded(name):
            self._call(lambda: self._client.load_collection(name, timeout=SECONDS))

    def _is_loaded(self, name: str) -> bool:
        state = self._call(lambda: self._client.get_load_state(name, timeout=SECONDS))["state"]
        return bool(state.name == "Loaded")

    def _create(self, collection: Collection) -> None:
        """Create a collection and its indexes. One shard: the rows of one request become visible together."""
        name = collection.name
        self._unless(lambda: self.has(name), lambda: self._client.create_collection(
            name, schema=self._schema(collection), num_shards=1, consistency_level=STRONG, timeout=SECONDS))
        for field in (collection.vector, *collection.indexed):
            self._unless(partial(self._has_index, name, field), partial(self._create_index, collection, field))

    def _create_index(self, collection: Collection, field: str) -> None:
        index = self._client.prepare_index_params()
        if field == collection.vector:
            index.add_index(field, index_type=EXACT.kind if collection.dimension else "SPARSE_INVERTED_INDEX", metric_type="IP")
        else:
            index.add_index(field, index_type="INVERTED")
        self._client.create_index(collection.name, index, timeout=SECONDS)

    def _schema(self, collection: Collection) -> Any:  # noqa: ANN401 - pymilvus has no types
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        key = {"max_length": HASH} if collection.has_text_id else {}
        schema.add_field("id", DataType.VARCHAR if collection.has_text_id else DataType.INT64, is_primary=True, **key)
        for name in collection.numbers:
            schema.add_field(name, DataType.INT64)
        for name, length in collection.texts:
            schema.add_field(name, DataType.VARCHAR, max_length=length)
        if collection.dimension:
            schema.add_field(collection.vector, DataType.FLOAT_VECTOR, dim=collection.dimension)
        else:
            schema.add_field(collection.vector, DataType.SPARSE_FLOAT_VECTOR)
        return schema

    def _has_index(self, name: str, field: str) -> bool:
        return bool(self._call(lambda: self._client.list_indexes(name, field_name=field, timeout=SECONDS)))

    def _unless(self, is_done: Callable[[], bool], make: Callable[[], object]) -> None:
        """Make something that another machine may be making at the same time."""
        if is_done():
            return
        try:
            self._call(make)
        except ServerUnavailable:
            if not is_done():
                raise

    def index_kind(self, collection: str, field: str) -> str:
        """Return the kind of the index of a field; "" if there is none, as while another machine replaces it."""
        names = self._call(lambda: self._client.list_indexes(collection, field_name=field, timeout=SECONDS))
        if not names:
            return ""
        return str(self._call(lambda: self._client.describe_index(collection, names[0], timeout=SECONDS))["index_type"])

    def replace_index(self, collection: str, field: str, index: VectorIndex) -> None:
        """Replace the index of the vectors. Until the new one is built, which takes minutes for a large one, searches fail."""
        names = self._call(lambda: self._client.list_indexes(collection, field_name=field, timeout=INDEX_SECONDS))
        wanted = self._client.prepare_index_params()
        wanted.add_index(field, index_type=index.kind, metric_type="IP", params=dict(index.build))
        self._call(lambda: self._client.release_collection(collection, timeout=INDEX_SECONDS))
        try:
            for name in names:
                self._call(partial(self._client.drop_index, collection, name, timeout=INDEX_SECONDS))
            self._call(lambda: self._client.create_index(collection, wanted, timeout=INDEX_SECONDS))
        finally:
            self._call(lambda: self._client.load_collection(collection, timeout=INDEX_SECONDS))

    def dimension_of(self, collection: str, field: str) -> int:
        """Return the dimension of the vectors of a collection."""
        described = self._call(lambda: self._client.describe_collection(collection, timeout=SECONDS))
        return int(next(each["params"]["dim"] for each in described["fields"] if each["name"] == field))

    def drop(self, collection: str) -> None:
        """Delete a collection with all its rows."""
        self._call(lambda: self._client.drop_collection(collection, timeout=SECONDS))

    def query(self, collection: str, filter: str, fields: Sequence[str]) -> list[Row]:
        """Return the fields of all rows that pass a filter; "" for every row."""
        rows = self._read(collection, lambda options: self._client.query(
            collection, filter=filter, output_fields=list(fields), limit=MOST_RESULTS, timeout=SECONDS, **options))
        return list(rows) if len(rows) < MOST_RESULTS else list(self.iterate(collection, filter, fields))

    def iterate(self, collection: str, filter: str, fields: Sequence[str], block: int = 8_000) -> Iterator[Row]:
        """Yield the fields of all rows that pass a filter, read in blocks."""
        iterator = self._call(lambda: self._client.query_iterator(
            collection, batch_size=block, filter=filter, output_fields=list(fields), timeout=SECONDS))
        try:
            while rows := self._call(iterator.next):
                yield from rows
        finally:
            iterator.close()

    def by_values(self, collection: str, field: str, values: Sequence[int] | Sequence[str], fields: Sequence[str]
                  ) -> list[Row]:
        """Return the fields of the rows whose field has one of these values, which are numbers or hexadecimal text."""
        found: list[Row] = []
        step = ROWS_AT_ONCE if field == "id" else VALUES_AT_ONCE
        for start in range(0, len(values), step):
            found += self.query(collection, f"{field} in {listed(values[start : start + step])}", fields)
        return found

    def count(self, collection: str, filter: str) -> int:
        """Return the number of rows that pass a filter."""
        rows = self._read(collection, lambda options: self._client.query(
            collection, filter=filter, output_fields=["count(*)"], timeout=SECONDS, **options))
        self.require_all(len(rows), 1)
        return int(rows[0]["count(*)"])

    def search(self, collection: str, field: str, vectors: Sequence[object], limit: int, filter: str = "",
               breadth: int = 0) -> list[list[tuple[int, float]]]:
        """Return, for each vector, (id, inner product) of the nearest rows that pass a filter, best first.

        An approximate index looks at `breadth` candidates, at least at `limit`.
        """
        wanted = min(limit, MOST_RESULTS)
        params = {"ef": max(breadth, wanted)} if breadth else {}
        found = self._read(collection, lambda options: self._client.search(
            collection, data=list(vectors), anns_field=field, limit=wanted, filter=filter, output_fields=["id"],
            search_params={"metric_type": "IP", "params": params}, timeout=LITE_SECONDS if self.is_lite else SECONDS, **options))
        self.require_all(len(found), len(vectors))
        return [[(int(hit["id"]), float(hit["distance"])) for hit in hits] for hits in found]

    def upsert(self, collection: str, rows: Sequence[Row]) -> None:
        """Write rows by primary key in one request."""
        if rows:
            answer = self._write(lambda: self._client.upsert(collection, list(rows), timeout=SECONDS))
            self.require_all(int(answer.get("upsert_count", 0)), len(rows))

    def delete(self, collection: str, field: str, values: Sequence[int] | Sequence[str]) -> None:
        """Delete the rows whose field has one of these values."""
        for start in range(0, len(values), ROWS_AT_ONCE):
            filter = f"{field} in {listed(values[start : start + ROWS_AT_ONCE])}"
            self._write(partial(self._client.delete, collection, filter=filter, timeout=SECONDS))

    def require_all(self, count: int, wanted: int) -> None:
        """Raise ServerUnavailable if the server has read or written fewer rows than it was asked to."""
        if count < wanted:
            raise ServerUnavailable(f"{named(self.address)} has answered {count:,} of {wanted:,} rows only.",
                                    "Try again.")

    def flush(self, collection: str) -> None:
        """Seal what was written, so that it is indexed."""
        self._call(lambda: self._client.flush(collection, timeout=4 * SECONDS))

    def _call(self, request: Callable[[], Result]) -> Result:
        try:
            return request()
        except Exception as error:  # pymilvus passes on errors of grpc and of its own
            raise translate(error, self.address) from error


def listed(values: Sequence[int] | Sequence[str]) -> str:
    """Return numbers or hexadecimal texts as a list in a filter; neither holds anything to escape."""
    return "[" + ", ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in values) + "]"


def connect(address: MilvusAddress, *, may_create: bool = True) -> MilvusConnection:
    """Connect to a server, or open a file of milvus-lite; a database that does not exist is created if it may be.

    Raises UsageError if the package is missing or this process uses no network, ServerUnavailable, or LibraryBusy if another
    program has the file open.
    """
    if is_network_refused():
        raise UsageError("The engine and the servers for other programs use no network, which a shared library needs.",
                         "Ask it with: assistant search, ask or chat.")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC itself would write to the terminal; its errors come as exceptions
    try:
        from pymilvus import MilvusClient
    except ImportError as error:
        raise UsageError("A shared library needs the package pymilvus, which is not installed.", INSTALL) from error
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # errors are reported once, by this program
    if address.path and not may_create and not os.path.exists(address.path):  # noqa: PTH110 - of a string
        raise no_library(address.path)
    url = open_file(address.path) if address.path else address.url
    token = "" if address.path else find_library_token(f"milvus:{address.machine}")
    try:
        database = "" if address.database == DEFAULT_DATABASE else address.database
        client = MilvusClient(url, token=token, db_name=database, timeout=CONNECT_SECONDS, dedicated=True)
        version = str(client.get_server_version(timeout=CONNECT_SECONDS))
        require_recent(version, address)
        if database:
            require_database(client, address, may_create=may_create)
    except Exception as error:
        if address.path:
            release_file(address.path)
        raise translate(error, address) from error
    return MilvusConnection(client, address, is_lite=version.startswith(LITE))


def no_library(place: str) -> NothingIndexed:
    """Return the error for a place without a library that is opened to be read only."""
    return NothingIndexed(f"There is no library at {place}.",
                          "Create it without --read-only, on the machine that adds the files.")


def require_database(client: Any, address: MilvusAddress, *, may_create: bool) -> None:  # noqa: ANN401 - pymilvus has no types
    """Create the database of a connection if the server does not have it and it may be; else raise NothingIndexed.

    It is used, not looked for in the list of databases, which needs a right that a user of one database does not have.
    """
    try:
        client.list_collections(timeout=CONNECT_SECONDS)
    except Exception as error:  # of grpc or pymilvus
        if not is_missing_database(error):
            raise
        if not may_create:
            raise no_library(address.text) from error
        client.create_database(address.database, timeout=CONNECT_SECONDS)


def require_recent(version: str, address: MilvusAddress) -> None:
    """Raise UsageError if a server is too old for a shared library; a version without a number is not."""
    number = re.search(r"(\d+)\.(\d+)[.\d]*", version)
    if number and (int(number[1]), int(number[2])) < OLDEST:
        raise UsageError(f"{named(address)} runs Milvus {number[0]}; a shared library needs {OLDEST[0]}.{OLDEST[1]} or later.",
                         "Older ones keep no sparse vectors, which hold the words. Update the server, or use another one.")


def open_file(path: str) -> str:
    """Start milvus-lite on a file in this process; return its URL. Raises UsageError or LibraryBusy."""
    logging.getLogger("milvus_lite").setLevel(logging.CRITICAL)
    try:
        from milvus_lite.server_manager import server_manager_instance
    except ImportError as error:
        raise UsageError("A shared library in a file needs the package milvus-lite, which is not installed.", INSTALL) from error
    url = server_manager_instance.start_and_get_uri(path)
    if url is None:
        raise LibraryBusy(f"{path} cannot be opened: another program has it open, or it is no file of milvus-lite.",
                          "Close the other program; for several programs at once run a server and use milvus://HOST:PORT.")
    OPEN_FILES[path] += 1
    return str(url)


def release_file(path: str) -> None:
    """Stop milvus-lite on a file if this was the last connection of this process to it."""
    from milvus_lite.server_manager import server_manager_instance

    OPEN_FILES[path] -= 1
    if OPEN_FILES[path] <= 0:
        server_manager_instance.release_server(path)
