"""Search a folder with txtai, in an environment of its own, and print the files found.

As its introduction does it: Embeddings with a path to the model and nothing else set, one text for each file.
"""

from __future__ import annotations

from pathlib import Path

from peer_driver import Ask, drive, texts_of
from txtai import Embeddings


def index(folder: Path, model: Path, state: Path, depth: int) -> Ask:
    """Return the search, after everything was read and embedded, and written to the disk."""
    embeddings = Embeddings(path=str(model))
    embeddings.index(list(texts_of(folder).items()))
    embeddings.save(str(state / "index"))
    return lambda question: [str(name) for name, _ in embeddings.search(question, depth)]


if __name__ == "__main__":
    drive("txtai", index)
