"""Processes that the program starts, and what they are kept from.

Imports nothing: `python -m assistant` comes through here while the current folder is still on the import path.
"""
