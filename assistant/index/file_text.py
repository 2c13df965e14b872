"""Read what a library holds of single files: their ledger entries page by page, and their chunks in document order."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.datatypes import FileState, Filter, LedgerEntry
from assistant.index.chunks import SELECT_CHUNKS, ChunkReader, StoredChunk, chunk_from_row, file_condition
from assistant.index.files import FILE_COLUMNS, Ledger, entry_from_row


@dataclass(frozen=True, slots=True)
class FileCount:
    """Numbers of files, of their chunks and of their bytes."""

    files: int
    chunks: int
    bytes: int


class FileTextReader(Ledger, ChunkReader):
    """Read access to the files of a library and their text, restricted by a filter."""

    def indexed_files(self, filter: Filter, after: str, limit: int) -> list[LedgerEntry]:
        """Return at most `limit` entries of files with text that pass the filter, by path, from the path behind `after`."""
        condition, values = file_condition(filter)
        within = f" AND {condition}" if condition else ""
        rows = self._rows(f"SELECT {FILE_COLUMNS} FROM files WHERE path > ? AND state = ?{within} ORDER BY path LIMIT ?",
                          (after, FileState.INDEXED.value, *values, limit))
        return [entry_from_row(row) for row in rows]

    def count_files(self, state: FileState, filter: Filter) -> FileCount:
        """Count the files of a status that pass the filter."""
        condition, values = file_condition(filter)
        within = f" AND {condition}" if condition else ""
        rows = self._rows("SELECT count(*), coalesce(sum(chunks), 0), coalesce(sum(size), 0) FROM files "
                          f"WHERE state = ?{within}", (state.value, *values))
        return FileCount(*map(int, rows[0]))

    def passes(self, path: str, filter: Filter) -> bool:
        """Return whether the library holds this file and it passes the filter."""
        condition, values = file_condition(filter)
        within = f" AND {condition}" if condition else ""
        return bool(self._rows(f"SELECT 1 FROM files WHERE path = ?{within}", (path, *values)))

    def chunks_around(self, path: str, character: int, neighbours: int) -> list[StoredChunk]:
        """Return the chunk at a character offset of a file with so many chunks before and after it, in document order."""
        found = self._rows("SELECT ordinal FROM chunks WHERE path = ? AND char_start <= ? AND char_end > ? "
                           "ORDER BY char_start DESC LIMIT 1", (path, character, character))
        if not found:
            return []
        rows = self._rows(f"{SELECT_CHUNKS} WHERE chunks.path = ? AND ordinal BETWEEN ? AND ? ORDER BY ordinal",
                          (path, found[0][0] - neighbours, found[0][0] + neighbours))
        return [chunk_from_row(row) for row in rows]

    def chunks_from(self, path: str, character: int, limit: int) -> list[StoredChunk]:
        """Return at most `limit` chunks of a file that end behind a character offset, in document order."""
        rows = self._rows(f"{SELECT_CHUNKS} WHERE chunks.path = ? AND char_end > ? ORDER BY ordinal LIMIT ?",
                          (path, character, limit))
        return [chunk_from_row(row) for row in rows]
