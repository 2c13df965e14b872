"""Extract text, structure and places from each file format."""
