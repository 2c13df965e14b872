"""Operating system: child processes, sandboxing, environment, paths and record files.

Imports nothing: `python -m assistant` imports this package while the current folder is still on the import path.
"""
