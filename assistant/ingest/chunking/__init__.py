"""Split a document into chunks with exact locations."""
