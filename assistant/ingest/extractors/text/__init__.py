"""Files that are text themselves in; that text, decoded, and its structure out."""
