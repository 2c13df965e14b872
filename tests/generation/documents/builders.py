"""Files with passages, as the library would give them."""

from assistant.datatypes import Chunk, Hit, Location
from assistant.generation.documents import File, SourceFile


def file_with(*texts: str, name: str = "a.md", context: str = "") -> File:
    """Return a file of these passages."""
    hits, start = [], 0
    for number, text in enumerate(texts, 1):
        place = Location(start + 1, start + 1 + text.count("\n"), start, start + len(text))
        hits.append(Hit(number, f"/files/{name}", name, Chunk(text, place, context)))
        start += len(text) + 1
    return File(SourceFile(f"/files/{name}", name, f"hash of {name}"), tuple(hits))
