"""Search a folder with Chroma, in an environment of its own, and print the files found.

As its introduction does it: a collection with nothing set but the embedding function, one document for each file. By default it
embeds with an ONNX build of all-MiniLM-L6-v2, which it fetches from the network; here its own function for sentence-transformers
has the same model from the disk.
"""

from __future__ import annotations

from pathlib import Path

import chromadb
import sentence_transformers  # noqa: F401 - its function would import it later; so the import counts as one, as with the others
from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction
from peer_driver import Ask, drive, texts_of


def index(folder: Path, model: Path, state: Path, depth: int) -> Ask:
    """Return the search, after everything was read and embedded, and written to the disk."""
    client = chromadb.PersistentClient(str(state), chromadb.Settings(anonymized_telemetry=False))
    collection = client.create_collection("files", embedding_function=SentenceTransformerEmbeddingFunction(str(model)))
    texts = texts_of(folder)
    collection.add(ids=list(texts), documents=list(texts.values()))
    return lambda question: collection.query(query_texts=[question], n_results=depth)["ids"][0]


if __name__ == "__main__":
    drive("chromadb", index)
