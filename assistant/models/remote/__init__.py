"""Chat models on other machines, behind an OpenAI-compatible HTTP interface."""
