"""Files of office programs in; their text, by page, slide or sheet, out."""
