"""HTTP server for other programs on this machine: OpenAI's API, the program's own JSON, and the transport of MCP."""
