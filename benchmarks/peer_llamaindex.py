"""Search a folder with LlamaIndex, in an environment of its own, and print the files found.

As its starter example does it: SimpleDirectoryReader, VectorStoreIndex with its default sentence splitter, its own retriever.
"""

from __future__ import annotations

from pathlib import Path

from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from peer_driver import Ask, drive


def index(folder: Path, model: Path, state: Path, depth: int) -> Ask:
    """Return the search, after everything was read and embedded, and written to the disk."""
    Settings.embed_model = HuggingFaceEmbedding(model_name=str(model))
    documents = SimpleDirectoryReader(str(folder)).load_data()
    built = VectorStoreIndex.from_documents(documents)
    built.storage_context.persist(str(state))
    retriever = built.as_retriever(similarity_top_k=depth)
    return lambda question: [str(found.node.metadata["file_name"]) for found in retriever.retrieve(question)]


if __name__ == "__main__":
    drive("llama-index-core", index)
