"""Model backends: embedding, reranking and chat models behind the protocols of `datatypes`."""
