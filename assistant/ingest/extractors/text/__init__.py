"""Read formats that are text files: plain text, Markdown, code, CSV, JSON, calendars, subtitles."""
