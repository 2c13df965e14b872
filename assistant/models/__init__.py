"""The model libraries: embeddings, rerankers, llama.cpp, and a fake for tests."""
