"""Messages in; what they say, and the files attached to them, out."""
