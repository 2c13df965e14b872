"""Libraries: open, list, maintain, export and import them."""
