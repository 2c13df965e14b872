"""Render results in the terminal."""
