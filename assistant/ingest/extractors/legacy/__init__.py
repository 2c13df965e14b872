"""Readers of older and proprietary formats: Word and PowerPoint before 2007, Rich Text, OneNote."""
