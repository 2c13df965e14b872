"""Read pictures by OCR."""
