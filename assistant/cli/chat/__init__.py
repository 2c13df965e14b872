"""The interactive conversation in a terminal."""
