"""Readers and openers of e-mail messages and mailboxes."""
