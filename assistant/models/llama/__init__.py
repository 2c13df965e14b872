"""Chat models through llama.cpp."""
