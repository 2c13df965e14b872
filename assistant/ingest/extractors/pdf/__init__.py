"""Read PDF files: text in reading order, outline, page labels, attachments, and OCR of scanned pages."""
