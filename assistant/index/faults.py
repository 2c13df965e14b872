"""A library's tables in; the faults among them, each with the SQL that mends it, out.

Each check asks for rows that contradict another table. The truth is the files on the disk, then the passages' text, then all that
follows from the text (vectors, words): what follows is made again, and a file whose passages are not whole is read again.
"""

from __future__ import annotations

from dataclasses import dataclass

ORPHANS = "SELECT {column} FROM {table} WHERE {column} NOT IN (SELECT id FROM chunks)"
READ_AGAIN = "UPDATE files SET content_hash = '', mtime_ns = 0 WHERE path IN ({paths}) OR path IN " \
             "(SELECT container FROM files WHERE path IN ({paths}))"
NOT_WHOLE = """SELECT files.path FROM files LEFT JOIN chunks ON chunks.path = files.path WHERE files.state = 'indexed'
    AND files.content_hash <> '' GROUP BY files.path
    HAVING count(chunks.id) <> files.chunks OR coalesce(max(chunks.ordinal) + 1, 0) <> count(chunks.id)"""
LOST = "SELECT id FROM chunks WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.path = chunks.path AND files.state = 'indexed')"
NO_CONTAINER = """SELECT path FROM files WHERE container <> '' AND NOT EXISTS
    (SELECT 1 FROM files AS outer_file WHERE outer_file.path = files.container)"""
WRONG_LENGTH = "SELECT key FROM vectors WHERE length(vector) <> 2 * {dimension}"
UNUSED = """SELECT key FROM vectors WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE vector_key = key)
    AND NOT EXISTS (SELECT 1 FROM spare WHERE spare.key = vectors.key)"""
SPENT = "SELECT key FROM spare WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.key = spare.key)"
FORGOTTEN = """SELECT id FROM chunks WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE key = vector_key)
    AND NOT EXISTS (SELECT 1 FROM waiting WHERE chunk = id)"""
SERVED = "SELECT chunk FROM waiting JOIN chunks ON id = chunk WHERE EXISTS (SELECT 1 FROM vectors WHERE key = vector_key)"


@dataclass(frozen=True, slots=True)
class Check:
    """What must not be: rows that `find` yields; `detail` says it with their number, `mending` makes them right."""

    detail: str
    find: str
    mending: tuple[str, ...]


# in this order, since mending one can bring about the next
CHECKS = (
    Check("{count:,} files inside others have no container any more", NO_CONTAINER,
          (f"DELETE FROM chunks WHERE path IN ({NO_CONTAINER})", f"DELETE FROM files WHERE path IN ({NO_CONTAINER})")),
    Check("{count:,} passages belong to no file with text", LOST, (f"DELETE FROM chunks WHERE id IN ({LOST})",)),
    Check("{count:,} files have lost passages, or have too many; they will be read again", NOT_WHOLE,
          (READ_AGAIN.format(paths=NOT_WHOLE),)),
    Check("{count:,} vectors are not as long as the others", WRONG_LENGTH,
          (f"DELETE FROM vectors WHERE key IN ({WRONG_LENGTH})",)),
    Check("{count:,} passages that wait for a vector are gone", ORPHANS.format(column="chunk", table="waiting"),
          (f"DELETE FROM waiting WHERE chunk IN ({ORPHANS.format(column='chunk', table='waiting')})",)),
    Check("{count:,} passages wait for a vector that is here", SERVED, (f"DELETE FROM waiting WHERE chunk IN ({SERVED})",)),
    Check("{count:,} passages have no vector and wait for none", FORGOTTEN,
          (f"INSERT OR IGNORE INTO waiting {FORGOTTEN}",)),
    Check("{count:,} notes of vectors to be kept for a while have no vector", SPENT,
          (f"DELETE FROM spare WHERE key IN ({SPENT})",)),
    Check("{count:,} vectors belong to no passage", UNUSED, (f"DELETE FROM vectors WHERE key IN ({UNUSED})",)),
)
