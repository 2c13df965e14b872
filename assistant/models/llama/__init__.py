"""Chat models on llama.cpp."""
