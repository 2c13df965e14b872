"""Conversations: what a follow-up question means for the search, and questions about the conversation itself."""
