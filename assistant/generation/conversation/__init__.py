"""Rewrite follow-up questions, and answer questions about the conversation itself."""
