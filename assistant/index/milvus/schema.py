"""The collections of a shared library in Milvus.

`assistant_ledger` holds what is small: a row for each file, added path and named value. A file's row names the generation of
its chunks, so replacing that one row makes a new version of the file visible as a whole. `assistant_passages` holds the chunks
with their words, `assistant_vectors` their vectors; the rows of both carry the generation that they belong to.
"""

from __future__ import annotations

from assistant.errors import LibraryTooNew
from assistant.index.milvus.connection import SECONDS, STRONG, MilvusConnection

SCHEMA_VERSION = 1
LEDGER, PASSAGES, VECTORS = "assistant_ledger", "assistant_passages", "assistant_vectors"
LONGEST = 65_535  # bytes of a text field; a limit of Milvus
HASH = 64  # characters of a SHA-256


def create_collections(connection: MilvusConnection) -> None:
    """Create the collections of a new library, except that of the vectors, whose dimension is not known yet."""
    if not connection.has(PASSAGES):
        create_passages(connection)
    if not connection.has(LEDGER):  # last: a library exists once it has a ledger
        create_ledger(connection)


def create_ledger(connection: MilvusConnection) -> None:
    """Create the ledger. A collection must have a vector: that of the ledger means nothing."""
    from pymilvus import DataType

    client = connection.client
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, max_length=HASH, is_primary=True)
    schema.add_field("kind", DataType.VARCHAR, max_length=16)
    schema.add_field("value", DataType.VARCHAR, max_length=LONGEST)
    schema.add_field("nothing", DataType.FLOAT_VECTOR, dim=2)
    index = client.prepare_index_params()
    index.add_index("nothing", index_type="FLAT", metric_type="IP")
    create(connection, LEDGER, schema, index)


def create_passages(connection: MilvusConnection) -> None:
    """Create the collection of the chunks."""
    from pymilvus import DataType

    client = connection.client
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    for name in ("file", "ordinal", "char_start", "char_end"):
        schema.add_field(name, DataType.INT64)
    for name in ("text", "context", "location"):
        schema.add_field(name, DataType.VARCHAR, max_length=LONGEST)
    schema.add_field("key", DataType.VARCHAR, max_length=HASH)
    schema.add_field("words", DataType.SPARSE_FLOAT_VECTOR)
    index = client.prepare_index_params()
    index.add_index("words", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    index.add_index("file", index_type="INVERTED")
    create(connection, PASSAGES, schema, index)


def create_vectors(connection: MilvusConnection, dimension: int) -> None:
    """Create the collection of the vectors: inner products of unit vectors, compared exactly."""
    from pymilvus import DataType

    client = connection.client
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("file", DataType.INT64)
    schema.add_field("key", DataType.VARCHAR, max_length=HASH)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="IP")
    for name in ("file", "key"):
        index.add_index(name, index_type="INVERTED")
    create(connection, VECTORS, schema, index)


def create(connection: MilvusConnection, name: str, schema: object, index: object) -> None:
    """Create one collection. One shard: the rows of one request become visible together."""
    connection.client.create_collection(name, schema=schema, index_params=index, num_shards=1, consistency_level=STRONG,
                                        timeout=SECONDS)


def require_current(version: str) -> None:
    """Raise LibraryTooNew unless a library has this program's collections; a new one has no version yet."""
    if version not in {"", str(SCHEMA_VERSION)}:
        raise LibraryTooNew(f"The shared library has format {version}; this version of the program reads format "
                            f"{SCHEMA_VERSION} only.", "Use the version of the program that the others use.")
