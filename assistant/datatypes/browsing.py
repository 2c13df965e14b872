"""What a library holds, page by page: files, the text of a file, and the vectors of texts."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.datatypes.search import Hit


@dataclass(frozen=True, slots=True)
class TextPage:
    """A part of a file's extracted text, made of whole chunks.

    start, end: half-open span of characters in the extracted text
    hits: the chunks, in document order; they may overlap
    complete: True if no chunk of the file follows
    """

    path: str
    title: str
    text: str
    start: int
    end: int
    hits: tuple[Hit, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The unit vectors of several texts.

    model: name of the embedding model
    data: the vectors one after the other, as little-endian float32 numbers
    tokens: number of tokens of all texts
    """

    model: str
    dimension: int
    data: bytes
    tokens: int

    def vector(self, number: int) -> bytes:
        """Return the bytes of one vector, counted from 0."""
        size = 4 * self.dimension
        return self.data[number * size : (number + 1) * size]
