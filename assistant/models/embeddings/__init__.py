"""Embedding models: sentence-transformers, and BERT-shaped models on OpenVINO."""
