"""Archives in; the files in them out."""
