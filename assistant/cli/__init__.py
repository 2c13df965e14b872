"""The command line: arguments in, looks out. The only room that knows typer, rich and prompt_toolkit."""
