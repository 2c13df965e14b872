"""Add files: scan, read, chunk, write and embed them."""
