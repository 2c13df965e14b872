"""Split a document into chunks with exact places."""
