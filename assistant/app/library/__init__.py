"""Open, list, export, import and maintain libraries."""
