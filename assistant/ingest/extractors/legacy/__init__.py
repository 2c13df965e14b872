"""Formats of older and rarer programs in; their text out."""
