"""Marked-up text (web pages, XML, e-books) in; what a reader sees of it out."""
