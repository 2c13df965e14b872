"""Command line interface. The only package that uses typer, rich and prompt_toolkit."""
