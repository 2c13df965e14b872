"""Model Context Protocol server: read-only tools and resources for agents, over stdio or HTTP."""
