"""The resident engine: a background process that keeps the models loaded, and the way in which commands reach it."""
