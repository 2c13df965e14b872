"""Cross-encoder rerankers."""
