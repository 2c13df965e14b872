"""The resident engine: a background process that keeps the models loaded, and the client through which commands use it."""
